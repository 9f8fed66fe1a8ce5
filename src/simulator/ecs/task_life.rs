//! A task's life: PROVISIONING, PENDING, ACTIVATING, RUNNING, and back out again.

use super::{
    Event, containers, deployment, name_of, outside, region_of, scheduler, seconds, service,
    service::Service, service_connect, task::Task, task_definition,
};
use crate::simulator::{
    account::{Account, Millis},
    agenda,
    fields::Fields,
    latency::Latency,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a stopped task is shown.
const SHOWN: Millis = 3_600_000;
/// Seconds from the signal to stop to the end, unless the container says otherwise.
const STOP_TIMEOUT: i64 = 30;

/// What a task does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Its network interface is there; images are pulled.
    Pull,
    /// Images are there, or cannot be had; containers start.
    Start,
    /// All containers have started; the task is registered.
    Activate,
    /// It counts as running.
    Run,
    /// A container may have turned healthy.
    Look,
    /// A container of an image that crashes exits.
    Crash,
    /// It serves no longer; containers are told to stop.
    Stop,
    /// Containers have stopped; the network interface goes.
    Deprovision,
    /// Nothing is left.
    End,
}

pub(super) fn then(account: &mut Account, arn: &str, latency: Latency, step: Step) {
    let delay = account.draw(latency);
    then_in(account, arn, delay, step);
}

fn then_in(account: &mut Account, arn: &str, delay: Millis, step: Step) {
    account.in_millis(delay, agenda::Event::Ecs(Event::Task { task: arn.into(), step }));
}

/// Takes a step, unless the task has meanwhile gone another way.
pub fn take(account: &mut Account, arn: &str, step: Step) {
    let Some(task) = account.ecs.tasks.known(arn) else { return };
    let going = task.desired_status == "RUNNING";
    match (step, task.last_status.as_str(), going) {
        (Step::Pull, "PROVISIONING", true) => pull(account, arn),
        (Step::Start, "PENDING", true) => start(account, arn),
        (Step::Activate, "PENDING", true) => activate(account, arn),
        (Step::Run, "ACTIVATING", true) => run(account, arn),
        (Step::Look, _, true) => look(account, arn),
        (Step::Crash, _, true) => crash(account, arn),
        (Step::Stop, "DEACTIVATING", _) => stop_containers(account, arn),
        (Step::Deprovision, "STOPPING", _) => deprovision(account, arn),
        (Step::End, "DEPROVISIONING", _) => end(account, arn),
        _ => {}
    }
}

fn change(account: &mut Account, arn: &str, work: impl FnOnce(&mut Task, f64)) {
    let now = seconds(account.now);
    if let Some(task) = account.ecs.tasks.known_mut(arn) {
        task.version += 1;
        work(task, now);
    }
}

fn pull(account: &mut Account, arn: &str) {
    change(account, arn, |task, now| {
        task.last_status = "PENDING".into();
        task.pull_started_at = Some(now);
    });
    then(account, arn, Latency::TaskPulling, Step::Start);
}

fn start(account: &mut Account, arn: &str) {
    let Some(task) = account.ecs.tasks.known(arn).cloned() else { return };
    let Ok(definition) = task_definition::find(account, &task.task_definition_arn) else { return };
    let mut definitions = definition.container_definitions.clone();
    let proxied = task.containers.iter().any(|it| it.name.starts_with(service_connect::PROXY));
    definitions.extend(proxied.then(|| proxy_log(account, &task)).flatten());
    if let Some(why) = obstacle(account, &task, &definitions) {
        return fail(account, arn, "TaskFailedToStart", &why);
    }
    let (now, instant) = (account.now, account.instant);
    let mut planned = task.containers;
    containers::plan(&mut planned, &definitions, now, instant);
    let all_started = planned.iter().filter_map(|it| it.starts).max().unwrap_or(now);
    let turns: Vec<Millis> = planned.iter().filter_map(|it| it.healthy).collect();
    let crash = planned.iter().filter(|it| it.crashes).filter_map(|it| it.starts).min();
    // One that waits for the health of a container that crashes never starts.
    let complete = planned.iter().all(|it| it.starts.is_some());
    change(account, arn, |task, now| {
        task.pull_stopped_at = Some(now);
        task.containers = planned;
    });
    if complete {
        then_in(account, arn, all_started - now, Step::Activate);
    }
    if let Some(starts) = crash {
        let after = if instant { 0 } else { containers::CRASHES_AFTER };
        then_in(account, arn, starts - now + after, Step::Crash);
    }
    for turn in turns {
        then_in(account, arn, turn - now, Step::Look);
    }
}

