//! Namespaces and services on the simulator, through the SDK's client.

use super::{
    private_dns_namespace::{NamespaceId, PrivateDnsNamespace},
    service::Service,
};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, cx::Caller, cx::Scope},
    model::{Clock, Depth},
    resources::{Blueprint, Resource, ec2::vpc::Vpc, ec2::vpc::VpcId, prelude::*},
    simulator::{Fault, Rule, Simulator, When},
};

async fn cx_of(simulator: &Simulator) -> Cx {
    let endpoint = Endpoint {
        in_process: Some(simulator.http_client()),
        region: Some("eu-west-1".into()),
        ..Endpoint::default()
    };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let caller =
        Caller { account: "000000000000".into(), arn: String::new(), partition: "aws".into() };
    let (stack, region, tags) = ("shop".into(), "eu-west-1".into(), Tags::new());
    Cx::new(clients, Scope { stack, region, caller, tags }, Clock::started(1.0))
}

fn vpc() -> Vpc {
    let cidr_block = "10.0.0.0/16".into();
    Vpc { cidr_block, enable_dns_support: true, enable_dns_hostnames: true }
}

struct Declared {
    namespace: PrivateDnsNamespace,
    service: Service,
}

fn declared(cx: &Cx, ttl: i64) -> Declared {
    let mut blueprint = Blueprint::new(cx);
    let vpc = blueprint.declare("vpc", vpc()).created();
    let of = |vpc| PrivateDnsNamespace {
        vpc,
        name: "shop.local".into(),
        description: "Names of the shop".into(),
    };
    let namespace = blueprint.declare("namespace", of(vpc.clone())).created();
    let service = Service {
        namespace,
        name: "cart".into(),
        ttl,
        description: "Tasks of the cart".into(),
        idle: false,
    };
    Declared { namespace: of(vpc), service }
}

async fn vpc_id(cx: &Cx) -> VpcId {
    let cx = cx.creating(&Address::new("vpc"), "token-vpc");
    vpc().create(&cx, &()).await.unwrap()
}

async fn namespace_id(cx: &Cx, token: &str) -> Result<NamespaceId> {
    let vpc = vpc_id(cx).await;
    let creating = cx.creating(&Address::new("namespace"), token);
    declared(cx, 10).namespace.create(&creating, &vpc).await
}

