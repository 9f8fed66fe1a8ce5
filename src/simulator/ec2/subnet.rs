//! Subnets.

use super::{
    Event, Tag, describe::Describe, done, full, id, in_use, region, shape, tags,
    unknown as no_such, vpc,
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
use serde_json::{Value, json};

/// A subnet as EC2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Subnet {
    /// `subnet-…`
    pub subnet_id: String,
    /// Its ARN.
    pub subnet_arn: String,
    /// Its VPC.
    pub vpc_id: String,
    /// `pending`, then `available`.
    pub state: String,
    /// Its range.
    pub cidr_block: String,
    /// Its zone.
    pub availability_zone: String,
    /// The zone's name in every account.
    pub availability_zone_id: String,
    /// Addresses that are free: AWS keeps five.
    pub available_ip_address_count: i64,
    /// Whether what starts here gets a public address.
    pub map_public_ip_on_launch: bool,
    /// The simulated account has no default subnets.
    pub default_for_az: bool,
    /// No IPv6 here.
    pub assign_ipv6_address_on_creation: bool,
    /// The account.
    pub owner_id: String,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// `CreateSubnet`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let vpc = vpc::find(account, call.input.text_or_empty("VpcId"))?;
    let text = call.input.text_or_empty("CidrBlock");
    let invalid = |code: &str| ApiError::new(code, format!("The CIDR '{text}' is invalid."));
    let range: Ipv4Net = text.parse().map_err(|_| invalid("InvalidParameterValue"))?;
    let whole: Ipv4Net = vpc.cidr_block.parse().map_err(|_| invalid("InvalidParameterValue"))?;
    if !whole.contains(&range) || range.prefix_len() > 28 {
        return Err(invalid("InvalidSubnet.Range"));
    }
    let vpc_id = vpc.vpc_id.clone();
    let siblings = || account.ec2.subnets.all().filter(|(_, subnet)| subnet.vpc_id == vpc_id);
    let overlaps = |other: &str| {
        let other: Result<Ipv4Net, _> = other.parse();
        other.is_ok_and(|other| other.contains(&range) || range.contains(&other))
    };
    if siblings().any(|(_, subnet)| overlaps(&subnet.cidr_block)) {
        let message = format!("The CIDR '{text}' conflicts with another subnet");
        return Err(ApiError::new("InvalidSubnet.Conflict", message));
    }
    if siblings().count() >= account.quotas.subnets_per_vpc {
        return Err(full("SubnetLimitExceeded", "subnets"));
    }
    let zones = region::zones(&call.region);
    let zone = call.input.text("AvailabilityZone").unwrap_or(&zones[0]).to_owned();
    if !zones.contains(&zone) {
        let message = format!("Value ({zone}) for parameter availabilityZone is invalid.");
        return Err(ApiError::new("InvalidParameterValue", message));
    }
    let subnet_id = id(account, "subnet");
    let subnet = Subnet {
        subnet_arn: format!("arn:aws:ec2:{}:{}:subnet/{subnet_id}", call.region, account.id),
        subnet_id: subnet_id.clone(),
        vpc_id,
        state: "pending".into(),
        cidr_block: range.trunc().to_string(),
        availability_zone_id: region::zone_id(&zone),
        availability_zone: zone,
        available_ip_address_count: (1i64 << (32 - range.prefix_len())) - 5,
        map_public_ip_on_launch: false,
        default_for_az: false,
        assign_ipv6_address_on_creation: false,
        owner_id: account.id.clone(),
        tags: tags::specified(&call.input, "subnet"),
    };
    let answer = json!({ "Subnet": described(&subnet) });
    let (made, visible) = (account.now, account.visible_at());
    account.ec2.subnets.insert(&subnet_id, subnet, made, visible);
    account.after(Latency::Vpc, agenda::Event::Ec2(Event::SubnetAvailable(subnet_id)));
    Ok(answer)
}

/// `DescribeSubnets`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "Subnets",
        ids: "SubnetIds",
        id: "SubnetId",
        unknown,
        filters: "Filters",
        special: &[
            ("cidr", "CidrBlock"),
            ("cidrBlock", "CidrBlock"),
            ("availabilityZone", "AvailabilityZone"),
        ],
    };
    describe.answer(&call.input, account.ec2.subnets.visible(account.now).map(described))
}

/// A subnet with what is the same for all that have no IPv6.
fn described(subnet: &Subnet) -> Value {
    let mut shape = shape(subnet);
    shape["EnableDns64"] = false.into();
    shape["Ipv6Native"] = false.into();
    shape["Ipv6CidrBlockAssociationSet"] = json!([]);
    shape["PrivateDnsNameOptionsOnLaunch"] = json!({
        "HostnameType": "ip-name",
        "EnableResourceNameDnsARecord": false,
        "EnableResourceNameDnsAAAARecord": false,
    });
    shape
}

/// `ModifySubnetAttribute`: one attribute.
pub fn modify_attribute(account: &mut Account, call: &Call) -> Answer {
    let id = call.input.text_or_empty("SubnetId");
    let now = account.now;
    let subnet = account.ec2.subnets.get_mut(id, now).ok_or_else(|| unknown(id))?;
    let public = call.input.get("MapPublicIpOnLaunch").and_then(|value| value.flag("Value"));
    subnet.map_public_ip_on_launch = public.unwrap_or(subnet.map_public_ip_on_launch);
    done()
}

/// `DeleteSubnet`: refused while a network interface is in it. Its associations go with it.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let id = find(account, call.input.text_or_empty("SubnetId"))?.subnet_id.clone();
    if account.ec2.network_interfaces.all().any(|(_, interface)| interface.subnet_id == id) {
        return Err(in_use("subnet", &id));
    }
    for (_, table) in account.ec2.route_tables.all_mut() {
        table.associations.retain(|association| association.subnet_id.as_ref() != Some(&id));
    }
    account.ec2.network_acl_associations.remove(&id);
    account.ec2.subnets.remove(&id);
    done()
}

/// A subnet that calls can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Subnet, ApiError> {
    account.ec2.subnets.get(id, account.now).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidSubnetID.NotFound", "subnet ID", id)
}
