//! Where nothing can be written: the commands say so before they change anything, and those that only
//! look do without.

use crate::{
    client::Served,
    home::{Home, Ran, resources},
};

/// Paths under which nobody can make a directory, whoever runs this.
const CLOSED: [&str; 2] = ["meshctl.toml/state", "/dev/null/state"];

/// A command on the served account.
fn run(home: &Home, served: &Served, arguments: &[&str]) -> Ran {
    home.on(served, "60", arguments, &[])
}

#[test]
fn without_a_place_for_the_state_nothing_is_begun() {
    let (home, served) = (Home::new(), Served::start(&["--speed", "max"]));
    for state in CLOSED {
        for command in ["up", "down", "adopt"] {
            let ran = run(&home, &served, &[command, "--state", state]).ends(1);
            assert!(ran.stderr.contains(&format!("error: {state}/")), "{}", ran.stderr);
            assert!(ran.stderr.contains("give another directory with --state"), "{}", ran.stderr);
        }
        assert_eq!(resources(&served), 0, "{state}");
    }
    let embedded =
        home.command(&["up", "--local", "--state", CLOSED[0]]).output().expect("it runs");
    let said = String::from_utf8_lossy(&embedded.stderr);
    assert!(said.contains("give another directory with --state"), "{said}");
    assert_eq!(embedded.status.code(), Some(1));
}

#[test]
fn a_home_that_cannot_be_written_is_not_missed() {
    let home = Home::new();
    let local = |command: &str| {
        let mut process = home.command(&[command, "--local", "--speed", "max"]);
        Ran::of(process.env("HOME", "/dev/null/home"))
    };
    local("up").ends(0);
    local("status").ends(0);
    local("down").ends(0);
    assert!(home.account().is_empty());
}