#[tokio::test(start_paused = true)]
async fn a_namespace_has_its_id_when_its_creating_call_returns_and_takes_its_zone_along() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    let vpc = vpc_id(&cx).await;
    let creating = cx.creating(&Address::new("namespace"), "token-1");
    let out = declared(&cx, 10).namespace.create(&creating, &vpc).await.unwrap();
    assert!(out.id.starts_with("ns-") && out.arn.ends_with(&out.id), "{out:?}");
    assert_eq!(simulator.inventory().count("route53", "HostedZone"), 1);

    let live = PrivateDnsNamespace::read(&cx, &out).await.unwrap().unwrap();
    assert!(declared(&cx, 10).namespace.drift(&live, &vpc).is_empty());
    let elsewhere = VpcId("vpc-other".into());
    assert!(declared(&cx, 10).namespace.drift(&live, &elsewhere).replaces());
    let found = PrivateDnsNamespace::search(&cx).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].address.as_str(), &found[0].out), ("namespace", &out));
    assert_eq!(found[0].token.as_deref(), Some("token-1"));

    for _ in 0..2 {
        PrivateDnsNamespace::delete(&cx, &out).await.unwrap();
    }
    while PrivateDnsNamespace::read(&cx, &out).await.unwrap().is_some() {
        cx.clock().sleep(std::time::Duration::from_secs(2)).await;
    }
    PrivateDnsNamespace::delete(&cx, &out).await.unwrap();
    assert_eq!(simulator.inventory().count("route53", "HostedZone"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_an_interrupted_run_began_is_found_when_its_operation_is_through() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    let vpc = vpc_id(&cx).await;
    simulator.fault(Rule::new(
        "servicediscovery:CreatePrivateDnsNamespace",
        When::Nth(1),
        Fault::LoseAnswer,
    ));
    let create = async |token: &str| {
        let creating = cx.creating(&Address::new("namespace"), token);
        declared(&cx, 10).namespace.create(&creating, &vpc).await
    };
    assert_eq!(create("token-1").await.unwrap_err().class, Class::Transient);
    assert_eq!(simulator.inventory().count("servicediscovery", "Namespace"), 0);
    let found = PrivateDnsNamespace::search(&cx).await.unwrap();
    assert_eq!(found[0].token.as_deref(), Some("token-1"));
    assert_eq!(create("token-2").await.unwrap_err().class, Class::Exists);
    // The first token still means the first namespace.
    assert_eq!(create("token-1").await.unwrap(), found[0].out);
    assert_eq!(simulator.inventory().count("servicediscovery", "Namespace"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_operation_ends_the_wait_with_awss_reason() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    let creating = cx.creating(&Address::new("namespace"), "token-1");
    let nowhere = VpcId("vpc-0123456789abcdef0".into());
    let error = declared(&cx, 10).namespace.create(&creating, &nowhere).await.unwrap_err();
    assert_eq!((error.class, &*error.code), (Class::Terminal, "CANNOT_CREATE_HOSTED_ZONE"));
}

#[tokio::test(start_paused = true)]
async fn a_service_heals_its_ttl_and_its_tags() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    let namespace = namespace_id(&cx, "token-1").await.unwrap();
    let wish = declared(&cx, 10).service;
    let creating = cx.creating(&Address::new("cart/registry"), "token-2");
    let out = wish.create(&creating, &namespace).await.unwrap();
    assert_eq!(wish.create(&creating, &namespace).await.unwrap(), out);
    let again = cx.creating(&Address::new("cart/registry"), "token-3");
    assert_eq!(wish.create(&again, &namespace).await.unwrap_err().class, Class::Exists);
    let read = async || Service::read(&cx, &out).await.unwrap().unwrap();
    assert!(wish.drift(&read().await, &namespace).is_empty());

    let wish = declared(&cx, 60).service;
    let drift = wish.drift(&read().await, &namespace);
    assert_eq!(drift.to_string(), "ttl: 10 -> 60");
    assert!(!drift.replaces());
    wish.update(&cx, &out, &drift, &namespace).await.unwrap();
    wish.update(&cx, &out, &drift, &namespace).await.unwrap();
    while !wish.drift(&read().await, &namespace).is_empty() {
        cx.clock().sleep(std::time::Duration::from_secs(1)).await;
    }

    let have = Service::tags(&read().await).unwrap();
    let mut want = have.clone();
    want.insert("team".into(), "cart".into());
    want.remove("Name");
    let changes = TagChanges::between(&have, &want, &have);
    Service::retag(&cx, &out, &changes).await.unwrap();
    assert_eq!(Service::tags(&read().await), Some(want));

    let found = Service::search(&cx).await.unwrap();
    assert_eq!((found[0].address.as_str(), &found[0].out), ("cart/registry", &out));
    for _ in 0..2 {
        Service::delete(&cx, &out).await.unwrap();
        assert!(Service::read(&cx, &out).await.unwrap().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn services_of_one_namespace_are_read_in_one_call() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    let namespace = namespace_id(&cx, "token-1").await.unwrap();
    let mut outs = Vec::new();
    for name in ["cart", "users", "stock"] {
        let wish = Service { name: name.into(), ..declared(&cx, 10).service };
        let creating = cx.creating(&Address::new(name), name);
        outs.push(wish.create(&creating, &namespace).await.unwrap());
    }
    let before = simulator.calls().len();
    let listed = cx.at_depth(Depth::Listed);
    let reads = outs.iter().map(|out| Service::read(&listed, out));
    let lives = futures_util::future::try_join_all(reads).await.unwrap();
    assert!(lives.iter().all(|live| live.as_ref().is_some_and(|it| Service::tags(it).is_none())));
    assert_eq!(simulator.calls().len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_strangers_namespace_is_not_found() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    namespace_id(&cx, "token-1").await.unwrap();
    simulator.behind(|account| {
        for (_, namespace) in account.servicediscovery.namespaces.all_mut() {
            namespace.tags.insert(tags::STACK.into(), "other".into());
        }
    });
    assert!(PrivateDnsNamespace::search(&cx).await.unwrap().is_empty());
}
