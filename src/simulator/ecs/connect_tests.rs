//! Service Connect through the SDK's client.

use super::{
    service_connect::answering,
    world::{World, pass},
};
use aws_sdk_ecs::types::{
    ContainerDefinition, LaunchType, NetworkMode, PortMapping, Service,
    ServiceConnectClientAlias as Alias, ServiceConnectConfiguration as Config,
    ServiceConnectService as Offer,
};

const NAMESPACE: &str = "shop.local";

async fn world() -> World {
    let world = World::new(5).await;
    let call = world.cx.servicediscovery().create_private_dns_namespace();
    call.name(NAMESPACE).vpc(&world.vpc).send().await.expect("an operation");
    pass(120).await;
    let call = world.cx.ecs().create_cluster().cluster_name("shop");
    call.send().await.expect("a cluster");
    world
}

fn offer(port_name: &str, alias: &str, port: i32) -> Offer {
    let alias = Alias::builder().dns_name(alias).port(port).build().expect("a port is given");
    let offer = Offer::builder().port_name(port_name).discovery_name("cart_connect");
    offer.client_aliases(alias).build().expect("a port name is given")
}

fn member(offers: Vec<Offer>) -> Config {
    let config = Config::builder().enabled(true).namespace(NAMESPACE);
    config.set_services((!offers.is_empty()).then_some(offers)).build()
}

impl World {
    async fn definition(&self) -> String {
        let port = PortMapping::builder().container_port(3000).name("cart").build();
        let app = ContainerDefinition::builder().name("app").image("app").port_mappings(port);
        let call = self.cx.ecs().register_task_definition().family("cart").cpu("256").memory("512");
        let call = call.network_mode(NetworkMode::Awsvpc).execution_role_arn(&self.role);
        let call = call.requires_compatibilities(aws_sdk_ecs::types::Compatibility::Fargate);
        let made = call.container_definitions(app.build()).send().await.expect("a revision");
        made.task_definition.and_then(|it| it.task_definition_arn).expect("its ARN")
    }

    async fn service(&self, name: &str, config: Config) -> Result<Service, String> {
        let definition = self.definition().await;
        let call = self.cx.ecs().create_service().cluster("shop").service_name(name);
        let call = call.task_definition(definition).desired_count(1);
        let call = call.launch_type(LaunchType::Fargate).network_configuration(self.network());
        let made = call.service_connect_configuration(config).send().await;
        let made = made.map_err(|error| error.into_service_error().to_string())?;
        Ok(made.service.expect("the service"))
    }

    /// How many tasks answer the tasks of `page`.
    fn reached(&self) -> Vec<usize> {
        self.simulator.behind(|account| {
            let tasks = account.ecs.tasks.all().map(|(_, task)| task);
            let pages =
                tasks.filter(|it| it.group == "service:page" && it.last_status == "RUNNING");
            pages.map(|page| answering(account, page, "cart.shop.local", 3001).len()).collect()
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_knows_what_existed_when_its_deployment_began() {
    let world = world().await;
    world.service("page", member(Vec::new())).await.expect("a client");
    pass(30).await;
    let cart = offer("cart", "cart.shop.local", 3001);
    world.service("cart", member(vec![cart])).await.expect("a server");
    pass(300).await;
    assert_eq!(world.reached(), [0], "it began before the endpoint");
    let call = world.cx.ecs().update_service().cluster("shop").service("page");
    call.force_new_deployment(true).send().await.expect("an update");
    pass(300).await;
    assert_eq!(world.reached(), [1]);
    let proxies = world.simulator.behind(|account| {
        let tasks = account.ecs.tasks.all().map(|(_, task)| task);
        let running = tasks.filter(|task| task.last_status == "RUNNING");
        let proxied = |name: &str| name.starts_with("ecs-service-connect-");
        running.filter(|task| task.containers.iter().any(|it| proxied(&it.name))).count()
    });
    assert_eq!(proxies, 2);

    let call = world.cx.ecs().list_services_by_namespace().namespace(NAMESPACE);
    assert_eq!(call.send().await.expect("a list").service_arns().len(), 2);
    let call = world.cx.ecs().delete_service().cluster("shop").service("cart").force(true);
    call.send().await.expect("a deletion");
    pass(10).await;
    assert_eq!(world.simulator.inventory().count("servicediscovery", "Service"), 1, "some time");
    pass(600).await;
    assert_eq!(world.simulator.inventory().count("servicediscovery", "Service"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused() {
    let world = world().await;
    let refused =
        |config: Config| async { world.service("other", config).await.expect_err("a refusal") };
    let elsewhere = Config::builder().enabled(true).namespace("nowhere").build();
    assert!(refused(elsewhere).await.contains("NamespaceNotFound"));
    let unnamed = refused(member(vec![offer("web", "cart.shop.local", 3001)])).await;
    assert!(unnamed.contains("portName web"), "{unnamed}");
    let cart = || offer("cart", "cart.shop.local", 3001);
    world.service("cart", member(vec![cart()])).await.expect("a server");
    let taken = refused(member(vec![cart()])).await;
    assert!(taken.contains("cart_connect is already in use"), "{taken}");
}
