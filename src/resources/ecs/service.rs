//! Service: keeps tasks running, in a target group and in Cloud Map. Actions: ecs:CreateService,
//! ecs:DescribeServices, ecs:ListServices, ecs:UpdateService, ecs:DeleteService, ecs:ListTasks,
//! ecs:DescribeTasks, ecs:TagResource, ecs:UntagResource, and for what is registered beside its tasks
//! elasticloadbalancing:DescribeTargetHealth, elasticloadbalancing:DeregisterTargets,
//! servicediscovery:ListInstances, servicediscovery:DeregisterInstance.

use super::{
    FARGATE, SERVICES, capacity,
    cluster::{self, Cluster},
    deployment::{fails, has_failed, is_stable, primary},
    name_in,
    registration::{self, Registrations},
    retag,
    service_connect::{self, Membership},
    service_network::{group_ids, network, subnet_ids},
    service_reads::{Services, listed, tasks},
    settings, tag_list, tag_permissions,
    task_definition::TaskDefinition,
};
use crate::{
    model::{Change, Fix},
    resources::{
        access::service_linked_role,
        ec2::{security_group::SecurityGroup, subnet::Subnet},
        elasticloadbalancingv2::target_group::TargetGroup,
        prelude::*,
        servicediscovery::{self, private_dns_namespace::PrivateDnsNamespace},
    },
};
use aws_sdk_ecs::types::{
    self as ecs, AssignPublicIp, LaunchType, LoadBalancer, SchedulingStrategy, ServiceRegistry,
    Task,
};
use futures_util::future::try_join_all;
use std::rc::Rc;

/// A service's ARN, and the names that calls want.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceIdentity {
    /// `arn:…:service/{cluster}/{name}`
    pub arn: String,
    /// The cluster's ARN.
    pub cluster: String,
    /// Its name in the cluster.
    pub name: String,
    /// When it was made, in seconds since 1970: a later one of the same name is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
}

needs! {
    /// What a service stands on.
    ServiceNeeds gives ServiceValues {
        /// Where it runs.
        cluster: Created<Cluster>,
        /// What it runs.
        task_definition: Loose<TaskDefinition>,
        /// Where its tasks' network interfaces are.
        subnets: Vec<Created<Subnet>>,
        /// What reaches its tasks.
        security_groups: Vec<Created<SecurityGroup>>,
        /// Where its tasks are registered. ECS refuses one that no listener uses: `gates` has the
        /// listener.
        target_group: Option<Created<TargetGroup>>,
        /// Where its tasks' addresses are published.
        registry: Option<Created<servicediscovery::service::Service>>,
        /// The namespace of its part in Service Connect.
        namespace: Option<Created<PrivateDnsNamespace>>,
        /// The services whose rollout it awaits, such as those that it calls.
        after: Vec<After<Service>>,
        /// What its tasks cannot start without, and never read.
        gates: Vec<Gate>,
    }
}

/// A service on Fargate or Fargate Spot.
#[derive(Serialize)]
pub struct Service {
    /// What it stands on.
    pub needs: ServiceNeeds,
    /// Its name in the cluster.
    pub service_name: String,
    /// Whether its tasks have public addresses, which they need in subnets without a NAT gateway.
    pub assign_public_ip: bool,
    /// What its tasks run on: `FARGATE`, or `FARGATE_SPOT`, which its cluster must have.
    pub capacity_provider: &'static str,
    /// How many tasks it keeps.
    pub desired_count: i32,
    /// The container that answers.
    pub container_name: String,
    /// The port on which it answers.
    pub container_port: u16,
    /// Seconds from a task's start in which its target's health does not count.
    pub health_check_grace_period_seconds: Option<i32>,
    /// Its part in Service Connect.
    pub service_connect: Option<Membership>,
}

/// The service, and what its tasks say of it.
pub struct LiveService {
    service: ecs::Service,
    /// Why the last task that stopped did so, in AWS's words.
    stopped: Option<String>,
    /// Tasks of an INACTIVE service that still hold their network interfaces.
    stopping: usize,
    /// What is registered beside its tasks; none where nobody looked, or while they change.
    registrations: Option<Registrations>,
}

impl Resource for Service {
    const KIND: Kind = Kind("AWS::ECS::Service");
    // Tasks without a proxy can serve after half a minute, and the longest path often ends with them.
    const TIMES: Times = Times::of(90.0, 60.0, 1200.0).earliest(0.3);
    type Needs = ServiceNeeds;
    type Out = ServiceIdentity;
    type Live = LiveService;

