//! Settings that every service has alike: how it rolls out, whose tags its tasks take, and that nobody
//! runs commands in them. Compared only where AWS answers with them.

use crate::resources::prelude::*;
use aws_sdk_ecs::{
    operation::update_service::builders::UpdateServiceFluentBuilder,
    types::{self as ecs, DeploymentCircuitBreaker, DeploymentConfiguration, PropagateTags},
};
use serde_json::json;

/// All of the new tasks may run beside all of the old ones, and none of the old ones goes before.
const MAXIMUM_PERCENT: i32 = 200;
const MINIMUM_HEALTHY_PERCENT: i32 = 100;
/// Its tasks carry the stack's tags.
const PROPAGATE_TAGS: PropagateTags = PropagateTags::Service;

const ROLLING: [&str; 4] =
    ["maximum_percent", "minimum_healthy_percent", "deployment_circuit_breaker", "strategy"];

/// How a service rolls out. The breaker ends what fails, and leaves it to be looked at.
pub(super) fn deployment() -> DeploymentConfiguration {
    let breaker = DeploymentCircuitBreaker::builder().enable(true).rollback(false).build();
    DeploymentConfiguration::builder()
        .deployment_circuit_breaker(breaker)
        .maximum_percent(MAXIMUM_PERCENT)
        .minimum_healthy_percent(MINIMUM_HEALTHY_PERCENT)
        .build()
}

/// Whose tags its tasks take.
pub(super) fn propagate_tags() -> PropagateTags {
    PROPAGATE_TAGS
}

/// Adds the settings that differ.
pub(super) fn compare(drift: Drift, live: &ecs::Service) -> Drift {
    let drift = drift.mutable("enable_execute_command", false, live.enable_execute_command());
    let drift = match live.propagate_tags() {
        Some(have) => drift.mutable("propagate_tags", PROPAGATE_TAGS.as_str(), have.as_str()),
        None => drift,
    };
    let Some(rolling) = live.deployment_configuration() else { return drift };
    let compare = |drift: Drift, field: &str, want: serde_json::Value, have: Option<_>| match have {
        Some(have) => drift.mutable(field, want, have),
        None => drift,
    };
    let breaker = rolling.deployment_circuit_breaker();
    let breaker = breaker.map(|it| json!({ "enable": it.enable(), "rollback": it.rollback() }));
    let [maximum, minimum, circuit_breaker, strategy] = ROLLING;
    let most = rolling.maximum_percent().map(|percent| json!(percent));
    let least = rolling.minimum_healthy_percent().map(|percent| json!(percent));
    let drift = compare(drift, maximum, json!(MAXIMUM_PERCENT), most);
    let drift = compare(drift, minimum, json!(MINIMUM_HEALTHY_PERCENT), least);
    let on = json!({ "enable": true, "rollback": false });
    let drift = compare(drift, circuit_breaker, on, breaker);
    let have = rolling.strategy().map(|it| json!(it.as_str()));
    compare(drift, strategy, json!(ecs::DeploymentStrategy::Rolling.as_str()), have)
}

/// Adds what a drift names to the changing call.
pub(super) fn change(
    call: UpdateServiceFluentBuilder,
    drift: &Drift,
) -> UpdateServiceFluentBuilder {
    let rolls = ROLLING.into_iter().any(|field| drift.touches(field));
    let rolling = rolls.then(|| {
        let mut rolling = deployment();
        // Only where it must go back: servers that know no strategy refuse one.
        rolling.strategy = drift.touches("strategy").then_some(ecs::DeploymentStrategy::Rolling);
        rolling
    });
    call.set_deployment_configuration(rolling)
        .set_enable_execute_command(drift.touches("enable_execute_command").then_some(false))
        .set_propagate_tags(drift.touches("propagate_tags").then_some(PROPAGATE_TAGS))
}
