//! Clusters, task definitions, services, tasks.

use super::{World, text, trust};
use crate::simulator::ecs::world::{World as Network, pass};
use aws_sdk_ecs::{
    error::ProvideErrorMetadata,
    types::{CapacityProviderStrategyItem, LaunchType, LoadBalancer},
};
use serde_json::{Value, json};

/// The code and words of a refusal.
fn said<T: std::fmt::Debug, E: ProvideErrorMetadata>(answer: Result<T, E>) -> (String, String) {
    let error = answer.expect_err("a refusal");
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (text(error.code()), text(error.message()))
}

#[test]
fn what_is_unknown_is_listed_as_missing_and_a_list_has_its_length() {
    let mut world = World::seeded(1);
    world.ok("ecs:CreateCluster", json!({ "clusterName": "shop" }));
    let none = json!({ "cluster": "shop", "services": ["none"] });
    let none = world.ok("ecs:DescribeServices", none);
    assert_eq!(none["failures"][0]["reason"], "MISSING");
    let names: Vec<String> = (0..11).map(|at| format!("service-{at}")).collect();
    let many = json!({ "cluster": "shop", "services": names });
    assert_eq!(world.code("ecs:DescribeServices", many), "InvalidParameterException");
    let nowhere = json!({ "cluster": "none", "services": ["none"] });
    assert_eq!(world.code("ecs:DescribeServices", nowhere), "ClusterNotFoundException");
}

#[test]
fn a_cluster_with_capacity_providers_is_provisioned_for_some_seconds() {
    let mut world = World::seeded(1);
    let input = json!({ "clusterName": "shop", "capacityProviders": ["FARGATE"] });
    let made = world.ask("ecs:CreateCluster", input).expect("a cluster");
    assert_eq!(made["cluster"]["status"], "PROVISIONING");
    world.pass(30);
    let seen = world.ok("ecs:DescribeClusters", json!({ "clusters": ["shop"] }));
    assert_eq!(seen["clusters"][0]["status"], "ACTIVE");
}

#[test]
fn the_providers_of_a_cluster_change_one_after_the_other_and_go_with_it_in_seconds() {
    let mut world = World::seeded(1);
    world.ok("ecs:CreateCluster", json!({ "clusterName": "shop" }));
    let put = |providers: Value, strategy: Value| {
        json!({
            "cluster": "shop", "capacityProviders": providers,
            "defaultCapacityProviderStrategy": strategy,
        })
    };
    let both = put(json!(["FARGATE", "FARGATE_SPOT"]), json!([]));
    let changed = world.ask("ecs:PutClusterCapacityProviders", both.clone()).expect("a change");
    assert_eq!(changed["cluster"]["status"], "ACTIVE");
    assert_eq!(changed["cluster"]["attachmentsStatus"], "UPDATE_IN_PROGRESS");
    for (action, input) in [
        ("ecs:PutClusterCapacityProviders", both),
        ("ecs:DeleteCluster", json!({ "cluster": "shop" })),
    ] {
        let busy = world.ask(action, input).expect_err(action);
        assert_eq!(busy.code, "UpdateInProgressException");
    }
    world.pass(30);
    let asked = json!({ "clusters": ["shop"], "include": ["ATTACHMENTS"] });
    let seen = world.ok("ecs:DescribeClusters", asked);
    assert_eq!(seen["clusters"][0]["attachmentsStatus"], "UPDATE_COMPLETE");
    let elsewhere = put(json!(["FARGATE"]), json!([{ "capacityProvider": "FARGATE_SPOT" }]));
    let (code, message) = world.refused("ecs:PutClusterCapacityProviders", elsewhere);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("not associated with the cluster"), "{message}");

    let gone = world.ask("ecs:DeleteCluster", json!({ "cluster": "shop" })).expect("a deletion");
    assert_eq!(gone["cluster"]["status"], "DEPROVISIONING");
    world.pass(30);
    let seen = world.ok("ecs:DescribeClusters", json!({ "clusters": ["shop"] }));
    assert_eq!(seen["clusters"][0]["status"], "INACTIVE");
}

