//! Changes to a load balancer that is there.

use super::{interfaces, load_balancer, placement, unsuitable};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::Call,
};
use serde_json::json;

/// `SetSubnets`: these instead of those before. What leaves a subnet lingers there for a while.
pub fn set_subnets(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("LoadBalancerArn");
    let there = load_balancer::find(account, arn)?.clone();
    let places = placement::places(account, &there.kind, &call.input)?;
    if places[0].vpc_id != there.vpc_id {
        let message = format!("All subnets must belong to the same VPC: '{}'", there.vpc_id);
        return Err(unsuitable(message));
    }
    let mut kept = there.interfaces.clone();
    kept.retain(|subnet_id, _| places.iter().any(|place| place.subnet_id == *subnet_id));
    let fresh = places.iter().filter(|place| !kept.contains_key(&place.subnet_id));
    let fresh: Vec<_> = fresh.cloned().collect();
    placement::addresses(account, (&there.kind, &there.scheme), &fresh)?;
    let public = there.scheme == "internet-facing";
    let style = interfaces::Style { path: there.path(), public };
    let made = load_balancer::attach(account, &style, &fresh, &there.security_groups)?;
    let left = there.interfaces.iter().filter(|(subnet_id, _)| !kept.contains_key(*subnet_id));
    left.for_each(|(_, interface)| interfaces::release(account, interface));
    let zones = load_balancer::zones(account, &places);
    let load_balancer = load_balancer::find_mut(account, arn)?;
    load_balancer.interfaces = kept.into_iter().chain(made).collect();
    load_balancer.availability_zones = zones;
    if let Some(kind) = call.input.text("IpAddressType") {
        load_balancer.ip_address_type = kind.into();
    }
    Ok(json!({
        "AvailabilityZones": load_balancer.availability_zones,
        "IpAddressType": load_balancer.ip_address_type,
    }))
}

/// `SetSecurityGroups`: a network load balancer that was made without any can never have one.
pub fn set_security_groups(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("LoadBalancerArn");
    let there = load_balancer::find(account, arn)?;
    let (network, vpc_id) = (there.kind == "network", there.vpc_id.clone());
    if network && there.security_groups.is_empty() {
        return Err(unsuitable(
            "You cannot specify security groups for a Network Load Balancer that was created \
             without security groups",
        ));
    }
    let groups = placement::security_groups(account, &call.input, &vpc_id)?;
    if groups.is_empty() {
        return Err(unsuitable("At least one security group must be specified"));
    }
    let load_balancer = load_balancer::find_mut(account, arn)?;
    load_balancer.security_groups.clone_from(&groups);
    let interfaces = load_balancer.interfaces.clone();
    interfaces.values().for_each(|interface| interfaces::regroup(account, interface, &groups));
    Ok(json!({ "SecurityGroupIds": groups }))
}

/// `SetIpAddressType`.
pub fn set_ip_address_type(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("LoadBalancerArn");
    let kind = call.input.text_or_empty("IpAddressType");
    load_balancer::find_mut(account, arn)?.ip_address_type = kind.into();
    Ok(json!({ "IpAddressType": kind }))
}
