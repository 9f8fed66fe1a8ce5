//! Other shapes: three zones, ten back-ends, long names.

use crate::common::{DEMO, World};
use std::fmt::Write;

#[tokio::test(start_paused = true)]
async fn three_zones_share_one_nat_gateway_in_each_vpc() {
    let world = World::new(include_str!("../../config/three-az.toml"));
    world.up().await.done();
    assert_eq!(world.count("ec2", "Subnet"), 12);
    assert_eq!(world.count("ec2", "NatGateway"), 2);
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn ten_backends_are_the_same_code() {
    let world = ten("app-mesh").await;
    assert_eq!(world.count("appmesh", "VirtualNode"), 11);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn ten_backends_are_the_same_code_over_service_connect() {
    let world = ten("service-connect").await;
    // Each has its name in DNS and its endpoint; the page has only the first.
    assert_eq!(world.count("servicediscovery", "Service"), 21);
    world.down().await.done();
    world.assert_empty();
}

async fn ten(kind: &str) -> World {
    let names: Vec<String> = (1..=10).map(|n| format!("backend-{n}")).collect();
    let mut config = format!(
        "stack = \"ten\"\n[mesh]\nkind = {kind:?}\n[[service]]\nname = \"frontend\"\nimage = \"f:1\"\nexpose = \"public\"\n\
         backends = {names:?}\n"
    );
    for (index, name) in names.iter().enumerate() {
        let port = 3001 + index;
        write!(
            config,
            "[[service]]\nname = \"{name}\"\nimage = \"b:1\"\nexpose = \"api\"\nmesh_port = {port}\n"
        )
        .expect("a string takes it");
    }
    let world = World::new(&config);
    world.up().await.done();
    assert_eq!(world.count("ecs", "Service"), 12);
    assert_eq!(world.count("apigateway", "Method"), 10);
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world
}

#[tokio::test(start_paused = true)]
async fn long_names_get_a_stable_hash() {
    let mut world = World::new(DEMO);
    let long = "a-very-long-stack-name-for-demos";
    assert_eq!(long.len(), 32);
    world.edit("servicemesh-demo", long);
    world.up().await.done();
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.lose_state();
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}
