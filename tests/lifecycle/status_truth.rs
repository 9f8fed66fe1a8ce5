//! `status` calls ready what carries traffic, `up` mends what can be mended, and looking stays cheap.

use crate::{
    common::{DEMO, World},
    drift_services::look,
};
use meshctl::{
    engine::Standing,
    model::{Address, Depth, Identities},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

const NODEJS: &str = "provider/service/nodejs";

/// What a listing of something recorded shows, as the input of a call that takes it away.
async fn registered(
    world: &World,
    known: &Identities,
    (call, member, address, part): (&str, &str, &str, &str),
) -> (Value, Value) {
    let id = known.raw(&Address::new(address)).expect(address)[part].clone();
    let answer = world.ask(call, json!({ member: id })).await;
    (id, answer)
}

/// Somebody deregisters the first so many targets of a group.
async fn deregister_targets(world: &World, known: &Identities, address: &str, most: usize) {
    let call = ("elasticloadbalancing:DescribeTargetHealth", "TargetGroupArn", address, "arn");
    let (group, found) = registered(world, known, call).await;
    let all = found["TargetHealthDescriptions"].as_array().expect("targets");
    assert_eq!(all.len(), 2, "{found}");
    let targets: Vec<_> = all.iter().take(most).map(|it| it["Target"].clone()).collect();
    let input = json!({ "TargetGroupArn": group, "Targets": targets });
    world.ask("elasticloadbalancing:DeregisterTargets", input).await;
}

/// Somebody deregisters all instances under a name.
async fn deregister_instances(world: &World, known: &Identities, address: &str) {
    let call = ("servicediscovery:ListInstances", "ServiceId", address, "id");
    let (service, found) = registered(world, known, call).await;
    let all = found["Instances"].as_array().expect("instances");
    assert_eq!(all.len(), 2, "{found}");
    for instance in all {
        let input = json!({ "ServiceId": service, "InstanceId": instance["Id"] });
        world.ask("servicediscovery:DeregisterInstance", input).await;
    }
}

fn waiting(why: &str) -> (Standing, Vec<String>) {
    (Standing::Waiting(why.into()), Vec::new())
}

/// How one service is called drifted, by the tasks that are not registered.
fn assert_unregistered(
    seen: &BTreeMap<Address, (Standing, Vec<String>)>,
    service: &str,
    tasks: usize,
    place: &str,
) {
    let (standing, told) = &seen[&Address::new(service)];
    assert_eq!(*standing, Standing::Drifted(String::new()), "{seen:#?}");
    let [line] = told.as_slice() else { panic!("{seen:#?}") };
    assert!(line.starts_with("unregistered_tasks: "), "{line}");
    assert_eq!(line.matches(place).count(), tasks, "{line}");
}

/// Everything is ready again after a deep `up`, and the next one does nothing.
async fn assert_mended(world: &World, deployments: u64) {
    assert_eq!(world.up().await.done().calls.mutating, 0, "AWS lists nothing of it");
    let up = world.up_in_full().await.done();
    let updates = up.calls.by_operation.get("ecs:UpdateService");
    assert_eq!((updates, up.calls.mutating), (Some(&deployments), deployments));
    tokio::time::sleep(Duration::from_secs(300)).await;
    let left = look(world, Depth::Full).await;
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.assert_serving();
    world.assert_blue_path();
    world.assert_red_path();
}

#[tokio::test(start_paused = true)]
async fn target_groups_without_targets_are_not_ready_and_up_registers_new_tasks() {
    let world = World::new(DEMO);
    let known = world.up().await.done().known;
    let pairs = ["provider", "provider", "provider", "consumer"]
        .into_iter()
        .zip(["frontend", "nodejs", "crystal", "frontend"]);
    let pairs: Vec<_> = pairs
        .map(|(side, name)| {
            (format!("{side}/target-group/{name}"), format!("{side}/service/{name}"))
        })
        .collect();
    for (group, _) in &pairs {
        deregister_targets(&world, &known, group, 2).await;
    }
    let seen = look(&world, Depth::Full).await;
    assert_eq!(seen.len(), 8, "{seen:#?}");
    for (group, service) in &pairs {
        assert_eq!(seen[&Address::new(group)], waiting("no target is registered"));
        assert_unregistered(&seen, service, 2, "in its target group");
    }
    assert_mended(&world, 4).await;
}

#[tokio::test(start_paused = true)]
async fn names_without_instances_are_not_ready_and_up_registers_new_tasks() {
    let world = World::new(DEMO);
    let known = world.up().await.done().known;
    for name in ["frontend", "nodejs", "crystal"] {
        deregister_instances(&world, &known, &format!("mesh/discovery/{name}")).await;
    }
    let seen = look(&world, Depth::Full).await;
    assert_eq!(seen.len(), 6, "{seen:#?}");
    for name in ["frontend", "nodejs", "crystal"] {
        let discovery = &seen[&Address::new(format!("mesh/discovery/{name}"))];
        assert_eq!(*discovery, waiting("no instance is registered"));
        assert_unregistered(&seen, &format!("provider/service/{name}"), 2, "in Cloud Map");
    }
    assert_mended(&world, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_lost_its_target_is_seen_while_another_answers() {
    let world = World::new(DEMO);
    let known = world.up().await.done().known;
    deregister_targets(&world, &known, "provider/target-group/nodejs", 1).await;
    let seen = look(&world, Depth::Full).await;
    assert_eq!(Vec::from_iter(seen.keys()), [&Address::new(NODEJS)], "{seen:#?}");
    assert_unregistered(&seen, NODEJS, 1, "in its target group");
    assert_mended(&world, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_target_group_says_why_its_targets_are_not_healthy() {
    let world = World::new(DEMO);
    world.up().await.done();
    world.simulator.behind(|account| {
        let groups = account.elb.target_groups.all_mut().map(|(_, group)| group);
        groups.flat_map(|group| &mut group.targets).for_each(|target| target.serving = false);
    });
    let seen = look(&world, Depth::Full).await;
    let why = waiting("0 of 2 targets healthy: Target.FailedHealthChecks");
    assert_eq!(seen.len(), 4, "{seen:#?}");
    assert!(seen.values().all(|one| *one == why), "{seen:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_shall_have_no_tasks_is_ready_without_them() {
    let mut world = World::new(DEMO);
    world.edit("mesh_port = 3001", "mesh_port = 3001\ndesired = 0");
    world.up().await.done();
    let seen = look(&world, Depth::Full).await;
    assert!(seen.is_empty(), "{seen:#?}");
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
}

/// Panics when a look calls a task unregistered, or what a task registered somebody else's.
async fn assert_nothing_is_strange(world: &World) {
    for (address, (_, told)) in look(world, Depth::Full).await {
        let strange =
            |line: &&String| line.starts_with("extra ") || line.starts_with("unregistered_tasks");
        assert_eq!(told.iter().find(strange), None, "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_that_come_and_go_are_not_taken_for_those_of_others() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    let watch = async {
        loop {
            assert_nothing_is_strange(&world).await;
            tokio::time::sleep(Duration::from_millis(1700)).await;
        }
    };
    // Somebody stops a task, and ECS starts another.
    let stop = async {
        let cluster = "servicemesh-demo-provider";
        let tasks = world.ask("ecs:ListTasks", json!({ "cluster": cluster })).await;
        let input = json!({ "cluster": cluster, "task": tasks["taskArns"][0] });
        world.ask("ecs:StopTask", input).await;
        tokio::time::sleep(Duration::from_secs(240)).await;
    };
    tokio::select! {
        () = stop => {}
        () = watch => unreachable!("it watches for ever"),
    }
    // A new revision rolls out, by an `up` that looks at everything.
    world.edit("ecsdemo-nodejs:latest", "ecsdemo-nodejs:next");
    let up = world.up_in_full().await.done();
    for call in ["ecs:DeleteService", "elasticloadbalancing:DeregisterTargets"] {
        assert_eq!(up.calls.by_operation.get(call), None);
    }
    assert_eq!(up.calls.by_operation.get("ecs:UpdateService"), Some(&1));
    assert_nothing_is_strange(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_look_makes_few_calls_and_a_plain_one_fewer() {
    let world = World::new(DEMO);
    world.up().await.done();
    let calls = world.up().await.done().calls;
    assert!(calls.mutating == 0 && calls.total <= 30, "{calls:#?}");
    let calls = world.up_in_full().await.done().calls;
    assert!(calls.mutating == 0 && calls.total <= 120, "{calls:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_others_protect_does_not_stop_down() {
    let world = World::new(DEMO);
    let known = world.up().await.done().known;
    for name in ["provider/load-balancer/public", "provider/load-balancer/internal"] {
        let on = json!({ "Key": "deletion_protection.enabled", "Value": "true" });
        let arn = &known.raw(&Address::new(name)).expect(name)["arn"];
        let input = json!({ "LoadBalancerArn": arn, "Attributes": [on] });
        world.ask("elasticloadbalancing:ModifyLoadBalancerAttributes", input).await;
    }
    let down = world.down().await.done();
    let lifted = down.calls.by_operation.get("elasticloadbalancing:ModifyLoadBalancerAttributes");
    assert_eq!(lifted, Some(&2));
    world.assert_empty();
}
