//! What services can run on: Fargate's two capacity providers, and no container instances.

use super::{
    Event, arn, client,
    cluster::{self, Cluster},
    deployment::Deployment,
    invalid, missing,
    service::Service,
    task,
};
use crate::simulator::{
    account::{Account, Answer},
    agenda,
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
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

/// `PutClusterCapacityProviders`: the whole list, which takes seconds to be in place.
pub fn put(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let cluster = cluster::active(account, input.text("cluster"))?;
    let (name, arn) = (cluster.cluster_name.clone(), cluster.cluster_arn.clone());
    let providers = providers(input)?;
    let strategy = strategy(&providers, input.list("defaultCapacityProviderStrategy"))?;
    if cluster.status != "ACTIVE" {
        return Err(client("Cluster was not ACTIVE."));
    }
    at_rest(cluster)?;
    let mut removed = cluster.capacity_providers.iter().filter(|one| !providers.contains(one));
    if removed.any(|one| in_use(account, &arn, one)) {
        let message = "The specified capacity provider is in use and cannot be removed.";
        return Err(ApiError::new("ResourceInUseException", message));
    }
    if let Some(cluster) = account.ecs.clusters.known_mut(&name) {
        cluster.attachments_status = Some(cluster::IN_PROGRESS.into());
        cluster.capacity_providers = providers;
        cluster.default_capacity_provider_strategy = strategy;
    }
    account.after(Latency::Cluster, agenda::Event::Ecs(Event::ClusterActive(name.clone())));
    let cluster = cluster::active(account, Some(&name))?;
    Ok(json!({ "cluster": cluster::shown(account, cluster, input, true) }))
}

/// Refuses a change of a cluster whose capacity providers are being changed.
pub fn at_rest(cluster: &Cluster) -> Result<(), ApiError> {
    if cluster.is_updating() {
        let message = "The specified cluster is in a busy state. Cluster attachments must be in \
                       UPDATE_COMPLETE or UPDATE_FAILED state before they can be updated. Wait \
                       and try again.";
        return Err(ApiError::new("UpdateInProgressException", message));
    }
    Ok(())
}

/// Whether a service or a task of a cluster is on a capacity provider.
fn in_use(account: &Account, cluster: &str, provider: &str) -> bool {
    let mut tasks = account.ecs.tasks.all().map(|(_, task)| task);
    let mut services = account.ecs.services.all().map(|(_, service)| service);
    tasks.any(|task| {
        let on = task.capacity_provider_name.as_deref() == Some(provider);
        on && task.cluster_arn == cluster && task.last_status != "STOPPED"
    }) || services.any(|service| {
        let on = names(service.capacity_provider_strategy.as_ref()).any(|name| name == provider);
        on && service.cluster_arn == cluster && service.status == "ACTIVE"
    })
}

/// The capacity providers that a call names for a cluster.
pub fn providers(input: &Value) -> Result<Vec<String>, ApiError> {
    let providers = input.texts("capacityProviders");
    if let Some(unknown) = providers.iter().find(|name| !PROVIDERS.contains(name)) {
        return Err(invalid(format!(
            "The specified capacity provider '{unknown}' was not found. Specify a valid name or \
             ARN and try again."
        )));
    }
    Ok(providers.into_iter().map(String::from).collect())
}

/// A strategy over the providers of a cluster, with AWS's defaults.
pub fn strategy(providers: &[String], given: &[Value]) -> Result<Vec<Value>, ApiError> {
    let entries = given.iter().map(|one| {
        let name = one.text_or_empty("capacityProvider");
        if !providers.iter().any(|provider| provider == name) {
            return Err(invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that \
                 is not associated with the cluster. Associate the capacity provider with the \
                 cluster and try again.",
            ));
        }
        let number = |member: &str| one.int(member).unwrap_or(0);
        Ok(json!({
            "capacityProvider": name, "weight": number("weight"), "base": number("base"),
        }))
    });
    entries.collect()
}

/// What CreateService asks a service to run on: a launch type or a strategy, or else its cluster's.
pub fn wanted(
    cluster: &Cluster,
    input: &Value,
) -> Result<(Option<String>, Option<Value>), ApiError> {
    // Terraform sends an empty one with every launch type.
    let given = input.list("capacityProviderStrategy");
    let default = &cluster.default_capacity_provider_strategy;
    match (input.text("launchType"), given) {
        (Some(_), [_, ..]) => Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. \
             Remove one and try again.",
        )),
        (Some(launch_type), []) => Ok((Some(launch_type.into()), None)),
        (None, [_, ..]) => Ok((None, Some(strategy(&cluster.capacity_providers, given)?.into()))),
        (None, []) if !default.is_empty() => Ok((None, Some(default.clone().into()))),
        (None, []) => Ok((Some("EC2".into()), None)),
    }
}

/// Applies the strategy of an UpdateService, if it has one. An empty one goes back to the launch type
/// with which the service was made.
pub fn change(account: &Account, input: &Value, to: &mut Service) -> Result<(), ApiError> {
    if input.get("capacityProviderStrategy").is_none_or(Value::is_null) {
        return Ok(());
    }
    let cluster = cluster::find(account, Some(&to.cluster_arn))?;
    let given = input.list("capacityProviderStrategy");
    let wanted = strategy(&cluster.capacity_providers, given)?;
    let default = &cluster.default_capacity_provider_strategy;
    let (launch_type, wanted) = match &to.launch_type_when_made {
        _ if !wanted.is_empty() => (None, Some(Value::from(wanted))),
        Some(launch_type) => (Some(launch_type.clone()), None),
        None if !default.is_empty() => (None, Some(default.clone().into())),
        None => {
            return Err(invalid(
                "No launch type to fall back to for empty capacity provider strategy. Your \
                 service was not created with a launch type.",
            ));
        }
    };
    if wanted != to.capacity_provider_strategy && input.flag("forceNewDeployment") != Some(true) {
        return Err(invalid(
            "When switching from launch type to capacity provider strategy on an existing \
             service, or making a change to a capacity provider strategy on a service that is \
             already using one, you must force a new deployment.",
        ));
    }
    (to.launch_type, to.capacity_provider_strategy) = (launch_type, wanted);
    Ok(())
}

/// The provider of a deployment's next task: the bases first, then by weight.
pub fn next(account: &Account, service: &str, of: &Deployment) -> Option<String> {
    let tasks: Vec<_> = task::of_service(account, service)
        .filter(|task| task.started_by == of.id && task.desired_status == "RUNNING")
        .collect();
    let strategy = of.capacity_provider_strategy.as_ref()?.as_array()?;
    let share = |one: &Value| {
        let name = one.text("capacityProvider");
        let on = tasks.iter().filter(|task| task.capacity_provider_name.as_deref() == name);
        let above = on.count() as i64 - one.int("base").unwrap_or(0);
        // What has no weight comes last.
        let weight = one.int("weight").filter(|weight| *weight > 0);
        if above < 0 { -1.0 } else { weight.map_or(f64::MAX, |it| above as f64 / it as f64) }
    };
    let next = strategy.iter().min_by(|one, other| share(one).total_cmp(&share(other)))?;
    next.text("capacityProvider").map(String::from)
}

/// The providers of a strategy.
fn names(strategy: Option<&Value>) -> impl Iterator<Item = &str> {
    let entries = strategy.and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|one| one.text("capacityProvider"))
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
