//! EC2: networks. One file per kind; this one holds what they share.

pub mod call;
pub mod describe;
pub mod elastic_ip;
pub mod endpoint_service;
pub mod event;
mod filter_names;
pub mod gateway_endpoint;
pub mod internet_gateway;
pub mod ip_permission;
pub mod nat_gateway;
pub mod network_acl;
pub mod network_acl_association;
pub mod network_acl_entry;
pub mod network_interface;
pub mod prefix_list;
pub mod region;
pub mod route;
pub mod route_table;
pub mod route_table_association;
pub mod security_group;
pub mod security_group_rule;
pub mod subnet;
pub mod tags;
pub mod vpc;
pub mod vpc_endpoint;

#[cfg(test)]
mod tests;

pub use call::call;
pub use event::{Event, happen};
pub use internet_gateway::igw_attached;
pub use network_interface::{
    Attached, NewInterface, PublicAddress, attach_interface, release_interface,
    release_interface_after,
};
pub use route_table::subnet_has_egress;

use super::{
    account::{Account, Answer},
    inventory::Item,
    table::Table,
    wire::ApiError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All that EC2 holds of the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ec2 {
    /// VPCs, by ID.
    pub vpcs: Table<vpc::Vpc>,
    /// Subnets, by ID.
    pub subnets: Table<subnet::Subnet>,
    /// Internet gateways, by ID.
    pub internet_gateways: Table<internet_gateway::InternetGateway>,
    /// Elastic IP addresses, by allocation ID.
    pub addresses: Table<elastic_ip::Address>,
    /// NAT gateways, by ID; the deleted ones for an hour.
    pub nat_gateways: Table<nat_gateway::NatGateway>,
    /// Route tables with their routes and associations, by ID.
    pub route_tables: Table<route_table::RouteTable>,
    /// Security groups, by ID.
    pub security_groups: Table<security_group::SecurityGroup>,
    /// Their rules, by ID.
    pub security_group_rules: Table<security_group_rule::SecurityGroupRule>,
    /// Network ACLs with their entries, by ID.
    pub network_acls: Table<network_acl::NetworkAcl>,
    /// Which of them a subnet was told to use, by its ID; the others use the default one.
    pub network_acl_associations: BTreeMap<String, network_acl_association::Association>,
    /// Interface and gateway endpoints, by ID.
    pub vpc_endpoints: Table<vpc_endpoint::VpcEndpoint>,
    /// Network interfaces, by ID.
    pub network_interfaces: Table<network_interface::NetworkInterface>,
}

/// One of EC2's tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// At most 128 characters.
    pub key: String,
    /// At most 256 characters.
    pub value: String,
}

impl Ec2 {
    /// Everything, for the account's inventory. What AWS makes and removes with a VPC is left out.
    pub fn inventory(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut add = |kind, id: &str, state: &str, tags: &[Tag]| {
            items.push(item(kind, id, state, tags));
        };
        self.vpcs.all().for_each(|(id, vpc)| add("Vpc", id, &vpc.state, &vpc.tags));
        self.subnets.all().for_each(|(id, it)| add("Subnet", id, &it.state, &it.tags));
        self.internet_gateways.all().for_each(|(id, it)| add("InternetGateway", id, "", &it.tags));
        self.addresses.all().for_each(|(id, it)| add("ElasticIp", id, "", &it.tags));
        self.nat_gateways.all().for_each(|(id, it)| add("NatGateway", id, &it.state, &it.tags));
        let tables = self.route_tables.all().filter(|(_, table)| !table.is_main());
        tables.for_each(|(id, it)| add("RouteTable", id, "", &it.tags));
        let groups = self.security_groups.all().filter(|(_, group)| !group.is_default());
        groups.for_each(|(id, it)| add("SecurityGroup", id, "", &it.tags));
        let rules = self.security_group_rules.all().filter(|(_, rule)| !rule.by_default);
        rules.for_each(|(id, it)| add("SecurityGroupRule", id, "", &it.tags));
        let acls = self.network_acls.all().filter(|(_, acl)| !acl.is_default);
        acls.for_each(|(id, it)| add("NetworkAcl", id, "", &it.tags));
        self.vpc_endpoints.all().for_each(|(id, it)| add("VpcEndpoint", id, &it.state, &it.tags));
        let interfaces = self.network_interfaces.all();
        interfaces.for_each(|(id, it)| add("NetworkInterface", id, &it.status, &it.tag_set));
        items
    }
}

fn item(kind: &'static str, id: &str, state: &str, tags: &[Tag]) -> Item {
    let tags = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    // A deleted NAT gateway and a failed one stay in the listing for an hour.
    let remnant = kind == "NatGateway" && matches!(state, "deleted" | "failed");
    Item { service: "ec2", kind, id: id.into(), state: state.into(), tags, remnant }
}

/// A fresh ID: the prefix and 17 hexadecimal digits.
pub(super) fn id(account: &mut Account, prefix: &str) -> String {
    format!("{prefix}-{}", account.hex(17))
}

/// The error of an ID that EC2 does not know, such as `InvalidVpcID.NotFound`.
pub(super) fn unknown(code: &str, what: &str, id: &str) -> ApiError {
    ApiError::new(code, format!("The {what} '{id}' does not exist"))
}

/// `DependencyViolation`, in EC2's words.
pub(super) fn in_use(what: &str, id: &str) -> ApiError {
    let message = format!("The {what} '{id}' has dependencies and cannot be deleted.");
    ApiError::new("DependencyViolation", message)
}

/// The error of a quota, such as `SubnetLimitExceeded`.
pub(super) fn full(code: &str, what: &str) -> ApiError {
    ApiError::new(code, format!("The maximum number of {what} has been reached."))
}

/// A client token that came with other parameters before.
pub(super) fn mismatch() -> ApiError {
    let message = "Arguments on this idempotent request are inconsistent with arguments used in \
                   previous request(s).";
    ApiError::new("IdempotentParameterMismatch", message)
}

/// `InvalidParameterValue`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValue", message)
}

/// A member that the operation cannot do without, though the model lets it be absent.
pub(super) fn missing(member: &str) -> ApiError {
    let message = format!("The request must contain the parameter {member}");
    ApiError::new("MissingParameter", message)
}

/// The answer of an operation that answers nothing.
pub(super) fn done() -> Answer {
    Ok(Value::Null)
}

/// The answer of an operation that only says yes.
pub(super) fn yes() -> Answer {
    Ok(json!({ "Return": true }))
}

/// A description as EC2 gives it: members that start with `_` are the simulator's own.
pub(super) fn shape(thing: &impl Serialize) -> Value {
    let mut shape = serde_json::to_value(thing).unwrap_or(Value::Null);
    if let Some(members) = shape.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
    }
    shape
}

/// A moment as the protocols carry it: seconds since 1970.
pub(super) fn seconds(now: u64) -> u64 {
    now / 1000
}
