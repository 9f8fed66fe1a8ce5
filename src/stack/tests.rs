//! Names and addresses of ours stay apart from the users', whatever legal names services have.

use super::{
    Facts, build,
    mesh::{Choice, Kind},
    names,
    zones::Zones,
};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, Scope, cx::Caller},
    config::Config,
    model::{Clock, Graph},
    simulator::Simulator,
};
use proptest::prelude::*;
use std::{cell::OnceCell, collections::BTreeSet, fmt::Write};

/// Words that stand in addresses and names of ours.
const OURS: [&str; 24] = [
    "load-balancer",
    "internal-load-balancer",
    "consumer",
    "provider",
    "vpc-link",
    "endpoint",
    "vpc-endpoint",
    "envoy",
    "envoy-proxy",
    "public",
    "private",
    "internal",
    "internal-alb",
    "http",
    "task",
    "task-consumer",
    "consumer-task",
    "execution",
    "api-logs",
    "api",
    "access",
    "mesh",
    "execute-api",
    "connect",
];

/// A stack whose names are cut, or one whose names have room.
fn stacks() -> impl Strategy<Value = String> {
    prop_oneof![Just("s".repeat(2)), Just("servicemesh-demo".to_owned()), Just("long".repeat(8))]
}

/// A legal name: a word of ours, one that ends like one of ours, or any.
fn name() -> impl Strategy<Value = String> {
    let any = "[a-z]([a-z0-9-]{0,20}[a-z0-9])?";
    prop_oneof![
        proptest::sample::select(OURS.as_slice()).prop_map(String::from),
        (any, proptest::sample::select(OURS.as_slice())).prop_map(|(a, b)| format!("{a}-{b}")),
        any.prop_map(String::from),
        "[a-z]([a-z0-9-]{40,61}[a-z0-9])",
    ]
}

/// Names, and to each the services that would be called what our names for it begin with or end in.
fn services(stack: &str, drawn: &[String]) -> Vec<String> {
    let mut all: BTreeSet<String> = drawn.iter().cloned().collect();
    for name in drawn {
        all.extend(OURS.iter().map(|word| format!("{name}-{word}")));
        // What is cut ends in a hash, which a service's name may end in, too.
        let scope = scope(stack);
        for (place, cut) in [
            ("provider-", names::balancing(&scope, &format!("provider-{name}"))),
            ("internal-", names::balancing(&scope, &format!("internal-{name}"))),
            ("us-east-1-task-", names::role(&scope, &format!("task-{name}"))),
        ] {
            let rest = cut.strip_prefix(&format!("{stack}-{place}"));
            all.extend(rest.map(String::from));
        }
    }
    let legal = |name: &String| {
        name.len() <= 63
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && !name.ends_with('-')
    };
    all.into_iter().filter(legal).collect()
}

fn scope(stack: &str) -> Scope {
    Scope {
        stack: stack.into(),
        region: "us-east-1".into(),
        caller: Caller {
            account: "000000000000".into(),
            arn: String::new(),
            partition: "aws".into(),
        },
        tags: [].into(),
    }
}

