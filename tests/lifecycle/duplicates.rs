//! Several resources of one address, made by hand: what goes, what stays, and what is told of it.

use crate::{
    common::{DEMO, World, with_one_nat},
    doctor::checks,
};
use aws_sdk_ec2::{
    Client,
    types::{Filter, ResourceType, Tag, TagSpecification},
};
use meshctl::model::{Address, Verdict};
use std::time::Duration;

/// The tags by which a resource is the stack's, at this address.
fn tags(kind: ResourceType, address: &str) -> TagSpecification {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    TagSpecification::builder()
        .resource_type(kind)
        .tags(tag("Name", &format!("servicemesh-demo/{address}")))
        .tags(tag("meshctl:stack", "servicemesh-demo"))
        .tags(tag("meshctl:address", address))
        .build()
}

/// The tables at an address: each with its subnets, and whether it leads out.
async fn tables(ec2: &Client, address: &str) -> Vec<(String, usize, bool)> {
    let filter = Filter::builder().name("tag:meshctl:address").values(address).build();
    let found = ec2.describe_route_tables().filters(filter).send().await.expect("the tables");
    let tables = found.route_tables().iter().map(|table| {
        let leads_out = table.routes().iter().any(|route| route.gateway_id() != Some("local"));
        let id = table.route_table_id().expect("an ID").to_owned();
        (id, table.associations().len(), leads_out)
    });
    tables.collect()
}

/// The subnets went over to a second table, in which nobody has made a route: the first one's route does
/// not lead out of the second.
#[tokio::test(start_paused = true)]
async fn a_route_of_the_table_that_goes_is_made_again_in_the_one_that_stays() {
    const ADDRESS: &str = "provider/route-table/public";
    let mut world = World::new(DEMO);
    let run = world.up().await.done();
    let ec2 = world.session().await.cx.ec2().clone();
    let vpc = run.known.raw(&Address::new("provider/vpc")).expect("a VPC").as_str();
    let call = ec2.create_route_table().vpc_id(vpc.expect("an ID"));
    let made = call.tag_specifications(tags(ResourceType::RouteTable, ADDRESS)).send().await;
    let made = made.expect("a table").route_table.expect("a table");
    let second = made.route_table_id.expect("an ID");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let first = Filter::builder().name("tag:meshctl:address").values(ADDRESS).build();
    let found = ec2.describe_route_tables().filters(first).send().await.expect("the tables");
    for association in found.route_tables().iter().flat_map(|table| table.associations()) {
        let id = association.route_table_association_id().expect("an ID");
        let call = ec2.replace_route_table_association().association_id(id);
        call.route_table_id(&second).send().await.expect("a subnet goes over");
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let before = tables(&ec2, ADDRESS).await;
    assert!(before.contains(&(second.clone(), 2, false)), "{before:?}");
    world.lose_state();
    world.up().await.done();
    assert_eq!(tables(&ec2, ADDRESS).await, [(second, 2, true)]);
    world.assert_blue_path();
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

/// What a duplicate takes of a quota is free once `up` has removed it, so nobody refuses to begin.
#[tokio::test(start_paused = true)]
async fn a_quota_that_duplicates_fill_is_a_warning_and_up_makes_room() {
    let mut world = World::new(&with_one_nat());
    world.simulator.behind(|account| account.quotas.elastic_ips = 4);
    world.up().await.done();
    let ec2 = world.session().await.cx.ec2().clone();
    let call =
        ec2.allocate_address().tag_specifications(tags(ResourceType::ElasticIp, "consumer/eip/a"));
    call.send().await.expect("an address");
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.lose_state();
    world.edit("nat = \"single\"", "nat = \"per-az\"");
    let all = checks(&world).await;
    let addresses = all.iter().find(|check| check.what.starts_with("Elastic IPs"));
    let addresses = addresses.expect("the addresses are counted");
    assert_eq!(addresses.verdict, Verdict::Warning, "{addresses:?}");
    assert!(addresses.what.contains("3 used + 2 to be made, of 4"), "{addresses:?}");
    world.up().await.done();
    assert_eq!(world.count("ec2", "ElasticIp"), 4);
    world.down().await.done();
    world.assert_empty();
}
