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
    let first = down.stderr.lines().position(|line| line.contains(": deleted "));
    let said = down.stderr.lines().position(|line| {
        line.starts_with("no state of servicemesh-demo in .meshctl/local/servicemesh-demo; ")
            && line.contains("us-east-1 has 118 resources, made from 20")
    });
    assert!(said.is_some() && said < first, "{}", down.stderr);
    let removed = down.stderr.lines().filter(|line| line.contains(": deleted "));
    assert_eq!(removed.count(), 118, "{}", down.stderr);
    let left = home.account();
    assert!(left.is_empty(), "left over: {:#?}", left.resources);
}

#[test]
fn down_and_adopt_without_a_name_refuse_and_list_the_account_s_stacks() {
    let home = Home::new();
    home.edit("nat = \"per-az\"", "nat = \"none\"");
    for stack in ["one", "another"] {
        home.local(&["up", "--stack", stack]).ends(0);
        fs::remove_dir_all(home.state().join(stack)).unwrap();
    }
    fs::remove_file(home.path().join("meshctl.toml")).unwrap();
    let before = home.account().resources.len();
    for command in ["down", "adopt"] {
        let refused = home.local(&[command]).ends(2);
        assert_eq!(
            refused.stderr,
            format!(
                "error: `meshctl {command}` must be told which stack: config/demo.toml is not there, \
                 and no state in .meshctl/local says\n  hint: give --stack NAME; the stacks in account \
                 000000000000, us-east-1: another, one\n"
            )
        );
        let summary = home.local(&[command, "--output", "json"]).ends(2).summary();
        assert_eq!(summary["outcome"], "failed");
    }
    assert_eq!(home.account().resources.len(), before);
    // The one state that is here is a name.
    home.local(&["adopt", "--stack", "one"]).ends(0);
    home.local(&["down"]).ends(0);
    let down = home.local(&["down", "--stack", "another"]).ends(0);
    assert!(down.stderr.contains("no state of another in "), "{}", down.stderr);
    // The account's role for logs stayed while the other stack had an API.
    home.local(&["down", "--stack", "one"]).ends(0);
    assert!(home.account().is_empty());
    let refused = home.local(&["down"]).ends(2);
    assert!(
        refused.stderr.contains("there is no stack in account 000000000000"),
        "{}",
        refused.stderr
    );
}
