//! Tasks on Fargate, on Fargate Spot, and on their way from one to the other.

use crate::common::{DEMO, World, connect, on_spot};
use meshctl::{
    engine::Action,
    model::{Address, Depth},
    simulator::{Fault, Rule, When},
};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

const FARGATE: Option<&str> = Some("FARGATE");
const SPOT: Option<&str> = Some("FARGATE_SPOT");

/// The capacity providers of the running tasks, by the names of their services; the consumer's copy of
/// the frontend is `consumer`.
fn providers(world: &World) -> BTreeMap<String, Option<String>> {
    world.simulator.behind(|account| {
        let tasks = account.ecs.tasks.all().map(|(_, task)| task);
        let running: Vec<_> = tasks.filter(|task| task.last_status == "RUNNING").collect();
        assert_eq!(running.len(), 8);
        let mut all = BTreeMap::new();
        for task in running {
            assert_eq!(task.launch_type.as_deref(), FARGATE);
            let consumer = task.cluster_arn.ends_with("-consumer");
            let service = task.group.trim_start_matches("service:");
            let service = if consumer { "consumer" } else { service };
            let provider = task.capacity_provider_name.clone();
            let before = all.insert(service.to_owned(), provider.clone());
            assert!(before.is_none_or(|before| before == provider), "{service} has both kinds");
        }
        all
    })
}

/// Fails unless all running tasks are on this capacity provider.
fn assert_on(world: &World, wanted: Option<&str>) {
    let all = providers(world);
    assert_eq!(all.len(), 4);
    assert!(all.values().all(|one| one.as_deref() == wanted), "{all:?}, not {wanted:?}");
}

/// The services' ARNs and when each was made.
fn made(world: &World) -> Vec<(String, f64)> {
    world.simulator.behind(|account| {
        let services = account.ecs.services.all().map(|(_, service)| service);
        services.map(|service| (service.service_arn.clone(), service.created_at)).collect()
    })
}

/// The capacity providers of the clusters.
fn of_clusters(world: &World) -> Vec<Vec<String>> {
    world.simulator.behind(|account| {
        let clusters = account.ecs.clusters.all().map(|(_, cluster)| cluster);
        clusters.map(|cluster| cluster.capacity_providers.clone()).collect()
    })
}

