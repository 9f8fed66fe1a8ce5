//! `meshctl down`.

use crate::home::Home;
use insta::assert_snapshot;
use std::fs;

#[test]
fn down_on_an_empty_account_says_so() {
    let home = Home::new();
    let down = home.local(&["down"]).ends(0);
    assert_snapshot!(down.report(), @r"
    servicemesh-demo is down ([time] of AWS's time)
      nothing was there
      then asked AWS for all 35 kinds, by tag and by name: 0 left
    ");
    assert!(home.account().is_empty());
}

#[test]
fn down_leaves_nothing_without_configuration_and_state() {
    let home = Home::new();
    home.local(&["up"]).ends(0);
    assert!(!home.account().is_empty());
    // All that is left of the stack on this side is its name.
    fs::remove_file(home.path().join("meshctl.toml")).unwrap();
    fs::remove_dir_all(home.state().join("servicemesh-demo")).unwrap();
    let down = home.local(&["down", "--stack", "servicemesh-demo"]).ends(0);
    assert_snapshot!(down.report(), @r"
    servicemesh-demo is down ([time] of AWS's time)
      118 of 118 resources removed
      then asked AWS for all 35 kinds, by tag and by name: 0 left
    ");
    let removed = down.stderr.lines().filter(|line| line.contains(": deleted "));
    assert_eq!(removed.count(), 118, "{}", down.stderr);
    let left = home.account();
    assert!(left.is_empty(), "left over: {:#?}", left.resources);
}
