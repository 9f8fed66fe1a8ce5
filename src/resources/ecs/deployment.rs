//! What a description says of a service's deployments. Pure.

use aws_sdk_ecs::types::{self as ecs, Deployment, DeploymentRolloutState};

/// The deployment that it moves to.
pub(super) fn primary(service: &ecs::Service) -> Option<&Deployment> {
    service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"))
}

/// Whether it runs as many tasks as it shall, all of one deployment that is through.
pub(super) fn is_stable(service: &ecs::Service) -> bool {
    // Emulators that track no rollout leave the state out.
    let rolled_out = primary(service)
        .and_then(|it| it.rollout_state())
        .is_none_or(|state| *state == DeploymentRolloutState::Completed);
    service.running_count() == service.desired_count()
        && service.deployments().len() <= 1
        && rolled_out
}

/// How a deployment fails: it has, or its tasks do before it is through. Those of an earlier run died
/// of what may be mended by now, and still count.
pub(super) fn fails(deployment: &Deployment) -> Option<&'static str> {
    let moving = deployment.rollout_state() == Some(&DeploymentRolloutState::InProgress);
    match has_failed(deployment) {
        true => Some("FAILED"),
        false if moving && deployment.failed_tasks() > 0 => Some("IN_PROGRESS, with failed tasks"),
        false => None,
    }
}

pub(super) fn has_failed(deployment: &Deployment) -> bool {
    deployment.rollout_state() == Some(&DeploymentRolloutState::Failed)
}
