//! Elastic Load Balancing, asked through the SDK.

use super::{deregister_target, healthy_at, hold, register_target, release_hold, target_health};
use crate::{
    aws::{CallLog, Clients, Endpoint, OpResult},
    model::{Class, Error},
    simulator::{Simulator, quotas::Quotas},
};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, LoadBalancer, LoadBalancerSchemeEnum, LoadBalancerTypeEnum,
    ProtocolEnum, RuleCondition, TargetGroup, TargetGroupAttribute, TargetTypeEnum,
};
use std::time::Duration;

/// An account with a VPC and a subnet in each of two zones.
struct World {
    simulator: Simulator,
    aws: Clients,
    vpc: String,
    subnets: Vec<String>,
}

async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, class: Class, code: &str, text: &str) {
    let error = result.expect_err("it is refused");
    assert_eq!((error.class, &*error.code), (class, code), "{error}");
    assert!(error.message.contains(text), "{error}");
}

impl World {
    async fn seeded(seed: u64) -> Self {
        let simulator = Simulator::seeded(seed);
        let in_process = Some(simulator.http_client());
        let region = Some("eu-west-1".into());
        let endpoint = Endpoint { in_process, region, ..Endpoint::default() };
        let aws = Clients::load(&endpoint, CallLog::default()).await;
        let mut world = Self { simulator, aws, vpc: String::new(), subnets: Vec::new() };
        let vpc = world.aws.ec2().create_vpc().cidr_block("10.0.0.0/16").send().await;
        let vpc = vpc.expect("a VPC");
        world.vpc = vpc.vpc().and_then(|vpc| vpc.vpc_id()).expect("its ID").into();
        pause(10).await;
        for (zone, third) in [('a', 100), ('b', 101)] {
            let subnet = world.subnet(zone, third).await;
            world.subnets.push(subnet);
        }
        pause(10).await;
        world
    }

    async fn subnet(&self, zone: char, third: u8) -> String {
        let call = self.aws.ec2().create_subnet().vpc_id(&self.vpc);
        let call = call.cidr_block(format!("10.0.{third}.0/24"));
        let made = call.availability_zone(format!("eu-west-1{zone}")).send().await;
        made.expect("a subnet").subnet().and_then(|it| it.subnet_id()).expect("its ID").into()
    }

    async fn balancer(
        &self,
        name: &str,
        kind: &str,
        scheme: &str,
        subnets: &[String],
    ) -> Result<LoadBalancer, Error> {
        let call = self.aws.elb().create_load_balancer().name(name);
        let call = call.r#type(LoadBalancerTypeEnum::from(kind));
        let call = call.scheme(LoadBalancerSchemeEnum::from(scheme));
        let made = call.set_subnets(Some(subnets.to_vec())).send().await;
        let made = made.op("elasticloadbalancing:CreateLoadBalancer")?;
        Ok(made.load_balancers()[0].clone())
    }

    /// An internal load balancer in both zones: its ARN.
    async fn internal(&self, name: &str, kind: &str) -> String {
        let made = self.balancer(name, kind, "internal", &self.subnets).await;
        made.expect("a load balancer").load_balancer_arn.expect("its ARN")
    }

    async fn group(&self, name: &str, protocol: &str, port: i32) -> Result<TargetGroup, Error> {
        let call = self.aws.elb().create_target_group().name(name).vpc_id(&self.vpc);
        let call = call.protocol(ProtocolEnum::from(protocol)).port(port);
        let call = call.target_type(TargetTypeEnum::Ip);
        let call = call.health_check_interval_seconds(5).health_check_timeout_seconds(4);
        let made = call.healthy_threshold_count(3).send().await;
        let made = made.op("elasticloadbalancing:CreateTargetGroup")?;
        Ok(made.target_groups()[0].clone())
    }

    async fn group_arn(&self, name: &str, protocol: &str) -> String {
        let made = self.group(name, protocol, 3000).await;
        made.expect("a target group").target_group_arn.expect("its ARN")
    }

    async fn listen(&self, on: &str, protocol: &str, port: i32, to: &str) -> Result<String, Error> {
        let call = self.aws.elb().create_listener().load_balancer_arn(on).port(port);
        let call = call.protocol(ProtocolEnum::from(protocol)).default_actions(forward(to));
        let made = call.send().await.op("elasticloadbalancing:CreateListener")?;
        Ok(made.listeners()[0].listener_arn().expect("its ARN").into())
    }

