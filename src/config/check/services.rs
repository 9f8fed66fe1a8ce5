//! Services among each other: names, ports, who calls whom, and who answers.

use super::is_plain;
use crate::config::{
    Config, Expose, Service,
    findings::{Findings, did_you_mean, join, quoted},
};

/// A label of DNS, which a service's name is in Cloud Map.
const LABEL: usize = 63;

/// What a load balancer takes of listeners, unless the account asked for more; each service of the API
/// is one on the internal load balancer.
const LISTENERS: usize = 50;

/// What a cluster of ECS takes of services.
const SERVICES: usize = 5000;

/// What App Mesh takes as targets of one route.
const TARGETS: usize = 10;

pub(super) fn check(config: &Config, findings: &mut Findings) {
    let services = &config.services;
    if services.is_empty() {
        let remedy = "describe at least one: [[service]] with a name, an image, and \
                      expose = \"public\"";
        findings.refuse_key("service", "is missing", remedy);
        return;
    }
    if services.len() > SERVICES {
        let problem =
            format!("has {} entries, and an ECS cluster takes {SERVICES}", services.len());
        findings.refuse_key("service", problem, "share them out among several stacks");
        return;
    }
    listeners(services, findings);
    for (index, service) in services.iter().enumerate() {
        let path = format!("service[{index}]");
        name(&path, service, &services[..index], config, findings);
        port(&path, service, &services[..index], findings);
        backends(&path, service, services, findings);
        weights(&path, service, services, findings);
    }
}

fn name(path: &str, service: &Service, before: &[Service], config: &Config, found: &mut Findings) {
    let path = format!("{path}.name");
    if !found.sound(&path) {
        return;
    }
    let name = &service.name;
    if !is_plain(name) || name.len() > LABEL {
        let remedy = format!(
            "use at most {LABEL} small letters, digits, and hyphens, a letter first and no hyphen \
             last"
        );
        found.refuse(&path, "cannot be a name in DNS and in AWS", remedy);
    } else if before.iter().any(|other| other.name == *name) {
        found.refuse(&path, "is another service's name, too", "give each its own");
    } else if found.sound("mesh.namespace") && name.len() + 1 + config.namespace().len() > 253 {
        let remedy = "shorten it, or mesh.namespace";
        found.refuse(&path, "is longer than DNS's 253 characters with the namespace", remedy);
    }
}

fn port(path: &str, service: &Service, before: &[Service], findings: &mut Findings) {
    let path = format!("{path}.mesh_port");
    if service.expose == Expose::Public || !findings.sound(&path) {
        return;
    }
    let Some(port) = service.mesh_port else {
        let remedy = "give the port on which others reach it, one that no other service has";
        findings.refuse_key(&path, "is missing", remedy);
        return;
    };
    // The services of the API are listeners of one load balancer; those of the mesh keep to the
    // same rule so that `expose` may change without a new port.
    let taken = |other: &&Service| other.expose != Expose::Public && other.mesh_port == Some(port);
    if let Some(other) = before.iter().find(taken) {
        let problem = format!("is the mesh port of {}, too", quoted(&other.name));
        findings.refuse(&path, problem, "give each its own");
    }
}

fn listeners(services: &[Service], findings: &mut Findings) {
    let in_api = || services.iter().enumerate().filter(|(_, one)| one.expose == Expose::Api);
    if let Some((index, _)) = in_api().nth(LISTENERS) {
        let (all, more) = (in_api().count(), in_api().count() - LISTENERS);
        let problem = format!(
            "is one of {all} in the API, each a listener of the internal load balancer, which takes \
             {LISTENERS}"
        );
        let remedy = format!("set expose = \"mesh\" on {more} of them, or make several stacks");
        findings.refuse(&format!("service[{index}].expose"), problem, remedy);
    }
}

fn backends(path: &str, service: &Service, services: &[Service], findings: &mut Findings) {
    for (index, backend) in service.backends.iter().enumerate() {
        let path = format!("{path}.backends[{index}]");
        if *backend == service.name {
            findings.refuse(&path, "is the service itself", "take it away");
        } else if service.backends[..index].contains(backend) {
            findings.refuse(&path, "is there twice", "take one away");
        } else {
            match services.iter().find(|other| other.name == *backend) {
                Some(other) if other.expose == Expose::Public => {
                    let remedy = "call a service with expose = \"api\" or \"mesh\"";
                    findings.refuse(&path, "is the public service, which nothing calls", remedy);
                }
                Some(_) => {}
                None => {
                    let others = services.iter().filter(|other| {
                        other.name != service.name && other.expose != Expose::Public
                    });
                    no_service(&path, backend, others, findings);
                }
            }
        }
    }
}

fn weights(path: &str, service: &Service, services: &[Service], findings: &mut Findings) {
    let path = format!("{path}.weights");
    for name in service.weights.keys() {
        if services.iter().all(|other| other.name != *name) {
            no_service(&join(&path, name), name, services, findings);
        }
    }
    if service.weights.is_empty() || !findings.sound(&path) {
        return;
    }
    let total: u32 = service.weights.values().sum();
    if service.weights.len() > TARGETS {
        let problem = format!("has {} targets", service.weights.len());
        findings.refuse_key(&path, problem, format!("keep {TARGETS}, which is what a route takes"));
    } else if !(1..=100).contains(&total) {
        let problem = format!("come to {total} in all");
        findings.refuse_key(&path, problem, "make it 1 to 100, which is what a route takes");
    }
}

fn no_service<'s>(
    path: &str,
    name: &str,
    services: impl IntoIterator<Item = &'s Service>,
    findings: &mut Findings,
) {
    let names: Vec<&str> =
        services.into_iter().map(|other| other.name.as_str()).filter(|n| !n.is_empty()).collect();
    let remedy = did_you_mean(name, names.iter().copied(), || match names.as_slice() {
        [] => "describe it with a [[service]] of its own".to_string(),
        names => format!("there are {}", names.join(", ")),
    });
    findings.refuse(path, "is no service", remedy);
}

/// Judges the list as a whole, so it comes last: what is said of a list ends what is said of items.
pub(super) fn public(services: &[Service], findings: &mut Findings) {
    let mut first: Option<&Service> = None;
    for (index, service) in services.iter().enumerate() {
        let path = format!("service[{index}].expose");
        if !findings.sound(&path) {
            // Perhaps this is the one that was meant to be public.
            return;
        }
        if service.expose != Expose::Public {
            continue;
        }
        if let Some(first) = first {
            let problem = format!("comes after {}", quoted(&first.name));
            let remedy = "exactly one service is public for now: make this one \"api\" or \"mesh\"";
            findings.refuse(&path, problem, remedy);
        }
        first = first.or(Some(service));
    }
    if first.is_none() {
        let remedy = "exactly one must be, for now: give one of them expose = \"public\"";
        findings.refuse_key("service", "has none that is public", remedy);
    }
}
