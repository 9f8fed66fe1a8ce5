//! ECS on Fargate: clusters, task definitions, services with a scheduler, tasks. One file per noun;
//! this one holds what they share.

pub mod capacity;
pub mod cluster;
pub mod containers;
pub mod deployment;
pub mod launch;
pub mod outside;
pub mod registration;
pub mod scheduler;
pub mod service;
pub mod service_connect;
pub mod service_input;
pub mod tags;
pub mod task;
pub mod task_definition;
pub mod task_life;

#[cfg(test)]
mod connect_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub mod world;

use super::{
    account::{Account, Answer, Millis, not_built},
    fields::Fields,
    inventory::Item,
    table::Table,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// All that ECS holds of the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ecs {
    /// Clusters, by name; INACTIVE ones stay.
    pub clusters: Table<cluster::Cluster>,
    /// Task definitions, by `family:revision`.
    pub task_definitions: Table<task_definition::TaskDefinition>,
    /// The last revision of each family. It outlives the revisions.
    pub revisions: BTreeMap<String, i64>,
    /// Services, by ARN; INACTIVE ones stay.
    pub services: Table<service::Service>,
    /// Tasks, by ARN; stopped ones stay for an hour.
    pub tasks: Table<task::Task>,
    /// Service Connect's endpoints, by namespace and name.
    pub endpoints: BTreeMap<String, service_connect::Endpoint>,
}

/// What happens by itself in ECS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A cluster's capacity providers are in place.
    ClusterActive(String),
    /// The scheduler looks at a service.
    Look(String),
    /// A deployment has been steady for long enough.
    Settled {
        /// The service's ARN.
        service: String,
        /// The deployment's ID.
        deployment: String,
    },
    /// A task takes its next step.
    Task {
        /// The task's ARN.
        task: String,
        /// The step.
        step: task_life::Step,
    },
    /// Nobody is told of a stopped task any longer.
    Forget(String),
    /// A deleted task definition goes, once nothing uses it.
    Erase(String),
    /// A Service Connect endpoint is there.
    EndpointUp(String),
    /// A Service Connect endpoint goes.
    EndpointDown(String),
}

/// One of ECS's tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// At most 128 characters.
    pub key: String,
    /// At most 256 characters.
    pub value: String,
}

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "CreateCluster" => cluster::create(account, call),
        "DescribeClusters" => cluster::describe(account, call),
        "ListClusters" => cluster::list(account, call),
        "UpdateCluster" | "UpdateClusterSettings" => cluster::update(account, call),
        "DeleteCluster" => cluster::delete(account, call),
        "PutClusterCapacityProviders" => capacity::put(account, call),
        "DescribeCapacityProviders" => capacity::describe(account, call),
        "ListContainerInstances" => capacity::list_instances(account, call),
        "DescribeContainerInstances" => capacity::describe_instances(account, call),
        "ListAccountSettings" => capacity::list_settings(account, call),
        "RegisterTaskDefinition" => task_definition::register(account, call),
        "DescribeTaskDefinition" => task_definition::describe(account, call),
        "ListTaskDefinitionFamilies" => task_definition::list_families(account, call),
        "ListTaskDefinitions" => task_definition::list(account, call),
        "DeregisterTaskDefinition" => task_definition::deregister(account, call),
        "DeleteTaskDefinitions" => task_definition::delete(account, call),
        "CreateService" => service::create(account, call),
        "DescribeServices" => service::describe(account, call),
        "ListServices" => service::list(account, call),
        "ListServicesByNamespace" => service_connect::list_by_namespace(account, call),
        "UpdateService" => service::update(account, call),
        "DeleteService" => service::delete(account, call),
        "ListServiceDeployments" => deployment::list(account, call),
        "DescribeServiceDeployments" => deployment::describe(account, call),
        "ListTasks" => task::list(account, call),
        "DescribeTasks" => task::describe(account, call),
        "StopTask" => task::stop(account, call),
        "TagResource" => tags::tag(account, call),
        "UntagResource" => tags::untag(account, call),
        "ListTagsForResource" => tags::list(account, call),
        _ => Err(not_built(call)),
    }
}

