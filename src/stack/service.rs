//! One service of the configuration as tasks behind a load balancer, with or without the mesh.

use super::{
    edge::{self, Source},
    mesh::Attachment,
    names,
    network::Base,
};
use crate::{
    config::{Capacity, Config, Expose, Service},
    resources::{
        Blueprint, Gate, Handle,
        apigateway::rest_api::RestApi,
        cloudwatchlogs::log_group::LogGroup,
        ec2::security_group::SecurityGroup,
        ecs::{
            FARGATE, FARGATE_SPOT,
            cluster::Cluster,
            container::{Container, ContainerHealthCheck},
            service::{Service as EcsService, ServiceNeeds},
            task_definition::{TaskDefinition, TaskDefinitionNeeds},
        },
        elasticloadbalancingv2::{
            listener::{Listener, ListenerNeeds},
            target_group::{HealthCheck, TargetGroup},
        },
        iam::role::Role,
    },
};
use std::collections::BTreeMap;

/// Deregistered targets drain for so long; the default of 300 s would dominate every removal.
const DEREGISTRATION_DELAY_SECONDS: i32 = 5;

/// How long a task may fail its load balancer's checks and its container's after its start. The
/// demonstration's page compiles its assets first.
fn start_seconds(service: &Service) -> i32 {
    if service.expose == Expose::Public { 120 } else { 60 }
}

/// Failed checks in a row that make a container unhealthy outside the mesh.
const RETRIES: i32 = 10;

/// How a service is reached from outside its VPC.
pub enum Front<'a> {
    /// HTTP on an ALB's port 80, from the balancer's group only.
    Public(&'a edge::PublicEdge),
    /// On the internal load balancer, on the service's mesh port: TCP on an NLB, HTTP on an ALB.
    Internal(&'a edge::InternalEdge),
    /// Not at all.
    Nothing,
}

/// Where a service's tasks run and what they share.
pub struct Place<'a> {
    /// The network.
    pub base: &'a Base,
    /// The cluster.
    pub cluster: &'a Handle<Cluster>,
    /// Pulls images and writes logs.
    pub execution_role: &'a Handle<Role>,
}

/// What differs between the same service on two sides.
pub struct Variant<'a> {
    /// How it is reached.
    pub front: Front<'a>,
    /// Its membership of the mesh.
    pub attachment: Option<Attachment>,
    /// The services whose rollout it awaits.
    pub after: Vec<Handle<EcsService>>,
    /// What its tasks may do, outside the mesh.
    pub task_role: Option<Handle<Role>>,
    /// Where its back-ends are.
    pub urls: BTreeMap<String, String>,
    /// The API whose ID stands in those URLs.
    pub api: Option<&'a Handle<RestApi>>,
}

/// What others take from a service that is declared.
pub struct Standing {
    /// The ECS service.
    pub service: Handle<EcsService>,
    /// The group of its tasks.
    pub security_group: Handle<SecurityGroup>,
    /// Whether that admits the whole VPC, and so every member of the mesh.
    admits_vpc: bool,
}

/// Declares a service.
pub fn service(
    blueprint: &mut Blueprint,
    config: &Config,
    place: &Place<'_>,
    service: &Service,
    variant: Variant<'_>,
) -> Standing {
    let side = place.base.side;
    let name = &service.name;
    let scope = blueprint.cx().scope().clone();
    let log_group = LogGroup {
        log_group_name: names::log_group(&scope, &format!("{side}/{name}")),
        retention_days: config.log_retention_days,
    };
    let log_group_name = log_group.log_group_name.clone();
    let logs = blueprint.declare(format!("{side}/log-group/{name}"), log_group);
    let (group, admits_vpc) = guard(blueprint, place.base, service, &variant.front);
    let (target_group, listener) = front(blueprint, place.base, service, &variant.front);

    let mut gates: Vec<Gate> = vec![logs.gate_created(), place.execution_role.gate_ready()];
    gates.extend(place.base.tasks.egress.iter().cloned());
    if service.capacity == Capacity::FargateSpot {
        // ECS refuses a capacity provider that the cluster does not have yet.
        gates.push(place.cluster.gate_ready());
    }
    // ECS refuses a target group that no listener uses.
    gates.extend(listener.map(|listener| listener.gate_created()));
    let mut containers = vec![app(service, &variant, log_group_name)];
    let (mut proxy, mut registry, mut task_role) = (None, None, variant.task_role);
    let (mut connect, mut namespace) = (None, None);
    if let Some(attachment) = variant.attachment {
        containers.extend(attachment.sidecars);
        proxy = attachment.proxy;
        registry = Some(attachment.registry.created());
        task_role = attachment.task_role;
        connect = attachment.connect;
        namespace = attachment.namespace.map(|namespace| namespace.created());
        gates.extend(attachment.gates);
    }
    let definition = TaskDefinition {
        needs: TaskDefinitionNeeds {
            execution_role: place.execution_role.created(),
            task_role: task_role.as_ref().map(Handle::created),
            rest_api: variant.api.map(Handle::loose),
        },
        family: names::long(&scope, &format!("{side}-{name}")),
        cpu: service.cpu.unsigned_abs(),
        memory: service.memory.unsigned_abs(),
        containers,
        proxy,
    };
    let definition = blueprint.declare(format!("{side}/task-definition/{name}"), definition);
    let grace = target_group.as_ref().map(|_| start_seconds(service));
    let service = EcsService {
        needs: ServiceNeeds {
            cluster: place.cluster.created(),
            task_definition: definition.loose(),
            subnets: place.base.tasks.subnets.iter().map(Handle::created).collect(),
            security_groups: vec![group.created()],
            target_group: target_group.map(|target_group| target_group.created()),
            registry,
            namespace,
            after: variant.after.iter().map(Handle::after).collect(),
            gates,
        },
        service_name: name.clone(),
        assign_public_ip: place.base.tasks.assign_public_ip,
        capacity_provider: match service.capacity {
            Capacity::Fargate => FARGATE,
            Capacity::FargateSpot => FARGATE_SPOT,
        },
        desired_count: service.desired,
        container_name: name.clone(),
        container_port: service.port,
        health_check_grace_period_seconds: grace,
        service_connect: connect,
    };
    let service = blueprint.declare(format!("{side}/service/{name}"), service);
    Standing { service, security_group: group, admits_vpc }
}

