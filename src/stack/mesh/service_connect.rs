//! ECS Service Connect: back-ends answer under client aliases, the page is a client. ECS puts a
//! proxy of its own into every task; there is no sidecar, and nothing that a task must be permitted.

use super::{Attachment, Mesh, proxy_logs};
use crate::{
    config::{Config, Expose, Service},
    model::name::fit_apart,
    resources::{
        Blueprint,
        ecs::service_connect::{Endpoint, Membership},
    },
};

/// A label of DNS.
const LABEL: usize = 63;

/// Declares what makes one service a member.
pub(super) fn attach(
    blueprint: &mut Blueprint,
    config: &Config,
    mesh: &Mesh,
    service: &Service,
) -> Attachment {
    let name = &service.name;
    let registry = mesh.register(blueprint, service);
    let (logs, log_group) = proxy_logs(blueprint, config, service);
    // Nothing calls the public service, so it offers nothing.
    let endpoint = (service.expose != Expose::Public).then(|| Endpoint {
        port_name: name.clone(),
        discovery_name: discovery_name(name),
        dns_name: format!("{name}.{}", config.namespace()),
        port: service.router_port(),
    });
    Attachment {
        sidecars: Vec::new(),
        proxy: None,
        port_name: endpoint.is_some().then(|| name.clone()),
        connect: Some(Membership { endpoint, log_group, stream_prefix: name.clone() }),
        namespace: Some(mesh.namespace.clone()),
        // ECS takes a task whose container is unhealthy out of its endpoint.
        retries: service.health.unhealthy,
        registry,
        task_role: None,
        gates: vec![logs.gate_created()],
        // A task knows the names that existed when its deployment began, and AWS advises to start
        // clients once the rollout of what they call is complete.
        after: service.backends.clone(),
    }
}

/// The endpoint's name in the namespace, where the Cloud Map service of DNS has the plain one. No
/// service's own name has an underscore, so the two never meet.
fn discovery_name(service: &str) -> String {
    const ENDING: &str = "_connect";
    format!("{}{ENDING}", fit_apart(service, LABEL - ENDING.len()))
}
