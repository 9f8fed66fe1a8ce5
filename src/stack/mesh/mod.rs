//! The blue path's mesh, in one of two kinds. Each adds its nodes and gives every service one
//! [`Attachment`], which the service's blueprint applies; nothing else knows which kind it is.
//!
//! Both keep the same namespace, names, ports and Cloud Map registration, so images, environments
//! and URLs are the same, and a stack can move from one to the other with its tasks answering.

pub mod app_mesh;
mod choice;
pub mod service_connect;

pub use choice::{Choice, Kind};

use super::{Facts, names, network::Base};
use crate::{
    config::{Config, Service},
    resources::{
        Blueprint, Gate, Handle,
        cloudwatchlogs::log_group::LogGroup,
        ecs::{
            container::{Container, Proxy},
            service_connect::Membership,
        },
        iam::role::Role,
        servicediscovery::{
            private_dns_namespace::PrivateDnsNamespace, service::Service as DiscoveryService,
        },
    },
};

/// What the mesh adds to a service.
pub struct Attachment {
    /// What runs beside the application and must be healthy before it starts.
    pub sidecars: Vec<Container>,
    /// How traffic is led through a sidecar.
    pub proxy: Option<Proxy>,
    /// Its part in Service Connect.
    pub connect: Option<Membership>,
    /// The namespace of that part.
    pub namespace: Option<Handle<PrivateDnsNamespace>>,
    /// What the application's port is called.
    pub port_name: Option<String>,
    /// How many failed checks in a row make the application's container unhealthy.
    pub retries: i32,
    /// Where its tasks are registered.
    pub registry: Handle<DiscoveryService>,
    /// What its tasks may do, if anything.
    pub task_role: Option<Handle<Role>>,
    /// What must stand before its first task starts.
    pub gates: Vec<Gate>,
    /// The services whose rollout it awaits.
    pub after: Vec<String>,
}

/// The mesh of a stack.
pub struct Mesh {
    namespace: Handle<PrivateDnsNamespace>,
    app_mesh: Option<app_mesh::Parts>,
    callers_first: bool,
}

/// Declares what the whole mesh shares.
pub fn base(blueprint: &mut Blueprint, config: &Config, provider: &Base, facts: &Facts) -> Mesh {
    let namespace = PrivateDnsNamespace {
        vpc: provider.vpc.created(),
        name: config.namespace(),
        description: format!("Names in the mesh of {}", blueprint.cx().scope().stack),
    };
    let namespace = blueprint.declare("mesh/namespace", namespace);
    let app_mesh = (facts.mesh.kind == Kind::AppMesh).then(|| app_mesh::parts(blueprint, config));
    // Tasks that still call by Service Connect's names need them until they are replaced.
    let callers_first = facts.mesh.from == Some(Kind::ServiceConnect);
    Mesh { namespace, app_mesh, callers_first }
}

impl Mesh {
    /// Declares what makes one service a member.
    pub fn attach(
        &self,
        blueprint: &mut Blueprint,
        config: &Config,
        service: &Service,
    ) -> Attachment {
        let mut attachment = match &self.app_mesh {
            Some(parts) => app_mesh::attach(blueprint, config, self, parts, service),
            None => service_connect::attach(blueprint, config, self, service),
        };
        if self.callers_first {
            let callers = config.services.iter().filter(|one| one.backends.contains(&service.name));
            attachment.after.extend(callers.map(|caller| caller.name.clone()));
        }
        attachment
    }

    /// The services in an order in which each comes after those whose rollout it awaits, as far as
    /// there is one.
    pub fn order<'a>(&self, config: &'a Config) -> Vec<&'a Service> {
        let mut order = Vec::new();
        for service in &config.services {
            callees_first(config, service, &mut Vec::new(), &mut order);
        }
        if self.callers_first {
            order.reverse();
        }
        order
    }

    /// Publishes a service's tasks in DNS. Both kinds do: App Mesh finds tasks by it, and under
    /// Service Connect it is how callers that are not members find them, among them the tasks that
    /// a move between the kinds has not replaced yet.
    fn register(&self, blueprint: &mut Blueprint, service: &Service) -> Handle<DiscoveryService> {
        // The namespace's ID comes from its operation, so this can only start after it.
        let registry = DiscoveryService {
            namespace: self.namespace.created(),
            name: service.name.clone(),
            ttl: 5,
            description: format!("Tasks of {}", service.name),
            idle: service.desired == 0,
        };
        blueprint.declare(format!("mesh/discovery/{}", service.name), registry)
    }
}

/// The log group of a service's proxy: Envoy in both kinds, ours or AWS's own.
fn proxy_logs(
    blueprint: &mut Blueprint,
    config: &Config,
    service: &Service,
) -> (Handle<LogGroup>, String) {
    let name = &service.name;
    let log_group_name =
        names::log_group(blueprint.cx().scope(), &format!("provider/{name}/envoy"));
    let log_group = LogGroup {
        log_group_name: log_group_name.clone(),
        retention_days: config.log_retention_days,
    };
    let handle = blueprint.declare(format!("provider/log-group/{name}/envoy"), log_group);
    (handle, log_group_name)
}

fn callees_first<'a>(
    config: &'a Config,
    service: &'a Service,
    path: &mut Vec<&'a str>,
    order: &mut Vec<&'a Service>,
) {
    let known = |one: &&Service| one.name == service.name;
    if path.contains(&service.name.as_str()) || order.iter().any(known) {
        return;
    }
    path.push(&service.name);
    for backend in service.backends.iter().filter_map(|name| config.service(name)) {
        callees_first(config, backend, path, order);
    }
    path.pop();
    order.push(service);
}
