//! `meshctl up`.

use crate::home::{Home, steady};
use insta::assert_snapshot;

#[test]
fn up_makes_everything_then_nothing_then_what_changed() {
    let home = Home::new();
    let up = home.local(&["up"]).ends(0);
    assert_snapshot!(up.report(), @r"
    servicemesh-demo is up ([time] of AWS's time)
      118 resources: 118 created
      blue     http://servicemesh-demo-provider-[id].us-east-1.elb.amazonaws.com/
      red      http://servicemesh-demo-consumer-[id].us-east-1.elb.amazonaws.com/
      api      [id]
      api url  https://[id].execute-api.us-east-1.amazonaws.com/default
      slowest  [three, with their times]
      critical path [time] of [time], expected [time]: provider/load-balancer/internal → api/vpc-link
      This is the embedded simulator: the addresses are its own, and answer nobody.
    ");
    let progress = steady(&up.stderr);
    let created = progress.lines().filter(|line| line.contains(": created "));
    assert_eq!(created.count(), 118, "{progress}");
    for line in [
        "looking at what there is",
        "provider/vpc: created vpc-[id]",
        "api/vpc-link: waiting: status is PENDING",
        "api/vpc-link: ready ([time])",
    ] {
        assert!(progress.lines().any(|one| one == line), "{line:?} is not in {progress}");
    }

    // Another process, the same account.
    let again = home.local(&["up"]).ends(0);
    assert_snapshot!(again.report().lines().take(2).collect::<Vec<_>>().join("\n"), @r"
    servicemesh-demo is up ([time] of AWS's time)
      118 resources: 118 as they were
    ");
    assert_eq!(again.stderr, "looking at what there is\n");
    let again = home.local(&["up", "--output", "json"]).ends(0).summary();
    assert_eq!(again["calls"]["mutating"], 0, "{again}");
    assert!(again["calls"]["total"].as_u64() <= Some(40), "{again}");

    home.edit("path = \"/crystal/\"", "path = \"/crystal/\"\ndesired = 3");
    home.edit("mesh_port = 3001", "mesh_port = 3001\nweights = { nodejs = 9, crystal = 1 }");
    let change = home.local(&["up"]).ends(0);
    assert!(
        change.stdout.contains("118 resources: 2 changed, 116 as they were"),
        "{}",
        change.stdout
    );
    let mut changed: Vec<&str> =
        change.stderr.lines().filter(|line| line.contains(": changed ")).collect();
    changed.sort_unstable();
    assert_snapshot!(changed.join("\n"), @r#"
    mesh/route/nodejs: changed nodejs-router/nodejs: targets: [{"virtual_node":"nodejs-ecs","weight":1}] -> [{"virtual_node":"crystal-ecs","weight":1},{"virtual_node":"nodejs-ecs","weight":9}]
    provider/service/crystal: changed servicemesh-demo-provider/crystal: desired_count: 2 -> 3
    "#);
}

#[test]
fn what_fails_is_told_with_its_reason_and_the_rest_is_up() {
    let home = Home::new();
    home.edit("ecsdemo-nodejs:latest", "crash:latest");
    let up = home.local(&["up"]).ends(1);
    assert_snapshot!(up.report(), @r"
    servicemesh-demo is not up after [time] of AWS's time; mend the cause, and `meshctl up` goes on
      118 resources: 117 created, 1 failed
      blue     http://servicemesh-demo-provider-[id].us-east-1.elb.amazonaws.com/
      red      http://servicemesh-demo-consumer-[id].us-east-1.elb.amazonaws.com/
      api      [id]
      api url  https://[id].execute-api.us-east-1.amazonaws.com/default
      slowest  [three, with their times]
      critical path [time] of [time], expected [time]: provider/load-balancer/internal → api/vpc-link
      This is the embedded simulator: the addresses are its own, and answer nobody.
    ");
    let error = up.stderr.lines().skip_while(|line| !line.starts_with("error: "));
    assert_snapshot!(steady(&error.collect::<Vec<_>>().join("\n")), @r"
    error: provider/service/nodejs: ECS deployment circuit breaker: tasks failed to start.; last task stopped: Essential container in task exited
      hint: mend what the reason names; then `meshctl up` makes it work anew
    ");

    home.edit("crash:latest", "ecsdemo-nodejs:latest");
    let mended = home.local(&["up"]).ends(0);
    assert!(mended.stdout.starts_with("servicemesh-demo is up ("), "{}", mended.stdout);
}

#[test]
fn what_has_come_up_is_up_for_the_next_command() {
    let home = Home::new();
    // The internal load balancer is the last to work then, and nothing is changed after it.
    home.edit("stage = \"default\"", "stage = \"default\"\nvpc_link = \"v2\"");
    home.local(&["up"]).ends(0);
    let account = home.account().resources;
    let balancers: Vec<_> = account.iter().filter(|it| it.kind == "LoadBalancer").collect();
    assert_eq!(balancers.len(), 3);
    assert!(balancers.iter().all(|it| it.state == "active"), "{balancers:#?}");
}