/// Clients that are never asked.
fn clients() -> Clients {
    thread_local! {
        static CLIENTS: OnceCell<Clients> = const { OnceCell::new() };
    }
    let load = || {
        let endpoint = Endpoint {
            in_process: Some(Simulator::seeded(0).http_client()),
            ..Endpoint::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let load = Clients::load(&endpoint, CallLog::default());
        runtime.expect("a runtime").block_on(load)
    };
    CLIENTS.with(|clients| clients.get_or_init(load).clone())
}

/// The graph of a stack with these services, the first of them public, half of the others in the API.
fn graph(stack: &str, services: &[String], kind: Kind, balancer: &str) -> Graph {
    let mut text = format!(
        "stack = {stack:?}\napi.vpc_link = \"v2\"\napi.load_balancer = {balancer:?}\n\
         mesh.namespace = \"a.local\"\n"
    );
    for (index, name) in services.iter().enumerate() {
        let expose = match index {
            0 => "public",
            index if index % 2 == 1 && index < 100 => "api",
            _ => "mesh",
        };
        let backends = &services[1..services.len().min(4)];
        let calls = if index == 0 { backends } else { &[] };
        let port = 3000 + index;
        writeln!(
            text,
            "[[service]]\nname = {name:?}\nimage = \"a:1\"\nexpose = {expose:?}\n\
             backends = {calls:?}\nmesh_port = {port}"
        )
        .expect("a string takes it");
    }
    let config = Config::parse(&text, "test").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let facts = Facts {
        zones: Zones::named(vec!["us-east-1a".into(), "us-east-1b".into()]),
        wants_logging_role: true,
        mesh: Choice::given(kind),
    };
    build(&Cx::new(clients(), scope(stack), Clock::started(1.0)), &config, &facts)
}

/// Every name that AWS is to give, after the name space in which it must be the only one.
fn given(graph: &Graph) -> Vec<String> {
    let mut all = Vec::new();
    for (address, step) in graph.iter() {
        let (kind, wish) = (step.kind().kind().0, step.wish());
        let group = address.group();
        let text = |key: &str| wish[key].as_str().map(String::from);
        // Groups of a VPC, and services of a cluster.
        for key in ["group_name", "service_name"] {
            all.extend(text(key).map(|name| format!("{kind} {group} {name}")));
        }
        for key in
            ["role_name", "family", "log_group_name", "cluster_name", "mesh_name", "path_part"]
        {
            all.extend(text(key).map(|name| format!("{kind} {name}")));
        }
        all.extend(text("name").map(|name| format!("{kind} {name}")));
        let endpoint = &wish["service_connect"]["endpoint"];
        let discovery = endpoint["discovery_name"].as_str();
        all.extend(discovery.map(|name| format!("AWS::ServiceDiscovery::Service {name}")));
        for container in wish["containers"].as_array().into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default();
            all.push(format!("container {address} {name}"));
        }
    }
    all
}

fn twins(all: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    all.into_iter().filter(|name| !seen.insert(name.clone())).collect()
}

fn assert_apart(stack: &str, services: &[String]) {
    for kind in [Kind::AppMesh, Kind::ServiceConnect] {
        for balancer in ["network", "application"] {
            let graph = graph(stack, services, kind, balancer);
            if let Err(error) = graph.check() {
                panic!("{error}: {kind}, {balancer}, {services:?}");
            }
            let twins = twins(given(&graph));
            assert!(twins.is_empty(), "{twins:?} are given twice: {kind}, {balancer}");
        }
    }
}

#[test]
fn services_may_be_called_as_parts_of_ours() {
    let mut services: Vec<String> = OURS.iter().map(|name| (*name).to_owned()).collect();
    services.extend(["shop", "shop-envoy", "shop-http", "envoy-envoy"].map(String::from));
    for public in 0..services.len() {
        let mut turned = services.clone();
        turned.rotate_left(public);
        assert_apart("servicemesh-demo", &turned);
    }
}

#[test]
fn the_names_of_our_security_groups_and_roles_are_seen_by_this_test() {
    let services = ["shop".to_owned(), "cart".to_owned()];
    let names = given(&graph("demo", &services, Kind::AppMesh, "application"));
    for expected in [
        "AWS::EC2::SecurityGroup provider demo-provider-shop",
        "AWS::EC2::SecurityGroup provider demo-provider-load_balancer",
        "AWS::EC2::SecurityGroup consumer demo-consumer-vpc_endpoint",
        "AWS::IAM::Role demo-us-east-1-task-shop",
        "AWS::IAM::Role demo-us-east-1-consumer-task",
        "AWS::ElasticLoadBalancingV2::TargetGroup demo-internal-cart",
        "AWS::ElasticLoadBalancingV2::LoadBalancer demo-consumer",
        "AWS::Logs::LogGroup /meshctl/demo/provider/cart/envoy",
        "AWS::ECS::TaskDefinition demo-provider-cart",
        "AWS::ECS::Service consumer shop",
        "AWS::AppMesh::VirtualNode cart-ecs",
        "AWS::ServiceDiscovery::Service cart",
        "AWS::ApiGateway::Resource cart",
        "container provider/task-definition/cart envoy",
    ] {
        assert!(names.iter().any(|name| name == expected), "{expected} is not in {names:#?}");
    }
    assert_eq!(twins(["a", "b", "a"].map(String::from).to_vec()), ["a"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_legal_name_of_a_service_collides_with_a_name_or_an_address_of_ours(
        stack in stacks(), drawn in proptest::collection::vec(name(), 1..5)
    ) {
        let services = services(&stack, &drawn);
        prop_assume!(services.len() > 1);
        assert_apart(&stack, &services);
    }
}
