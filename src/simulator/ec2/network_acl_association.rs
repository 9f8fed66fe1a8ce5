//! Which subnet uses which network ACL: its VPC's default one until told otherwise.

use super::{
    id, invalid,
    network_acl::{self, NetworkAcl},
    subnet::Subnet,
    unknown as no_such,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a subnet was told to use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Association {
    /// `aclassoc-…`
    pub id: String,
    /// The ACL.
    pub network_acl_id: String,
}

/// A subnet's association: the ID, and the ACL where it is not the default one.
fn of_subnet<'a>(account: &'a Account, subnet: &Subnet) -> (String, Option<&'a str>) {
    match account.ec2.network_acl_associations.get(&subnet.subnet_id) {
        Some(association) => (association.id.clone(), Some(&association.network_acl_id)),
        None => (subnet.subnet_id.replacen("subnet", "aclassoc", 1), None),
    }
}

fn uses(account: &Account, subnet: &Subnet, acl: &NetworkAcl) -> bool {
    let told = of_subnet(account, subnet).1;
    subnet.vpc_id == acl.vpc_id && told.map_or(acl.is_default, |id| id == acl.network_acl_id)
}

/// The associations of an ACL, as EC2 describes them.
pub(super) fn of(account: &Account, acl: &NetworkAcl) -> Value {
    let subnets = account.ec2.subnets.visible(account.now);
    let ours = subnets.filter(|subnet| uses(account, subnet, acl));
    let associations = ours.map(|subnet| {
        json!({
            "NetworkAclAssociationId": of_subnet(account, subnet).0,
            "NetworkAclId": acl.network_acl_id,
            "SubnetId": subnet.subnet_id,
        })
    });
    associations.collect()
}

/// Whether a subnet uses an ACL.
pub(super) fn is_used(account: &Account, acl: &NetworkAcl) -> bool {
    account.ec2.subnets.all().any(|(_, subnet)| uses(account, subnet, acl))
}

/// `ReplaceNetworkAclAssociation`: a new association takes the old one's place.
pub fn replace(account: &mut Account, call: &Call) -> Answer {
    let acl = network_acl::find(account, call.input.text_or_empty("NetworkAclId"))?;
    let (acl_id, vpc_id) = (acl.network_acl_id.clone(), acl.vpc_id.clone());
    let former = call.input.text_or_empty("AssociationId");
    let is_of = |subnet: &&Subnet| of_subnet(account, subnet).0 == former;
    let subnet = account.ec2.subnets.visible(account.now).find(is_of).cloned();
    let Subnet { subnet_id, vpc_id: of, .. } = subnet.ok_or_else(|| unknown(former))?;
    if of != vpc_id {
        let message =
            format!("Network ACL {acl_id} and subnet {subnet_id} belong to different networks");
        return Err(invalid(message));
    }
    let association = Association { id: id(account, "aclassoc"), network_acl_id: acl_id };
    let answer = json!({ "NewAssociationId": association.id });
    account.ec2.network_acl_associations.insert(subnet_id, association);
    Ok(answer)
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidAssociationID.NotFound", "association ID", id)
}