#[tokio::test(start_paused = true)]
async fn a_strategy_names_providers_of_the_cluster_and_another_one_is_a_new_deployment() {
    let network = Network::new(14).await;
    let ecs = network.cx.ecs();
    let item = |provider: &str, weight, base| {
        let item = CapacityProviderStrategyItem::builder().capacity_provider(provider);
        item.weight(weight).base(base).build().expect("an item")
    };
    let cluster = ecs.create_cluster().cluster_name("shop").capacity_providers("FARGATE");
    cluster.send().await.expect("a cluster");
    let revision = network.register("app").await;
    let service = |name: &str| {
        let call = ecs.create_service().cluster("shop").service_name(name).desired_count(4);
        call.task_definition(&revision).network_configuration(network.network())
    };
    let spot = |base| vec![item("FARGATE", 0, base), item("FARGATE_SPOT", 1, 0)];
    let early = service("app").set_capacity_provider_strategy(Some(spot(1))).send().await;
    assert_eq!(said(early).0, "ClusterNotFoundException", "the cluster is still provisioned");
    pass(30).await;
    let refused = service("app").set_capacity_provider_strategy(Some(spot(1))).send().await;
    let (code, message) = said(refused);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("not associated with the cluster"), "{message}");
    let put = |providers: &[&str]| {
        let call = ecs.put_cluster_capacity_providers().cluster("shop");
        let call = call.set_default_capacity_provider_strategy(Some(Vec::new()));
        let providers = providers.iter().map(|it| (*it).to_owned()).collect();
        call.set_capacity_providers(Some(providers)).send()
    };
    put(&["FARGATE", "FARGATE_SPOT"]).await.expect("both");
    pass(30).await;

    let made = service("app").set_capacity_provider_strategy(Some(spot(1))).send().await;
    let made = made.expect("a service").service.expect("the service");
    assert_eq!(made.launch_type(), None);
    let deployment = &made.deployments()[0];
    assert_eq!(deployment.capacity_provider_strategy(), made.capacity_provider_strategy());
    pass(400).await;
    let on = async || {
        let all = ecs.list_tasks().cluster("shop").send().await.expect("a list").task_arns;
        let tasks = ecs.describe_tasks().cluster("shop").set_tasks(all).send().await;
        let tasks = tasks.expect("tasks").tasks.unwrap_or_default();
        assert!(tasks.iter().all(|task| task.launch_type() == Some(&LaunchType::Fargate)));
        let of = |name| tasks.iter().filter(|it| it.capacity_provider_name() == Some(name)).count();
        [of("FARGATE"), of("FARGATE_SPOT")]
    };
    assert_eq!(on().await, [1, 3], "the base, and then by weight");
    assert_eq!(said(put(&["FARGATE"]).await).0, "ResourceInUseException");

    let update = |name: &str, items| {
        let call = ecs.update_service().cluster("shop").service(name);
        call.set_capacity_provider_strategy(Some(items))
    };
    let (code, message) = said(update("app", spot(2)).send().await);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.ends_with("you must force a new deployment."), "{message}");
    update("app", spot(2)).force_new_deployment(true).send().await.expect("an update");
    pass(400).await;
    assert_eq!(on().await, [2, 2]);
    let back = update("app", Vec::new()).force_new_deployment(true).send().await;
    let (code, message) = said(back);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.starts_with("No launch type to fall back to"), "{message}");

    // One that was made with a launch type goes back to it.
    let by_type = service("other").launch_type(LaunchType::Fargate).send().await;
    by_type.expect("a service");
    let moved = update("other", spot(0)).force_new_deployment(true).send().await;
    assert_eq!(moved.expect("an update").service.expect("it").launch_type(), None);
    let back = update("other", Vec::new()).force_new_deployment(true).send().await;
    let back = back.expect("an update").service.expect("the service");
    assert_eq!(back.launch_type(), Some(&LaunchType::Fargate));
    assert!(back.capacity_provider_strategy().is_empty());
}

#[test]
fn registering_asks_whether_a_role_is_there_and_not_whom_it_trusts() {
    let mut world = World::seeded(1);
    let input = json!({
        "family": "app", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": "arn:aws:iam::000000000000:role/other",
        "containerDefinitions": [{ "name": "app", "image": "app" }],
    });
    let (code, message) = world.refused("ecs:RegisterTaskDefinition", input.clone());
    assert_eq!((&*code, &*message), ("ClientException", "Role is not valid"));
    let trust = trust("ec2.amazonaws.com");
    let role = json!({ "RoleName": "other", "AssumeRolePolicyDocument": trust.to_string() });
    world.ok("iam:CreateRole", role);
    let made = world.ok("ecs:RegisterTaskDefinition", input.clone());
    assert!(text(&made, "/taskDefinition/taskDefinitionArn").ends_with("/app:1"));
    let again = world.ok("ecs:RegisterTaskDefinition", input);
    assert_eq!(again["taskDefinition"]["revision"], 2, "always a new revision");
}

