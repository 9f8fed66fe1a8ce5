//! The demonstration as it is shipped.

use crate::common::{DEMO, World};

#[tokio::test(start_paused = true)]
async fn the_demo_comes_up_complete() {
    let world = World::new(DEMO);
    let run = world.up().await.done();
    assert_eq!(run.outcome.counts.created, run.outcome.counts.total);
    // AWS's token buckets are the simulator's.
    assert!(run.calls.throttled <= 20, "{} of {} calls", run.calls.throttled, run.calls.total);

    let count = |service, kind| world.count(service, kind);
    assert_eq!(count("ec2", "Vpc"), 2);
    assert_eq!(count("ec2", "InternetGateway"), 2);
    assert_eq!(count("ec2", "Subnet"), 8);
    assert_eq!(count("ec2", "NatGateway"), 4);
    assert_eq!(count("ec2", "RouteTable"), 6);
    assert_eq!(count("ec2", "VpcEndpoint"), 1);
    assert_eq!(count("elasticloadbalancing", "LoadBalancer"), 3);
    assert_eq!(count("elasticloadbalancing", "TargetGroup"), 4);
    assert_eq!(count("elasticloadbalancing", "Listener"), 4);
    assert_eq!(count("ecs", "Cluster"), 2);
    assert_eq!(count("ecs", "Service"), 4);
    assert_eq!(count("ecs", "Task"), 8);
    assert_eq!(count("appmesh", "Mesh"), 1);
    for kind in ["VirtualNode", "VirtualRouter", "Route", "VirtualService"] {
        assert_eq!(count("appmesh", kind), 3, "{kind}");
    }
    assert_eq!(count("servicediscovery", "Namespace"), 1);
    assert_eq!(count("servicediscovery", "Service"), 3);
    for kind in ["RestApi", "VpcLink", "Deployment", "Stage"] {
        assert_eq!(count("apigateway", kind), 1, "{kind}");
    }
    assert_eq!(count("apigateway", "Method"), 2);
    world.assert_blue_path();
    world.assert_red_path();
    assert!(count("logs", "LogGroup") >= 8);

    assert!(run.outputs.blue_url.is_some_and(|url| url.starts_with("http://servicemesh-demo-")));
    assert!(run.outputs.red_url.is_some());
    let (id, url) = (run.outputs.api_id.unwrap(), run.outputs.api_url.unwrap());
    assert_eq!(url, format!("https://{id}.execute-api.eu-west-1.amazonaws.com/default"));
}

#[tokio::test(start_paused = true)]
async fn a_second_up_changes_nothing_and_makes_few_calls() {
    let world = World::new(DEMO);
    world.up().await.done();
    let again = world.up().await.done();
    assert_eq!(again.outcome.counts.unchanged, again.outcome.counts.total);
    assert_eq!(again.calls.mutating, 0, "{:#?}", again.calls.by_operation);
    assert!(again.calls.total <= 30, "{:#?}", again.calls);
}

#[tokio::test(start_paused = true)]
async fn a_full_look_after_up_finds_no_drift() {
    let world = World::new(DEMO);
    world.up().await.done();
    let again = world.up_in_full().await.done();
    assert_eq!(again.calls.mutating, 0, "{:#?}", again.calls.by_operation);
}

#[tokio::test(start_paused = true)]
async fn down_leaves_the_account_as_it_was() {
    let world = World::new(DEMO);
    world.up().await.done();
    let down = world.down().await.done();
    assert_eq!(down.outcome.counts.left, 0);
    assert_eq!(down.outcome.counts.deleted, down.outcome.counts.total);
    world.assert_empty();
    // And there is nothing more to do.
    let again = world.down().await.done();
    assert_eq!(again.calls.mutating, 0);
}

#[tokio::test(start_paused = true)]
async fn without_its_state_up_finds_everything_again() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    world.lose_state();
    let found = world.up().await.done();
    assert_eq!(found.calls.mutating, 0, "{:#?}", found.calls.by_operation);
    assert_eq!(found.outcome.counts.unchanged, found.outcome.counts.total);
}

#[tokio::test(start_paused = true)]
async fn without_its_state_down_still_removes_everything() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    world.lose_state();
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn two_stacks_live_side_by_side() {
    let mut world = World::new(DEMO);
    world.simulator.behind(|account| {
        account.quotas.elastic_ips = 10;
        account.quotas.vpcs = 10;
        account.quotas.internet_gateways = 10;
    });
    world.up().await.done();
    world.edit("stack = \"servicemesh-demo\"", "stack = \"second\"");
    let second = world.up().await.done();
    assert_eq!(world.count("ecs", "Service"), 8);
    // The account's role for API logs is the first stack's; the second uses it and leaves it alone.
    assert!(second.known.raw(&meshctl::model::Address::new("api/account")).is_none());
    world.down().await.done();
    assert_eq!(world.count("ecs", "Service"), 4);
    world.edit("stack = \"second\"", "stack = \"servicemesh-demo\"");
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_stack_keeps_its_zones_whatever_the_region_has_later() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    let asked = "ec2:DescribeAvailabilityZones";
    let again = world.up().await.done();
    assert_eq!(again.calls.by_operation.get(asked), None);
    // A third one is found beside the two; nothing moves.
    world.edit("nat = \"per-az\"", "nat = \"single\"");
    world.edit("availability_zones = 2", "availability_zones = 3");
    let more = world.up().await.done();
    assert_eq!(more.calls.by_operation.get(asked), Some(&1));
    assert_eq!(more.calls.by_operation.get("ec2:DeleteSubnet"), None);
    assert_eq!(world.count("ec2", "Subnet"), 12);
}

#[tokio::test(start_paused = true)]
async fn what_others_show_is_looked_for_when_they_do_not() {
    let world = World::new(DEMO);
    let run = world.up().await.done();
    let session = world.session().await;
    // The mesh is shown by its nodes; without them it is looked at, and made again with all in it.
    for kind in ["VirtualService", "Route", "VirtualRouter", "VirtualNode", "Mesh"] {
        let ops = session.registry.get(&format!("AWS::AppMesh::{kind}")).expect("a kind");
        for one in ops.search().await.expect("a search") {
            ops.delete(&one.out).await.expect("a deletion");
        }
    }
    let again = world.up().await.done();
    assert_eq!(again.outcome.counts.created, 13, "{:#?}", again.calls.by_operation);
    assert_eq!(world.count("appmesh", "VirtualNode"), 3);
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    assert_eq!(run.outcome.counts.total, again.outcome.counts.total);
}
