//! Operations by name.

use super::{
    elastic_ip, internet_gateway, nat_gateway, network_acl, network_interface, region, route,
    route_table, route_table_association, security_group, security_group_rule, subnet, tags, vpc,
    vpc_endpoint,
};
use crate::simulator::{
    account::{Account, Answer, not_built},
    fields::Fields,
    wire::{ApiError, Call},
};

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    if call.input.flag("DryRun") == Some(true) {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(ApiError::new("DryRunOperation", message).status(412));
    }
    match call.operation {
        "CreateVpc" => vpc::create(account, call),
        "DescribeVpcs" => vpc::describe(account, call),
        "DescribeVpcAttribute" => vpc::describe_attribute(account, call),
        "ModifyVpcAttribute" => vpc::modify_attribute(account, call),
        "DeleteVpc" => vpc::delete(account, call),
        "CreateSubnet" => subnet::create(account, call),
        "DescribeSubnets" => subnet::describe(account, call),
        "ModifySubnetAttribute" => subnet::modify_attribute(account, call),
        "DeleteSubnet" => subnet::delete(account, call),
        "CreateInternetGateway" => internet_gateway::create(account, call),
        "DescribeInternetGateways" => internet_gateway::describe(account, call),
        "AttachInternetGateway" => internet_gateway::attach(account, call),
        "DetachInternetGateway" => internet_gateway::detach(account, call),
        "DeleteInternetGateway" => internet_gateway::delete(account, call),
        "AllocateAddress" => elastic_ip::allocate(account, call),
        "DescribeAddresses" => elastic_ip::describe(account, call),
        "DescribeAddressesAttribute" => elastic_ip::describe_attribute(account, call),
        "DisassociateAddress" => elastic_ip::disassociate(account, call),
        "ReleaseAddress" => elastic_ip::release(account, call),
        "CreateNatGateway" => nat_gateway::create(account, call),
        "DescribeNatGateways" => nat_gateway::describe(account, call),
        "DeleteNatGateway" => nat_gateway::delete(account, call),
        "CreateRouteTable" => route_table::create(account, call),
        "DescribeRouteTables" => route_table::describe(account, call),
        "DeleteRouteTable" => route_table::delete(account, call),
        "CreateRoute" => route::create(account, call),
        "ReplaceRoute" => route::replace(account, call),
        "DeleteRoute" => route::delete(account, call),
        "AssociateRouteTable" => route_table_association::create(account, call),
        "ReplaceRouteTableAssociation" => route_table_association::replace(account, call),
        "DisassociateRouteTable" => route_table_association::delete(account, call),
        "CreateSecurityGroup" => security_group::create(account, call),
        "DescribeSecurityGroups" => security_group::describe(account, call),
        "DeleteSecurityGroup" => security_group::delete(account, call),
        "AuthorizeSecurityGroupIngress" => security_group_rule::authorize(account, call, false),
        "AuthorizeSecurityGroupEgress" => security_group_rule::authorize(account, call, true),
        "RevokeSecurityGroupIngress" => security_group_rule::revoke(account, call, false),
        "RevokeSecurityGroupEgress" => security_group_rule::revoke(account, call, true),
        "DescribeSecurityGroupRules" => security_group_rule::describe(account, call),
        "ModifySecurityGroupRules" => security_group_rule::modify(account, call),
        "CreateVpcEndpoint" => vpc_endpoint::create(account, call),
        "DescribeVpcEndpoints" => vpc_endpoint::describe(account, call),
        "ModifyVpcEndpoint" => vpc_endpoint::modify(account, call),
        "DeleteVpcEndpoints" => vpc_endpoint::delete(account, call),
        "DescribeNetworkInterfaces" => network_interface::describe(account, call),
        "DescribeNetworkAcls" => network_acl::describe(account, call),
        "DescribeAvailabilityZones" => region::describe_zones(call),
        "DescribeRegions" => region::describe_regions(call),
        "DescribeAccountAttributes" => region::describe_account_attributes(account, call),
        "DescribePrefixLists" => region::describe_prefix_lists(call),
        "DescribeVpcEndpointServices" => region::describe_endpoint_services(call),
        "CreateTags" => tags::create(account, call),
        "DeleteTags" => tags::delete(account, call),
        "DescribeTags" => tags::describe(account, call),
        _ => Err(not_built(call)),
    }
}
