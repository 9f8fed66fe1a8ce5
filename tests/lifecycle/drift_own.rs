//! What the stack itself makes and leaves is never taken for a stranger's.

use crate::{
    common::{DEMO, World, app_mesh, linked_to_alb},
    drift::said,
};
use meshctl::{
    model::{Address, Depth, tags},
    simulator::{Fault, Rule, When},
};
use std::time::Duration;

/// Deletions that only what strangers added gives reason for.
const REMOVALS: [&str; 7] = [
    "ec2:RevokeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:DeleteRoute",
    "apigateway:DeleteResource",
    "apigateway:DeleteMethod",
    "apigateway:DeleteStage",
    "appmesh:DeleteRoute",
];

fn extras(said: &[String]) -> Vec<&String> {
    said.iter().filter(|line| line.contains(": extra ")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_first_up_removes_nothing_that_its_own_nodes_make_meanwhile() {
    for (config, seed) in [(app_mesh(), 1), (app_mesh(), 2), (linked_to_alb(), 3)] {
        let world = World::seeded(&config, seed);
        // Answers that get lost make calls be made again, and things be looked at closely.
        world.simulator.fault(Rule::new("*", When::Rate(0.05), Fault::LoseAnswer));
        world.simulator.fault(Rule::new("*", When::Rate(0.1), Fault::Throttle));
        let up = world.up().await.done();
        for removal in REMOVALS {
            assert_eq!(up.calls.by_operation.get(removal), None, "{removal}, seed {seed}");
        }
        world.simulator.calm();
        assert_eq!(said(&world, Depth::Full).await, [] as [String; 0]);
    }
}

/// The demonstration without its back-end `crystal`.
fn without_crystal() -> String {
    let begin = DEMO.find("# A back-end that answers only").expect("crystal");
    let end = DEMO.find("# The rest of what a service may say").expect("its end");
    let without = [&DEMO[..begin], &DEMO[end..]].concat();
    without.replacen("[\"nodejs\", \"crystal\"]", "[\"nodejs\"]", 1)
}

#[tokio::test(start_paused = true)]
async fn what_a_service_leaves_is_a_node_that_goes_and_no_strangers() {
    for lost in [false, true] {
        let mut world = World::new(DEMO);
        world.up().await.done();
        if lost {
            world.lose_state();
        }
        world.config = without_crystal();
        let heard = said(&world, Depth::Full).await;
        assert_eq!(extras(&heard), [] as [&String; 0], "state lost: {lost}");
        let goes = |address: &str| heard.contains(&format!("{address}: not wished for"));
        assert!(goes("api/rest-api/resource/crystal"), "state lost: {lost}: {heard:#?}");
        world.up().await.done();
        assert_eq!(said(&world, Depth::Full).await, [] as [String; 0], "state lost: {lost}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_of_another_name_takes_the_place_of_the_first() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    world.edit("stage = \"default\"", "stage = \"second\"");
    let heard = said(&world, Depth::Listed).await;
    assert_eq!(extras(&heard), [] as [&String; 0]);
    assert!(heard.contains(&"api/stage: stage_name: \"default\" -> \"second\"".to_owned()));
    world.up().await.done();
    assert_eq!(world.count("apigateway", "Stage"), 1);
    assert_eq!(said(&world, Depth::Full).await, [] as [String; 0]);
    world.assert_red_path();
}

#[tokio::test(start_paused = true)]
async fn what_strangers_added_is_removed_without_a_record_too() {
    let mut world = World::new(&app_mesh());
    let known = world.up().await.done().known;
    let session = world.session().await;
    let api = known.raw(&Address::new("api/rest-api")).expect("an API");
    let (id, root) = (api["id"].as_str(), api["root_resource_id"].as_str());
    let call = session.cx.apigateway().create_resource().path_part("admin");
    let call = call.rest_api_id(id.expect("an ID")).parent_id(root.expect("an ID"));
    call.send().await.expect("a path");
    world.lose_state();
    let heard = said(&world, Depth::Full).await;
    assert_eq!(heard, ["api/rest-api/resource/admin: not wished for"]);
    world.up().await.done();
    assert_eq!(world.count("apigateway", "Resource"), 2);
    assert_eq!(said(&world, Depth::Full).await, [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_without_the_stacks_tag_is_the_stacks_by_its_record_alone() {
    const RULE: &str = "provider/security-group/load_balancer/80/0.0.0.0/0";
    let mut world = World::new(DEMO);
    let known = world.up().await.done().known;
    let rule = known.raw(&Address::new(RULE)).expect("a rule")["rule_id"].clone();
    let session = world.session().await;
    let tag = aws_sdk_ec2::types::Tag::builder().key(tags::STACK).build();
    let call = session.cx.ec2().delete_tags().resources(rule.as_str().expect("an ID"));
    call.tags(tag).send().await.expect("no tag");
    tokio::time::sleep(Duration::from_secs(60)).await;

    // It is named, with the remedy, and goes on letting callers in.
    assert_eq!(extras(&said(&world, Depth::Listed).await), [] as [&String; 0]);
    let up = world.up().await;
    assert_eq!(up.calls.by_operation.get("ec2:RevokeSecurityGroupIngress"), None);
    let failed: Vec<_> = up.outcome.failures.iter().map(|one| one.address.as_str()).collect();
    assert_eq!(failed, [RULE]);
    assert!(up.outcome.failures[0].error.to_string().contains("does not carry this stack's tags"));

    // Without the record it is nobody's: it goes, and the stack's own takes its place.
    world.lose_state();
    let heard = said(&world, Depth::Listed).await;
    let group = "provider/security-group/load_balancer";
    let extra = format!("{group}: extra ingress rule tcp/80 from 0.0.0.0/0");
    assert!(heard.contains(&extra), "{heard:#?}");
    world.up().await;
    world.up().await.done();
    assert_eq!(said(&world, Depth::Full).await, [] as [String; 0]);
    assert_eq!(world.up().await.done().calls.mutating, 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_look_at_the_demo_is_at_most_120_calls() {
    for config in [app_mesh(), linked_to_alb()] {
        let world = World::new(&config);
        world.up().await.done();
        let again = world.up_in_full().await.done();
        assert_eq!(again.calls.mutating, 0);
        assert!(again.calls.total <= 120, "{:#?}", again.calls);
    }
}
