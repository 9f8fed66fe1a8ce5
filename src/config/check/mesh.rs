//! What a kind of mesh cannot do.

use crate::config::{Config, Expose, MeshKind, Service, findings::Findings};

/// Something in the configuration that a kind of mesh cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The service.
    pub service: String,
    path: String,
    key: &'static str,
    problem: String,
    remedy: String,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { service, key, problem, remedy, .. } = self;
        write!(f, "service \"{service}\".{key} {problem}; {remedy}")
    }
}

/// The longest client alias of Service Connect: `ServiceConnectClientAlias` in the ECS API's reference.
const ALIAS: usize = 127;

pub(super) fn check(config: &Config, findings: &mut Findings) {
    if config.mesh.kind != MeshKind::ServiceConnect {
        return;
    }
    for Conflict { path, key, problem, remedy, .. } in service_connect(config) {
        let path = format!("{path}.{key}");
        if findings.sound(&path) {
            findings.refuse_key(&path, problem, remedy);
        }
    }
}

/// What Service Connect cannot do of a configuration.
pub(in crate::config) fn service_connect(config: &Config) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for (index, service) in config.services.iter().enumerate() {
        let mut add = |key, problem: String, remedy: &str| {
            let (service, path) = (service.name.clone(), format!("service[{index}]"));
            conflicts.push(Conflict { service, path, key, problem, remedy: remedy.into() });
        };
        let alias = service.name.len() + 1 + config.namespace().len();
        if service.expose != Expose::Public && alias > ALIAS {
            let problem = format!(
                "has {alias} characters with the namespace, and Service Connect takes {ALIAS} in a \
                 client alias"
            );
            add("name", problem, "shorten it, or mesh.namespace");
        }
        let elsewhere = service.weights.iter().any(|(name, n)| *name != service.name && *n > 0);
        if elsewhere {
            let problem = "cannot be kept: Service Connect has no weighted routes, and sends every \
                           request to the service that is called";
            let remedy = "take the weights away, or set mesh.kind = \"app-mesh\" where the account \
                          has it";
            add("weights", problem.into(), remedy);
        }
        if reaches(config, service, &service.name, &mut Vec::new()) {
            let problem = "leads back to itself: under Service Connect a task knows only what \
                           existed before it, so services cannot call each other in a circle";
            let remedy = "take one of the calls away, or set mesh.kind = \"app-mesh\" where the \
                          account has it";
            add("backends", problem.into(), remedy);
        }
    }
    conflicts
}

/// Whether a service's calls, and those of what it calls, lead to this one.
fn reaches<'a>(config: &'a Config, from: &'a Service, to: &str, seen: &mut Vec<&'a str>) -> bool {
    from.backends.iter().filter_map(|name| config.service(name)).any(|next| {
        if next.name == to {
            return true;
        }
        if seen.contains(&next.name.as_str()) {
            return false;
        }
        seen.push(&next.name);
        reaches(config, next, to, seen)
    })
}
