//! A random environment, as the file that describes it.

use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use std::fmt::Write;

/// The name of every stack here.
pub const STACK: &str = "chance";

/// NAT gateways: one in each zone, one for a VPC, none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nat {
    PerZone,
    Single,
    None,
}

impl Nat {
    fn random(dice: &mut Xoshiro256PlusPlus) -> Self {
        match dice.random_range(0..4) {
            0 => Self::PerZone,
            1 => Self::None,
            _ => Self::Single,
        }
    }
}

/// The API's way into the provider's VPC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// A VPC link V1 on a network load balancer.
    V1,
    /// A VPC link V2 to a network load balancer.
    V2,
    /// A VPC link V2 to an application load balancer.
    V2Application,
}

impl Link {
    fn random(dice: &mut Xoshiro256PlusPlus) -> Self {
        match dice.random_range(0..6) {
            0 => Self::V2,
            1 => Self::V2Application,
            _ => Self::V1,
        }
    }
}

/// What a configuration says, as far as it varies.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub zones: usize,
    pub nat: Nat,
    pub link: Link,
    /// Fargate Spot.
    pub spot: bool,
    /// Service Connect, and not App Mesh.
    pub connect: bool,
    pub retention: u32,
    pub tagged: bool,
    pub cidrs: usize,
    /// The first is public.
    pub services: Vec<Service>,
    /// The number of the next service.
    pub next: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    pub number: usize,
    pub image: u32,
    pub desired: u32,
    pub api: bool,
    pub path: bool,
    pub port: u16,
    pub weighted: bool,
}

impl Service {
    fn name(&self) -> String {
        if self.number == 0 { "front".into() } else { format!("svc-{}", self.number) }
    }
}

impl Shape {
    /// Small ones mostly: what goes wrong goes wrong in small ones too.
    pub fn random(dice: &mut Xoshiro256PlusPlus) -> Self {
        let services = match dice.random_range(0..100) {
            0..55 => 1,
            55..80 => 2,
            80..93 => 3,
            93..98 => dice.random_range(4..7),
            _ => dice.random_range(7..13),
        };
        let zones = if dice.random_range(0..8) == 0 { 3 } else { 2 };
        let mut shape = Self {
            zones,
            nat: Nat::random(dice),
            link: Link::random(dice),
            spot: dice.random_range(0..4) == 0,
            connect: dice.random_range(0..3) == 0,
            retention: 1,
            tagged: dice.random(),
            cidrs: 1,
            services: Vec::new(),
            next: 0,
        };
        for _ in 0..services {
            shape.add(dice);
        }
        shape
    }

    fn add(&mut self, dice: &mut Xoshiro256PlusPlus) {
        let number = self.next;
        self.next += 1;
        self.services.push(Service {
            number,
            image: 1,
            desired: dice.random_range(1..3),
            api: dice.random_range(0..3) > 0,
            path: false,
            port: 3000,
            weighted: false,
        });
    }

    /// One change of what a person may change.
    pub fn change(&mut self, dice: &mut Xoshiro256PlusPlus) {
        let last = self.services.len() - 1;
        let any = dice.random_range(0..=last);
        match dice.random_range(0..16) {
            0 if self.services.len() < 12 => self.add(dice),
            1 if last > 0 => drop(self.services.remove(dice.random_range(1..=last))),
            2 => self.services[any].image += 1,
            3 => self.services[any].desired = 3 - self.services[any].desired,
            4 => self.retention = if self.retention == 1 { 7 } else { 1 },
            5 => self.tagged = !self.tagged,
            6 => self.cidrs = 3 - self.cidrs,
            7 => self.nat = Nat::random(dice),
            8 if last > 0 => {
                let one = &mut self.services[dice.random_range(1..=last)];
                one.api = !one.api;
            }
            13 => self.link = Link::random(dice),
            14 => self.spot = !self.spot,
            11 | 12 => self.connect = !self.connect,
            9 => self.services[any].path = !self.services[any].path,
            10 => {
                self.services[any].port = if self.services[any].port == 3000 { 3030 } else { 3000 }
            }
            _ => self.services[any].weighted = !self.services[any].weighted,
        }
    }

    /// The back-ends that the private API shows.
    pub fn apis(&self) -> usize {
        self.services.iter().skip(1).filter(|service| service.api).count()
    }

    /// NAT gateways in each VPC.
    pub fn gateways(&self) -> usize {
        match self.nat {
            Nat::PerZone => self.zones,
            Nat::Single => 1,
            Nat::None => 0,
        }
    }

    /// The file.
    pub fn config(&self) -> String {
        let cidrs = ["192.0.2.0/24", "198.51.100.0/24"];
        let backends: Vec<String> = self.services.iter().skip(1).map(Service::name).collect();
        let mut text = format!(
            "stack = {STACK:?}\nlog_retention_days = {}\ncapacity = {:?}\n{}[network]\n\
             availability_zones = {}\nnat = {:?}\nallowed_cidrs = {:?}\n[api]\n{}[mesh]\nkind = {:?}\n",
            self.retention,
            if self.spot { "fargate-spot" } else { "fargate" },
            if self.tagged { "[tags]\nteam = \"chance\"\n" } else { "" },
            self.zones,
            match self.nat {
                Nat::PerZone => "per-az",
                Nat::Single => "single",
                Nat::None => "none",
            },
            &cidrs[..self.cidrs],
            match self.link {
                Link::V1 => "",
                Link::V2 => "vpc_link = \"v2\"\n",
                Link::V2Application => "vpc_link = \"v2\"\nload_balancer = \"application\"\n",
            },
            if self.connect { "service-connect" } else { "app-mesh" },
        );
        for (index, service) in self.services.iter().enumerate() {
            let name = service.name();
            let image = service.image;
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "[[service]]\nname = {name:?}\nimage = \"repo/{name}:{image}\"\ndesired = {}\n\
                 port = {}\n",
                service.desired, service.port
            );
            let _ = match index {
                0 => writeln!(text, "expose = \"public\"\nbackends = {backends:?}"),
                _ => writeln!(
                    text,
                    "expose = {:?}\nmesh_port = {}\npath = {:?}",
                    if service.api { "api" } else { "mesh" },
                    3000 + service.number,
                    if service.path { "/deep/" } else { "/" }
                ),
            };
            if service.weighted && index > 0 {
                let _ = writeln!(text, "weights = {{ {name} = 3 }}");
            }
        }
        text
    }
}
