//! The same questions put to every kind of resource, over the demonstration in the simulator.
//!
//! Nothing here names a kind: a new one is asked as soon as it is in the registry and in the stack.

#[path = "common/mod.rs"]
mod common;

use common::{DEMO, World, connect, linked};
use meshctl::{
    engine::Action,
    model::{Address, Class, Depth, Identities, Identity, Kind, Step, Tags, tags::TagChanges},
    simulator::{Fault, Rule, When},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// Where the demonstration over Service Connect differs from the one over App Mesh: the rest need not
/// be asked twice.
const CONNECTED: [&str; 2] = ["ecs", "servicediscovery"];
/// And where the one whose API has a link of the second version differs.
const LINKED: [&str; 2] = ["apigateway", "apigatewayv2"];

/// Every kind of the demonstration with one of its nodes.
async fn one_of_each(world: &World) -> BTreeMap<Kind, (Address, Rc<dyn Step>)> {
    let graph = world.graph().await;
    let nodes = graph.iter();
    nodes.map(|(at, step)| (step.kind().kind(), (at.clone(), Rc::clone(step)))).collect()
}

fn identity(known: &Identities, address: &Address) -> Identity {
    known.raw(address).unwrap_or_else(|| panic!("{address} has an identity")).clone()
}

/// How many there are of each kind of thing in the account.
fn census(world: &World) -> BTreeMap<(&'static str, &'static str), usize> {
    let mut counts = BTreeMap::new();
    for item in world.simulator.inventory().resources {
        *counts.entry((item.service, item.kind)).or_default() += 1;
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_the_registry_is_in_the_demo_or_beside_it() {
    let world = World::new(DEMO);
    let session = world.session().await;
    let registered: BTreeSet<Kind> = session.registry.iter().map(|kind| kind.kind()).collect();
    let mut used: BTreeSet<Kind> = one_of_each(&world).await.into_keys().collect();
    used.extend(one_of_each(&World::new(&linked())).await.into_keys());
    assert_eq!(registered, used);
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_everything_that_was_made_under_its_address() {
    for config in [DEMO.to_owned(), connect(), linked()] {
        everything_is_found(&config).await;
    }
}

async fn everything_is_found(config: &str) {
    let world = World::new(config);
    let run = world.up().await.done();
    let graph = world.graph().await;
    let session = world.session().await;
    let mut found = BTreeMap::new();
    for kind in session.registry.iter() {
        for one in kind.search().await.expect("a search") {
            found.insert(one.address, one.out);
        }
    }
    for (address, _) in graph.iter() {
        assert_eq!(found.get(address), Some(&identity(&run.known, address)), "{address}");
    }
    assert_eq!(found.len(), graph.len());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_any_mutating_call_leaves_one_resource() {
    let asked = lost_answers(DEMO, |_| true).await;
    assert!(asked > 40, "{asked} operations");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_one_resource_over_service_connect() {
    let asked = lost_answers(&connect(), |service| CONNECTED.contains(&service)).await;
    assert!(asked >= 5, "{asked} operations");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_one_resource_with_a_link_of_the_second_version() {
    let asked = lost_answers(&linked(), |service| LINKED.contains(&service)).await;
    assert!(asked >= 8, "{asked} operations");
}

/// Loses the answer of each operation of these services, and counts them.
async fn lost_answers(config: &str, concerns: fn(&str) -> bool) -> usize {
    let calm = World::new(config);
    let mut operations = mutating(&calm.up().await.done().calls.by_operation);
    operations.retain(|operation| concerns(operation.split(':').next().unwrap_or_default()));
    let expected = census(&calm);
    let asked = operations.len();
    for operation in operations {
        let world = World::new(config);
        world.simulator.fault(Rule::new(&operation, When::Nth(1), Fault::LoseAnswer));
        world.up().await.done();
        assert_eq!(census(&world), expected, "after {operation} lost an answer");
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0, "{operation}");
    }
    asked
}

fn mutating(by_operation: &BTreeMap<String, u64>) -> Vec<String> {
    let changes = |operation: &&String| {
        !meshctl::aws::calls::is_read(operation.split(':').nth(1).unwrap_or_default())
    };
    by_operation.keys().filter(changes).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_behind_our_back_is_made_again() {
    let asked = deleted(DEMO, |_| true).await;
    assert!(asked >= 12, "only {asked} kinds could be deleted behind our back");
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_behind_our_back_is_made_again_over_service_connect() {
    let asked = deleted(&connect(), |service| CONNECTED.contains(&service)).await;
    assert!(asked >= 2, "only {asked} kinds could be deleted behind our back");
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_behind_our_back_is_made_again_with_a_link_of_the_second_version() {
    let asked = deleted(&linked(), |service| LINKED.contains(&service)).await;
    assert!(asked >= 3, "only {asked} kinds could be deleted behind our back");
}

/// Deletes one of each kind of these services, and counts those that AWS let go.
async fn deleted(config: &str, concerns: fn(&str) -> bool) -> usize {
    let mut asked = 0;
    for (kind, (address, _)) in one_of_each(&World::new(config)).await {
        let service = kind.0.split("::").nth(1).unwrap_or_default().to_ascii_lowercase();
        if !concerns(&service) {
            continue;
        }
        let world = World::new(config);
        let run = world.up().await.done();
        let expected = census(&world);
        let out = identity(&run.known, &address);
        let session = world.session().await;
        let ops = session.registry.get(kind.0).expect("a kind of the registry");
        match ops.delete(&out).await {
            Ok(()) => {}
            // Others stand on it: AWS itself protects it.
            Err(error) if error.class == Class::Busy => continue,
            Err(error) => panic!("{address}: {error}"),
        }
        asked += 1;
        // Give what goes slowly the time to go.
        tokio::time::sleep(std::time::Duration::from_secs(900)).await;
        let healed = world.up_in_full().await.done();
        let counts = healed.outcome.counts;
        // Tasks that were replaced take a while to stop.
        tokio::time::sleep(std::time::Duration::from_secs(300)).await;
        assert!(counts.created + counts.replaced + counts.updated > 0, "{address}: {counts:?}");
        assert_eq!(census(&world), expected, "after {address} was deleted");
        world.down().await.done();
        world.assert_empty();
    }
    asked
}

#[tokio::test(start_paused = true)]
async fn deleting_what_is_gone_succeeds() {
    let world = World::new(DEMO);
    let run = world.up().await.done();
    world.down().await.done();
    let session = world.session().await;
    for (address, out) in run.known.iter() {
        let graph = world.graph().await;
        let ops = session.registry.get(graph.get(address).unwrap().kind().kind().0).unwrap();
        ops.delete(out).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        assert!(ops.read(out, Depth::Full).await.unwrap().is_none(), "{address}");
    }
    world.assert_empty();
}

/// A demonstration with every field changed that AWS changes in place.
fn changed(config: &str) -> String {
    let edits = [
        ("log_retention_days = 1", "log_retention_days = 3"),
        ("mesh_port = 3001", "mesh_port = 3011\ndesired = 1\nhealth = { interval_seconds = 12 }"),
        ("path = \"/crystal/\"", "path = \"/crystal/api\"\nWEIGHTS"),
        ("# team = \"platform\"", "team = \"platform\""),
        ("nat = \"per-az\"", "nat = \"none\""),
    ];
    // Only App Mesh has weights.
    let weights = if config == DEMO { "weights = { crystal = 3, nodejs = 1 }" } else { "" };
    edits
        .iter()
        .fold(config.to_owned(), |config, (from, to)| config.replacen(from, to, 1))
        .replacen("WEIGHTS", weights, 1)
}

#[tokio::test(start_paused = true)]
async fn what_is_done_twice_comes_to_the_same() {
    for config in [DEMO.to_owned(), connect(), linked()] {
        repeated(&config).await;
    }
}

/// Makes every change of tags and of fields twice, as after a lost answer: the second call succeeds
/// and leaves what the first one left. A repeated creation and a repeated deletion have tests above.
async fn repeated(config: &str) {
    let world = World::new(config);
    let run = world.up().await.done();
    let other = world.other(&changed(config));
    // What comes and goes with tasks does so in its own time.
    let made = |world: &World| {
        let mut counts = census(world);
        counts.retain(|(_, kind), _| !["Task", "Instance", "NetworkInterface"].contains(kind));
        counts
    };
    let there = made(&world);
    let (mut tagged, mut updated) = (BTreeSet::new(), BTreeSet::new());
    for (address, step) in other.graph().await.iter() {
        let Some(out) = run.known.raw(address) else { continue };
        let ops = step.kind();
        let look = async || ops.read(out, Depth::Full).await.expect("an answer");
        let Some(live) = look().await else { continue };
        if let Some(before) = ops.tags(&live) {
            let tag = Tags::from([("repeated".to_owned(), "yes".to_owned())]);
            let set = TagChanges { set: tag.clone(), remove: Vec::new() };
            let remove = TagChanges { set: Tags::new(), remove: vec!["repeated".into()] };
            let mut with = before.clone();
            with.extend(tag);
            for (changes, after) in
                [(&set, &with), (&set, &with), (&remove, &before), (&remove, &before)]
            {
                let done = ops.retag(out, changes).await;
                done.unwrap_or_else(|error| panic!("{address}: {error}"));
                let tags = ops.tags(&look().await.expect("it is there"));
                assert_eq!(tags.as_ref(), Some(after), "{address}");
            }
            tagged.insert(ops.kind());
        }
        let Some(drift) = step.drift(&live, &run.known) else { continue };
        if drift.is_empty() || drift.replaces() {
            continue;
        }
        for _ in 0..2 {
            let done = step.update(out, &drift, &run.known).await;
            done.unwrap_or_else(|error| panic!("{address}: {error}"));
            let left = step.drift(&look().await.expect("it is there"), &run.known);
            assert!(left.is_some_and(|drift| drift.is_empty()), "{address}");
        }
        updated.insert(ops.kind());
    }
    assert_eq!(made(&world), there);
    assert!(tagged.len() >= 15 && updated.len() >= 4, "{tagged:?} {updated:?}");
    world.up_in_full().await.done();
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_field_that_others_changed_is_brought_back() {
    // Service Connect has none of App Mesh's fields.
    for (config, least) in [(DEMO.to_owned(), 8), (connect(), 6), (linked(), 7)] {
        fields_are_brought_back(&config, least).await;
    }
}

async fn fields_are_brought_back(config: &str, least: usize) {
    let world = World::new(config);
    let run = world.up().await.done();
    let other = world.other(&changed(config));
    let mut fields = BTreeSet::new();
    for (address, step) in other.graph().await.iter() {
        let Some(out) = run.known.raw(address) else { continue };
        let ops = step.kind();
        let Some(live) = ops.read(out, Depth::Full).await.expect("an answer") else { continue };
        let Some(drift) = step.drift(&live, &run.known) else { continue };
        if drift.is_empty() || drift.replaces() {
            continue;
        }
        step.update(out, &drift, &run.known).await.expect("an update");
        for change in drift.changes() {
            fields.insert(format!("{} {}", ops.kind(), change.field));
        }
    }
    assert!(fields.len() >= least, "{fields:#?}");
    let drifted = world.plan(Depth::Full).await;
    assert!(drifted.values().all(|action| *action == Action::Update), "{drifted:?}");
    let healed = world.up_in_full().await.done();
    assert_eq!(healed.outcome.counts.updated, drifted.len());
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
}
