//! Default quotas of an account that this environment can meet, by their names in the code.

use serde::{Deserialize, Serialize};

/// How many of each an account may have in a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// VPCs.
    pub vpcs: usize,
    /// Elastic IP addresses.
    pub elastic_ips: usize,
    /// Internet gateways.
    pub internet_gateways: usize,
    /// NAT gateways in one Availability Zone that are pending, available or deleting.
    pub nat_gateways_per_zone: usize,
    /// Subnets in one VPC.
    pub subnets_per_vpc: usize,
    /// Route tables in one VPC, the main one among them.
    pub route_tables_per_vpc: usize,
    /// Routes in one table, beside the VPC's own.
    pub routes_per_table: usize,
    /// Security groups in one VPC.
    pub security_groups_per_vpc: usize,
    /// Rules of one security group, each way.
    pub rules_per_security_group: usize,
    /// Security groups of one network interface.
    pub security_groups_per_interface: usize,
    /// Network ACLs in one VPC, the default one among them.
    pub network_acls_per_vpc: usize,
    /// Entries of one network ACL, each way, without the last one.
    pub entries_per_network_acl: usize,
    /// Interface endpoints in one VPC.
    pub interface_endpoints_per_vpc: usize,
    /// Gateway endpoints.
    pub gateway_endpoints: usize,
    /// Application load balancers.
    pub application_load_balancers: usize,
    /// Network load balancers.
    pub network_load_balancers: usize,
    /// Listeners on one load balancer.
    pub listeners_per_load_balancer: usize,
    /// Rules of one listener, without its default one.
    pub rules_per_listener: usize,
    /// Target groups.
    pub target_groups: usize,
    /// Targets of one target group.
    pub targets_per_target_group: usize,
    /// REST APIs.
    pub rest_apis: usize,
    /// Stages of one REST API.
    pub stages_per_api: usize,
    /// VPC links of REST APIs.
    pub vpc_links: usize,
    /// VPC links V2.
    pub vpc_links_v2: usize,
    /// Resources of one REST API.
    pub resources_per_api: usize,
    /// Cloud Map namespaces.
    pub namespaces: usize,
    /// Roles.
    pub roles: usize,
    /// vCPUs of running Fargate tasks. A mature account has thousands, a new one begins with six.
    pub fargate_vcpus: usize,
    /// vCPUs of running tasks on Fargate Spot, which count apart.
    pub fargate_spot_vcpus: usize,
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
            subnets_per_vpc: 200,
            route_tables_per_vpc: 200,
            routes_per_table: 50,
            security_groups_per_vpc: 2500,
            rules_per_security_group: 60,
            security_groups_per_interface: 5,
            network_acls_per_vpc: 200,
            entries_per_network_acl: 20,
            interface_endpoints_per_vpc: 50,
            gateway_endpoints: 20,
            application_load_balancers: 50,
            network_load_balancers: 50,
            listeners_per_load_balancer: 50,
            rules_per_listener: 100,
            target_groups: 3000,
            targets_per_target_group: 1000,
            rest_apis: 600,
            stages_per_api: 10,
            vpc_links: 20,
            vpc_links_v2: 10,
            resources_per_api: 300,
            namespaces: 50,
            roles: 1000,
            fargate_vcpus: 4000,
            fargate_spot_vcpus: 4000,
            meshes: 15,
            parts_per_mesh: 200,
            routes_per_router: 50,
            backends_per_node: 50,
        }
    }
}
