//! Route: a table's way out. Actions: ec2:CreateRoute, ec2:DescribeRouteTables, ec2:ReplaceRoute,
//! ec2:DeleteRoute.

use super::{
    nat_gateway::NatGateway,
    route_table::{RouteTable, RouteTables, of_stack},
    vpc_gateway_attachment::VpcGatewayAttachment,
};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, RouteOrigin};

/// Which table, and where to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteId {
    /// `rtb-…`
    pub route_table_id: String,
    /// The destination's address block.
    pub destination: String,
}

needs! {
    /// The table and one of the two targets.
    RouteNeeds gives RouteValues {
        /// The table.
        table: Created<RouteTable>,
        /// AWS refuses a gateway that is not attached to the table's VPC.
        gateway: Option<Created<VpcGatewayAttachment>>,
        /// AWS takes one that is still `pending`.
        nat_gateway: Option<Created<NatGateway>>,
    }
}

/// A route. AWS keeps no tags on it: the table's lead to it.
#[derive(Serialize)]
pub struct Route {
    /// From where, through what.
    pub needs: RouteNeeds,
    /// To where.
    pub destination_cidr_block: String,
}

/// A route and the table that it is in.
pub struct LiveRoute {
    id: RouteId,
    route: ec2::Route,
}

/// Where the route of the table at `table` stands.
pub fn address(table: &Address) -> Address {
    table.child("route")
}

/// The destination of the route that the stack's tables have.
const EVERYWHERE: &str = "0.0.0.0/0";

impl RouteValues {
    fn gateway_id(&self) -> Option<&str> {
        self.gateway.as_ref().map(|attachment| attachment.internet_gateway_id.as_str())
    }

    fn nat_gateway_id(&self) -> Option<&str> {
        self.nat_gateway.as_ref().map(|gateway| gateway.0.as_str())
    }
}

impl Resource for Route {
    const KIND: Kind = Kind("AWS::EC2::Route");
    const TAGGED: bool = false;
    type Needs = RouteNeeds;
    type Out = RouteId;
    type Live = LiveRoute;

    fn needs(&self) -> RouteNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &RouteValues) -> Result<RouteId> {
        let destination = self.destination_cidr_block.clone();
        let call = cx.ec2().create_route().route_table_id(&needs.table.0);
        let call = call.destination_cidr_block(&destination);
        let call = call.set_gateway_id(needs.gateway_id().map(String::from));
        let call = call.set_nat_gateway_id(needs.nat_gateway_id().map(String::from));
        call.send().await.op("ec2:CreateRoute")?;
        Ok(RouteId { route_table_id: needs.table.0.clone(), destination })
    }

    fn drift(&self, live: &LiveRoute, needs: &RouteValues) -> Drift {
        Drift::none()
            .fixed("route_table_id", &needs.table.0, &live.id.route_table_id)
            .fixed("destination_cidr_block", &self.destination_cidr_block, &live.id.destination)
            .mutable("gateway_id", needs.gateway_id(), live.route.gateway_id())
            .mutable("nat_gateway_id", needs.nat_gateway_id(), live.route.nat_gateway_id())
    }

    async fn update(&self, cx: &Cx, id: &RouteId, _: &Drift, needs: &RouteValues) -> Result<()> {
        let call = cx.ec2().replace_route().route_table_id(&id.route_table_id);
        let call = call.destination_cidr_block(&id.destination);
        let call = call.set_gateway_id(needs.gateway_id().map(String::from));
        let call = call.set_nat_gateway_id(needs.nat_gateway_id().map(String::from));
        call.send().await.op("ec2:ReplaceRoute").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let table = &["route-table/*"];
        vec![
            Permission::find("ec2:DescribeRouteTables"),
            Permission::make("ec2:CreateRoute").on(table).tagged(),
            Permission::make("ec2:ReplaceRoute").on(table).tagged(),
            Permission::remove("ec2:DeleteRoute").on(table).tagged(),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<RouteId>>> {
        let mut found = Vec::new();
        for table in of_stack(cx).await? {
            let Some(owner) = cx.owned(tags_of(table.tags()), ()) else { continue };
            // A table has one route of the stack; any other is of someone's making.
            let made = || table.routes().iter().filter(|route| is_made(route));
            let destinations = || made().filter_map(|route| route.destination_cidr_block());
            let ours = destinations().find(|destination| *destination == EVERYWHERE);
            let ours = ours.or_else(|| destinations().next());
            let Some((id, destination)) = table.route_table_id().zip(ours) else { continue };
            let out = RouteId { route_table_id: id.into(), destination: destination.into() };
            let ways = made().filter(|route| route.destination_cidr_block() == Some(destination));
            let ways = ways.filter_map(|route| route.gateway_id().or(route.nat_gateway_id()));
            found.push(Found::untagged(address(&owner.address), out).standing_on(ways));
        }
        Ok(found)
    }

    async fn read(cx: &Cx, id: &RouteId) -> Result<Option<LiveRoute>> {
        let table = cx.load::<RouteTables>(id.route_table_id.clone()).await?;
        let route = table.as_ref().and_then(|table| {
            let mut routes = table.routes().iter();
            routes.find(|route| route.destination_cidr_block() == Some(&id.destination))
        });
        Ok(route.map(|route| LiveRoute { id: id.clone(), route: route.clone() }))
    }

    async fn delete(cx: &Cx, id: &RouteId) -> Result<()> {
        let call = cx.ec2().delete_route().route_table_id(&id.route_table_id);
        let call = call.destination_cidr_block(&id.destination);
        call.send().await.op("ec2:DeleteRoute").or_absent().map(drop)
    }

    fn id(id: &RouteId) -> String {
        format!("{}|{}", id.route_table_id, id.destination)
    }
}

/// Whether someone made it, as opposed to the VPC's own range.
fn is_made(route: &ec2::Route) -> bool {
    route.origin() == Some(&RouteOrigin::CreateRoute)
}
