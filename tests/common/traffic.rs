//! Who answers whom in the simulated account: the blue path, judged by what the account holds.

use meshctl::simulator::{
    Account,
    ecs::{service_connect, task::Task},
};

/// The host part of the demonstration's URLs, and the ports.
const BACKENDS: [(&str, i64); 2] = [("nodejs", 3001), ("crystal", 3002)];
const NAMESPACE: &str = "servicemesh-demo.local";

/// Tasks of one of the provider's services that bear traffic: running and healthy.
fn bearing<'a>(account: &'a Account, service: &str) -> Vec<&'a Task> {
    let tasks = account.ecs.tasks.all().map(|(_, task)| task);
    let of = tasks.filter(|task| {
        task.cluster_arn.ends_with("provider") && task.group == format!("service:{service}")
    });
    of.filter(|task| task.last_status == "RUNNING" && task.health(account.now) == "HEALTHY")
        .collect()
}

/// Fails unless every service of the provider has as many bearing tasks as it wants.
pub fn assert_serving(account: &Account) {
    for (_, service) in account.ecs.services.all() {
        if !service.cluster_arn.ends_with("provider") || service.status != "ACTIVE" {
            continue;
        }
        let bearing = bearing(account, &service.service_name).len();
        let wanted = usize::try_from(service.desired_count).expect("a count");
        assert!(bearing >= wanted, "{bearing} of {wanted} of {}", service.service_name);
    }
}

/// Fails unless every page that bears traffic reaches a task of every back-end.
pub fn assert_blue_path(account: &Account, ports: &[(&str, i64)]) {
    let pages = bearing(account, "frontend");
    assert!(!pages.is_empty(), "no page");
    for page in pages {
        for (name, port) in ports {
            let reached = match page.resolves.is_empty() {
                true => by_app_mesh(account, page, name),
                false => by_service_connect(account, page, name, *port),
            };
            assert!(reached, "a page does not reach {name}: {:?}", page.resolves);
        }
    }
}

/// The ports of the mesh, as the services of the account's endpoints or routers have them.
pub fn ports(account: &Account) -> Vec<(&'static str, i64)> {
    let port = |(name, default): (&'static str, i64)| {
        let host = format!("{name}.{NAMESPACE}");
        let mut endpoints = account.ecs.endpoints.values();
        let alias = endpoints.find(|it| it.alias.0 == host).map(|it| it.alias.1);
        (name, alias.unwrap_or(default))
    };
    BACKENDS.into_iter().map(port).collect()
}

fn by_service_connect(account: &Account, page: &Task, name: &str, port: i64) -> bool {
    let host = format!("{name}.{NAMESPACE}");
    let answering = service_connect::answering(account, page, &host, port);
    answering.iter().any(|task| task.health(account.now) == "HEALTHY")
}

/// By virtual service, route, virtual node and Cloud Map to a healthy task; Envoy's role must let it
/// ask for all this.
fn by_app_mesh(account: &Account, page: &Task, name: &str) -> bool {
    let there = |part: String| account.appmesh.objects.known(&part).is_some();
    let mesh = "mesh/servicemesh-demo";
    let parts = there(format!("{mesh}/virtualService/{name}.{NAMESPACE}"))
        && there(format!("{mesh}/virtualRouter/{name}-router/route/{name}"))
        && there(format!("{mesh}/virtualNode/{name}-ecs"));
    let key = page.task_definition_arn.rsplit('/').next().unwrap_or_default();
    let role = account.ecs.task_definitions.known(key).and_then(|it| it.task_role_arn.clone());
    let permitted = role.is_some_and(|role| meshctl::simulator::iam::exists(account, &role));
    let mut services = account.servicediscovery.services.all().map(|(_, service)| service);
    let registered = services.find(|service| service.name == name);
    let healthy = registered.is_some_and(|service| {
        let ids: Vec<&str> = bearing(account, name)
            .iter()
            .map(|task| task.task_arn.rsplit('/').next().unwrap_or_default())
            .collect();
        let mut instances = service.instances.iter();
        instances.any(|(id, it)| it.health == "HEALTHY" && ids.contains(&id.as_str()))
    });
    parts && permitted && healthy
}
