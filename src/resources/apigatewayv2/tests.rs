//! VPC links V2 against the simulated account.

use super::vpc_link::{VpcLink, VpcLinkId, VpcLinkNeeds, VpcLinkValues};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, Scope, cx::caller},
    model::{Address, Clock, Readiness, Tags, tags::TagChanges},
    resources::{
        Resource,
        ec2::{security_group::SecurityGroupId, subnet::SubnetId},
    },
    simulator::{Fault, Rule, Simulator, When},
};
use std::{collections::BTreeMap, time::Duration};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn cx(simulator: &Simulator) -> Cx {
    let in_process = Some(simulator.http_client());
    let endpoint = Endpoint { in_process, region: Some("eu-west-1".into()), ..Endpoint::default() };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let caller = caller(&clients).await.expect("the simulator knows who calls");
    let (stack, region) = ("shop".into(), "eu-west-1".into());
    let scope = Scope { stack, region, caller, tags: Tags::new() };
    Cx::new(clients, scope, Clock::started(1.0)).creating(&Address::new("api/link"), TOKEN)
}

/// Two subnets and a security group of a new VPC.
async fn place(cx: &Cx) -> VpcLinkValues {
    let ec2 = cx.ec2();
    let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.expect("a VPC");
    let vpc = vpc.vpc().and_then(|vpc| vpc.vpc_id()).expect("an ID").to_owned();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut subnets = Vec::new();
    for third in 1..=2 {
        let call = ec2.create_subnet().vpc_id(&vpc).cidr_block(format!("10.0.{third}.0/24"));
        let made = call.send().await.expect("a subnet");
        let id = made.subnet().and_then(|subnet| subnet.subnet_id()).expect("an ID");
        subnets.push(SubnetId(id.into()));
    }
    let call = ec2.create_security_group().vpc_id(&vpc).group_name("link").description("link");
    let group = call.send().await.expect("a security group");
    let group = SecurityGroupId(group.group_id().expect("an ID").into());
    tokio::time::sleep(Duration::from_secs(10)).await;
    VpcLinkValues { subnets, security_groups: vec![group] }
}

fn wish(name: &str) -> VpcLink {
    let needs = VpcLinkNeeds { subnets: Vec::new(), security_groups: Vec::new() };
    VpcLink { needs, name: name.into() }
}

async fn live(cx: &Cx, id: &VpcLinkId) -> <VpcLink as Resource>::Live {
    VpcLink::read(cx, id).await.expect("an answer").expect("a link")
}

#[tokio::test(start_paused = true)]
async fn a_link_is_made_found_renamed_tagged_and_deleted() {
    let simulator = Simulator::seeded(1);
    let cx = cx(&simulator).await;
    let place = place(&cx).await;
    let id = wish("shop").create(&cx, &place).await.expect("a link");
    assert!(matches!(VpcLink::readiness(&live(&cx, &id).await), Readiness::Waiting(_)));
    tokio::time::sleep(Duration::from_secs(600)).await;
    let first = live(&cx, &id).await;
    assert_eq!(VpcLink::readiness(&first), Readiness::Ready);
    assert!(wish("shop").drift(&first, &place).is_empty());

    let drift = wish("other").drift(&first, &place);
    assert!(drift.touches("name") && !drift.replaces());
    wish("other").update(&cx, &id, &drift, &place).await.expect("an update");
    assert!(wish("other").drift(&live(&cx, &id).await, &place).is_empty());
    let fewer = VpcLinkValues { subnets: place.subnets[..1].to_vec(), security_groups: vec![] };
    let moved = wish("other").drift(&first, &fewer);
    assert!(moved.replaces() && moved.touches("subnet_ids") && moved.touches("security_group_ids"));

    let set = BTreeMap::from([("team".to_owned(), "platform".to_owned())]);
    VpcLink::retag(&cx, &id, &TagChanges { set, remove: vec![] }).await.expect("tags");
    let tags = VpcLink::tags(&live(&cx, &id).await).expect("tags");
    assert_eq!(tags.get("team").map(String::as_str), Some("platform"));
    let remove = TagChanges { set: BTreeMap::new(), remove: vec!["team".into()] };
    VpcLink::retag(&cx, &id, &remove).await.expect("fewer tags");
    assert!(!VpcLink::tags(&live(&cx, &id).await).expect("tags").contains_key("team"));

    let found = VpcLink::search(&cx).await.expect("a search");
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].out, found[0].token.as_deref()), (&id, Some(TOKEN)));

    VpcLink::delete(&cx, &id).await.expect("a deletion");
    let going = live(&cx, &id).await;
    assert!(wish("other").drift(&going, &place).replaces(), "it never comes back");
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(VpcLink::read(&cx, &id).await.expect("an answer").is_none());
    VpcLink::delete(&cx, &id).await.expect("deleting what is gone");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_failed_says_why_and_is_made_anew() {
    let simulator = Simulator::seeded(1);
    simulator.fault(Rule::new("apigatewayv2:CreateVpcLink", When::Always, Fault::Fail));
    let cx = cx(&simulator).await;
    let place = place(&cx).await;
    let id = wish("shop").create(&cx, &place).await.expect("a link");
    tokio::time::sleep(Duration::from_secs(600)).await;
    let failed = live(&cx, &id).await;
    let Readiness::Failed(why) = VpcLink::readiness(&failed) else { panic!("{failed:?}") };
    assert_eq!(why, "An internal error has occurred.");
    assert!(wish("shop").drift(&failed, &place).replaces());
}

#[tokio::test(start_paused = true)]
async fn all_pages_of_links_are_read() {
    let simulator = Simulator::seeded(1);
    simulator.behind(|account| account.quotas.vpc_links_v2 = 100);
    let cx = cx(&simulator).await;
    let place = place(&cx).await;
    for _ in 0..30 {
        wish("shop").create(&cx, &place).await.expect("a link");
    }
    assert_eq!(VpcLink::search(&cx).await.expect("a search").len(), 30);
}
