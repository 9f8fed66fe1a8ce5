//! What all Describe operations share: pages by marker.

use super::invalid;
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::ApiError,
};
use serde_json::{Value, json};

/// How many ARNs or names one call takes.
const MOST_NAMED: usize = 20;

/// One page by `Marker` and `PageSize`, under the output member `list`.
pub fn page(list: &str, found: Vec<Value>, input: &Value) -> Answer {
    let start = match input.text("Marker") {
        None => 0,
        Some(marker) => {
            marker.parse::<usize>().map_err(|_| invalid(format!("Invalid marker '{marker}'")))?
        }
    };
    let size = input.int("PageSize").map_or(400, |size| size.clamp(1, 400) as usize);
    let more = found.len() > start + size;
    let page: Vec<Value> = found.into_iter().skip(start).take(size).collect();
    Ok(json!({ list: page, "NextMarker": more.then(|| (start + size).to_string()) }))
}

/// The ARNs or names of a member, of which AWS takes 20.
pub fn named<'a>(input: &'a Value, member: &str) -> Result<Vec<&'a str>, ApiError> {
    let named = input.texts(member);
    if named.len() > MOST_NAMED {
        let message = format!("The number of {member} cannot be more than '{MOST_NAMED}'");
        return Err(invalid(message));
    }
    Ok(named)
}

/// `DescribeAccountLimits`.
pub fn account_limits(account: &Account) -> Answer {
    let quotas = &account.quotas;
    let limits = [
        ("application-load-balancers", quotas.application_load_balancers),
        ("network-load-balancers", quotas.network_load_balancers),
        ("listeners-per-application-load-balancer", quotas.listeners_per_load_balancer),
        ("listeners-per-network-load-balancer", quotas.listeners_per_load_balancer),
        ("rules-per-application-load-balancer", quotas.rules_per_listener),
        ("target-groups", quotas.target_groups),
        ("targets-per-application-load-balancer", quotas.targets_per_target_group),
    ];
    let limits = limits.map(|(name, most)| json!({ "Name": name, "Max": most.to_string() }));
    Ok(json!({ "Limits": limits }))
}
