//! What others did behind our back, and what was lost on the way.

use crate::{
    common::{DEMO, World, app_mesh},
    faults::until,
};
use meshctl::{
    engine::{Event, Events, Interrupt},
    model::{
        Address, Depth,
        tags::{self, TagChanges},
    },
    simulator::{Fault, Rule, When},
    state::{Entry, Store},
};
use serde_json::json;
use std::{cell::Cell, rc::Rc, time::Duration};

#[tokio::test(start_paused = true)]
async fn throttling_and_failures_only_take_longer() {
    let world = World::new(DEMO);
    world.simulator.fault(Rule::new("*", When::Rate(0.15), Fault::Throttle));
    world.simulator.fault(Rule::new("*", When::Rate(0.05), Fault::InternalError));
    let run = world.up().await.done();
    assert!(run.calls.throttled > 0);
    world.simulator.calm();
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn lost_answers_duplicate_nothing() {
    let calm = World::new(DEMO);
    calm.up().await.done();
    let world = World::new(DEMO);
    world.simulator.fault(Rule::new("*", When::Rate(0.1), Fault::LoseAnswer));
    world.up().await.done();
    world.simulator.calm();
    let kinds = |world: &World| {
        let mut kinds: Vec<_> = world
            .simulator
            .inventory()
            .resources
            .iter()
            .map(|item| (item.service, item.kind))
            .collect();
        kinds.sort_unstable();
        kinds
    };
    assert_eq!(kinds(&world), kinds(&calm));
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_stops_and_the_next_up_goes_on() {
    let world = World::new(DEMO);
    let interrupt = Interrupt::default();
    let asked = interrupt.clone();
    let stop = async {
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        asked.request();
        std::future::pending::<()>().await
    };
    let run = tokio::select! {
        run = world.up_heeding(interrupt, Depth::Listed) => run,
        () = stop => unreachable!(),
    };
    assert!(run.outcome.interrupted);
    assert!(run.seconds < 120.0, "{}", run.seconds);
    world.up().await.done();
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_failed_resource_stops_only_what_needs_it() {
    let world = World::new(DEMO);
    let message = "not today".to_owned();
    let fault = Fault::Refuse { code: "InvalidParameter".into(), message, status: 400 };
    world.simulator.fault(Rule::new("ec2:CreateVpcEndpoint", When::Always, fault));
    let run = world.up().await;
    assert_eq!(run.outcome.failures.len(), 1);
    let failure = &run.outcome.failures[0];
    assert_eq!(failure.address.as_str(), "consumer/vpc-endpoint/execute-api");
    assert!(failure.error.to_string().contains("ec2:CreateVpcEndpoint refused: InvalidParameter"));
    // The whole provider side is up.
    assert_eq!(world.count("ecs", "Service"), 3);
    assert!(run.outcome.skipped.iter().any(|(address, _)| address.as_str() == "api/rest-api"));
    world.simulator.calm();
    world.up().await.done();
    assert_eq!(world.count("ecs", "Service"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_in_the_way_is_named_and_left_alone() {
    let mut world = World::new(DEMO);
    let run = world.up().await.done();
    // Somebody takes our tags off the cluster: it is not ours any more.
    let cluster = run.known.raw(&Address::new("consumer/cluster")).unwrap();
    let session = world.session().await;
    let changes = TagChanges { remove: vec![tags::STACK.into()], ..TagChanges::default() };
    let ops = session.registry.get("AWS::ECS::Cluster").unwrap();
    ops.retag(cluster, &changes).await.unwrap();
    world.lose_state();
    let before = world.simulator.calls().len();
    let again = world.up().await;
    assert!(!again.outcome.is_done());
    let text = again.outcome.failures.iter().map(|f| f.error.to_string()).collect::<String>();
    assert!(text.contains("consumer exists but does not carry this stack's tags"), "{text}");
    let calls = world.simulator.calls().split_off(before);
    let changed = calls.iter().any(|call| call.operation == "ecs:DeleteCluster");
    assert!(!changed, "a stranger's cluster was touched");
}

#[tokio::test(start_paused = true)]
async fn what_was_to_be_replaced_stays_when_it_is_wished_for_again() {
    let mut world = World::new(DEMO);
    let run = world.up().await.done();
    let revision = Address::new("provider/task-definition/nodejs");
    let first = run.known.raw(&revision).cloned();
    // The old one is on record as one that goes, and the new one is never made.
    let refuse = Fault::Refuse {
        code: "ClientException".into(),
        message: "No such image.".into(),
        status: 400,
    };
    world.simulator.fault(Rule::new("ecs:RegisterTaskDefinition", When::Always, refuse));
    world.edit("ecsdemo-nodejs:latest", "ecsdemo-nodejs:next");
    assert!(!world.up().await.outcome.is_done());
    world.simulator.calm();
    world.edit("ecsdemo-nodejs:next", "ecsdemo-nodejs:latest");
    let back = world.up().await.done();
    assert_eq!(back.known.raw(&revision).cloned(), first);
    assert_eq!(back.calls.by_operation.get("ecs:DeregisterTaskDefinition"), None);
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
}

/// An `up` that is killed after so many seconds.
async fn killed_up(world: &World, seconds: u64) {
    let up = tokio::time::timeout(Duration::from_secs(seconds), world.up());
    assert!(up.await.is_err(), "it had ended by then");
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_up_had_found_and_not_removed_is_removed_by_the_next() {
    let mut world = World::new(&app_mesh());
    world.up().await.done();
    // Only the account knows of the mesh now, and nothing wishes for it.
    world.lose_state();
    world.edit("kind = \"app-mesh\"", "kind = \"service-connect\"");
    killed_up(&world, 10).await;
    assert_eq!(world.count("appmesh", "Mesh"), 1);
    world.up().await.done();
    assert_eq!(world.count("appmesh", "Mesh"), 0);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_call_made_is_removed_when_nothing_wishes_for_it_any_more() {
    let mut world = World::new(DEMO);
    world.simulator.fault(Rule::new("logs:CreateLogGroup", When::Always, Fault::LoseAnswer));
    killed_up(&world, 5).await;
    world.simulator.calm();
    let simulator = world.simulator.clone();
    let groups = || {
        let all = simulator.inventory().resources.into_iter();
        let ids = all.filter(|it| it.kind == "LogGroup").map(|it| it.id);
        ids.filter(|id| id.contains("crystal")).collect::<Vec<_>>()
    };
    assert_ne!(groups(), [] as [String; 0]);
    let crystal = DEMO.find("# A back-end that answers only").expect("crystal")..;
    let end = DEMO.find("# The rest of what a service may say").expect("its end");
    let without = [&DEMO[..crystal.start], &DEMO[end..]].concat();
    world.config = without.replacen("[\"nodejs\", \"crystal\"]", "[\"nodejs\"]", 1);
    killed_up(&world, 200).await;
    world.up().await.done();
    assert_eq!(groups(), [] as [String; 0]);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_the_first_look_after_a_lost_state_missed_is_removed_in_the_end() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    let there = world.count("ecs", "TaskDefinition");
    world.edit("ecsdemo-crystal:latest", "ecsdemo-crystal:next");
    let stale = Fault::StaleRead(30.0);
    world.simulator.fault(Rule::new("ecs:ListTaskDefinitions", When::Always, stale));
    // The new revision is there, and reads do not show it yet.
    killed_up(&world, 5).await;
    assert_eq!(world.count("ecs", "TaskDefinition"), there + 1);
    world.lose_state();
    world.up().await.done();
    assert_eq!(world.count("ecs", "TaskDefinition"), there);
    world.simulator.calm();
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_up_made_before_its_journal_was_lost_is_removed_by_the_next() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    let there = world.count("ecs", "TaskDefinition");
    world.edit("ecsdemo-crystal:latest", "ecsdemo-crystal:next");
    killed_up(&world, 5).await;
    assert_eq!(world.count("ecs", "TaskDefinition"), there + 1);
    // The snapshot of the run before stays, and in it everything is on record.
    std::fs::write(world.state().join("journal.jsonl"), "").unwrap();
    world.edit("ecsdemo-crystal:next", "ecsdemo-crystal:latest");
    world.up().await.done();
    assert_eq!(world.count("ecs", "TaskDefinition"), there);
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

/// An `up` after a `down` that was killed, whose reads show the clusters of before for so many
/// milliseconds. Whether it took them for what there is.
async fn up_that_sees_clusters_going(milliseconds: u64) -> bool {
    let mut world = World::new(DEMO);
    world.up().await.done();
    // From here on the past is kept.
    world.simulator.fault(Rule::new("none:None", When::Always, Fault::StaleRead(200.0)));
    until(&world, world.down(), |world| world.count("ecs", "Cluster") == 0).await;
    world.lose_state();
    for operation in ["ecs:ListClusters", "ecs:DescribeClusters"] {
        world.simulator.fault(Rule::new(operation, When::Always, Fault::StaleRead(140.0)));
    }
    let calm = async {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        world.simulator.calm();
    };
    let adopted = Rc::new(Cell::new(false));
    let heard = adopted.clone();
    let events = Events::to(move |event| {
        if let Event::Adopted { address, .. } = event {
            heard.set(heard.get() || address.as_str().ends_with("/cluster"));
        }
    });
    let up = async { world.up_telling(Interrupt::default(), Depth::Listed, events).await.done() };
    tokio::join!(up, calm);
    assert_eq!(world.count("ecs", "Cluster"), 2);
    world.assert_serving();
    adopted.get()
}

#[tokio::test(start_paused = true)]
async fn what_a_search_sees_going_and_the_run_makes_anew_stays() {
    // Early the search sees nothing any more, late the look after it still does: the moment is between
    // them, right before the look sees it.
    let (mut early, mut late) = (300, 2000);
    assert!(!up_that_sees_clusters_going(early).await);
    assert!(up_that_sees_clusters_going(late).await);
    while late - early > 30 {
        let between = u64::midpoint(early, late);
        match up_that_sees_clusters_going(between).await {
            true => late = between,
            false => early = between,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_record_calls_surplus_in_another_spelling_stays_and_leaves_the_record() {
    let world = World::new(DEMO);
    let address = Address::new("api/log-group");
    let group = world.up().await.done().known.raw(&address).cloned().expect("a log group");
    let arn = format!("{}:*", group["arn"].as_str().expect("an ARN"));
    let identity = json!({ "name": group["name"], "arn": arn });
    let retired = |store: &Store| store.state().records[&address].retired.clone();
    let mut store = world.session().await.store().unwrap();
    let kind = "AWS::Logs::LogGroup".to_owned();
    store
        .append(Entry::Surplus {
            address: address.clone(),
            kind: kind.into(),
            identity: identity.into(),
        })
        .unwrap();
    assert_eq!(retired(&store).len(), 1);
    drop(store);
    assert_eq!(world.up().await.done().calls.mutating, 0);
    assert!(retired(&world.session().await.store().unwrap()).is_empty());
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_down_that_does_not_search_everything_at_first_finds_the_rest() {
    let world = World::new(DEMO);
    let known = world.up().await.done().known;
    let namespace = known.raw(&Address::new("mesh/namespace")).expect("a namespace")["id"].clone();
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    // By its tags it is ours, and no record knows of it.
    let service = json!({
        "Name": "other", "NamespaceId": namespace, "Type": "HTTP",
        "Tags": [tag("meshctl:stack", "servicemesh-demo"), tag("meshctl:address", "mesh/discovery/other")],
    });
    world.ask("servicediscovery:CreateService", service).await;
    world.down().await.done();
    world.assert_empty();
}
