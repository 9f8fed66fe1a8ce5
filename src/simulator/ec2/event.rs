//! What happens by itself in a network.

use super::{nat_gateway, network_interface, vpc_endpoint};
use crate::simulator::account::Account;
use serde::{Deserialize, Serialize};

/// Something that happens by itself in a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A VPC leaves `pending`.
    VpcAvailable(String),
    /// A subnet leaves `pending`.
    SubnetAvailable(String),
    /// A NAT gateway leaves `pending`, for `available` or `failed`.
    NatGatewaySettled(String),
    /// A NAT gateway leaves `deleting`, and its address is free.
    NatGatewayDeleted(String),
    /// A deleted or failed NAT gateway leaves the listing.
    NatGatewayForgotten(String),
    /// An interface endpoint leaves `pending`.
    VpcEndpointAvailable(String),
    /// An interface endpoint leaves the listing; its network interfaces stay for a while.
    VpcEndpointGone(String),
    /// A network interface is gone.
    InterfaceGone(String),
}

/// Lets something happen.
pub fn happen(account: &mut Account, event: Event) {
    match event {
        Event::VpcAvailable(id) => {
            if let Some(vpc) = account.ec2.vpcs.known_mut(&id) {
                vpc.state = "available".into();
            }
        }
        Event::SubnetAvailable(id) => {
            if let Some(subnet) = account.ec2.subnets.known_mut(&id) {
                subnet.state = "available".into();
            }
        }
        Event::NatGatewaySettled(id) => nat_gateway::settle(account, &id),
        Event::NatGatewayDeleted(id) => nat_gateway::deleted(account, &id),
        Event::NatGatewayForgotten(id) => {
            account.ec2.nat_gateways.remove(&id);
        }
        Event::VpcEndpointAvailable(id) => vpc_endpoint::available(account, &id),
        Event::VpcEndpointGone(id) => {
            account.ec2.vpc_endpoints.remove(&id);
        }
        Event::InterfaceGone(id) => network_interface::release_interface(account, &id),
    }
}
