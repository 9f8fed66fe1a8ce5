//! Tasks behind NAT gateways, and tasks with public addresses of their own.

use crate::common::{DEMO, World, connect, without_nat};
use meshctl::{
    engine::Action,
    model::{Address, Depth},
    simulator::{Account, ec2::subnet_has_egress},
};
use std::time::Duration;

/// Gateways, Elastic IPs, route tables, and default routes.
fn ways_out(world: &World) -> [usize; 4] {
    let routes = world.simulator.behind(|account| {
        let tables = account.ec2.route_tables.all();
        let routes = tables.flat_map(|(_, table)| table.routes.iter());
        routes.filter(|route| route.destination_cidr_block == "0.0.0.0/0").count()
    });
    let count = |kind| world.count("ec2", kind);
    [count("NatGateway"), count("ElasticIp"), count("RouteTable"), routes]
}

/// Fails unless every running task has a public address, or none has.
fn assert_public(world: &World, wanted: bool) {
    world.simulator.behind(|account| {
        let tasks = account.ecs.tasks.all().map(|(_, task)| task);
        let running: Vec<_> = tasks.filter(|task| task.last_status == "RUNNING").collect();
        assert_eq!(running.len(), 8);
        for task in running {
            let subnet = account.ec2.subnets.known(&task.subnet).expect("its subnet");
            let maps = subnet.map_public_ip_on_launch;
            assert_eq!((task.public, maps), (wanted, wanted), "{}", task.group);
        }
    });
}

/// Fails when a task that has not stopped has no way out any more.
fn assert_reaching(account: &Account) {
    for (arn, task) in account.ecs.tasks.all() {
        let over = ["STOPPING", "DEPROVISIONING", "STOPPED"].contains(&task.last_status.as_str());
        assert!(over || subnet_has_egress(account, &task.subnet), "{arn} {}", task.last_status);
    }
}

#[tokio::test(start_paused = true)]
async fn without_nat_gateways_tasks_have_public_addresses_and_nothing_else_moves() {
    for config in [without_nat(), without_nat().replace("\"auto\"", "\"service-connect\"")] {
        let world = World::new(&config);
        world.up().await.done();
        assert_eq!(ways_out(&world), [0, 0, 4, 2]);
        assert_public(&world, true);
        world.assert_blue_path();
        world.assert_red_path();
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
        world.simulator.behind(|account| {
            for (_, balancer) in account.elb.load_balancers.all() {
                let public = balancer.scheme == "internet-facing";
                for zone in &balancer.availability_zones {
                    let subnet = account.ec2.subnets.known(&zone.subnet_id).expect("a subnet");
                    assert_eq!(
                        subnet.map_public_ip_on_launch, public,
                        "{}",
                        balancer.load_balancer_name
                    );
                }
            }
            for (_, endpoint) in account.ec2.vpc_endpoints.all() {
                assert!(!endpoint.subnet_ids.is_empty());
                for id in &endpoint.subnet_ids {
                    let subnet = account.ec2.subnets.known(id).expect("a subnet");
                    assert!(!subnet.map_public_ip_on_launch);
                }
            }
        });
        world.down().await.done();
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_moves_to_public_addresses_and_back_with_all_services_answering() {
    let over_connect = |nat: &str| connect().replace("nat = \"per-az\"", &format!("nat = {nat:?}"));
    for (with, without, ways) in [
        (DEMO.to_owned(), without_nat(), [4, 4, 6, 6]),
        (over_connect("single"), over_connect("none"), [2, 2, 4, 4]),
    ] {
        let mut world = World::new(&with);
        world.up().await.done();
        for (config, public, ways) in [(&without, true, [0, 0, 4, 2]), (&with, false, ways)] {
            world.config.clone_from(config);
            world.assert_services_stay().await;
            world.watched(async { drop(world.up().await.done()) }, assert_reaching).await;
            tokio::time::sleep(Duration::from_secs(120)).await;
            assert_eq!(ways_out(&world), ways);
            assert_public(&world, public);
            world.assert_red_path();
            assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
        }
        world.down().await.done();
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_that_was_killed_goes_on() {
    for (from, to) in [(DEMO.to_owned(), without_nat()), (without_nat(), DEMO.to_owned())] {
        for after in [5, 60, 150] {
            let mut world = World::new(&from);
            world.up().await.done();
            world.config.clone_from(&to);
            tokio::select! {
                _ = world.up() => {}
                () = tokio::time::sleep(Duration::from_secs(after)) => {}
            }
            world.up().await.done();
            assert_public(&world, to != DEMO);
            assert_eq!(world.up_in_full().await.done().calls.mutating, 0, "cut after {after} s");
            world.down().await.done();
            world.assert_empty();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_public_address_that_others_took_away_comes_back() {
    let world = World::new(&without_nat());
    world.up().await.done();
    let session = world.session().await;
    let update = session.cx.ecs().update_service().cluster("servicemesh-demo-provider");
    let subnets = world.simulator.behind(|account| {
        let services = account.ecs.services.all().map(|(_, service)| service);
        let mut nodejs = services.filter(|service| service.service_name == "nodejs");
        let configuration = nodejs.next().and_then(|it| it.network_configuration.clone());
        configuration.expect("a configuration")["awsvpcConfiguration"].clone()
    });
    let texts = |member: &str| {
        let all = subnets[member].as_array().expect("a list").iter();
        Some(all.map(|it| it.as_str().expect("a text").to_owned()).collect())
    };
    let network = aws_sdk_ecs::types::AwsVpcConfiguration::builder()
        .set_subnets(texts("subnets"))
        .set_security_groups(texts("securityGroups"))
        .build()
        .expect("subnets are given");
    let network =
        aws_sdk_ecs::types::NetworkConfiguration::builder().awsvpc_configuration(network).build();
    update.service("nodejs").network_configuration(network).send().await.expect("an update");
    let plan = world.plan(Depth::Full).await;
    assert_eq!(plan.get(&Address::new("provider/service/nodejs")), Some(&Action::Update));
    world.up_in_full().await.done();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_public(&world, true);
    world.assert_blue_path();
}
