//! Tasks as ECS describes them. A stopped one is shown for an hour.

use super::{
    Tag, arn, client, cluster, containers::Container, includes, invalid, missing, name_of, page,
    public, service, task_life,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::Call,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many tasks one description takes.
const DESCRIBED_AT_ONCE: usize = 100;

/// A task as ECS describes it; its containers and its attachment are added when it is shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// `arn:…:task/{cluster}/{32 digits}`
    pub task_arn: String,
    /// The cluster.
    pub cluster_arn: String,
    /// What it runs.
    pub task_definition_arn: String,
    /// Where its subnet is.
    pub availability_zone: String,
    /// RUNNING or STOPPED.
    pub desired_status: String,
    /// PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING, STOPPED.
    pub last_status: String,
    /// `service:{name}`
    pub group: String,
    /// The deployment.
    pub started_by: String,
    /// FARGATE, on a capacity provider too.
    pub launch_type: Option<String>,
    /// The capacity provider, where a strategy chose it.
    pub capacity_provider_name: Option<String>,
    /// Fargate's version.
    pub platform_version: Option<String>,
    /// The operating system.
    pub platform_family: Option<String>,
    /// CPU units.
    pub cpu: Option<String>,
    /// MiB.
    pub memory: Option<String>,
    /// When.
    pub created_at: f64,
    /// When its images began to be pulled.
    pub pull_started_at: Option<f64>,
    /// When they were there.
    pub pull_stopped_at: Option<f64>,
    /// When it was RUNNING.
    pub started_at: Option<f64>,
    /// When it began to stop.
    pub stopping_at: Option<f64>,
    /// When it had stopped.
    pub stopped_at: Option<f64>,
    /// Why, in a word.
    pub stop_code: Option<String>,
    /// Why, in words.
    pub stopped_reason: Option<String>,
    /// Counts its changes.
    pub version: i64,
    /// Shown when asked for.
    pub tags: Vec<Tag>,
    /// The service's ARN.
    #[serde(rename = "_service")]
    pub service: String,
    /// What runs in it.
    #[serde(rename = "_containers")]
    pub containers: Vec<Container>,
    /// Its network interface, until it is gone.
    #[serde(rename = "_interface")]
    pub interface: Option<String>,
    /// The interface's attachment.
    #[serde(rename = "_attachment")]
    pub attachment: String,
    /// Its address.
    #[serde(rename = "_ip")]
    pub ip: String,
    /// Its subnet.
    #[serde(rename = "_subnet")]
    pub subnet: String,
    /// Whether it has a public address.
    #[serde(rename = "_public")]
    pub public: bool,
    /// When it was RUNNING, on the account's clock.
    #[serde(rename = "_running_since")]
    pub running_since: Option<Millis>,
    /// The target groups and ports where it is registered.
    #[serde(rename = "_targets")]
    pub targets: Vec<(String, i64)>,
    /// The Cloud Map services where it is published.
    #[serde(rename = "_registries")]
    pub registries: Vec<String>,
    /// The hosts and ports that Service Connect lets it call: those that existed when its deployment
    /// began.
    #[serde(rename = "_resolves", default)]
    pub resolves: Vec<(String, i64)>,
    /// Whether it has worked once.
    #[serde(rename = "_proven")]
    pub proven: bool,
}

impl Task {
    /// Whether it may still be answering: everything before STOPPING.
    pub fn serves(&self) -> bool {
        !matches!(self.last_status.as_str(), "STOPPING" | "DEPROVISIONING" | "STOPPED")
    }

