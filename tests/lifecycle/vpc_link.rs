//! The two versions of the API's way into the provider's VPC.

use crate::common::{DEMO, World, linked};
use meshctl::{
    engine::Action,
    model::{Address, Depth},
};

#[tokio::test(start_paused = true)]
async fn a_link_of_the_second_version_waits_for_no_load_balancer() {
    let first = World::new(DEMO).up().await.done();
    let world = World::new(&linked());
    let second = world.up().await.done();
    assert_eq!(world.count("apigatewayv2", "VpcLink"), 1);
    assert_eq!(world.count("apigateway", "VpcLink"), 0);
    world.assert_blue_path();
    world.assert_red_path();
    let (first, second) = (first.seconds, second.seconds);
    assert!(second < 0.7 * first, "{second} s, and {first} s with the first version");
    assert_eq!(world.up().await.done().calls.mutating, 0);
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_stack_moves_from_one_version_to_the_other_and_back() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    for (config, service, old) in
        [(linked(), "apigatewayv2", "apigateway"), (DEMO.to_owned(), "apigateway", "apigatewayv2")]
    {
        world.config = config;
        let plan = world.plan(Depth::Listed).await;
        assert!(plan.values().any(|action| *action == Action::Create), "{plan:?}");
        world.up().await.done();
        assert_eq!((world.count(service, "VpcLink"), world.count(old, "VpcLink")), (1, 0));
        world.assert_red_path();
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    }
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_link_of_the_second_version_moves_when_its_subnets_do() {
    // Three gateways in each VPC would need more addresses than an account has.
    let single = linked().replacen("nat = \"per-az\"", "nat = \"single\"", 1);
    let mut world = World::new(&single);
    world.up().await.done();
    world.edit("availability_zones = 2", "availability_zones = 3");
    let plan = world.plan(Depth::Listed).await;
    let link = plan.get(&Address::new("api/vpc-link-v2"));
    assert!(link.is_some(), "its subnets cannot be changed: {plan:?}");
    world.up().await.done();
    assert_eq!(world.count("apigatewayv2", "VpcLink"), 1);
    world.assert_red_path();
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}
