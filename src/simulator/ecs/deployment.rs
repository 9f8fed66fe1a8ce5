//! Deployments: how a service moves from one set of tasks to the next, and the circuit breaker that
//! ends one whose tasks do not start.

use super::{
    arn, invalid, name_of, page, region_of, scheduler, seconds,
    service::{self, Service},
    service_connect,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::Call,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A deployment as ECS describes it in its service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// `ecs-svc/{19 digits}`
    pub id: String,
    /// PRIMARY, ACTIVE, INACTIVE.
    pub status: String,
    /// What it runs.
    pub task_definition: String,
    /// Tasks that failed in a row.
    pub failed_tasks: i64,
    /// When.
    pub created_at: f64,
    /// When it last changed.
    pub updated_at: f64,
    /// FARGATE, unless a capacity provider strategy says where.
    pub launch_type: Option<String>,
    /// Capacity providers.
    pub capacity_provider_strategy: Option<Value>,
    /// Fargate's version.
    pub platform_version: Option<String>,
    /// The operating system.
    pub platform_family: Option<String>,
    /// Subnets and security groups.
    pub network_configuration: Option<Value>,
    /// Service Connect, if it is on.
    #[serde(rename = "_service_connect")]
    pub service_connect: Option<Value>,
    /// The hosts and ports that its tasks can call by Service Connect.
    #[serde(rename = "_resolves")]
    pub resolves: Vec<(String, i64)>,
    /// IN_PROGRESS, COMPLETED, FAILED.
    pub rollout_state: String,
    /// Why.
    pub rollout_state_reason: String,
    /// Before this it starts no task: the last ones failed.
    #[serde(rename = "_not_before")]
    pub not_before: Millis,
    /// Whether it is about to be complete.
    #[serde(rename = "_settling")]
    pub settling: bool,
}

/// Starts the deployment of what a service now says; `{id}` in the reason is the deployment's.
pub fn begin(account: &mut Account, arn: &str, reason: &str) {
    // A number that fits a u64: nineteen digits.
    let id = format!("ecs-svc/{:019}", (account.roll() * 9.0e18) as u64);
    let now = seconds(account.now);
    let config = account.ecs.services.known(arn).and_then(|it| it.service_connect.as_ref());
    let resolves = config.map(|it| service_connect::resolvable(account, it)).unwrap_or_default();
    let Some(service) = account.ecs.services.known_mut(arn) else { return };
    for earlier in &mut service.deployments {
        earlier.status = "ACTIVE".into();
        earlier.updated_at = now;
    }
    let deployment = Deployment {
        id: id.clone(),
        status: "PRIMARY".into(),
        task_definition: service.task_definition.clone(),
        failed_tasks: 0,
        created_at: now,
        updated_at: now,
        launch_type: service.launch_type.clone(),
        capacity_provider_strategy: service.capacity_provider_strategy.clone(),
        platform_version: service.platform_version.as_ref().map(|_| "1.4.0".into()),
        platform_family: service.platform_family.clone(),
        network_configuration: service.network_configuration.clone(),
        service_connect: service.service_connect.clone(),
        resolves,
        rollout_state: "IN_PROGRESS".into(),
        rollout_state_reason: reason.replace("{id}", &id),
        not_before: 0,
        settling: false,
    };
    service.deployments.insert(0, deployment);
    service.steady = false;
    service_connect::follow(account, arn);
    scheduler::look_in(account, arn, 0);
}

/// A task of this deployment failed before it worked; the next comes after `pause`.
pub fn failed(account: &mut Account, arn: &str, id: &str, pause: Millis) {
    let now = account.now;
    let Some(service) = account.ecs.services.known_mut(arn) else { return };
    // Half the desired count, and never less than 3 or more than 200.
    let threshold = ((service.desired_count + 1) / 2).clamp(3, 200);
    let (enabled, rollback) = (service.breaker("enable"), service.breaker("rollback"));
    let Some(deployment) = service.deployment_mut(id) else { return };
    deployment.failed_tasks += 1;
    deployment.not_before = now + pause;
    deployment.updated_at = seconds(now);
    let failures = deployment.failed_tasks;
    let rolling = deployment.status == "PRIMARY" && deployment.rollout_state == "IN_PROGRESS";
    if !(enabled && rolling && failures >= threshold) {
        if failures == threshold {
            let text = "is unable to consistently start tasks successfully.";
            service::say(account, arn, text);
        }
        return;
    }
    deployment.rollout_state = "FAILED".into();
    deployment.rollout_state_reason =
        "ECS deployment circuit breaker: tasks failed to start.".into();
    let last_good = service.deployments.iter().skip(1).chain(&service.past);
    let last_good = last_good
        .filter(|it| it.rollout_state == "COMPLETED")
        .map(|it| (it.id.clone(), it.task_definition.clone()))
        .next();
    let text = format!("(deployment {id}) deployment failed: tasks failed to start.");
    service::say(account, arn, &text);
    if let (true, Some((good, task_definition))) = (rollback, last_good) {
        let text = format!("rolling back to deployment {good}.");
        service::say(account, arn, &text);
        if let Some(service) = account.ecs.services.known_mut(arn) {
            service.task_definition = task_definition;
        }
        let reason =
            format!("ECS deployment circuit breaker: rolling back to deploymentId {good}.");
        begin(account, arn, &reason);
    }
}

