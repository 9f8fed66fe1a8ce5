//! A mesh on the simulator, through the SDK's client.

use super::{
    mesh::{Mesh, MeshId},
    refusal,
    route::{Route, RouteId, RouteNeeds, RouteValues, WeightedTarget},
    virtual_node::{HealthCheck, VirtualNode, VirtualNodeId},
    virtual_router::{VirtualRouter, VirtualRouterId},
    virtual_service::{
        VirtualService, VirtualServiceId, VirtualServiceNeeds, VirtualServiceValues,
    },
};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, cx::Caller, cx::Scope},
    model::{Clock, Depth},
    resources::{Blueprint, Handle, Resource, prelude::*},
    simulator::Simulator,
};
use std::time::Duration;

async fn cx_of(simulator: &Simulator) -> Cx {
    let endpoint = Endpoint {
        in_process: Some(simulator.http_client()),
        region: Some("eu-west-1".into()),
        ..Endpoint::default()
    };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let caller =
        Caller { account: "000000000000".into(), arn: String::new(), partition: "aws".into() };
    let (stack, region, tags) = ("shop".into(), "eu-west-1".into(), Tags::new());
    Cx::new(clients, Scope { stack, region, caller, tags }, Clock::started(1.0))
}

/// One service: everything that App Mesh has for it.
struct Wishes {
    mesh: Mesh,
    node: VirtualNode,
    router: VirtualRouter,
    route: Route,
    service: VirtualService,
}

fn wishes(cx: &Cx) -> Wishes {
    let mut blueprint = Blueprint::new(cx);
    let mesh = || Mesh { mesh_name: "shop".into(), egress_filter: "DROP_ALL".into() };
    let within: Handle<Mesh> = blueprint.declare("mesh", mesh());
    let node = || VirtualNode {
        mesh: within.created(),
        name: "cart".into(),
        port: 3000,
        health_check: HealthCheck {
            path: "/health".into(),
            interval_millis: 5000,
            timeout_millis: 2000,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
        },
        backends: vec!["users.shop.local".into(), "stock.shop.local".into()],
        namespace: "shop.local".into(),
        cloud_map_service: "cart".into(),
    };
    let router = || VirtualRouter {
        mesh: within.created(),
        name: "cart".into(),
        port: 3000,
        routes: vec!["cart".into()],
    };
    let nodes = vec![blueprint.declare("cart/node", node()).created()];
    let split = blueprint.declare("cart/router", router()).created();
    let targets = vec![WeightedTarget { virtual_node: "cart".into(), weight: 1 }];
    let needs = RouteNeeds { router: split.clone(), nodes };
    let service = VirtualServiceNeeds { router: split };
    Wishes {
        mesh: mesh(),
        node: node(),
        router: router(),
        route: Route { needs, name: "cart".into(), targets, priority: 10 },
        service: VirtualService { needs: service, name: "cart.shop.local".into() },
    }
}

struct Made {
    mesh: MeshId,
    node: VirtualNodeId,
    router: VirtualRouterId,
    route: RouteId,
    service: VirtualServiceId,
}

impl Made {
    fn route_values(&self) -> RouteValues {
        RouteValues { router: self.router.clone(), nodes: vec![self.node.clone()] }
    }

    fn service_values(&self) -> VirtualServiceValues {
        VirtualServiceValues { router: self.router.clone() }
    }
}

/// Asks until App Mesh knows what was made just before.
async fn patient<T>(cx: &Cx, mut ask: impl AsyncFnMut() -> Result<T>) -> T {
    loop {
        match ask().await {
            Err(error) if error.class == Class::Missing => {
                cx.clock().sleep(Duration::from_secs(1)).await;
            }
            answer => return answer.unwrap(),
        }
    }
}

async fn made(cx: &Cx, wishes: &Wishes) -> Made {
    let at = |address: &str| cx.creating(&Address::new(address), address);
    let mesh = wishes.mesh.create(&at("mesh"), &()).await.unwrap();
    let node = patient(cx, async || wishes.node.create(&at("cart/node"), &mesh).await).await;
    let router = patient(cx, async || wishes.router.create(&at("cart/router"), &mesh).await).await;
    let values = RouteValues { router: router.clone(), nodes: vec![node.clone()] };
    let route = patient(cx, async || wishes.route.create(&at("cart/route"), &values).await).await;
    let values = VirtualServiceValues { router: router.clone() };
    let service =
        patient(cx, async || wishes.service.create(&at("cart/name"), &values).await).await;
    cx.clock().sleep(Duration::from_secs(10)).await;
    Made { mesh, node, router, route, service }
}

async fn read<R: Resource>(cx: &Cx, out: &R::Out) -> R::Live {
    R::read(cx, out).await.unwrap().expect("it exists")
}

