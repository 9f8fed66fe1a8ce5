//! Load balancers, target groups and listeners against the simulated account.

use super::{
    listener::{Listener, ListenerId, ListenerNeeds, ListenerValues},
    load_balancer::{LoadBalancer, LoadBalancerId, LoadBalancerNeeds, LoadBalancerValues},
    target_group::{HealthCheck, TargetGroup, TargetGroupId},
};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, Scope, cx::caller},
    model::{Address, Clock, Depth, Drift, Readiness, Tags, tags},
    resources::{
        Handle, Resource, Values,
        ec2::{security_group::SecurityGroupId, subnet::SubnetId, vpc::VpcId},
    },
    simulator::Simulator,
};
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerAttribute, SubnetMapping};
use std::time::Duration;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn cx(simulator: &Simulator) -> Cx {
    let in_process = Some(simulator.http_client());
    let endpoint = Endpoint { in_process, region: Some("eu-west-1".into()), ..Endpoint::default() };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let caller = caller(&clients).await.expect("the simulator knows who calls");
    let (stack, region) = ("shop".into(), "eu-west-1".into());
    Cx::new(clients, Scope { stack, region, caller, tags: Tags::new() }, Clock::started(1.0))
}

async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn handle<R: Resource>(address: &str) -> Handle<R> {
    Handle::new(Address::new(address))
}

/// A VPC with three subnets and two security groups.
struct Network {
    vpc: VpcId,
    subnets: Vec<SubnetId>,
    groups: Vec<SecurityGroupId>,
}

async fn network(cx: &Cx) -> Network {
    let vpc = cx.ec2().create_vpc().cidr_block("10.0.0.0/16").send().await.expect("a VPC");
    let vpc = vpc.vpc().and_then(|vpc| vpc.vpc_id()).expect("its ID").to_owned();
    pause(10).await;
    let (mut subnets, mut groups) = (Vec::new(), Vec::new());
    for zone in ['c', 'a', 'b'] {
        let call = cx.ec2().create_subnet().vpc_id(&vpc);
        let call = call.cidr_block(format!("10.0.{}.0/24", zone as u32));
        let made = call.availability_zone(format!("eu-west-1{zone}")).send().await;
        let made = made.expect("a subnet");
        subnets.push(SubnetId(made.subnet().and_then(|it| it.subnet_id()).expect("ID").into()));
    }
    for name in ["web", "web-2"] {
        let call = cx.ec2().create_security_group().vpc_id(&vpc).group_name(name);
        let made = call.description("the way in").send().await.expect("a group");
        groups.push(SecurityGroupId(made.group_id().expect("its ID").into()));
    }
    pause(10).await;
    Network { vpc: VpcId(vpc), subnets, groups }
}

fn load_balancer(kind_of: &str) -> LoadBalancer {
    LoadBalancer {
        needs: LoadBalancerNeeds {
            vpc: handle("a/vpc").created(),
            subnets: vec![handle("a/subnet").created()],
            security_groups: Vec::new(),
            attachment: None,
        },
        name: format!("shop-{kind_of}"),
        scheme: "internal".into(),
        kind_of: kind_of.into(),
        cross_zone: true,
    }
}

fn target_group(protocol: &str) -> TargetGroup {
    TargetGroup {
        vpc: handle("a/vpc").created(),
        name: format!("shop-{}", protocol.to_lowercase()),
        protocol: protocol.into(),
        port: 3000,
        health_check: HealthCheck {
            protocol: "HTTP".into(),
            path: Some("/health".into()),
            interval_seconds: 5,
            timeout_seconds: 4,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
        },
        deregistration_delay_seconds: 5,
    }
}

fn listener(protocol: &str, port: i32) -> Listener {
    Listener {
        needs: ListenerNeeds {
            load_balancer: handle("a/load-balancer").created(),
            target_group: handle("a/target-group").created(),
        },
        protocol: protocol.into(),
        port,
    }
}

fn values(network: &Network, subnets: usize, groups: &[usize]) -> LoadBalancerValues {
    LoadBalancerValues {
        vpc: network.vpc.clone(),
        subnets: network.subnets[..subnets].to_vec(),
        security_groups: groups.iter().map(|at| network.groups[*at].clone()).collect(),
        attachment: None,
    }
}

async fn made<R: Resource>(cx: &Cx, wish: &R, needs: &Values<R>, address: &str) -> R::Out {
    let cx = cx.creating(&Address::new(address), TOKEN);
    wish.create(&cx, needs).await.expect("it is made")
}

/// Brings one into line, in as many rounds as the engine would, and returns what differed.
async fn settled<R: Resource>(cx: &Cx, wish: &R, out: &R::Out, needs: &Values<R>) -> Drift {
    let live = R::read(cx, out).await.expect("an answer").expect("it is there");
    let drift = wish.drift(&live, needs);
    wish.update(cx, out, &drift, needs).await.expect("an update");
    let live = R::read(cx, out).await.expect("an answer").expect("it is there");
    let left = wish.drift(&live, needs);
    assert!(left.is_empty(), "{left}");
    drift
}

