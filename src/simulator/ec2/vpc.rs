//! VPCs and their DNS attributes.

use super::{
    Event, Tag, describe::Describe, done, id, in_use, network_acl, route_table, security_group,
    shape, tags, unknown as no_such,
};
use crate::simulator::{
    account::{Account, Answer},
    agenda,
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A VPC as EC2 describes it, with what only `DescribeVpcAttribute` shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vpc {
    /// `vpc-…`
    pub vpc_id: String,
    /// `pending`, then `available`.
    pub state: String,
    /// Its range.
    pub cidr_block: String,
    /// The range again, with its association.
    pub cidr_block_association_set: Vec<CidrBlockAssociation>,
    /// Amazon's DHCP options, the same for all VPCs.
    pub dhcp_options_id: String,
    /// `default`.
    pub instance_tenancy: String,
    /// The simulated account has no default VPC.
    pub is_default: bool,
    /// The account.
    pub owner_id: String,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Amazon's resolver; on from the start.
    #[serde(rename = "_dns_support")]
    pub dns_support: bool,
    /// Names; off at the start.
    #[serde(rename = "_dns_hostnames")]
    pub dns_hostnames: bool,
}

/// A range that belongs to a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CidrBlockAssociation {
    /// `vpc-cidr-assoc-…`
    pub association_id: String,
    /// The range.
    pub cidr_block: String,
    /// `associated`.
    pub cidr_block_state: CidrBlockState,
}

/// The state of such a range.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CidrBlockState {
    /// `associated`.
    pub state: String,
}

/// `CreateVpc`, with the main route table, the default network ACL and the default security group.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    if account.ec2.vpcs.len() >= account.quotas.vpcs {
        let message = "The maximum number of VPCs has been reached.";
        return Err(ApiError::new("VpcLimitExceeded", message));
    }
    let text = call.input.text_or_empty("CidrBlock");
    let range: Ipv4Net = text.parse().map_err(|_| {
        let message = format!(
            "Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        );
        ApiError::new("InvalidParameterValue", message)
    })?;
    if !(16..=28).contains(&range.prefix_len()) {
        let message = format!("The CIDR '{text}' is invalid.");
        return Err(ApiError::new("InvalidVpc.Range", message));
    }
    let vpc_id = id(account, "vpc");
    let state = CidrBlockState { state: "associated".into() };
    let cidr_block = range.trunc().to_string();
    let association = CidrBlockAssociation {
        association_id: id(account, "vpc-cidr-assoc"),
        cidr_block: cidr_block.clone(),
        cidr_block_state: state,
    };
    let vpc = Vpc {
        vpc_id: vpc_id.clone(),
        state: "pending".into(),
        cidr_block,
        cidr_block_association_set: vec![association],
        dhcp_options_id: "dopt-0a1b2c3d4e5f60718".into(),
        instance_tenancy: "default".into(),
        is_default: false,
        owner_id: account.id.clone(),
        tags: tags::specified(&call.input, "vpc"),
        dns_support: true,
        dns_hostnames: false,
    };
    let answer = json!({ "Vpc": shape(&vpc) });
    let (made, visible) = (account.now, account.visible_at());
    route_table::make_main(account, &vpc, visible);
    network_acl::make_default(account, &vpc_id, visible);
    security_group::make_default(account, &vpc_id, &call.region, visible);
    account.ec2.vpcs.insert(&vpc_id, vpc, made, visible);
    account.after(Latency::Vpc, agenda::Event::Ec2(Event::VpcAvailable(vpc_id)));
    Ok(answer)
}

/// `DescribeVpcs`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "Vpcs",
        ids: "VpcIds",
        id: "VpcId",
        unknown,
        filters: "Filters",
        special: &[
            ("cidr", "CidrBlock"),
            ("cidr-block-association.cidr-block", "CidrBlockAssociationSet.CidrBlock"),
            ("isDefault", "IsDefault"),
        ],
    };
    describe.answer(&call.input, account.ec2.vpcs.visible(account.now).map(shape))
}

