//! App Mesh's host keeps silent, in every way that AWS may have chosen to end the service.

use crate::common::{DEMO, Run, World, connect};
use meshctl::{
    aws::stacks::stacks_but_silent,
    cli::adopt::adopt,
    engine::{Event, Events, Interrupt},
    model::{Depth, Verdict},
    simulator::appmesh::Silence,
    stack::mesh::Kind,
    state::{State, Store},
};
use std::{cell::RefCell, rc::Rc, time::Duration};

const WAYS: [Silence; 3] = [Silence::NoConnection, Silence::NoName, Silence::Unavailable];

fn silence(world: &World, how: impl Into<Option<Silence>>) {
    let how = how.into();
    world.simulator.behind(|account| account.appmesh.silence = how);
}

/// How many of the calls of a run went to App Mesh.
fn asked(run: &Run) -> u64 {
    let calls = run.calls.by_operation.iter();
    let asked = calls.filter(|(operation, _)| operation.starts_with("appmesh:"));
    asked.map(|(_, count)| *count).sum()
}

/// Events, and the warnings among them.
fn heard() -> (Events, Rc<RefCell<Vec<String>>>) {
    let lines: Rc<RefCell<Vec<String>>> = Rc::default();
    let heard = lines.clone();
    let events = Events::to(move |event| {
        if let Event::Checked { check } = event
            && check.verdict == Verdict::Warning
        {
            heard.borrow_mut().push(check.what.clone());
        }
    });
    (events, lines)
}

/// What is left of App Mesh, and of everything else, by what a run says.
fn left(run: &Run) -> (usize, usize) {
    let (of_app_mesh, others): (Vec<_>, Vec<_>) =
        run.outcome.left.iter().partition(|left| left.kind.starts_with("AWS::AppMesh::"));
    (of_app_mesh.len(), others.len())
}

