//! Permissions: how EC2's older calls write security group rules, several peers to one range of
//! ports.

use super::security_group_rule::{Peer, SecurityGroupRule, Traffic};
use crate::simulator::fields::Fields;
use serde_json::{Value, json};

/// The rules that a call to authorize or revoke writes, in `IpPermissions` or in flat parameters.
pub fn rules_in(input: &Value, egress: bool) -> Vec<(Traffic, Peer)> {
    let permissions = input.list("IpPermissions");
    if permissions.is_empty() {
        return flat(input, egress).into_iter().collect();
    }
    permissions.iter().flat_map(|permission| rules_of(permission, egress)).collect()
}

fn flat(input: &Value, egress: bool) -> Option<(Traffic, Peer)> {
    let traffic = traffic(input, egress);
    let peer = Peer { cidr_ipv4: input.text("CidrIp").map(String::from), ..Peer::default() };
    input.text("CidrIp").map(|_| (traffic, peer))
}

fn traffic(permission: &Value, egress: bool) -> Traffic {
    Traffic::new(
        egress,
        permission.text("IpProtocol").unwrap_or("-1"),
        permission.int("FromPort"),
        permission.int("ToPort"),
    )
}

fn rules_of(permission: &Value, egress: bool) -> Vec<(Traffic, Peer)> {
    let traffic = traffic(permission, egress);
    let own = |value: &Value, member: &str| value.text(member).map(String::from);
    let mut peers = Vec::new();
    for range in permission.list("IpRanges") {
        let (cidr_ipv4, description) = (own(range, "CidrIp"), own(range, "Description"));
        peers.push(Peer { cidr_ipv4, description, ..Peer::default() });
    }
    for range in permission.list("Ipv6Ranges") {
        let (cidr_ipv6, description) = (own(range, "CidrIpv6"), own(range, "Description"));
        peers.push(Peer { cidr_ipv6, description, ..Peer::default() });
    }
    for list in permission.list("PrefixListIds") {
        let (prefix_list_id, description) = (own(list, "PrefixListId"), own(list, "Description"));
        peers.push(Peer { prefix_list_id, description, ..Peer::default() });
    }
    for pair in permission.list("UserIdGroupPairs") {
        let (referenced_group_id, description) = (own(pair, "GroupId"), own(pair, "Description"));
        peers.push(Peer { referenced_group_id, description, ..Peer::default() });
    }
    peers.into_iter().map(|peer| (traffic.clone(), peer)).collect()
}

/// The same, for people who read: rules of one protocol and range of ports are one permission.
pub fn of_rules<'a>(rules: impl Iterator<Item = &'a SecurityGroupRule>) -> Value {
    let mut permissions: Vec<(Traffic, Value)> = Vec::new();
    for rule in rules {
        let traffic = rule.traffic();
        let at = permissions.iter().position(|(other, _)| *other == traffic);
        let at = at.unwrap_or_else(|| {
            permissions.push((traffic.clone(), empty(&traffic)));
            permissions.len() - 1
        });
        let (list, entry) = entry(rule);
        if let Some(list) = permissions[at].1[list].as_array_mut() {
            list.push(entry);
        }
    }
    permissions.into_iter().map(|(_, permission)| permission).collect()
}

fn empty(traffic: &Traffic) -> Value {
    let mut permission = json!({
        "IpProtocol": traffic.ip_protocol,
        "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [],
    });
    if traffic.ip_protocol != "-1" {
        permission["FromPort"] = traffic.from_port.into();
        permission["ToPort"] = traffic.to_port.into();
    }
    permission
}

/// In which list of a permission a rule stands, and as what.
fn entry(rule: &SecurityGroupRule) -> (&'static str, Value) {
    let description = &rule.description;
    if let Some(cidr) = &rule.cidr_ipv4 {
        ("IpRanges", json!({ "CidrIp": cidr, "Description": description }))
    } else if let Some(cidr) = &rule.cidr_ipv6 {
        ("Ipv6Ranges", json!({ "CidrIpv6": cidr, "Description": description }))
    } else if let Some(list) = &rule.prefix_list_id {
        ("PrefixListIds", json!({ "PrefixListId": list, "Description": description }))
    } else {
        let info = rule.referenced_group_info.as_ref();
        let group = info.map(|info| info.group_id.clone());
        let user = info.map(|info| info.user_id.clone());
        let pair = json!({ "GroupId": group, "UserId": user, "Description": description });
        ("UserIdGroupPairs", pair)
    }
}