/// `DescribeVpcAttribute`: one attribute.
pub fn describe_attribute(account: &mut Account, call: &Call) -> Answer {
    let vpc = find(account, call.input.text_or_empty("VpcId"))?;
    let id = &vpc.vpc_id;
    let value = |on: bool| json!({ "Value": on });
    Ok(match call.input.text_or_empty("Attribute") {
        "enableDnsSupport" => json!({ "VpcId": id, "EnableDnsSupport": value(vpc.dns_support) }),
        "enableDnsHostnames" => {
            json!({ "VpcId": id, "EnableDnsHostnames": value(vpc.dns_hostnames) })
        }
        _ => json!({ "VpcId": id, "EnableNetworkAddressUsageMetrics": value(false) }),
    })
}

/// `ModifyVpcAttribute`: one attribute.
pub fn modify_attribute(account: &mut Account, call: &Call) -> Answer {
    let vpc_id = call.input.text_or_empty("VpcId").to_owned();
    let value = |member: &str| call.input.get(member).and_then(|value| value.flag("Value"));
    let (support, hostnames) = (value("EnableDnsSupport"), value("EnableDnsHostnames"));
    if support.is_some() && hostnames.is_some() {
        let message = "Fields for multiple attribute types specified";
        return Err(ApiError::new("InvalidParameterCombination", message));
    }
    find(account, &vpc_id)?;
    if let Some(vpc) = account.ec2.vpcs.known_mut(&vpc_id) {
        vpc.dns_support = support.unwrap_or(vpc.dns_support);
        vpc.dns_hostnames = hostnames.unwrap_or(vpc.dns_hostnames);
    }
    done()
}

/// `DeleteVpc`: refused while anything stands in it.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let vpc_id = find(account, call.input.text_or_empty("VpcId"))?.vpc_id.clone();
    if is_used(account, &vpc_id) {
        return Err(in_use("vpc", &vpc_id));
    }
    let ec2 = &mut account.ec2;
    for table in ids(ec2.route_tables.all(), |table| table.vpc_id == vpc_id) {
        ec2.route_tables.remove(&table);
    }
    for acl in ids(ec2.network_acls.all(), |acl| acl.vpc_id == vpc_id) {
        ec2.network_acls.remove(&acl);
    }
    for group in ids(ec2.security_groups.all(), |group| group.vpc_id == vpc_id) {
        security_group::remove(account, &group);
    }
    account.ec2.vpcs.remove(&vpc_id);
    done()
}

fn ids<'a, T: 'a>(
    all: impl Iterator<Item = (&'a String, &'a T)>,
    wanted: impl Fn(&T) -> bool,
) -> Vec<String> {
    all.filter(|(_, it)| wanted(it)).map(|(id, _)| id.clone()).collect()
}

/// Whether anything stands in it that does not go with it.
fn is_used(account: &Account, vpc_id: &str) -> bool {
    let ec2 = &account.ec2;
    ec2.subnets.all().any(|(_, it)| it.vpc_id == vpc_id)
        || ec2.network_interfaces.all().any(|(_, it)| it.vpc_id == vpc_id)
        || ec2.vpc_endpoints.all().any(|(_, it)| it.vpc_id == vpc_id)
        || ec2.nat_gateways.all().any(|(_, it)| it.vpc_id == vpc_id && it.is_held())
        || ec2.internet_gateways.all().any(|(_, it)| it.is_attached_to(vpc_id))
        || ec2.route_tables.all().any(|(_, it)| it.vpc_id == vpc_id && !it.is_main())
        || ec2.network_acls.all().any(|(_, it)| it.vpc_id == vpc_id && !it.is_default)
        || ec2.security_groups.all().any(|(_, it)| it.vpc_id == vpc_id && !it.is_default())
}

/// A VPC that calls can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Vpc, ApiError> {
    account.ec2.vpcs.get(id, account.now).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidVpcID.NotFound", "vpc ID", id)
}
