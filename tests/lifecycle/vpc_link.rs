//! The two versions of the API's way into the provider's VPC.

use crate::common::{DEMO, World, app_mesh, connect, linked, linked_to_alb};
use meshctl::{
    engine::Action,
    model::{Address, Depth},
    simulator::apigateway::invoke::{self, Hop, Refusal},
};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_link_of_the_second_version_waits_for_no_load_balancer() {
    let first = World::new(DEMO).up().await.done();
    let world = World::new(&linked());
    let second = world.up().await.done();
    assert_eq!(world.count("apigatewayv2", "VpcLink"), 1);
    assert_eq!(world.count("apigateway", "VpcLink"), 0);
    world.assert_blue_path();
    world.assert_red_path();
    // AWS's times vary, so one run says little.
    let (mut first, mut second) = (first.seconds, second.seconds);
    for seed in 1..=3 {
        first += World::seeded(DEMO, seed).up().await.done().seconds;
        second += World::seeded(&linked(), seed).up().await.done().seconds;
    }
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

/// Internal load balancers, by type.
fn internal(world: &World) -> Vec<String> {
    world.simulator.behind(|account| {
        let all = account.elb.load_balancers.all().map(|(_, it)| it);
        let internal = all.filter(|it| it.scheme == "internal");
        internal.map(|it| it.kind.clone()).collect()
    })
}

#[tokio::test(start_paused = true)]
async fn a_link_of_the_second_version_reaches_an_application_load_balancer() {
    let world = World::new(&linked_to_alb());
    world.up().await.done();
    assert_eq!(internal(&world), ["application"]);
    world.assert_blue_path();
    world.assert_red_path();
    // Its tasks take requests from it and from their callers, and it takes them from the link alone.
    world.simulator.behind(|account| {
        let rules = account.ec2.security_group_rules.all().map(|(_, rule)| rule);
        let open = rules.filter(|rule| !rule.is_egress && rule.from_port != 443);
        let ranges: Vec<_> = open.filter_map(|rule| rule.cidr_ipv4.as_deref()).collect();
        assert_eq!(
            ranges, ["0.0.0.0/0"; 2],
            "only the public load balancers are open to addresses"
        );
    });
    assert_eq!(world.up().await.done().calls.mutating, 0);
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn pages_reach_backends_in_every_kind_of_mesh_behind_every_balancer_and_link() {
    for mesh in [app_mesh(), connect()] {
        for behind in [DEMO.to_owned(), linked(), linked_to_alb()] {
            let kind = |text: &str| {
                let mut lines = text.lines();
                lines.find(|line| line.starts_with("kind = ")).expect("a kind").to_owned()
            };
            let config = behind.replacen(&kind(&behind), &kind(&mesh), 1);
            let world = World::new(&config);
            world.up().await.done();
            // Each page's packets to each back-end too, by the groups at both ends.
            world.assert_blue_path();
            world.assert_red_path();
            world.assert_serving();
        }
    }
}

/// What the API does with a request of the consumer's.
fn request(world: &World, path: &str) -> Result<Hop, Refusal> {
    world.simulator.behind(|account| {
        let (_, endpoint) = account.ec2.vpc_endpoints.all().next().expect("an endpoint");
        let api = account.apigateway.apis.keys().next().expect("an API");
        invoke::route(account, &endpoint.vpc_endpoint_id, api, "default", "GET", path)
    })
}

#[tokio::test(start_paused = true)]
async fn an_application_load_balancer_lets_the_link_in_by_a_rule_for_each_port() {
    let world = World::new(&linked_to_alb());
    world.up().await.done();
    let rule = world.simulator.behind(|account| {
        let groups = account.ec2.security_groups.all();
        let group = groups.map(|(_, it)| it).find(|it| it.group_name.contains("internal_load"));
        let group = group.expect("the load balancer's group").group_id.clone();
        let mut rules = account.ec2.security_group_rules.all().map(|(_, rule)| rule);
        let rule = rules.find(|it| it.group_id == group && !it.is_egress);
        let rule = rule.expect("a rule for a back-end");
        json!({ "GroupId": group, "SecurityGroupRuleIds": [rule.security_group_rule_id] })
    });
    world.ask("ec2:RevokeSecurityGroupIngress", rule).await;
    let paths = ["/nodejs", "/crystal"].map(|path| request(&world, path).err());
    let shut = paths.iter().flatten().map(|it| it.status).collect::<Vec<_>>();
    assert_eq!(shut, [504], "one of two back-ends: {paths:?}");
    world.up_in_full().await.done();
    world.assert_red_path();
}

#[tokio::test(start_paused = true)]
async fn a_stack_moves_from_a_network_to_an_application_load_balancer_and_back() {
    let mut world = World::new(&linked());
    world.up().await.done();
    for (config, kind) in [(linked_to_alb(), "application"), (DEMO.to_owned(), "network")] {
        world.config = config;
        world.up().await.done();
        assert_eq!(internal(&world), [kind]);
        world.assert_blue_path();
        world.assert_red_path();
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    }
    world.down().await.done();
    world.assert_empty();
}
