//! Where a service's tasks are registered: in a target group, in Cloud Map. ECS registers a task once,
//! when it starts, and never looks again: what somebody deregisters stays so, and what somebody else
//! registers takes a part of the requests.

use super::{service::ServiceIdentity, service_reads::tasks};
use crate::resources::{
    elasticloadbalancingv2::target_group::targets, prelude::*, servicediscovery::service::instances,
};
use aws_sdk_ecs::types::{self as ecs, Task};
use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealthDescription, TargetHealthStateEnum,
};
use std::{collections::BTreeSet, rc::Rc};

/// What others register is no node's: ECS registers the tasks.
const TARGET: Kind = Kind("AWS::ElasticLoadBalancingV2::Target");
/// Likewise in Cloud Map.
const INSTANCE: Kind = Kind("AWS::ServiceDiscovery::Instance");

/// Who registered an instance that has it.
const BY_ECS: &str = "ECS_SERVICE_NAME";

/// What is registered, beside the tasks that are to be.
#[derive(Default)]
pub(super) struct Registrations {
    /// Running tasks that are missing somewhere, by address, and where.
    pub(super) missing: Vec<String>,
    /// Targets that are no task's.
    targets: Vec<TargetDescription>,
    /// Instances that are no task's: ID and address.
    instances: Vec<(String, String)>,
}

impl Registrations {
    /// Adds what differs.
    pub(super) fn compare(&self, drift: Drift) -> Drift {
        let drift = drift.mutable("unregistered_tasks", Vec::<&str>::new(), &self.missing);
        let drift = self.targets.iter().fold(drift, |drift, target| {
            let (ip, port) = (target.id().unwrap_or_default(), target.port().unwrap_or_default());
            drift.extra(TARGET, "target", (ip, port), &format!("{ip}:{port}"))
        });
        self.instances.iter().fold(drift, |drift, (id, address)| {
            drift.extra(INSTANCE, "instance", id, &format!("{id} {address}"))
        })
    }
}

/// Where a description says that tasks are registered.
fn places(service: &ecs::Service) -> (Option<(&str, i32)>, Option<&str>) {
    let group = service
        .load_balancers()
        .first()
        .and_then(|it| Some((it.target_group_arn()?, it.container_port()?)));
    let registry = service.service_registries().first().and_then(|it| it.registry_arn());
    (group, registry.and_then(|arn| arn.rsplit('/').next()))
}

/// Compares tasks with what is registered.
///
/// Things move while they are looked at, so the tasks are looked at before and after: missing is only
/// one that ran all the time, and extra only what was never one's.
pub(super) async fn look(cx: &Cx, service: &ecs::Service) -> Result<Registrations> {
    let (group, registry) = places(service);
    let before = tasks(cx, service, false).await?;
    let targets = async {
        match group {
            Some((arn, _)) => targets(cx, arn).await.or_absent().map(Option::unwrap_or_default),
            None => Ok(Vec::new()),
        }
    };
    let instances = async {
        match registry {
            Some(id) => instances(cx, id).await,
            None => Ok(Vec::new()),
        }
    };
    let (targets, instances) = futures_util::try_join!(targets, instances)?;
    let found = compare(&before, &[], (group, &targets), (registry, &instances));
    if found.is_empty() {
        return Ok(found);
    }
    let (after, ended) =
        futures_util::try_join!(tasks(cx, service, false), tasks(cx, service, true))?;
    let stayed = |task: &Rc<Task>| after.iter().any(|it| it.task_arn() == task.task_arn());
    let (stayed, others): (Vec<_>, Vec<_>) = before.into_iter().partition(stayed);
    let others: Vec<_> = others.into_iter().chain(after).chain(ended).collect();
    Ok(compare(&stayed, &others, (group, &targets), (registry, &instances)))
}

impl Registrations {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.targets.is_empty() && self.instances.is_empty()
    }
}

type Instances = [(String, BTreeMap<String, String>)];