    async fn delete(&self, arn: &str) -> Result<(), Error> {
        let call = self.aws.elb().delete_load_balancer().load_balancer_arn(arn);
        call.send().await.op("elasticloadbalancing:DeleteLoadBalancer").map(drop)
    }

    async fn delete_group(&self, arn: &str) -> Result<(), Error> {
        let call = self.aws.elb().delete_target_group().target_group_arn(arn);
        call.send().await.op("elasticloadbalancing:DeleteTargetGroup").map(drop)
    }

    fn health(&self, group: &str, ip: &str) -> &'static str {
        self.simulator.behind(|account| target_health(account, group, ip))
    }
}

fn forward(to: &str) -> Action {
    Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(to).build()
}

#[tokio::test(start_paused = true)]
async fn the_same_load_balancer_again_is_the_one_that_there_is() {
    let world = World::seeded(1).await;
    let first = world.internal("shop", "application").await;
    assert_eq!(world.internal("shop", "application").await, first);
    let other = world.balancer("shop", "network", "internal", &world.subnets).await;
    refused(other, Class::Exists, "DuplicateLoadBalancerName", "but with different settings");
    for name in ["internal-shop", "-shop", "a.b", &"x".repeat(33)] {
        let bad = world.balancer(name, "network", "internal", &world.subnets).await;
        refused(bad, Class::Invalid, "ValidationError", "name");
    }
}

#[tokio::test(start_paused = true)]
async fn an_internet_facing_load_balancer_needs_an_internet_gateway() {
    let world = World::seeded(2).await;
    let make =
        async || world.balancer("web", "application", "internet-facing", &world.subnets).await;
    refused(make().await, Class::NotYet, "InvalidSubnet", "has no internet gateway");
    let gateway = world.aws.ec2().create_internet_gateway().send().await.expect("a gateway");
    let gateway = gateway.internet_gateway().and_then(|it| it.internet_gateway_id()).expect("ID");
    pause(10).await;
    let call = world.aws.ec2().attach_internet_gateway().vpc_id(&world.vpc);
    call.internet_gateway_id(gateway).send().await.expect("attached");
    let made = make().await.expect("a load balancer");
    assert!(made.dns_name().expect("a name").ends_with(".eu-west-1.elb.amazonaws.com"));

    let detach = world.aws.ec2().detach_internet_gateway().vpc_id(&world.vpc);
    let held = detach.internet_gateway_id(gateway).send().await.op("ec2:DetachInternetGateway");
    refused(held, Class::Busy, "DependencyViolation", "mapped public address");
}

