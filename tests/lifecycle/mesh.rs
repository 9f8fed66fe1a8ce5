//! The two kinds of mesh, and who decides between them.

use crate::common::{DEMO, World, app_mesh, connect};
use meshctl::{
    engine::Action,
    model::{Address, Depth},
    simulator::{Fault, Rule, When},
    stack::mesh::Kind,
};

async fn kind(world: &World) -> Kind {
    let session = world.session().await;
    session.graph().await.expect("a graph");
    session.mesh().expect("a kind").kind
}

fn shut(world: &World) {
    world.simulator.behind(|account| account.appmesh.closed = true);
}

#[tokio::test(start_paused = true)]
async fn service_connect_comes_up_complete() {
    let world = World::new(&connect());
    let run = world.up().await.done();
    assert_eq!(run.outcome.counts.created, run.outcome.counts.total);
    assert_eq!(world.count("appmesh", "Mesh"), 0);
    assert_eq!(world.count("ecs", "Service"), 4);
    assert_eq!(world.count("ecs", "Task"), 8);
    // One for DNS for each, and one behind each of the two endpoints.
    assert_eq!(world.count("servicediscovery", "Service"), 5);
    world.assert_blue_path();
    world.simulator.behind(|account| {
        for (_, task) in account.ecs.tasks.all() {
            let has = |part: &str| task.containers.iter().any(|it| it.name.contains(part));
            assert!(!has("envoy"), "{:?}", task.containers);
            assert_eq!(has("ecs-service-connect-"), task.cluster_arn.ends_with("provider"));
        }
        assert!(
            account
                .ecs
                .task_definitions
                .all()
                .all(|(_, it)| it.task_role_arn.is_none()
                    || it.family.ends_with("consumer-frontend"))
        );
    });
    let again = world.up_in_full().await.done();
    assert_eq!(again.calls.mutating, 0, "{:#?}", again.calls.by_operation);
}

