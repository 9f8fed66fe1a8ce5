//! Roles and their policies.

use super::{World, trust};
use serde_json::{Value, json};

fn role(name: &str, padding: usize) -> Value {
    let mut trust = trust("ecs-tasks.amazonaws.com");
    trust["Statement"][0]["Sid"] = "x".repeat(padding).into();
    json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() })
}

fn inline(name: &str, padding: usize) -> Value {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "x".repeat(padding), "Effect": "Allow", "Action": "logs:*", "Resource": "*",
        }],
    });
    json!({ "RoleName": "shop", "PolicyName": name, "PolicyDocument": policy.to_string() })
}

#[test]
fn policies_have_their_lengths_and_a_quota_is_no_throttling() {
    let mut world = World::seeded(1);
    let (code, message) = world.refused("iam:CreateRole", role("shop", 2048));
    assert_eq!(code, "LimitExceeded", "{message}");
    world.ok("iam:CreateRole", role("shop", 1));
    world.ok("iam:PutRolePolicy", inline("one", 6000));
    assert_eq!(world.code("iam:PutRolePolicy", inline("two", 6000)), "LimitExceeded");
    world.ok("iam:PutRolePolicy", inline("one", 100));
    world.ok("iam:PutRolePolicy", inline("two", 6000));
    let names = world.ok("iam:ListRolePolicies", json!({ "RoleName": "shop" }));
    assert_eq!(names["PolicyNames"], json!(["one", "two"]), "a policy of the name is overwritten");
}

#[test]
fn attaching_a_policy_twice_is_attaching_it_once() {
    let mut world = World::seeded(1);
    world.ok("iam:CreateRole", role("shop", 1));
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let attach = json!({ "RoleName": "shop", "PolicyArn": policy });
    world.ok("iam:AttachRolePolicy", attach.clone());
    world.ok("iam:AttachRolePolicy", attach.clone());
    let seen = world.ok("iam:ListAttachedRolePolicies", json!({ "RoleName": "shop" }));
    assert_eq!(seen["AttachedPolicies"].as_array().map(Vec::len), Some(1));
    world.ok("iam:DetachRolePolicy", attach.clone());
    assert_eq!(world.code("iam:DetachRolePolicy", attach), "NoSuchEntity");
}

#[test]
fn roles_have_a_quota() {
    let mut world = World::seeded(1);
    world.account.quotas.roles = 1;
    world.ok("iam:CreateRole", role("shop", 1));
    assert_eq!(world.code("iam:CreateRole", role("other", 1)), "LimitExceeded");
}