/// Lets the members of the mesh in whose requests can come to a service: in both kinds of mesh they
/// go from task to task, past every load balancer.
pub fn admit_callers(
    blueprint: &mut Blueprint,
    config: &Config,
    service: &Service,
    members: &BTreeMap<String, Standing>,
) {
    let Some(standing) = members.get(&service.name).filter(|standing| !standing.admits_vpc) else {
        return;
    };
    for caller in &config.services {
        let backends = caller.backends.iter().filter_map(|name| config.service(name));
        let calls = backends.flat_map(Service::targets).any(|(name, _)| name == service.name);
        if let Some(caller) = members.get(&caller.name).filter(|_| calls) {
            let source = Source::Group(&caller.security_group);
            edge::allow(blueprint, &standing.security_group, service.port, &source);
        }
    }
}

/// The application's container.
fn app(service: &Service, variant: &Variant<'_>, log_group: String) -> Container {
    let mut environment = service.environment.clone();
    environment.extend(variant.urls.clone());
    let check =
        format!("curl -fsS http://localhost:{}{} || exit 1", service.port, service.health_path);
    let attachment = variant.attachment.as_ref();
    let sidecars = attachment.map(|it| it.sidecars.as_slice()).unwrap_or_default();
    Container {
        name: service.name.clone(),
        image: service.image.clone(),
        essential: true,
        user: None,
        cpu: None,
        memory: None,
        environment,
        port: Some(service.port),
        port_name: attachment.and_then(|it| it.port_name.clone()),
        health_check: Some(ContainerHealthCheck {
            command: vec!["CMD-SHELL".into(), check],
            interval: service.health.interval_seconds,
            timeout: service.health.timeout_seconds,
            retries: attachment.map_or(RETRIES, |it| it.retries),
            start_period: start_seconds(service),
        }),
        depends_on_healthy: sidecars.iter().map(|sidecar| sidecar.name.clone()).collect(),
        log_group,
        stream_prefix: service.name.clone(),
        stop_timeout: Some(5),
        start_timeout: None,
        // Passes signals on, and takes care of children that the application leaves behind.
        init_process: true,
    }
}

/// Who may reach the tasks: the balancer's group, or the whole VPC, which says the second half:
/// mesh peers, and the NLB, whose targets see its own addresses.
fn guard(
    blueprint: &mut Blueprint,
    base: &Base,
    service: &Service,
    front: &Front<'_>,
) -> (Handle<SecurityGroup>, bool) {
    let description = format!("Tasks of {}", service.name);
    let group = edge::security_group(blueprint, base, &service.name, &description);
    let source = match front {
        Front::Public(public) => Source::Group(&public.security_group),
        Front::Internal(edge::InternalEdge { security_group: Some(balancer), .. }) => {
            Source::Group(balancer)
        }
        Front::Internal(_) | Front::Nothing => Source::Cidr(&base.cidr),
    };
    edge::allow(blueprint, &group, service.port, &source);
    let admits_vpc = matches!(source, Source::Cidr(_));
    (group, admits_vpc)
}

fn front(
    blueprint: &mut Blueprint,
    base: &Base,
    service: &Service,
    front: &Front<'_>,
) -> (Option<Handle<TargetGroup>>, Option<Handle<Listener>>) {
    let (side, name) = (base.side, &service.name);
    let port = service.router_port().into();
    // What differs in kind stands at another address under another name, so that both can be there
    // while a stack moves from one to the other.
    let (load_balancer, protocol, port, place, group_name) = match front {
        Front::Public(public) => {
            (&public.load_balancer, "HTTP", 80, name.clone(), format!("{side}-{name}"))
        }
        Front::Internal(internal) if internal.security_group.is_some() => {
            let (place, group_name) = (format!("{name}/http"), format!("internal-{name}"));
            (&internal.load_balancer, "HTTP", port, place, group_name)
        }
        Front::Internal(internal) => {
            (&internal.load_balancer, "TCP", port, name.clone(), format!("{side}-{name}"))
        }
        Front::Nothing => return (None, None),
    };
    let target_group = TargetGroup {
        vpc: base.vpc.created(),
        name: names::balancing(blueprint.cx().scope(), &group_name),
        protocol: protocol.into(),
        port: service.port.into(),
        health_check: HealthCheck {
            protocol: protocol.into(),
            path: (protocol == "HTTP").then(|| service.health_path.clone()),
            interval_seconds: service.health.interval_seconds,
            timeout_seconds: service.health.timeout_seconds,
            healthy_threshold: service.health.healthy,
            unhealthy_threshold: service.health.unhealthy,
        },
        deregistration_delay_seconds: DEREGISTRATION_DELAY_SECONDS,
        idle: service.desired == 0,
    };
    let target_group = blueprint.declare(format!("{side}/target-group/{place}"), target_group);
    // A load balancer that is still being provisioned takes listeners.
    let needs = ListenerNeeds {
        load_balancer: load_balancer.created(),
        target_group: target_group.created(),
    };
    let listener = Listener { needs, protocol: protocol.into(), port };
    let listener = blueprint.declare(format!("{side}/listener/{place}"), listener);
    (Some(target_group), Some(listener))
}
