//! Clusters, task definitions and services against the simulated account.

use super::{
    FARGATE, FARGATE_SPOT, capacity,
    cluster::{Cluster, ClusterIdentity},
    container::{Container, ContainerHealthCheck, Proxy},
    service::{LiveService, Service, ServiceIdentity, ServiceNeeds, ServiceValues},
    task_definition::{
        TaskDefinition, TaskDefinitionIdentity, TaskDefinitionNeeds, TaskDefinitionValues,
    },
};
use crate::{
    aws::Cx,
    model::{Address, Class, Depth, Readiness, tags, tags::TagChanges},
    resources::{
        Handle, Resource,
        apigateway::rest_api::RestApiId,
        ec2::{security_group::SecurityGroupId, subnet::SubnetId},
        elasticloadbalancingv2::target_group::TargetGroupId,
        iam::role::RoleIdentity,
    },
    simulator::Simulator,
    simulator::ecs::world::{LOGS, World, cx, pass},
};
use aws_sdk_ecs::types::Tag;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, ProtocolEnum,
    TargetTypeEnum,
};
use std::collections::BTreeMap;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn handle<R: Resource>(address: &str) -> Handle<R> {
    Handle::new(Address::new(address))
}

fn at(cx: &Cx, address: &str) -> Cx {
    cx.creating(&Address::new(address), TOKEN)
}

fn cluster(name: &str) -> Cluster {
    Cluster { cluster_name: name.into(), capacity_providers: &[] }
}

async fn made_cluster(cx: &Cx) -> ClusterIdentity {
    let made = cluster("shop-provider").create(&at(cx, "provider/cluster"), &()).await;
    let made = made.expect("a cluster");
    pass(10).await;
    made
}

fn definition(image: &str) -> TaskDefinition {
    let check = |path: &str| ContainerHealthCheck {
        command: vec!["CMD-SHELL".into(), format!("curl {path}")],
        interval: 5,
        timeout: 2,
        retries: 10,
        start_period: 30,
    };
    let app = Container {
        name: "app".into(),
        image: image.into(),
        essential: true,
        user: None,
        cpu: None,
        memory: None,
        environment: BTreeMap::from([("URL".into(), "https://{rest_api_id}.execute-api/".into())]),
        port: Some(3000),
        port_name: None,
        health_check: Some(check("localhost:3000/health")),
        depends_on_healthy: vec!["envoy".into()],
        log_group: LOGS.into(),
        stream_prefix: "app".into(),
        stop_timeout: Some(5),
        start_timeout: Some(60),
        init_process: true,
    };
    let envoy = Container {
        name: "envoy".into(),
        image: "envoy".into(),
        user: Some("1337".into()),
        memory: Some(128),
        environment: BTreeMap::new(),
        port: None,
        health_check: Some(check("localhost:9901/server_info")),
        depends_on_healthy: Vec::new(),
        ..app.clone()
    };
    TaskDefinition {
        needs: TaskDefinitionNeeds {
            execution_role: handle("role/execution").created(),
            task_role: None,
            rest_api: Some(handle("api").loose()),
        },
        family: "shop-app".into(),
        cpu: 256,
        memory: 512,
        containers: vec![app, envoy],
        proxy: Some(Proxy {
            container_name: "envoy".into(),
            app_ports: vec![3000],
            ignored_uid: 1337,
            ingress: 15000,
            egress: 15001,
            egress_ignored_ips: vec!["169.254.170.2".into(), "169.254.169.254".into()],
        }),
    }
}

fn definition_values(world: &World) -> TaskDefinitionValues {
    TaskDefinitionValues {
        execution_role: RoleIdentity { arn: world.role.clone(), name: "tasks".into() },
        task_role: None,
        rest_api: Some(RestApiId { id: "abcdef1234".into(), root_resource_id: "root".into() }),
    }
}

async fn registered(world: &World, image: &str) -> TaskDefinitionIdentity {
    let cx = at(&world.cx, "provider/task-definition/app");
    definition(image).create(&cx, &definition_values(world)).await.expect("a revision")
}

/// A target group of `ip` targets behind a network load balancer.
async fn target_group(world: &World, listener: bool) -> TargetGroupId {
    let elb = world.cx.elb();
    let call = elb.create_target_group().name("shop-app").protocol(ProtocolEnum::Tcp).port(3000);
    let call = call.vpc_id(&world.vpc).target_type(TargetTypeEnum::Ip);
    let call = call.health_check_interval_seconds(5).health_check_timeout_seconds(4);
    let made = call.send().await.expect("a target group");
    let made = made.target_groups().first().expect("one").clone();
    let arn = made.target_group_arn().expect("its ARN").to_owned();
    if listener {
        let call = elb.create_load_balancer().name("shop").r#type(LoadBalancerTypeEnum::Network);
        let call = call.scheme(LoadBalancerSchemeEnum::Internal);
        let made = call.set_subnets(Some(world.subnets.clone())).send().await.expect("one");
        let balancer = made.load_balancers().first().and_then(|it| it.load_balancer_arn());
        let forward = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(&arn);
        let call = elb.create_listener().load_balancer_arn(balancer.expect("its ARN"));
        let call = call.protocol(ProtocolEnum::Tcp).port(3000).default_actions(forward.build());
        call.send().await.expect("a listener");
    }
    TargetGroupId { arn, name: "shop-app".into() }
}

