//! Elastic Load Balancing v2: application and network load balancers, target groups, listeners,
//! rules and targets. Reads never lag behind; what takes time are load balancers, targets, and the
//! network interfaces of what was deleted.
//!
//! Other services' simulators use what is re-exported here: ECS registers targets and asks for
//! their health, API Gateway holds the load balancer of a VPC link.

pub mod action;
pub mod attributes;
pub mod certificate;
pub mod describe;
pub mod health_check;
pub mod interfaces;
pub mod listener;
pub mod load_balancer;
pub mod placement;
pub mod rule;
pub mod settings;
pub mod ssl_policy;
pub mod tags;
pub mod target;
pub mod target_group;
pub mod target_health;

#[cfg(test)]
mod tests;

pub use load_balancer::{hold, release_hold};
pub use target::{deregister_target, register_target};
pub use target_group::load_balancer_of;
pub use target_health::{healthy_at, target_health};

use super::{
    account::{Account, Answer, Millis, not_built},
    inventory::Item,
    table::Table,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Keys and values: of tags, of attributes.
pub type Pairs = BTreeMap<String, String>;

/// All that load balancing holds of the account, by ARN.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ElasticLoadBalancingV2 {
    /// Load balancers.
    pub load_balancers: Table<load_balancer::LoadBalancer>,
    /// Target groups with their targets.
    pub target_groups: Table<target_group::TargetGroup>,
    /// Listeners with their default rules.
    pub listeners: Table<listener::Listener>,
    /// All other rules.
    pub rules: Table<rule::Rule>,
}

/// What happens by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A load balancer leaves `provisioning`.
    LoadBalancerActive(String),
}

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "CreateLoadBalancer" => load_balancer::create(account, call),
        "DescribeLoadBalancers" => load_balancer::describe(account, call),
        "DeleteLoadBalancer" => load_balancer::delete(account, call),
        "DescribeCapacityReservation" => load_balancer::describe_capacity(account, call),
        "SetSubnets" => settings::set_subnets(account, call),
        "SetSecurityGroups" => settings::set_security_groups(account, call),
        "SetIpAddressType" => settings::set_ip_address_type(account, call),
        "CreateTargetGroup" => target_group::create(account, call),
        "DescribeTargetGroups" => target_group::describe(account, call),
        "ModifyTargetGroup" => target_group::modify(account, call),
        "DeleteTargetGroup" => target_group::delete(account, call),
        "CreateListener" => listener::create(account, call),
        "DescribeListeners" => listener::describe(account, call),
        "DescribeListenerCertificates" => certificate::describe(account, call),
        "AddListenerCertificates" => certificate::add(account, call),
        "RemoveListenerCertificates" => certificate::remove(account, call),
        "DescribeSSLPolicies" => ssl_policy::describe(call),
        "ModifyListener" => listener::modify(account, call),
        "DeleteListener" => listener::delete(account, call),
        "CreateRule" => rule::create(account, call),
        "DescribeRules" => rule::describe(account, call),
        "ModifyRule" => rule::modify(account, call),
        "SetRulePriorities" => rule::set_priorities(account, call),
        "DeleteRule" => rule::delete(account, call),
        "RegisterTargets" => target::register(account, call),
        "DeregisterTargets" => target::deregister(account, call),
        "DescribeTargetHealth" => target_health::describe(account, call),
        "DescribeLoadBalancerAttributes" => attributes::describe_load_balancer(account, call),
        "ModifyLoadBalancerAttributes" => attributes::modify_load_balancer(account, call),
        "DescribeTargetGroupAttributes" => attributes::describe_target_group(account, call),
        "ModifyTargetGroupAttributes" => attributes::modify_target_group(account, call),
        "DescribeListenerAttributes" => attributes::describe_listener(account, call),
        "ModifyListenerAttributes" => attributes::modify_listener(account, call),
        "AddTags" => tags::add(account, call),
        "RemoveTags" => tags::remove(account, call),
        "DescribeTags" => tags::describe(account, call),
        "DescribeAccountLimits" => describe::account_limits(account),
        _ => Err(not_built(call)),
    }
}

/// Lets something happen.
pub fn happen(account: &mut Account, event: Event) {
    match event {
        Event::LoadBalancerActive(arn) => load_balancer::activate(account, &arn),
    }
}

impl ElasticLoadBalancingV2 {
    /// Everything, for the account's inventory.
    pub fn inventory(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut add = |kind, id: &str, state: &str, tags: &Pairs| {
            let (service, id, state) = ("elasticloadbalancing", id.into(), state.into());
            items.push(Item { service, kind, id, state, tags: tags.clone(), remnant: false });
        };
        let load_balancers = self.load_balancers.all();
        load_balancers.for_each(|(arn, it)| add("LoadBalancer", arn, &it.state.code, &it.tags));
        self.target_groups.all().for_each(|(arn, it)| add("TargetGroup", arn, "", &it.tags));
        self.listeners.all().for_each(|(arn, it)| add("Listener", arn, "", &it.tags));
        self.rules.all().for_each(|(arn, it)| add("ListenerRule", arn, "", &it.tags));
        items
    }
}

/// `arn:aws:elasticloadbalancing:{region}:{account}:{rest}`
fn arn(account: &Account, region: &str, rest: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{region}:{}:{rest}", account.id)
}

/// A description as AWS gives it: members that start with `_` are the simulator's own.
fn shape(thing: &impl Serialize) -> Value {
    let mut shape = serde_json::to_value(thing).unwrap_or(Value::Null);
    if let Some(members) = shape.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
    }
    shape
}

/// The answer of an operation that answers nothing.
fn done() -> Answer {
    Ok(Value::Object(Map::new()))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

fn unsuitable(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidConfigurationRequest", message)
}

/// A moment as the protocol carries it: seconds since 1970.
fn seconds(now: Millis) -> u64 {
    now / 1000
}

/// Refuses names that AWS refuses: at most 32 letters, digits and hyphens.
fn check_name(noun: &str, name: &str) -> Result<(), ApiError> {
    let fault = if name.len() > 32 {
        "cannot be longer than '32' characters"
    } else if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        "can only contain characters that are alphanumeric characters and hyphens(-)"
    } else if name.is_empty() || name.starts_with('-') || name.ends_with('-') {
        "cannot begin or end with hyphen(-)"
    } else {
        return Ok(());
    };
    Err(invalid(format!("The {noun} name '{name}' {fault}")))
}
