//! `meshctl reap`: who goes, who stays, and how a dry run says it.

use crate::home::{Home, steady};
use insta::assert_snapshot;
use meshctl::model::tags::EXPIRES;
use std::fs;

/// Two stacks, of which one has no end. The time of the other is over: its tags say so, and of its
/// state nothing is left.
fn home() -> Home {
    let home = Home::new();
    home.edit("nat = \"per-az\"", "nat = \"single\"");
    home.local(&["up", "--stack", "kept"]).ends(0);
    home.local(&["up", "--stack", "over", "--ttl", "4h"]).ends(0);
    fs::remove_dir_all(home.state().join("over")).expect("the state goes");
    let tags = home.account().resources.into_iter().find_map(|it| it.tags.get(EXPIRES).cloned());
    let end = tags.expect("an end is written on what was made");
    let account = home.state().join("account.json");
    let text = fs::read_to_string(&account).expect("the account");
    fs::write(&account, text.replace(&end, "2020-01-01T00:00:00Z")).expect("the account");
    home
}

#[test]
fn a_dry_run_says_who_would_go_and_changes_nothing() {
    let home = home();
    let before = home.account().resources.len();
    let reap = home.local(&["reap", "--dry-run"]).ends(0);
    assert_snapshot!(steady(&reap.stdout), @r"
    kept: expires never: stays
    over: expires 2020-01-01T00:00:00Z: would be removed
    2 stacks, 1 over; nothing removed: a dry run
    ");
    assert_eq!(home.account().resources.len(), before);
    let summary = home.local(&["reap", "--dry-run", "--output", "json"]).ends(0).summary();
    assert_eq!(summary["stacks"]["expired"], 1);
    assert_eq!(summary["calls"]["mutating"], 0);
}

#[test]
fn what_is_over_goes_without_its_state_and_the_rest_stays() {
    let home = home();
    let reap = home.local(&["reap"]).ends(0);
    assert_snapshot!(steady(&reap.stdout), @r"
    kept: expires never: stays
    over: expires 2020-01-01T00:00:00Z: is over
    over is down ([time] of AWS's time)
      108 of 108 resources removed
      then asked AWS for all 35 kinds, by tag and by name: 0 left
    2 stacks, 1 over; 1 removed, 0 failed, 0 held by others
    ");
    let left = home.account().resources;
    let of = |stack: &str| {
        left.iter().filter(|it| it.tags.get("meshctl:stack").is_some_and(|it| it == stack)).count()
    };
    assert_eq!(of("over"), 0);
    assert!(of("kept") > 50, "{} are left of the other", of("kept"));
    let again = home.local(&["reap", "--output", "json"]).ends(0).summary();
    assert_eq!(again["stacks"]["found"], 1);
    assert_eq!(again["stacks"]["expired"], 0);
    home.local(&["down", "--stack", "kept"]).ends(0);
    assert!(home.account().is_empty());
}
