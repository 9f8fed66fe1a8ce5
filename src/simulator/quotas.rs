//! Default quotas of an account that this environment can meet, by their names in the code.

use serde::{Deserialize, Serialize};

/// How many of each an account may have in a region.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Quotas {
    /// VPCs.
    pub vpcs: usize,
    /// Elastic IP addresses.
    pub elastic_ips: usize,
    /// Internet gateways.
    pub internet_gateways: usize,
    /// NAT gateways in one Availability Zone that are pending, available or deleting.
    pub nat_gateways_per_zone: usize,
    /// Interface endpoints in one VPC.
    pub interface_endpoints_per_vpc: usize,
    /// Application load balancers.
    pub application_load_balancers: usize,
    /// Network load balancers.
    pub network_load_balancers: usize,
    /// Listeners on one load balancer.
    pub listeners_per_load_balancer: usize,
    /// VPC links of REST APIs.
    pub vpc_links: usize,
    /// Resources of one REST API.
    pub resources_per_api: usize,
    /// Cloud Map namespaces.
    pub namespaces: usize,
    /// Roles.
    pub roles: usize,
    /// App Mesh meshes.
    pub meshes: usize,
    /// Virtual nodes of one mesh; likewise routers and services.
    pub parts_per_mesh: usize,
    /// Routes of one virtual router.
    pub routes_per_router: usize,
    /// Backends of one virtual node.
    pub backends_per_node: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            vpcs: 5,
            elastic_ips: 5,
            internet_gateways: 5,
            nat_gateways_per_zone: 5,
            interface_endpoints_per_vpc: 50,
            application_load_balancers: 50,
            network_load_balancers: 50,
            listeners_per_load_balancer: 50,
            vpc_links: 20,
            resources_per_api: 300,
            namespaces: 50,
            roles: 1000,
            meshes: 15,
            parts_per_mesh: 200,
            routes_per_router: 50,
            backends_per_node: 50,
        }
    }
}
