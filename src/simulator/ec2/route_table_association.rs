//! Which subnet uses which route table.

use super::{done, id, invalid, missing, route_table, subnet, unknown as no_such};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An association as EC2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Association {
    /// `rtbassoc-…`
    pub route_table_association_id: String,
    /// The table.
    pub route_table_id: String,
    /// The subnet; none for the main association.
    pub subnet_id: Option<String>,
    /// Whether it is for all subnets without a table of their own.
    pub main: bool,
    /// `associated`.
    pub association_state: AssociationState,
}

/// The state of an association.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AssociationState {
    /// `associated`.
    pub state: String,
}

impl Association {
    /// A new one, of a subnet or of all others.
    pub fn new(account: &mut Account, table_id: &str, subnet_id: Option<String>) -> Self {
        Self {
            route_table_association_id: id(account, "rtbassoc"),
            route_table_id: table_id.into(),
            main: subnet_id.is_none(),
            subnet_id,
            association_state: AssociationState { state: "associated".into() },
        }
    }

    /// Whether it is of this subnet.
    pub fn is_of(&self, subnet_id: &str) -> bool {
        self.subnet_id.as_deref() == Some(subnet_id)
    }
}

/// `AssociateRouteTable`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let table = route_table::find(account, call.input.text_or_empty("RouteTableId"))?.clone();
    let subnet_id = call.input.text("SubnetId").ok_or_else(|| missing("SubnetId"))?;
    let subnet = subnet::find(account, subnet_id)?;
    let table_id = &table.route_table_id;
    if subnet.vpc_id != table.vpc_id {
        return Err(elsewhere(table_id, subnet_id));
    }
    let associations = || account.ec2.route_tables.all().flat_map(|(_, table)| &table.associations);
    if associations().any(|association| association.is_of(subnet_id)) {
        let message = format!(
            "the specified association for route table {table_id} conflicts with an existing \
             association"
        );
        return Err(ApiError::new("Resource.AlreadyAssociated", message));
    }
    let association = Association::new(account, table_id, Some(subnet_id.into()));
    let answer = json!({
        "AssociationId": association.route_table_association_id,
        "AssociationState": { "State": "associated" },
    });
    put(account, association);
    Ok(answer)
}

/// `ReplaceRouteTableAssociation`: a new association takes the old one's place.
pub fn replace(account: &mut Account, call: &Call) -> Answer {
    let table = route_table::find(account, call.input.text_or_empty("RouteTableId"))?.clone();
    let old = find(account, call.input.text_or_empty("AssociationId"))?.clone();
    let former = account.ec2.route_tables.known(&old.route_table_id);
    if former.is_none_or(|former| former.vpc_id != table.vpc_id) {
        let what = old.subnet_id.as_deref().unwrap_or(&old.route_table_id);
        return Err(elsewhere(&table.route_table_id, what));
    }
    take(account, &old.route_table_association_id);
    let association = Association::new(account, &table.route_table_id, old.subnet_id);
    let answer = json!({
        "NewAssociationId": association.route_table_association_id,
        "AssociationState": { "State": "associated" },
    });
    put(account, association);
    Ok(answer)
}

/// `DisassociateRouteTable`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let association = find(account, call.input.text_or_empty("AssociationId"))?;
    let id = association.route_table_association_id.clone();
    if association.main {
        let message = format!("cannot disassociate the main route table association {id}");
        return Err(invalid(message));
    }
    take(account, &id);
    done()
}

fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Association, ApiError> {
    let tables = account.ec2.route_tables.visible(account.now);
    let mut all = tables.flat_map(|table| &table.associations);
    let found = all.find(|association| association.route_table_association_id == id);
    found.ok_or_else(|| no_such("InvalidAssociationID.NotFound", "association ID", id))
}

fn put(account: &mut Account, association: Association) {
    if let Some(table) = account.ec2.route_tables.known_mut(&association.route_table_id) {
        table.associations.push(association);
    }
}

fn take(account: &mut Account, id: &str) {
    for (_, table) in account.ec2.route_tables.all_mut() {
        table.associations.retain(|association| association.route_table_association_id != id);
    }
}

fn elsewhere(table_id: &str, other: &str) -> ApiError {
    invalid(format!("Route table {table_id} and subnet {other} belong to different networks"))
}
