//! The resources that a call names, as IAM sees them.

use crate::simulator::{
    account::Account,
    fields::Fields,
    wire::{Call, Service},
};
use serde_json::Value;

/// The ARNs of what a call is about. Of what it is to make IAM knows the name alone: the part that
/// AWS gives is `*`. None where IAM knows no resource, or where the call names IDs, which say
/// nothing of a stack.
pub(super) fn named(account: &Account, call: &Call) -> Vec<String> {
    let input = &call.input;
    match call.service {
        Service::ApiGateway | Service::ApiGatewayV2 => {
            // IAM's ARNs do not tell the versions apart.
            let place = call.place().map(|(_, path)| path);
            let path = place.map(|path| path_arn(call, path.strip_prefix("/v2").unwrap_or(&path)));
            path.into_iter().collect()
        }
        Service::Iam => role(account, call).into_iter().collect(),
        Service::CloudWatchLogs => {
            let group =
                input.text("logGroupName").map(|name| arn(account, call, "log-group", ":", name));
            group.or(input.text("resourceArn").map(String::from)).into_iter().collect()
        }
        Service::AppMesh => mesh(account, call).into_iter().collect(),
        Service::Ecs => of_ecs(account, call),
        Service::ElasticLoadBalancingV2 => of_load_balancing(account, call),
        Service::Ec2 | Service::ServiceDiscovery | Service::ServiceQuotas | Service::Sts => {
            Vec::new()
        }
    }
}

/// API Gateway's ARNs name no account.
pub(super) fn path_arn(call: &Call, path: &str) -> String {
    format!("arn:aws:apigateway:{}::{path}", call.region)
}

fn arn(account: &Account, call: &Call, kind: &str, mark: &str, name: &str) -> String {
    let (service, region, id) = (call.service.prefix(), &call.region, &account.id);
    format!("arn:aws:{service}:{region}:{id}:{kind}{mark}{name}")
}

/// A role by its name. IAM knows the path of one that is there, or that is to be made.
fn role(account: &Account, call: &Call) -> Option<String> {
    let name = call.input.text("RoleName")?;
    if let Some(role) = account.iam.roles.known(&name.to_lowercase()) {
        return Some(role.arn.clone());
    }
    let path = call.input.text("Path").unwrap_or("/");
    Some(format!("arn:aws:iam::{}:role{path}{name}", account.id))
}

fn mesh(account: &Account, call: &Call) -> Option<String> {
    let input = &call.input;
    if let Some(arn) = input.text("resourceArn") {
        return Some(arn.into());
    }
    let mut name = input.text("meshName")?.to_owned();
    for (kind, member) in [
        ("virtualNode", "virtualNodeName"),
        ("virtualRouter", "virtualRouterName"),
        ("route", "routeName"),
        ("virtualService", "virtualServiceName"),
    ] {
        if let Some(part) = input.text(member) {
            name.push_str(&format!("/{kind}/{part}"));
        }
    }
    Some(arn(account, call, "mesh", "/", &name))
}

fn of_ecs(account: &Account, call: &Call) -> Vec<String> {
    let input = &call.input;
    let made = |kind: &str, name: &str| vec![arn(account, call, kind, "/", name)];
    match call.operation {
        "CreateCluster" => made("cluster", input.text_or_empty("clusterName")),
        "CreateService" => {
            let cluster = input.text_or_empty("cluster").rsplit('/').next().unwrap_or_default();
            made("service", &format!("{cluster}/{}", input.text_or_empty("serviceName")))
        }
        "RegisterTaskDefinition" => {
            made("task-definition", &format!("{}:*", input.text_or_empty("family")))
        }
        "DescribeClusters"
        | "DeleteCluster"
        | "PutClusterCapacityProviders"
        | "UpdateClusterSettings" => given(input, &["cluster", "clusters"]),
        "DescribeServices" | "UpdateService" | "DeleteService" => {
            given(input, &["service", "services"])
        }
        "DescribeTasks" => given(input, &["tasks"]),
        "DeleteTaskDefinitions" => given(input, &["taskDefinitions"]),
        "TagResource" | "UntagResource" => given(input, &["resourceArn"]),
        _ => Vec::new(),
    }
}

fn of_load_balancing(account: &Account, call: &Call) -> Vec<String> {
    let input = &call.input;
    let made = |kind: &str| {
        let name = format!("{}/*", input.text_or_empty("Name"));
        vec![arn(account, call, kind, "/", &name)]
    };
    match call.operation {
        "CreateLoadBalancer" if input.text("Type") == Some("network") => made("loadbalancer/net"),
        "CreateLoadBalancer" => made("loadbalancer/app"),
        "CreateTargetGroup" => made("targetgroup"),
        "CreateListener" => given(input, &["LoadBalancerArn"]),
        "AddTags" | "RemoveTags" => given(input, &["ResourceArns"]),
        reads if reads.starts_with("Describe") => Vec::new(),
        _ => given(input, &["LoadBalancerArn", "ListenerArn", "RuleArn", "TargetGroupArn"]),
    }
}

/// The ARNs among these members.
fn given(input: &Value, members: &[&str]) -> Vec<String> {
    let texts = members.iter().flat_map(|it| input.text(it).into_iter().chain(input.texts(it)));
    texts.filter(|text| text.starts_with("arn:")).map(String::from).collect()
}
