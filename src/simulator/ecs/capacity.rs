//! What services can run on: Fargate's two capacity providers, and no container instances.

use super::{arn, cluster, invalid, missing};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::Call,
};
use serde_json::{Value, json};

/// The capacity providers that every account has.
const PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// The settings of an account, and their defaults.
const SETTINGS: [(&str, &str); 9] = [
    ("awsvpcTrunking", "disabled"),
    ("containerInsights", "disabled"),
    ("containerInstanceLongArnFormat", "enabled"),
    ("defaultLogDriverMode", "non-blocking"),
    ("fargateFIPSMode", "disabled"),
    ("fargateTaskRetirementWaitPeriod", "7"),
    ("serviceLongArnFormat", "enabled"),
    ("tagResourceAuthorization", "on"),
    ("taskLongArnFormat", "enabled"),
];

/// `PutClusterCapacityProviders`.
pub fn put(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let name = cluster::active(account, input.text("cluster"))?.cluster_name.clone();
    let providers = input.texts("capacityProviders");
    if let Some(unknown) = providers.iter().find(|name| !PROVIDERS.contains(name)) {
        return Err(invalid(format!(
            "The specified capacity provider '{unknown}' was not found. Specify a valid name or \
             ARN and try again."
        )));
    }
    if let Some(cluster) = account.ecs.clusters.known_mut(&name) {
        cluster.capacity_providers = providers.into_iter().map(String::from).collect();
        cluster.default_capacity_provider_strategy =
            input.list("defaultCapacityProviderStrategy").to_vec();
    }
    let cluster = cluster::active(account, Some(&name))?;
    Ok(json!({ "cluster": cluster::shown(account, cluster, input, true) }))
}

/// `DescribeCapacityProviders`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let asked = call.input.texts("capacityProviders");
    let shape = |name: &str| {
        let arn = arn(account, &call.region, &format!("capacity-provider/{name}"));
        json!({ "capacityProviderArn": arn, "name": name, "status": "ACTIVE", "type": name })
    };
    let wanted = |name: &&str| asked.is_empty() || asked.contains(name);
    let found: Vec<Value> = PROVIDERS.iter().copied().filter(wanted).map(shape).collect();
    let unknown = asked.iter().filter(|name| !PROVIDERS.contains(name));
    let failures: Vec<Value> = unknown.map(|name| missing(*name)).collect();
    Ok(json!({ "capacityProviders": found, "failures": failures }))
}

/// `ListContainerInstances`: there are none.
pub fn list_instances(account: &mut Account, call: &Call) -> Answer {
    cluster::active(account, call.input.text("cluster"))?;
    Ok(json!({ "containerInstanceArns": [] }))
}

/// `DescribeContainerInstances`: there are none.
pub fn describe_instances(account: &mut Account, call: &Call) -> Answer {
    cluster::active(account, call.input.text("cluster"))?;
    let failures: Vec<Value> =
        call.input.texts("containerInstances").into_iter().map(missing).collect();
    Ok(json!({ "containerInstances": [], "failures": failures }))
}

/// `ListAccountSettings`.
pub fn list_settings(account: &mut Account, call: &Call) -> Answer {
    let asked = call.input.text("name");
    // What was never set is shown only as an effective setting.
    let effective = call.input.flag("effectiveSettings") == Some(true);
    let shown = SETTINGS.iter().filter(|(name, _)| asked.is_none_or(|asked| asked == *name));
    let settings = shown.filter(|_| effective).map(|(name, value)| {
        let principal = format!("arn:aws:iam::{}:root", account.id);
        json!({ "name": name, "value": value, "principalArn": principal, "type": "user" })
    });
    Ok(json!({ "settings": settings.collect::<Vec<_>>() }))
}