#[tokio::test(start_paused = true)]
async fn what_was_made_does_not_drift_and_is_found_at_its_address() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    let (wishes, cx) = (wishes(&cx), &cx);
    let made = made(cx, &wishes).await;

    let none = Drift::none();
    assert_eq!(wishes.mesh.drift(&read::<Mesh>(cx, &made.mesh).await, &()), none);
    assert_eq!(wishes.node.drift(&read::<VirtualNode>(cx, &made.node).await, &made.mesh), none);
    let live = read::<VirtualRouter>(cx, &made.router).await;
    assert_eq!(wishes.router.drift(&live, &made.mesh), none);
    let live = read::<Route>(cx, &made.route).await;
    assert_eq!(wishes.route.drift(&live, &made.route_values()), none);
    let live = read::<VirtualService>(cx, &made.service).await;
    assert_eq!(wishes.service.drift(&live, &made.service_values()), none);

    assert_eq!(Mesh::search(cx).await.unwrap()[0].out, made.mesh);
    assert_eq!(VirtualNode::search(cx).await.unwrap()[0].out, made.node);
    assert_eq!(VirtualRouter::search(cx).await.unwrap()[0].out, made.router);
    assert_eq!(Route::search(cx).await.unwrap()[0].out, made.route);
    let found = VirtualService::search(cx).await.unwrap();
    assert_eq!((found[0].address.as_str(), &found[0].out), ("cart/name", &made.service));
    assert_eq!(found[0].token.as_deref(), Some("cart/name"));
}

