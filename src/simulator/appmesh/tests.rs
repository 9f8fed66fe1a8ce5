//! What App Mesh refuses, and what it answers.

use crate::{
    aws::{CallLog, Clients, Endpoint},
    simulator::Simulator,
};
use aws_sdk_appmesh::{
    Client,
    error::ProvideErrorMetadata,
    types::{
        EgressFilterType, HttpRoute, HttpRouteAction, HttpRouteMatch, Listener, PortMapping,
        PortProtocol, RouteSpec, VirtualNodeSpec, VirtualRouterListener, VirtualRouterSpec,
        VirtualServiceSpec, WeightedTarget,
    },
};
use std::time::Duration;

async fn client(simulator: &Simulator) -> Client {
    let endpoint = Endpoint {
        in_process: Some(simulator.http_client()),
        region: Some("eu-west-1".into()),
        ..Endpoint::default()
    };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    clients.appmesh().clone()
}

async fn settle() {
    tokio::time::sleep(Duration::from_secs(10)).await;
}

fn port(port: i32) -> PortMapping {
    PortMapping::builder().port(port).protocol(PortProtocol::Http).build().unwrap()
}

fn to(targets: &[(&str, i32)]) -> RouteSpec {
    let targets = targets.iter().map(|(node, weight)| {
        WeightedTarget::builder().virtual_node(*node).weight(*weight).build().unwrap()
    });
    let action = HttpRouteAction::builder().set_weighted_targets(Some(targets.collect()));
    let route = HttpRoute::builder().action(action.build().unwrap());
    let route = route.r#match(HttpRouteMatch::builder().prefix("/").build());
    RouteSpec::builder().http_route(route.build()).build()
}

/// A mesh with two nodes and a router.
async fn mesh(client: &Client) {
    client.create_mesh().mesh_name("shop").send().await.unwrap();
    settle().await;
    for name in ["one", "two"] {
        let call = client.create_virtual_node().mesh_name("shop").virtual_node_name(name);
        call.spec(VirtualNodeSpec::builder().build()).send().await.unwrap();
    }
    let listener = VirtualRouterListener::builder().port_mapping(port(80)).build();
    let call = client.create_virtual_router().mesh_name("shop").virtual_router_name("split");
    let spec = VirtualRouterSpec::builder().listeners(listener).build();
    call.spec(spec).send().await.unwrap();
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_makes_a_repeated_create_the_same_and_another_one_a_conflict() {
    let simulator = Simulator::seeded(7);
    let client = client(&simulator).await;
    let create = |token: &str| client.create_mesh().mesh_name("shop").client_token(token).send();
    let first = create("a").await.unwrap().mesh.unwrap();
    let filter = first.spec().unwrap().egress_filter().unwrap();
    assert_eq!(*filter.r#type(), EgressFilterType::DropAll);
    assert_eq!(create("a").await.unwrap().mesh.unwrap().metadata, first.metadata);
    let refused = create("b").await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 409);
    assert!(refused.into_service_error().is_conflict_exception());
    client.delete_mesh().mesh_name("shop").send().await.unwrap();
    let second = create("a").await.unwrap().mesh.unwrap().metadata.unwrap();
    assert_ne!(second.uid, first.metadata.unwrap().uid);
}

#[tokio::test(start_paused = true)]
async fn a_route_needs_its_router_its_nodes_and_weights_within_a_hundred() {
    let simulator = Simulator::seeded(7);
    let client = client(&simulator).await;
    mesh(&client).await;
    let create = |router: &str, spec: RouteSpec| {
        let call = client.create_route().mesh_name("shop").virtual_router_name(router);
        call.route_name("all").spec(spec).send()
    };
    let refused = create("split", to(&[("three", 1)])).await.unwrap_err().into_service_error();
    assert_eq!(
        refused.message(),
        Some("VirtualNode with name three is not present under mesh shop for account 000000000000")
    );
    assert!(refused.is_not_found_exception());
    let refused = create("other", to(&[("one", 1)])).await.unwrap_err().into_service_error();
    assert!(refused.is_not_found_exception());
    let refused = create("split", to(&[("one", 60), ("two", 60)])).await.unwrap_err();
    assert!(refused.into_service_error().is_bad_request_exception());
    let route = create("split", to(&[("one", 60), ("two", 40)])).await.unwrap().route.unwrap();
    assert!(route.metadata().unwrap().arn().ends_with(":mesh/shop/virtualRouter/split/route/all"));
    settle().await;

    let call = client.update_route().mesh_name("shop").virtual_router_name("split");
    let updated = call.route_name("all").spec(to(&[("one", 1)])).send().await.unwrap();
    assert_eq!(updated.route.unwrap().metadata.unwrap().version, 2);
    let delete = |node: &str| {
        let call = client.delete_virtual_node().mesh_name("shop");
        call.virtual_node_name(node).send()
    };
    delete("two").await.unwrap();
    let refused = delete("one").await.unwrap_err().into_service_error();
    assert!(refused.is_resource_in_use_exception());
    assert_eq!(
        refused.message(),
        Some("VirtualNode with name one is being referenced in the following: ROUTE: [all]")
    );
}

#[tokio::test(start_paused = true)]
async fn a_listener_without_service_discovery_is_refused() {
    let simulator = Simulator::seeded(7);
    let client = client(&simulator).await;
    mesh(&client).await;
    let listener = Listener::builder().port_mapping(port(3000)).build();
    let call = client.create_virtual_node().mesh_name("shop").virtual_node_name("cart");
    let call = call.spec(VirtualNodeSpec::builder().listeners(listener).build());
    let refused = call.send().await.unwrap_err().into_service_error();
    assert!(refused.is_bad_request_exception(), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_was_just_made_may_be_unknown_for_a_moment() {
    // Of so many creates some are seen late.
    let mut late = 0;
    for seed in 0..40 {
        let simulator = Simulator::seeded(seed);
        let client = client(&simulator).await;
        client.create_mesh().mesh_name("shop").send().await.unwrap();
        late += usize::from(client.describe_mesh().mesh_name("shop").send().await.is_err());
        settle().await;
        client.describe_mesh().mesh_name("shop").send().await.unwrap();
    }
    assert!(late > 0);
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages_and_meshes_have_a_quota() {
    let simulator = Simulator::seeded(7);
    let client = client(&simulator).await;
    for name in 0..15 {
        client.create_mesh().mesh_name(format!("mesh-{name:02}")).send().await.unwrap();
    }
    let refused = client.create_mesh().mesh_name("one-more").send().await.unwrap_err();
    assert!(refused.into_service_error().is_limit_exceeded_exception());
    settle().await;
    let page = client.list_meshes().limit(10).send().await.unwrap();
    assert_eq!(page.meshes().len(), 10);
    let next = client.list_meshes().limit(10).set_next_token(page.next_token).send().await.unwrap();
    assert_eq!((next.meshes().len(), next.next_token()), (5, None));
}

#[tokio::test(start_paused = true)]
async fn a_virtual_service_without_a_provider_still_holds_its_mesh() {
    let simulator = Simulator::seeded(7);
    let client = client(&simulator).await;
    client.create_mesh().mesh_name("shop").send().await.unwrap();
    settle().await;
    let call = client.create_virtual_service().mesh_name("shop").virtual_service_name("cart.local");
    call.spec(VirtualServiceSpec::builder().build()).send().await.unwrap();
    let refused = client.delete_mesh().mesh_name("shop").send().await.unwrap_err();
    assert!(refused.into_service_error().is_resource_in_use_exception());
}
