//! Availability Zones of regions where not every zone carries everything.

use crate::common::{DEMO, World, linked};
use meshctl::{cli::doctor::look, model::Verdict};

/// The demonstration over three zones, with one NAT gateway for each VPC.
fn over_three(config: &str) -> String {
    let single = config.replacen("nat = \"per-az\"", "nat = \"single\"", 1);
    single.replacen("availability_zones = 2", "availability_zones = 3", 1)
}

fn in_region(config: &str, region: &str) -> World {
    let mut world = World::new(config);
    world.region = region.into();
    world
}

/// The IDs of the zones in which the account has subnets.
fn zones(world: &World) -> Vec<String> {
    world.simulator.behind(|account| {
        let subnets = account.ec2.subnets.all().map(|(_, subnet)| subnet);
        let mut zones: Vec<_> = subnets.map(|subnet| subnet.availability_zone_id.clone()).collect();
        zones.sort();
        zones.dedup();
        zones
    })
}

/// What `doctor` says of the zones.
async fn told(world: &World) -> (Verdict, String) {
    let session = world.session().await;
    let checks = look(&session, session.glance().expect("a state")).await.expect("checks");
    let check = checks.into_iter().find(|check| ["zones", "region"].contains(&check.check));
    let check = check.expect("a line on zones");
    (check.verdict, check.what)
}

#[tokio::test(start_paused = true)]
async fn a_stack_passes_over_a_zone_without_endpoints_and_links() {
    for config in [over_three(DEMO), over_three(&linked())] {
        let world = in_region(&config, "us-east-1");
        let (verdict, what) = told(&world).await;
        assert_eq!(verdict, Verdict::Ok, "{what}");
        assert!(what.starts_with("us-east-1a, us-east-1b, us-east-1d; passed over: "), "{what}");
        assert!(what.contains("us-east-1c (use1-az3) has no "), "{what}");
        let lacks_links = what.contains("no VPC links of version 2");
        assert_eq!(lacks_links, config.contains("vpc_link = \"v2\""), "{what}");
        assert!(what.contains("no endpoints for private APIs"), "{what}");
        world.up().await.done();
        assert_eq!(zones(&world), ["use1-az1", "use1-az2", "use1-az4"]);
        world.assert_blue_path();
        world.assert_red_path();
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_run_only_in_zones_that_have_fargate() {
    // Names say nothing: the zone that this account calls b is the one without Fargate.
    let world = in_region(&over_three(DEMO), "ap-northeast-1");
    let (_, what) = told(&world).await;
    assert!(what.contains("passed over: ap-northeast-1b (apne1-az3) has no Fargate"), "{what}");
    let letters = "the demonstration's images call ap-northeast-1c AZ-b, ap-northeast-1d AZ-c";
    assert!(what.ends_with(letters), "{what}");
    world.up().await.done();
    assert_eq!(zones(&world), ["apne1-az1", "apne1-az2", "apne1-az4"]);
    world.assert_serving();
}

#[tokio::test(start_paused = true)]
async fn a_region_with_too_few_such_zones_is_refused_with_what_they_lack() {
    let world = in_region(&over_three(DEMO), "us-west-1");
    let (verdict, what) = told(&world).await;
    assert_eq!(verdict, Verdict::Failure);
    assert!(what.contains("us-west-1 has 2 zones for this stack, and 3 are wanted"), "{what}");
    assert!(what.contains("us-west-1b (usw1-az2) has no Fargate"), "{what}");
    let refusal = world.session().await.graph().await.err().expect("a refusal");
    assert!(refusal.message.contains("usw1-az2"), "{}", refusal.message);
    assert_eq!(world.simulator.inventory().resources.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn zones_are_chosen_where_nobody_may_ask_for_endpoint_services() {
    use meshctl::simulator::{Fault, Rule, When};
    let world = in_region(DEMO, "us-east-1");
    let message = "You are not authorized to perform this operation.".to_owned();
    let fault = Fault::Refuse { code: "UnauthorizedOperation".into(), message, status: 403 };
    let ask = "ec2:DescribeVpcEndpointServices";
    world.simulator.fault(Rule::new(ask, When::Always, fault));
    world.up().await.done();
    assert_eq!(zones(&world), ["use1-az1", "use1-az2"]);
}
