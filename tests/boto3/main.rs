//! boto3 meets the simulator: every service's operations, waiters, pages and refusals, as a client
//! that we did not write asks for them and understands the answers. And moto is asked the same: where
//! it answers otherwise, `differences.json` says who is right.

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
    let rules = folder().join("faults.json").display().to_string();
    let fast = Served::start(&[]);
    let paced = Served::start(&["--speed", "200"]);
    let faulty = Served::start(&["--faults", &rules]);
    let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/simulator");
    script.args([&fast, &paced, &faulty].map(url)).arg(sources);
    succeeds(&mut script);
    assert_eq!([fast, paced, faulty].map(Served::stop), [Some(0); 3]);
}

#[test]
fn moto_and_the_simulator_differ_where_it_is_listed_and_nowhere_else() {
    let Some(mut script) = script("differential.py") else { return };
    let served = Served::start(&[]);
    succeeds(script.arg(url(&served)).arg(folder().join("differences.json")));
    assert_eq!(served.stop(), Some(0));
}
