//! Where nothing can be written: the commands say so before they change anything, and those that only
//! look do without.

use crate::{
    client::Served,
    home::{Home, Ran, resources},
};
use std::fs;

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

#[test]
fn two_adopts_within_a_second_keep_what_both_set_aside() {
    let home = Home::new();
    home.edit("nat = \"per-az\"", "nat = \"none\"");
    home.local(&["up"]).ends(0);
    let state = home.state().join("servicemesh-demo");
    let damaged = ["the first", "the second", "the third"].map(|turn| format!("{turn} damage\n"));
    for text in &damaged {
        fs::write(state.join("journal.jsonl"), text).expect("the journal");
        home.local(&["adopt"]).ends(0);
    }
    let files = fs::read_dir(&state).expect("the state").flatten().map(|entry| entry.path());
    let mut kept: Vec<String> = files.filter_map(|path| fs::read_to_string(path).ok()).collect();
    kept.retain(|text| damaged.contains(text));
    kept.sort();
    assert_eq!(kept, damaged);
}

#[test]
fn an_adopt_with_nothing_to_mend_leaves_every_file_as_it_is() {
    let home = Home::new();
    home.edit("nat = \"per-az\"", "nat = \"none\"");
    home.local(&["up"]).ends(0);
    let state = home.state().join("servicemesh-demo");
    let files = || {
        let entries = fs::read_dir(&state).expect("the state").flatten();
        let read = |path: std::path::PathBuf| (fs::read(&path).unwrap_or_default(), path);
        let mut files: Vec<_> = entries.map(|entry| read(entry.path())).collect();
        files.retain(|(_, path)| !path.ends_with("lock"));
        files.sort();
        files
    };
    let before = files();
    let adopt = home.local(&["adopt"]).ends(0);
    assert!(adopt.stdout.contains(": nothing to mend: "), "{}", adopt.stdout);
    assert_eq!(files(), before);
    let summary = home.local(&["adopt", "--output", "json"]).ends(0).summary();
    assert_eq!(summary["mended"], false);
    assert_eq!(files(), before);
}
