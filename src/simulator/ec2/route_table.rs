//! Route tables, and which way a subnet's packets go.

use super::{
    Tag, describe::Describe, done, full, gateway_endpoint, id, igw_attached, in_use, mismatch,
    route::Route, route_table_association::Association, shape, tags, unknown as no_such, vpc,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A route table as EC2 describes it, but for the state of its routes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RouteTable {
    /// `rtb-…`
    pub route_table_id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// The account.
    pub owner_id: String,
    /// Subnets that use it, and whether it is the VPC's main one.
    pub associations: Vec<Association>,
    /// The VPC's own range first.
    pub routes: Vec<Route>,
    /// Tags.
    pub tags: Vec<Tag>,
}

impl RouteTable {
    /// Whether subnets without a table of their own use it.
    pub fn is_main(&self) -> bool {
        self.associations.iter().any(|association| association.main)
    }
}

/// `CreateRouteTable`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    account.once(call, call.input.text("ClientToken"), mismatch, |account| {
        let vpc = vpc::find(account, call.input.text_or_empty("VpcId"))?.clone();
        let there = account.ec2.route_tables.all().filter(|(_, table)| table.vpc_id == vpc.vpc_id);
        if there.count() >= account.quotas.route_tables_per_vpc {
            return Err(full("RouteTableLimitExceeded", "route tables"));
        }
        let table = new(account, &vpc, tags::specified(&call.input, "route-table"));
        let token = call.input.text("ClientToken");
        let answer = json!({ "RouteTable": described(account, &table), "ClientToken": token });
        let (made, visible) = (account.now, account.visible_at());
        account.ec2.route_tables.insert(table.route_table_id.clone(), table, made, visible);
        Ok(answer)
    })
}

fn new(account: &mut Account, vpc: &vpc::Vpc, tags: Vec<Tag>) -> RouteTable {
    RouteTable {
        route_table_id: id(account, "rtb"),
        vpc_id: vpc.vpc_id.clone(),
        owner_id: account.id.clone(),
        associations: Vec::new(),
        routes: vec![Route::local(&vpc.cidr_block)],
        tags,
    }
}

/// Makes the one that a VPC is born with.
pub(super) fn make_main(account: &mut Account, vpc: &vpc::Vpc, visible: Millis) {
    let mut table = new(account, vpc, Vec::new());
    let association = Association::new(account, &table.route_table_id, None);
    table.associations.push(association);
    let made = account.now;
    account.ec2.route_tables.insert(table.route_table_id.clone(), table, made, visible);
}

/// `DescribeRouteTables`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "RouteTables",
        ids: "RouteTableIds",
        id: "RouteTableId",
        unknown,
        filters: "Filters",
        special: &[
            ("association.main", "Associations.Main"),
            ("association.subnet-id", "Associations.SubnetId"),
            ("association.gateway-id", "Associations.GatewayId"),
            ("association.route-table-id", "Associations.RouteTableId"),
            ("association.route-table-association-id", "Associations.RouteTableAssociationId"),
            ("route.destination-cidr-block", "Routes.DestinationCidrBlock"),
            ("route.destination-prefix-list-id", "Routes.DestinationPrefixListId"),
            ("route.gateway-id", "Routes.GatewayId"),
            ("route.nat-gateway-id", "Routes.NatGatewayId"),
            ("route.origin", "Routes.Origin"),
            ("route.state", "Routes.State"),
        ],
    };
    let tables = account.ec2.route_tables.visible(account.now);
    describe.answer(&call.input, tables.map(|table| described(account, table)))
}

/// A route leads nowhere once its target is gone: EC2 shows that as a state.
fn described(account: &Account, table: &RouteTable) -> Value {
    let mut shape = shape(table);
    let routes = table.routes.iter().map(|route| {
        let works = route.works(account, &table.vpc_id);
        let mut shape = super::shape(route);
        shape["State"] = if works { "active" } else { "blackhole" }.into();
        shape
    });
    let of_endpoints = gateway_endpoint::routes(account, &table.route_table_id);
    shape["Routes"] = routes.chain(of_endpoints).collect();
    shape["PropagatingVgws"] = json!([]);
    shape
}

/// `DeleteRouteTable`: refused while a subnet uses it, and for the main one.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let table = find(account, call.input.text_or_empty("RouteTableId"))?;
    let table_id = table.route_table_id.clone();
    if !table.associations.is_empty() {
        return Err(in_use("routeTable", &table_id));
    }
    gateway_endpoint::forget(account, &table_id);
    account.ec2.route_tables.remove(&table_id);
    done()
}

/// A route table that calls can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a RouteTable, ApiError> {
    account.ec2.route_tables.get(id, account.now).ok_or_else(|| unknown(id))
}

/// The table that a subnet's packets follow: its own, or the VPC's main one.
pub fn of_subnet<'a>(account: &'a Account, subnet_id: &str) -> Option<&'a RouteTable> {
    let subnet = account.ec2.subnets.known(subnet_id)?;
    let tables = || account.ec2.route_tables.all().map(|(_, table)| table);
    let own = tables().find(|table| table.associations.iter().any(|it| it.is_of(subnet_id)));
    own.or_else(|| tables().find(|table| table.vpc_id == subnet.vpc_id && table.is_main()))
}

/// Whether packets from a subnet reach the internet: through an attached internet gateway, or
/// through an available NAT gateway whose own subnet does.
pub fn subnet_has_egress(account: &Account, subnet_id: &str) -> bool {
    let Some(table) = of_subnet(account, subnet_id) else { return false };
    let mut routes = table.routes.iter();
    let Some(route) = routes.find(|route| route.destination_cidr_block == "0.0.0.0/0") else {
        return false;
    };
    match (&route.gateway_id, &route.nat_gateway_id) {
        (Some(_), _) => route.works(account, &table.vpc_id),
        (None, Some(nat_id)) => {
            let nat = account.ec2.nat_gateways.known(nat_id);
            nat.filter(|nat| nat.state == "available").is_some_and(|nat| {
                let way_out = of_subnet(account, &nat.subnet_id);
                let open = |route: &Route| {
                    route.destination_cidr_block == "0.0.0.0/0" && route.gateway_id.is_some()
                };
                igw_attached(account, &nat.vpc_id)
                    && way_out.is_some_and(|table| table.routes.iter().any(open))
            })
        }
        (None, None) => false,
    }
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidRouteTableID.NotFound", "routeTable ID", id)
}
