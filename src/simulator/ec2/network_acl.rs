//! Network ACLs: the one that each VPC is born with, which lets everything through, and others.

use super::{
    Tag,
    describe::Describe,
    done, full, id, in_use, invalid, mismatch, network_acl_association as association,
    network_acl_entry::{self as entry, Entry},
    shape, tags, unknown as no_such, vpc,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A network ACL; which subnets use it stands apart.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkAcl {
    /// `acl-…`
    pub network_acl_id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Whether its VPC was born with it.
    pub is_default: bool,
    /// The account.
    pub owner_id: String,
    /// In the order of their numbers, each way. An account that an older simulator kept has none,
    /// and only such ACLs as VPCs are born with.
    #[serde(default = "entry::of_default")]
    pub entries: Vec<Entry>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// Makes the one that a VPC is born with.
pub(super) fn make_default(account: &mut Account, vpc_id: &str, visible: Millis) {
    let network_acl_id = id(account, "acl");
    let acl = NetworkAcl {
        network_acl_id: network_acl_id.clone(),
        vpc_id: vpc_id.into(),
        is_default: true,
        owner_id: account.id.clone(),
        entries: entry::of_default(),
        tags: Vec::new(),
    };
    let made = account.now;
    account.ec2.network_acls.insert(network_acl_id, acl, made, visible);
}

/// `CreateNetworkAcl`: it lets nothing through until it has entries.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    account.once(call, call.input.text("ClientToken"), mismatch, |account| {
        let vpc_id = vpc::find(account, call.input.text_or_empty("VpcId"))?.vpc_id.clone();
        let there = account.ec2.network_acls.all().filter(|(_, acl)| acl.vpc_id == vpc_id);
        if there.count() >= account.quotas.network_acls_per_vpc {
            return Err(full("NetworkAclLimitExceeded", "network ACLs"));
        }
        let acl = NetworkAcl {
            network_acl_id: id(account, "acl"),
            vpc_id,
            is_default: false,
            owner_id: account.id.clone(),
            entries: entry::last(),
            tags: tags::specified(&call.input, "network-acl"),
        };
        let token = call.input.text("ClientToken");
        let answer = json!({ "NetworkAcl": described(account, &acl), "ClientToken": token });
        let (made, visible) = (account.now, account.visible_at());
        account.ec2.network_acls.insert(acl.network_acl_id.clone(), acl, made, visible);
        Ok(answer)
    })
}

/// `DescribeNetworkAcls`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "NetworkAcls",
        ids: "NetworkAclIds",
        id: "NetworkAclId",
        unknown,
        filters: "Filters",
        special: &[
            ("default", "IsDefault"),
            ("association.association-id", "Associations.NetworkAclAssociationId"),
            ("association.subnet-id", "Associations.SubnetId"),
            ("association.network-acl-id", "Associations.NetworkAclId"),
            ("entry.cidr", "Entries.CidrBlock"),
            ("entry.ipv6-cidr", "Entries.Ipv6CidrBlock"),
            ("entry.egress", "Entries.Egress"),
            ("entry.protocol", "Entries.Protocol"),
            ("entry.rule-action", "Entries.RuleAction"),
            ("entry.rule-number", "Entries.RuleNumber"),
            ("entry.port-range.from", "Entries.PortRange.From"),
            ("entry.port-range.to", "Entries.PortRange.To"),
            ("entry.icmp.code", "Entries.IcmpTypeCode.Code"),
            ("entry.icmp.type", "Entries.IcmpTypeCode.Type"),
        ],
    };
    let acls = account.ec2.network_acls.visible(account.now);
    describe.answer(&call.input, acls.map(|acl| described(account, acl)))
}

fn described(account: &Account, acl: &NetworkAcl) -> Value {
    let mut shape = shape(acl);
    shape["Associations"] = association::of(account, acl);
    shape
}

/// `DeleteNetworkAcl`: refused while a subnet uses it, and for the default one.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let acl = find(account, call.input.text_or_empty("NetworkAclId"))?;
    let acl_id = acl.network_acl_id.clone();
    if acl.is_default {
        return Err(invalid(format!("cannot delete default network ACL {acl_id}")));
    }
    if association::is_used(account, acl) {
        return Err(in_use("networkAcl", &acl_id));
    }
    account.ec2.network_acls.remove(&acl_id);
    done()
}

/// A network ACL that calls can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a NetworkAcl, ApiError> {
    account.ec2.network_acls.get(id, account.now).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidNetworkAclID.NotFound", "networkAcl ID", id)
}