#[tokio::test(start_paused = true)]
async fn a_silent_app_mesh_leads_to_service_connect_as_a_refusal_does() {
    for way in WAYS {
        let world = World::new(DEMO);
        silence(&world, way);
        let session = world.session().await;
        session.graph().await.expect("a graph");
        let choice = session.mesh().expect("a choice");
        assert_eq!(choice.kind, Kind::ServiceConnect, "{way:?}: {}", choice.why);
        let took = session.clock.now();
        assert!(took < Duration::from_secs(60), "{way:?} took {took:?} to decide");
        world.up().await.done();
        world.assert_blue_path();
        let again = world.up().await.done();
        assert_eq!((again.calls.mutating, asked(&again)), (0, 0), "{way:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_mesh_that_is_silent_for_a_moment_is_taken() {
    let world = World::new(DEMO);
    silence(&world, Silence::NoName);
    let session = world.session().await;
    let back = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        silence(&world, None);
    };
    let (graph, ()) = tokio::join!(session.graph(), back);
    graph.expect("a graph");
    assert_eq!(session.mesh().expect("a choice").kind, Kind::AppMesh);
}

#[tokio::test(start_paused = true)]
async fn with_service_connect_chosen_or_recorded_app_mesh_is_never_asked_on_the_way_up() {
    // Chosen, with nothing there yet.
    let world = World::new(&connect());
    let run = world.up().await.done();
    assert_eq!(asked(&run), 0, "{:#?}", run.calls.by_operation);
    // Recorded, where the configuration leaves it open.
    let mut world = World::new(DEMO);
    silence(&world, Silence::NoConnection);
    world.up().await.done();
    for depth in [Depth::Listed, Depth::Full] {
        let run = world.up_heeding(Interrupt::default(), depth).await.done();
        assert_eq!(asked(&run), 0, "{depth:?}: {:#?}", run.calls.by_operation);
    }
    // Without its record it is found again, whatever App Mesh says.
    world.lose_state();
    let found = world.up().await.done();
    assert_eq!(found.calls.mutating, 0, "{:#?}", found.calls.by_operation);
}

#[tokio::test(start_paused = true)]
async fn a_silent_app_mesh_stops_no_removal_and_is_told_in_one_line() {
    let mut more = Vec::new();
    for way in WAYS {
        for with_state in [true, false] {
            let mut world = World::new(&connect());
            let usual = {
                let world = World::new(&connect());
                world.up().await.done();
                world.down().await.done().seconds
            };
            world.up().await.done();
            silence(&world, way);
            if !with_state {
                world.lose_state();
            }
            let (events, lines) = heard();
            let down = world.down_telling(events).await.done();
            assert_eq!(down.outcome.counts.left, 0);
            world.assert_empty();
            let lines = lines.borrow();
            // Without its record it cannot know whose run has just ended.
            let (other_runs, told): (Vec<_>, Vec<_>) =
                lines.iter().partition(|line| line.starts_with("another run "));
            assert_eq!(other_runs.len(), usize::from(!with_state), "{lines:?}");
            assert_eq!(told.len(), 1, "{lines:?}");
            assert!(told[0].starts_with("AWS::AppMesh could not be asked"), "{lines:?}");
            if with_state {
                more.push(down.seconds - usual);
            }
        }
    }
    // Each run draws its own latencies, so one may take longer by chance.
    let mean = more.iter().sum::<f64>() / more.len() as f64;
    assert!(mean < 60.0, "it took {mean} s more in the mean: {more:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_on_record_of_a_silent_app_mesh_is_told_while_the_rest_goes() {
    for way in WAYS {
        let world = World::new(DEMO);
        world.up().await.done();
        silence(&world, way);
        for _ in 0..2 {
            let (events, lines) = heard();
            let down = world.down_telling(events).await;
            assert!(down.outcome.failures.is_empty(), "{:?}", down.outcome.failures);
            assert!(!down.outcome.is_done(), "something is left, and that is said");
            assert_eq!(left(&down), (13, 0), "{:#?}", down.outcome.left);
            let because = down.outcome.left[0].because.clone().expect("a reason");
            assert!(because.starts_with("on record, and could not be looked at"), "{because}");
            assert_eq!(lines.borrow().len(), 1, "{lines:?}");
            let there = world.simulator.inventory();
            let others = there.resources.iter().filter(|item| item.service != "appmesh");
            assert_eq!(others.count(), 0, "{:#?}", there.resources);
        }
        // The record knows them yet, so they go when they can.
        silence(&world, None);
        let down = world.down().await.done();
        assert_eq!(down.outcome.counts.deleted, 13);
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_mesh_that_falls_silent_during_a_removal_keeps_nothing_else() {
    let world = World::new(DEMO);
    world.up().await.done();
    let fall = async {
        let begun = || {
            let calls = world.simulator.calls();
            calls.iter().any(|call| call.operation.starts_with("appmesh:Delete"))
        };
        while !begun() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        silence(&world, Silence::NoConnection);
    };
    let (down, ()) = tokio::join!(world.down(), fall);
    assert!(!down.outcome.is_done());
    let (of_app_mesh, others) = left(&down);
    assert!(of_app_mesh > 0 && others == 0, "{:#?}", down.outcome.left);
    silence(&world, None);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_stack_whose_app_mesh_fell_silent_moves_on_request() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    silence(&world, Silence::NoConnection);
    world.config = connect();
    world.up().await.done();
    world.assert_blue_path();
    assert_eq!(world.count("appmesh", "VirtualNode"), 3);
    world.up().await.done();
    // What is on record there goes as soon as it can.
    silence(&world, None);
    world.up().await.done();
    assert_eq!(world.count("appmesh", "VirtualNode"), 0);
    let again = world.up().await.done();
    assert_eq!((again.calls.mutating, asked(&again)), (0, 0), "{:#?}", again.calls.by_operation);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn adopt_keeps_on_record_what_could_not_be_looked_at() {
    let world = World::new(DEMO);
    world.up().await.done();
    silence(&world, Silence::Unavailable);
    let session = world.session().await;
    let graph = session.graph_after(&State::default()).await.expect("a graph");
    let (events, lines) = heard();
    let adopted = adopt(&session, Some(&graph), events).await.expect("a new state");
    let kept = adopted.found.iter().filter(|(_, kind, _)| kind.starts_with("AWS::AppMesh::"));
    assert_eq!(kept.count(), 13);
    assert_eq!(lines.borrow().len(), 1, "{lines:?}");
    let store = Store::read(&session.directory, "servicemesh-demo").expect("a state");
    let records = store.state().records.iter();
    let kept = records.filter(|(_, record)| record.kind.starts_with("AWS::AppMesh::"));
    assert_eq!(kept.count(), 13);
}

#[tokio::test(start_paused = true)]
async fn reap_finds_stacks_while_app_mesh_is_silent() {
    let world = World::new(&connect());
    world.up().await.done();
    for way in WAYS {
        silence(&world, way);
        let session = world.session().await;
        let (stacks, why) = stacks_but_silent(&session.cx).await.expect("the account's stacks");
        assert!(stacks.contains_key("servicemesh-demo"), "{way:?}: {stacks:?}");
        assert!(why.is_some(), "{way:?} is told");
    }
}