/// Lets something happen.
pub fn happen(account: &mut Account, event: Event) {
    match event {
        Event::ClusterActive(name) => cluster::activate(account, &name),
        Event::Look(service) => scheduler::look_now(account, &service),
        Event::Settled { service, deployment } => {
            scheduler::settled(account, &service, &deployment);
        }
        Event::Task { task, step } => task_life::take(account, &task, step),
        Event::Forget(task) => drop(account.ecs.tasks.remove(&task)),
        Event::Erase(key) => task_definition::erase(account, &key),
        Event::EndpointUp(name) => service_connect::appear(account, &name),
        Event::EndpointDown(name) => service_connect::vanish(account, &name),
    }
}

impl Ecs {
    /// Everything, for the account's inventory.
    pub fn inventory(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut add = |kind, id: &String, state: &str, tags: &[Tag], gone: &[&str]| {
            let tags = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
            let (state, remnant) = (state.to_owned(), gone.contains(&state));
            items.push(Item { service: "ecs", kind, id: id.clone(), state, tags, remnant });
        };
        for (name, it) in self.clusters.all() {
            add("Cluster", name, &it.status, &it.tags, &["INACTIVE"]);
        }
        for (key, it) in self.task_definitions.all() {
            add("TaskDefinition", key, &it.status, &it.tags, &["INACTIVE", "DELETE_IN_PROGRESS"]);
        }
        for (arn, it) in self.services.all() {
            add("Service", arn, &it.status, &it.tags, &["INACTIVE"]);
        }
        for (arn, it) in self.tasks.all() {
            add("Task", arn, &it.last_status, &it.tags, &["STOPPED"]);
        }
        items
    }
}

/// An ARN of ECS in the region of a call or of another ARN.
pub(super) fn arn(account: &Account, region: &str, rest: &str) -> String {
    let partition = match region {
        china if china.starts_with("cn-") => "aws-cn",
        gov if gov.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:ecs:{region}:{}:{rest}", account.id)
}

/// The region of an ARN.
pub(super) fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// What stands after the last slash of an ARN, or the whole of a name.
pub(super) fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// A moment as ECS writes it: seconds with three decimals.
pub(super) fn seconds(at: Millis) -> f64 {
    at as f64 / 1000.0
}

/// A description without what AWS does not show.
pub(super) fn public(thing: &impl Serialize) -> Value {
    let mut shape = serde_json::to_value(thing).unwrap_or(Value::Null);
    if let Some(members) = shape.as_object_mut() {
        members.retain(|name, value| !name.starts_with('_') && !value.is_null());
    }
    shape
}

/// The tags of a creating call.
pub(super) fn tags_in(input: &Value) -> Vec<Tag> {
    input.tag_list("tags").into_iter().map(|(key, value)| Tag { key, value }).collect()
}

/// Whether a Describe call asks for this.
pub(super) fn includes(input: &Value, field: &str) -> bool {
    input.texts("include").contains(&field)
}

/// One page by `maxResults` and `nextToken`.
pub(super) fn page(found: Vec<String>, input: &Value) -> Result<Paged, ApiError> {
    let start = match input.text("nextToken") {
        None => 0,
        Some(token) => {
            token.parse::<usize>().map_err(|_| invalid("Invalid token. Please try again."))?
        }
    };
    let size = input.int("maxResults").map_or(100, |size| size.clamp(1, 100) as usize);
    let next = (found.len() > start + size).then(|| (start + size).to_string());
    Ok((found.into_iter().skip(start).take(size).collect(), next))
}

/// A page's entries and the token of the next page.
pub(super) type Paged = (Vec<String>, Option<String>);

/// `InvalidParameterException`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// `ClientException`.
pub(super) fn client(message: impl Into<String>) -> ApiError {
    ApiError::new("ClientException", message)
}

/// An entry of `failures`: the answer about something that does not exist.
pub(super) fn missing(arn: impl Into<String>) -> Value {
    serde_json::json!({ "arn": arn.into(), "reason": "MISSING" })
}
