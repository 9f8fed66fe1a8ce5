//! Service-linked roles: AWS's own in the account, made on demand and not by hand.

use super::role;
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::json;

/// The services that have such a role here, and what its name ends with.
const NAMES: &[(&str, &str)] = &[
    ("appmesh.amazonaws.com", "AppMesh"),
    ("ecs.amazonaws.com", "ECS"),
    ("ecs.application-autoscaling.amazonaws.com", "ApplicationAutoScaling_ECSService"),
    ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"),
    ("ops.apigateway.amazonaws.com", "APIGateway"),
];

/// `CreateServiceLinkedRole`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let service = call.input.text_or_empty("AWSServiceName");
    let name = name(service, call.input.text("CustomSuffix"));
    let Some(name) = name else {
        let message = format!("Service {service} does not support service-linked roles.");
        return Err(ApiError::new("InvalidInput", message).status(400));
    };
    if account.iam.roles.known(&name.to_lowercase()).is_some() {
        let message = format!(
            "Service role name {name} has been taken in this account, please try a different \
             suffix."
        );
        return Err(ApiError::new("InvalidInput", message).status(400));
    }
    let mut made = linked(account, service, &name);
    made.description = call.input.text("Description").map(String::from);
    let answer = json!({ "Role": role::with_tags(&made) });
    role::keep(account, made);
    Ok(answer)
}

/// Whether a service has its role.
pub fn has(account: &Account, service: &str) -> bool {
    let name = name(service, None).unwrap_or_default();
    account.iam.roles.known(&name.to_lowercase()).is_some()
}

/// Makes a service's role as the service itself does, unless there is one.
pub fn ensure(account: &mut Account, service: &str) {
    if let Some(name) = name(service, None)
        && !has(account, service)
    {
        let made = linked(account, service, &name);
        role::keep(account, made);
    }
}

fn linked(account: &mut Account, service: &str, name: &str) -> role::Role {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
        }],
    });
    let path = format!("/aws-service-role/{service}/");
    let role = role::new(account, &path, name, &trust.to_string());
    role::Role { linked_to: Some(service.into()), ..role }
}

fn name(service: &str, suffix: Option<&str>) -> Option<String> {
    let (_, short) = NAMES.iter().find(|(known, _)| *known == service)?;
    let suffix = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
    Some(format!("AWSServiceRoleFor{short}{suffix}"))
}
