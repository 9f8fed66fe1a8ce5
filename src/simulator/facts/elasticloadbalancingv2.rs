//! Load balancers, target groups, listeners.

use super::{World, text};
use crate::simulator::elasticloadbalancingv2::{register_target, target_health};
use serde_json::{Value, json};

/// A VPC with two subnets.
fn network(world: &mut World) -> (String, [String; 2]) {
    let vpc = world.vpc();
    let subnets = [world.subnet(&vpc, 1, 'a'), world.subnet(&vpc, 2, 'b')];
    (vpc, subnets)
}

fn attribute(answer: &Value, key: &str) -> String {
    let all = answer["Attributes"].as_array().expect("attributes");
    let found = all.iter().find(|one| one["Key"] == key).unwrap_or_else(|| panic!("{key}"));
    text(found, "/Value")
}

#[test]
fn a_load_balancer_has_its_name_and_zone_while_it_is_provisioned_and_takes_listeners() {
    let mut world = World::seeded(1);
    let (vpc, subnets) = network(&mut world);
    let input = json!({
        "Name": "shop", "Type": "application", "Scheme": "internal", "Subnets": subnets,
    });
    let made = world.ok("elasticloadbalancing:CreateLoadBalancer", input);
    let made = &made["LoadBalancers"][0];
    assert_eq!(made["State"]["Code"], "provisioning");
    assert!(text(made, "/DNSName").starts_with("internal-shop-"), "{made}");
    assert!(made["CanonicalHostedZoneId"].is_string(), "{made}");
    let group = world.target_group(&vpc, "shop", "HTTP");
    let arn = text(made, "/LoadBalancerArn");
    world.listener(&arn, "HTTP", &group);
    world.pass(300);
    let seen = world.ok("elasticloadbalancing:DescribeLoadBalancers", json!({}));
    assert_eq!(seen["LoadBalancers"][0]["State"]["Code"], "active");
}

#[test]
fn a_network_load_balancer_without_security_groups_never_gets_any() {
    let mut world = World::seeded(1);
    let (vpc, subnets) = network(&mut world);
    let arn = world.balancer("network", &subnets);
    let group = json!({ "VpcId": vpc, "GroupName": "shop", "Description": "shop" });
    let group = text(&world.ok("ec2:CreateSecurityGroup", group), "/GroupId");
    let set = json!({ "LoadBalancerArn": arn, "SecurityGroups": [group] });
    let code = world.code("elasticloadbalancing:SetSecurityGroups", set);
    assert_eq!(code, "InvalidConfigurationRequest");
}

#[test]
fn an_application_load_balancer_without_security_groups_gets_the_vpcs_default_one() {
    let mut world = World::seeded(1);
    let (_, subnets) = network(&mut world);
    world.balancer("application", &subnets);
    let groups = world.ok("ec2:DescribeSecurityGroups", json!({}));
    let seen = world.ok("elasticloadbalancing:DescribeLoadBalancers", json!({}));
    let default = &groups["SecurityGroups"][0]["GroupId"];
    assert_eq!(seen["LoadBalancers"][0]["SecurityGroups"], json!([default]));
}

#[test]
fn a_create_that_finds_its_load_balancer_adds_no_tags() {
    let mut world = World::seeded(1);
    let (_, subnets) = network(&mut world);
    let input = |tag: &str| {
        json!({
            "Name": "shop", "Type": "network", "Scheme": "internal", "Subnets": subnets,
            "Tags": [{ "Key": tag, "Value": "" }],
        })
    };
    let made = world.ok("elasticloadbalancing:CreateLoadBalancer", input("first"));
    world.ok("elasticloadbalancing:CreateLoadBalancer", input("second"));
    let arn = text(&made, "/LoadBalancers/0/LoadBalancerArn");
    let tags = world.ok("elasticloadbalancing:DescribeTags", json!({ "ResourceArns": [arn] }));
    let keys = tags["TagDescriptions"][0]["Tags"].as_array().expect("tags");
    assert_eq!(keys.iter().map(|tag| text(tag, "/Key")).collect::<Vec<_>>(), ["first"]);
}

#[test]
fn attributes_begin_with_awss_defaults() {
    let mut world = World::seeded(1);
    let (vpc, subnets) = network(&mut world);
    let arn = json!({ "LoadBalancerArn": world.balancer("network", &subnets) });
    let seen = world.ok("elasticloadbalancing:DescribeLoadBalancerAttributes", arn);
    assert_eq!(attribute(&seen, "load_balancing.cross_zone.enabled"), "false");
    assert_eq!(attribute(&seen, "deletion_protection.enabled"), "false");
    let arn = json!({ "TargetGroupArn": world.target_group(&vpc, "shop", "TCP") });
    let seen = world.ok("elasticloadbalancing:DescribeTargetGroupAttributes", arn);
    assert_eq!(attribute(&seen, "deregistration_delay.timeout_seconds"), "300");
}

