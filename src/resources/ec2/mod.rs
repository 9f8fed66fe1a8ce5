//! Networks. Tags are set in the creating call and found again with EC2's tag filters.

pub mod eip;
pub mod internet_gateway;
pub mod nat_gateway;
mod network_interfaces;
pub mod route;
pub mod route_table;
pub mod security_group;
pub mod security_group_ingress;
pub mod subnet;
pub mod subnet_route_table_association;
pub mod tagging;
pub mod vpc;
pub mod vpc_endpoint;
pub mod vpc_gateway_attachment;

#[cfg(test)]
mod tests;

pub(super) use tagging::retag;

use aws_sdk_ec2::types::Filter;

/// A filter by one name and many values. EC2 takes 200 values, and answers unknown ones with an
/// empty list, where an unknown ID would fail the whole call.
pub(super) fn filter(name: &str, values: Vec<String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// How many values one filter takes.
pub(super) const FILTER_VALUES: usize = 200;