/// It is found by the search alone, is deleted, and is deleted again.
async fn found_and_deleted<R: Resource>(cx: &Cx, out: &R::Out, address: &str)
where
    R::Out: PartialEq + std::fmt::Debug,
{
    let found = R::search(cx).await.expect("a search");
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].address, &found[0].out), (&Address::new(address), out));
    assert_eq!(found[0].token.as_deref(), Some(TOKEN));
    let live = R::read(cx, out).await.expect("an answer").expect("it is there");
    assert_eq!(R::tags(&live), Some(found[0].tags.clone()));

    R::delete(cx, out).await.expect("a deletion");
    assert!(R::read(cx, out).await.expect("an answer").is_none());
    R::delete(cx, out).await.expect("deleting what is gone");
}

#[tokio::test(start_paused = true)]
async fn an_application_load_balancer_is_made_changed_found_and_deleted() {
    let cx = cx(&Simulator::seeded(1)).await;
    let network = network(&cx).await;
    let wish = load_balancer("application");
    let needs = values(&network, 2, &[0]);
    let id = made(&cx, &wish, &needs, "shop/load-balancer").await;
    assert!(id.dns_name.starts_with("internal-shop-application-"), "{id:?}");
    assert!(settled(&cx, &wish, &id, &needs).await.is_empty());

    let live = LoadBalancer::read(&cx, &id).await.expect("an answer").expect("it is there");
    assert_eq!(LoadBalancer::readiness(&live), Readiness::Waiting("state is provisioning".into()));
    pause(300).await;
    let live = LoadBalancer::read(&cx, &id).await.expect("an answer").expect("it is there");
    assert_eq!(LoadBalancer::readiness(&live), Readiness::Ready);

    let drift = settled(&cx, &wish, &id, &values(&network, 3, &[1, 0])).await;
    assert!(drift.touches("subnets") && drift.touches("security_groups"), "{drift}");
    found_and_deleted::<LoadBalancer>(&cx, &id, "shop/load-balancer").await;
}