#[test]
fn deletion_protection_keeps_a_load_balancer() {
    let mut world = World::seeded(1);
    let (_, subnets) = network(&mut world);
    let arn = world.balancer("network", &subnets);
    let protect = json!({
        "LoadBalancerArn": arn,
        "Attributes": [{ "Key": "deletion_protection.enabled", "Value": "true" }],
    });
    world.ok("elasticloadbalancing:ModifyLoadBalancerAttributes", protect);
    let delete = json!({ "LoadBalancerArn": arn });
    let code = world.code("elasticloadbalancing:DeleteLoadBalancer", delete);
    assert_eq!(code, "OperationNotPermitted");
}

#[test]
fn a_new_target_needs_one_check_of_an_application_load_balancer_and_every_one_of_a_network_one() {
    // Ten seconds between checks, five of them to be healthy.
    let wait = |kind: &str, protocol: &str| {
        let mut world = World::seeded(3);
        let (vpc, subnets) = network(&mut world);
        let balancer = world.balancer(kind, &subnets);
        let group = world.target_group(&vpc, "shop", protocol);
        world.listener(&balancer, protocol, &group);
        world.pass(300);
        register_target(&mut world.account, &group, "10.0.1.9", 3000, true).expect("a target");
        let mut seconds = 0;
        while target_health(&world.account, &group, "10.0.1.9") != "healthy" {
            world.pass(1);
            seconds += 1;
            assert!(seconds < 300, "{kind}");
        }
        seconds
    };
    let (one, all) = (wait("application", "HTTP"), wait("network", "TCP"));
    assert!((1..45).contains(&one), "{one} s");
    assert!(all >= 50 && all >= one + 30, "{all} s, and {one} s");
}

#[test]
fn what_is_unknown_is_refused_by_kind_and_deleted_without_complaint() {
    let mut world = World::seeded(1);
    let arn = |kind: &str| format!("arn:aws:elasticloadbalancing:eu-west-1:000000000000:{kind}");
    let balancer = arn("loadbalancer/app/shop/0123456789abcdef");
    let group = arn("targetgroup/shop/0123456789abcdef");
    let listener = arn("listener/app/shop/0123456789abcdef/0123456789abcdef");
    for (kind, list, arn, code) in [
        ("LoadBalancers", "LoadBalancerArns", &balancer, "LoadBalancerNotFound"),
        ("TargetGroups", "TargetGroupArns", &group, "TargetGroupNotFound"),
        ("Listeners", "ListenerArns", &listener, "ListenerNotFound"),
    ] {
        let action = format!("elasticloadbalancing:Describe{kind}");
        assert_eq!(world.code(&action, json!({ list: [arn] })), code);
    }
    let delete = json!({ "LoadBalancerArn": balancer });
    world.ok("elasticloadbalancing:DeleteLoadBalancer", delete);
    world.ok("elasticloadbalancing:DeleteTargetGroup", json!({ "TargetGroupArn": group }));
    let code =
        world.code("elasticloadbalancing:DeleteListener", json!({ "ListenerArn": listener }));
    assert_eq!(code, "ListenerNotFound");
}

#[test]
fn target_groups_rules_and_load_balancers_have_quotas() {
    let mut world = World::seeded(1);
    let (vpc, subnets) = network(&mut world);
    world.account.quotas.target_groups = 1;
    world.account.quotas.rules_per_listener = 0;
    world.account.quotas.application_load_balancers = 1;
    let balancer = world.balancer("application", &subnets);
    let group = world.target_group(&vpc, "one", "HTTP");
    let listener = world.listener(&balancer, "HTTP", &group);
    let forward = json!([{ "Type": "forward", "TargetGroupArn": group }]);
    let path = json!([{ "Field": "path-pattern", "Values": ["/shop"] }]);
    for (action, input, code) in [
        (
            "CreateTargetGroup",
            json!({
                "Name": "two", "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip",
            }),
            "TooManyTargetGroups",
        ),
        (
            "CreateRule",
            json!({
                "ListenerArn": listener, "Priority": 1, "Actions": forward, "Conditions": path,
            }),
            "TooManyRules",
        ),
        (
            "CreateLoadBalancer",
            json!({
                "Name": "two", "Type": "application", "Scheme": "internal", "Subnets": subnets,
            }),
            "TooManyLoadBalancers",
        ),
    ] {
        assert_eq!(world.code(&format!("elasticloadbalancing:{action}"), input), code);
    }
}
