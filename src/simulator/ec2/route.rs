//! Routes: entries of a route table.

use super::{done, full, internet_gateway, invalid, nat_gateway, route_table, yes};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

/// A route as EC2 describes it, but for its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Route {
    /// Where to.
    pub destination_cidr_block: String,
    /// `igw-…`, or `local`.
    pub gateway_id: Option<String>,
    /// `nat-…`
    pub nat_gateway_id: Option<String>,
    /// `CreateRouteTable` for the VPC's own range, else `CreateRoute`.
    pub origin: String,
}

impl Route {
    /// The VPC's own range.
    pub fn local(cidr_block: &str) -> Self {
        Self {
            destination_cidr_block: cidr_block.into(),
            gateway_id: Some("local".into()),
            nat_gateway_id: None,
            origin: "CreateRouteTable".into(),
        }
    }

    fn is_local(&self) -> bool {
        self.gateway_id.as_deref() == Some("local")
    }

    /// Whether its target is there. A NAT gateway that is still `pending` counts.
    pub fn works(&self, account: &Account, vpc_id: &str) -> bool {
        match (self.gateway_id.as_deref(), &self.nat_gateway_id) {
            (Some("local"), _) => true,
            (Some(id), _) => {
                let gateway = account.ec2.internet_gateways.known(id);
                gateway.is_some_and(|gateway| gateway.is_attached_to(vpc_id))
            }
            (None, Some(id)) => account.ec2.nat_gateways.known(id).is_some_and(|nat| nat.is_held()),
            (None, None) => false,
        }
    }
}

/// `CreateRoute`. The very same route again is fine.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let (table_id, route) = wanted(account, call)?;
    let most = account.quotas.routes_per_table;
    let table = account.ec2.route_tables.known_mut(&table_id);
    let routes = table.map(|table| &mut table.routes).ok_or_else(|| invalid(&table_id))?;
    let destination = &route.destination_cidr_block;
    match routes.iter().find(|other| other.destination_cidr_block == *destination) {
        Some(other) if *other == route => {}
        Some(_) => {
            let message = format!("The route identified by {destination} already exists.");
            return Err(ApiError::new("RouteAlreadyExists", message));
        }
        None if routes.iter().filter(|other| !other.is_local()).count() >= most => {
            return Err(full("RouteLimitExceeded", "routes"));
        }
        None => routes.push(route),
    }
    yes()
}

/// `ReplaceRoute`.
pub fn replace(account: &mut Account, call: &Call) -> Answer {
    let (table_id, route) = wanted(account, call)?;
    let table = account.ec2.route_tables.known_mut(&table_id);
    let mut routes = table.into_iter().flat_map(|table| &mut table.routes);
    let destination = &route.destination_cidr_block;
    match routes.find(|other| other.destination_cidr_block == *destination) {
        Some(other) => *other = route,
        None => {
            let message = format!(
                "There is no route defined for '{destination}' in the route table. Use \
                 CreateRoute instead."
            );
            return Err(invalid(message));
        }
    }
    done()
}

/// `DeleteRoute`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let table = route_table::find(account, call.input.text_or_empty("RouteTableId"))?;
    let table_id = table.route_table_id.clone();
    let destination = destination(call)?;
    let to = |route: &Route| route.destination_cidr_block == destination;
    match table.routes.iter().find(|route| to(route)) {
        None => {
            let message = format!(
                "no route with destination-cidr-block {destination} in route table {table_id}"
            );
            return Err(ApiError::new("InvalidRoute.NotFound", message));
        }
        Some(route) if route.gateway_id.as_deref() == Some("local") => {
            let message =
                format!("cannot remove local route {destination} in route table {table_id}");
            return Err(invalid(message));
        }
        Some(_) => {}
    }
    if let Some(table) = account.ec2.route_tables.known_mut(&table_id) {
        table.routes.retain(|route| !to(route));
    }
    done()
}

/// The table and the route that a call names, when both can be.
fn wanted(account: &Account, call: &Call) -> Result<(String, Route), ApiError> {
    let table = route_table::find(account, call.input.text_or_empty("RouteTableId"))?;
    let destination_cidr_block = destination(call)?;
    let target = |member: &str| call.input.text(member).map(String::from);
    let (gateway_id, nat_gateway_id) = (target("GatewayId"), target("NatGatewayId"));
    let elsewhere = |gateway: &str| {
        let table = &table.route_table_id;
        invalid(format!(
            "route table {table} and network gateway {gateway} belong to different networks"
        ))
    };
    match (&gateway_id, &nat_gateway_id) {
        (Some(id), None) => {
            let gateway = internet_gateway::find(account, id).map_err(|_| unknown_gateway(id))?;
            if !gateway.is_attached_to(&table.vpc_id) {
                return Err(elsewhere(id));
            }
        }
        (None, Some(id)) => {
            if nat_gateway::find(account, id)?.vpc_id != table.vpc_id {
                return Err(elsewhere(id));
            }
        }
        _ => {
            let message = "The simulator's routes lead to one internet gateway or NAT gateway.";
            return Err(ApiError::new("InvalidParameterCombination", message));
        }
    }
    let origin = "CreateRoute".into();
    let route = Route { destination_cidr_block, gateway_id, nat_gateway_id, origin };
    Ok((table.route_table_id.clone(), route))
}

fn destination(call: &Call) -> Result<String, ApiError> {
    let text = call.input.text_or_empty("DestinationCidrBlock");
    let range: Result<Ipv4Net, _> = text.parse();
    range.map(|range| range.trunc().to_string()).map_err(|_| {
        let message = format!("The destination CIDR block {text} is not a valid CIDR.");
        invalid(message)
    })
}

fn unknown_gateway(id: &str) -> ApiError {
    super::unknown("InvalidGatewayID.NotFound", "gateway ID", id)
}
