//! Network interfaces: what every service that stands in a subnet leaves there, and what holds
//! subnets, security groups and internet gateways until it is gone.

use super::{
    Event, Tag, describe::Describe, elastic_ip, full, id, seconds, shape, unknown as no_such,
};
use crate::simulator::{
    account::{Account, Answer},
    agenda,
    latency::Latency,
    wire::{ApiError, Call},
};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A network interface as EC2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkInterface {
    /// `eni-…`
    pub network_interface_id: String,
    /// Its subnet.
    pub subnet_id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Its zone.
    pub availability_zone: String,
    /// Says which service made it, and for what.
    pub description: String,
    /// `interface`, `nat_gateway`, `vpc_endpoint`, `network_load_balancer`, …
    pub interface_type: String,
    /// The account.
    pub owner_id: String,
    /// Who made it in the account's name.
    pub requester_id: Option<String>,
    /// Whether it belongs to a service, so that only that service can delete it.
    pub requester_managed: bool,
    /// The address.
    pub private_ip_address: String,
    /// The address again, with the public one.
    pub private_ip_addresses: Vec<PrivateAddress>,
    /// Its security groups.
    pub groups: Vec<GroupIdentifier>,
    /// `in-use`.
    pub status: String,
    /// To what it is attached.
    pub attachment: Attachment,
    /// Its public address.
    pub association: Option<Association>,
    /// Six bytes.
    pub mac_address: String,
    /// Off for NAT gateways.
    pub source_dest_check: bool,
    /// Tags.
    pub tag_set: Vec<Tag>,
}

/// One address of a network interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PrivateAddress {
    /// The address.
    pub private_ip_address: String,
    /// There is only this one.
    pub primary: bool,
    /// The public address.
    pub association: Option<Association>,
}

/// A security group's ID and name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupIdentifier {
    /// `sg-…`
    pub group_id: String,
    /// Its name.
    pub group_name: String,
}

/// What a network interface is attached to: something of the service that made it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attachment {
    /// `eni-attach-…`, or `ela-attach-…` for what services attach.
    pub attachment_id: String,
    /// `attached`.
    pub status: String,
    /// The service.
    pub instance_owner_id: String,
    /// When.
    pub attach_time: u64,
    /// Services look after their interfaces themselves.
    pub delete_on_termination: bool,
}

/// A public address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Association {
    /// The address.
    pub public_ip: String,
    /// Its name.
    pub public_dns_name: String,
    /// `amazon`, or the account for an Elastic IP.
    pub ip_owner_id: String,
    /// Of an Elastic IP.
    pub allocation_id: Option<String>,
    /// Of an Elastic IP.
    pub association_id: Option<String>,
}

/// Which public address a new network interface gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PublicAddress {
    /// None.
    #[default]
    None,
    /// One of Amazon's, which goes with the interface.
    Amazon,
    /// The account's own, by allocation ID.
    Elastic(String),
}

/// A network interface to be.
#[derive(Clone, Debug)]
pub struct NewInterface {
    /// Where.
    pub subnet_id: String,
    /// An address of the subnet that is known to be free; none for the next one.
    pub private_address: Option<String>,
    /// By ID.
    pub security_groups: Vec<String>,
    /// Such as `ELB app/shop/0123456789abcdef`.
    pub description: String,
    /// Such as `interface`.
    pub interface_type: String,
    /// The service that makes it: `amazon-elb`, `amazon-vpc`, an account's number, …
    pub requester: String,
    /// The public address.
    pub public_address: PublicAddress,
}

/// A network interface that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// `eni-…`
    pub id: String,
    /// From the subnet's range.
    pub private_ip: String,
    /// If one was wanted.
    pub public_ip: Option<String>,
}

