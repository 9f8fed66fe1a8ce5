//! Containers: clusters, task definitions, services. Tags are set in the creating call and read
//! back with each description.

mod capacity;
pub mod cluster;
pub mod container;
mod deployment;
mod registration;
pub mod service;
pub mod service_connect;
mod service_network;
mod service_reads;
mod settings;
pub mod task_definition;

#[cfg(test)]
mod tests;

pub use capacity::{FARGATE, FARGATE_SPOT};
pub use container::{Container, ContainerHealthCheck, Proxy};

use super::prelude::*;
use aws_sdk_ecs::types::Tag;

/// The clusters of a stack, in permissions.
const CLUSTERS: &str = "cluster/{stack}-*";
/// Their services.
const SERVICES: &str = "service/{stack}-*/*";
/// The revisions of the stack's task definitions.
const REVISIONS: &str = "task-definition/{stack}-*:*";

/// What tags need of IAM, in a creating call and later.
fn tag_permissions(on: &str) -> Vec<Permission> {
    let actions = ["ecs:TagResource", "ecs:UntagResource"];
    actions.map(|action| Permission::make(action).on(&[on])).to_vec()
}

/// Our tags as ECS wants them.
fn tag_list(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Adds, overwrites and removes tags of anything that has an ARN.
async fn retag(cx: &Cx, arn: &str, changes: &TagChanges) -> Result<()> {
    if !changes.set.is_empty() {
        let tags = tag_list(changes.set.clone());
        let call = cx.ecs().tag_resource().resource_arn(arn).set_tags(Some(tags));
        call.send().await.op("ecs:TagResource")?;
    }
    if !changes.remove.is_empty() {
        let call = cx.ecs().untag_resource().resource_arn(arn);
        let call = call.set_tag_keys(Some(changes.remove.clone()));
        call.send().await.op("ecs:UntagResource")?;
    }
    Ok(())
}

/// The last part of an ARN: the name of a cluster or a service, `family:revision`.
fn name_in(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The family of a task definition's ARN.
fn family_in(arn: &str) -> &str {
    name_in(arn).split(':').next().unwrap_or_default()
}
