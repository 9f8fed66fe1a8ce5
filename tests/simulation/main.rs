//! Random stacks, random lives: a seed chooses a stack and what happens to it, and a model that
//! sees only the simulated account judges what is there afterwards.
//!
//! - `cargo test --test simulation` runs a few hundred seeds.
//! - `MESHCTL_SEED=17 cargo test --test simulation` runs one.
//! - `MESHCTL_SEEDS=100000 cargo test --test simulation -- --nocapture` runs so many, from
//!   `MESHCTL_FIRST` on, and says what it did.

mod burst;
mod crash;
mod model;
mod play;
mod shape;
mod shrink;
mod steps;
mod wire;

use shrink::Tally;

/// Seeds that a plain `cargo test` runs.
const SEEDS: u64 = 300;

/// The seeds are split among so many tests, which run side by side.
const SHARES: u64 = 4;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, and not {text:?}")))
}

/// Runs one share of the seeds, and fails with what can be done about the first that fails.
fn run(share: u64) {
    let seeds: Vec<u64> = match number("MESHCTL_SEED") {
        Some(seed) => vec![seed],
        None => {
            let first = number("MESHCTL_FIRST").unwrap_or(0);
            (first..first + number("MESHCTL_SEEDS").unwrap_or(SEEDS)).collect()
        }
    };
    let mut tally = Tally::default();
    for seed in seeds.into_iter().filter(|seed| seed % SHARES == share) {
        if let Err(failure) = play::play(&steps::Scenario::of(seed), &mut tally) {
            panic!("{}", shrink::report(seed, failure));
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
