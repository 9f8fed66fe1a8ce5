//! Service Connect: endpoints that ECS keeps as Cloud Map services of a namespace, a managed proxy
//! in every task, and the names that were there when a task's deployment began.

use super::{
    Event, containers::Container, deployment::Deployment, invalid, outside, region_of,
    service::Service, task::Task, task_definition::TaskDefinition,
};
use crate::simulator::{
    account::Account,
    agenda,
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How the proxy's container is called, before its own letters.
pub const PROXY: &str = "ecs-service-connect-";

/// A name in a namespace behind which a service's tasks answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    /// The service's ARN.
    pub service: String,
    /// The namespace's ID.
    pub namespace: String,
    /// Its name in the namespace.
    pub discovery_name: String,
    /// How clients call it: host and port.
    pub alias: (String, i64),
    /// The Cloud Map service, from when on it exists.
    pub registry: Option<String>,
}

/// A configuration as ECS keeps it, or why it refuses it. One that is off is none.
pub fn checked(
    account: &Account,
    given: Option<&Value>,
    definition: &TaskDefinition,
    service: &str,
) -> Result<Option<Value>, ApiError> {
    let Some(given) = given.filter(|given| given.flag("enabled") == Some(true)) else {
        return Ok(None);
    };
    let reference = given.text("namespace").ok_or_else(|| {
        invalid("Service Connect needs a namespace, of the service or of its cluster.")
    })?;
    let namespace = outside::namespace(account, reference).ok_or_else(|| {
        let text = format!("The namespace {reference} does not exist.");
        ApiError::new("NamespaceNotFoundException", text)
    })?;
    if definition.proxy_configuration.is_some() {
        return Err(invalid(
            "A task definition with a proxyConfiguration cannot be used with Service Connect.",
        ));
    }
    if given.get("accessLogConfiguration").is_some() && given.get("logConfiguration").is_none() {
        return Err(invalid("accessLogConfiguration needs a logConfiguration."));
    }
    let mut config = given.clone();
    config["namespace"] = namespace.arn.into();
    for one in config["services"].as_array_mut().into_iter().flatten() {
        let port = one.text_or_empty("portName").to_owned();
        let mappings =
            definition.container_definitions.iter().flat_map(|it| it.list("portMappings"));
        if !mappings.into_iter().any(|mapping| mapping.text("name") == Some(&port)) {
            return Err(invalid(format!(
                "The portName {port} of serviceConnectConfiguration is not in the task definition."
            )));
        }
        if one.list("clientAliases").len() > 1 {
            return Err(invalid("A Service Connect service can have one client alias."));
        }
        if one.text("discoveryName").is_none() {
            one["discoveryName"] = port.into();
        }
        let name = one.text_or_empty("discoveryName");
        let ours = account.ecs.endpoints.get(&key(&namespace.id, name));
        let taken = match ours {
            Some(endpoint) => endpoint.service != service,
            None => outside::discovery_name_taken(account, &namespace.id, name),
        };
        if taken {
            return Err(invalid(format!(
                "The discovery name {name} is already in use in the namespace."
            )));
        }
    }
    Ok(Some(config))
}

fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// The endpoints that a configuration asks for.
fn wanted(account: &Account, service: &str, config: &Value) -> Vec<Endpoint> {
    let Some(namespace) = outside::namespace(account, config.text_or_empty("namespace")) else {
        return Vec::new();
    };
    let endpoints = config.list("services").iter().map(|one| {
        let discovery_name = one.text_or_empty("discoveryName").to_owned();
        let alias = one.list("clientAliases").first();
        let host = alias.and_then(|alias| alias.text("dnsName")).map(String::from);
        let host = host.unwrap_or_else(|| format!("{discovery_name}.{}", namespace.name));
        let port = alias.and_then(|alias| alias.int("port")).unwrap_or_default();
        Endpoint {
            service: service.into(),
            namespace: namespace.id.clone(),
            discovery_name,
            alias: (host, port),
            registry: None,
        }
    });
    endpoints.collect()
}

/// Makes the endpoints that the service's deployments ask for, and takes away those that none asks
/// for any longer: both some time later.
pub fn follow(account: &mut Account, arn: &str) {
    let configs: Vec<Value> = account
        .ecs
        .services
        .known(arn)
        .map(|service| service.deployments.iter().filter_map(|it| it.service_connect.clone()))
        .into_iter()
        .flatten()
        .collect();
    let wanted: Vec<Endpoint> =
        configs.iter().flat_map(|config| wanted(account, arn, config)).collect();
    let names: BTreeSet<String> =
        wanted.iter().map(|it| key(&it.namespace, &it.discovery_name)).collect();
    // The newest deployment is the first, and its alias is the one that counts.
    for endpoint in wanted.into_iter().rev() {
        let name = key(&endpoint.namespace, &endpoint.discovery_name);
        match account.ecs.endpoints.get_mut(&name) {
            Some(standing) => standing.alias = endpoint.alias,
            None => {
                account.ecs.endpoints.insert(name.clone(), endpoint);
                account.after(Latency::EndpointUp, agenda::Event::Ecs(Event::EndpointUp(name)));
            }
        }
    }
    let over = account.ecs.endpoints.iter().filter(|(_, it)| it.service == arn);
    let over: Vec<String> =
        over.map(|(name, _)| name.clone()).filter(|name| !names.contains(name)).collect();
    for name in over {
        account.after(Latency::EndpointDown, agenda::Event::Ecs(Event::EndpointDown(name)));
    }
}

