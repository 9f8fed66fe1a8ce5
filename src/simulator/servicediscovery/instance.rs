//! Instances: what is registered under a service's name, by calls or by ECS.

use super::{
    Event, id_of, invalid, listing,
    operation::{Work, start},
    service::{self, Service},
};
use crate::simulator::{
    account::{Account, Answer},
    agenda,
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One address behind a service's name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    /// Such as `AWS_INSTANCE_IPV4`.
    pub attributes: BTreeMap<String, String>,
    /// The registering call's token.
    pub creator: Option<String>,
    /// `HEALTHY` or `UNHEALTHY`, by whoever registers.
    pub health: String,
}

impl Instance {
    fn new(mut attributes: BTreeMap<String, String>, creator: Option<String>) -> Self {
        let health = attributes.remove("AWS_INIT_HEALTH_STATUS");
        Self { attributes, creator, health: health.unwrap_or_else(|| "HEALTHY".into()) }
    }
}

/// Registers an instance, or overwrites it, as ECS does for a task. Says whether there is such a
/// service.
pub fn register_instance(
    account: &mut Account,
    service: &str,
    instance: &str,
    attributes: BTreeMap<String, String>,
) -> bool {
    let Some(service) = account.servicediscovery.services.known_mut(id_of(service)) else {
        return false;
    };
    service.instances.insert(instance.into(), Instance::new(attributes, None));
    true
}

/// Deregisters an instance as ECS does after a task has stopped: some time later.
pub fn deregister_instance(account: &mut Account, service: &str, instance: &str) {
    let (service, instance) = (id_of(service).to_owned(), instance.to_owned());
    let event = agenda::Event::ServiceDiscovery(Event::InstanceGone { service, instance });
    account.after(Latency::InstanceDeregistration, event);
}

/// An instance is gone.
pub fn forget(account: &mut Account, service: &str, instance: &str) {
    if let Some(service) = account.servicediscovery.services.known_mut(service) {
        service.instances.remove(instance);
    }
}

/// `RegisterInstance`: answers with an operation.
pub fn register(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let service = find(account, call)?;
    let attributes = input.map("Attributes");
    let records = service.dns_config.as_ref().map(|dns| &*dns.dns_records).unwrap_or_default();
    let addressed = records.iter().any(|record| record.kind == "A");
    if addressed && !attributes.contains_key("AWS_INSTANCE_IPV4") {
        return Err(invalid("AWS_INSTANCE_IPV4 is required for a service with an A record."));
    }
    let id = input.text_or_empty("InstanceId").to_owned();
    let creator = input.text("CreatorRequestId").map(String::from);
    service.instances.insert(id.clone(), Instance::new(attributes, creator));
    let work = Work::RegisterInstance(service.id.clone(), id);
    start(account, work, Latency::Visible, None)
}

/// `DeregisterInstance`: answers with an operation.
pub fn deregister(account: &mut Account, call: &Call) -> Answer {
    let service = find(account, call)?;
    let id = named(service, call)?.to_owned();
    let work = Work::DeregisterInstance(service.id.clone(), id);
    start(account, work, Latency::Visible, None)
}

/// `GetInstance`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let owner = account.id.clone();
    let service = find(account, call)?;
    let id = named(service, call)?;
    let instance = &service.instances[id];
    let mut shape = summary((id, instance), &owner);
    if let Some(creator) = &instance.creator {
        shape["CreatorRequestId"] = creator.as_str().into();
    }
    Ok(json!({ "ResourceOwner": owner, "Instance": shape }))
}

/// `ListInstances`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let owner = account.id.clone();
    let service = find(account, call)?;
    let all = service.instances.iter().map(|(id, it)| summary((id, it), &owner)).collect();
    let (page, next) = listing::page(all, &call.input)?;
    Ok(json!({ "ResourceOwner": owner, "Instances": page, "NextToken": next }))
}

fn summary((id, instance): (&str, &Instance), owner: &str) -> Value {
    json!({ "Id": id, "Attributes": instance.attributes, "CreatedByAccount": owner })
}

/// `GetInstancesHealthStatus`.
pub fn health(account: &mut Account, call: &Call) -> Answer {
    let service = find(account, call)?;
    let wanted = call.input.texts("Instances");
    if let Some(id) = wanted.iter().find(|id| !service.instances.contains_key(**id)) {
        return Err(unknown(id));
    }
    let checked = service.health_check_custom_config.is_some();
    let all = service.instances.iter();
    let all = all.filter(|(id, _)| wanted.is_empty() || wanted.contains(&id.as_str()));
    let all: Vec<_> = all
        .map(|(id, it)| (id.clone(), if checked { &*it.health } else { "UNKNOWN" }.into()))
        .collect();
    if all.is_empty() {
        let text = "The specified service has no registered instances.";
        return Err(ApiError::new("InstanceNotFound", text));
    }
    let (page, next) = listing::page(all, &call.input)?;
    Ok(json!({ "Status": page.into_iter().collect::<Map<_, Value>>(), "NextToken": next }))
}

/// `UpdateInstanceCustomHealthStatus`.
pub fn set_health(account: &mut Account, call: &Call) -> Answer {
    let service = find(account, call)?;
    if service.health_check_custom_config.is_none() {
        let text = "The service has no custom health check.";
        return Err(ApiError::new("CustomHealthNotFound", text));
    }
    let id = named(service, call)?.to_owned();
    if let Some(instance) = service.instances.get_mut(&id) {
        instance.health = call.input.text_or_empty("Status").into();
    }
    Ok(Value::Null)
}

fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Service, ApiError> {
    let id = call.input.text_or_empty("ServiceId");
    let service = account.servicediscovery.services.known_mut(id_of(id));
    service.ok_or_else(|| service::unknown(id))
}

/// The instance that a call names.
fn named<'a>(service: &Service, call: &'a Call) -> Result<&'a str, ApiError> {
    let id = call.input.text_or_empty("InstanceId");
    if service.instances.contains_key(id) { Ok(id) } else { Err(unknown(id)) }
}

fn unknown(id: &str) -> ApiError {
    ApiError::new("InstanceNotFound", format!("Instance with ID {id} is not found."))
}
