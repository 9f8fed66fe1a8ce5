//! Killed at a moment, and run again: the same account as if nothing had happened.
//!
//! Dropping the run in the middle is what a kill is: calls in flight may or may not have their
//! effect, and nothing more is written.

use crate::common::{DEMO, World};
use std::{collections::BTreeMap, time::Duration};

/// Moments of a run, spread over its calls. Retries are not the same twice, so the last tenth is
/// left out: a run may end before it.
const MOMENTS: usize = 12;

fn moments(all: usize) -> impl Iterator<Item = usize> {
    (1..=MOMENTS).map(move |n| n * all * 9 / (MOMENTS * 10))
}

fn census(world: &World) -> BTreeMap<(&'static str, &'static str), usize> {
    let mut counts = BTreeMap::new();
    for item in world.simulator.inventory().resources {
        *counts.entry((item.service, item.kind)).or_default() += 1;
    }
    counts
}

/// Returns once the account has seen so many calls.
async fn calls(world: &World, count: usize) {
    while world.simulator.calls().len() < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_up_that_was_killed_heals_on_the_next_one() {
    let calm = World::new(DEMO);
    calm.up().await.done();
    let expected = census(&calm);
    let all = calm.simulator.calls().len();
    for moment in moments(all) {
        let world = World::new(DEMO);
        let killed = tokio::select! {
            _ = world.up() => false,
            () = calls(&world, moment) => true,
        };
        assert!(killed, "call {moment} of {all} was never made");
        world.up().await.done();
        assert_eq!(census(&world), expected, "killed at call {moment}");
        world.down().await.done();
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn a_down_that_was_killed_is_finished_by_the_next_one() {
    let calm = World::new(DEMO);
    calm.up().await.done();
    let before = calm.simulator.calls().len();
    calm.down().await.done();
    let all = calm.simulator.calls().len() - before;
    for moment in moments(all) {
        let world = World::new(DEMO);
        world.up().await.done();
        let now = world.simulator.calls().len();
        let killed = tokio::select! {
            _ = world.down() => false,
            () = calls(&world, now + moment) => true,
        };
        assert!(killed, "call {moment} of {all} was never made");
        world.down().await.done();
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn killed_and_without_its_state_down_still_leaves_nothing() {
    let calm = World::new(DEMO);
    calm.up().await.done();
    let all = calm.simulator.calls().len();
    for moment in moments(all).step_by(3) {
        let mut world = World::new(DEMO);
        tokio::select! {
            _ = world.up() => unreachable!("call {moment} of {all} was never made"),
            () = calls(&world, moment) => {}
        }
        world.lose_state();
        // Reads lag behind creates: what was made a moment ago shows a moment later.
        tokio::time::sleep(Duration::from_secs(10)).await;
        world.down().await.done();
        world.assert_empty();
    }
}
