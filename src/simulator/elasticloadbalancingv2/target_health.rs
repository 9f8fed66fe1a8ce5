//! Health of targets, judged from the clock: nothing is planned, so a group that moves to another
//! listener, or a load balancer that becomes `active` later, is taken into account.

use super::{
    load_balancer,
    target::Target,
    target_group::{self, TargetGroup},
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::Call,
};
use serde_json::{Value, json};

/// A state with AWS's reason and words; a healthy target needs none.
struct Health(&'static str, Option<(&'static str, &'static str)>);

const NOT_REGISTERED: Health = Health(
    "unused",
    Some(("Target.NotRegistered", "Target is not registered to the target group")),
);
const NOT_IN_USE: Health = Health(
    "unused",
    Some((
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer",
    )),
);
const REGISTERING: Health =
    Health("initial", Some(("Elb.RegistrationInProgress", "Target registration is in progress")));
const CHECKING: Health =
    Health("initial", Some(("Elb.InitialHealthChecking", "Initial health checks in progress")));
const DRAINING: Health = Health(
    "draining",
    Some(("Target.DeregistrationInProgress", "Target deregistration is in progress")),
);
const UNHEALTHY: Health =
    Health("unhealthy", Some(("Target.FailedHealthChecks", "Health checks failed")));
const HEALTHY: Health = Health("healthy", None);

/// When checks of a target begin, and when they are conclusive.
struct Checks {
    from: Millis,
    until: Millis,
}

/// The state of an address in a target group, on any port: `initial`, `healthy`, `unhealthy`,
/// `draining`, or `unused` when it is not registered or the group is on no listener.
pub fn target_health(account: &Account, target_group_arn: &str, ip: &str) -> &'static str {
    let Ok(group) = target_group::find(account, target_group_arn) else { return NOT_REGISTERED.0 };
    let target = group.targets.iter().find(|target| target.ip == ip);
    target.map_or(NOT_REGISTERED, |target| judge(account, group, target)).0
}

/// When an address will be (or became) healthy, as things stand: `None` when it will not be, or
/// when its load balancer is not `active` yet, so that nobody knows.
pub fn healthy_at(account: &Account, target_group_arn: &str, ip: &str) -> Option<Millis> {
    let group = target_group::find(account, target_group_arn).ok()?;
    let target = group.targets.iter().find(|target| target.ip == ip)?;
    let expected = target.serving && target.draining_until.is_none();
    let checks = checks(account, group, target).filter(|_| expected)?;
    Some(checks.until)
}

/// `DescribeTargetHealth`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let group = target_group::find(account, call.input.text_or_empty("TargetGroupArn"))?;
    let wanted = call.input.list("Targets");
    let there = || group.targets.iter().filter(|target| target.is_there(account.now));
    if wanted.is_empty() {
        let all = there().map(|it| shown(group, Some(it), it.ip.clone(), it.port, account));
        return Ok(json!({ "TargetHealthDescriptions": all.collect::<Vec<_>>() }));
    }
    let named = wanted.iter().map(|one| {
        let (id, port) = (one.text_or_empty("Id"), one.int("Port").unwrap_or(group.port));
        let target = there().find(|it| it.ip == id && it.port == port);
        shown(group, target, id.into(), port, account)
    });
    Ok(json!({ "TargetHealthDescriptions": named.collect::<Vec<_>>() }))
}

fn shown(
    group: &TargetGroup,
    target: Option<&Target>,
    id: String,
    port: i64,
    account: &Account,
) -> Value {
    let Health(state, why) = target.map_or(NOT_REGISTERED, |it| judge(account, group, it));
    let check_port = match &*group.health_check.health_check_port {
        "traffic-port" => port.to_string(),
        fixed => fixed.to_owned(),
    };
    json!({
        "Target": { "Id": id, "Port": port, "AvailabilityZone": target.map(|it| &it.zone) },
        "HealthCheckPort": check_port,
        "TargetHealth": {
            "State": state,
            "Reason": why.map(|(reason, _)| reason),
            "Description": why.map(|(_, description)| description),
        },
    })
}

fn judge(account: &Account, group: &TargetGroup, target: &Target) -> Health {
    if !target.is_there(account.now) {
        return NOT_REGISTERED;
    }
    if target_group::in_use(account, &group.target_group_arn).is_none() {
        return NOT_IN_USE;
    }
    if target.draining_until.is_some() {
        return DRAINING;
    }
    match checks(account, group, target) {
        None => REGISTERING,
        Some(checks) if account.now < checks.from => REGISTERING,
        Some(checks) if account.now < checks.until => CHECKING,
        Some(_) if target.serving => HEALTHY,
        Some(_) => UNHEALTHY,
    }
}

/// `None` while the load balancer is not `active`, or the group is on none.
fn checks(account: &Account, group: &TargetGroup, target: &Target) -> Option<Checks> {
    let (arn, used_since) = target_group::in_use(account, &group.target_group_arn)?;
    let active_since = load_balancer::find(account, &arn).ok()?.active_since?;
    let since = target.registered.max(used_since).max(active_since);
    if account.instant {
        return Some(Checks { from: since, until: since });
    }
    let check = &group.health_check;
    let rounds = match (target.serving, group.is_http()) {
        // One passing check is enough for a new target of an application load balancer.
        (true, true) => 1,
        (true, false) => check.healthy_threshold_count,
        (false, _) => check.unhealthy_threshold_count,
    };
    let from = since + target.lag;
    let seconds = u64::try_from(rounds * check.health_check_interval_seconds).unwrap_or_default();
    Some(Checks { from, until: from + seconds * 1000 })
}