#[tokio::test(start_paused = true)]
async fn every_field_that_changes_heals_in_place() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    let made = made(&cx, &wishes(&cx)).await;
    let (mut wishes, cx) = (wishes(&cx), &cx);

    wishes.mesh.egress_filter = "ALLOW_ALL".into();
    let drift = wishes.mesh.drift(&read::<Mesh>(cx, &made.mesh).await, &());
    assert_eq!(drift.to_string(), r#"egress_filter: "DROP_ALL" -> "ALLOW_ALL""#);
    wishes.mesh.update(cx, &made.mesh, &drift, &()).await.unwrap();
    assert!(wishes.mesh.drift(&read::<Mesh>(cx, &made.mesh).await, &()).is_empty());

    wishes.node.port = 4000;
    wishes.node.health_check.path = "/".into();
    wishes.node.backends.pop();
    wishes.node.cloud_map_service = "basket".into();
    let drift = wishes.node.drift(&read::<VirtualNode>(cx, &made.node).await, &made.mesh);
    let fields: Vec<_> = drift.changes().iter().map(|change| &*change.field).collect();
    assert_eq!(fields, ["port", "health_check", "backends", "service_discovery"]);
    assert!(!drift.replaces());
    wishes.node.update(cx, &made.node, &drift, &made.mesh).await.unwrap();
    let live = read::<VirtualNode>(cx, &made.node).await;
    assert!(wishes.node.drift(&live, &made.mesh).is_empty());

    wishes.router.port = 4000;
    let drift = wishes.router.drift(&read::<VirtualRouter>(cx, &made.router).await, &made.mesh);
    assert!(drift.touches("port"));
    wishes.router.update(cx, &made.router, &drift, &made.mesh).await.unwrap();
    let live = read::<VirtualRouter>(cx, &made.router).await;
    assert!(wishes.router.drift(&live, &made.mesh).is_empty());

    let values = made.route_values();
    wishes.route.targets[0].weight = 50;
    wishes.route.priority = 20;
    let drift = wishes.route.drift(&read::<Route>(cx, &made.route).await, &values);
    assert!(drift.touches("targets") && drift.touches("priority"));
    wishes.route.update(cx, &made.route, &drift, &values).await.unwrap();
    assert!(wishes.route.drift(&read::<Route>(cx, &made.route).await, &values).is_empty());

    let second = VirtualRouter { name: "second".into(), ..wishes.router };
    let creating = cx.creating(&Address::new("second"), "second");
    let router = second.create(&creating, &made.mesh).await.unwrap();
    cx.clock().sleep(Duration::from_secs(10)).await;
    let values = VirtualServiceValues { router };
    let drift = wishes.service.drift(&read::<VirtualService>(cx, &made.service).await, &values);
    assert_eq!(drift.to_string(), r#"virtual_router: "cart" -> "second""#);
    wishes.service.update(cx, &made.service, &drift, &values).await.unwrap();
    let live = read::<VirtualService>(cx, &made.service).await;
    assert!(wishes.service.drift(&live, &values).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_mark_is_the_same_at_both_depths_and_tells_of_every_change() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    let wishes = wishes(&cx);
    let made = made(&cx, &wishes).await;
    let listed = cx.at_depth(Depth::Listed);
    let mark = async |cx: &Cx| VirtualNode::mark(&read::<VirtualNode>(cx, &made.node).await);
    let before = mark(&cx).await;
    assert!(before.is_some());
    assert_eq!(before, mark(&listed).await);

    let live = read::<VirtualNode>(&listed, &made.node).await;
    assert!(wishes.node.drift(&live, &made.mesh).is_empty() && VirtualNode::tags(&live).is_none());
    wishes.node.update(&cx, &made.node, &Drift::none(), &made.mesh).await.unwrap();
    assert_ne!(before, mark(&listed).await);
    assert_eq!(mark(&cx).await, mark(&listed).await);

    let calls = simulator.calls().len();
    let nodes = (0..5).map(|_| VirtualNode::read(&listed, &made.node));
    futures_util::future::try_join_all(nodes).await.unwrap();
    // A router's routes are in one list, for them and for it.
    let (route, router) = (&made.route, &made.router);
    futures_util::join!(read::<Route>(&listed, route), read::<VirtualRouter>(&listed, router));
    read::<VirtualService>(&listed, &made.service).await;
    assert_eq!(simulator.calls().len(), calls + 4);
}

#[tokio::test(start_paused = true)]
async fn deletes_follow_their_order_and_may_be_repeated() {
    let simulator = Simulator::seeded(7);
    let cx = &cx_of(&simulator).await;
    let made = made(cx, &wishes(cx)).await;
    assert_eq!(Mesh::delete(cx, &made.mesh).await.unwrap_err().class, Class::Busy);
    assert_eq!(VirtualNode::delete(cx, &made.node).await.unwrap_err().class, Class::Busy);
    assert_eq!(VirtualRouter::delete(cx, &made.router).await.unwrap_err().class, Class::Busy);
    for _ in 0..2 {
        VirtualService::delete(cx, &made.service).await.unwrap();
        Route::delete(cx, &made.route).await.unwrap();
        VirtualRouter::delete(cx, &made.router).await.unwrap();
        VirtualNode::delete(cx, &made.node).await.unwrap();
        Mesh::delete(cx, &made.mesh).await.unwrap();
    }
    for depth in [Depth::Listed, Depth::Full] {
        let cx = &cx.at_depth(depth);
        assert!(Mesh::read(cx, &made.mesh).await.unwrap().is_none());
        assert!(VirtualNode::read(cx, &made.node).await.unwrap().is_none());
        assert!(VirtualRouter::read(cx, &made.router).await.unwrap().is_none());
        assert!(Route::read(cx, &made.route).await.unwrap().is_none());
        assert!(VirtualService::read(cx, &made.service).await.unwrap().is_none());
    }
    assert!(simulator.inventory().is_empty());
}

#[tokio::test(start_paused = true)]
async fn tags_are_read_and_changed_and_a_strangers_mesh_is_not_found() {
    let simulator = Simulator::seeded(7);
    let cx = &cx_of(&simulator).await;
    let made = made(cx, &wishes(cx)).await;
    let have = Route::tags(&read::<Route>(cx, &made.route).await).unwrap();
    assert_eq!(have.get(tags::ADDRESS).map(String::as_str), Some("cart/route"));
    let mut want = have.clone();
    want.insert("team".into(), "cart".into());
    want.remove("Name");
    let changes = TagChanges::between(&have, &want, &have);
    Route::retag(cx, &made.route, &changes).await.unwrap();
    assert_eq!(Route::tags(&read::<Route>(cx, &made.route).await), Some(want));

    let stranger = Tags::from([(tags::STACK.to_owned(), "other".to_owned())]);
    let changes = TagChanges { set: stranger, remove: Vec::new() };
    Mesh::retag(cx, &made.mesh, &changes).await.unwrap();
    assert!(Mesh::search(cx).await.unwrap().is_empty());
    assert!(Route::search(cx).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_app_mesh_shuts_out_hears_so() {
    let simulator = Simulator::seeded(7);
    let cx = cx_of(&simulator).await;
    simulator.behind(|account| account.appmesh.closed = true);
    let error = refusal(&cx).await.unwrap().expect("a refusal");
    assert_eq!((error.class, &*error.code), (Class::Closed, "ForbiddenException"));
    // Nothing is there, for whoever looks.
    assert!(VirtualNode::search(&cx).await.unwrap().is_empty());
    let id = MeshId { name: "shop".into(), arn: String::new() };
    assert!(Mesh::read(&cx, &id).await.unwrap().is_none());
    Mesh::delete(&cx, &id).await.unwrap();
}