    fn needs(&self) -> ServiceNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &ServiceValues) -> Result<ServiceIdentity> {
        const OP: &str = "ecs:CreateService";
        let load_balancers = needs.target_group.as_ref().map(|group| {
            let load_balancer = LoadBalancer::builder()
                .target_group_arn(&group.arn)
                .container_name(&self.container_name)
                .container_port(i32::from(self.container_port));
            vec![load_balancer.build()]
        });
        let registries = needs
            .registry
            .as_ref()
            .map(|registry| vec![ServiceRegistry::builder().registry_arn(&registry.arn).build()]);
        let namespace = needs.namespace.as_ref();
        let region = &cx.scope().region;
        let connect = self.service_connect.as_ref();
        let connect = connect.map(|it| it.configuration(namespace, region)).transpose()?;
        let (launch_type, strategy) = match self.capacity_provider {
            FARGATE => (Some(LaunchType::Fargate), None),
            provider => (None, Some(capacity::strategy(provider)?)),
        };
        let call = cx
            .ecs()
            .create_service()
            .cluster(&needs.cluster.arn)
            .service_name(&self.service_name)
            .task_definition(&needs.task_definition.arn)
            .desired_count(self.desired_count)
            .client_token(cx.token())
            .set_launch_type(launch_type)
            .set_capacity_provider_strategy(strategy)
            .scheduling_strategy(SchedulingStrategy::Replica)
            .deployment_configuration(settings::deployment())
            .network_configuration(network(needs, self.assign_public_ip)?)
            .set_load_balancers(load_balancers)
            .set_service_registries(registries)
            .set_service_connect_configuration(connect)
            .set_health_check_grace_period_seconds(self.health_check_grace_period_seconds)
            .propagate_tags(settings::propagate_tags())
            .enable_ecs_managed_tags(true)
            .set_tags(Some(tag_list(cx.tags())));
        let made = call.send().await.op(OP)?;
        let arn = made.service().and_then(|service| service.service_arn());
        Ok(ServiceIdentity {
            arn: arn.answered(OP, "serviceArn")?.into(),
            cluster: needs.cluster.arn.clone(),
            name: self.service_name.clone(),
            created_at: made.service().and_then(created_at),
        })
    }

    fn drift(&self, described: &LiveService, needs: &ServiceValues) -> Drift {
        let live = &described.service;
        let group = live.load_balancers().first();
        let target_group = needs.target_group.as_ref();
        let container = target_group.map(|_| (&self.container_name, self.container_port));
        let registry = needs.registry.as_ref().map(|registry| &registry.arn);
        let network = live.network_configuration().and_then(|it| it.awsvpc_configuration());
        let subnets = network.map_or(&[][..], |network| network.subnets());
        let groups = network.map_or(&[][..], |network| network.security_groups());
        let public = network.and_then(|network| network.assign_public_ip());
        let fails = primary(live).and_then(fails);
        let namespace = needs.namespace.as_ref();
        let connect = service_connect::member(primary(live));
        let connect = connect.map(|it| service_connect::live(it, namespace));
        let wanted = self.service_connect.as_ref().map(|it| it.wanted(namespace));
        let drift = Drift::none()
            .fixed("cluster", &needs.cluster.arn, live.cluster_arn())
            .fixed("launch_type", FARGATE, capacity::launch_type(live))
            .fixed(
                "target_group_arn",
                target_group.map(|group| &group.arn),
                group.and_then(|group| group.target_group_arn()),
            )
            .fixed(
                "container_name",
                container.map(|(name, _)| name),
                group.and_then(|it| it.container_name()),
            )
            .fixed(
                "container_port",
                container.map(|(_, port)| port),
                group.and_then(|it| it.container_port()),
            )
            .fixed(
                "registry_arn",
                registry,
                live.service_registries().first().and_then(|it| it.registry_arn()),
            )
            .mutable("capacity_provider", self.capacity_provider, capacity::provider(live))
            .mutable("task_definition", &needs.task_definition.arn, live.task_definition())
            .mutable("service_connect_configuration", wanted, connect)
            .mutable("desired_count", self.desired_count, live.desired_count())
            .mutable("subnets", subnet_ids(needs), sorted(subnets.to_vec()))
            .mutable("security_groups", group_ids(needs), sorted(groups.to_vec()))
            .mutable(
                "assign_public_ip",
                self.assign_public_ip,
                public == Some(&AssignPublicIp::Enabled),
            )
            .mutable(
                "health_check_grace_period_seconds",
                self.health_check_grace_period_seconds,
                live.health_check_grace_period_seconds(),
            );
        let drift = settings::compare(drift, live);
        let drift = described.registrations.iter().fold(drift, |drift, it| it.compare(drift));
        if let Some(status @ ("DRAINING" | "INACTIVE")) = live.status() {
            // It was being deleted, and nothing brings it back.
            return drift.fixed("status", "ACTIVE", status);
        }
        // A task calls by Service Connect only what existed when its deployment began.
        let unknown = if self.service_connect.is_some() { newer(needs, live) } else { Vec::new() };
        let drift = drift.mutable("unknown_to_its_tasks", Vec::<&str>::new(), unknown);
        // The circuit breaker gave up, or is about to: only a new deployment tries again.
        match fails {
            Some(how) => drift.mutable("rollout_state", "COMPLETED", how),
            None => drift,
        }
    }

    async fn update(
        &self,
        cx: &Cx,
        out: &ServiceIdentity,
        drift: &Drift,
        needs: &ServiceValues,
    ) -> Result<()> {
        registration::clear(cx, out, drift).await?;
        let extra = |change: &Change| change.fix == Fix::Removal;
        if drift.changes().iter().all(extra) {
            return Ok(());
        }
        let call = cx.ecs().update_service().cluster(&out.cluster).service(&out.arn);
        let mut call = settings::change(call, drift);
        if drift.touches("task_definition") {
            call = call.task_definition(&needs.task_definition.arn);
        }
        if drift.touches("desired_count") {
            call = call.desired_count(self.desired_count);
        }
        let network_fields = ["subnets", "security_groups", "assign_public_ip"];
        if network_fields.into_iter().any(|field| drift.touches(field)) {
            call = call.network_configuration(network(needs, self.assign_public_ip)?);
        }
        if drift.touches("health_check_grace_period_seconds") {
            let seconds = self.health_check_grace_period_seconds;
            call = call.set_health_check_grace_period_seconds(seconds);
        }
        if drift.touches("service_connect_configuration") {
            let (namespace, region) = (needs.namespace.as_ref(), &cx.scope().region);
            let connect = self.service_connect.as_ref();
            let connect = connect.map(|it| it.configuration(namespace, region)).transpose()?;
            let connect = connect.unwrap_or_else(service_connect::off);
            call = call.service_connect_configuration(connect);
        }
        if drift.touches("capacity_provider") {
            let strategy = capacity::strategy(self.capacity_provider)?;
            call = call.set_capacity_provider_strategy(Some(strategy));
        }
        // AWS refuses another strategy without a new deployment, tasks that were started while commands
        // could be run in them can still be told to, and only new tasks are registered.
        let anew = [
            "rollout_state",
            "unknown_to_its_tasks",
            "capacity_provider",
            "enable_execute_command",
            "unregistered_tasks",
        ];
        if anew.into_iter().any(|field| drift.touches(field)) {
            call = call.force_new_deployment(true);
        }
        call.send().await.op("ecs:UpdateService").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tag_permissions(SERVICES);
        all.extend(cluster::find_permissions());
        all.extend([
            Permission::find("ecs:ListServices"),
            Permission::find("ecs:DescribeServices").on(&[SERVICES]),
            Permission::find("ecs:ListTasks"),
            Permission::find("ecs:DescribeTasks").on(&["task/{stack}-*/*"]),
            Permission::make("ecs:CreateService").on(&[SERVICES]).tagging(),
            service_linked_role("ecs.amazonaws.com"),
            Permission::make("ecs:UpdateService").on(&[SERVICES]).tagged(),
            Permission::look("elasticloadbalancing:DescribeTargetHealth"),
            Permission::look("servicediscovery:ListInstances").on(&["service/*"]),
            Permission::make("elasticloadbalancing:DeregisterTargets")
                .on(&["targetgroup/{short}-*/*"])
                .tagged(),
            Permission::make("servicediscovery:DeregisterInstance").on(&["service/*"]).tagged(),
            Permission::remove("ecs:DeleteService").on(&[SERVICES]).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<ServiceIdentity>>> {
        let clusters = Cluster::search(cx).await?;
        let listings = clusters.iter().map(|cluster| listed(cx, &cluster.out));
        let keys = try_join_all(listings).await?.into_iter().flatten();
        let reads = keys.map(|key| cx.load::<Services>(key));
        let found = try_join_all(reads).await?.into_iter().flatten().filter_map(|service| {
            let out = ServiceIdentity {
                arn: service.service_arn()?.into(),
                cluster: service.cluster_arn()?.into(),
                name: service.service_name()?.into(),
                created_at: created_at(&service),
            };
            Some(cx.owned(tags_of(service.tags()), out)?.standing_on(stands_on(&service)))
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, out: &ServiceIdentity) -> Result<Option<LiveService>> {
        let key = (out.cluster.clone(), out.arn.clone());
        let Some(service) = cx.load::<Services>(key).await? else { return Ok(None) };
        let service = (*service).clone();
        if service.status() == Some("INACTIVE") {
            // It turns INACTIVE while its last tasks stop, and those hold subnets and groups.
            let tasks = tasks(cx, &service, true).await?;
            let still = |task: &&Rc<Task>| task.last_status() != Some("STOPPED");
            let stopping = tasks.iter().filter(still).count();
            let live = LiveService { service, stopped: None, stopping, registrations: None };
            return Ok((stopping > 0).then_some(live));
        }
        let troubled = primary(&service).is_some_and(|deployment| {
            has_failed(deployment) || (cx.with_settings() && deployment.failed_tasks() > 0)
        });
        let stopped = if troubled {
            let mut tasks = tasks(cx, &service, true).await?;
            tasks.sort_by_key(|task| task.stopped_at().map(|at| at.secs()));
            tasks.iter().rev().find_map(|task| task.stopped_reason()).map(String::from)
        } else {
            None
        };
        let steady = service.status() == Some("ACTIVE") && is_stable(&service);
        let registrations = match steady && cx.with_traffic() {
            true => Some(registration::look(cx, &service).await?),
            false => None,
        };
        Ok(Some(LiveService { service, stopped, stopping: 0, registrations }))
    }

    fn readiness(live: &LiveService) -> Readiness {
        let service = &live.service;
        let event = service.events().first().and_then(|event| event.message());
        let last_words = || match (&live.stopped, event) {
            (Some(reason), _) => format!("; last task stopped: {reason}"),
            (None, Some(event)) => format!("; {event}"),
            (None, None) => String::new(),
        };
        match service.status() {
            Some("ACTIVE") => {}
            Some("INACTIVE") => {
                return Readiness::Waiting(format!("{} tasks are stopping", live.stopping));
            }
            other => {
                return Readiness::Waiting(format!("status is {}", other.unwrap_or("unknown")));
            }
        }
        let (running, desired) = (service.running_count(), service.desired_count());
        let deployment = primary(service);
        if let Some(failed) = deployment.filter(|it| has_failed(it)) {
            let reason = failed.rollout_state_reason().unwrap_or("the deployment failed");
            return Readiness::Failed(format!("{reason}{}", last_words()));
        }
        if is_stable(service) {
            return Readiness::Ready;
        }
        Readiness::Waiting(format!("{running} of {desired} tasks running{}", last_words()))
    }

    fn health(live: &LiveService) -> Option<String> {
        let (running, desired) = (live.service.running_count(), live.service.desired_count());
        let mut text = format!("{running} of {desired} tasks running");
        if let Some(connect) = service_connect::member(primary(&live.service)) {
            text.push_str(", in Service Connect");
            let names = service_connect::names(connect);
            if !names.is_empty() {
                text.push_str(" as ");
                text.push_str(&names.join(", "));
            }
        }
        Some(text)
    }

    fn tags(live: &LiveService) -> Option<Tags> {
        Some(tags_of(live.service.tags()))
    }

    async fn retag(cx: &Cx, out: &ServiceIdentity, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn delete(cx: &Cx, out: &ServiceIdentity) -> Result<()> {
        let call = cx.ecs().delete_service().cluster(&out.cluster).service(&out.arn);
        call.force(true).send().await.op("ecs:DeleteService").or_absent().map(drop)
    }

    fn id(out: &ServiceIdentity) -> String {
        format!("{}/{}", name_in(&out.cluster), out.name)
    }
}

/// What it runs, where, and for whom.
fn stands_on(service: &ecs::Service) -> Vec<String> {
    let network = service.network_configuration().and_then(|it| it.awsvpc_configuration());
    let network = network.map(|it| it.subnets().iter().chain(it.security_groups()));
    let groups = service.load_balancers().iter().filter_map(|it| it.target_group_arn());
    let registries = service.service_registries().iter().filter_map(|it| it.registry_arn());
    let named = groups.chain(registries).chain(service.task_definition()).map(String::from);
    named.chain(network.into_iter().flatten().cloned()).collect()
}

/// Whole seconds, as all of AWS's answers agree on them.
fn created_at(service: &ecs::Service) -> Option<i64> {
    service.created_at().map(|at| at.secs())
}

/// The services that it calls and that were made after its tasks.
fn newer(needs: &ServiceValues, live: &ecs::Service) -> Vec<String> {
    let Some(begun) = primary(live).and_then(|it| it.created_at()) else { return Vec::new() };
    let later = needs.after.iter().filter(|it| it.created_at.is_some_and(|at| at > begun.secs()));
    later.map(|service| service.name.clone()).collect()
}
