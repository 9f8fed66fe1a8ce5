//! Signals in the middle, and a second command at the same time.

use crate::home::Home;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A command under way, told in JSON.
struct Running {
    process: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn begun(home: &Home, command: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_meshctl"))
            .args([command, "--local", "--speed", "20", "--output", "json"])
            .env_clear()
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let stdout = BufReader::new(process.stdout.take().expect("its output"));
        Self { process, stdout }
    }

    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line).expect("a line");
        (read > 0).then(|| serde_json::from_str(&line).expect("JSON"))
    }

    /// Reads until this has happened to a resource.
    fn until(&mut self, event: &str, address: &str) {
        while let Some(line) = self.line() {
            if line["event"] == event && line["address"] == address {
                return;
            }
        }
        panic!("{address} was never {event}");
    }

    /// Sends a signal, and returns the summary and the exit code.
    fn interrupt(mut self, signal: &str) -> (Value, Option<i32>) {
        let id = self.process.id().to_string();
        // The standard library sends no signal but SIGKILL.
        let kill = Command::new("kill").args([signal, &id]).status().expect("kill runs");
        assert!(kill.success());
        let mut last = Value::Null;
        while let Some(line) = self.line() {
            last = line;
        }
        (last, self.process.wait().expect("it ends").code())
    }
}

#[test]
fn ctrl_c_stops_safely_and_the_next_up_goes_on() {
    let home = Home::new();
    let mut running = Running::begun(&home, "up");
    running.until("created", "provider/nat-gateway/a");

    for command in ["up", "down"] {
        let second = home.local(&[command]).ends(4);
        assert!(second.stderr.contains("error: "), "{}", second.stderr);
        assert!(second.stderr.contains("`up`"), "says who holds it: {}", second.stderr);
        assert!(second.stderr.contains("hint: wait for it"), "{}", second.stderr);
        assert_eq!(second.stdout, "");
    }

    let (summary, code) = running.interrupt("-INT");
    assert_eq!(code, Some(130), "{summary}");
    assert_eq!(summary["outcome"], "interrupted");
    let begun = summary["resources"]["created"].as_u64().expect("a count");
    assert!((1..118).contains(&begun), "{summary}");

    let next = home.local(&["up", "--output", "json"]).ends(0).summary();
    assert_eq!(next["resources"]["total"], 118);
    assert_eq!(next["resources"]["failed"], 0);
    let account = home.account();
    for (service, kind, count) in [
        ("ec2", "Vpc", 2),
        ("ec2", "NatGateway", 4),
        ("ec2", "ElasticIp", 4),
        ("elasticloadbalancing", "LoadBalancer", 3),
        ("ecs", "Service", 4),
    ] {
        assert_eq!(account.count(service, kind), count, "{kind}, none lost and none twice");
    }
    home.local(&["down"]).ends(0);
    assert!(home.account().is_empty());
}

#[test]
fn what_ends_a_ci_job_stops_up_and_down_as_safely() {
    let home = Home::new();
    let mut up = Running::begun(&home, "up");
    up.until("created", "provider/nat-gateway/a");
    let (summary, code) = up.interrupt("-TERM");
    assert_eq!(code, Some(130), "{summary}");
    assert_eq!(summary["outcome"], "interrupted");
    home.local(&["up"]).ends(0);
    assert_eq!(home.account().count("ec2", "NatGateway"), 4);

    let mut down = Running::begun(&home, "down");
    down.until("deleted", "api/stage");
    let (summary, code) = down.interrupt("-HUP");
    assert_eq!(code, Some(130), "{summary}");
    assert_eq!(summary["outcome"], "interrupted");
    assert!(!home.account().is_empty());
    home.local(&["down"]).ends(0);
    assert!(home.account().is_empty());
}
