//! Whether AWS's services have their roles in the account. AWS makes each at the first use, if the
//! caller may have it made.

use super::{
    Asked, Facts, Plan,
    permissions::{Denial, Question},
};
use crate::{
    aws::{Caller, Scope},
    model::Check,
};
use std::collections::BTreeSet;

const NAME: &str = "service-linked roles";

/// What needs a role, the service whose role it is, and the role's name.
const ROLES: &[(&str, &str, &str)] = &[
    ("AWS::ECS::Service", "ecs.amazonaws.com", "AWSServiceRoleForECS"),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "elasticloadbalancing.amazonaws.com",
        "AWSServiceRoleForElasticLoadBalancing",
    ),
    ("AWS::ApiGateway::VpcLink", "ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway"),
    ("AWS::ApiGatewayV2::VpcLink", "ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway"),
    ("AWS::AppMesh::Mesh", "appmesh.amazonaws.com", "AWSServiceRoleForAppMesh"),
];

/// Whether anything of the plan needs one.
pub fn concern(plan: &Plan) -> bool {
    ROLES.iter().any(|(kind, ..)| plan.has(kind))
}

/// The roles that the plan needs and the account does not have: service and name.
fn absent(plan: &Plan, facts: &Facts) -> Vec<(&'static str, &'static str)> {
    let Asked::Known(roles) = &facts.roles else { return Vec::new() };
    let absent = ROLES.iter().filter(|(kind, service, name)| {
        let path = format!("/aws-service-role/{service}/");
        plan.has(kind) && !roles.iter().any(|role| role.name == *name && role.path == path)
    });
    absent.map(|(_, service, name)| (*service, *name)).collect()
}

fn question(scope: &Scope, service: &str, name: &str) -> Question {
    let Caller { account, partition, .. } = &scope.caller;
    let role = format!("aws-service-role/{service}/{name}");
    Question {
        action: "iam:CreateServiceLinkedRole".into(),
        resource: format!("arn:{partition}:iam::{account}:role/{role}"),
        context: [("iam:AWSServiceName".to_owned(), service.to_owned())].into(),
    }
}

/// Whether the caller may have the absent ones made.
pub fn questions(scope: &Scope, plan: &Plan, facts: &Facts) -> BTreeSet<Question> {
    absent(plan, facts).iter().map(|(service, name)| question(scope, service, name)).collect()
}

/// One line for all that are there or will be, and one for each that cannot be made.
pub fn judge(scope: &Scope, plan: &Plan, facts: &Facts) -> Vec<Check> {
    if !concern(plan) {
        return Vec::new();
    }
    if let Asked::Unknown(why) = &facts.roles {
        let what = format!("whether they are there is not known: {why}");
        return vec![Check::warning(NAME, what, "allow iam:ListRoles to have it looked at")];
    }
    let denied = |(service, name): &&(&str, &str)| {
        let question = question(scope, service, name);
        matches!(&facts.denied, Asked::Known(denied) if denied.get(&question) == Some(&Denial::Policy))
    };
    let absent = absent(plan, facts);
    let (barred, creatable): (Vec<_>, Vec<_>) = absent.iter().partition(denied);
    let mut checks: Vec<Check> = barred
        .into_iter()
        .map(|(service, name)| {
            Check::failure(
                NAME,
                format!("{name} is not there, and these credentials may not have AWS make it"),
                format!(
                    "permit iam:CreateServiceLinkedRole, or have it made once: aws iam \
                     create-service-linked-role --aws-service-name {service}"
                ),
            )
        })
        .collect();
    let names: Vec<&str> = creatable.into_iter().map(|(_, name)| name).collect();
    match names.as_slice() {
        [] if checks.is_empty() => checks.push(Check::ok(NAME, "all are there")),
        [] => {}
        names => {
            let what = format!("AWS makes {} at the first use", names.join(", "));
            checks.push(Check::ok(NAME, what));
        }
    }
    checks
}
