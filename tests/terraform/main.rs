//! Terraform, which we did not write, judges the simulator: the two-VPC environment as a Terraform
//! configuration is applied, found unchanged, changed, and destroyed, over HTTP.

#[path = "../simulator/client.rs"]
#[expect(dead_code, reason = "the simulator's own tests use the rest of it")]
mod client;
mod tool;

use client::Served;
use serde_json::Value;
use std::io::Write;
use tool::{Terraform, Tool};

/// What `terraform plan -detailed-exitcode` ends with when nothing is to be done.
const NOTHING_TO_DO: Option<i32> = Some(0);

/// Terraform; `None`, and why, where it cannot be had.
fn tool() -> Option<Tool> {
    let found = Tool::find(|name| std::env::var_os(name));
    found
        .map_err(|why| {
            // Not `eprintln!`: libtest shows what that prints of failed tests only.
            writeln!(std::io::stderr(), "skipped: Terraform against the simulator: {why}")
        })
        .ok()
}

#[test]
fn terraform_applies_changes_and_destroys_the_environment() {
    let Some(tool) = tool() else { return };
    let served = Served::start(&[]);
    let terraform = Terraform::new(&tool, &format!("http://{}", served.address), "environment");
    terraform.run(&["init"]).expect_success();

    terraform.run(&["apply", "-auto-approve"]).expect_success();
    assert_eq!(running(&served), 4 * 2, "four services run two tasks each");
    let plan = terraform.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, NOTHING_TO_DO, "the simulator does not answer what it was told:\n{plan}");

    // The plan has just read everything.
    let change = ["-var=desired_count=3", "-var=route_weight=7"];
    let apply = ["apply", "-auto-approve", "-refresh=false"];
    let changed = terraform.run(&[&apply[..], &change].concat());
    changed.expect_success();
    assert!(changed.text.contains("0 added, 7 changed, 0 destroyed"), "{changed}");
    assert_eq!(running(&served), 4 * 3, "four services run three tasks each");
    let plan = terraform.run(&[&["plan", "-detailed-exitcode"][..], &change].concat());
    assert_eq!(plan.code, NOTHING_TO_DO, "the simulator forgot a change:\n{plan}");

    terraform.run(&["destroy", "-auto-approve", "-refresh=false"]).expect_success();
    let inventory = served.page("/_meshctl/inventory");
    assert_eq!(inventory["resources"], Value::Array(Vec::new()), "destroy left something");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn terraform_puts_a_service_on_capacity_providers_and_moves_its_share() {
    let Some(tool) = tool() else { return };
    let served = Served::start(&[]);
    let terraform = Terraform::new(&tool, &format!("http://{}", served.address), "spot");
    terraform.run(&["init"]).expect_success();
    terraform.run(&["apply", "-auto-approve"]).expect_success();
    assert_eq!(running(&served), 3);
    let plan = terraform.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, NOTHING_TO_DO, "the simulator does not answer what it was told:\n{plan}");

    let changed = terraform.run(&["apply", "-auto-approve", "-refresh=false", "-var=base=2"]);
    changed.expect_success();
    assert!(changed.text.contains("0 added, 1 changed, 0 destroyed"), "{changed}");
    assert_eq!(running(&served), 3);
    let plan = terraform.run(&["plan", "-detailed-exitcode", "-var=base=2"]);
    assert_eq!(plan.code, NOTHING_TO_DO, "the simulator forgot a change:\n{plan}");

    terraform.run(&["destroy", "-auto-approve", "-refresh=false"]).expect_success();
    let inventory = served.page("/_meshctl/inventory");
    assert_eq!(inventory["resources"], Value::Array(Vec::new()), "destroy left something");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn a_vpc_of_the_public_module_applies_replans_empty_and_goes() {
    let Some(tool) = tool() else { return };
    let served = Served::start(&[]);
    let terraform = Terraform::new(&tool, &format!("http://{}", served.address), "vpc");
    terraform.run(&["init"]).expect_success();
    terraform.run(&["apply", "-auto-approve"]).expect_success();
    let plan = terraform.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, NOTHING_TO_DO, "the simulator does not answer what it was told:\n{plan}");

    let guarded = "-var=guarded=true";
    terraform.run(&["apply", "-auto-approve", "-refresh=false", guarded]).expect_success();
    let plan = terraform.run(&["plan", "-detailed-exitcode", guarded]);
    assert_eq!(plan.code, NOTHING_TO_DO, "the simulator forgot the network ACL:\n{plan}");

    terraform.run(&["destroy", "-auto-approve", "-refresh=false", guarded]).expect_success();
    let inventory = served.page("/_meshctl/inventory");
    assert_eq!(inventory["resources"], Value::Array(Vec::new()), "destroy left something");
    assert_eq!(served.stop(), Some(0));
}

/// How many tasks run, of all services together.
fn running(served: &Served) -> usize {
    let inventory = served.page("/_meshctl/inventory");
    let resources = inventory["resources"].as_array().expect("a list of resources").iter();
    resources.filter(|it| it["kind"] == "Task" && it["state"] == "RUNNING").count()
}
