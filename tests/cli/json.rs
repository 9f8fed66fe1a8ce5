//! `--output json`: one object on each line of stdout, and nothing else there.

use crate::home::Home;
use serde_json::{Value, json};

/// The members of an object, in order.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Panics unless the summary has exactly the members that scripts count on.
fn is_summary(summary: &Value, command: &str, outcome: &str) {
    let mut has = members(summary);
    has.sort_unstable();
    assert_eq!(has, ["calls", "command", "event", "outcome", "outputs", "resources", "seconds"]);
    assert_eq!(summary["command"], command);
    assert_eq!(summary["outcome"], outcome, "{summary}");
    let mut resources = members(&summary["resources"]);
    resources.sort_unstable();
    let counts =
        ["created", "deleted", "failed", "left", "replaced", "total", "unchanged", "updated"];
    assert_eq!(resources, counts);
    assert!(counts.iter().all(|count| summary["resources"][count].is_u64()), "{summary}");
    let mut calls = members(&summary["calls"]);
    calls.sort_unstable();
    assert_eq!(calls, ["by_operation", "mutating", "throttled", "total"]);
    let each = summary["calls"]["by_operation"].as_object().expect("the operations").values();
    let sum: u64 = each.map(|count| count.as_u64().expect("a count")).sum();
    assert_eq!(summary["calls"]["total"], sum);
    assert!(summary["seconds"].is_number(), "{summary}");
    let mut outputs = members(&summary["outputs"]);
    outputs.sort_unstable();
    assert_eq!(outputs, ["api_id", "api_url", "blue_url", "red_url"]);
}

/// Panics unless every line that is about a resource says which, and since when.
fn are_events(lines: &[Value]) {
    for line in lines.iter().filter(|line| line.get("address").is_some()) {
        for member in ["event", "address", "kind"] {
            assert!(line[member].is_string(), "{member} in {line}");
        }
        assert!(line["id"].is_string() || line["id"].is_null(), "{line}");
        assert!(line["seconds"].is_number(), "{line}");
    }
}

fn count(lines: &[Value], event: &str) -> usize {
    lines.iter().filter(|line| line["event"] == event).count()
}

#[test]
fn every_command_speaks_json() {
    let home = Home::new();
    let run = |command: &str| {
        let ran = home.local(&[command, "--output", "json"]).ends(0);
        assert_eq!(ran.stderr, "", "{command}");
        let lines = ran.json();
        are_events(&lines);
        assert_eq!(count(&lines, "summary"), 1);
        let summary = ran.summary();
        is_summary(&summary, command, "done");
        (lines, summary)
    };

    let (lines, plan) = run("plan");
    assert_eq!(count(&lines, "plan"), 118);
    assert_eq!(plan["resources"]["created"], 118);
    assert_eq!(plan["calls"]["mutating"], 0);

    let (lines, up) = run("up");
    assert_eq!((count(&lines, "created"), count(&lines, "ready")), (118, 118));
    let vpc =
        lines.iter().find(|line| line["event"] == "created" && line["address"] == "provider/vpc");
    let vpc = vpc.expect("the VPC");
    assert_eq!(vpc["kind"], "AWS::EC2::VPC");
    assert!(vpc["id"].as_str().is_some_and(|id| id.starts_with("vpc-")), "{vpc}");
    assert_eq!(up["resources"]["created"], 118);
    assert_eq!(up["calls"]["by_operation"]["ec2:CreateVpc"], 2);
    assert!(up["calls"]["mutating"].as_u64() > Some(118), "{up}");
    assert!(up["seconds"].as_f64() > Some(60.0), "AWS's time: {up}");

    let (lines, status) = run("status");
    assert_eq!(count(&lines, "resource"), 118);
    let all_ready =
        lines.iter().all(|line| line["event"] != "resource" || line["state"] == "ready");
    assert!(all_ready, "{lines:#?}");
    assert_eq!(status["resources"]["unchanged"], 118);
    assert_eq!(status["outputs"], up["outputs"]);

    let (lines, down) = run("down");
    assert_eq!(count(&lines, "deleted"), 118);
    assert_eq!(
        (&down["resources"]["deleted"], &down["resources"]["left"]),
        (&json!(118), &json!(0))
    );
    assert!(home.account().is_empty());
}

#[test]
fn what_cannot_begin_is_said_in_json_too() {
    let home = Home::new();
    home.edit("availability_zones = 2", "availability_zones = 9");
    let ran = home.local(&["up", "--output", "json"]).ends(2);
    assert_eq!(ran.stderr, "");
    let lines = ran.json();
    assert_eq!(lines[0]["event"], "error");
    assert_eq!(lines[0]["exit"], 2);
    assert!(lines[0]["message"].as_str().is_some_and(|text| text.contains("availability_zones")));
    is_summary(&ran.summary(), "up", "failed");
}
