//! Roles: who may pull images and write logs, and who may speak to the mesh.

use super::{Side, names, policies::Statement};
use crate::{
    aws::Scope,
    config::Config,
    resources::{Blueprint, Handle, iam::role::Role},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const TASKS: &str = "ecs-tasks.amazonaws.com";

/// AWS's own policies that the stack's roles have, and what they allow on everything, by AWS's
/// reference of managed policies.
const MANAGED: [(&str, &[&str]); 2] = [
    (
        "service-role/AmazonECSTaskExecutionRolePolicy",
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            "logs:GetLogEvents",
            "logs:FilterLogEvents",
        ],
    ),
];

/// How Envoy asks for its configuration.
const ENVOY: &str = "appmesh:StreamAggregatedResources";

fn managed(blueprint: &Blueprint, policy: &str) -> String {
    format!("arn:{}:iam::aws:policy/{policy}", blueprint.cx().scope().caller.partition)
}

fn role(
    blueprint: &mut Blueprint,
    config: &Config,
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
        permissions_boundary: config.permissions_boundary.clone(),
    };
    blueprint.declare(format!("identity/role/{name}"), role)
}

/// Pulls images, Envoy's too, and writes logs.
pub fn execution(blueprint: &mut Blueprint, config: &Config) -> Handle<Role> {
    let policy = managed(blueprint, "service-role/AmazonECSTaskExecutionRolePolicy");
    role(blueprint, config, "execution", TASKS, vec![policy], BTreeMap::new())
}

/// A task in the mesh: its Envoy may ask for its own virtual node's configuration, nothing else.
pub fn mesh_task(
    blueprint: &mut Blueprint,
    config: &Config,
    service: &str,
    virtual_node: &str,
) -> Handle<Role> {
    let statement = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ENVOY,
            "Resource": virtual_node,
        }],
    });
    let inline = BTreeMap::from([("envoy".to_owned(), statement)]);
    role(blueprint, config, &format!("task-{service}"), TASKS, Vec::new(), inline)
}

/// A task outside the mesh, on this side: it may nothing. A service may be called as the side is, so
/// the role's name begins otherwise than those of services.
pub fn plain_task(blueprint: &mut Blueprint, config: &Config, side: Side) -> Handle<Role> {
    role(blueprint, config, &format!("{side}-task"), TASKS, Vec::new(), BTreeMap::new())
}

/// API Gateway's access logs.
pub fn api_logs(blueprint: &mut Blueprint, config: &Config) -> Handle<Role> {
    let policy = managed(blueprint, "service-role/AmazonAPIGatewayPushToCloudWatchLogs");
    role(blueprint, config, "api-logs", "apigateway.amazonaws.com", vec![policy], BTreeMap::new())
}

/// The most that these roles may do, given their wishes: what AWS's policies allow, and what their
/// own do, on the stack's mesh as a whole.
///
/// The logs are not limited to the stack's: every REST API of the account and region logs through one
/// role, and API Gateway tries it out on a log group of its own.
pub(super) fn most(roles: impl Iterator<Item = Value>, scope: &Scope) -> Vec<Statement> {
    let (mut anywhere, mut in_mesh) = (BTreeSet::new(), false);
    for role in roles {
        let managed = role["managed_policies"].as_array().cloned().unwrap_or_default();
        for arn in managed.iter().filter_map(Value::as_str) {
            let named = MANAGED.iter().filter(|(name, _)| arn.ends_with(name));
            anywhere.extend(named.flat_map(|(_, actions)| actions.iter().map(|it| (*it).into())));
        }
        in_mesh |= role["inline_policies"].as_object().is_some_and(|own| !own.is_empty());
    }
    let allow = |actions, resource: String| Statement {
        actions,
        resources: BTreeSet::from([resource]),
        conditions: BTreeMap::new(),
    };
    let mut statements = vec![allow(anywhere, "*".into())];
    if in_mesh {
        let (Scope { stack, region, caller, .. }, action) = (scope, ENVOY);
        let (partition, account) = (&caller.partition, &caller.account);
        let nodes =
            format!("arn:{partition}:appmesh:{region}:{account}:mesh/{stack}/virtualNode/*");
        statements.push(allow(BTreeSet::from([action.into()]), nodes));
    }
    statements
}
