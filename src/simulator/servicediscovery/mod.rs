//! Cloud Map: namespaces, services, and the instances that ECS registers.

pub mod instance;
mod listing;
pub mod namespace;
pub mod operation;
pub mod service;
mod tag;
#[cfg(test)]
mod tests;

pub use instance::{deregister_instance, register_instance};
pub use service::service_exists;

use super::{
    account::{Account, Answer, Millis, not_built},
    inventory::Item,
    table::Table,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// All that Cloud Map holds of the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceDiscovery {
    /// Namespaces, by ID.
    pub namespaces: Table<namespace::Namespace>,
    /// Services, by ID.
    pub services: Table<service::Service>,
    /// Operations, by ID; AWS remembers them for a while, we for good.
    pub operations: BTreeMap<String, operation::Operation>,
    /// The ID of every service that there ever was, by namespace and name: a name that comes back
    /// gets it again.
    pub service_ids: BTreeMap<String, String>,
}

/// What happens by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// An operation is being worked on.
    Pending(String),
    /// An operation succeeds or fails.
    Settled(String),
    /// An instance that ECS deregistered is gone.
    InstanceGone {
        /// The service's ID.
        service: String,
        /// The instance's ID.
        instance: String,
    },
}

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "CreatePrivateDnsNamespace" => namespace::create_private(account, call),
        "CreateHttpNamespace" => namespace::create_http(account, call),
        "GetNamespace" => namespace::get(account, call),
        "ListNamespaces" => namespace::list(account, call),
        "UpdatePrivateDnsNamespace" | "UpdateHttpNamespace" => namespace::update(account, call),
        "DeleteNamespace" => namespace::delete(account, call),
        "GetOperation" => operation::get(account, call),
        "ListOperations" => operation::list(account, call),
        "CreateService" => service::create(account, call),
        "GetService" => service::get(account, call),
        "ListServices" => service::list(account, call),
        "UpdateService" => service::update(account, call),
        "DeleteService" => service::delete(account, call),
        "RegisterInstance" => instance::register(account, call),
        "DeregisterInstance" => instance::deregister(account, call),
        "GetInstance" => instance::get(account, call),
        "ListInstances" => instance::list(account, call),
        "GetInstancesHealthStatus" => instance::health(account, call),
        "UpdateInstanceCustomHealthStatus" => instance::set_health(account, call),
        "ListTagsForResource" => tag::list(account, call),
        "TagResource" => tag::add(account, call),
        "UntagResource" => tag::remove(account, call),
        _ => Err(not_built(call)),
    }
}

/// Lets something happen.
pub fn happen(account: &mut Account, event: Event) {
    match event {
        Event::Pending(id) => operation::begin(account, &id),
        Event::Settled(id) => operation::settle(account, &id),
        Event::InstanceGone { service, instance } => instance::forget(account, &service, &instance),
    }
}

impl ServiceDiscovery {
    /// Everything, for the account's inventory, with the hosted zones behind private namespaces.
    pub fn inventory(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let item = |service, kind, id: &str, state: &str, tags: &BTreeMap<String, String>| Item {
            service,
            kind,
            id: id.into(),
            state: state.into(),
            tags: tags.clone(),
            remnant: false,
        };
        for (id, namespace) in self.namespaces.all() {
            items.push(item("servicediscovery", "Namespace", id, "", &namespace.tags));
            if let Some(zone) = namespace.hosted_zone() {
                items.push(item("route53", "HostedZone", zone, "", &BTreeMap::new()));
            }
        }
        for (id, service) in self.services.all() {
            items.push(item("servicediscovery", "Service", id, "", &service.tags));
            for (instance, registered) in &service.instances {
                let id = format!("{id}/{instance}");
                let health = &registered.health;
                items.push(item("servicediscovery", "Instance", &id, health, &BTreeMap::new()));
            }
        }
        items
    }
}

/// An ID where an ID or an ARN is accepted.
fn id_of(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// A description as Cloud Map gives it: without what only AWS knows.
fn shown(thing: &impl Serialize) -> Value {
    let mut shape = serde_json::to_value(thing).unwrap_or_default();
    if let Some(members) = shape.as_object_mut() {
        members.retain(|name, value| !name.starts_with('_') && !value.is_null());
    }
    shape
}

/// A moment as Cloud Map writes it.
fn seconds(now: Millis) -> f64 {
    now as f64 / 1000.0
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidInput", message)
}
