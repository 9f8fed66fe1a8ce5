//! Where a load balancer stands: subnets in zones of one VPC, and security groups.

use super::{interfaces, invalid, unsuitable};
use crate::simulator::{account::Account, fields::Fields, wire::ApiError};
use serde_json::Value;
use std::collections::BTreeSet;

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
    /// The Elastic IP that is mapped to it.
    pub allocation_id: Option<String>,
}

/// The subnets that a call names, checked for this type of load balancer.
///
/// # Errors
/// AWS's, for subnets that are unknown or do not go together.
pub fn places(account: &Account, kind: &str, input: &Value) -> Result<Vec<Place>, ApiError> {
    let mappings = input.list("SubnetMappings");
    let named = input.texts("Subnets").into_iter().map(|id| (id, None));
    let mapped = mappings.iter();
    let mapped = mapped.map(|it| (it.text_or_empty("SubnetId"), it.text("AllocationId")));
    let wanted: Vec<(&str, Option<&str>)> = named.chain(mapped).collect();
    if !mappings.is_empty() && mappings.len() < wanted.len() {
        return Err(invalid("Only one of Subnets and SubnetMappings can be specified"));
    }
    if wanted.is_empty() {
        return Err(invalid("At least one subnet must be specified"));
    }
    let mut places: Vec<Place> = Vec::new();
    for (subnet_id, allocation_id) in wanted {
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
            allocation_id: allocation_id.map(Into::into),
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
