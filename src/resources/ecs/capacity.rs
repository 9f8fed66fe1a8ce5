//! What the tasks of a service run on: Fargate by a launch type, or a capacity provider by a strategy.
//!
//! A service that goes back from Fargate Spot goes to the provider `FARGATE`, not to the launch type:
//! AWS takes an empty strategy only of a service that was made with a launch type, and does not tell
//! which ones were. Both are the same capacity.

use super::container::unsayable;
use crate::resources::prelude::*;
use aws_sdk_ecs::types::{self as ecs, CapacityProviderStrategyItem};

/// Fargate, as a launch type and as a capacity provider.
pub const FARGATE: &str = "FARGATE";
/// Fargate's spare capacity, which only a capacity provider gives.
pub const FARGATE_SPOT: &str = "FARGATE_SPOT";

/// All on one capacity provider.
pub(super) fn strategy(provider: &str) -> Result<Vec<CapacityProviderStrategyItem>> {
    let item = CapacityProviderStrategyItem::builder().capacity_provider(provider).weight(1);
    Ok(vec![item.build().map_err(unsayable)?])
}

/// What a service's tasks run on: its launch type, or its strategy's providers.
pub(super) fn provider(live: &ecs::Service) -> Option<String> {
    let strategy = live.capacity_provider_strategy();
    if strategy.is_empty() {
        return live.launch_type().map(|it| it.as_str().to_owned());
    }
    let providers = strategy.iter().map(CapacityProviderStrategyItem::capacity_provider);
    Some(sorted(providers.map(String::from)).join(", "))
}

/// A service's launch type; with a strategy, the one that its providers stand for.
pub(super) fn launch_type(live: &ecs::Service) -> Option<&str> {
    let strategy = live.capacity_provider_strategy();
    let fargate = |item: &CapacityProviderStrategyItem| {
        [FARGATE, FARGATE_SPOT].contains(&item.capacity_provider())
    };
    match strategy {
        [] => live.launch_type().map(|it| it.as_str()),
        all => all.iter().all(fargate).then_some(FARGATE),
    }
}
