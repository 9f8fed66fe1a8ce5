//! Whether AWS's services have their roles in the account. AWS makes each at the first use, if the
//! caller may have it made.

use super::{Asked, Facts, Plan};
use crate::model::Check;

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
    ("AWS::AppMesh::Mesh", "appmesh.amazonaws.com", "AWSServiceRoleForAppMesh"),
];

/// One line for all.
pub fn judge(plan: &Plan, facts: &Facts) -> Option<Check> {
    let needed: Vec<_> = ROLES.iter().filter(|(kind, ..)| plan.has(kind)).collect();
    if needed.is_empty() {
        return None;
    }
    let roles = match &facts.roles {
        Asked::Known(roles) => roles,
        Asked::Not => return None,
        Asked::Unknown(why) => {
            let what = format!("whether they are there is not known: {why}");
            return Some(Check::warning(NAME, what, "allow iam:ListRoles to have it looked at"));
        }
    };
    let absent = needed.iter().filter(|(_, service, name)| {
        let path = format!("/aws-service-role/{service}/");
        !roles.iter().any(|role| role.name == *name && role.path == path)
    });
    let absent: Vec<&str> = absent.map(|(_, _, name)| *name).collect();
    Some(match absent.as_slice() {
        [] => Check::ok(NAME, "all are there"),
        absent => Check::ok(
            NAME,
            format!(
                "AWS makes {} at the first use, by iam:CreateServiceLinkedRole",
                absent.join(", ")
            ),
        ),
    })
}
