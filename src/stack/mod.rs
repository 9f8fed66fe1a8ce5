//! What the environment consists of: the only opinionated part. Code over data: the services are
//! entries of the configuration, and n services are the same code.
//!
//! What is ours and stands among services, in an address or in a name of AWS, has an underscore, a
//! slash or another beginning: no service can be called so.

pub mod api;
pub mod edge;
pub mod facts;
pub mod identity;
pub mod mesh;
mod names;
pub mod network;
pub mod outputs;
pub mod policies;
pub mod service;
pub mod zones;

#[cfg(test)]
mod tests;

pub use facts::Facts;
pub use outputs::Outputs;

use crate::{
    aws::Cx,
    config::{Capacity, Config, Expose, Service},
    model::Graph,
    resources::{
        Blueprint, Handle,
        ecs::{FARGATE, FARGATE_SPOT, cluster::Cluster},
    },
};
use service::{Front, Place, Standing, Variant};
use std::{collections::BTreeMap, fmt};

/// One of the two VPCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the mesh is.
    Provider,
    /// Where only the private API is seen.
    Consumer,
}

impl Side {
    /// Its name in addresses and names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Describes the whole environment.
pub fn build(cx: &Cx, config: &Config, facts: &Facts) -> Graph {
    let mut blueprint = Blueprint::new(cx);
    let b = &mut blueprint;
    let network = &config.network;
    let provider = network::base(b, Side::Provider, network, &network.provider, facts);
    let consumer = network::base(b, Side::Consumer, network, &network.consumer, facts);
    let blue = edge::public(b, &provider, &network.allowed_cidrs);
    let red = edge::public(b, &consumer, &network.allowed_cidrs);
    let internal = edge::internal(b, &provider, config);
    let endpoint = edge::endpoint(b, &consumer);
    let api = api::api(b, config, facts, &provider, &endpoint, &internal);
    let execution = identity::execution(b, config);
    let mesh = mesh::base(b, config, &provider, facts);

    let provider_cluster = cluster(b, Side::Provider, config);
    let consumer_cluster = cluster(b, Side::Consumer, config);
    let provider =
        Place { base: &provider, cluster: &provider_cluster, execution_role: &execution };
    let consumer =
        Place { base: &consumer, cluster: &consumer_cluster, execution_role: &execution };
    let mut members: BTreeMap<String, Standing> = BTreeMap::new();
    for one in mesh.order(config) {
        let attachment = mesh.attach(b, config, one);
        let after = attachment.after.iter().filter_map(|name| members.get(name));
        let variant = Variant {
            front: match one.expose {
                Expose::Public => Front::Public(&blue),
                Expose::Api => Front::Internal(&internal),
                Expose::Mesh => Front::Nothing,
            },
            after: after.map(|standing| standing.service.clone()).collect(),
            attachment: Some(attachment),
            task_role: None,
            urls: blue_urls(config, one),
            api: None,
        };
        let service = service::service(b, config, &provider, one, variant);
        members.insert(one.name.clone(), service);
    }
    for one in &config.services {
        service::admit_callers(b, config, one, &members);
    }
    for one in config.services.iter().filter(|one| one.expose == Expose::Public) {
        let variant = Variant {
            front: Front::Public(&red),
            attachment: None,
            after: Vec::new(),
            task_role: Some(identity::plain_task(b, config, Side::Consumer)),
            urls: red_urls(cx, config, one),
            api: api.as_ref(),
        };
        service::service(b, config, &consumer, one, variant);
    }
    blueprint.finish()
}

fn cluster(blueprint: &mut Blueprint, side: Side, config: &Config) -> Handle<Cluster> {
    let cluster_name = names::long(blueprint.cx().scope(), side.name());
    // The consumer's services are copies of the public one.
    let mut here = config.services.iter();
    let spot = here.any(|one| {
        let stands = side == Side::Provider || one.expose == Expose::Public;
        stands && one.capacity == Capacity::FargateSpot
    });
    // With both, a service can go back to Fargate.
    let capacity_providers: &[&str] = if spot { &[FARGATE, FARGATE_SPOT] } else { &[] };
    blueprint.declare(format!("{side}/cluster"), Cluster { cluster_name, capacity_providers })
}

/// Back-ends by their names in the mesh.
fn blue_urls(config: &Config, service: &Service) -> BTreeMap<String, String> {
    let namespace = config.namespace();
    let backends = service.backends.iter().filter_map(|name| config.service(name));
    backends.map(|one| (one.url_variable(), one.mesh_url(&namespace))).collect()
}

/// Back-ends by their paths in the private API. The API's ID is filled in once it has one.
fn red_urls(cx: &Cx, config: &Config, service: &Service) -> BTreeMap<String, String> {
    let host = format!(
        "{{rest_api_id}}.execute-api.{}.{}",
        cx.scope().region,
        outputs::domain(cx.scope())
    );
    let backends = service.backends.iter().filter_map(|name| config.service(name));
    let exposed = backends.filter(|one| one.expose == Expose::Api);
    exposed
        .map(|one| {
            let url = format!("https://{host}/{}/{}", config.api.stage, one.name);
            (one.url_variable(), url)
        })
        .collect()
}
