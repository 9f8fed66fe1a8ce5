//! ECS's behaviour, through the SDK's own client.

use super::world::{LOGS, World, cx, pass};
use crate::simulator::{Fault, Rule, Simulator, When};
use aws_sdk_ecs::{
    Client,
    error::ProvideErrorMetadata,
    operation::create_service::builders::CreateServiceFluentBuilder,
    types::{
        AssignPublicIp, CapacityProviderStrategyItem, DeploymentCircuitBreaker,
        DeploymentConfiguration, DeploymentRolloutState, DesiredStatus, LaunchType, Service, Task,
        TaskDefinitionFamilyStatus,
    },
};

async fn with_cluster(world: &World) -> &Client {
    let ecs = world.cx.ecs();
    ecs.create_cluster().cluster_name("shop").send().await.expect("a cluster");
    pass(10).await;
    ecs
}

fn service(world: &World, image: &str, count: i32) -> CreateServiceFluentBuilder {
    let breaker = DeploymentCircuitBreaker::builder().enable(true).rollback(false).build();
    let rolling = DeploymentConfiguration::builder().deployment_circuit_breaker(breaker);
    let call = world.cx.ecs().create_service().cluster("shop").service_name("app");
    let call = call.launch_type(LaunchType::Fargate).network_configuration(world.network());
    call.task_definition(image).desired_count(count).deployment_configuration(rolling.build())
}

async fn seen(ecs: &Client) -> Service {
    let found = ecs.describe_services().cluster("shop").services("app").send().await;
    found.expect("an answer").services.and_then(|mut all| all.pop()).expect("the service")
}

fn rollout(service: &Service) -> Option<&DeploymentRolloutState> {
    service.deployments().first().and_then(|it| it.rollout_state())
}

fn said(service: &Service, text: &str) -> bool {
    service.events().iter().any(|event| event.message().is_some_and(|it| it.contains(text)))
}

