//! Faults of AWS's, one at a time: what `up` makes of each, and what it tells.

use crate::common::{DEMO, Run, World, app_mesh, linked};
use meshctl::{
    engine::{Event, Events},
    model::Class,
    simulator::{Fault, Moment, Rule, When},
};
use std::{cell::Cell, rc::Rc, time::Duration};

/// How long faults last that are about the rate of calls.
const FAULTS: Duration = Duration::from_secs(15 * 60);
/// How soon after the faults `up` ends: the promise of docs/reliability.md.
const BOUND: Duration = Duration::from_secs(60 * 60);

/// Runs a command and kills it as soon as the account shows this.
pub async fn until(world: &World, run: impl Future<Output = Run>, seen: impl Fn(&World) -> bool) {
    let killed = async {
        while !seen(world) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        biased;
        () = killed => {}
        run = run => panic!("it ended before it was seen: {:?}", run.outcome),
    }
}

fn called(world: &World, operation: &str) -> bool {
    world.simulator.calls().iter().any(|call| call.operation == operation && call.status == 200)
}

#[tokio::test(start_paused = true)]
async fn a_service_that_a_killed_down_left_draining_is_made_anew() {
    let world = World::new(DEMO);
    world.up().await.done();
    until(&world, world.down(), |world| {
        let inventory = world.simulator.inventory();
        inventory.resources.iter().any(|item| item.kind == "Service" && item.state == "DRAINING")
    })
    .await;
    world.up().await.done();
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.assert_serving();
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_a_killed_down_left_going_is_made_anew() {
    // Also one that is still going when `up` looks a second time: its first pass is a short one.
    let short = linked().replacen("nat = \"per-az\"", "nat = \"none\"", 1);
    for (config, tails) in [(DEMO, 0.0), (&short, 1.0)] {
        let world = World::new(config);
        world.up().await.done();
        world.simulator.behind(|account| account.tails = tails);
        let deletes = |world: &World| called(world, "servicediscovery:DeleteNamespace");
        until(&world, world.down(), deletes).await;
        assert_eq!(world.count("servicediscovery", "Namespace"), 1, "it is still going");
        world.simulator.behind(|account| account.tails = 0.0);
        world.up().await.done();
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
        world.assert_blue_path();
        world.down().await.done();
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn a_down_waits_for_what_takes_more_than_a_quarter_of_an_hour_to_go() {
    let long = Duration::from_secs(15 * 60);
    let mut longest = Duration::ZERO;
    // Five times the usual is so long in one life of some ten.
    for seed in 1..=100 {
        let world = World::seeded(&linked(), seed);
        world.up().await.done();
        world.simulator.behind(|account| account.tails = 1.0);
        let took = Rc::new(Cell::new(Duration::ZERO));
        let seen = Rc::clone(&took);
        let events = Events::to(move |event| {
            if let Event::Deleted { took, .. } = event {
                seen.set(seen.get().max(*took));
            }
        });
        world.down_telling(events).await.done();
        world.assert_empty();
        longest = took.get();
        if longest > long {
            break;
        }
    }
    assert!(longest > long, "nothing took longer than {longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_token_of_a_call_with_other_arguments_is_not_used_again() {
    let world = World::new(DEMO);
    let slow = Fault::Slow(600.0);
    world.simulator.fault(Rule::new("ec2:CreateNatGateway", When::Always, slow));
    until(&world, world.up(), |world| world.count("ec2", "NatGateway") == 4).await;
    world.simulator.calm();
    // Somebody removes them, and the addresses that they had.
    let session = world.session().await;
    let ec2 = session.cx.ec2();
    let seen = ec2.describe_nat_gateways().send().await.unwrap();
    for nat in seen.nat_gateways() {
        let call = ec2.delete_nat_gateway().set_nat_gateway_id(nat.nat_gateway_id.clone());
        call.send().await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    let seen = ec2.describe_addresses().send().await.unwrap();
    for address in seen.addresses() {
        let call = ec2.release_address().set_allocation_id(address.allocation_id.clone());
        call.send().await.unwrap();
    }
    world.up().await.done();
    let calls = world.simulator.calls();
    let mut creates = calls.iter().filter(|call| call.operation == "ec2:CreateNatGateway");
    assert!(creates.any(|call| call.status == 400), "the old token was refused");
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    assert_eq!(world.count("ec2", "NatGateway"), 4);
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_namespace_is_not_used_again() {
    let mut world = World::new(DEMO);
    let create = "servicediscovery:CreatePrivateDnsNamespace";
    world.simulator.fault(Rule::new(create, When::Always, Fault::Slow(600.0)));
    until(&world, world.up(), |world| world.count("servicediscovery", "Namespace") == 1).await;
    world.simulator.calm();
    let session = world.session().await;
    let cloud_map = session.cx.servicediscovery();
    let seen = cloud_map.list_namespaces().send().await.unwrap();
    let id = seen.namespaces()[0].id().unwrap();
    cloud_map.delete_namespace().id(id).send().await.unwrap();
    tokio::time::sleep(Duration::from_secs(300)).await;
    world.edit("# team = \"platform\"", "team = \"platform\"");
    world.up().await.done();
    let calls = world.simulator.calls();
    let mut creates = calls.iter().filter(|call| call.operation == create);
    assert!(creates.any(|call| call.status == 400), "the old token was refused");
    assert_eq!(world.count("servicediscovery", "Namespace"), 1);
    gone(world).await;
}

/// Brings it up under these faults, which end after so many seconds. Whatever `up` makes of it, it
/// ends within the bound after them; and the next one is complete, and the one after has nothing to do.
async fn through(rules: Vec<Rule>, tails: f64) -> World {
    let world = World::new(DEMO);
    for rule in rules {
        world.simulator.fault(rule);
    }
    world.simulator.behind(|account| account.tails = tails);
    let calm = async {
        tokio::time::sleep(FAULTS).await;
        world.simulator.calm();
        world.simulator.behind(|account| account.tails = 0.0);
        std::future::pending::<()>().await;
    };
    let run = tokio::select! {
        run = tokio::time::timeout(FAULTS + BOUND, world.up()) => run.expect("it ends"),
        () = calm => unreachable!(),
    };
    for failure in &run.outcome.failures {
        let text = failure.error.to_string();
        // A wait that took too long was no call's refusal: it says what was waited for.
        let told = match failure.error.class {
            Class::Deadline => text.contains("not ready after"),
            _ => !failure.error.operation.is_empty(),
        };
        assert!(told, "it says which call was refused: {text}");
        assert!(failure.error.remedy().is_some(), "it says what to do: {text}");
    }
    world.simulator.calm();
    world.up().await.done();
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.assert_blue_path();
    world
}

async fn gone(world: World) {
    world.down().await.done();
    world.assert_empty();
}

fn rate(rate: f64, fault: Fault) -> Vec<Rule> {
    vec![Rule::new("*", When::Rate(rate), fault)]
}

#[tokio::test(start_paused = true)]
async fn throttling_of_three_calls_in_ten() {
    let world = through(rate(0.3, Fault::Throttle), 0.0).await;
    assert!(world.simulator.struck()["throttle"] > 100, "{:?}", world.simulator.struck());
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn an_internal_error_of_one_call_in_ten() {
    let world = through(rate(0.1, Fault::InternalError), 0.0).await;
    assert!(world.simulator.struck()["internal-error"] > 30, "{:?}", world.simulator.struck());
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_one_call_in_twenty() {
    let world = through(rate(0.05, Fault::LoseAnswer), 0.0).await;
    assert!(world.simulator.struck()["lose-answer"] > 15, "{:?}", world.simulator.struck());
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_seconds_behind() {
    let world = through(rate(0.3, Fault::StaleRead(8.0)), 0.0).await;
    assert!(world.simulator.struck()["stale-read"] > 50, "{:?}", world.simulator.struck());
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_tenth_of_all_takes_five_times_as_long() {
    gone(through(Vec::new(), 0.1).await).await;
}

#[tokio::test(start_paused = true)]
async fn all_takes_five_times_as_long() {
    gone(through(Vec::new(), 1.0).await).await;
}

#[tokio::test(start_paused = true)]
async fn what_others_delete_in_the_middle_of_it_is_made_anew() {
    // Each is deleted just after it was made, or just before something is built on it.
    for (operation, moment) in [
        ("ec2:CreateSubnet", Moment::After),
        ("iam:CreateRole", Moment::After),
        ("elasticloadbalancing:CreateTargetGroup", Moment::After),
        ("ecs:RegisterTaskDefinition", Moment::After),
        ("appmesh:CreateVirtualNode", Moment::After),
        ("servicediscovery:CreateService", Moment::After),
        ("logs:CreateLogGroup", Moment::After),
        ("ecs:CreateService", Moment::Before),
        ("apigateway:PutIntegration", Moment::Before),
    ] {
        let world = World::new(DEMO);
        world.simulator.fault(Rule::new(operation, When::Nth(2), Fault::Vanish(moment)));
        let run = world.up().await;
        assert_eq!(world.simulator.struck()["vanish"], 1, "{operation}");
        for failure in &run.outcome.failures {
            let (text, remedy) = (failure.error.to_string(), failure.error.remedy());
            assert!(remedy.is_some(), "{operation}: {}: {text}", failure.address);
        }
        world.up().await.done();
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0, "{operation}");
        world.assert_blue_path();
        gone(world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_others_deregister_beside_an_older_one_is_made_anew() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    world.edit("ecsdemo-nodejs:latest", "ecsdemo-nodejs:next");
    let register = "ecs:RegisterTaskDefinition";
    world.simulator.fault(Rule::new(register, When::Nth(1), Fault::Vanish(Moment::After)));
    world.up().await.done();
    assert_eq!(world.simulator.struck()["vanish"], 1);
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.assert_serving();
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_a_killed_down_deregistered_before_an_older_one_is_made_anew() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    let all = world.count("ecs", "TaskDefinition");
    world.edit("ecsdemo-nodejs:latest", "ecsdemo-nodejs:next");
    let deregister = "ecs:DeregisterTaskDefinition";
    world.simulator.fault(Rule::new(deregister, When::Always, Fault::Throttle));
    until(&world, world.up(), |world| {
        world.simulator.calls().iter().any(|call| call.operation == deregister)
    })
    .await;
    world.simulator.calm();
    assert_eq!(world.count("ecs", "TaskDefinition"), all + 1, "both revisions are there");
    let session = world.session().await;
    let newest = "servicemesh-demo-provider-nodejs:2";
    let call = session.cx.ecs().deregister_task_definition().task_definition(newest);
    call.send().await.unwrap();
    world.up().await.done();
    assert_eq!(world.count("ecs", "TaskDefinition"), all);
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.assert_serving();
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_up_has_just_made_is_made_once_whichever_read_lags() {
    for nth in 1.. {
        let world = World::new(DEMO);
        // From here on the past is kept.
        world.simulator.fault(Rule::new("none:None", When::Always, Fault::StaleRead(200.0)));
        tokio::time::sleep(Duration::from_secs(20)).await;
        // Made, and still to be changed.
        let change = "ec2:ModifyVpcAttribute";
        for first in 1..=2 {
            world.simulator.fault(Rule::new(change, When::Nth(first), Fault::Throttle));
        }
        until(&world, world.up(), |world| {
            world.simulator.calls().iter().any(|call| call.operation == change)
        })
        .await;
        // As it was before there was any: the next one waits a minute for the namespace before it looks.
        let stale = Fault::StaleRead(65.0);
        world.simulator.fault(Rule::new("ec2:DescribeVpcs", When::Nth(nth), stale));
        world.up().await.done();
        if !world.simulator.struck().contains_key("stale-read") {
            assert!(nth > 4, "there were {nth} reads");
            break;
        }
        assert_eq!(world.count("ec2", "Vpc"), 2, "read {nth} was stale");
        gone(world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_up_has_just_made_may_take_long_to_show() {
    let world = World::new(&app_mesh());
    // From here on the past is kept.
    world.simulator.fault(Rule::new("none:None", When::Always, Fault::StaleRead(60.0)));
    tokio::time::sleep(Duration::from_secs(20)).await;
    // No namespace is under way when it is killed, whose end the next one would wait for.
    for nth in 1..=4 {
        world.simulator.fault(Rule::new("ec2:CreateVpc", When::Nth(nth), Fault::Throttle));
    }
    until(&world, world.up(), |world| {
        world.simulator.calls().iter().any(|call| call.operation == "appmesh:CreateVirtualNode")
    })
    .await;
    let lag = Fault::StaleRead(16.0);
    world.simulator.fault(Rule::new("appmesh:DescribeMesh", When::Always, lag));
    world.up().await.done();
    assert!(world.simulator.struck()["stale-read"] > 3);
    let calls = world.simulator.calls();
    assert_eq!(calls.iter().filter(|call| call.operation == "appmesh:CreateMesh").count(), 1);
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_deployment_whose_answer_was_lost_is_not_taken_for_its_predecessor() {
    let mut world = World::new(DEMO);
    world.simulator.fault(Rule::new("none:None", When::Always, Fault::StaleRead(200.0)));
    world.up().await.done();
    // API Gateway takes one deployment in five seconds.
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.edit("path = \"/crystal/\"", "path = \"/crystal/api\"");
    let create = "apigateway:CreateDeployment";
    world.simulator.fault(Rule::new(create, When::Nth(1), Fault::LoseAnswer));
    let stale = Fault::StaleRead(5.0);
    world.simulator.fault(Rule::new("apigateway:GetDeployments", When::Always, stale));
    world.up().await.done();
    assert_eq!(world.simulator.struck()["lose-answer"], 1);
    assert_eq!(world.count("apigateway", "Deployment"), 1);
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_call_without_an_answer_made_is_found_by_a_search_that_is_late() {
    let mut world = World::new(DEMO);
    world.simulator.fault(Rule::new("none:None", When::Always, Fault::StaleRead(200.0)));
    world.up().await.done();
    let all = world.count("ecs", "TaskDefinition");
    world.edit("ecsdemo-nodejs:latest", "ecsdemo-nodejs:next");
    // The first search begins too early to see it, and ends late.
    for (operation, when, fault) in [
        ("ecs:RegisterTaskDefinition", When::Nth(1), Fault::LoseAnswer),
        ("ecs:ListTaskDefinitions", When::Always, Fault::StaleRead(8.0)),
        ("ecs:DescribeTaskDefinition", When::Nth(2), Fault::Slow(11.0)),
    ] {
        world.simulator.fault(Rule::new(operation, when, fault));
    }
    world.up().await.done();
    assert_eq!(world.simulator.struck()["lose-answer"], 1);
    assert_eq!(world.simulator.struck()["slow"], 1);
    assert_eq!(world.count("ecs", "TaskDefinition"), all);
    gone(world).await;
}

/// Brings it up with a create that never works, and again without.
async fn made_anew(operation: &str, address: &str, reason: &str) -> World {
    let world = World::new(DEMO);
    world.simulator.fault(Rule::new(operation, When::Nth(1), Fault::Fail));
    let run = world.up().await;
    let failures: Vec<_> = run.outcome.failures.iter().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].address.as_str().starts_with(address), "{failures:?}");
    assert!(failures[0].error.to_string().contains(reason), "{failures:?}");
    let remedy = failures[0].error.remedy().unwrap_or_default();
    assert!(remedy.contains("`meshctl up`"), "{remedy}");
    world.up().await.done();
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.assert_blue_path();
    world
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_that_failed_is_made_anew() {
    let reason = "InternalError: An internal error has occurred.";
    let world = made_anew("ec2:CreateNatGateway", "", reason).await;
    assert_eq!(world.count("ec2", "NatGateway"), 4);
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_vpc_link_that_failed_is_made_anew() {
    let reason = "An internal error has occurred.";
    let world = made_anew("apigateway:CreateVpcLink", "api/vpc-link", reason).await;
    assert_eq!(world.count("apigateway", "VpcLink"), 1);
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_failed_is_made_anew() {
    let world = made_anew("ec2:CreateVpcEndpoint", "consumer/vpc-endpoint", "failed").await;
    assert_eq!(world.count("ec2", "VpcEndpoint"), 1);
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_failed_is_made_anew() {
    let reason = "An internal error has occurred.";
    let world = World::new(DEMO);
    let create = "elasticloadbalancing:CreateLoadBalancer";
    world.simulator.fault(Rule::new(create, When::Always, Fault::Fail));
    let run = world.up().await;
    // Services whose targets no load balancer checks do not become ready either.
    let failures = run.outcome.failures.iter();
    let failures: Vec<_> =
        failures.filter(|failure| failure.address.as_str().contains("load-balancer")).collect();
    assert_eq!(failures.len(), 3, "{:?}", run.outcome.failures);
    for failure in failures {
        assert!(failure.error.to_string().contains(reason), "{failure:?}");
        let remedy = failure.error.remedy().unwrap_or_default();
        assert!(remedy.contains("`meshctl up`"), "{remedy}");
    }
    world.simulator.calm();
    world.up().await.done();
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.assert_blue_path();
    assert_eq!(world.count("elasticloadbalancing", "LoadBalancer"), 3);
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_failed_is_made_anew() {
    let create = "servicediscovery:CreatePrivateDnsNamespace";
    let reason = "An internal error has occurred.";
    gone(made_anew(create, "mesh/namespace", reason).await).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_crashes_is_told_with_the_reason_and_mended_by_another_image() {
    let mut world = World::new(DEMO);
    world.edit("ecsdemo-nodejs:latest", "crash:latest");
    let run = world.up().await;
    let failures: Vec<_> = run.outcome.failures.iter().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].address.as_str(), "provider/service/nodejs");
    let text = failures[0].error.to_string();
    assert!(text.contains("tasks failed to start"), "{text}");
    assert!(text.contains("Essential container in task exited"), "{text}");
    assert!(failures[0].error.remedy().unwrap_or_default().contains("`meshctl up`"));
    assert!(run.seconds < BOUND.as_secs_f64(), "{}", run.seconds);
    world.edit("crash:latest", "ecsdemo-nodejs:latest");
    world.up().await.done();
    world.assert_serving();
    gone(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_slow_to_propagate_is_waited_for() {
    let world = World::new(DEMO);
    let message = "Unable to assume the service linked role. Please verify that the ECS service \
                   linked role exists."
        .to_owned();
    let code = "InvalidParameterException".to_owned();
    let fault = Fault::Refuse { code, message, status: 400 };
    let rule = |when| Rule::new("ecs:CreateService", when, fault.clone());
    // Each strikes once, and what it strikes the next ones do not count.
    for _ in 0..12 {
        world.simulator.fault(rule(When::Nth(1)));
    }
    world.up().await.done();
    assert_eq!(world.simulator.struck()["refuse"], 12);
    gone(world).await;

    // For ever, it is not waited for.
    let world = World::new(DEMO);
    world.simulator.fault(rule(When::Always));
    let run = tokio::time::timeout(BOUND, world.up()).await.expect("it ends");
    let failure = &run.outcome.failures[0].error;
    assert!(failure.to_string().contains("Unable to assume the service linked role"), "{failure}");
    assert!(failure.remedy().unwrap_or_default().contains("`meshctl up`"), "{failure:?}");
    world.simulator.calm();
    world.up().await.done();
    gone(world).await;
}
