//! Random stacks, random lives: a seed chooses a stack and what happens to it, and a model that
//! sees only the simulated account judges what is there afterwards.
//!
//! - `cargo test --test simulation` runs a few hundred seeds.
//! - `MESHCTL_SEED=17 cargo test --test simulation` runs one.
//! - `MESHCTL_LIVES=shared` chooses the lives of two machines, with all of these; without it those of
//!   one machine are run, and in the first case some of both.
//! - `MESHCTL_SEEDS=100000 cargo test --test simulation -- --nocapture` runs so many, from
//!   `MESHCTL_FIRST` on, and says what it did.

mod burst;
mod crash;
mod model;
mod others;
mod play;
mod shape;
mod shrink;
mod steps;
mod wire;

use shrink::Tally;
use steps::Lives;

/// Seeds that a plain `cargo test` runs.
const SEEDS: u64 = 300;

/// Seeds of lives of two machines that a plain `cargo test` runs: such a life is longer.
const SHARED_SEEDS: u64 = 4;

/// The seeds are split among so many tests, which run side by side.
const SHARES: u64 = 4;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, and not {text:?}")))
}

/// The lives to run, and their seeds.
fn stories() -> Vec<(Lives, u64)> {
    let chosen = match std::env::var("MESHCTL_LIVES").as_deref() {
        Err(_) => None,
        Ok("alone") => Some(Lives::Alone),
        Ok("shared") => Some(Lives::Shared),
        Ok(other) => panic!("MESHCTL_LIVES is alone or shared, and not {other:?}"),
    };
    let one_kind = chosen.unwrap_or(Lives::Alone);
    if let Some(seed) = number("MESHCTL_SEED") {
        return vec![(one_kind, seed)];
    }
    let first = number("MESHCTL_FIRST").unwrap_or(0);
    match (chosen, number("MESHCTL_SEEDS")) {
        (None, None) => {
            let alone = (first..first + SEEDS).map(|seed| (Lives::Alone, seed));
            alone.chain((first..first + SHARED_SEEDS).map(|seed| (Lives::Shared, seed))).collect()
        }
        (_, seeds) => {
            (first..first + seeds.unwrap_or(SEEDS)).map(|seed| (one_kind, seed)).collect()
        }
    }
}

/// Runs one share of the seeds, and fails with what can be done about the first that fails.
fn run(share: u64) {
    let mut tally = Tally::default();
    for (lives, seed) in stories().into_iter().filter(|(_, seed)| seed % SHARES == share) {
        if let Err(failure) = play::play(&steps::Scenario::of(lives, seed), &mut tally) {
            panic!("{}", shrink::report(lives, seed, failure));
        }
        if tally.seeds.is_multiple_of(250) {
            println!("share {share}: {tally}");
        }
    }
    println!("share {share}: {tally}");
}

#[test]
fn seeds_of_the_first_share_keep_every_promise() {
    run(0);
}

#[test]
fn seeds_of_the_second_share_keep_every_promise() {
    run(1);
}

#[test]
fn seeds_of_the_third_share_keep_every_promise() {
    run(2);
}

#[test]
fn seeds_of_the_fourth_share_keep_every_promise() {
    run(3);
}