/// Why a task cannot start, in AWS's words.
fn obstacle(account: &Account, task: &Task, definitions: &[Value]) -> Option<String> {
    let image = task.containers.first().map(|container| container.image.as_str());
    if !outside::has_egress(account, &task.subnet, task.public) {
        let image = image.unwrap_or_default();
        return Some(format!(
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to \
             resolve ref {image}: failed to do request: Head: dial tcp: i/o timeout"
        ));
    }
    let mut logs = definitions.iter().filter_map(|it| it.get("logConfiguration"));
    let missing = logs.any(|log| {
        let options = log.map("options");
        let group = options.get("awslogs-group").map_or("", String::as_str);
        let creates = options.get("awslogs-create-group").is_some_and(|it| it == "true");
        let wanted = log.text("logDriver") == Some("awslogs") && !creates;
        wanted && !outside::log_group_exists(account, group)
    });
    missing.then(|| {
        "ResourceInitializationError: failed to validate logger args: create stream has been \
         retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The \
         specified log group does not exist. : exit status 1"
            .into()
    })
}

/// The proxy as far as its log is concerned: it starts no task whose log group does not exist.
fn proxy_log(account: &Account, task: &Task) -> Option<Value> {
    let service = account.ecs.services.known(&task.service)?;
    let deployment = service.deployments.iter().find(|it| it.id == task.started_by)?;
    let log = deployment.service_connect.as_ref()?.get("logConfiguration")?;
    Some(json!({ "logConfiguration": log }))
}

fn activate(account: &mut Account, arn: &str) {
    let Some((task, service)) = with_service(account, arn) else { return };
    let mut groups = Vec::new();
    for target in &service.load_balancers {
        let group = target.text_or_empty("targetGroupArn").to_owned();
        let port = target.int("containerPort").unwrap_or_default();
        outside::register_target(account, &group, &task.ip, port);
        let text = format!("registered 1 targets in (target-group {group})");
        service::say(account, &task.service, &text);
        groups.push((group, port));
    }
    let mut registries = Vec::new();
    for registry in &service.service_registries {
        let registry = registry.text_or_empty("registryArn").to_owned();
        let family = name_of(&task.task_definition_arn).split(':').next().unwrap_or_default();
        let attributes = [
            ("AWS_INSTANCE_IPV4", task.ip.as_str()),
            ("AVAILABILITY_ZONE", &task.availability_zone),
            ("REGION", region_of(arn)),
            ("ECS_CLUSTER_NAME", name_of(&task.cluster_arn)),
            ("ECS_SERVICE_NAME", &service.service_name),
            ("ECS_TASK_DEFINITION_FAMILY", family),
            ("AWS_INIT_HEALTH_STATUS", "UNHEALTHY"),
        ];
        let attributes = attributes.map(|(key, value)| (key.to_owned(), value.to_owned()));
        outside::register_instance(account, &registry, name_of(arn), attributes.into());
        registries.push(registry);
    }
    for registry in service_connect::registries(account, &service, &task.started_by) {
        let attributes = [
            ("AWS_INSTANCE_IPV4", task.ip.as_str()),
            ("AvailabilityZone", &task.availability_zone),
            ("DeploymentId", &task.started_by),
        ];
        let attributes = attributes.map(|(key, value)| (key.to_owned(), value.to_owned()));
        outside::register_instance(account, &registry, name_of(arn), attributes.into());
        registries.push(registry);
    }
    change(account, arn, |task, _| {
        task.last_status = "ACTIVATING".into();
        task.targets = groups;
        task.registries = registries;
    });
    then(account, arn, Latency::Visible, Step::Run);
}

fn run(account: &mut Account, arn: &str) {
    let since = account.now;
    change(account, arn, |task, now| {
        task.last_status = "RUNNING".into();
        task.started_at = Some(now);
        task.running_since = Some(since);
    });
    look(account, arn);
}

/// The service's scheduler looks, and Cloud Map learns of the task's health.
fn look(account: &mut Account, arn: &str) {
    let Some(task) = account.ecs.tasks.known(arn) else { return };
    let service = task.service.clone();
    let checked = task.containers.iter().any(|container| container.checked);
    let healthy = !checked || task.health(account.now) == "HEALTHY";
    if healthy && task.last_status == "RUNNING" {
        for registry in task.registries.clone() {
            outside::instance_is_healthy(account, &registry, name_of(arn));
        }
    }
    scheduler::look_in(account, &service, 0);
}

