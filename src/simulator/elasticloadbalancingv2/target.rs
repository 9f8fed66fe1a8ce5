//! Targets: addresses in a target group. ECS's simulator registers its tasks here.

use super::{done, interfaces, target_group};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};

/// An address in a target group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The address.
    pub ip: String,
    /// The port.
    pub port: i64,
    /// The zone of the address.
    pub zone: String,
    /// Whether what stands there passes health checks.
    pub serving: bool,
    /// When it was registered.
    pub registered: Millis,
    /// How long the load balancer takes to begin with it.
    pub lag: Millis,
    /// Until when it drains; it is gone then.
    pub draining_until: Option<Millis>,
}

impl Target {
    /// Whether it is still there, draining or not.
    pub fn is_there(&self, now: Millis) -> bool {
        self.draining_until.is_none_or(|until| until > now)
    }
}

/// Registers an address, as ECS does for a task that is running. `serving` says whether the
/// application there passes health checks. What is registered already stays as it is, but for
/// `serving`; what is draining starts anew.
///
/// # Errors
/// `TargetGroupNotFound`, or `InvalidTarget` when the address is outside the group's VPC.
pub fn register_target(
    account: &mut Account,
    target_group_arn: &str,
    ip: &str,
    port: i64,
    serving: bool,
) -> Result<(), ApiError> {
    let now = account.now;
    let vpc_id = &target_group::find(account, target_group_arn)?.vpc_id;
    let zone = ip.parse().ok().and_then(|ip| interfaces::zone_of(account, vpc_id, ip));
    let Some(zone) = zone else {
        let message = format!("The IP address '{ip}' is not within a VPC subnet");
        return Err(ApiError::new("InvalidTarget", message));
    };
    let lag = account.draw(Latency::TargetRegistration);
    let most = account.quotas.targets_per_target_group;
    let group = target_group::find_mut(account, target_group_arn)?;
    group.targets.retain(|target| target.is_there(now));
    let same = |target: &&mut Target| target.ip == ip && target.port == port;
    if let Some(target) = group.targets.iter_mut().find(same) {
        target.serving = serving;
        if target.draining_until.take().is_some() {
            (target.registered, target.lag) = (now, lag);
        }
        return Ok(());
    }
    if group.targets.len() >= most {
        let message = "You've reached the limit on the number of targets per target group";
        return Err(ApiError::new("TooManyTargets", message));
    }
    let ip = ip.to_owned();
    let draining_until = None;
    group.targets.push(Target { ip, port, zone, serving, registered: now, lag, draining_until });
    Ok(())
}

/// Deregisters an address: it drains for the group's deregistration delay, unless the group takes
/// no traffic. Answers when it is gone; what was never there is gone already.
pub fn deregister_target(
    account: &mut Account,
    target_group_arn: &str,
    ip: &str,
    port: i64,
) -> Millis {
    let now = account.now;
    let used = target_group::in_use(account, target_group_arn).is_some();
    let Ok(group) = target_group::find_mut(account, target_group_arn) else { return now };
    let delay = if used { group.deregistration_delay() } else { 0 };
    let gone = now + delay;
    let same = |target: &&mut Target| target.ip == ip && target.port == port;
    let gone = match group.targets.iter_mut().find(same) {
        Some(target) => *target.draining_until.get_or_insert(gone),
        None => now,
    };
    group.targets.retain(|target| target.is_there(now));
    gone.max(now)
}

/// `RegisterTargets`: whatever is registered by hand is believed to work.
pub fn register(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("TargetGroupArn");
    let group = target_group::find(account, arn)?;
    let (usual, by_address) = (group.port, group.target_type == "ip");
    for target in call.input.list("Targets") {
        let (id, port) = (target.text_or_empty("Id"), target.int("Port").unwrap_or(usual));
        if !by_address {
            let message = format!("The following targets are not in a running state: '{id}'");
            return Err(ApiError::new("InvalidTarget", message));
        }
        register_target(account, arn, id, port, true)?;
    }
    done()
}

/// `DeregisterTargets`.
pub fn deregister(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("TargetGroupArn");
    let usual = target_group::find(account, arn)?.port;
    for target in call.input.list("Targets") {
        let (id, port) = (target.text_or_empty("Id"), target.int("Port").unwrap_or(usual));
        deregister_target(account, arn, id, port);
    }
    done()
}
