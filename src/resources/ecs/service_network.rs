//! Where a service's tasks have their network interfaces.

use super::{container::unsayable, service::ServiceValues};
use crate::resources::prelude::*;
use aws_sdk_ecs::types::{AssignPublicIp, AwsVpcConfiguration, NetworkConfiguration};

pub(super) fn subnet_ids(needs: &ServiceValues) -> Vec<String> {
    sorted(needs.subnets.iter().map(|subnet| subnet.0.clone()))
}

pub(super) fn group_ids(needs: &ServiceValues) -> Vec<String> {
    sorted(needs.security_groups.iter().map(|group| group.0.clone()))
}

/// Without public addresses, what a task needs from outside goes through a NAT gateway.
pub(super) fn network(needs: &ServiceValues, public: bool) -> Result<NetworkConfiguration> {
    let assign = if public { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let configuration = AwsVpcConfiguration::builder()
        .set_subnets(Some(subnet_ids(needs)))
        .set_security_groups(Some(group_ids(needs)))
        .assign_public_ip(assign)
        .build()
        .map_err(unsayable)?;
    Ok(NetworkConfiguration::builder().awsvpc_configuration(configuration).build())
}
