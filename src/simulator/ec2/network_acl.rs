//! Network ACLs: the one that each VPC is born with, which lets everything through.

use super::{Tag, describe::Describe, id, shape, unknown as no_such};
use crate::simulator::{
    account::{Account, Answer, Millis},
    wire::Call,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A network ACL; its associations and entries follow from the VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkAcl {
    /// `acl-…`
    pub network_acl_id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Always, here.
    pub is_default: bool,
    /// The account.
    pub owner_id: String,
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
        tags: Vec::new(),
    };
    let made = account.now;
    account.ec2.network_acls.insert(network_acl_id, acl, made, visible);
}

/// `DescribeNetworkAcls`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "NetworkAcls",
        ids: "NetworkAclIds",
        id: "NetworkAclId",
        unknown: |id| no_such("InvalidNetworkAclID.NotFound", "networkAcl ID", id),
        filters: "Filters",
        special: &[
            ("default", "IsDefault"),
            ("association.subnet-id", "Associations.SubnetId"),
            ("association.network-acl-id", "Associations.NetworkAclId"),
        ],
    };
    let acls = account.ec2.network_acls.visible(account.now);
    describe.answer(&call.input, acls.map(|acl| described(account, acl)))
}

fn described(account: &Account, acl: &NetworkAcl) -> Value {
    let subnets = account.ec2.subnets.visible(account.now);
    let here = subnets.filter(|subnet| subnet.vpc_id == acl.vpc_id);
    let associations = here.map(|subnet| {
        let digits = subnet.subnet_id.trim_start_matches("subnet-");
        json!({
            "NetworkAclAssociationId": format!("aclassoc-{digits}"),
            "NetworkAclId": acl.network_acl_id,
            "SubnetId": subnet.subnet_id,
        })
    });
    let entry = |egress: bool, number: u32, action: &str| {
        json!({
            "CidrBlock": "0.0.0.0/0", "Egress": egress, "Protocol": "-1", "RuleAction": action,
            "RuleNumber": number,
        })
    };
    let mut shape = shape(acl);
    shape["Associations"] = associations.collect();
    shape["Entries"] = [true, false]
        .into_iter()
        .flat_map(|egress| [entry(egress, 100, "allow"), entry(egress, 32767, "deny")])
        .collect();
    shape
}