fn crash(account: &mut Account, arn: &str) {
    let mut essential = false;
    let now = account.now;
    change(account, arn, |task, _| {
        for container in &mut task.containers {
            if container.crashes && container.starts.is_some_and(|at| at <= now) {
                container.stopped = true;
                container.exit_code = Some(1);
                essential |= container.essential;
            }
        }
    });
    if essential {
        let reason = "Essential container in task exited";
        fail(account, arn, "EssentialContainerExited", reason);
    }
}

/// Ends a task that does not work. Counts against its deployment unless it has worked before.
pub fn fail(account: &mut Account, arn: &str, code: &str, reason: &str) {
    let Some(task) = account.ecs.tasks.known(arn).cloned() else { return };
    let pause = scheduler::pause(account);
    if task.proven {
        let until = account.now + pause;
        let service = account.ecs.services.known_mut(&task.service);
        if let Some(deployment) = service.and_then(|it| it.deployment_mut(&task.started_by)) {
            deployment.not_before = until;
        }
    } else {
        deployment::failed(account, &task.service, &task.started_by, pause);
    }
    stop(account, arn, code, reason);
}

/// Begins to stop a task: first it is taken out of load balancing and Cloud Map.
pub fn stop(account: &mut Account, arn: &str, code: &str, reason: &str) {
    let Some(task) = account.ecs.tasks.known(arn).cloned() else { return };
    if task.desired_status == "STOPPED" {
        return;
    }
    for (group, port) in &task.targets {
        outside::deregister_target(account, group, &task.ip, *port);
        let text = format!("deregistered 1 targets in (target-group {group})");
        service::say(account, &task.service, &text);
    }
    for registry in &task.registries {
        outside::deregister_instance(account, registry, name_of(arn));
    }
    let running = task.last_status == "RUNNING";
    let exited = task.containers.iter().any(|it| it.stopped && it.essential);
    change(account, arn, |task, now| {
        task.desired_status = "STOPPED".into();
        task.stop_code = Some(code.into());
        task.stopped_reason = Some(reason.into());
        task.stopping_at = Some(now);
        task.last_status = if running { "DEACTIVATING" } else { "STOPPING" }.into();
    });
    if running {
        // Connections drain first, unless nobody is left to answer them.
        let groups = task.targets.iter().filter(|_| !exited);
        let delays = groups.filter_map(|(group, _)| outside::target_group(account, group));
        let delay = delays.map(|group| group.deregistration_delay * 1000).max().unwrap_or(0);
        let delay = if account.instant { 0 } else { delay } + account.draw(Latency::Visible);
        then_in(account, arn, delay, Step::Stop);
    } else {
        then_in(account, arn, 0, Step::Deprovision);
    }
    scheduler::look_in(account, &task.service, 0);
}

fn stop_containers(account: &mut Account, arn: &str) {
    let Some(task) = account.ecs.tasks.known(arn).cloned() else { return };
    let definition = task_definition::find(account, &task.task_definition_arn);
    let definitions = definition.map(|it| it.container_definitions.clone()).unwrap_or_default();
    let exited = task.containers.iter().any(|it| it.stopped && it.essential);
    let timeouts = definitions.iter().map(|it| it.int("stopTimeout").unwrap_or(STOP_TIMEOUT));
    let timeout = timeouts.max().unwrap_or(0).unsigned_abs() * 1000;
    let timeout = if account.instant || exited { 0 } else { timeout };
    change(account, arn, |task, _| task.last_status = "STOPPING".into());
    then_in(account, arn, timeout, Step::Deprovision);
    scheduler::look_in(account, &task.service, 0);
}

fn deprovision(account: &mut Account, arn: &str) {
    change(account, arn, |task, _| {
        task.last_status = "DEPROVISIONING".into();
        for container in &mut task.containers {
            container.stopped = true;
        }
    });
    then(account, arn, Latency::TaskDeprovisioning, Step::End);
}

fn end(account: &mut Account, arn: &str) {
    let interface = account.ecs.tasks.known_mut(arn).and_then(|task| task.interface.take());
    if let Some(interface) = interface {
        outside::release(account, &interface);
    }
    change(account, arn, |task, now| {
        task.last_status = "STOPPED".into();
        task.stopped_at = Some(now);
    });
    account.in_millis(SHOWN, agenda::Event::Ecs(Event::Forget(arn.into())));
}

fn with_service(account: &Account, arn: &str) -> Option<(Task, Service)> {
    let task = account.ecs.tasks.known(arn)?.clone();
    let service = account.ecs.services.known(&task.service)?.clone();
    Some((task, service))
}
