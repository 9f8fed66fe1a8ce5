//! Killed for real: the binary gets SIGKILL at random moments, against a simulator in a process of its
//! own with AWS's latencies and limits, and the same commands must finish what was begun.
//!
//! `MESHCTL_KILLS=200 cargo test --test cli kill -- --nocapture` plays so many lives, from
//! `MESHCTL_FIRST` on.

use crate::{client::Served, home::Home};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    ops::AddAssign,
    process::{Child, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

/// Lives that a plain `cargo test` plays.
const LIVES: u64 = 6;
/// How many of them at once: they wait more than they work.
const ABREAST: usize = 3;
/// Seconds of AWS's time in one.
const SPEED: &str = "100";
/// About how many calls a command makes.
const CALLS: u32 = 450;
/// What comes and goes with AWS's own services, in their time.
const PASSING: [&str; 3] = ["NetworkInterface", "Task", "Instance"];

/// A command on the served account.
fn command(home: &Home, served: &Served, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = home.command(arguments);
    command.args(["--endpoint-url", &format!("http://{}", served.address)]);
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("AWS_REGION", "eu-west-1");
    command
}

/// How many there are of each kind of thing in the account, but for what passes.
fn census(served: &Served) -> BTreeMap<String, usize> {
    let inventory = served.page("/_meshctl/inventory");
    let mut counts = BTreeMap::new();
    for item in inventory["resources"].as_array().expect("a list") {
        let word = |key: &str| item[key].as_str().expect("a word").to_owned();
        if !PASSING.contains(&&*word("kind")) {
            *counts.entry(format!("{}:{}", word("service"), word("kind"))).or_default() += 1;
        }
    }
    counts
}

/// What was played.
#[derive(Debug, Default)]
struct Tally {
    /// Commands that were killed before their end, by name.
    killed: BTreeMap<&'static str, u32>,
    /// Commands that came to their end first.
    missed: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.missed += other.missed;
        for (name, count) in other.killed {
            *self.killed.entry(name).or_default() += count;
        }
    }
}

/// One account, and what is done to those who work on it.
struct Life {
    seed: u64,
    random: Xoshiro256PlusPlus,
    home: Home,
    served: Served,
    tally: Tally,
}

impl Life {
    fn new(seed: u64) -> Self {
        let arguments = ["--speed", SPEED, "--seed", &seed.to_string()];
        Self {
            seed,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            home: Home::new(),
            served: Served::start(&arguments),
            tally: Tally::default(),
        }
    }

    /// Starts a command and kills it some time after so many calls.
    fn kill(&mut self, name: &'static str) {
        let calls = self.random.random_range(1..CALLS);
        let delay = Duration::from_micros(self.random.random_range(0..20_000));
        let mut process = self.begin(name);
        let lines = BufReader::new(process.stderr.take().expect("its calls")).lines();
        let shown = lines.map_while(Result::ok).filter(|line| line.contains("meshctl::call: "));
        let seen = shown.take(calls as usize).count();
        thread::sleep(delay);
        // Its last line comes before its end, which the kill then only hastens.
        let through = seen < calls as usize;
        let ended = through || process.try_wait().expect("a process").is_some();
        process.kill().expect("it can be killed");
        process.wait().expect("it ends");
        if ended {
            self.tally.missed += 1;
        } else {
            *self.tally.killed.entry(name).or_default() += 1;
        }
    }

    fn begin(&self, name: &str) -> Child {
        let command = command(&self.home, &self.served, &[name, "--speed", SPEED, "-v"]);
        let mut process = std::process::Command::new(command.get_program());
        process.args(command.get_args()).current_dir(self.home.path()).env_clear();
        process.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        process.spawn().expect("the binary runs")
    }

    /// Runs a command to its end, which must be a good one.
    fn run(&self, name: &str) {
        let mut command = command(&self.home, &self.served, &[name, "--speed", SPEED]);
        let ran = crate::home::Ran::of(&mut command);
        let (seed, out, err) = (self.seed, &ran.stdout, &ran.stderr);
        assert_eq!(ran.code, Some(0), "life {seed}, `{name}`:\n{out}\n{err}");
    }

    /// One to three commands are killed, then `up` comes to its end; a `down` is killed, and the next
    /// comes to its end.
    fn play(mut self, whole: &BTreeMap<String, usize>) -> Tally {
        self.kill("up");
        for _ in 0..self.random.random_range(0..3) {
            let name = if self.random.random_bool(0.5) { "up" } else { "down" };
            self.kill(name);
        }
        self.run("up");
        assert_eq!(census(&self.served), *whole, "life {}, after `up`", self.seed);
        self.kill("down");
        self.run("down");
        let left = &self.served.page("/_meshctl/inventory")["resources"];
        assert_eq!(*left, Value::Array(Vec::new()), "life {}, after `down`", self.seed);
        self.tally
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, and not {text:?}")))
}

#[test]
fn killed_at_any_moment_the_same_commands_finish_the_work() {
    let calm = Life::new(0);
    calm.run("up");
    let whole = census(&calm.served);
    drop(calm);

    let first = number("MESHCTL_FIRST").unwrap_or(1);
    let last = first + number("MESHCTL_KILLS").unwrap_or(LIVES);
    let next = AtomicU64::new(first);
    let play = || {
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= last {
                return tally;
            }
            tally += Life::new(seed).play(&whole);
        }
    };
    let tallies = thread::scope(|scope| {
        let players: Vec<_> = (0..ABREAST).map(|_| scope.spawn(play)).collect();
        players.into_iter().map(|player| player.join()).collect::<Vec<_>>()
    });
    let mut total = Tally::default();
    for tally in tallies {
        total += tally.unwrap_or_else(|why| std::panic::resume_unwind(why));
    }
    println!("lives {first} to {}: {total:?}", last - 1);
    let killed = |name| total.killed.get(name).copied().unwrap_or_default();
    assert!(killed("up") > 0 && killed("down") > 0, "nothing was killed: {total:?}");
}
