//! What a failing seed becomes before a person sees it: as short as it can be and still fail.

use super::{
    play::play,
    steps::{Lives, Scenario, Step},
};
use std::{collections::BTreeMap, fmt, time::Duration};

/// How often a shorter life is tried.
const TRIES: usize = 60;

/// What was done.
#[derive(Default)]
pub struct Tally {
    pub seeds: u64,
    pub runs: u64,
    pub kills: u64,
    pub power_cuts: u64,
    pub vanished: u64,
    pub lost_states: u64,
    pub torn_states: u64,
    /// Changes from one machine to the other.
    pub elsewhere: u64,
    /// Commands of both machines at once.
    pub at_once: u64,
    /// Records copied to the other machine, and older ones that came back.
    pub copied: u64,
    pub restored: u64,
    /// Resources that lost the stack's tag, and settings that others edited.
    pub stripped: u64,
    pub edited: u64,
    pub calls: u64,
    pub throttled: u64,
    /// How often each fault struck, by its name.
    pub faults: BTreeMap<&'static str, u64>,
    /// The longest that a command took, in AWS's time, once there were no faults (any more).
    pub longest: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} seeds: {} commands, {} killed ({} with the power), {} resources deleted by others, \
             {} states lost, {} torn, {} times the other machine, {} times both at once, {} records \
             copied, {} restored, {} tags stripped, {} settings edited, {} calls, {} of them throttled; faults {:?}; the longest calm \
             {} s",
            self.seeds,
            self.runs,
            self.kills,
            self.power_cuts,
            self.vanished,
            self.lost_states,
            self.torn_states,
            self.elsewhere,
            self.at_once,
            self.copied,
            self.restored,
            self.stripped,
            self.edited,
            self.calls,
            self.throttled,
            self.faults,
            self.longest.as_secs()
        )
    }
}

/// What to tell of a seed that failed.
pub fn report(lives: Lives, seed: u64, failure: String) -> String {
    let (scenario, last) = shortest(Scenario::of(lives, seed), failure.clone());
    let lives = format!("{lives:?}").to_lowercase();
    format!(
        "seed {seed}: {failure}\n\
         again: MESHCTL_LIVES={lives} MESHCTL_SEED={seed} cargo test --test simulation\n\
         shortest that fails ({last}):\n  {:?}\n  begins up: {}\n  steps: {:#?}",
        scenario.shape, scenario.begins_up, scenario.steps
    )
}

fn shortest(mut scenario: Scenario, mut failure: String) -> (Scenario, String) {
    let mut tries = 0;
    loop {
        let mut shorter = None;
        for candidate in shorter_ones(&scenario) {
            tries += 1;
            if tries > TRIES {
                break;
            }
            if let Err(error) = play(&candidate, &mut Tally::default()) {
                shorter = Some((candidate, error));
                break;
            }
        }
        match shorter {
            Some((candidate, error)) => (scenario, failure) = (candidate, error),
            None => return (scenario, failure),
        }
    }
}

fn shorter_ones(scenario: &Scenario) -> Vec<Scenario> {
    let mut shorter = Vec::new();
    for index in 0..scenario.steps.len() {
        let mut one = scenario.clone();
        one.steps.remove(index);
        shorter.push(one);
    }
    if scenario.shape.services.len() > 1 {
        let mut one = scenario.clone();
        one.shape.services.pop();
        shorter.push(one);
    }
    for (index, step) in scenario.steps.iter().enumerate() {
        let simpler = match *step {
            Step::Up(kill, Some(_)) => Step::Up(kill, None),
            Step::Down(kill, Some(_)) => Step::Down(kill, None),
            Step::Up(Some(_), None) => Step::Up(None, None),
            Step::Down(Some(_), None) => Step::Down(None, None),
            _ => continue,
        };
        let mut one = scenario.clone();
        one.steps[index] = simpler;
        shorter.push(one);
    }
    shorter
}
