//! Who answers whom in the simulated account: the blue path and the red one, judged by what the
//! account holds.

use meshctl::simulator::{
    Account,
    apigateway::invoke,
    ec2::{network_interface::NetworkInterface, security_group_rule::SecurityGroupRule},
    ecs::{service_connect, task::Task},
    elasticloadbalancingv2::{action, target_health},
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
            for backend in bearing(account, name) {
                let why = barred(account, page, backend);
                assert_eq!(why, None, "{} to {} of {name}", page.ip, backend.ip);
            }
        }
    }
}

/// What keeps a page's packets from the port on which a back-end's container listens: the groups of
/// the page's interface, by what they let out, or those of the back-end's, by what they let in.
fn barred(account: &Account, page: &Task, backend: &Task) -> Option<String> {
    let interface = |task: &Task| {
        let id = task.interface.as_deref().expect("a task that runs has an interface");
        account.ec2.network_interfaces.known(id).expect("its interface").clone()
    };
    let (from, to) = (interface(page), interface(backend));
    let key = backend.task_definition_arn.rsplit('/').next().unwrap_or_default();
    let definition = account.ecs.task_definitions.known(key).expect("a task definition");
    let ports = definition.container_definitions.iter().filter_map(|container| {
        container.pointer("/portMappings/0/containerPort").and_then(serde_json::Value::as_i64)
    });
    let port = ports.max().expect("a back-end listens");
    let passes = |at: &NetworkInterface, peer: &NetworkInterface, egress: bool| {
        let rules = account.ec2.security_group_rules.all().map(|(_, rule)| rule);
        let mut rules = rules.filter(|rule| {
            rule.is_egress == egress
                && at.groups.iter().any(|group| group.group_id == rule.group_id)
        });
        rules.any(|rule| admits(rule, peer, port))
    };
    let name = |at: &NetworkInterface| {
        at.groups.iter().map(|group| group.group_name.clone()).collect::<Vec<_>>().join(", ")
    };
    if !passes(&from, &to, true) {
        return Some(format!("{} lets nothing out to port {port}", name(&from)));
    }
    (!passes(&to, &from, false))
        .then(|| format!("{} does not admit {}:{port}", name(&to), name(&from)))
}

/// Whether a rule is about TCP on this port with this peer.
fn admits(rule: &SecurityGroupRule, peer: &NetworkInterface, port: i64) -> bool {
    let of_port = rule.ip_protocol == "-1"
        || rule.ip_protocol == "tcp" && (rule.from_port..=rule.to_port).contains(&port);
    let address: std::net::Ipv4Addr = peer.private_ip_address.parse().expect("an address");
    let by_range = rule
        .cidr_ipv4
        .as_deref()
        .is_some_and(|range| range.parse::<ipnet::Ipv4Net>().expect("a range").contains(&address));
    let by_group = rule
        .referenced_group_info
        .as_ref()
        .is_some_and(|source| peer.groups.iter().any(|group| group.group_id == source.group_id));
    of_port && (by_range || by_group)
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

/// Fails unless every page of the consumer reaches a healthy task of every back-end by the URLs that
/// it was given: the endpoint, the API, its link, the internal load balancer.
pub fn assert_red_path(account: &Account) {
    let endpoints = account.ec2.vpc_endpoints.all().map(|(_, endpoint)| endpoint);
    let endpoint = endpoints.into_iter().find(|it| it.state == "available");
    let endpoint = endpoint.expect("an endpoint that works");
    let tasks = account.ecs.tasks.all().map(|(_, task)| task);
    let pages: Vec<_> = tasks
        .filter(|task| task.cluster_arn.ends_with("consumer") && task.last_status == "RUNNING")
        .collect();
    assert!(!pages.is_empty(), "no page on the consumer's side");
    for page in pages {
        let urls = red_urls(account, page);
        assert_eq!(urls.len(), BACKENDS.len(), "{urls:?}");
        for url in urls {
            assert!(answers(account, &endpoint.vpc_endpoint_id, &url), "{url} does not answer");
        }
    }
}

/// The URLs of the API that a task's containers know.
fn red_urls(account: &Account, page: &Task) -> Vec<String> {
    let key = page.task_definition_arn.rsplit('/').next().unwrap_or_default();
    let definition = account.ecs.task_definitions.known(key).expect("a task definition");
    let containers = definition.container_definitions.iter();
    let variables = containers.flat_map(|it| it["environment"].as_array().into_iter().flatten());
    let values = variables.filter_map(|variable| variable["value"].as_str());
    values.filter(|value| value.contains(".execute-api.")).map(String::from).collect()
}

fn answers(account: &Account, endpoint: &str, url: &str) -> bool {
    let rest = url.strip_prefix("https://").expect("HTTPS");
    let (host, path) = rest.split_once('/').expect("a path");
    let api = host.split('.').next().unwrap_or_default();
    let (stage, path) = path.split_once('/').expect("a stage and a path");
    let hop = invoke::route(account, endpoint, api, stage, "GET", &format!("/{path}"));
    let hop = hop.unwrap_or_else(|refusal| panic!("{url}: {refusal:?}"));
    let port = hop.uri.split(':').nth(2).and_then(|rest| rest.split('/').next());
    let mut listeners = account.elb.listeners.all().map(|(_, listener)| listener);
    let listener = listeners.find(|it| {
        it.load_balancer_arn == hop.load_balancer && Some(&*it.port.to_string()) == port
    });
    let active = account.elb.load_balancers.known(&hop.load_balancer).expect("a load balancer");
    let groups = listener.map(|it| action::target_groups(&it.default_actions)).unwrap_or_default();
    let healthy = |group: &String| {
        let targets = account.elb.target_groups.known(group).map(|it| it.targets.as_slice());
        let mut targets = targets.unwrap_or_default().iter();
        targets.any(|target| target_health(account, group, &target.ip) == "healthy")
    };
    active.state.code == "active" && groups.iter().any(healthy)
}