#[tokio::test(start_paused = true)]
async fn service_connect_is_found_without_its_state_and_goes_down_to_nothing() {
    let mut world = World::new(&connect());
    world.up().await.done();
    world.lose_state();
    let found = world.up().await.done();
    assert_eq!(found.calls.mutating, 0, "{:#?}", found.calls.by_operation);
    world.lose_state();
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_client_alias_is_changed_in_place_and_clients_learn_of_it() {
    let mut world = World::new(&connect());
    world.up().await.done();
    world.edit("mesh_port = 3001", "mesh_port = 3011");
    world.up().await.done();
    world.assert_blue_path();
    assert_eq!(world.up().await.done().calls.mutating, 0);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_made_anew_is_known_to_its_callers_again() {
    let mut world = World::new(&connect());
    world.up().await.done();
    // Another port of the container is another target group, and so another service.
    world.edit("mesh_port = 3002", "mesh_port = 3002\nport = 3030");
    let plan = world.plan(Depth::Listed).await;
    let frontend = plan.get(&Address::new("provider/service/frontend"));
    assert!(matches!(frontend, Some(Action::Depends(_))), "{plan:#?}");
    world.up().await.done();
    world.assert_blue_path();
    assert_eq!(world.up().await.done().calls.mutating, 0);

    // And so is one that somebody deleted.
    let session = world.session().await;
    let ops = session.registry.get("AWS::ECS::Service").unwrap();
    let nodejs = world.up().await.done().known;
    let nodejs = nodejs.raw(&Address::new("provider/service/nodejs")).unwrap().clone();
    ops.delete(&nodejs).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(900)).await;
    world.up_in_full().await.done();
    world.assert_blue_path();
}

#[tokio::test(start_paused = true)]
async fn what_others_did_to_service_connect_is_undone() {
    let world = World::new(&connect());
    let run = world.up().await.done();
    let nodejs = run.known.raw(&Address::new("provider/service/nodejs")).unwrap();
    let session = world.session().await;
    let off = world.other(&app_mesh()).graph().await;
    let step = off.get(&Address::new("provider/service/nodejs")).unwrap();
    let ops = session.registry.get("AWS::ECS::Service").unwrap();
    let live = ops.read(nodejs, Depth::Full).await.unwrap().unwrap();
    assert_eq!(
        ops.health(&live).unwrap(),
        "2 of 2 tasks running, in Service Connect as nodejs.servicemesh-demo.local:3001"
    );
    let drift = step.drift(&live, &run.known).unwrap();
    assert!(drift.touches("service_connect_configuration") && !drift.replaces(), "{drift}");
    step.update(nodejs, &drift, &run.known).await.unwrap();
    let plan = world.plan(Depth::Full).await;
    assert_eq!(plan.keys().map(Address::as_str).collect::<Vec<_>>(), ["provider/service/nodejs"]);
    world.up_in_full().await.done();
    world.assert_blue_path();
}

#[tokio::test(start_paused = true)]
async fn auto_takes_app_mesh_where_it_answers_and_stays_with_it() {
    let mut world = World::new(DEMO);
    assert_eq!(kind(&world).await, Kind::AppMesh);
    world.up().await.done();
    assert_eq!(world.count("appmesh", "Mesh"), 1);
    world.assert_blue_path();
    shut(&world);
    assert_eq!(kind(&world).await, Kind::AppMesh, "by the state");
    world.simulator.behind(|account| account.appmesh.closed = false);
    world.lose_state();
    assert_eq!(kind(&world).await, Kind::AppMesh, "by what there is");
}

#[tokio::test(start_paused = true)]
async fn auto_takes_service_connect_where_app_mesh_is_closed_and_stays_with_it() {
    let mut world = World::new(DEMO);
    shut(&world);
    let session = world.session().await;
    session.graph().await.expect("a graph");
    let news = session.mesh().and_then(|choice| choice.news()).expect("news");
    assert!(news.starts_with("mesh: Service Connect (App Mesh, which AWS ended"), "{news}");
    assert!(news.contains("appmesh:ListMeshes refused: ForbiddenException"), "{news}");
    let run = world.up().await.done();
    assert_eq!(run.calls.by_operation.get("appmesh:ListMeshes"), Some(&1));
    let changed = |call: &&meshctl::simulator::SeenCall| {
        !meshctl::aws::calls::is_read(call.operation.split(':').nth(1).unwrap_or_default())
    };
    let calls = world.simulator.calls();
    let asked = calls.iter().position(|call| call.operation == "appmesh:ListMeshes");
    assert!(asked < calls.iter().position(|call| changed(&call)), "asked before any change");
    world.assert_blue_path();

    // App Mesh comes back, for whatever reason: nothing moves by itself.
    world.simulator.behind(|account| account.appmesh.closed = false);
    let again = world.up().await.done();
    assert_eq!(again.calls.mutating, 0, "{:#?}", again.calls.by_operation);
    assert_eq!(again.calls.by_operation.get("appmesh:ListMeshes"), None);
    world.lose_state();
    assert_eq!(world.up().await.done().calls.mutating, 0);

    // With nothing left, the account decides anew.
    world.down().await.done();
    world.assert_empty();
    assert_eq!(kind(&world).await, Kind::AppMesh);
}

#[tokio::test(start_paused = true)]
async fn any_refusal_of_app_mesh_leads_to_service_connect_and_a_failure_does_not() {
    for (code, status) in [("AccessDeniedException", 403), ("BadRequestException", 400)] {
        let world = World::new(DEMO);
        let message = "User is not authorized to perform: appmesh:ListMeshes".to_owned();
        let refuse = Fault::Refuse { code: code.into(), message, status };
        world.simulator.fault(Rule::new("appmesh:*", When::Always, refuse));
        assert_eq!(kind(&world).await, Kind::ServiceConnect, "{code}");
        world.up().await.done();
        world.down().await.done();
        world.assert_empty();
    }
    let world = World::new(DEMO);
    world.simulator.fault(Rule::new("appmesh:ListMeshes", When::Nth(1), Fault::InternalError));
    assert_eq!(kind(&world).await, Kind::AppMesh);
}

#[tokio::test(start_paused = true)]
async fn what_service_connect_cannot_do_is_refused_with_the_remedy() {
    let mut world = World::new(DEMO);
    world.edit("mesh_port = 3001", "mesh_port = 3001\nweights = { nodejs = 9, crystal = 1 }");
    world.edit("path = \"/crystal/\"", "path = \"/crystal/\"\nbackends = [\"nodejs\"]");
    world.edit("mesh_port = 3001", "mesh_port = 3001\nbackends = [\"crystal\"]");
    assert_eq!(kind(&world).await, Kind::AppMesh);
    shut(&world);
    let refusal = world.session().await.graph().await.err().expect("a refusal");
    let text = refusal.message;
    assert!(text.contains("service \"nodejs\".weights cannot be kept"), "{text}");
    assert!(text.contains("service \"crystal\".backends leads back to itself"), "{text}");
    assert!(text.contains("set mesh.kind = \"app-mesh\" where the account has it"), "{text}");
    assert_eq!(world.simulator.inventory().resources.len(), 0);
}
