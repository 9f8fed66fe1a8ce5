//! Stacks of which a single thing is left, each of another kind: they are found all the same.

use crate::common::{DEMO, World, text};
use meshctl::{
    aws::stacks::stacks,
    model::tags::{EXPIRES, STACK},
};
use serde_json::{Value, json};
use std::time::Duration;

const END: &str = "2026-01-01T00:00:00Z";

/// What is left of a stack, as a call that makes it with the tags that it is given.
type Leftover = (&'static str, fn(&Place, Value) -> Value);

/// Where it stands; nothing here is a stack's.
struct Place {
    vpc: String,
    subnet: String,
}

/// Tags as a list, under the names that a service has for keys and values.
fn list(stack: &str, key: &str, value: &str) -> Value {
    json!([{ key: STACK, value: stack }, { key: EXPIRES, value: END }])
}

fn ec2(kind: &str, tags: &Value) -> Value {
    json!([{ "ResourceType": kind, "Tags": tags }])
}

/// One of each kind that can be the last one.
const LEFTOVERS: &[Leftover] = &[
    (
        "ec2:CreateVpc",
        |_, tags| json!({ "CidrBlock": "10.7.0.0/16", "TagSpecifications": ec2("vpc", &tags) }),
    ),
    ("ec2:CreateSubnet", |place, tags| {
        let tags = ec2("subnet", &tags);
        json!({ "VpcId": place.vpc, "CidrBlock": "10.0.9.0/24", "TagSpecifications": tags })
    }),
    (
        "ec2:CreateInternetGateway",
        |_, tags| json!({ "TagSpecifications": ec2("internet-gateway", &tags) }),
    ),
    ("ec2:AllocateAddress", |_, tags| json!({ "TagSpecifications": ec2("elastic-ip", &tags) })),
    (
        "ec2:CreateRouteTable",
        |place, tags| json!({ "VpcId": place.vpc, "TagSpecifications": ec2("route-table", &tags) }),
    ),
    ("ec2:CreateSecurityGroup", |place, tags| {
        let tags = ec2("security-group", &tags);
        json!({ "VpcId": place.vpc, "GroupName": "left", "Description": "left", "TagSpecifications": tags })
    }),
    (
        "elasticloadbalancing:CreateLoadBalancer",
        |place, tags| json!({ "Name": "left", "Type": "network", "Scheme": "internal", "Subnets": [place.subnet], "Tags": tags }),
    ),
    (
        "elasticloadbalancing:CreateTargetGroup",
        |place, tags| json!({ "Name": "left", "Protocol": "TCP", "Port": 80, "VpcId": place.vpc, "TargetType": "ip", "Tags": tags }),
    ),
    ("iam:CreateRole", |_, tags| {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "ecs-tasks.amazonaws.com" },
                "Action": "sts:AssumeRole",
            }],
        });
        let trust = trust.to_string();
        json!({ "RoleName": "left", "Path": "/meshctl/left/", "AssumeRolePolicyDocument": trust, "Tags": tags })
    }),
    ("logs:CreateLogGroup", |_, tags| json!({ "logGroupName": "/meshctl/left", "tags": tags })),
    ("ecs:CreateCluster", |_, tags| json!({ "clusterName": "left", "tags": tags })),
    ("ecs:RegisterTaskDefinition", |_, tags| {
        json!({
            "family": "ecs-CreateCluster-left", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "tags": tags,
            "containerDefinitions": [{ "name": "left", "image": "left" }],
        })
    }),
    (
        "servicediscovery:CreatePrivateDnsNamespace",
        |place, tags| json!({ "Name": "left.local", "Vpc": place.vpc, "Tags": tags }),
    ),
    ("appmesh:CreateMesh", |_, tags| json!({ "meshName": "left", "tags": tags })),
    ("apigateway:CreateRestApi", |_, tags| json!({ "name": "left", "tags": tags })),
    ("apigateway:CreateVpcLink", |_, tags| {
        let target = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:loadbalancer/net/gone/0";
        json!({ "name": "left", "targetArns": [target], "tags": tags })
    }),
    (
        "apigatewayv2:CreateVpcLink",
        |place, tags| json!({ "Name": "left", "SubnetIds": [place.subnet], "Tags": tags }),
    ),
];

/// The tags of a stack in the form that a service has for them.
fn tags(service: &str, stack: &str) -> Value {
    match service {
        "ec2" | "elasticloadbalancing" | "iam" | "servicediscovery" => list(stack, "Key", "Value"),
        "ecs" | "appmesh" => list(stack, "key", "value"),
        _ => json!({ STACK: stack, EXPIRES: END }),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_is_found_by_whatever_is_left_of_it() {
    let world = World::new(DEMO);
    let vpc = world.ask("ec2:CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" })).await;
    let vpc = text(&vpc, "/Vpc/VpcId");
    let subnet = json!({ "VpcId": vpc, "CidrBlock": "10.0.1.0/24" });
    let subnet = text(&world.ask("ec2:CreateSubnet", subnet).await, "/Subnet/SubnetId");
    let place = Place { vpc, subnet };
    for (action, input) in LEFTOVERS {
        let (service, operation) = action.split_once(':').expect("an action");
        let stack = format!("{service}-{operation}");
        world.ask(action, input(&place, tags(service, &stack))).await;
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    let session = world.session().await;
    let before = session.cx.log().counts().total;
    let found = stacks(&session.cx).await.expect("an answer");
    for (action, _) in LEFTOVERS {
        let expiry = found.get(&action.replace(':', "-"));
        let expiry =
            expiry.unwrap_or_else(|| panic!("what {action} left was not found: {found:?}"));
        assert_eq!(expiry.latest.as_deref(), Some(END), "{action}");
        assert!(!expiry.endless, "{action}");
    }
    assert_eq!(found.len(), LEFTOVERS.len());
    let asked = session.cx.log().counts().total - before;
    assert!(asked <= 30, "{asked} calls");
}
