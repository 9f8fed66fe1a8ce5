//! boto3 meets the simulator: every service's operations, waiters, pages and refusals, as a client
//! that we did not write asks for them and understands the answers.

#[path = "../simulator/client.rs"]
#[allow(dead_code, reason = "the tests of the simulator's process use the rest")]
mod client;
#[path = "../common/python.rs"]
mod python;

use client::Served;
use std::{path::PathBuf, process::Command};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/boto3")
}

/// One of the scripts, in an environment of its own; `None`, and why, where that cannot be had.
fn script(name: &str) -> Option<Command> {
    let python = match python::python(&folder().join("requirements.txt")) {
        Ok(python) => python,
        Err(why) => {
            eprintln!("not run: boto3 cannot be had: {why}");
            return None;
        }
    };
    let mut command = Command::new(python);
    command.env_clear().env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(folder().join(name));
    Some(command)
}

fn succeeds(command: &mut Command) {
    let output = command.output().expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{complained}");
}

fn url(served: &Served) -> String {
    format!("http://{}", served.address)
}

#[test]
fn boto3_takes_the_simulator_for_aws() {
    let Some(mut script) = script("strangers.py") else { return };
    let fast = Served::start(&[]);
    let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/simulator");
    succeeds(script.arg(url(&fast)).arg(sources));
    assert_eq!(fast.stop(), Some(0));
}
