//! App Mesh over Cloud Map: virtual nodes, routers, routes and services, and an Envoy in every task.

use super::{Attachment, Mesh as StackMesh, proxy_logs};
use crate::{
    config::{Config, Service},
    resources::{
        Blueprint, Handle,
        appmesh::{
            mesh::Mesh,
            route::{Route, RouteNeeds, WeightedTarget},
            virtual_node::{HealthCheck, VirtualNode},
            virtual_router::VirtualRouter,
            virtual_service::{VirtualService, VirtualServiceNeeds},
        },
        ecs::container::{Container, ContainerHealthCheck, Proxy},
    },
};
use std::collections::BTreeMap;

/// The mesh and all its virtual nodes, so that routes can name any of them.
pub(super) struct Parts {
    mesh: Handle<Mesh>,
    nodes: BTreeMap<String, Handle<VirtualNode>>,
}

/// The name of a service's virtual node.
fn node_name(service: &str) -> String {
    format!("{service}-ecs")
}

/// Declares the mesh and all virtual nodes.
pub(super) fn parts(blueprint: &mut Blueprint, config: &Config) -> Parts {
    let stack = blueprint.cx().scope().stack.clone();
    let mesh = Mesh { mesh_name: stack, egress_filter: "DROP_ALL".into() };
    let mesh = blueprint.declare("mesh/mesh", mesh);
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
    Parts { mesh, nodes }
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
pub(super) fn attach(
    blueprint: &mut Blueprint,
    config: &Config,
    mesh: &StackMesh,
    base: &Parts,
    service: &Service,
) -> Attachment {
    let name = &service.name;
    let router = VirtualRouter {
        mesh: base.mesh.created(),
        name: format!("{name}-router"),
        port: service.router_port().into(),
        routes: vec![name.clone()],
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
    let registry = mesh.register(blueprint, service);
    let scope = blueprint.cx().scope().clone();
    let arn = format!(
        "arn:{}:appmesh:{}:{}:mesh/{}/virtualNode/{}",
        scope.caller.partition,
        scope.region,
        scope.caller.account,
        scope.stack,
        node_name(name)
    );
    let task_role = crate::stack::identity::mesh_task(blueprint, config, name, &arn);
    let (logs, log_group_name) = proxy_logs(blueprint, config, service);
    let mut gates = vec![
        // Envoy is LIVE once the mesh knows its node; callers reach it by route and virtual service.
        route.gate_created(),
        virtual_service.gate_created(),
        logs.gate_created(),
        task_role.gate_ready(),
    ];
    gates.extend(base.nodes.get(name).map(Handle::gate_created));
    let sidecar = envoy(config, service, &scope.region, arn, log_group_name);
    Attachment {
        sidecars: vec![sidecar],
        proxy: Some(proxy(service)),
        connect: None,
        namespace: None,
        port_name: None,
        retries: 10,
        registry,
        task_role: Some(task_role),
        gates,
        after: Vec::new(),
    }
}

/// The name of Envoy's container, which is not the application's even where that is an Envoy, too.
fn container_name(service: &Service) -> &'static str {
    if service.name == "envoy" { "envoy_proxy" } else { "envoy" }
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
        name: container_name(service).into(),
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
        port_name: None,
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
        // After the application's own, which ECS stops first.
        stop_timeout: Some(10),
        // The application waits for it no longer than this, and the task is tried again.
        start_timeout: Some(120),
        init_process: false,
    }
}

fn proxy(service: &Service) -> Proxy {
    Proxy {
        container_name: container_name(service).into(),
        app_ports: vec![service.port],
        ignored_uid: 1337,
        ingress: 15000,
        egress: 15001,
        // Task metadata and instance metadata do not go through Envoy.
        egress_ignored_ips: vec!["169.254.170.2".into(), "169.254.169.254".into()],
    }
}
