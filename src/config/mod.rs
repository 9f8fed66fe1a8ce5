//! The configuration: one TOML file that says what the environment is, read and checked as a whole.
//!
//! Everything has a default except the services. [`Config::load`] either gives a configuration that
//! every later part may rely on, or every fault of the file at once. `docs/configuration.md`, which
//! is generated from [`keys`], is the reference for people.

mod check;
mod envoy;
mod fault;
mod file;
mod findings;
pub mod keys;
mod ttl;
mod warnings;

#[cfg(test)]
mod tests;

pub use check::{Conflict, region_fault, stack_fault};
pub use fault::{ConfigError, Fault};
pub use ttl::Ttl;

use ipnet::Ipv4Net;
use std::{collections::BTreeMap, path::Path};

/// The router port of the public service, which nothing in the mesh calls, when none is given.
const PUBLIC_MESH_PORT: u16 = 80;

/// A whole environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Whose resources they are; part of every name.
    pub stack: String,
    /// The AWS region, unless the command line or the AWS profile chooses.
    pub region: Option<String>,
    /// The accounts that may be changed; empty admits every account.
    pub allowed_accounts: Vec<String>,
    /// How long the environment may live, counted from the first `up`.
    pub ttl: Option<Ttl>,
    /// The ARN of the policy that is the permissions boundary of every role.
    pub permissions_boundary: Option<String>,
    /// How long CloudWatch keeps logs.
    pub log_retention_days: i32,
    /// The user's own tags, on everything that can carry them.
    pub tags: BTreeMap<String, String>,
    /// VPCs and what is in them.
    pub network: Network,
    /// The service mesh.
    pub mesh: Mesh,
    /// The private REST API.
    pub api: Api,
    /// The services, in the file's order.
    pub services: Vec<Service>,
}

/// The two VPCs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// How many availability zones are used: two, because a load balancer needs two, or three.
    pub availability_zones: usize,
    /// How many NAT gateways a VPC has.
    pub nat: Nat,
    /// Who may reach the public load balancers.
    pub allowed_cidrs: Vec<Ipv4Net>,
    /// The VPC of the mesh.
    pub provider: Vpc,
    /// The VPC that reaches the services through the private API.
    pub consumer: Vpc,
}

/// How many NAT gateways a VPC has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    /// One in each availability zone: a zone's failure leaves the others their way out.
    PerAz,
    /// One for the whole VPC: cheaper, and within the default quota of Elastic IPs.
    Single,
    /// None: tasks run in the public subnets, each with a public address of its own.
    None,
}

/// One VPC's blocks. Each list has a subnet for every availability zone, and may have more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    /// The VPC's own block.
    pub cidr: Ipv4Net,
    /// Subnets of public load balancers and NAT gateways, by availability zone; of tasks, where there
    /// are no NAT gateways.
    pub public: Vec<Ipv4Net>,
    /// Subnets of tasks and of what is internal, by availability zone.
    pub private: Vec<Ipv4Net>,
}

/// The service mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh {
    /// What carries it.
    pub kind: MeshKind,
    /// The DNS namespace, when it is not the stack's default: see [`Config::namespace`].
    pub namespace: Option<String>,
    /// Envoy's image, with `{region}` still in it: see [`Mesh::envoy_image_in`].
    pub envoy_image: String,
}

/// What carries the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeshKind {
    /// App Mesh where it answers, Service Connect where it does not; once chosen, it stays.
    Auto,
    /// App Mesh.
    AppMesh,
    /// ECS Service Connect.
    ServiceConnect,
}

/// The two ways from a REST API into a VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VpcLinkVersion {
    /// An endpoint service on the internal load balancer, which must be active first.
    V1,
    /// Network interfaces in the private subnets, which wait for nothing.
    V2,
}

/// What stands between a VPC link and the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadBalancerType {
    /// Passes connections on. A VPC link V1 can be made for no other.
    Network,
    /// Passes requests on.
    Application,
}

/// The private REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// How it reaches into the provider's VPC.
    pub vpc_link: VpcLinkVersion,
    /// What it reaches there.
    pub load_balancer: LoadBalancerType,
    /// The stage's name, which is the first segment of every path.
    pub stage: String,
    /// How long the API waits for a service.
    pub timeout_ms: i32,
}