#[tokio::test(start_paused = true)]
async fn cross_zone_is_set_on_network_load_balancers_and_brought_back() {
    let cx = cx(&Simulator::seeded(2)).await;
    let network = network(&cx).await;
    let wish = load_balancer("network");
    let needs = values(&network, 1, &[]);
    let id = made(&cx, &wish, &needs, "shop/nlb").await;
    let drift = settled(&cx, &wish, &id, &needs).await;
    assert_eq!(drift.to_string(), r#"cross_zone: "false" -> "true""#);

    let off = LoadBalancerAttribute::builder().key("load_balancing.cross_zone.enabled");
    let call = cx.elb().modify_load_balancer_attributes().load_balancer_arn(&id.arn);
    call.attributes(off.value("false").build()).send().await.expect("somebody changes it");
    let subnet = SubnetMapping::builder().subnet_id(&network.subnets[1].0).build();
    let call = cx.elb().set_subnets().load_balancer_arn(&id.arn);
    call.subnet_mappings(subnet).send().await.expect("somebody moves it");
    let drift = settled(&cx, &wish, &id, &needs).await;
    assert!(drift.touches("cross_zone") && drift.touches("subnets"), "{drift}");

    let grouped = LoadBalancer::read(&cx, &id).await.expect("an answer").expect("it is there");
    assert!(wish.drift(&grouped, &values(&network, 1, &[0])).replaces());
    found_and_deleted::<LoadBalancer>(&cx, &id, "shop/nlb").await;
}

#[tokio::test(start_paused = true)]
async fn a_target_group_is_made_changed_found_and_deleted() {
    let cx = cx(&Simulator::seeded(3)).await;
    let network = network(&cx).await;
    let id = made(&cx, &target_group("TCP"), &network.vpc, "shop/target-group").await;
    let drift = settled(&cx, &target_group("TCP"), &id, &network.vpc).await;
    assert_eq!(drift.to_string(), r#"deregistration_delay_seconds: "300" -> "5""#);

    let check = HealthCheck {
        protocol: "TCP".into(),
        path: None,
        interval_seconds: 10,
        timeout_seconds: 3,
        healthy_threshold: 3,
        unhealthy_threshold: 4,
    };
    let other = TargetGroup { health_check: check, ..target_group("TCP") };
    assert!(settled(&cx, &other, &id, &network.vpc).await.touches("health_check"));
    let live = TargetGroup::read(&cx, &id).await.expect("an answer").expect("it is there");
    assert_eq!(TargetGroup::health(&live).as_deref(), Some("0 of 0 targets healthy"));
    assert!(target_group("HTTP").drift(&live, &network.vpc).replaces());
    found_and_deleted::<TargetGroup>(&cx, &id, "shop/target-group").await;
}

#[tokio::test(start_paused = true)]
async fn a_listener_is_made_changed_found_and_deleted() {
    let cx = cx(&Simulator::seeded(4)).await;
    let network = network(&cx).await;
    let needs = values(&network, 2, &[0]);
    let load_balancer = made(&cx, &load_balancer("network"), &needs, "shop/nlb").await;
    let group = made(&cx, &target_group("TCP"), &network.vpc, "shop/target-group").await;
    let second = TargetGroup { name: "shop-second".into(), ..target_group("TCP") };
    let second = made(&cx, &second, &network.vpc, "shop/second").await;
    let onto = |group: &TargetGroupId| ListenerValues {
        load_balancer: load_balancer.clone(),
        target_group: group.clone(),
    };
    let id: ListenerId = made(&cx, &listener("TCP", 3001), &onto(&group), "shop/listener").await;
    assert!(settled(&cx, &listener("TCP", 3001), &id, &onto(&group)).await.is_empty());
    let drift = settled(&cx, &listener("TCP", 3002), &id, &onto(&second)).await;
    assert!(drift.touches("port") && drift.touches("default_actions"), "{drift}");
    assert!(Listener::id(&id).starts_with("net/shop-network/"));

    let elsewhere = LoadBalancerId { arn: "arn:other".into(), ..load_balancer.clone() };
    let elsewhere = ListenerValues { load_balancer: elsewhere, target_group: second };
    let live = Listener::read(&cx, &id).await.expect("an answer").expect("it is there");
    assert!(listener("TCP", 3002).drift(&live, &elsewhere).replaces());
    found_and_deleted::<Listener>(&cx, &id, "shop/listener").await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_gone_hides_none_of_the_others_read_with_it() {
    let simulator = Simulator::seeded(5);
    let cx = cx(&simulator).await;
    let network = network(&cx).await;
    let needs = values(&network, 2, &[0]);
    let first = made(&cx, &load_balancer("network"), &needs, "shop/nlb").await;
    let second = made(&cx, &load_balancer("application"), &needs, "shop/alb").await;
    let groups = ["TCP", "HTTP"].map(target_group);
    let kept = made(&cx, &groups[0], &network.vpc, "shop/one").await;
    let gone = made(&cx, &groups[1], &network.vpc, "shop/two").await;
    let onto = ListenerValues { load_balancer: first.clone(), target_group: kept.clone() };
    let listening = made(&cx, &listener("TCP", 3001), &onto, "shop/listener").await;
    let forgotten = made(&cx, &listener("TCP", 3002), &onto, "shop/other").await;

    Listener::delete(&cx, &forgotten).await.expect("a deletion");
    LoadBalancer::delete(&cx, &second).await.expect("a deletion");
    TargetGroup::delete(&cx, &gone).await.expect("a deletion");
    let listed = cx.at_depth(Depth::Listed);
    let before = simulator.calls().len();
    let (one, two) = futures_util::join!(
        LoadBalancer::read(&listed, &first),
        LoadBalancer::read(&listed, &second)
    );
    assert!(one.expect("an answer").is_some() && two.expect("an answer").is_none());
    assert_eq!(simulator.calls().len() - before, 2, "the batch, and the listing");
    let (one, two) =
        futures_util::join!(TargetGroup::read(&listed, &kept), TargetGroup::read(&listed, &gone));
    assert!(one.expect("an answer").is_some() && two.expect("an answer").is_none());
    let (one, two) = futures_util::join!(
        Listener::read(&listed, &listening),
        Listener::read(&listed, &forgotten)
    );
    assert!(one.expect("an answer").is_some() && two.expect("an answer").is_none());
    let tags = super::tagging::tags_by_arn;
    let (one, two) = futures_util::join!(tags(&cx, &kept.arn), tags(&cx, &gone.arn));
    assert!(one.expect("an answer").is_some() && two.expect("an answer").is_none());
}

#[tokio::test(start_paused = true)]
async fn tags_are_changed_and_a_stranger_with_a_like_name_is_not_found() {
    let cx = cx(&Simulator::seeded(6)).await;
    let network = network(&cx).await;
    let id = made(&cx, &target_group("TCP"), &network.vpc, "shop/target-group").await;
    let stranger = TargetGroup { name: "shop-stranger".into(), ..target_group("TCP") };
    stranger.create(&cx.creating(&Address::new("x"), TOKEN), &network.vpc).await.expect("made");
    let all = TargetGroup::search(&cx).await.expect("a search");
    let stranger = all.iter().find(|found| found.out.name == "shop-stranger").expect("it");
    let strip = tags::TagChanges { set: Tags::new(), remove: vec![tags::STACK.into()] };
    TargetGroup::retag(&cx, &stranger.out, &strip).await.expect("other tags");

    let changes = tags::TagChanges {
        set: Tags::from([("team".into(), "shop".into())]),
        remove: vec![tags::NAME.into()],
    };
    TargetGroup::retag(&cx, &id, &changes).await.expect("other tags");
    let found = TargetGroup::search(&cx).await.expect("a search");
    assert_eq!(found.iter().map(|found| &found.out).collect::<Vec<_>>(), [&id]);
    assert_eq!(found[0].tags.get("team").map(String::as_str), Some("shop"));
    assert!(!found[0].tags.contains_key(tags::NAME));
}
