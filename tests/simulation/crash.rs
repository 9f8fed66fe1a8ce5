//! Killed at any instant: every call and every journal entry of the demonstration, before and after,
//! in `up`, in an update, and in `down`.
//!
//! One run is made calmly. Around each of its calls the account and the state are copied, and every
//! copy is a world in which the process died at that moment: what the disk holds, what AWS has done,
//! and nothing else. Between two calls the journal may have grown by several lines; each of its
//! prefixes is a moment too, whole lines and half ones. From each moment the command is run again.
//!
//! `MESHCTL_CRASH=all` takes every moment; without it a seed takes some.

use super::{
    number,
    play::{Ended, World, paused},
    shape::{Link, Nat, STACK, Service, Shape},
    shrink::Tally,
    steps::{Kill, Moment},
    wire::Wire,
};
use meshctl::simulator::Account;
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// Moments of each command that a plain `cargo test` takes.
const SAMPLE: usize = 12;

/// The demonstration's own shape.
fn demo() -> Shape {
    let service = |number: usize| Service {
        number,
        image: 1,
        desired: 2,
        api: true,
        path: number == 2,
        port: 3000,
        weighted: false,
    };
    Shape {
        zones: 2,
        nat: Nat::PerZone,
        link: Link::V1,
        spot: false,
        connect: false,
        retention: 1,
        tagged: false,
        cidrs: 1,
        services: (0..3).map(service).collect(),
        next: 3,
    }
}

/// The demonstration with something of everything changed: a service gone and one new, tasks in other subnets, an image, a
/// route, a port that AWS cannot change in place, tags, rules.
fn changed() -> Shape {
    let mut shape = demo();
    shape.nat = Nat::None;
    shape.retention = 7;
    shape.tagged = true;
    shape.cidrs = 2;
    shape.services[0].image = 2;
    shape.services[1].port = 3030;
    shape.services[2].number = 3;
    shape.next = 4;
    shape
}

/// What survives the process: the account and the files.
#[derive(Clone)]
struct Copy {
    account: Arc<Vec<u8>>,
    snapshot: Option<Arc<Vec<u8>>>,
    journal: Arc<Vec<u8>>,
}

impl Copy {
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = PathBuf::from(STACK);
        let mut files = vec![(folder.join("journal.jsonl"), self.journal.to_vec())];
        if let Some(snapshot) = &self.snapshot {
            files.push((folder.join("snapshot.json"), snapshot.to_vec()));
        }
        files
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Command {
    Up,
    Update,
    Down,
}

/// All moments of a calm run.
async fn moments(world: &mut World, command: Command) -> Vec<(String, Copy)> {
    let copies: Arc<Mutex<Vec<(String, Copy)>>> = Arc::default();
    let state = world.state();
    let (simulator, kept) = (world.simulator.clone(), Arc::clone(&copies));
    let read = move |name: &str| fs::read(state.join(name)).ok().map(Arc::new);
    let listener = move |answered: bool, call: u64| {
        let account = simulator.behind(|account| serde_json::to_vec(account).expect("an account"));
        let copy = Copy {
            account: Arc::new(account),
            snapshot: read("snapshot.json"),
            journal: read("journal.jsonl").unwrap_or_default(),
        };
        let name = if answered { "after the effect of" } else { "before" };
        let mut kept = kept.lock().expect("nobody panics with it");
        between(&mut kept, &copy);
        kept.push((format!("{name} call {call}"), copy));
    };
    let wire = Wire::new(&world.simulator, None);
    wire.listen(Box::new(listener));
    let ended = world.over(&wire, command != Command::Down).await;
    assert_eq!(ended, Ok(Ended::Done), "the calm run");
    let copies = copies.lock().expect("nobody panics with it");
    copies.clone()
}

/// The journal's growth since the last copy: each line of it, whole and half.
fn between(copies: &mut Vec<(String, Copy)>, now: &Copy) {
    let Some((_, last)) = copies.last().cloned() else { return };
    if !now.journal.starts_with(&last.journal) {
        return;
    }
    let mut end = last.journal.len();
    for line in now.journal[end..].split_inclusive(|byte| *byte == b'\n') {
        for (part, length) in [("half of", line.len() / 2), ("all of", line.len())] {
            let journal = Arc::new(now.journal[..end + length].to_vec());
            let text = String::from_utf8_lossy(&line[..line.len().min(80)]);
            copies.push((format!("{part} {text}"), Copy { journal, ..last.clone() }));
        }
        end += line.len();
    }
}

/// Runs the command again from a moment, and then `down`.
async fn survives(
    base: &World,
    copy: &Copy,
    command: Command,
    second: Option<Kill>,
    seed: u64,
) -> Result<(), String> {
    let account: Account = serde_json::from_slice(&copy.account).expect("an account");
    let mut world = base.resumed(account, &copy.files(), seed);
    let mut tally = Tally::default();
    if command != Command::Down {
        if second.is_some() {
            world.up(second, None, &mut tally).await?;
        }
        world.up(None, None, &mut tally).await?;
        world.model.always(&world.simulator)?;
    } else if second.is_some() {
        world.down(second, None, &mut tally).await?;
    }
    world.down(None, None, &mut tally).await?;
    world.model.always(&world.simulator)
}

fn all() -> bool {
    std::env::var("MESHCTL_CRASH").is_ok_and(|text| text == "all")
}

fn killed_at_every_moment(command: Command, twice: bool) {
    let seed = number("MESHCTL_SEED").unwrap_or(1);
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
    paused().block_on(async {
        let mut world = World::new(seed, demo()).await;
        if command != Command::Up {
            let up = world.up(None, None, &mut Tally::default()).await;
            assert_eq!(up, Ok(Ended::Done));
        }
        if command == Command::Update {
            world.shape = changed();
        }
        let moments = moments(&mut world, command).await;
        let count = moments.len();
        let take = if all() && !twice { count } else { SAMPLE / if twice { 3 } else { 1 } };
        let mut tried = 0;
        for turn in 0..take {
            let at = if take == count { turn } else { dice.random_range(0..count) };
            let (name, copy) = &moments[at];
            let second = twice.then(|| Kill {
                call: dice.random_range(1..250),
                moment: if dice.random() { Moment::Before } else { Moment::After },
                power: dice.random(),
            });
            let result = survives(&world, copy, command, second, at as u64).await;
            if let Err(error) = result {
                panic!(
                    "{command:?} killed at moment {at} of {count} ({name}), then {second:?}: \
                     {error}\nagain: MESHCTL_SEED={seed} cargo test --test simulation crash"
                );
            }
            tried += 1;
            if tried % 100 == 0 {
                println!("{command:?}: {tried} of {count} moments");
            }
        }
        println!("{command:?}: {tried} of {count} moments, each run again and then taken down");
    });
}

#[test]
fn an_up_killed_at_any_moment_is_finished_by_the_next() {
    killed_at_every_moment(Command::Up, false);
}

#[test]
fn an_update_killed_at_any_moment_is_finished_by_the_next() {
    killed_at_every_moment(Command::Update, false);
}

#[test]
fn a_down_killed_at_any_moment_is_finished_by_the_next() {
    killed_at_every_moment(Command::Down, false);
}

#[test]
fn killed_twice_it_is_finished_all_the_same() {
    for command in [Command::Up, Command::Update, Command::Down] {
        killed_at_every_moment(command, true);
    }
}