#[tokio::test(start_paused = true)]
async fn all_tasks_are_on_spot_and_everything_else_is_as_without() {
    for config in [on_spot(), on_spot().replace("\"auto\"", "\"service-connect\"")] {
        let world = World::new(&config);
        world.up().await.done();
        assert_on(&world, SPOT);
        world.assert_blue_path();
        world.assert_red_path();
        assert_eq!(world.up().await.done().calls.mutating, 0);
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
        world.down().await.done();
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_key_nothing_has_capacity_providers() {
    let world = World::new(DEMO);
    world.up().await.done();
    assert_on(&world, None);
    assert!(of_clusters(&world).iter().all(Vec::is_empty));
}

#[tokio::test(start_paused = true)]
async fn one_service_can_be_elsewhere_than_the_others() {
    let public = "expose = \"public\"";
    assert!(DEMO.contains(public));
    let some = |capacity: &str, all: &str| {
        all.replacen(public, &format!("{public}\ncapacity = {capacity:?}"), 1)
    };
    for (config, public, others, clusters) in [
        (some("fargate-spot", DEMO), SPOT, None, [2, 2]),
        (some("fargate", &on_spot()), None, SPOT, [0, 2]),
    ] {
        let world = World::new(&config);
        world.up().await.done();
        for (service, provider) in providers(&world) {
            let copies = ["frontend", "consumer"].contains(&service.as_str());
            let wanted = if copies { public } else { others };
            assert_eq!(provider.as_deref(), wanted, "{service}");
        }
        // The consumer's comes first by its name.
        let counts: Vec<usize> = of_clusters(&world).iter().map(Vec::len).collect();
        assert_eq!(counts, clusters);
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_moves_to_spot_and_back_in_place_with_all_services_answering() {
    let over_connect = on_spot().replace("\"auto\"", "\"service-connect\"");
    for (with, without) in [(on_spot(), DEMO.to_owned()), (over_connect, connect())] {
        let mut world = World::new(&without);
        world.up().await.done();
        let before = made(&world);
        for (config, provider) in [(&with, SPOT), (&without, FARGATE), (&with, SPOT)] {
            world.config.clone_from(config);
            world.assert_services_stay().await;
            world.watched(async { drop(world.up().await.done()) }, |_| ()).await;
            tokio::time::sleep(Duration::from_secs(120)).await;
            assert_on(&world, provider);
            assert_eq!(made(&world), before);
            world.assert_red_path();
            assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
        }
        world.down().await.done();
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_that_was_killed_goes_on_or_back() {
    for after in [2, 4, 8, 30, 90] {
        let mut world = World::new(DEMO);
        world.up().await.done();
        world.config = on_spot();
        tokio::select! {
            _ = world.up() => {}
            () = tokio::time::sleep(Duration::from_secs(after)) => {}
        }
        for (config, provider) in [(on_spot(), SPOT), (DEMO.to_owned(), FARGATE)] {
            world.config = config;
            world.up().await.done();
            tokio::time::sleep(Duration::from_secs(120)).await;
            assert_on(&world, provider);
            assert_eq!(world.up_in_full().await.done().calls.mutating, 0, "cut after {after} s");
        }
        world.down().await.done();
        world.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_was_about_to_come_or_to_go_is_no_obstacle() {
    // Killed beside the clusters' beginning, and wished for without Spot.
    for after in [1, 3] {
        let mut world = World::new(&on_spot());
        tokio::select! {
            _ = world.up() => {}
            () = tokio::time::sleep(Duration::from_secs(after)) => {}
        }
        world.config = DEMO.to_owned();
        world.up().await.done();
        world.assert_blue_path();
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    }
    // Killed as soon as a cluster goes, which takes seconds.
    let world = World::new(&on_spot());
    world.up().await.done();
    let going = async {
        let status = || {
            world.simulator.behind(|account| {
                let mut clusters = account.ecs.clusters.all().map(|(_, cluster)| cluster);
                clusters.any(|cluster| cluster.status == "DEPROVISIONING")
            })
        };
        while !status() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        _ = world.down() => panic!("clusters with capacity providers go in seconds"),
        () = going => {}
    }
    world.up().await.done();
    world.assert_blue_path();
    world.assert_red_path();
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_others_took_away_comes_back_and_theirs_stay() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    let put = json!({
        "cluster": "servicemesh-demo-provider", "capacityProviders": ["FARGATE"],
        "defaultCapacityProviderStrategy": [{ "capacityProvider": "FARGATE", "weight": 1 }],
    });
    world.ask("ecs:PutClusterCapacityProviders", put).await;
    world.config = on_spot();
    // AWS refuses a change while another one is under way.
    let refuse = Rule::new(
        "ecs:PutClusterCapacityProviders",
        When::Nth(1),
        Fault::Refuse {
            code: "UpdateInProgressException".into(),
            message: "The specified cluster is in a busy state.".into(),
            status: 400,
        },
    );
    world.simulator.fault(refuse);
    world.up().await.done();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_on(&world, SPOT);
    let defaults = world.simulator.behind(|account| {
        let clusters = account.ecs.clusters.all().map(|(_, cluster)| cluster);
        clusters.map(|it| it.default_capacity_provider_strategy.len()).collect::<Vec<_>>()
    });
    assert_eq!(defaults, [0, 1]);

    // A service that somebody moved is moved back.
    let moved = json!({
        "cluster": "servicemesh-demo-provider", "service": "nodejs", "forceNewDeployment": true,
        "capacityProviderStrategy": [{ "capacityProvider": "FARGATE", "weight": 1 }],
    });
    world.ask("ecs:UpdateService", moved).await;
    let plan = world.plan(Depth::Full).await;
    assert_eq!(plan.get(&Address::new("provider/service/nodejs")), Some(&Action::Update));
    world.up_in_full().await.done();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_on(&world, SPOT);
}
