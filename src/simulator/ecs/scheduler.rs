//! The service scheduler: starts and stops tasks until what runs is what is wanted.

use super::{
    Event, deployment, launch, outside, seconds,
    service::{self, Service},
    service_connect, task, task_life,
};
use crate::simulator::{
    account::{Account, Millis},
    agenda,
    fields::Fields,
    latency::Latency,
};

/// How often it looks at a service that is not steady.
const LOOK: Millis = 2_000;
/// A pause after a failure, at the least: also in an account without latencies.
const PAUSE: Millis = 10_000;
/// A task that nothing checks counts when it has run for this long.
const UNCHECKED: Millis = 40_000;

/// A task that is wanted, as the scheduler sees it.
struct Standing {
    arn: String,
    deployment: String,
    healthy: bool,
    /// Load balancing says that it does not work.
    failing: Option<String>,
}

/// Plans a look at a service, unless one is planned before.
pub fn look_in(account: &mut Account, arn: &str, delay: Millis) {
    let at = account.now + delay;
    let Some(service) = account.ecs.services.known_mut(arn) else { return };
    if service.look_at.is_some_and(|planned| planned <= at) {
        return;
    }
    service.look_at = Some(at);
    account.in_millis(delay, agenda::Event::Ecs(Event::Look(arn.into())));
}

/// A planned look.
pub fn look_now(account: &mut Account, arn: &str) {
    let now = account.now;
    let Some(service) = account.ecs.services.known_mut(arn) else { return };
    if service.look_at.is_some_and(|planned| planned > now) {
        return;
    }
    service.look_at = None;
    look(account, arn);
}

/// Compares what runs with what is wanted.
pub fn look(account: &mut Account, arn: &str) {
    let Some(service) = account.ecs.services.known(arn) else { return };
    match service.status.as_str() {
        "ACTIVE" => roll(account, arn),
        "DRAINING" => drain(account, arn),
        _ => {}
    }
}

/// The pause before another attempt.
pub fn pause(account: &mut Account) -> Millis {
    account.draw(Latency::TaskRetry).max(PAUSE)
}

fn roll(account: &mut Account, arn: &str) {
    retire_failing(account, arn);
    let tasks = standing(account, arn);
    forgive(account, arn, &tasks);
    let Some(service) = account.ecs.services.known(arn).cloned() else { return };
    let Some(primary) = service.primary().cloned() else { return };
    let desired = usize::try_from(service.desired_count).unwrap_or(0);
    let (ours, others): (Vec<_>, Vec<_>) =
        tasks.iter().partition(|task| task.deployment == primary.id);

    let mut idle = primary.rollout_state == "FAILED";
    if !idle && ours.len() < desired {
        let most = desired * service.percent("maximumPercent", 200).unsigned_abs() as usize / 100;
        let room = most.saturating_sub(tasks.len());
        if primary.not_before <= account.now {
            start(account, arn, &primary, (desired - ours.len()).min(room));
        }
    }
    if ours.len() > desired {
        // Those that do not work yet go first.
        let mut surplus = ours.clone();
        surplus.sort_by_key(|task| task.healthy);
        stop(account, arn, surplus.into_iter().take(ours.len() - desired));
    }
    if !idle {
        let least = service.percent("minimumHealthyPercent", 100).unsigned_abs() as usize;
        let least = (desired * least).div_ceil(100);
        let healthy = tasks.iter().filter(|task| task.healthy).count();
        let mut spare = healthy.saturating_sub(least);
        let dispensable = others.into_iter().filter(|task| {
            let goes = !task.healthy || spare > 0;
            spare = spare.saturating_sub(usize::from(task.healthy && goes));
            goes
        });
        stop(account, arn, dispensable);
    }
    end_others(account, arn);

    let whole = ours.len() == desired && ours.iter().all(|task| task.healthy);
    let alone = account.ecs.services.known(arn).is_some_and(|it| it.deployments.len() == 1);
    if whole && alone {
        settle(account, arn, &primary.id);
        idle = true;
    }
    if !idle {
        look_in(account, arn, LOOK);
    }
}

/// Everything is as wanted: the deployment is complete soon, or the service steady.
fn settle(account: &mut Account, arn: &str, id: &str) {
    let Some(service) = account.ecs.services.known_mut(arn) else { return };
    let steady = service.steady;
    let Some(deployment) = service.deployment_mut(id) else { return };
    match deployment.rollout_state.as_str() {
        "IN_PROGRESS" if !deployment.settling => {
            deployment.settling = true;
            let event = Event::Settled { service: arn.into(), deployment: id.into() };
            account.after(Latency::DeploymentSettling, agenda::Event::Ecs(event));
        }
        "COMPLETED" if !steady => {
            service.steady = true;
            service::say(account, arn, "has reached a steady state.");
        }
        _ => {}
    }
}

/// The deployment has been whole for a while: it is complete, if it still is.
pub fn settled(account: &mut Account, arn: &str, id: &str) {
    let tasks = standing(account, arn);
    let now = seconds(account.now);
    let Some(service) = account.ecs.services.known_mut(arn) else { return };
    let desired = usize::try_from(service.desired_count).unwrap_or(0);
    let whole = tasks.iter().filter(|it| it.deployment == id && it.healthy).count() == desired;
    let active = service.status == "ACTIVE" && service.deployments.len() == 1;
    let Some(deployment) = service.deployment_mut(id) else { return };
    deployment.settling = false;
    if whole && active && deployment.rollout_state == "IN_PROGRESS" {
        deployment.rollout_state = "COMPLETED".into();
        deployment.rollout_state_reason = format!("ECS deployment {id} completed.");
        deployment.updated_at = now;
        service::say(account, arn, &format!("(deployment {id}) deployment completed."));
    }
    look_in(account, arn, 0);
}