fn is_wanted(account: &Account, name: &str) -> bool {
    let Some(endpoint) = account.ecs.endpoints.get(name) else { return false };
    let Some(service) = account.ecs.services.known(&endpoint.service) else { return false };
    let configs = service.deployments.iter().filter_map(|it| it.service_connect.as_ref());
    let mut names = configs.flat_map(|config| config.list("services"));
    names.any(|one| one.text("discoveryName") == Some(&endpoint.discovery_name))
}

/// An endpoint is there: its Cloud Map service exists.
pub fn appear(account: &mut Account, name: &str) {
    let Some(endpoint) = account.ecs.endpoints.get(name).cloned() else { return };
    if endpoint.registry.is_some() || !is_wanted(account, name) {
        return;
    }
    let region = region_of(&endpoint.service).to_owned();
    let registry =
        outside::publish(account, &region, &endpoint.namespace, &endpoint.discovery_name);
    if let Some(endpoint) = account.ecs.endpoints.get_mut(name) {
        endpoint.registry = registry;
    }
}

/// An endpoint goes, with its Cloud Map service, unless a deployment wants it again.
pub fn vanish(account: &mut Account, name: &str) {
    if is_wanted(account, name) {
        return;
    }
    let Some(endpoint) = account.ecs.endpoints.remove(name) else { return };
    if let Some(registry) = &endpoint.registry {
        outside::unpublish(account, registry);
    }
}

/// The endpoints of a service, as its deployments show them.
pub fn resources(account: &Account, service: &str, deployment: &Deployment) -> Option<Value> {
    let config = deployment.service_connect.as_ref()?;
    let shown = config.list("services").iter().filter_map(|one| {
        let name = one.text_or_empty("discoveryName");
        let mut endpoints = account.ecs.endpoints.values();
        let endpoint = endpoints.find(|it| it.service == service && it.discovery_name == name)?;
        let arn = outside::registry_arn(account, endpoint.registry.as_deref()?)?;
        Some(json!({ "discoveryName": name, "discoveryArn": arn }))
    });
    Some(shown.collect())
}

/// The Cloud Map services in which a task of this deployment is registered.
pub fn registries(account: &Account, service: &Service, deployment: &str) -> Vec<String> {
    let deployment = service.deployments.iter().find(|it| it.id == deployment);
    let member = deployment.is_some_and(|it| it.service_connect.is_some());
    let endpoints = account.ecs.endpoints.values().filter(|it| it.service == service.service_arn);
    endpoints.filter(|_| member).filter_map(|it| it.registry.clone()).collect()
}

/// The proxy that ECS puts into a task of such a deployment.
pub fn proxy(account: &mut Account, arn: String) -> Container {
    let name = format!("{PROXY}{}", account.alphanumeric(5));
    Container::of(&json!({ "name": name }), arn, false)
}

/// The names that the tasks of a deployment that begins now will know, those that replace others
/// later too: hosts and ports.
pub fn resolvable(account: &Account, config: &Value) -> Vec<(String, i64)> {
    let namespace = outside::namespace(account, config.text_or_empty("namespace"));
    let Some(namespace) = namespace else { return Vec::new() };
    let endpoints = account.ecs.endpoints.values();
    let there = endpoints.filter(|it| it.namespace == namespace.id && it.registry.is_some());
    there.map(|it| it.alias.clone()).collect()
}

/// The tasks that answer a task at a host and a port: none when it does not know the name.
pub fn answering<'a>(account: &'a Account, from: &Task, host: &str, port: i64) -> Vec<&'a Task> {
    let alias = (host.to_owned(), port);
    if !from.resolves.contains(&alias) {
        return Vec::new();
    }
    let mut endpoints = account.ecs.endpoints.values();
    let registry = endpoints.find(|it| it.alias == alias).and_then(|it| it.registry.as_deref());
    let Some(registry) = registry else { return Vec::new() };
    let tasks = account.ecs.tasks.all().map(|(_, task)| task);
    let behind = tasks.filter(|task| task.registries.iter().any(|it| it == registry));
    behind.filter(|task| task.last_status == "RUNNING").collect()
}

/// `ListServicesByNamespace`.
pub fn list_by_namespace(account: &mut Account, call: &Call) -> super::Answer {
    let reference = call.input.text_or_empty("namespace");
    let namespace = outside::namespace(account, reference).ok_or_else(|| {
        let text = format!("The namespace {reference} does not exist.");
        ApiError::new("NamespaceNotFoundException", text)
    })?;
    let services = account.ecs.services.all().map(|(_, service)| service);
    let members = services.filter(|service| {
        let config = service.primary().and_then(|it| it.service_connect.as_ref());
        service.status == "ACTIVE"
            && config.is_some_and(|it| it.text("namespace") == Some(&namespace.arn))
    });
    let arns = members.map(|service| service.service_arn.clone()).collect();
    let (arns, next) = super::page(arns, &call.input)?;
    Ok(json!({ "serviceArns": arns, "nextToken": next }))
}
