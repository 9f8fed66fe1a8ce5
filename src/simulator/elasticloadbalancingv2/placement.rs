//! Where a load balancer stands: subnets in zones of one VPC, and security groups.

use super::{interfaces, invalid, unsuitable};
use crate::simulator::{account::Account, fields::Fields, wire::ApiError};
use ipnet::Ipv4Net;
use serde_json::Value;
use std::{collections::BTreeSet, net::Ipv4Addr};

/// Free addresses that an application load balancer wants in each subnet.
const ROOM: i64 = 8;

/// A subnet with what AWS wants to know of it.
#[derive(Clone, Debug)]
pub struct Place {
    /// `subnet-…`
    pub subnet_id: String,
    /// Its zone.
    pub zone: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Its range.
    pub range: String,
    /// The Elastic IP that is mapped to it.
    pub allocation_id: Option<String>,
    /// The address of its own range that was chosen.
    pub private_ip: Option<String>,
}

/// The subnets that a call names, checked for this type of load balancer.
///
/// # Errors
/// AWS's, for subnets that are unknown or do not go together.
pub fn places(account: &Account, kind: &str, input: &Value) -> Result<Vec<Place>, ApiError> {
    let mappings = input.list("SubnetMappings");
    let named = input.texts("Subnets").into_iter().map(|id| (id, None));
    let mapped = mappings.iter().map(|it| (it.text_or_empty("SubnetId"), Some(it)));
    let wanted: Vec<(&str, Option<&Value>)> = named.chain(mapped).collect();
    if !mappings.is_empty() && mappings.len() < wanted.len() {
        return Err(invalid("Only one of Subnets and SubnetMappings can be specified"));
    }
    if wanted.is_empty() {
        return Err(invalid("At least one subnet must be specified"));
    }
    let mut places: Vec<Place> = Vec::new();
    for (subnet_id, mapping) in wanted {
        let Some(subnet) = interfaces::subnet(account, subnet_id) else {
            let message = format!("The subnet ID '{subnet_id}' does not exist");
            return Err(ApiError::new("SubnetNotFound", message));
        };
        if kind == "application" && subnet.available_ip_address_count < ROOM {
            let message = format!(
                "Not enough IP space available in {subnet_id}. ELB requires at least {ROOM} free \
                 IP addresses in each subnet."
            );
            return Err(ApiError::new("InvalidSubnet", message));
        }
        places.push(Place {
            subnet_id: subnet_id.into(),
            zone: subnet.availability_zone.clone(),
            vpc_id: subnet.vpc_id.clone(),
            range: subnet.cidr_block.clone(),
            allocation_id: mapping.and_then(|it| it.text("AllocationId")).map(Into::into),
            private_ip: mapping.and_then(|it| it.text("PrivateIPv4Address")).map(Into::into),
        });
    }
    together(kind, &places)?;
    Ok(places)
}

fn together(kind: &str, places: &[Place]) -> Result<(), ApiError> {
    let vpcs: BTreeSet<&str> = places.iter().map(|place| &*place.vpc_id).collect();
    let zones: BTreeSet<&str> = places.iter().map(|place| &*place.zone).collect();
    if vpcs.len() > 1 {
        let vpcs: Vec<_> = vpcs.into_iter().collect();
        let message = format!("All subnets must belong to the same VPC: '{}'", vpcs.join(", "));
        return Err(unsuitable(message));
    }
    if zones.len() < places.len() {
        return Err(unsuitable(
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        ));
    }
    if kind == "application" && zones.len() < 2 {
        return Err(invalid(
            "At least two subnets in two different Availability Zones must be specified",
        ));
    }
    Ok(())
}

/// Elastic IPs are for internet-facing network load balancers, addresses of the subnet for internal
/// ones, and both must be free.
///
/// # Errors
/// `AllocationIdNotFound`, `ResourceInUse`, `InvalidConfigurationRequest`.
pub fn addresses(
    account: &Account,
    (kind, scheme): (&str, &str),
    places: &[Place],
) -> Result<(), ApiError> {
    for place in places {
        if let Some(allocation_id) = &place.allocation_id {
            if (kind, scheme) != ("network", "internet-facing") {
                let message = "You can specify Elastic IP addresses for the subnets of an \
                               internet-facing Network Load Balancer only";
                return Err(unsuitable(message));
            }
            elastic(account, allocation_id)?;
        }
        if let Some(address) = &place.private_ip {
            if (kind, scheme) != ("network", "internal") {
                let message = "You can specify private IPv4 addresses for the subnets of an \
                               internal Network Load Balancer only";
                return Err(unsuitable(message));
            }
            own(account, place, address)?;
        }
    }
    Ok(())
}

fn elastic(account: &Account, allocation_id: &str) -> Result<(), ApiError> {
    match interfaces::elastic_ip(account, allocation_id) {
        None => {
            let message = format!("Allocation ID '{allocation_id}' not found");
            Err(ApiError::new("AllocationIdNotFound", message))
        }
        Some(address) if address.association_id.is_some() => {
            let message = "The allocation IDs are not available for use";
            Err(ApiError::new("ResourceInUse", message))
        }
        Some(_) => Ok(()),
    }
}

/// AWS keeps a subnet's first four addresses and the last.
fn own(account: &Account, place: &Place, address: &str) -> Result<(), ApiError> {
    let range: Option<Ipv4Net> = place.range.parse().ok();
    let wanted: Option<Ipv4Addr> = address.parse().ok();
    let is_free = range.zip(wanted).is_some_and(|(range, wanted)| {
        range.contains(&wanted)
            && range.hosts().take(3).all(|kept| kept != wanted)
            && wanted != range.network()
            && wanted != range.broadcast()
    });
    if !is_free {
        let message = format!(
            "The private IPv4 address '{address}' is not one of subnet '{}'",
            place.subnet_id
        );
        return Err(unsuitable(message));
    }
    if interfaces::is_taken(account, &place.subnet_id, address) {
        let message = format!("The private IPv4 address '{address}' is in use");
        return Err(ApiError::new("ResourceInUse", message));
    }
    Ok(())
}

/// The security groups that a call names: all must be of the VPC.
///
/// # Errors
/// `InvalidSecurityGroup`.
pub fn security_groups(
    account: &Account,
    input: &Value,
    vpc_id: &str,
) -> Result<Vec<String>, ApiError> {
    let groups = input.texts("SecurityGroups");
    if groups.iter().all(|id| interfaces::group_exists(account, id, vpc_id)) {
        return Ok(groups.into_iter().map(Into::into).collect());
    }
    Err(ApiError::new("InvalidSecurityGroup", "One or more security groups are invalid"))
}