/// Makes a network interface for another service. It holds its subnet and its security groups.
///
/// # Errors
/// When the subnet is unknown or has no address left, a security group is unknown, or the Elastic
/// IP is unknown or taken.
pub fn attach_interface(account: &mut Account, new: NewInterface) -> Result<Attached, ApiError> {
    let subnet = account.ec2.subnets.known(&new.subnet_id);
    let subnet = subnet
        .ok_or_else(|| no_such("InvalidSubnetID.NotFound", "subnet ID", &new.subnet_id))?
        .clone();
    if new.security_groups.len() > account.quotas.security_groups_per_interface {
        return Err(full("SecurityGroupsPerInterfaceLimitExceeded", "security groups"));
    }
    let mut groups = Vec::new();
    for group_id in &new.security_groups {
        let group = account.ec2.security_groups.known(group_id);
        let group =
            group.ok_or_else(|| no_such("InvalidGroup.NotFound", "security group", group_id))?;
        let group_name = group.group_name.clone();
        groups.push(GroupIdentifier { group_id: group_id.clone(), group_name });
    }
    let private_ip = match new.private_address {
        Some(address) => address,
        None => free_address(account, &subnet.subnet_id, &subnet.cidr_block)?,
    };
    let interface_id = id(account, "eni");
    let association = match &new.public_address {
        PublicAddress::None => None,
        PublicAddress::Amazon => {
            let ip = public_ip(account);
            Some(Association {
                public_dns_name: public_name(&ip),
                public_ip: ip,
                ip_owner_id: "amazon".into(),
                allocation_id: None,
                association_id: None,
            })
        }
        PublicAddress::Elastic(allocation_id) => {
            let place = (&*interface_id, &*private_ip);
            Some(elastic_ip::associate(account, allocation_id, place)?)
        }
    };
    if let Some(subnet) = account.ec2.subnets.known_mut(&new.subnet_id) {
        subnet.available_ip_address_count -= 1;
    }
    let address = PrivateAddress {
        private_ip_address: private_ip.clone(),
        primary: true,
        association: association.clone(),
    };
    let attachment = Attachment {
        attachment_id: id(account, "ela-attach"),
        status: "attached".into(),
        instance_owner_id: new.requester.clone(),
        attach_time: seconds(account.now),
        delete_on_termination: false,
    };
    let public_ip = association.as_ref().map(|association| association.public_ip.clone());
    let digits = account.hex(10);
    let interface = NetworkInterface {
        network_interface_id: interface_id.clone(),
        subnet_id: subnet.subnet_id,
        vpc_id: subnet.vpc_id,
        availability_zone: subnet.availability_zone,
        description: new.description,
        source_dest_check: new.interface_type != "nat_gateway",
        interface_type: new.interface_type,
        owner_id: account.id.clone(),
        requester_id: Some(new.requester),
        requester_managed: true,
        private_ip_address: private_ip.clone(),
        private_ip_addresses: vec![address],
        groups,
        status: "in-use".into(),
        attachment,
        association,
        mac_address: mac_address(&digits),
        tag_set: Vec::new(),
    };
    let now = account.now;
    account.ec2.network_interfaces.insert(&interface_id, interface, now, now);
    Ok(Attached { id: interface_id, private_ip, public_ip })
}

/// Takes a network interface away, at once.
pub fn release_interface(account: &mut Account, interface_id: &str) {
    let Some(interface) = account.ec2.network_interfaces.remove(interface_id) else { return };
    if let Some(subnet) = account.ec2.subnets.known_mut(&interface.subnet_id) {
        subnet.available_ip_address_count += 1;
    }
    if let Some(allocation_id) = interface.association.and_then(|it| it.allocation_id) {
        elastic_ip::set_free(account, &allocation_id);
    }
}

/// Takes a network interface away after a latency: most outlive the thing that they belong to.
pub fn release_interface_after(account: &mut Account, interface_id: &str, latency: Latency) {
    account.after(latency, agenda::Event::Ec2(Event::InterfaceGone(interface_id.into())));
}

/// `DescribeNetworkInterfaces`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "NetworkInterfaces",
        ids: "NetworkInterfaceIds",
        id: "NetworkInterfaceId",
        unknown: |id| no_such("InvalidNetworkInterfaceID.NotFound", "networkInterface ID", id),
        filters: "Filters",
        special: &[
            ("group-id", "Groups.GroupId"),
            ("group-name", "Groups.GroupName"),
            ("addresses.private-ip-address", "PrivateIpAddresses.PrivateIpAddress"),
            ("addresses.association.public-ip", "Association.PublicIp"),
            ("association.public-ip", "Association.PublicIp"),
            ("association.allocation-id", "Association.AllocationId"),
            ("association.association-id", "Association.AssociationId"),
            ("association.ip-owner-id", "Association.IpOwnerId"),
            ("attachment.attachment-id", "Attachment.AttachmentId"),
            ("attachment.instance-owner-id", "Attachment.InstanceOwnerId"),
            ("attachment.status", "Attachment.Status"),
        ],
    };
    describe.answer(&call.input, account.ec2.network_interfaces.visible(account.now).map(shape))
}

/// A public address that nobody has: from a block that Amazon owns.
pub fn public_ip(account: &mut Account) -> String {
    let (high, low) = (account.roll(), account.roll());
    let octet = |roll: f64| (roll * 256.0) as u8;
    let third = octet(account.roll());
    Ipv4Addr::new(54, 16 + octet(high) / 2, third, octet(low)).to_string()
}

/// The name of a public address.
pub fn public_name(ip: &str) -> String {
    format!("ec2-{}.compute.amazonaws.com", ip.replace('.', "-"))
}

/// The lowest free address of a subnet; AWS keeps the first four and the last.
fn free_address(account: &Account, subnet_id: &str, range: &str) -> Result<String, ApiError> {
    let all = account.ec2.network_interfaces.all();
    let here = all.filter(|(_, interface)| interface.subnet_id == subnet_id);
    let taken: Vec<&str> = here.map(|(_, it)| it.private_ip_address.as_str()).collect();
    let range: Option<Ipv4Net> = range.parse().ok();
    let hosts = range.into_iter().flat_map(|range| range.hosts().skip(3));
    let mut free = hosts.map(|address| address.to_string());
    free.find(|address| !taken.contains(&address.as_str())).ok_or_else(|| {
        let message = format!("Insufficient free addresses in subnet '{subnet_id}'.");
        ApiError::new("InsufficientFreeAddressesInSubnet", message)
    })
}

/// An address of the block that AWS uses, from ten digits.
fn mac_address(digits: &str) -> String {
    let bytes = digits.as_bytes().chunks(2).map(String::from_utf8_lossy);
    let rest: Vec<_> = bytes.collect();
    format!("06:{}", rest.join(":"))
}
