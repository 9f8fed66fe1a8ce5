//! The environments that are measured.

use crate::common::{DEMO, World, linked, linked_to_alb, without_nat};
use std::fmt::Write;

/// Names and configurations.
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("demo", DEMO.into()),
        ("demo-v2", linked()),
        ("demo-v2-alb", linked_to_alb()),
        ("no-nat", without_nat()),
        ("no-nat-v2", linked().replacen("nat = \"per-az\"", "nat = \"none\"", 1)),
        ("three-az", include_str!("../../config/three-az.toml").into()),
        ("10", services(10)),
        ("100", services(100)),
        ("300", services(300)),
        ("1000", services(1000)),
    ]
}

/// A page with two back-ends in the API, and more services that only the mesh knows.
fn services(count: usize) -> String {
    let mut config = String::from(
        "stack = \"many\"\n\
         [network.provider]\n\
         cidr = \"10.0.0.0/16\"\n\
         public = [\"10.0.0.0/24\", \"10.0.1.0/24\"]\n\
         private = [\"10.0.64.0/18\", \"10.0.128.0/18\"]\n\
         [[service]]\n\
         name = \"frontend\"\n\
         image = \"f:1\"\n\
         expose = \"public\"\n\
         backends = [\"backend-1\", \"backend-2\"]\n",
    );
    for number in 1..count {
        let expose = if number <= 2 { "api" } else { "mesh" };
        write!(
            config,
            "[[service]]\nname = \"backend-{number}\"\nimage = \"b:1\"\nexpose = \"{expose}\"\n\
             mesh_port = {}\n",
            3000 + number
        )
        .expect("text");
    }
    config
}

/// Raises the quotas that an account would have to raise for a thousand services.
pub fn make_room(world: &World) {
    world.simulator.behind(|account| {
        account.quotas.parts_per_mesh = 5000;
        account.quotas.roles = 5000;
    });
}
