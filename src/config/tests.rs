//! What the configuration accepts, and what people read when it does not.

mod api;
mod mesh;
mod names;
mod network;
mod services;
mod shape;
mod tasks;
mod whole;

use super::{Config, LoadBalancerType};

/// A sound configuration, in two halves so that a test can add to either service.
const SHOP: &str = r#"[[service]]
name = "shop"
image = "shop:1"
expose = "public"
backends = ["cart"]
"#;

const CART: &str = r#"
[[service]]
name = "cart"
image = "cart:1"
expose = "api"
mesh_port = 3001
"#;

/// With keys above the services.
fn top(keys: &str) -> String {
    format!("{keys}\n{SHOP}{CART}")
}

/// With keys of the public service.
fn shop(keys: &str) -> String {
    format!("{SHOP}{keys}\n{CART}")
}

/// With keys of the other service, or with another service.
fn cart(keys: &str) -> String {
    format!("{SHOP}{CART}{keys}\n")
}

/// With something changed.
fn changed(from: &str, to: &str) -> String {
    format!("{SHOP}{CART}").replace(from, to)
}

/// A further service with a port of its own.
fn another(name: &str, port: usize) -> String {
    CART.replace("cart", name).replace("3001", &port.to_string())
}

fn parsed(text: &str) -> Config {
    Config::parse(text, "shop.toml").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The faults of a text, a line each.
fn faults(text: &str) -> String {
    let error = Config::parse(text, "shop.toml").expect_err(text);
    error.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Each text has exactly these faults.
#[track_caller]
fn refused(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        assert_eq!(faults(text), *expected, "in:\n{text}");
    }
}
