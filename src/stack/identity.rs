//! Roles: who may pull images and write logs, and who may speak to the mesh.

use super::names;
use crate::resources::{Blueprint, Handle, iam::role::Role};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TASKS: &str = "ecs-tasks.amazonaws.com";

fn managed(blueprint: &Blueprint, policy: &str) -> String {
    format!("arn:{}:iam::aws:policy/{policy}", blueprint.cx().scope().identity.partition)
}

fn role(
    blueprint: &mut Blueprint,
    name: &str,
    service: &str,
    managed_policies: Vec<String>,
    inline_policies: BTreeMap<String, Value>,
) -> Handle<Role> {
    let role = Role {
        role_name: names::role(blueprint.cx().scope(), name),
        service: service.into(),
        managed_policies,
        inline_policies,
    };
    blueprint.declare(format!("identity/role/{name}"), role)
}

/// Pulls images, Envoy's too, and writes logs.
pub fn execution(blueprint: &mut Blueprint) -> Handle<Role> {
    let policy = managed(blueprint, "service-role/AmazonECSTaskExecutionRolePolicy");
    role(blueprint, "execution", TASKS, vec![policy], BTreeMap::new())
}

/// A task in the mesh: its Envoy may ask for its own virtual node's configuration, nothing else.
pub fn mesh_task(blueprint: &mut Blueprint, service: &str, virtual_node: &str) -> Handle<Role> {
    let statement = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "appmesh:StreamAggregatedResources",
            "Resource": virtual_node,
        }],
    });
    let inline = BTreeMap::from([("envoy".to_owned(), statement)]);
    role(blueprint, &format!("task-{service}"), TASKS, Vec::new(), inline)
}

/// A task outside the mesh: it may nothing.
pub fn plain_task(blueprint: &mut Blueprint, service: &str) -> Handle<Role> {
    role(blueprint, &format!("task-{service}"), TASKS, Vec::new(), BTreeMap::new())
}

/// API Gateway's access logs.
pub fn api_logs(blueprint: &mut Blueprint) -> Handle<Role> {
    let policy = managed(blueprint, "service-role/AmazonAPIGatewayPushToCloudWatchLogs");
    role(blueprint, "api-logs", "apigateway.amazonaws.com", vec![policy], BTreeMap::new())
}