/// A deployment's ARN as a service deployment.
pub fn arn_of(service: &Service, deployment: &Deployment) -> String {
    let base = service.service_arn.replacen(":service/", ":service-deployment/", 1);
    format!("{base}/{}", name_of(&deployment.id))
}

/// `ListServiceDeployments`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let service = service::find(account, call)?;
    let statuses = input.texts("status");
    let briefs: Vec<Value> = service
        .deployments
        .iter()
        .chain(&service.past)
        .map(|it| {
            let mut brief = shape(service, it);
            for member in ["updatedAt", "deploymentConfiguration", "targetServiceRevision"] {
                brief.as_object_mut().map(|members| members.remove(member));
            }
            brief["targetServiceRevisionArn"] = revision(account, service, it).into();
            brief
        })
        .collect();
    let wanted =
        |it: &&Value| statuses.is_empty() || statuses.contains(&it.text_or_empty("status"));
    let found: Vec<&Value> = briefs.iter().filter(wanted).collect();
    let arns = found.iter().map(|it| it.text_or_empty("serviceDeploymentArn").into()).collect();
    let (page, next) = page(arns, input)?;
    let page = found
        .into_iter()
        .filter(|it| page.iter().any(|arn| it.text("serviceDeploymentArn") == Some(arn)));
    Ok(json!({ "serviceDeployments": page.collect::<Vec<_>>(), "nextToken": next }))
}

/// `DescribeServiceDeployments`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let asked = call.input.texts("serviceDeploymentArns");
    if asked.len() > 20 {
        return Err(invalid("serviceDeploymentArns can have at most 20 items."));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for wanted in asked {
        let services = account.ecs.services.all().map(|(_, service)| service);
        let mut all = services.flat_map(|service| {
            let deployments = service.deployments.iter().chain(&service.past);
            deployments.map(move |deployment| (service, deployment))
        });
        match all.find(|(service, deployment)| arn_of(service, deployment) == wanted) {
            Some((service, deployment)) => {
                let mut shape = shape(service, deployment);
                let revision = revision(account, service, deployment);
                shape["targetServiceRevision"] = json!({ "arn": revision });
                found.push(shape);
            }
            None => failures.push(super::missing(wanted)),
        }
    }
    Ok(json!({ "serviceDeployments": found, "failures": failures }))
}

fn revision(account: &Account, service: &Service, deployment: &Deployment) -> String {
    let cluster = name_of(&service.cluster_arn);
    let number = name_of(&deployment.id);
    let rest = format!("service-revision/{cluster}/{}/{number}", service.service_name);
    arn(account, region_of(&service.service_arn), &rest)
}

fn shape(service: &Service, deployment: &Deployment) -> Value {
    let status = match (deployment.rollout_state.as_str(), deployment.status.as_str()) {
        ("COMPLETED", _) => "SUCCESSFUL",
        ("IN_PROGRESS", "PRIMARY") => "IN_PROGRESS",
        _ => "STOPPED",
    };
    let over = (status != "IN_PROGRESS").then_some(deployment.updated_at);
    json!({
        "serviceDeploymentArn": arn_of(service, deployment),
        "serviceArn": service.service_arn,
        "clusterArn": service.cluster_arn,
        "createdAt": deployment.created_at,
        "startedAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        "finishedAt": over,
        "status": status,
        "statusReason": deployment.rollout_state_reason,
        "deploymentConfiguration": service.deployment_configuration,
    })
}