#[tokio::test(start_paused = true)]
async fn a_service_takes_what_fargate_takes_and_what_is_there() {
    let network = Network::new(11).await;
    let ecs = network.cx.ecs();
    ecs.create_cluster().cluster_name("shop").send().await.expect("a cluster");
    pass(10).await;
    let revision = network.register("app").await;
    let service = || {
        let call = ecs.create_service().cluster("shop").service_name("app").desired_count(1);
        let call = call.launch_type(aws_sdk_ecs::types::LaunchType::Fargate);
        call.task_definition(&revision).network_configuration(network.network())
    };
    let spread = aws_sdk_ecs::types::PlacementStrategy::builder();
    let spread = spread.r#type(aws_sdk_ecs::types::PlacementStrategyType::Spread).build();
    let (code, message) = said(service().placement_strategy(spread).send().await);
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(message, "Placement strategies are not supported with FARGATE launch type.");

    let unknown = service().task_definition("none:1").send().await;
    let (code, message) = said(unknown);
    assert!(matches!(&*code, "ClientException" | "InvalidParameterException"), "{code}");
    assert_eq!(message, "TaskDefinition not found.");

    let group = network.cx.elb().create_target_group().name("shop").port(3000);
    let group = group.protocol("HTTP".into()).vpc_id(&network.vpc).target_type("ip".into());
    let group = group.send().await.expect("a target group").target_groups.unwrap_or_default();
    let group = group[0].target_group_arn().expect("its ARN").to_owned();
    pass(10).await;
    let balancer = LoadBalancer::builder().target_group_arn(&group).container_name("app");
    let balancer = balancer.container_port(3000).build();
    let (code, message) = said(service().load_balancers(balancer).send().await);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.ends_with("does not have an associated load balancer."), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_task_with_a_target_stops_after_the_delay_of_deregistration() {
    // How long a deleted service is draining.
    let stopping = async |delay: u64| {
        let network = Network::new(12).await;
        let (ecs, elb) = (network.cx.ecs(), network.cx.elb());
        ecs.create_cluster().cluster_name("shop").send().await.expect("a cluster");
        let group = elb.create_target_group().name("shop").port(3000).protocol("TCP".into());
        let group = group.vpc_id(&network.vpc).target_type("ip".into()).send().await;
        let group = group.expect("a target group").target_groups.unwrap_or_default();
        let group = group[0].target_group_arn().expect("its ARN").to_owned();
        let attribute = aws_sdk_elasticloadbalancingv2::types::TargetGroupAttribute::builder();
        let attribute = attribute.key("deregistration_delay.timeout_seconds");
        let attribute = attribute.value(delay.to_string()).build();
        let call = elb.modify_target_group_attributes().target_group_arn(&group);
        call.attributes(attribute).send().await.expect("a delay");
        let balancer = elb.create_load_balancer().name("shop").r#type("network".into());
        let balancer = balancer.scheme("internal".into());
        let balancer = balancer.set_subnets(Some(network.subnets.clone())).send().await;
        let balancer = balancer.expect("a load balancer").load_balancers.unwrap_or_default();
        let action = aws_sdk_elasticloadbalancingv2::types::Action::builder();
        let action = action.r#type("forward".into()).target_group_arn(&group).build();
        let listener = elb.create_listener().port(80).protocol("TCP".into());
        let listener = listener.set_load_balancer_arn(balancer[0].load_balancer_arn.clone());
        listener.default_actions(action).send().await.expect("a listener");
        pass(300).await;
        let revision = network.register("app").await;
        let balancer = LoadBalancer::builder().target_group_arn(&group).container_name("app");
        let service = ecs.create_service().cluster("shop").service_name("app").desired_count(1);
        let service = service.launch_type(aws_sdk_ecs::types::LaunchType::Fargate);
        let service = service.load_balancers(balancer.container_port(3000).build());
        let service = service.task_definition(revision).network_configuration(network.network());
        service.send().await.expect("a service");
        pass(400).await;
        let seen = || async {
            let seen = ecs.describe_services().cluster("shop").services("app").send().await;
            seen.expect("an answer").services.and_then(|mut all| all.pop()).expect("the service")
        };
        assert_eq!(seen().await.running_count(), 1);
        let delete = ecs.delete_service().cluster("shop").service("app").force(true);
        delete.send().await.expect("a deletion");
        let began = tokio::time::Instant::now();
        while seen().await.status() == Some("DRAINING") {
            pass(1).await;
        }
        began.elapsed().as_secs()
    };
    let (short, long) = (stopping(5).await, stopping(90).await);
    assert!(short < 60 && long >= 90, "{short} s with a delay of 5, {long} s with one of 90");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_gone_is_shown_inactive_and_refuses_updates() {
    let network = Network::new(13).await;
    let ecs = network.cx.ecs();
    ecs.create_cluster().cluster_name("shop").send().await.expect("a cluster");
    pass(10).await;
    let service = ecs.create_service().cluster("shop").service_name("app").desired_count(0);
    let service = service.launch_type(aws_sdk_ecs::types::LaunchType::Fargate);
    let service = service.task_definition(network.register("app").await);
    service.network_configuration(network.network()).send().await.expect("a service");
    pass(30).await;
    ecs.delete_service().cluster("shop").service("app").send().await.expect("a deletion");
    pass(120).await;
    let seen = ecs.describe_services().cluster("shop").services("app").send().await;
    assert_eq!(seen.expect("an answer").services()[0].status(), Some("INACTIVE"));
    let update = ecs.update_service().cluster("shop").service("app").desired_count(1);
    assert_eq!(said(update.send().await).0, "ServiceNotActiveException");
    assert!(
        ecs.list_services().cluster("shop").send().await.expect("a list").service_arns().is_empty()
    );
}