fn service(desired_count: i32) -> Service {
    Service {
        needs: ServiceNeeds {
            cluster: handle("provider/cluster").created(),
            task_definition: handle("provider/task-definition/app").loose(),
            subnets: Vec::new(),
            security_groups: Vec::new(),
            target_group: None,
            registry: None,
            namespace: None,
            after: Vec::new(),
            gates: Vec::new(),
        },
        service_name: "app".into(),
        assign_public_ip: false,
        capacity_provider: FARGATE,
        desired_count,
        container_name: "app".into(),
        container_port: 3000,
        health_check_grace_period_seconds: Some(60),
        service_connect: None,
    }
}

async fn service_values(world: &World, listener: bool) -> ServiceValues {
    ServiceValues {
        cluster: made_cluster(&world.cx).await,
        task_definition: registered(world, "app").await,
        // In another order than ours: sets are compared, not lists.
        subnets: world.subnets.iter().rev().cloned().map(SubnetId).collect(),
        security_groups: vec![SecurityGroupId(world.group.clone())],
        target_group: Some(target_group(world, listener).await),
        registry: None,
        namespace: None,
        after: Vec::new(),
        gates: Vec::new(),
    }
}

async fn live(cx: &Cx, id: &ServiceIdentity) -> LiveService {
    Service::read(cx, id).await.expect("an answer").expect("the service")
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_made_found_tagged_and_deleted() {
    let simulator = Simulator::seeded(1);
    let cx = cx(&simulator).await;
    let id = made_cluster(&cx).await;
    let read = || async { Cluster::read(&cx, &id).await.expect("an answer") };
    let live = read().await.expect("the cluster");
    assert_eq!(Cluster::readiness(&live), Readiness::Ready);
    assert!(cluster("shop-provider").drift(&live, &()).is_empty());
    assert!(cluster("shop-other").drift(&live, &()).replaces());

    let found = Cluster::search(&cx).await.expect("a search");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].address, Address::new("provider/cluster"));
    assert_eq!((found[0].token.as_deref(), &found[0].out), (Some(TOKEN), &id));
    let set = BTreeMap::from([("team".to_owned(), "mesh".to_owned())]);
    let changes = TagChanges { set, remove: vec![tags::TOKEN.into()] };
    Cluster::retag(&cx, &id, &changes).await.expect("tags");
    let tags = Cluster::tags(&read().await.expect("the cluster")).expect("tags");
    assert_eq!(tags.get("team").map(String::as_str), Some("mesh"));
    assert!(!tags.contains_key(tags::TOKEN));

    Cluster::delete(&cx, &id).await.expect("a deletion");
    assert!(read().await.is_none());
    Cluster::delete(&cx, &id).await.expect("deleting what is gone");
    assert!(simulator.inventory().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_gets_the_providers_that_it_lacks_and_keeps_those_of_others() {
    let simulator = Simulator::seeded(1);
    let cx = cx(&simulator).await;
    let id = made_cluster(&cx).await;
    let read = || async { Cluster::read(&cx, &id).await.expect("an answer").expect("the cluster") };
    let default = Some(capacity::strategy(FARGATE).expect("a strategy"));
    let put = cx.ecs().put_cluster_capacity_providers().cluster(&id.arn);
    let put = put.capacity_providers(FARGATE).set_default_capacity_provider_strategy(default);
    put.send().await.expect("a provider");
    pass(10).await;
    assert!(cluster("shop-provider").drift(&read().await, &()).is_empty());

    let wish = Cluster { capacity_providers: &[FARGATE, FARGATE_SPOT], ..cluster("shop-provider") };
    let drift = wish.drift(&read().await, &());
    assert!(drift.touches("capacity_providers") && !drift.replaces(), "{drift}");
    wish.update(&cx, &id, &drift, &()).await.expect("an update");
    let busy = wish.update(&cx, &id, &drift, &()).await.expect_err("a refusal");
    assert_eq!(busy.class, Class::NotYet, "{busy}");
    let live = read().await;
    assert!(wish.drift(&live, &()).is_empty());
    assert!(matches!(Cluster::readiness(&live), Readiness::Waiting(_)));
    pass(10).await;
    let live = read().await;
    assert_eq!(Cluster::readiness(&live), Readiness::Ready);
    assert_eq!(live.default_capacity_provider_strategy().len(), 1);
    assert!(cluster("shop-provider").drift(&live, &()).is_empty());

    Cluster::delete(&cx, &id).await.expect("a deletion");
    let going = read().await;
    assert_eq!(Cluster::readiness(&going), Readiness::Waiting("status is DEPROVISIONING".into()));
    assert!(wish.drift(&going, &()).replaces());
    pass(10).await;
    assert!(Cluster::read(&cx, &id).await.expect("an answer").is_none());
    assert!(simulator.inventory().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_strangers_cluster_of_the_name_is_not_taken_over() {
    let simulator = Simulator::seeded(1);
    let cx = cx(&simulator).await;
    let tag = Tag::builder().key("meshctl:stack").value("other").build();
    let call = cx.ecs().create_cluster().cluster_name("shop-provider").tags(tag);
    call.send().await.expect("a stranger's cluster");
    pass(10).await;
    let refused = cluster("shop-provider").create(&at(&cx, "provider/cluster"), &()).await;
    assert_eq!(refused.expect_err("a refusal").class, Class::Stranger);
    assert!(Cluster::search(&cx).await.expect("a search").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_is_told_by_its_content_and_a_change_is_a_new_revision() {
    let world = World::new(2).await;
    let (cx, values) = (&world.cx, definition_values(&world));
    let first = registered(&world, "one").await;
    let read = |id: &TaskDefinitionIdentity, depth| {
        let (cx, id) = (cx.at_depth(depth), id.clone());
        async move { TaskDefinition::read(&cx, &id).await.expect("an answer") }
    };
    for depth in [Depth::Listed, Depth::Full] {
        let live = read(&first, depth).await.expect("the revision");
        assert!(definition("one").drift(&live, &values).is_empty());
        assert!(definition("two").drift(&live, &values).replaces());
    }
    let live = read(&first, Depth::Full).await.and_then(|it| it.definition).expect("in full");
    let url = live.container_definitions()[0].environment()[0].value();
    assert_eq!(url, Some("https://abcdef1234.execute-api/"));

    let second = registered(&world, "two").await;
    assert!(second.arn.ends_with(":task-definition/shop-app:2"));
    assert_ne!(first.content, second.content);
    let mut found = TaskDefinition::search(cx).await.expect("a search");
    found.sort_by_key(|found| found.rank);
    let ranks: Vec<_> = found.iter().map(|found| (found.rank, &found.out)).collect();
    assert_eq!(ranks, [(1, &first), (2, &second)]);
    assert_eq!(found[1].address, Address::new("provider/task-definition/app"));

    TaskDefinition::delete(cx, &first).await.expect("a deletion");
    assert!(read(&first, Depth::Full).await.is_none());
    assert!(read(&second, Depth::Full).await.is_some());
    TaskDefinition::delete(cx, &first).await.expect("deleting what is gone");
    TaskDefinition::delete(cx, &second).await.expect("a deletion");
    assert!(read(&second, Depth::Listed).await.is_none());
    pass(7200).await;
    TaskDefinition::delete(cx, &second).await.expect("deleting what is erased");
}

#[tokio::test(start_paused = true)]
async fn a_service_becomes_ready_follows_its_wish_and_leaves_nothing() {
    let world = World::new(3).await;
    let (cx, mut values) = (&world.cx, service_values(&world, true).await);
    let made = |token: &'static str| cx.creating(&Address::new("provider/service/app"), token);
    let id = service(2).create(&made(TOKEN), &values).await.expect("a service");
    let again = service(2).create(&made(TOKEN), &values).await.expect("the same service");
    assert_eq!(id, again);
    let other = service(2).create(&made("another"), &values).await;
    assert_eq!(other.expect_err("a refusal").class, Class::Exists);
    let early = live(cx, &id).await;
    assert!(service(2).drift(&early, &values).is_empty(), "{}", service(2).drift(&early, &values));
    let Readiness::Waiting(why) = Service::readiness(&early) else { panic!("too early") };
    assert!(why.starts_with("0 of 2 tasks running; (service app)"), "{why}");
    pass(400).await;
    assert_eq!(Service::readiness(&live(cx, &id).await), Readiness::Ready);

    let found = Service::search(cx).await.expect("a search");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].address, Address::new("provider/service/app"));
    assert_eq!((found[0].token.as_deref(), &found[0].out), (Some(TOKEN), &id));
    assert_eq!(Service::tags(&live(cx, &id).await), Some(found[0].tags.clone()));

    values.task_definition = registered(&world, "app:2").await;
    values.subnets.pop();
    let mut wish = service(3);
    wish.health_check_grace_period_seconds = Some(90);
    let drift = wish.drift(&live(cx, &id).await, &values);
    assert_eq!(drift.changes().len(), 4, "{drift}");
    assert!(!drift.replaces(), "{drift}");
    wish.update(cx, &id, &drift, &values).await.expect("an update");
    let after = live(cx, &id).await;
    assert!(wish.drift(&after, &values).is_empty(), "{}", wish.drift(&after, &values));
    assert!(matches!(Service::readiness(&after), Readiness::Waiting(_)));
    pass(600).await;
    assert_eq!(Service::readiness(&live(cx, &id).await), Readiness::Ready);

    Service::delete(cx, &id).await.expect("a deletion");
    let draining = live(cx, &id).await;
    assert_eq!(Service::readiness(&draining), Readiness::Waiting("status is DRAINING".into()));
    let mut stopping = false;
    for _ in 0..600 {
        pass(1).await;
        match Service::read(cx, &id).await.expect("an answer") {
            Some(live) => match Service::readiness(&live) {
                Readiness::Waiting(why) => stopping |= why.ends_with("tasks are stopping"),
                other => panic!("{other:?}"),
            },
            None => break,
        }
    }
    assert!(stopping, "INACTIVE services may still have tasks");
    assert_eq!(world.simulator.inventory().count("ecs", "Task"), 0);
    Service::delete(cx, &id).await.expect("deleting what is gone");
}

#[tokio::test(start_paused = true)]
async fn a_service_moves_between_fargate_and_spot_by_new_deployments() {
    let world = World::new(6).await;
    let (cx, values) = (&world.cx, service_values(&world, true).await);
    let spot = || Service { capacity_provider: FARGATE_SPOT, ..service(1) };
    let early = spot().create(&at(cx, "provider/service/app"), &values).await;
    let early = early.expect_err("the cluster has no such provider");
    assert_eq!(early.class, Class::NotYet, "{early}");
    let id = service(1).create(&at(cx, "provider/service/app"), &values).await;
    let id = id.expect("a service");
    pass(400).await;

    let providers = Cluster { capacity_providers: &[FARGATE, FARGATE_SPOT], ..cluster("any") };
    let standing = Cluster::read(cx, &values.cluster).await.expect("an answer");
    let lacking = providers.drift(&standing.expect("the cluster"), &());
    providers.update(cx, &values.cluster, &lacking, &()).await.expect("providers");
    for wish in [spot(), service(1), spot()] {
        let drift = wish.drift(&live(cx, &id).await, &values);
        assert!(drift.touches("capacity_provider") && !drift.replaces(), "{drift}");
        assert_eq!(drift.changes().len(), 1, "{drift}");
        wish.update(cx, &id, &drift, &values).await.expect("an update");
        let moving = live(cx, &id).await;
        assert!(wish.drift(&moving, &values).is_empty());
        assert!(matches!(Service::readiness(&moving), Readiness::Waiting(_)));
        pass(600).await;
        assert_eq!(Service::readiness(&live(cx, &id).await), Readiness::Ready);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_waits_for_its_target_groups_listener() {
    let world = World::new(4).await;
    let values = service_values(&world, false).await;
    let made = service(1).create(&at(&world.cx, "provider/service/app"), &values).await;
    let refusal = made.expect_err("a refusal");
    assert_eq!(refusal.class, Class::NotYet);
    assert!(refusal.message.ends_with("does not have an associated load balancer."), "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_says_why_and_is_tried_again_by_the_next_update() {
    let world = World::new(5).await;
    let (cx, values) = (&world.cx, service_values(&world, true).await);
    let logs = || world.cx.logs().delete_log_group().log_group_name(LOGS).send();
    logs().await.expect("a deletion");
    let id = service(1).create(&at(cx, "provider/service/app"), &values).await;
    let id = id.expect("a service");
    pass(600).await;
    // The wait for readiness looks at what is listed, and must learn the reason too.
    let failed = live(&cx.at_depth(Depth::Listed), &id).await;
    let Readiness::Failed(why) = Service::readiness(&failed) else { panic!("it cannot work") };
    assert!(why.starts_with("ECS deployment circuit breaker: tasks failed to start."), "{why}");
    assert!(why.contains("ResourceInitializationError"), "{why}");

    let call = world.cx.logs().create_log_group().log_group_name(LOGS);
    call.send().await.expect("a log group");
    let drift = service(1).drift(&failed, &values);
    assert!(drift.touches("rollout_state") && !drift.replaces(), "{drift}");
    service(1).update(cx, &id, &drift, &values).await.expect("an update");
    assert!(service(1).drift(&live(cx, &id).await, &values).is_empty());
    pass(400).await;
    assert_eq!(Service::readiness(&live(cx, &id).await), Readiness::Ready);
}