#[tokio::test(start_paused = true)]
async fn an_application_load_balancer_wants_two_zones_and_no_zone_takes_two_subnets() {
    let world = World::seeded(3).await;
    let one = world.balancer("web", "application", "internal", &world.subnets[..1]).await;
    refused(one, Class::Invalid, "ValidationError", "two different Availability Zones");
    world.balancer("link", "network", "internal", &world.subnets[..1]).await.expect("one will do");
    let mut subnets = world.subnets.clone();
    subnets.push(world.subnet('a', 102).await);
    pause(10).await;
    let twice = world.balancer("web", "application", "internal", &subnets).await;
    refused(twice, Class::Invalid, "InvalidConfigurationRequest", "in the same Availability Zone");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_load_balancer_leaves_its_interfaces_behind_for_a_while() {
    let world = World::seeded(4).await;
    let arn = world.internal("link", "network").await;
    let interfaces = || world.simulator.inventory().count("ec2", "NetworkInterface");
    assert_eq!(interfaces(), 2);
    world.delete(&arn).await.expect("a deletion");
    world.delete(&arn).await.expect("what is gone is deleted already");
    assert_eq!(interfaces(), 2);
    let subnet = world.aws.ec2().delete_subnet().subnet_id(&world.subnets[0]);
    let held = subnet.send().await.op("ec2:DeleteSubnet");
    refused(held, Class::Busy, "DependencyViolation", "has dependencies");
    pause(400).await;
    assert_eq!(interfaces(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_another_service_holds_is_not_deleted() {
    let world = World::seeded(5).await;
    let arn = world.internal("link", "network").await;
    let held = world.simulator.behind(|account| hold(account, &arn, "vpc-link/abc123"));
    held.expect("it is there");
    let text = "cannot be deleted because it is currently associated with another service";
    refused(world.delete(&arn).await, Class::Busy, "ResourceInUse", text);
    world.simulator.behind(|account| release_hold(account, &arn, "vpc-link/abc123"));
    world.delete(&arn).await.expect("a deletion");
}

#[tokio::test(start_paused = true)]
async fn a_target_group_in_use_is_not_deleted_until_its_listener_is_forgotten() {
    let world = World::seeded(6).await;
    let (alb, other) =
        (world.internal("web", "application").await, world.internal("two", "application").await);
    let group = world.group_arn("web", "HTTP").await;
    let listener = world.listen(&alb, "HTTP", 80, &group).await.expect("a listener");
    let again = world.listen(&alb, "HTTP", 80, &group).await.expect("the same");
    assert_eq!(again, listener);

    let limit = world.listen(&other, "HTTP", 80, &group).await;
    let text = "cannot be associated with more than one load balancer";
    refused(limit, Class::Invalid, "TargetGroupAssociationLimit", text);
    let in_use = "is currently in use by a listener or a rule";
    refused(world.delete_group(&group).await, Class::Busy, "ResourceInUse", in_use);
    world.delete(&alb).await.expect("it takes its listeners along");
    assert_eq!(world.simulator.inventory().count("elasticloadbalancing", "Listener"), 0);
    refused(world.delete_group(&group).await, Class::Busy, "ResourceInUse", in_use);
    pause(30).await;
    world.delete_group(&group).await.expect("a deletion");
    world.delete_group(&group).await.expect("what is gone is deleted already");
}

#[tokio::test(start_paused = true)]
async fn listeners_are_refused_on_taken_ports_and_for_other_protocols() {
    let world = World::seeded(7).await;
    let (alb, nlb) =
        (world.internal("web", "application").await, world.internal("link", "network").await);
    let (http, tcp) = (world.group_arn("web", "HTTP").await, world.group_arn("link", "TCP").await);
    let second = world.group_arn("second", "TCP").await;
    world.listen(&nlb, "TCP", 3001, &tcp).await.expect("a listener");
    let taken = world.listen(&nlb, "TCP", 3001, &second).await;
    refused(taken, Class::Exists, "DuplicateListener", "already exists on this port");
    let mixed = world.listen(&nlb, "TCP", 3002, &http).await;
    refused(mixed, Class::Invalid, "IncompatibleProtocols", "'HTTP'");
    let wrong = world.listen(&alb, "TCP", 80, &tcp).await;
    refused(wrong, Class::Invalid, "ValidationError", "must be one of 'HTTP, HTTPS'");
    let other = world.group("web", "HTTP", 4000).await;
    refused(other, Class::Exists, "DuplicateTargetGroupName", "but with different settings");
    world.simulator.behind(|account| {
        account.quotas = Quotas { listeners_per_load_balancer: 1, ..Quotas::default() };
    });
    let full = world.listen(&nlb, "TCP", 3002, &second).await;
    refused(full, Class::Quota, "TooManyListeners", "");
}

#[tokio::test(start_paused = true)]
async fn a_target_becomes_healthy_once_its_group_is_used_and_drains_when_it_leaves() {
    let world = World::seeded(8).await;
    let (nlb, group) = (world.internal("link", "network").await, world.group_arn("n", "TCP").await);
    let register = |ip: &str, serving| {
        world.simulator.behind(|account| register_target(account, &group, ip, 3000, serving))
    };
    register("10.0.100.9", true).expect("it is in the VPC");
    register("10.0.101.9", false).expect("it is in the VPC");
    let outside = register("192.168.0.1", true).expect_err("it is outside the VPC");
    assert_eq!(outside.code, "InvalidTarget");
    assert_eq!(world.health(&group, "10.0.100.9"), "unused");
    world.listen(&nlb, "TCP", 3001, &group).await.expect("a listener");
    pause(60).await;
    assert_eq!(world.health(&group, "10.0.100.9"), "initial", "nothing passes before it is active");
    pause(240).await;
    assert_eq!(world.health(&group, "10.0.100.9"), "healthy");
    assert_eq!(world.health(&group, "10.0.101.9"), "unhealthy");
    let when = world.simulator.behind(|account| healthy_at(account, &group, "10.0.100.9"));
    assert!(when.is_some_and(|when| when <= world.simulator.behind(|account| account.now)));

    let delay = TargetGroupAttribute::builder().key("deregistration_delay.timeout_seconds");
    let call = world.aws.elb().modify_target_group_attributes().target_group_arn(&group);
    call.attributes(delay.value("20").build()).send().await.expect("a shorter delay");
    let (now, gone) = world
        .simulator
        .behind(|account| (account.now, deregister_target(account, &group, "10.0.100.9", 3000)));
    assert_eq!(gone - now, 20_000);
    assert_eq!(world.health(&group, "10.0.100.9"), "draining");
    pause(21).await;
    assert_eq!(world.health(&group, "10.0.100.9"), "unused");
    let call = world.aws.elb().describe_target_health().target_group_arn(&group);
    let left = call.send().await.expect("the targets");
    let [left] = left.target_health_descriptions() else { panic!("one is left") };
    assert_eq!(left.target().and_then(|it| it.availability_zone()), Some("eu-west-1b"));
}

#[tokio::test(start_paused = true)]
async fn rules_keep_their_priorities_apart_and_the_default_one_comes_last() {
    let world = World::seeded(9).await;
    let alb = world.internal("web", "application").await;
    let (one, two) = (world.group_arn("one", "HTTP").await, world.group_arn("two", "HTTP").await);
    let listener = world.listen(&alb, "HTTP", 80, &one).await.expect("a listener");
    let elb = world.aws.elb();
    let add = async |priority| {
        let path = RuleCondition::builder().field("path-pattern").values("/two/*").build();
        let call = elb.create_rule().listener_arn(&listener).priority(priority);
        let call = call.conditions(path).actions(forward(&two));
        call.send().await.op("elasticloadbalancing:CreateRule")
    };
    add(20).await.expect("a rule");
    add(10).await.expect("a rule");
    let taken = add(20).await.expect_err("the priority is taken");
    assert_eq!(
        (&*taken.code, &*taken.message),
        ("PriorityInUse", "Priority '20' is currently in use")
    );
    let rules = elb.describe_rules().listener_arn(&listener).send().await.expect("the rules");
    let priorities: Vec<_> = rules.rules().iter().filter_map(|rule| rule.priority()).collect();
    assert_eq!(priorities, ["10", "20", "default"]);
    let call = elb.delete_rule().rule_arn(rules.rules()[2].rule_arn().expect("its ARN"));
    let kept = call.send().await.op("elasticloadbalancing:DeleteRule");
    refused(kept, Class::Invalid, "OperationNotPermitted", "Default rule");
    elb.delete_listener().listener_arn(&listener).send().await.expect("with its rules");
    assert_eq!(world.simulator.inventory().count("elasticloadbalancing", "ListenerRule"), 0);
}

#[tokio::test(start_paused = true)]
async fn listings_come_in_pages_and_tags_for_twenty_at_a_time() {
    let world = World::seeded(10).await;
    let mut arns = Vec::new();
    for at in 0..21 {
        arns.push(world.group_arn(&format!("group-{at}"), "TCP").await);
    }
    let elb = world.aws.elb();
    let pages = elb.describe_target_groups().page_size(8).into_paginator().send();
    let sizes: Result<Vec<_>, _> =
        pages.collect::<Vec<_>>().await.into_iter().collect::<Result<Vec<_>, _>>();
    let sizes: Vec<_> =
        sizes.expect("pages").iter().map(|page| page.target_groups().len()).collect();
    assert_eq!(sizes, [8, 8, 5]);
    let tags = elb.describe_tags().set_resource_arns(Some(arns.clone())).send().await;
    refused(tags.op("elasticloadbalancing:DescribeTags"), Class::Invalid, "ValidationError", "20");
    let unknown = format!("{}0", arns[0]);
    let tags = elb.describe_tags().resource_arns(&arns[0]).resource_arns(unknown).send().await;
    let missing = tags.op("elasticloadbalancing:DescribeTags");
    refused(missing, Class::Missing, "TargetGroupNotFound", "not found");
}