async fn tasks(ecs: &Client, status: DesiredStatus) -> Vec<Task> {
    let listed = ecs.list_tasks().cluster("shop").desired_status(status).send().await;
    let arns = listed.expect("a list").task_arns.unwrap_or_default();
    if arns.is_empty() {
        return Vec::new();
    }
    let found = ecs.describe_tasks().cluster("shop").set_tasks(Some(arns)).send().await;
    found.expect("an answer").tasks.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_is_answered_with_its_cluster_and_a_deleted_one_can_be_taken_again() {
    let simulator = Simulator::seeded(1);
    let cx = cx(&simulator).await;
    let ecs = cx.ecs();
    let create = || ecs.create_cluster().cluster_name("shop").send();
    create().await.expect("a cluster");
    create().await.expect("the same cluster");
    assert_eq!(simulator.inventory().count("ecs", "Cluster"), 1);
    pass(10).await;
    ecs.delete_cluster().cluster("shop").send().await.expect("a deletion");
    let found = ecs.describe_clusters().clusters("shop").clusters("none").send().await;
    let found = found.expect("an answer");
    assert_eq!(found.clusters()[0].status(), Some("INACTIVE"));
    assert_eq!(found.failures()[0].reason(), Some("MISSING"));
    assert!(simulator.inventory().is_empty());
    create().await.expect("another cluster");
    assert_eq!(simulator.inventory().count("ecs", "Cluster"), 1);
}

#[tokio::test(start_paused = true)]
async fn registering_refuses_what_fargate_does_not_run_and_revisions_are_never_used_again() {
    let world = World::new(2).await;
    let ecs = world.cx.ecs();
    let container = || {
        let container = aws_sdk_ecs::types::ContainerDefinition::builder();
        container.name("app").image("app").build()
    };
    let call = ecs.register_task_definition().family("odd").cpu("256").memory("4096");
    let call = call.requires_compatibilities(aws_sdk_ecs::types::Compatibility::Fargate);
    let call = call.network_mode(aws_sdk_ecs::types::NetworkMode::Awsvpc);
    let refusal = call.container_definitions(container()).send().await.expect_err("a refusal");
    assert_eq!(refusal.code(), Some("ClientException"));
    let words = refusal.message().unwrap_or_default();
    assert!(words.starts_with("No Fargate configuration exists for given values: 256 CPU, 4096"));
    let long = aws_sdk_ecs::types::ContainerDefinition::builder().name("app");
    let long = long.image("app").command("x".repeat(66_000)).build();
    let call = ecs.register_task_definition().family("odd").container_definitions(long);
    let refusal = call.send().await.expect_err("a refusal");
    let words = refusal.message().unwrap_or_default();
    assert!(words.ends_with("Max allowed length is '65536' bytes."), "{words}");

    let first = world.register("one").await;
    assert!(first.ends_with(":task-definition/app:1"));
    let early = ecs.delete_task_definitions().task_definitions(&first).send().await;
    assert_eq!(early.expect("an answer").failures().len(), 1);
    for _ in 0..2 {
        let call = ecs.deregister_task_definition().task_definition(&first);
        call.send().await.expect("a deregistration");
        let call = ecs.delete_task_definitions().task_definitions(&first);
        assert!(call.send().await.expect("a deletion").failures().is_empty());
    }
    let families = ecs.list_task_definition_families().family_prefix("ap");
    let active = families.status(TaskDefinitionFamilyStatus::Active).send().await;
    assert!(active.expect("a list").families().is_empty());
    pass(7200).await;
    let gone = ecs.describe_task_definition().task_definition(&first).send().await;
    let words = gone.expect_err("nothing").message().map(String::from);
    assert_eq!(words.as_deref(), Some("Unable to describe task definition."));
    assert!(world.register("two").await.ends_with(":task-definition/app:2"));
}

#[tokio::test(start_paused = true)]
async fn a_service_starts_its_tasks_over_the_zones_and_reaches_a_steady_state() {
    let world = World::new(3).await;
    let ecs = with_cluster(&world).await;
    let revision = world.register("app").await;
    service(&world, &revision, 2).send().await.expect("a service");
    pass(1).await;
    let early = seen(ecs).await;
    assert_eq!((early.running_count(), early.pending_count()), (0, 2));
    assert_eq!(rollout(&early), Some(&DeploymentRolloutState::InProgress));
    let refusal = ecs.delete_cluster().cluster("shop").send().await.expect_err("a refusal");
    assert_eq!(refusal.code(), Some("ClusterContainsServicesException"));
    pass(300).await;
    let late = seen(ecs).await;
    assert_eq!((late.running_count(), late.pending_count()), (2, 0));
    assert_eq!(rollout(&late), Some(&DeploymentRolloutState::Completed));
    assert!(said(&late, "has reached a steady state."), "{:?}", late.events());
    let mut zones: Vec<_> = tasks(ecs, DesiredStatus::Running).await;
    zones.sort_by_key(|task| task.availability_zone().map(String::from));
    let zones: Vec<_> = zones.iter().filter_map(|task| task.availability_zone()).collect();
    assert_eq!(zones, ["eu-west-1a", "eu-west-1b"]);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_whose_tasks_cannot_start_is_ended_by_the_circuit_breaker() {
    for (seed, image, code, words) in [
        (4, "crash", "EssentialContainerExited", "Essential container in task exited"),
        (8, "doomed", "EssentialContainerExited", "Essential container in task exited"),
        (5, "no-logs", "TaskFailedToStart", "ResourceInitializationError"),
        (6, "no-route", "TaskFailedToStart", "CannotPullContainerError"),
        (9, "no-gateway", "TaskFailedToStart", "CannotPullContainerError"),
    ] {
        let world = World::new(seed).await;
        let ecs = with_cluster(&world).await;
        if image == "doomed" {
            let register = "ecs:RegisterTaskDefinition";
            world.simulator.fault(Rule::new(register, When::Always, Fault::Fail));
        }
        let revision = world.register(image).await;
        if image == "no-logs" {
            let call = world.cx.logs().delete_log_group().log_group_name(LOGS);
            call.send().await.expect("a deletion");
        }
        let mut call = service(&world, &revision, 1);
        if image == "no-gateway" {
            let tables = world.cx.ec2().describe_route_tables().send().await.expect("tables");
            let to_gateway = tables.route_tables().iter().find(|table| {
                table
                    .routes()
                    .iter()
                    .any(|it| it.gateway_id().is_some_and(|it| it.starts_with("igw")))
            });
            let table = to_gateway.and_then(|it| it.route_table_id()).expect("the public table");
            let call = world.cx.ec2().delete_route().route_table_id(table);
            call.destination_cidr_block("0.0.0.0/0").send().await.expect("a deletion");
        }
        if ["no-route", "no-gateway"].contains(&image) {
            // A public subnet, and no public address; or an address, and no route to a gateway.
            let subnets = world.cx.ec2().describe_subnets().send().await.expect("subnets");
            let public = subnets.subnets().iter().filter_map(|it| it.subnet_id());
            let public = public.filter(|id| world.subnets.iter().all(|it| it != id));
            let awsvpc = aws_sdk_ecs::types::AwsVpcConfiguration::builder();
            let awsvpc = awsvpc.set_subnets(Some(public.map(String::from).collect()));
            let address = match image {
                "no-gateway" => AssignPublicIp::Enabled,
                _ => AssignPublicIp::Disabled,
            };
            let awsvpc = awsvpc.assign_public_ip(address).build().expect("subnets are given");
            let network = aws_sdk_ecs::types::NetworkConfiguration::builder();
            call = call.network_configuration(network.awsvpc_configuration(awsvpc).build());
        }
        call.send().await.expect("a service");
        pass(900).await;
        let service = seen(ecs).await;
        assert_eq!(rollout(&service), Some(&DeploymentRolloutState::Failed), "{image}");
        assert!(said(&service, "deployment failed: tasks failed to start."));
        let stopped = tasks(ecs, DesiredStatus::Stopped).await;
        assert_eq!(stopped.len(), 3, "{image}");
        let reason = stopped[0].stopped_reason().unwrap_or_default();
        assert!(reason.contains(words), "{reason}");
        assert_eq!(stopped[0].stop_code().map(|it| it.as_str()), Some(code));
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_yet_is_an_event_and_heals_by_itself() {
    let world = World::new(7).await;
    let ecs = with_cluster(&world).await;
    let revision = world.register("app").await;
    let trust = |who: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{who}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    let update = |who: &str| {
        let call = world.cx.iam().update_assume_role_policy().role_name("tasks");
        call.policy_document(trust(who)).send()
    };
    update("ec2.amazonaws.com").await.expect("an update");
    pass(120).await;
    service(&world, &revision, 1).send().await.expect("a service");
    pass(300).await;
    let waiting = seen(ecs).await;
    assert!(said(
        &waiting,
        "ECS was unable to assume the role 'arn:aws:iam::000000000000:role/tasks'"
    ));
    assert_eq!(rollout(&waiting), Some(&DeploymentRolloutState::InProgress));
    update("ecs-tasks.amazonaws.com").await.expect("an update");
    pass(400).await;
    assert_eq!(rollout(&seen(ecs).await), Some(&DeploymentRolloutState::Completed));
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_never_falls_below_the_desired_count() {
    let world = World::new(8).await;
    let ecs = with_cluster(&world).await;
    let (one, two) = (world.register("one").await, world.register("two").await);
    service(&world, &one, 2).send().await.expect("a service");
    pass(300).await;
    let call = ecs.update_service().cluster("shop").service("app").task_definition(&two);
    call.send().await.expect("an update");
    let mut most = 0;
    for _ in 0..300 {
        pass(1).await;
        let service = seen(ecs).await;
        let running = service.running_count();
        assert!(running >= 2, "{running} tasks are running");
        most = most.max(running + service.pending_count());
    }
    assert_eq!(most, 4);
    let service = seen(ecs).await;
    assert_eq!(service.deployments().len(), 1);
    assert_eq!(rollout(&service), Some(&DeploymentRolloutState::Completed));
    let running = tasks(ecs, DesiredStatus::Running).await;
    assert!(running.iter().all(|task| task.task_definition_arn() == Some(&two)));
    let call = ecs.update_service().cluster("shop").service("app").desired_count(1);
    call.send().await.expect("an update");
    pass(120).await;
    assert_eq!(seen(ecs).await.running_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_token_gives_the_same_service_and_a_draining_name_is_refused() {
    let world = World::new(9).await;
    let ecs = with_cluster(&world).await;
    let revision = world.register("app").await;
    let create = || service(&world, &revision, 1).client_token("0123").send();
    create().await.expect("a service");
    create().await.expect("the same service");
    let other = service(&world, &revision, 1).client_token("4567").send().await;
    let words = other.expect_err("a refusal").message().map(String::from);
    assert_eq!(words.as_deref(), Some("Creation of service was not idempotent."));
    pass(300).await;

    let delete = |force| ecs.delete_service().cluster("shop").service("app").force(force).send();
    let words = delete(false).await.expect_err("a refusal").message().map(String::from);
    let expected = "The service cannot be stopped while the primary deployment is scaled above 0.";
    assert_eq!(words.as_deref(), Some(expected));
    delete(true).await.expect("a deletion");
    assert_eq!(seen(ecs).await.status(), Some("DRAINING"));
    let words = create().await.expect_err("a refusal").message().map(String::from);
    assert_eq!(words.as_deref(), Some("Unable to Start a service that is still Draining."));
    pass(10).await;
    // INACTIVE as soon as nothing serves, while the task's network interface is still there.
    assert_eq!(seen(ecs).await.status(), Some("INACTIVE"));
    assert_ne!(tasks(ecs, DesiredStatus::Stopped).await[0].last_status(), Some("STOPPED"));
    let refusal = delete(true).await.expect_err("a refusal");
    assert_eq!(refusal.code(), Some("ServiceNotFoundException"));
    pass(200).await;
    assert_eq!(tasks(ecs, DesiredStatus::Stopped).await[0].last_status(), Some("STOPPED"));
    ecs.delete_cluster().cluster("shop").send().await.expect("a deletion");
    pass(4000).await;
    assert_eq!(world.simulator.inventory().count("ecs", "Task"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_instant_account_settles_at_once_and_still_paces_its_retries() {
    let world = World::instant().await;
    let ecs = with_cluster(&world).await;
    let revision = world.register("app").await;
    service(&world, &revision, 2).send().await.expect("a service");
    let steady = seen(ecs).await;
    assert_eq!(steady.running_count(), 2);
    assert_eq!(rollout(&steady), Some(&DeploymentRolloutState::Completed));
    let crash = world.register("crash").await;
    let call = ecs.update_service().cluster("shop").service("app").task_definition(crash);
    call.send().await.expect("an update");
    assert_eq!(rollout(&seen(ecs).await), Some(&DeploymentRolloutState::InProgress));
    pass(60).await;
    let failed = seen(ecs).await;
    assert_eq!(rollout(&failed), Some(&DeploymentRolloutState::Failed));
    assert_eq!(failed.running_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_empty_capacity_provider_strategy_is_none_and_a_launch_type_excludes_another() {
    let world = World::new(2).await;
    with_cluster(&world).await;
    let image = world.register("app").await;
    let strategy =
        |entries| service(&world, &image, 0).set_capacity_provider_strategy(Some(entries));
    let fargate = CapacityProviderStrategyItem::builder().capacity_provider("FARGATE");
    let fargate = fargate.build().expect("an entry");
    let refusal = strategy(vec![fargate]).send().await.expect_err("a refusal");
    assert_eq!(refusal.code(), Some("InvalidParameterException"));
    let made = strategy(Vec::new()).send().await.expect("a service").service;
    let made = made.expect("a service");
    assert_eq!(made.launch_type(), Some(&LaunchType::Fargate));
    assert!(made.capacity_provider_strategy().is_empty());
}
