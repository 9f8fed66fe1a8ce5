//! What AWS asks for besides an operation's own action: by the "dependent actions" of the Service
//! Authorization Reference, by Cloud Map's and Elastic Load Balancing's references of API permissions,
//! and by API Gateway's guide for VPC links.

use super::{Needed, resource};
use crate::simulator::{
    account::Account,
    fields::Fields,
    iam::service_linked,
    wire::{Call, Service},
};
use serde_json::Value;

/// All of it.
pub(super) fn needed(account: &Account, call: &Call) -> Vec<Needed> {
    let name = format!("{}:{}", call.service.prefix(), call.operation);
    let mut needed: Vec<Needed> = tags(account, call).into_iter().collect();
    let service = first_of(&name).filter(|service| !service_linked::has(account, service));
    if service == Some("elasticloadbalancing.amazonaws.com") {
        // While there is no such role yet: "Elastic Load Balancing API permissions".
        let action = "ec2:DescribeAccountAttributes".into();
        needed.push(Needed { action, resources: Vec::new() });
    }
    needed.extend(service.map(|service| Needed {
        action: "iam:CreateServiceLinkedRole".into(),
        resources: vec![format!("arn:aws:iam::{}:role/aws-service-role/{service}/*", account.id)],
    }));
    needed.extend(roles(&call.input, &name));
    if sets_policy(&call.input, &name) {
        let action = "apigateway:UpdateRestApiPolicy".into();
        needed.push(Needed { action, resources: resource::named(account, call) });
    }
    needed.extend(
        elsewhere(&name)
            .iter()
            .map(|action| Needed { action: (*action).into(), resources: Vec::new() }),
    );
    needed
}

/// What tags in a creating call need, on what is made.
fn tags(account: &Account, call: &Call) -> Option<Needed> {
    let input = &call.input;
    if !["TagSpecifications", "Tags", "tags"].iter().any(|key| filled(input.get(key))) {
        return None;
    }
    let creates = call.operation.starts_with("Create");
    let action = match call.service {
        Service::Ec2 if call.operation != "CreateTags" => "ec2:CreateTags",
        Service::ElasticLoadBalancingV2 if creates => "elasticloadbalancing:AddTags",
        Service::Ecs => "ecs:TagResource",
        Service::Iam if creates => "iam:TagRole",
        Service::CloudWatchLogs if creates => "logs:TagResource",
        Service::ServiceDiscovery => "servicediscovery:TagResource",
        Service::AppMesh => "appmesh:TagResource",
        Service::ApiGateway if creates => "apigateway:PUT",
        Service::ApiGatewayV2 if creates => "apigateway:POST",
        _ => return None,
    };
    let resources = match call.service {
        Service::ApiGateway | Service::ApiGatewayV2 => vec![resource::path_arn(call, "/tags/*")],
        _ => resource::named(account, call),
    };
    let resources = match call.operation {
        "CreateListener" => {
            let listener = |arn: String| arn.replacen(":loadbalancer/", ":listener/", 1) + "/*";
            resources.into_iter().map(listener).collect()
        }
        _ => resources,
    };
    Some(Needed { action: action.into(), resources })
}

/// The service that makes its role at the first of these calls.
fn first_of(name: &str) -> Option<&'static str> {
    match name {
        "ecs:CreateCluster" | "ecs:CreateService" => Some("ecs.amazonaws.com"),
        "elasticloadbalancing:CreateLoadBalancer" => Some("elasticloadbalancing.amazonaws.com"),
        "apigateway:CreateVpcLink" | "apigatewayv2:CreateVpcLink" => {
            Some("ops.apigateway.amazonaws.com")
        }
        "appmesh:CreateMesh" => Some("appmesh.amazonaws.com"),
        _ => None,
    }
}

/// The roles that a call gives to a service.
fn roles(input: &Value, name: &str) -> Option<Needed> {
    let roles: Vec<&str> = match name {
        "ecs:RegisterTaskDefinition" => {
            let roles = ["executionRoleArn", "taskRoleArn"];
            roles.iter().filter_map(|role| input.text(role)).collect()
        }
        "apigateway:UpdateAccount" => patched(input, "/cloudwatchRoleArn").into_iter().collect(),
        _ => Vec::new(),
    };
    let resources: Vec<String> = roles.into_iter().map(String::from).collect();
    (!resources.is_empty()).then(|| Needed { action: "iam:PassRole".into(), resources })
}

fn sets_policy(input: &Value, name: &str) -> bool {
    match name {
        "apigateway:CreateRestApi" => filled(input.get("policy")),
        "apigateway:UpdateRestApi" => patched(input, "/policy").is_some(),
        _ => false,
    }
}

/// What other services are asked for on the caller's behalf.
fn elsewhere(name: &str) -> &'static [&'static str] {
    match name {
        "ec2:CreateVpcEndpoint" => &[
            "ec2:DescribeVpcs",
            "ec2:DescribeSubnets",
            "ec2:DescribeSecurityGroups",
            "route53:AssociateVPCWithHostedZone",
        ],
        "servicediscovery:CreatePrivateDnsNamespace" => &[
            "route53:CreateHostedZone",
            "route53:GetHostedZone",
            "route53:ListHostedZonesByName",
            "ec2:DescribeVpcs",
            "ec2:DescribeRegions",
        ],
        "servicediscovery:DeleteNamespace" => &["route53:DeleteHostedZone"],
        "servicediscovery:UpdateService" => &["route53:ChangeResourceRecordSets"],
        "apigateway:CreateVpcLink" => &[
            "elasticloadbalancing:DescribeLoadBalancers",
            "ec2:CreateVpcEndpointServiceConfiguration",
            "ec2:DescribeVpcEndpointServiceConfigurations",
            "ec2:ModifyVpcEndpointServicePermissions",
        ],
        "apigateway:DeleteVpcLink" => &[
            "ec2:DeleteVpcEndpointServiceConfigurations",
            "ec2:DescribeVpcEndpointServiceConfigurations",
        ],
        _ => &[],
    }
}

fn filled(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        _ => false,
    }
}

/// The value that a patch gives to what is at this path.
fn patched<'a>(input: &'a Value, path: &str) -> Option<&'a str> {
    let mut steps = input.list("patchOperations").iter();
    let step = steps.find(|step| step.text("path") == Some(path))?;
    step.text("value").filter(|value| !value.is_empty())
}