/// One service: a container, how it is reached, and what it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in the mesh, in the API, and in AWS.
    pub name: String,
    /// The container's image.
    pub image: String,
    /// The port on which the container listens.
    pub port: u16,
    /// The port on which callers reach it: see [`Service::router_port`].
    pub mesh_port: Option<u16>,
    /// Where callers send their requests.
    pub path: String,
    /// Where health checks send theirs.
    pub health_path: String,
    /// Who can reach it.
    pub expose: Expose,
    /// How many tasks run.
    pub desired: i32,
    /// The task's CPU units, 1024 to a vCPU.
    pub cpu: i32,
    /// The task's memory in MiB.
    pub memory: i32,
    /// What its tasks run on.
    pub capacity: Capacity,
    /// The services that it calls.
    pub backends: Vec<String>,
    /// The container's environment, beyond the URLs of its back-ends.
    pub environment: BTreeMap<String, String>,
    /// Who answers its callers, as given: see [`Service::targets`].
    pub weights: BTreeMap<String, u32>,
    /// How its health is checked.
    pub health: HealthCheck,
}

/// What tasks run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// Fargate.
    Fargate,
    /// Fargate's spare capacity: cheaper, and AWS may take it back.
    FargateSpot,
}

/// Who can reach a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expose {
    /// The world: on the provider's load balancer, and as a copy without a mesh on the consumer's.
    Public,
    /// The consumer: on the internal load balancer, and in the private API under its name.
    Api,
    /// Only the mesh.
    Mesh,
}

/// How a service's health is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// Time between two checks.
    pub interval_seconds: i32,
    /// How long an answer may take.
    pub timeout_seconds: i32,
    /// Good answers in a row that make a task healthy.
    pub healthy: i32,
    /// Bad answers in a row that make it unhealthy.
    pub unhealthy: i32,
}

impl Config {
    /// Reads and checks a file. The error holds every fault of it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::load_for(path, None)
    }

    /// Reads and checks a file as if it named this stack.
    pub fn load_for(path: &Path, stack: Option<&str>) -> Result<Self, ConfigError> {
        let source = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse_for(&text, &source, stack),
            Err(error) => Err(ConfigError::unreadable(source, &error)),
        }
    }

    /// Reads and checks a text; `source` is what errors call it.
    pub fn parse(text: &str, source: &str) -> Result<Self, ConfigError> {
        Self::parse_for(text, source, None)
    }

    fn parse_for(text: &str, source: &str, stack: Option<&str>) -> Result<Self, ConfigError> {
        let (mut config, mut findings) = match file::read(text) {
            Ok(read) => read,
            Err(syntax) => return Err(ConfigError::new(source, vec![syntax])),
        };
        if let Some(stack) = stack {
            config.stack = stack.to_owned();
        }
        check::check(&config, &mut findings);
        let faults = findings.into_faults();
        if faults.is_empty() { Ok(config) } else { Err(ConfigError::new(source, faults)) }
    }

    /// What is allowed and may still surprise, a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        warnings::warnings(self)
    }

    /// What Service Connect could not do of it.
    pub fn against_service_connect(&self) -> Vec<Conflict> {
        check::service_connect(self)
    }

    /// The DNS namespace of the mesh.
    pub fn namespace(&self) -> String {
        self.mesh.namespace.clone().unwrap_or_else(|| format!("{}.local", self.stack))
    }

    /// The service of that name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

impl Nat {
    /// How many NAT gateways, and so Elastic IPs, one VPC has.
    pub fn per_vpc(self, availability_zones: usize) -> usize {
        match self {
            Self::PerAz => availability_zones,
            Self::Single => 1,
            Self::None => 0,
        }
    }
}

impl Service {
    /// The port on which its virtual router listens.
    pub fn router_port(&self) -> u16 {
        self.mesh_port.unwrap_or(PUBLIC_MESH_PORT)
    }

    /// The variable that tells a caller where this service is.
    pub fn url_variable(&self) -> String {
        url_variable(&self.name)
    }

    /// Where callers in the mesh find it.
    pub fn mesh_url(&self, namespace: &str) -> String {
        format!("http://{}.{namespace}:{}{}", self.name, self.router_port(), self.path)
    }

    /// The weighted targets of its route: itself, unless `weights` says otherwise.
    pub fn targets(&self) -> BTreeMap<&str, u32> {
        if self.weights.is_empty() {
            return BTreeMap::from([(self.name.as_str(), 1)]);
        }
        self.weights.iter().map(|(name, weight)| (name.as_str(), *weight)).collect()
    }
}

/// The variable that tells a caller where a service is: `NODEJS_URL` for `nodejs`.
///
/// Two valid names never share one, because a valid name has no underscore and no capital.
fn url_variable(service: &str) -> String {
    format!("{}_URL", service.to_ascii_uppercase().replace('-', "_"))
}
