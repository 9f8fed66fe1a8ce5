//! Gateway endpoints: routes to an AWS service in the tables that they are associated with.

use super::{
    Tag, endpoint_service, full, id, invalid, route_table, seconds, shape, tags,
    vpc::Vpc,
    vpc_endpoint::{OPEN, VpcEndpoint},
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// Makes one for a service that has such. It is `available` at once.
pub(super) fn make(account: &mut Account, call: &Call, vpc: &Vpc, service_name: &str) -> Answer {
    if call.input.flag("PrivateDnsEnabled") == Some(true) {
        let message = "Private DNS can't be enabled because the endpoint is not of type Interface.";
        return Err(ApiError::new("InvalidParameter", message));
    }
    let gateways = account.ec2.vpc_endpoints.all().filter(|(_, endpoint)| endpoint.is_gateway());
    if gateways.count() >= account.quotas.gateway_endpoints {
        return Err(full("VpcEndpointLimitExceeded", "VPC endpoints"));
    }
    let route_table_ids: Vec<String> =
        call.input.texts("RouteTableIds").into_iter().map(String::from).collect();
    check_tables(account, (&vpc.vpc_id, service_name), &route_table_ids, &call.region)?;
    let endpoint_id = id(account, "vpce");
    let tags: Vec<Tag> = tags::specified(&call.input, "vpc-endpoint");
    let endpoint = VpcEndpoint {
        vpc_endpoint_id: endpoint_id.clone(),
        vpc_endpoint_type: "Gateway".into(),
        vpc_id: vpc.vpc_id.clone(),
        service_name: service_name.into(),
        state: "available".into(),
        policy_document: call.input.text("PolicyDocument").unwrap_or(OPEN).into(),
        route_table_ids,
        subnet_ids: Vec::new(),
        groups: Vec::new(),
        ip_address_type: "ipv4".into(),
        private_dns_enabled: false,
        requester_managed: false,
        network_interface_ids: Vec::new(),
        dns_entries: Vec::new(),
        creation_timestamp: seconds(account.now),
        owner_id: account.id.clone(),
        tags,
    };
    let token = call.input.text("ClientToken");
    let answer = json!({ "VpcEndpoint": shape(&endpoint), "ClientToken": token });
    let (made, visible) = (account.now, account.visible_at());
    account.ec2.vpc_endpoints.insert(&endpoint_id, endpoint, made, visible);
    Ok(answer)
}

/// Adds and removes tables.
pub(super) fn modify(
    account: &Account,
    call: &Call,
    endpoint: &mut VpcEndpoint,
) -> Result<(), ApiError> {
    let removed = call.input.texts("RemoveRouteTableIds");
    endpoint.route_table_ids.retain(|table| !removed.contains(&table.as_str()));
    let added: Vec<String> =
        call.input.texts("AddRouteTableIds").into_iter().map(String::from).collect();
    let place = (&*endpoint.vpc_id, &*endpoint.service_name);
    check_tables(account, place, &added, &call.region)?;
    endpoint.route_table_ids.extend(added);
    Ok(())
}

/// Tables of the VPC that lead to the service through no endpoint yet.
fn check_tables(
    account: &Account,
    (vpc_id, service_name): (&str, &str),
    tables: &[String],
    region: &str,
) -> Result<(), ApiError> {
    for table_id in tables {
        let table = route_table::find(account, table_id)?;
        if table.vpc_id != vpc_id {
            let message = format!("Route table {table_id} does not belong to VPC {vpc_id}");
            return Err(invalid(message));
        }
        let mut others = account.ec2.vpc_endpoints.all().map(|(_, endpoint)| endpoint);
        let taken = others.any(|other| {
            other.service_name == service_name && other.route_table_ids.contains(table_id)
        });
        if taken {
            let list = endpoint_service::prefix_list(region, service_name).unwrap_or_default();
            let message = format!(
                "route table {table_id} already has a route with destination-prefix-list-id {list}"
            );
            return Err(ApiError::new("RouteAlreadyExists", message));
        }
    }
    Ok(())
}

/// The routes that endpoints have put into a table, as EC2 describes them.
pub(super) fn routes(account: &Account, table_id: &str) -> Vec<Value> {
    let endpoints = account.ec2.vpc_endpoints.all().map(|(_, endpoint)| endpoint);
    let ours = endpoints.filter(|it| it.route_table_ids.iter().any(|table| table == table_id));
    let routes = ours.filter_map(|endpoint| {
        let region = endpoint.service_name.split('.').nth(2)?;
        let list = endpoint_service::prefix_list(region, &endpoint.service_name)?;
        Some(json!({
            "DestinationPrefixListId": list,
            "GatewayId": endpoint.vpc_endpoint_id,
            "Origin": "CreateRoute",
            "State": "active",
        }))
    });
    routes.collect()
}

/// Forgets a table that is gone.
pub(super) fn forget(account: &mut Account, table_id: &str) {
    for (_, endpoint) in account.ec2.vpc_endpoints.all_mut() {
        endpoint.route_table_ids.retain(|table| table != table_id);
    }
}
