//! From one kind of mesh to the other, with every service answering all the while.

use crate::common::{DEMO, World, app_mesh, connect};
use meshctl::{
    engine::Action,
    model::{Address, Depth},
};
use std::time::Duration;

async fn moved(from: &str, to: &str) -> World {
    let mut world = World::new(from);
    world.up().await.done();
    world.config = to.into();
    let plan = world.plan(Depth::Listed).await;
    for name in ["frontend", "nodejs", "crystal"] {
        let service = plan.get(&Address::new(format!("provider/service/{name}")));
        let kept = matches!(service, Some(Action::Update | Action::Depends(_)));
        assert!(kept, "{name} is not replaced: {plan:#?}");
    }
    let looks = world.watched(async { drop(world.up().await.done()) }, |_| ()).await;
    assert!(looks > 60, "it took only {looks} s");
    let again = world.up_in_full().await.done();
    assert_eq!(again.calls.mutating, 0, "{:#?}", again.calls.by_operation);
    world
}

#[tokio::test(start_paused = true)]
async fn from_app_mesh_to_service_connect_with_all_services_answering() {
    let world = moved(DEMO, &connect()).await;
    assert_eq!(world.count("appmesh", "Mesh"), 0);
    assert_eq!(world.count("iam", "Role"), 3);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn from_service_connect_to_app_mesh_with_all_services_answering() {
    let world = moved(&connect(), &app_mesh()).await;
    assert_eq!(world.count("appmesh", "VirtualNode"), 3);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(world.count("servicediscovery", "Service"), 3);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_move_that_was_killed_goes_on_in_its_order() {
    for (from, to) in [(DEMO.to_owned(), connect()), (connect(), app_mesh())] {
        for after in [60, 180] {
            let mut world = World::new(&from);
            world.up().await.done();
            world.config.clone_from(&to);
            let cut = async {
                tokio::select! {
                    _ = world.up() => {}
                    () = tokio::time::sleep(Duration::from_secs(after)) => {}
                }
                world.up().await.done();
            };
            world.watched(cut, |_| ()).await;
            assert_eq!(world.up().await.done().calls.mutating, 0, "cut after {after} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_whose_app_mesh_has_ended_moves_on_request() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    world.simulator.behind(|account| account.appmesh.closed = true);
    let stuck = world.up().await;
    let errors = stuck.outcome.failures.iter().map(|failure| &failure.error);
    let remedies: Vec<_> = errors.filter_map(|error| error.remedy()).collect();
    assert!(remedies.iter().any(|it| it.contains("set mesh.kind = \"service-connect\"")));
    world.config = connect();
    world.up().await.done();
    world.assert_blue_path();
    world.down().await.done();
    world.assert_empty();
}
