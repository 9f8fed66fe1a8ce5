//! `meshctl status`.

use crate::home::{Home, steady};
use insta::assert_snapshot;
use serde_json::Value;
use std::fs;

#[test]
fn status_shows_what_there_is_and_what_is_not_as_wished() {
    let home = Home::new();
    let nothing = home.local(&["status"]).ends(1);
    assert_eq!(nothing.stdout, "servicemesh-demo: nothing exists; `meshctl up` makes it\n");

    home.local(&["up"]).ends(0);
    let all = home.local(&["status"]).ends(0);
    assert_eq!(all.stdout.lines().filter(|line| line.starts_with("ready ")).count(), 118);
    assert_eq!(all.stderr, "");
    let end = all.report();
    let end: Vec<&str> = end.lines().skip(118).collect();
    assert_snapshot!(end.join("\n"), @r"
    servicemesh-demo: 118 of 118 resources ready and as wished
      blue     http://servicemesh-demo-provider-[id].us-east-1.elb.amazonaws.com/
      red      http://servicemesh-demo-consumer-[id].us-east-1.elb.amazonaws.com/
      api      [id]
      api url  https://[id].execute-api.us-east-1.amazonaws.com/default
    ");

    home.edit("path = \"/crystal/\"", "path = \"/crystal/\"\ndesired = 3");
    let service = home.local(&["status", "provider/service"]).ends(1);
    let lines: Vec<String> = steady(&service.stdout).lines().take(5).map(String::from).collect();
    assert_snapshot!(lines.join("\n"), @r"
    drifted  provider/service/crystal  servicemesh-demo-provider/crystal  2 of 2 tasks running
            desired_count: 2 -> 3
    ready    provider/service/frontend servicemesh-demo-provider/frontend  2 of 2 tasks running
    ready    provider/service/nodejs   servicemesh-demo-provider/nodejs  2 of 2 tasks running
    servicemesh-demo: 2 of 3 resources ready and as wished
    ");
}

/// Empties every list of targets in an account.
fn forget_targets(account: &mut Value) {
    match account {
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| match &**name {
            "_targets" => *member = Value::Array(Vec::new()),
            _ => forget_targets(member),
        }),
        Value::Array(items) => items.iter_mut().for_each(forget_targets),
        _ => {}
    }
}

#[test]
fn status_fails_when_nothing_is_behind_the_load_balancers_and_says_what_helps() {
    let home = Home::new();
    home.local(&["up"]).ends(0);
    let path = home.state().join("account.json");
    let text = fs::read_to_string(&path).expect("the account");
    let mut account = serde_json::from_str(&text).expect("JSON");
    forget_targets(&mut account);
    fs::write(&path, account.to_string()).expect("the account is written");

    let status = home.local(&["status", "provider/"]).ends(1);
    let lines: Vec<_> = status.stdout.lines().filter(|it| !it.starts_with("ready ")).collect();
    let groups = lines.iter().filter(|it| it.ends_with("  no target is registered"));
    assert_eq!(groups.count(), 3, "{lines:#?}");
    let services = lines.iter().filter(|it| it.trim().starts_with("unregistered_tasks: "));
    assert_eq!(services.count(), 3, "{lines:#?}");
    let hint = "`meshctl up --refresh` brings back what drifted; without `--refresh`, `plan` and \
                `up` compare only what AWS lists";
    assert!(lines.iter().any(|line| line.trim() == hint), "{lines:#?}");

    // The others say the same, or that they do not look so closely.
    let told = "without `--refresh`, `plan` and `up` compare only what AWS lists";
    let plan = home.local(&["plan", "--check"]).ends(0);
    assert!(plan.stdout.lines().any(|line| line == told), "{}", plan.stdout);
    let up = home.local(&["up"]).ends(0);
    assert!(up.stdout.lines().any(|line| line.trim() == told), "{}", up.stdout);
    let plan = home.local(&["plan", "--check", "--refresh"]).ends(3);
    assert!(plan.stdout.contains("4 to change, 114 as wished"), "{}", plan.stdout);
    home.local(&["up", "--refresh"]).ends(0);
    home.local(&["status"]).ends(0);
}
