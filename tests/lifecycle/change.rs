//! What a change of the configuration makes happen, and what it does not.

use crate::common::{DEMO, World};
use meshctl::{
    engine::{Action, Event, Events, Interrupt},
    model::{Address, Depth, Kind},
};
use std::{cell::Cell, collections::BTreeMap, rc::Rc};

async fn demo() -> World {
    let world = World::new(DEMO);
    world.up().await.done();
    world
}

/// The mutating operations of a run, and how often.
fn mutations(calls: &meshctl::aws::CallCounts) -> BTreeMap<&str, u64> {
    let mutating = calls.by_operation.iter().filter(|(operation, _)| {
        let name = operation.split(':').nth(1).unwrap_or_default();
        !meshctl::aws::calls::is_read(name)
    });
    mutating.map(|(operation, count)| (operation.as_str(), *count)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_desired_count_is_one_update() {
    let mut world = demo().await;
    world.edit("path = \"/crystal/\"", "path = \"/crystal/\"\ndesired = 3");
    let plan = world.plan(Depth::Listed).await;
    assert_eq!(plan, BTreeMap::from([(Address::new("provider/service/crystal"), Action::Update)]));
    let run = world.up().await.done();
    assert_eq!(mutations(&run.calls), BTreeMap::from([("ecs:UpdateService", 1)]));
    assert_eq!(world.count("ecs", "Task"), 9);
}

#[tokio::test(start_paused = true)]
async fn a_route_weight_is_one_update() {
    let mut world = demo().await;
    world.edit("mesh_port = 3001", "mesh_port = 3001\nweights = { nodejs = 9, crystal = 1 }");
    let run = world.up().await.done();
    assert_eq!(mutations(&run.calls), BTreeMap::from([("appmesh:UpdateRoute", 1)]));
}

#[tokio::test(start_paused = true)]
async fn an_image_is_a_new_revision_and_the_old_one_goes() {
    let mut world = demo().await;
    world.edit("ecsdemo-nodejs:latest", "ecsdemo-nodejs:next");
    let run = world.up().await.done();
    let expected = BTreeMap::from([
        ("ecs:DeleteTaskDefinitions", 1),
        ("ecs:DeregisterTaskDefinition", 1),
        ("ecs:RegisterTaskDefinition", 1),
        ("ecs:UpdateService", 1),
    ]);
    assert_eq!(mutations(&run.calls), expected);
    assert_eq!(world.up().await.done().calls.mutating, 0);
}

#[tokio::test(start_paused = true)]
async fn log_retention_is_changed_in_place() {
    let mut world = demo().await;
    world.edit("log_retention_days = 1", "log_retention_days = 7");
    let run = world.up().await.done();
    let groups = world.count("logs", "LogGroup") as u64;
    assert_eq!(mutations(&run.calls), BTreeMap::from([("logs:PutRetentionPolicy", groups)]));
}

#[tokio::test(start_paused = true)]
async fn allowed_cidrs_change_rules_and_nothing_else() {
    let mut world = demo().await;
    world.edit("[\"0.0.0.0/0\"]", "[\"192.0.2.0/24\"]");
    let run = world.up().await.done();
    let expected = BTreeMap::from([
        ("ec2:AuthorizeSecurityGroupIngress", 2),
        ("ec2:RevokeSecurityGroupIngress", 2),
    ]);
    assert_eq!(mutations(&run.calls), expected);
}

#[tokio::test(start_paused = true)]
async fn an_api_path_makes_a_new_deployment() {
    let mut world = demo().await;
    // API Gateway takes one deployment in five seconds.
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    world.edit("path = \"/crystal/\"", "path = \"/crystal/api\"");
    let run = world.up().await.done();
    let made = mutations(&run.calls);
    assert_eq!(made.get("apigateway:CreateDeployment"), Some(&1), "{made:?}");
    assert_eq!(made.get("apigateway:DeleteDeployment"), Some(&1), "{made:?}");
    assert_eq!(made.get("apigateway:PutIntegration"), Some(&1), "{made:?}");
    assert_eq!(world.count("apigateway", "Deployment"), 1);
    assert_eq!(world.up().await.done().calls.mutating, 0);
}

#[tokio::test(start_paused = true)]
async fn a_health_check_is_changed_in_place() {
    let mut world = demo().await;
    world.edit("mesh_port = 3001", "mesh_port = 3001\nhealth = { interval_seconds = 10 }");
    let run = world.up().await.done();
    let made = mutations(&run.calls);
    assert_eq!(made.get("elasticloadbalancing:ModifyTargetGroup"), Some(&1), "{made:?}");
    assert_eq!(made.get("appmesh:UpdateVirtualNode"), Some(&1), "{made:?}");
    assert_eq!(run.outcome.counts.replaced, 1, "only the task definition is made anew");
}

#[tokio::test(start_paused = true)]
async fn tags_are_changed_in_place() {
    let mut world = demo().await;
    world.edit("# team = \"platform\"", "team = \"platform\"");
    let run = world.up().await.done();
    assert_eq!(run.outcome.counts.replaced + run.outcome.counts.created, 0);
    let tagged = |item: &&meshctl::simulator::Item| item.tags.contains_key("meshctl:stack");
    let inventory = world.simulator.inventory();
    for item in inventory.resources.iter().filter(tagged).filter(|item| item.kind != "Task") {
        assert_eq!(item.tags.get("team").map(String::as_str), Some("platform"), "{item:?}");
    }
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.edit("team = \"platform\"", "# team = \"platform\"");
    world.up().await.done();
    let with_team =
        |item: &&meshctl::simulator::Item| item.kind != "Task" && item.tags.contains_key("team");
    assert_eq!(world.simulator.inventory().resources.iter().filter(with_team).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn removing_a_backend_removes_exactly_its_resources() {
    let mut world = demo().await;
    let before = world.graph().await;
    world.edit("backends = [\"nodejs\", \"crystal\"]", "backends = [\"nodejs\"]");
    let start = world.config.find("# A back-end that answers only").unwrap();
    let end = world.config.find("# The rest of what").unwrap();
    world.config.replace_range(start..end, "");
    let after = world.graph().await;
    let run = world.up().await.done();
    // One more: the deployment is made anew, and its predecessor goes.
    let gone = before.iter().filter(|(address, _)| after.get(address).is_none()).count();
    assert!(gone > 10);
    let retired = run.outcome.counts.replaced;
    assert_eq!(run.outcome.counts.deleted, gone + retired);
    let items = world.simulator.inventory();
    let of_crystal = items.resources.iter().filter(|item| {
        item.tags.get("meshctl:address").is_some_and(|address| address.contains("crystal"))
    });
    assert_eq!(of_crystal.count(), 0);
    assert_eq!(world.up().await.done().calls.mutating, 0);
}

#[tokio::test(start_paused = true)]
async fn what_aws_cannot_change_is_a_replacement_and_the_plan_says_so() {
    let mut world = demo().await;
    world.edit("mesh_port = 3002", "mesh_port = 3002\nport = 3030");
    let plan = world.plan(Depth::Listed).await;
    let group = plan.get(&Address::new("provider/target-group/crystal"));
    assert!(matches!(group, Some(Action::Replace(_))), "{plan:?}");
    world.up().await.done();
    assert_eq!(world.up().await.done().calls.mutating, 0);
    assert_eq!(world.count("elasticloadbalancing", "TargetGroup"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_backend_on_the_same_port_takes_its_place() {
    let mut world = demo().await;
    world.edit("name = \"crystal\"", "name = \"quartz\"");
    world.edit("\"nodejs\", \"crystal\"", "\"nodejs\", \"quartz\"");
    world.up().await.done();
    assert_eq!(world.up().await.done().calls.mutating, 0);
    assert_eq!(world.count("elasticloadbalancing", "Listener"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_association_is_not_taken_for_a_leftover_later() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    world.edit("nat = \"per-az\"", "nat = \"single\"");
    world.up().await.done();
    let before = world.simulator.calls().len();
    world.edit("availability_zones = 2", "availability_zones = 3");
    world.up().await.done();
    let calls = world.simulator.calls();
    let mut since = calls[before..].iter();
    assert!(!since.any(|call| call.operation == "ec2:DisassociateRouteTable"));
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
}

#[tokio::test(start_paused = true)]
async fn a_subnet_keeps_its_way_out_until_the_next_one_works() {
    let mut world = World::new(&DEMO.replacen("nat = \"per-az\"", "nat = \"single\"", 1));
    world.up().await.done();
    world.edit("nat = \"single\"", "nat = \"per-az\"");
    let (account, moved) = (world.simulator.clone(), Rc::new(Cell::new(0)));
    let count = moved.clone();
    let events = Events::to(move |event| {
        if let Event::Updated { kind: Kind("AWS::EC2::SubnetRouteTableAssociation"), id, .. } =
            event
        {
            let pending = account.behind(|account| {
                let vpc = account.ec2.subnets.known(id).expect("a subnet").vpc_id.clone();
                let gateways = account.ec2.nat_gateways.all().filter(|(_, it)| it.vpc_id == vpc);
                gateways.filter(|(_, gateway)| gateway.state == "pending").count()
            });
            assert_eq!(pending, 0, "a subnet was moved behind a gateway that does not work yet");
            count.set(count.get() + 1);
        }
    });
    world.up_telling(Interrupt::default(), Depth::Listed, events).await.done();
    assert_eq!(moved.get(), 2);
}