    /// The health of its essential containers together.
    pub fn health(&self, now: Millis) -> &'static str {
        let checked = self.containers.iter().filter(|it| it.checked && it.essential);
        let health: Vec<_> = checked.map(|container| container.health(now)).collect();
        match health.as_slice() {
            [] => "UNKNOWN",
            all if all.iter().all(|health| *health == "HEALTHY") => "HEALTHY",
            _ => "UNKNOWN",
        }
    }

    fn shape(&self, tags: bool, now: Millis) -> Value {
        let mut shape = public(self);
        if !tags && let Some(members) = shape.as_object_mut() {
            members.remove("tags");
        }
        let interface = json!({ "attachmentId": self.attachment, "privateIpv4Address": self.ip });
        let containers = self.containers.iter();
        shape["containers"] =
            containers.map(|it| it.shape(&self.task_arn, Some(interface.clone()), now)).collect();
        let attached = match (&self.interface, self.last_status.as_str()) {
            (None, _) => "DELETED",
            (_, "PROVISIONING") => "PRECREATED",
            _ => "ATTACHED",
        };
        let details = [
            ("subnetId", self.subnet.as_str()),
            ("networkInterfaceId", self.interface.as_deref().unwrap_or_default()),
            ("privateIPv4Address", &self.ip),
        ];
        let details = details.map(|(name, value)| json!({ "name": name, "value": value }));
        shape["attachments"] = json!([{
            "id": self.attachment,
            "type": "ElasticNetworkInterface",
            "status": attached,
            "details": details,
        }]);
        let overrides = self.containers.iter().map(|it| json!({ "name": it.name }));
        shape["overrides"] = json!({
            "containerOverrides": overrides.collect::<Vec<_>>(),
            "inferenceAcceleratorOverrides": [],
        });
        shape["healthStatus"] = self.health(now).into();
        shape["connectivity"] = "CONNECTED".into();
        shape["attributes"] = json!([]);
        shape["enableExecuteCommand"] = false.into();
        shape
    }
}

/// All tasks of a service, stopped ones too.
pub fn of_service<'a>(account: &'a Account, service: &str) -> impl Iterator<Item = &'a Task> {
    let all = account.ecs.tasks.all().map(|(_, task)| task);
    all.filter(move |task| task.service == service)
}

/// `ListTasks`: those that shall run, unless stopped ones are asked for.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let cluster = cluster::active(account, input.text("cluster"))?;
    let name = &cluster.cluster_name;
    let desired = input.text("desiredStatus").unwrap_or("RUNNING");
    let family = input.text("family");
    let group = match input.text("serviceName") {
        Some(_) if family.is_some() => {
            return Err(invalid("Cannot specify family with serviceName."));
        }
        Some(reference) => {
            let wanted = name_of(reference);
            let arn = arn(account, &call.region, &format!("service/{name}/{wanted}"));
            let there = account.ecs.services.known(&arn);
            there.filter(|it| it.status != "INACTIVE").ok_or_else(service::not_found)?;
            Some(format!("service:{wanted}"))
        }
        None => None,
    };
    let of_family = |task: &Task| {
        let revision = name_of(&task.task_definition_arn);
        family.is_none_or(|family| revision.split(':').next() == Some(family))
    };
    let found = account.ecs.tasks.all().map(|(_, task)| task).filter(|task| {
        group.as_ref().is_none_or(|group| task.group == *group)
            // Tasks on their way to RUNNING are listed as RUNNING, and never as PENDING.
            && task.desired_status == desired
            && name_of(&task.cluster_arn) == name
            && input.text("startedBy").is_none_or(|by| task.started_by == by)
            && of_family(task)
    });
    let (arns, next) = page(found.map(|task| task.task_arn.clone()).collect(), input)?;
    Ok(json!({ "taskArns": arns, "nextToken": next }))
}

/// `DescribeTasks`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let asked = call.input.texts("tasks");
    if asked.len() > DESCRIBED_AT_ONCE {
        return Err(invalid("tasks can have at most 100 items."));
    }
    if asked.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    let cluster = cluster::active(account, call.input.text("cluster"))?.cluster_name.clone();
    let tags = includes(&call.input, "TAGS");
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for reference in asked {
        let arn = arn_of(account, &call.region, &cluster, reference);
        match account.ecs.tasks.known(&arn) {
            Some(task) => tasks.push(task.shape(tags, account.now)),
            None => failures.push(missing(arn)),
        }
    }
    Ok(json!({ "tasks": tasks, "failures": failures }))
}

/// `StopTask`: its service will start another.
pub fn stop(account: &mut Account, call: &Call) -> Answer {
    let cluster = cluster::active(account, call.input.text("cluster"))?.cluster_name.clone();
    let arn = arn_of(account, &call.region, &cluster, call.input.text_or_empty("task"));
    let unknown = || client("The referenced task was not found.");
    account.ecs.tasks.known(&arn).ok_or_else(unknown)?;
    let reason = call.input.text("reason").unwrap_or("Task stopped by user");
    task_life::stop(account, &arn, "UserInitiated", reason);
    let task = account.ecs.tasks.known(&arn).ok_or_else(unknown)?;
    Ok(json!({ "task": task.shape(true, account.now) }))
}

fn arn_of(account: &Account, region: &str, cluster: &str, reference: &str) -> String {
    super::arn(account, region, &format!("task/{cluster}/{}", name_of(reference)))
}
