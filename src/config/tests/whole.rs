//! Whole files: those that we ship, the documentation, many faults at once, and any text at all.

use super::*;
use crate::config::{Capacity, Expose, HealthCheck, Nat, file::Reader, keys};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn shipped(path: &str) -> Config {
    Config::load(&project(path)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_demonstration_is_the_environment_that_the_topology_describes() {
    let demo = shipped("config/demo.toml");
    assert_eq!(demo.namespace(), "servicemesh-demo.local");
    assert_eq!(demo.network.nat, Nat::PerAz);
    assert_eq!(demo.network.availability_zones, 2);
    assert_eq!(demo.network.consumer.private[2].to_string(), "10.1.102.0/24");
    assert_eq!(demo.warnings(), Vec::<String>::new());
    let services = demo.services.iter().map(|service| {
        (service.name.as_str(), service.expose, service.router_port(), service.path.as_str())
    });
    assert_eq!(
        services.collect::<Vec<_>>(),
        [
            ("frontend", Expose::Public, 80, "/"),
            ("nodejs", Expose::Api, 3001, "/"),
            ("crystal", Expose::Api, 3002, "/crystal/"),
        ]
    );
    assert_eq!(demo.service("frontend").map(|f| f.backends.len()), Some(2));
}

#[test]
fn what_the_demonstration_says_of_the_network_and_the_stack_are_the_defaults() {
    let defaults = parsed(&top(""));
    let demo = shipped("config/demo.toml");
    assert_eq!(Config { services: defaults.services.clone(), ..demo }, defaults);
    let health = HealthCheck { interval_seconds: 5, timeout_seconds: 2, healthy: 2, unhealthy: 2 };
    let cart = &defaults.services[1];
    assert_eq!((cart.port, cart.desired, cart.cpu, cart.memory), (3000, 2, 512, 1024));
    assert_eq!((cart.path.as_str(), cart.health_path.as_str()), ("/", "/health"));
    assert_eq!(cart.health, health);
    let page = HealthCheck { interval_seconds: 6, timeout_seconds: 5, healthy: 2, unhealthy: 3 };
    assert_eq!(defaults.services[0].health, page);
    assert_eq!(defaults.api.timeout_ms, 29000);
}

#[test]
fn three_zones_have_one_gateway_each_side() {
    let config = shipped("config/three-az.toml");
    assert_eq!(config.network.availability_zones, 3);
    assert_eq!(config.network.nat, Nat::Single);
    assert_eq!(config.warnings(), Vec::<String>::new());
}

#[test]
fn without_nat_gateways_tasks_show_the_public_subnets_and_take_no_addresses() {
    let text = "network = { nat = \"none\", availability_zones = 3 }\n".to_string()
        + &top("").replace("cart:1", "ecsdemo-nodejs:latest");
    let config = parsed(&text);
    assert_eq!(config.network.nat, Nat::None);
    let warnings = config.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].starts_with("network.provider.public is not 10.x.100.0/24"),
        "{warnings:?}"
    );
    assert!(
        warnings[1].starts_with("network.consumer.public is not 10.x.100.0/24"),
        "{warnings:?}"
    );
}

#[test]
fn a_service_runs_on_what_the_file_says_unless_it_says_otherwise() {
    let on = |text: &str| parsed(text).services.iter().map(|it| it.capacity).collect::<Vec<_>>();
    let (fargate, spot) = (Capacity::Fargate, Capacity::FargateSpot);
    assert_eq!(on(&top("")), [fargate, fargate]);
    let all = top("capacity = \"fargate-spot\"");
    assert_eq!(on(&all), [spot, spot]);
    let own = "image = \"cart:1\"";
    let cart =
        |text: &str, capacity: &str| text.replace(own, &format!("{own}\ncapacity = {capacity:?}"));
    assert_eq!(on(&cart(&top(""), "fargate-spot")), [fargate, spot]);
    assert_eq!(on(&cart(&all, "fargate")), [spot, fargate]);
}

#[test]
fn what_may_surprise_is_a_warning() {
    let text = changed("\"api\"", "\"mesh\"").replace("cart:1", "ecsdemo-nodejs:latest");
    let network = "network.availability_zones = 3\n\
                   network.consumer.private = [\"10.1.102.0/24\", \"10.1.101.0/24\", \
                   \"10.1.100.0/24\"]\n";
    assert_eq!(
        parsed(&(network.to_string() + &text)).warnings(),
        [
            "network.nat = \"per-az\" in 3 zones takes 6 Elastic IPs and the default quota is 5 \
             per region; raise \"EC2-VPC Elastic IPs\" first or set network.nat = \"single\" or \
             \"none\"",
            "\"shop\" calls \"cart\", which is not in the API, so its copy in the consumer VPC \
             cannot; set expose = \"api\" on \"cart\" if it should",
            "network.consumer.private is not 10.x.100.0/24, 10.x.101.0/24, 10.x.102.0/24, by which \
             the demo's images tell their zones; they will show other letters or \"AZ-unknown\"",
        ]
    );
}

