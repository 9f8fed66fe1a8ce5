//! The blue path's mesh: App Mesh over Cloud Map. Each service gets an [`Attachment`], which its
//! blueprint applies.

use super::{names, network::Base};
use crate::{
    config::{Config, Service},
    resources::{
        Blueprint, Gate, Handle,
        appmesh::{
            mesh::Mesh,
            route::{Route, RouteNeeds, WeightedTarget},
            virtual_node::{HealthCheck, VirtualNode},
            virtual_router::VirtualRouter,
            virtual_service::{VirtualService, VirtualServiceNeeds},
        },
        cloudwatchlogs::log_group::LogGroup,
        ecs::container::{Container, ContainerHealthCheck, Proxy},
        iam::role::Role,
        servicediscovery::{
            private_dns_namespace::PrivateDnsNamespace, service::Service as DiscoveryService,
        },
    },
};
use std::collections::BTreeMap;

/// The mesh and its names.
pub struct MeshBase {
    mesh: Handle<Mesh>,
    namespace: Handle<PrivateDnsNamespace>,
    nodes: BTreeMap<String, Handle<VirtualNode>>,
}

/// What the mesh adds to a service.
pub struct Attachment {
    /// Envoy.
    pub sidecar: Container,
    /// How traffic is led through it.
    pub proxy: Proxy,
    /// Where its tasks are registered.
    pub registry: Handle<DiscoveryService>,
    /// What its tasks may do.
    pub task_role: Handle<Role>,
    /// What must stand before its first task starts.
    pub gates: Vec<Gate>,
}

/// The name of a service's virtual node.
fn node_name(service: &str) -> String {
    format!("{service}-ecs")
}

/// Declares the mesh, its namespace and all virtual nodes, so that routes can name any of them.
pub fn base(blueprint: &mut Blueprint, config: &Config, provider: &Base) -> MeshBase {
    let stack = blueprint.cx().scope().stack.clone();
    let mesh = Mesh { mesh_name: stack, egress_filter: "DROP_ALL".into() };
    let mesh = blueprint.declare("mesh/mesh", mesh);
    let namespace = PrivateDnsNamespace { vpc: provider.vpc.created(), name: config.namespace() };
    let namespace = blueprint.declare("mesh/namespace", namespace);
    let mut nodes = BTreeMap::new();
    for service in &config.services {
        let node = VirtualNode {
            mesh: mesh.created(),
            name: node_name(&service.name),
            port: service.port.into(),
            health_check: health_check(service),
            backends: virtual_services(config, service),
            namespace: config.namespace(),
            cloud_map_service: service.name.clone(),
        };
        let node = blueprint.declare(format!("mesh/virtual-node/{}", service.name), node);
        nodes.insert(service.name.clone(), node);
    }
    MeshBase { mesh, namespace, nodes }
}

fn virtual_services(config: &Config, service: &Service) -> Vec<String> {
    let namespace = config.namespace();
    service.backends.iter().map(|backend| format!("{backend}.{namespace}")).collect()
}

fn health_check(service: &Service) -> HealthCheck {
    HealthCheck {
        path: service.health_path.clone(),
        interval_millis: i64::from(service.health.interval_seconds) * 1000,
        timeout_millis: i64::from(service.health.timeout_seconds) * 1000,
        healthy_threshold: service.health.healthy,
        unhealthy_threshold: service.health.unhealthy,
    }
}

/// Declares what makes one service a member of the mesh.
pub fn attach(
    blueprint: &mut Blueprint,
    config: &Config,
    base: &MeshBase,
    service: &Service,
) -> Attachment {
    let name = &service.name;
    let router = VirtualRouter {
        mesh: base.mesh.created(),
        name: format!("{name}-router"),
        port: service.router_port().into(),
    };
    let router = blueprint.declare(format!("mesh/virtual-router/{name}"), router);
    let targets = service.targets();
    let needs = RouteNeeds {
        router: router.created(),
        nodes: targets
            .keys()
            .filter_map(|target| base.nodes.get(*target).map(Handle::created))
            .collect(),
    };
    let weighted = targets.iter().map(|(target, weight)| WeightedTarget {
        virtual_node: node_name(target),
        weight: i32::try_from(*weight).unwrap_or(i32::MAX),
    });
    let route = Route { needs, name: name.clone(), targets: weighted.collect(), priority: 10 };
    let route = blueprint.declare(format!("mesh/route/{name}"), route);
    let virtual_service = VirtualService {
        needs: VirtualServiceNeeds { router: router.created() },
        name: format!("{name}.{}", config.namespace()),
    };
    let virtual_service =
        blueprint.declare(format!("mesh/virtual-service/{name}"), virtual_service);
    // The namespace's ID comes from its operation, so this can only start after it.
    let registry =
        DiscoveryService { namespace: base.namespace.created(), name: name.clone(), ttl: 5 };
    let registry = blueprint.declare(format!("mesh/discovery/{name}"), registry);
    let scope = blueprint.cx().scope().clone();
    let arn = format!(
        "arn:{}:appmesh:{}:{}:mesh/{}/virtualNode/{}",
        scope.identity.partition,
        scope.region,
        scope.identity.account,
        scope.stack,
        node_name(name)
    );
    let task_role = super::identity::mesh_task(blueprint, name, &arn);
    let log_group = LogGroup {
        log_group_name: names::log_group(&scope, &format!("provider/{name}/envoy")),
        retention_days: config.log_retention_days,
    };
    let log_group_name = log_group.log_group_name.clone();
    let logs = blueprint.declare(format!("provider/log-group/{name}-envoy"), log_group);
    let mut gates = vec![
        // Envoy is LIVE once the mesh knows its node; callers reach it by route and virtual service.
        route.gate_created(),
        virtual_service.gate_created(),
        logs.gate_created(),
        task_role.gate_ready(),
    ];
    gates.extend(base.nodes.get(name).map(Handle::gate_created));
    let sidecar = envoy(config, service, &scope.region, arn, log_group_name);
    Attachment { sidecar, proxy: proxy(service), registry, task_role, gates }
}

fn envoy(
    config: &Config,
    service: &Service,
    region: &str,
    virtual_node: String,
    log_group: String,
) -> Container {
    let live = "curl -s http://localhost:9901/server_info | grep state | grep -q LIVE";
    Container {
        name: "envoy".into(),
        image: config.mesh.envoy_image_in(region),
        essential: true,
        user: Some("1337".into()),
        cpu: None,
        memory: Some(128),
        environment: BTreeMap::from([
            ("APPMESH_RESOURCE_ARN".into(), virtual_node),
            ("ENVOY_LOG_LEVEL".into(), "info".into()),
        ]),
        port: None,
        health_check: Some(ContainerHealthCheck {
            command: vec!["CMD-SHELL".into(), live.into()],
            interval: 5,
            timeout: 5,
            retries: 10,
            start_period: 10,
        }),
        depends_on_healthy: Vec::new(),
        log_group,
        stream_prefix: service.name.clone(),
        stop_timeout: None,
    }
}

fn proxy(service: &Service) -> Proxy {
    Proxy {
        container_name: "envoy".into(),
        app_ports: vec![service.port],
        ignored_uid: 1337,
        ingress: 15000,
        egress: 15001,
        // Task metadata and instance metadata do not go through Envoy.
        egress_ignored_ips: vec!["169.254.170.2".into(), "169.254.169.254".into()],
    }
}
