//! What load balancing needs of EC2: subnets, security groups, internet gateways, and a network
//! interface in each subnet. Nothing else in this folder touches EC2's state.

use super::placement::Place;
use crate::simulator::{
    account::Account,
    ec2::{
        self, NewInterface, PublicAddress, attach_interface, elastic_ip::Address,
        release_interface_after, security_group, subnet::Subnet,
    },
    latency::Latency,
    wire::ApiError,
};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Which network interfaces a load balancer has.
pub struct Style<'a> {
    /// `app/{name}/{id}` or `net/{name}/{id}`.
    pub path: &'a str,
    /// Whether it has public addresses.
    pub public: bool,
}

/// A subnet that calls can name by now.
pub fn subnet<'a>(account: &'a Account, id: &str) -> Option<&'a Subnet> {
    account.ec2.subnets.get(id, account.now)
}

/// Whether calls can name this VPC by now.
pub fn vpc_exists(account: &Account, id: &str) -> bool {
    account.ec2.vpcs.get(id, account.now).is_some()
}

/// Whether calls can name this security group by now, and it is in this VPC.
pub fn group_exists(account: &Account, id: &str, vpc_id: &str) -> bool {
    let group = account.ec2.security_groups.get(id, account.now);
    group.is_some_and(|group| group.vpc_id == vpc_id)
}

/// The security group that the VPC was born with.
pub fn default_group(account: &Account, vpc_id: &str) -> Option<String> {
    security_group::default_of(account, vpc_id).map(|group| group.group_id.clone())
}

/// Whether the VPC has an internet gateway.
pub fn has_internet_gateway(account: &Account, vpc_id: &str) -> bool {
    ec2::igw_attached(account, vpc_id)
}

/// The zone of the VPC's subnet that has this address in its range.
pub fn zone_of(account: &Account, vpc_id: &str, ip: Ipv4Addr) -> Option<String> {
    let mut subnets = account.ec2.subnets.all().filter(|(_, subnet)| subnet.vpc_id == vpc_id);
    let holds = |range: &str| range.parse().is_ok_and(|range: Ipv4Net| range.contains(&ip));
    let subnet = subnets.find(|(_, subnet)| holds(&subnet.cidr_block));
    subnet.map(|(_, subnet)| subnet.availability_zone.clone())
}

/// An Elastic IP that calls can name by now.
pub fn elastic_ip<'a>(account: &'a Account, allocation_id: &str) -> Option<&'a Address> {
    account.ec2.addresses.get(allocation_id, account.now)
}

/// Whether a network interface in a subnet has this address.
pub fn is_taken(account: &Account, subnet_id: &str, address: &str) -> bool {
    let mut all = account.ec2.network_interfaces.all().map(|(_, interface)| interface);
    all.any(|it| it.subnet_id == subnet_id && it.private_ip_address == address)
}

/// Makes the network interface of a load balancer in one subnet.
///
/// # Errors
/// EC2's, such as that of an Elastic IP that is taken.
pub fn attach(
    account: &mut Account,
    style: &Style<'_>,
    place: &Place,
    security_groups: &[String],
) -> Result<String, ApiError> {
    let network = style.path.starts_with("net/");
    let public_address = match &place.allocation_id {
        Some(id) => PublicAddress::Elastic(id.clone()),
        None if style.public => PublicAddress::Amazon,
        None => PublicAddress::None,
    };
    let new = NewInterface {
        subnet_id: place.subnet_id.clone(),
        private_address: place.private_ip.clone(),
        security_groups: security_groups.to_vec(),
        description: format!("ELB {}", style.path),
        interface_type: if network { "network_load_balancer" } else { "interface" }.into(),
        requester: if network { "amazon-aws" } else { "amazon-elb" }.into(),
        public_address,
    };
    Ok(attach_interface(account, new)?.id)
}

/// Lets a network interface go, some time after what it belongs to.
pub fn release(account: &mut Account, interface_id: &str) {
    release_interface_after(account, interface_id, Latency::LoadBalancerInterfaces);
}

/// Changes the security groups of a network interface.
pub fn regroup(account: &mut Account, interface_id: &str, security_groups: &[String]) {
    let known = security_groups.iter().filter_map(|id| account.ec2.security_groups.known(id));
    let groups = known.map(security_group::SecurityGroup::identifier).collect();
    if let Some(interface) = account.ec2.network_interfaces.known_mut(interface_id) {
        interface.groups = groups;
    }
}