/// `tasks` are to be registered, `others` may be.
fn compare(
    tasks: &[Rc<Task>],
    others: &[Rc<Task>],
    (group, targets): (Option<(&str, i32)>, &[TargetHealthDescription]),
    (registry, instances): (Option<&str>, &Instances),
) -> Registrations {
    let running = tasks.iter().filter(|task| task.last_status() == Some("RUNNING"));
    let running: BTreeSet<&str> = running.filter_map(|task| address(task)).collect();
    let known: BTreeSet<&str> =
        tasks.iter().chain(others).filter_map(|task| address(task)).collect();
    let mut found = Registrations::default();
    if let Some((_, port)) = group {
        let stays = |it: &&TargetHealthDescription| {
            let state = it.target_health().and_then(|health| health.state());
            state != Some(&TargetHealthStateEnum::Draining)
        };
        let there: Vec<_> = targets.iter().filter(stays).filter_map(|it| it.target()).collect();
        let listed =
            |ip: &str| there.iter().any(|it| it.id() == Some(ip) && it.port() == Some(port));
        let missing = running.iter().filter(|ip| !listed(ip));
        found.missing.extend(missing.map(|ip| format!("{ip} in its target group")));
        let ours = |it: &TargetDescription| {
            it.port() == Some(port) && it.id().is_some_and(|ip| known.contains(ip))
        };
        let extra = there.into_iter().filter(|target| !ours(target));
        found.targets = extra.cloned().collect();
    }
    if registry.is_some() {
        let at =
            |attributes: &BTreeMap<String, String>| attributes.get("AWS_INSTANCE_IPV4").cloned();
        let listed = |ip: &str| instances.iter().any(|(_, it)| at(it).as_deref() == Some(ip));
        let missing = running.iter().filter(|ip| !listed(ip));
        found.missing.extend(missing.map(|ip| format!("{ip} in Cloud Map")));
        // ECS takes away what it registered, some time after its task.
        let extra = instances.iter().filter(|(_, attributes)| {
            let ours = at(attributes).is_some_and(|ip| known.contains(ip.as_str()));
            !ours && !attributes.contains_key(BY_ECS)
        });
        let named = extra.map(|(id, it)| (id.clone(), at(it).unwrap_or_default()));
        found.instances = named.collect();
    }
    found
}

/// A task's address in its subnet.
fn address(task: &Task) -> Option<&str> {
    let interfaces = task.containers().iter().flat_map(|container| container.network_interfaces());
    let of_containers = interfaces.filter_map(|it| it.private_ipv4_address()).next();
    let details = task.attachments().iter().flat_map(|attachment| attachment.details());
    let mut attached = details.filter(|detail| detail.name() == Some("privateIPv4Address"));
    of_containers.or_else(|| attached.next()?.value())
}

/// Takes away what is no task's.
pub(super) async fn clear(cx: &Cx, id: &ServiceIdentity, drift: &Drift) -> Result<()> {
    let targets = drift.extras::<(String, i32)>(TARGET);
    let instances = drift.extras::<String>(INSTANCE);
    if targets.is_empty() && instances.is_empty() {
        return Ok(());
    }
    let key = (id.cluster.clone(), id.arn.clone());
    let Some(service) = cx.load::<super::service_reads::Services>(key).await? else {
        return Ok(());
    };
    let (group, registry) = places(&service);
    if let (Some((arn, _)), false) = (group, targets.is_empty()) {
        let targets = targets
            .into_iter()
            .map(|(ip, port)| TargetDescription::builder().id(ip).port(port).build());
        let call = cx.elb().deregister_targets().target_group_arn(arn);
        let call = call.set_targets(Some(targets.collect()));
        call.send().await.op("elasticloadbalancing:DeregisterTargets").or_absent()?;
    }
    for instance in instances {
        let call = cx.servicediscovery().deregister_instance().instance_id(instance);
        let call = call.set_service_id(registry.map(str::to_owned));
        match call.send().await.op("servicediscovery:DeregisterInstance").or_absent() {
            // It is on its way.
            Err(error) if error.code == "DuplicateRequest" => {}
            answer => drop(answer?),
        }
    }
    Ok(())
}
