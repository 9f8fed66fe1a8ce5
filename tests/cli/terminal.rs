//! What a terminal gets: live lines where it can show them, else plain ones.

use crate::home::{Home, Ran, steady};
use std::process::Command;

const SCRIPT: &str = include_str!("terminal.py");

/// Moves the cursor or clears a line: what only live lines have.
const CONTROL: char = '\u{1b}';

/// A command on the embedded AWS, on a terminal of this kind and size; `None`, and why, where there is no
/// Python to open a terminal.
fn on(home: &Home, term: &str, (rows, columns): (u16, u16), arguments: &[&str]) -> Option<Ran> {
    if let Err(error) = Command::new("python3").arg("--version").output() {
        eprintln!("skipped: no terminal without python3: {error}");
        return None;
    }
    let mut command = assert_cmd::Command::new("python3");
    command.args(["-c", SCRIPT, &rows.to_string(), &columns.to_string()]);
    command.arg(env!("CARGO_BIN_EXE_meshctl")).args(arguments).args(["--local", "--speed", "max"]);
    command.env_clear().env("HOME", home.path()).env("TERM", term).current_dir(home.path());
    Some(Ran::of(&mut command))
}

/// What a terminal got, as a pipe would get it.
fn lines(ran: &Ran) -> Vec<String> {
    ran.stdout.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

#[test]
fn a_terminal_that_can_show_live_lines_gets_them() {
    let home = Home::new();
    let Some(up) = on(&home, "xterm", (24, 100), &["up"]) else { return };
    let up = up.ends(0);
    assert!(up.stdout.contains(CONTROL), "{:?}", up.stdout);
    assert!(up.stdout.contains("looking at what there is"), "{:?}", up.stdout);
    assert!(!up.stdout.contains(": created "), "what is made changes a line: {:?}", up.stdout);
}

#[test]
fn a_dumb_or_a_small_terminal_gets_the_lines_of_a_pipe() {
    for (term, size) in [
        ("dumb", (24, 80)),
        ("", (24, 80)),
        ("xterm", (3, 80)),
        ("xterm", (24, 20)),
        ("xterm", (0, 0)),
    ] {
        let home = Home::new();
        let Some(up) = on(&home, term, size, &["up"]) else { return };
        let up = up.ends(0);
        assert!(!up.stdout.contains(CONTROL), "{term:?} {size:?}: {:?}", up.stdout);
        let got = lines(&up);
        let created = got.iter().filter(|line| line.contains(": created ")).count();
        assert_eq!(created, 118, "{term:?} {size:?}: {got:#?}");
        for line in ["looking at what there is", "api/vpc-link: waiting: status is PENDING"] {
            assert!(got.iter().any(|one| one == line), "{term:?} {size:?}: {got:#?}");
        }
        assert!(got.iter().any(|line| line.starts_with("servicemesh-demo is up (")), "{got:#?}");
    }
}

#[test]
fn what_is_named_above_stands_above() {
    for (term, size) in [("xterm", (24, 200)), ("dumb", (24, 80)), ("xterm", (4, 80))] {
        let home = Home::new();
        home.local(&["up", "--stack", "first"]).ends(0);
        let Some(up) = on(&home, term, size, &["up"]) else { return };
        let up = up.ends(5);
        let text = steady(&up.stdout);
        let named = text.find("failure: quotas: Elastic IPs: 4 used + 4 to be made, of 5");
        let above = text.find("mend what is named above");
        assert!(named.is_some() && named < above, "{term:?} {size:?}: {text:?}");
    }
}