#[test]
fn envoys_image_is_found_in_every_region() {
    let mesh = parsed(&top("")).mesh;
    assert_eq!(
        mesh.envoy_image_in("eu-west-1"),
        "840364872350.dkr.ecr.eu-west-1.amazonaws.com/aws-appmesh-envoy:v1.34.13.3-prod"
    );
    assert_eq!(
        mesh.envoy_image_in("eu-south-1"),
        "422531588944.dkr.ecr.eu-south-1.amazonaws.com/aws-appmesh-envoy:v1.34.13.3-prod"
    );
    assert_eq!(
        mesh.envoy_image_in("cn-north-1"),
        "919366029133.dkr.ecr.cn-north-1.amazonaws.com.cn/aws-appmesh-envoy:v1.34.13.3-prod"
    );
    let mesh = parsed(&top("mesh.envoy_image = \"mirror/{region}/envoy:1\"")).mesh;
    assert_eq!(mesh.envoy_image_in("eu-south-1"), "mirror/eu-south-1/envoy:1");
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    let error = Config::load(Path::new("no/such.toml")).expect_err("there is no such file");
    assert_eq!(
        error.to_string(),
        "no/such.toml: one fault\n  the file cannot be read: No such file or directory (os error \
         2); name another one with --config, or start from a copy of config/demo.toml"
    );
}

#[test]
fn every_fault_is_shown_at_once_in_the_order_of_lines() {
    let text = r#"stack = "Shop"
regoin = "eu-west-1"
log_retention_days = 2

[network]
natt = "single"
availability_zones = 3

[network.consumer]
cidr = "10.1.99.0/20"

[[service]]
name = "shop"
expose = "public"
backends = ["crat", "shop"]

[service.environment]
PASSWORD = 12345

[[service]]
name = "cart"
image = "cart:1"
port = 70000
cpu = 1024
memory = 1024

[service.health]
timeout_seconds = 5
"#;
    let error = Config::parse(text, "config/shop.toml").expect_err("it is full of faults");
    let shown = r#"config/shop.toml: 13 faults
  line 1: stack = "Shop" cannot be in the name of every resource; use 2 to 32 small letters, digits, and hyphens, a letter first and no hyphen last
  line 2: regoin is not a key; did you mean "region"?
  line 3: log_retention_days = 2 is not a choice here; give 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, or 3653
  line 6: network.natt is not a key; did you mean "nat"?
  line 10: network.consumer.cidr = "10.1.99.0/20" has address bits beyond its /20; write "10.1.96.0/20"
  line 12: service "shop".image is missing; give the service an image
  line 15: service "shop".backends = "crat" is no service; did you mean "cart"?
  line 15: service "shop".backends = "shop" is the service itself; take it away
  line 18: service "shop".environment.PASSWORD is a number, not text; put it in quotes
  line 20: service "cart".mesh_port is missing; give the port on which others reach it, one that no other service has
  line 23: service "cart".port = 70000 is not a port; give a number from 1 to 65535
  line 25: service "cart".memory = 1024 does not go with cpu = 1024 on Fargate; give 2048 to 8192 in steps of 1024
  line 28: service "cart".health.timeout_seconds = 5 reaches the next check, 5 s later; make it less than interval_seconds"#;
    assert_eq!(error.to_string(), shown);
}

#[test]
fn the_reader_asks_for_every_key_of_the_table_and_no_other() {
    let text = top("");
    let root = DeTable::parse(&text).expect("it is TOML");
    let mut reader = Reader::new(&text, root.get_ref());
    reader.config(root.get_ref());
    let table: Vec<&str> = keys::KEYS.iter().map(|key| key.path).collect();
    assert_eq!(reader.asked, table.iter().copied().collect());
    assert_eq!(reader.asked.len(), table.len(), "a key is in the table twice");
}

#[test]
fn the_documentation_is_the_table_of_keys() {
    let path = project("docs/configuration.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, keys::markdown()).expect("docs/ can be written");
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == keys::markdown(), "run UPDATE_DOCS=1 cargo test config, and commit the page");
}

#[test]
fn the_documentations_example_is_a_whole_configuration() {
    let page = keys::markdown();
    let example = page.split("```").nth(1).and_then(|block| block.strip_prefix("toml\n"));
    assert_eq!(parsed(example.expect("the page has an example")).services.len(), 2);
}

const DEMO: &str = include_str!("../../../config/demo.toml");

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in ".*") {
        let _ = Config::parse(&text, "any.toml").map_err(|error| error.to_string());
    }

    #[test]
    fn any_value_of_any_key_is_read_without_a_panic(
        key in prop::sample::select(keys::KEYS),
        value in prop::sample::select(vec![
            "1", "-1", "9223372036854775807", "1e9", "nan", "\"\"", "\"a\"", "\"é\\u0000\\n\"",
            "\"0.0.0.0/0\"", "\"255.255.255.255/32\"", "[]", "[[]]", "[1, \"a\"]", "{}",
            "{ a = {} }", "1979-05-27", "true", "[\"0.0.0.0/0\", \"10.0.0.0/33\"]",
        ]),
    ) {
        let path = key.path.replace('*', "\"any name\"");
        let text = match path.strip_prefix("service.") {
            Some(path) => format!("{SHOP}\n[[service]]\n{path} = {value}\n"),
            None => top(&format!("{path} = {value}")),
        };
        if let Ok(config) = Config::parse(&text, "any.toml") {
            config.warnings();
        }
    }

    #[test]
    fn the_demonstration_with_a_part_cut_out_is_read_without_a_panic(
        from in 0..DEMO.len(), length in 0usize..400, put in "[\\[\\]{}=\",.#\n a-z0-9]{0,8}"
    ) {
        let to = DEMO.len().min(from + length);
        let text = format!("{}{put}{}", &DEMO[..from], &DEMO[to..]);
        if let Ok(config) = Config::parse(&text, "any.toml") {
            config.warnings();
        }
    }
}