/// Stops tasks whose targets load balancing calls unhealthy.
fn retire_failing(account: &mut Account, arn: &str) {
    for task in standing(account, arn) {
        let Some(group) = task.failing else { continue };
        let text = format!(
            "(task {}) is unhealthy in (target-group {group}) due to (reason Health checks failed)",
            super::name_of(&task.arn)
        );
        service::say(account, arn, &text);
        let reason = format!("Task failed ELB health checks in (target-group {group})");
        task_life::fail(account, &task.arn, "ServiceSchedulerInitiated", &reason);
    }
}

/// A task that works ends the row of failures.
fn forgive(account: &mut Account, arn: &str, tasks: &[Standing]) {
    for task in tasks.iter().filter(|task| task.healthy) {
        let known = account.ecs.tasks.known_mut(&task.arn);
        let first = known.is_some_and(|known| !std::mem::replace(&mut known.proven, true));
        let service = account.ecs.services.known_mut(arn).filter(|_| first);
        if let Some(deployment) = service.and_then(|it| it.deployment_mut(&task.deployment)) {
            deployment.failed_tasks = 0;
        }
    }
}

fn start(account: &mut Account, arn: &str, primary: &deployment::Deployment, count: usize) {
    let mut started = Vec::new();
    for _ in 0..count {
        match launch::launch(account, arn, primary) {
            Ok(task) => started.push(format!("(task {})", super::name_of(&task))),
            Err(trouble) => {
                service::say(account, arn, &trouble);
                let until = account.now + pause(account);
                let service = account.ecs.services.known_mut(arn);
                if let Some(it) = service.and_then(|it| it.deployment_mut(&primary.id)) {
                    it.not_before = until;
                }
                break;
            }
        }
    }
    if !started.is_empty() {
        let text = format!("has started {} tasks: {}.", started.len(), started.join(" "));
        service::say(account, arn, &text);
    }
}

fn stop<'a>(account: &mut Account, arn: &str, tasks: impl Iterator<Item = &'a Standing>) {
    let mut stopped = Vec::new();
    for task in tasks {
        stopped.push(format!("(task {})", super::name_of(&task.arn)));
        task_life::stop(
            account,
            &task.arn,
            "ServiceSchedulerInitiated",
            &format!("Scaling activity initiated by (deployment {})", task.deployment),
        );
    }
    if !stopped.is_empty() {
        let text = format!("has stopped {} running tasks: {}.", stopped.len(), stopped.join(" "));
        service::say(account, arn, &text);
    }
}

/// Earlier deployments are over when none of their tasks serves any longer.
fn end_others(account: &mut Account, arn: &str) {
    let serving: Vec<String> = task::of_service(account, arn)
        .filter(|task| task.serves())
        .map(|task| task.started_by.clone())
        .collect();
    let Some(service) = account.ecs.services.known_mut(arn) else { return };
    let all = std::mem::take(&mut service.deployments);
    let (stay, mut over): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|it| it.status == "PRIMARY" || serving.contains(&it.id));
    service.deployments = stay;
    for deployment in &mut over {
        deployment.status = "INACTIVE".into();
    }
    let any = !over.is_empty();
    service.past.splice(0..0, over);
    if any {
        service_connect::follow(account, arn);
    }
}

/// Stops what is left; INACTIVE when no task serves any longer, though some may still be stopping.
fn drain(account: &mut Account, arn: &str) {
    let tasks = standing(account, arn);
    stop(account, arn, tasks.iter());
    if task::of_service(account, arn).any(task::Task::serves) {
        return look_in(account, arn, LOOK);
    }
    if let Some(service) = account.ecs.services.known_mut(arn) {
        service.status = "INACTIVE".into();
        let mut over = std::mem::take(&mut service.deployments);
        for deployment in &mut over {
            deployment.status = "INACTIVE".into();
        }
        service.past.splice(0..0, over);
    }
    service_connect::follow(account, arn);
}

/// The tasks of a service that shall go on.
fn standing(account: &Account, arn: &str) -> Vec<Standing> {
    let Some(service) = account.ecs.services.known(arn) else { return Vec::new() };
    let wanted = task::of_service(account, arn).filter(|task| task.desired_status == "RUNNING");
    wanted
        .map(|task| {
            let (healthy, failing) = judge(account, service, task);
            let deployment = task.started_by.clone();
            Standing { arn: task.task_arn.clone(), deployment, healthy, failing }
        })
        .collect()
}

/// Whether a task works, and the target group that says that it never will.
fn judge(account: &Account, service: &Service, task: &task::Task) -> (bool, Option<String>) {
    let Some(running) = task.running_since.filter(|_| task.last_status == "RUNNING") else {
        return (false, None);
    };
    let age = account.now.saturating_sub(running);
    let checked = task.containers.iter().any(|container| container.checked);
    let mut healthy = match checked {
        true => task.health(account.now) == "HEALTHY",
        false => account.instant || !service.load_balancers.is_empty() || age >= UNCHECKED,
    };
    let grace = service.health_check_grace_period_seconds.unwrap_or(0).unsigned_abs() * 1000;
    let mut failing = None;
    for target in &service.load_balancers {
        let group = target.text_or_empty("targetGroupArn");
        let port = target.int("containerPort").unwrap_or_default();
        let state = outside::target_health(account, group, &task.ip, port);
        healthy &= state.as_deref() == Some("healthy");
        if state.as_deref() == Some("unhealthy") && age > grace {
            failing = Some(group.to_owned());
        }
    }
    (healthy, failing)
}
