//! Route table: where a subnet's packets go. Actions: ec2:CreateRouteTable,
//! ec2:DescribeRouteTables, ec2:DeleteRouteTable, ec2:CreateTags.

use super::{
    FILTER_VALUES, filter, retag, tagging,
    vpc::{Vpc, VpcId},
};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, ResourceType};

/// `rtb-…`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteTableId(pub String);

/// A table that begins with the VPC's own range alone.
#[derive(Serialize)]
pub struct RouteTable {
    /// Whose subnets can use it.
    pub vpc: Created<Vpc>,
}

impl Resource for RouteTable {
    const KIND: Kind = Kind("AWS::EC2::RouteTable");
    type Needs = Created<Vpc>;
    type Out = RouteTableId;
    type Live = ec2::RouteTable;

    fn needs(&self) -> Created<Vpc> {
        self.vpc.clone()
    }

    async fn create(&self, cx: &Cx, vpc: &VpcId) -> Result<RouteTableId> {
        let call = cx.ec2().create_route_table().vpc_id(&vpc.0).client_token(cx.token());
        let call = call.tag_specifications(cx.tags_for(ResourceType::RouteTable));
        let made = call.send().await.op("ec2:CreateRouteTable")?;
        let id = made.route_table().and_then(|table| table.route_table_id());
        Ok(RouteTableId(id.answered("ec2:CreateRouteTable", "routeTableId")?.into()))
    }

    fn drift(&self, live: &ec2::RouteTable, vpc: &VpcId) -> Drift {
        Drift::none().fixed("vpc_id", &vpc.0, live.vpc_id())
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("CreateRouteTable");
        all.extend([
            Permission::find("ec2:DescribeRouteTables"),
            Permission::make("ec2:CreateRouteTable").on(&["route-table/*"]).tagging(),
            Permission::make("ec2:CreateRouteTable").on(&["vpc/*"]).tagged(),
            Permission::remove("ec2:DeleteRouteTable").on(&["route-table/*"]).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<RouteTableId>>> {
        let all = of_stack(cx).await?;
        let found = all.iter().filter_map(|table| {
            let id = RouteTableId(table.route_table_id()?.into());
            Some(cx.owned(tags_of(table.tags()), id)?.standing_on(table.vpc_id()))
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &RouteTableId) -> Result<Option<ec2::RouteTable>> {
        let found = cx.load::<RouteTables>(id.0.clone()).await?;
        Ok(found.map(|table| (*table).clone()))
    }

    fn tags(live: &ec2::RouteTable) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, id: &RouteTableId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.0, changes).await
    }

    async fn holders(cx: &Cx, id: &RouteTableId) -> Result<Vec<String>> {
        let Some(table) = Self::read(cx, id).await? else { return Ok(Vec::new()) };
        let subnets = table.associations().iter().filter_map(|it| it.subnet_id());
        Ok(subnets.map(|subnet| holder("its association with subnet", subnet, None)).collect())
    }

    async fn delete(cx: &Cx, id: &RouteTableId) -> Result<()> {
        let call = cx.ec2().delete_route_table().route_table_id(&id.0);
        call.send().await.op("ec2:DeleteRouteTable").or_absent().map(drop)
    }

    fn id(id: &RouteTableId) -> String {
        id.0.clone()
    }
}

/// The stack's tables, with their routes.
pub(super) async fn of_stack(cx: &Cx) -> Result<Vec<ec2::RouteTable>> {
    let pages = cx.ec2().describe_route_tables().filters(cx.stack_filter()).into_paginator();
    pages.items().send().try_collect().await.op("ec2:DescribeRouteTables")
}

/// `DescribeRouteTables`, for all tables, routes and associations that are asked for at once.
pub(super) struct RouteTables;

impl Batch for RouteTables {
    type Key = String;
    type Value = ec2::RouteTable;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::RouteTable>> {
        let call = cx.ec2().describe_route_tables().filters(filter("route-table-id", ids));
        let pages = call.into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeRouteTables")?;
        Ok(all.into_iter().filter_map(|it| Some((it.route_table_id()?.into(), it))).collect())
    }
}
