//! Subnet's route table: which table a subnet uses. Actions: ec2:AssociateRouteTable,
//! ec2:DescribeRouteTables, ec2:DescribeSubnets, ec2:ReplaceRouteTableAssociation,
//! ec2:DisassociateRouteTable.

use super::{
    FILTER_VALUES, filter,
    route_table::{RouteTable, RouteTables},
    subnet::Subnet,
};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, RouteTableAssociationStateCode as Code};

/// The association, and both ends as they were made. The subnet alone is what it is found by: a
/// change of table changes the association's ID.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubnetRouteTableAssociationId {
    /// `rtbassoc-…`
    pub association_id: String,
    /// `subnet-…`
    pub subnet_id: String,
    /// `rtb-…`
    pub route_table_id: String,
}

needs! {
    /// Both ends.
    SubnetRouteTableAssociationNeeds gives SubnetRouteTableAssociationValues {
        /// The subnet.
        subnet: Created<Subnet>,
        /// The table that it uses.
        table: Created<RouteTable>,
        /// The way out that the table has: what runs in a subnet must not lose its own meanwhile.
        way_out: Vec<Gate>,
    }
}

/// A subnet with a table of its own. AWS keeps no tags on it: the subnet's lead to it.
#[derive(Serialize)]
pub struct SubnetRouteTableAssociation {
    /// Both ends.
    pub needs: SubnetRouteTableAssociationNeeds,
}

/// Where the association of the subnet at `subnet` stands.
pub fn address(subnet: &Address) -> Address {
    subnet.child("route-table")
}

impl Resource for SubnetRouteTableAssociation {
    const KIND: Kind = Kind("AWS::EC2::SubnetRouteTableAssociation");
    const TAGGED: bool = false;
    type Needs = SubnetRouteTableAssociationNeeds;
    type Out = SubnetRouteTableAssociationId;
    type Live = ec2::RouteTableAssociation;

    fn needs(&self) -> SubnetRouteTableAssociationNeeds {
        self.needs.clone()
    }

    async fn create(
        &self,
        cx: &Cx,
        needs: &SubnetRouteTableAssociationValues,
    ) -> Result<SubnetRouteTableAssociationId> {
        let call = cx.ec2().associate_route_table().subnet_id(&needs.subnet.0);
        let made = call.route_table_id(&needs.table.0).send().await;
        let made = made.op("ec2:AssociateRouteTable")?;
        let id = made.association_id().answered("ec2:AssociateRouteTable", "associationId")?;
        Ok(SubnetRouteTableAssociationId {
            association_id: id.into(),
            subnet_id: needs.subnet.0.clone(),
            route_table_id: needs.table.0.clone(),
        })
    }

    fn drift(
        &self,
        live: &ec2::RouteTableAssociation,
        needs: &SubnetRouteTableAssociationValues,
    ) -> Drift {
        Drift::none().fixed("subnet_id", &needs.subnet.0, live.subnet_id()).mutable(
            "route_table_id",
            &needs.table.0,
            live.route_table_id(),
        )
    }

    async fn update(
        &self,
        cx: &Cx,
        out: &SubnetRouteTableAssociationId,
        _: &Drift,
        needs: &SubnetRouteTableAssociationValues,
    ) -> Result<()> {
        let live = Self::read(cx, out).await?;
        let id = live.as_ref().and_then(|live| live.route_table_association_id());
        let id = id.unwrap_or(&out.association_id);
        let call = cx.ec2().replace_route_table_association().association_id(id);
        let call = call.route_table_id(&needs.table.0);
        call.send().await.op("ec2:ReplaceRouteTableAssociation").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let ends = &["route-table/*", "subnet/*"];
        vec![
            Permission::find("ec2:DescribeRouteTables"),
            Permission::find("ec2:DescribeSubnets"),
            Permission::make("ec2:AssociateRouteTable").on(ends).tagged(),
            Permission::make("ec2:ReplaceRouteTableAssociation").on(ends).tagged(),
            Permission::remove("ec2:DisassociateRouteTable").on(ends).tagged(),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<SubnetRouteTableAssociationId>>> {
        let subnets = Subnet::search(cx).await?;
        let of_subnet = |subnet: Found<super::subnet::SubnetId>| async move {
            let there = cx.load::<AssociationsBySubnet>(subnet.out.0).await?;
            let out = there.as_deref().and_then(identity);
            let table = there.as_deref().and_then(|there| there.route_table_id());
            Ok::<_, Error>(out.map(|out| {
                let found = Found::untagged(address(&subnet.address), out);
                found.standing_on(table)
            }))
        };
        let all = futures_util::future::try_join_all(subnets.into_iter().map(of_subnet)).await?;
        Ok(all.into_iter().flatten().collect())
    }

    async fn read(
        cx: &Cx,
        out: &SubnetRouteTableAssociationId,
    ) -> Result<Option<ec2::RouteTableAssociation>> {
        let table = cx.load::<RouteTables>(out.route_table_id.clone()).await?;
        let here = table.as_ref().and_then(|table| {
            let mut all = table.associations().iter().filter(|it| is_live(it));
            all.find(|association| association.subnet_id() == Some(&out.subnet_id))
        });
        if let Some(association) = here {
            return Ok(Some(association.clone()));
        }
        // The subnet may use another table by now.
        let elsewhere = cx.load::<AssociationsBySubnet>(out.subnet_id.clone()).await?;
        Ok(elsewhere.map(|association| (*association).clone()))
    }

    fn readiness(live: &ec2::RouteTableAssociation) -> Readiness {
        let state = live.association_state();
        match state.and_then(|state| state.state()) {
            None | Some(Code::Associated) => Readiness::Ready,
            Some(Code::Failed) => {
                let why = state.and_then(|state| state.status_message()).unwrap_or("failed");
                Readiness::Failed(why.into())
            }
            Some(other) => Readiness::Waiting(format!("state is {}", other.as_str())),
        }
    }

    async fn delete(cx: &Cx, out: &SubnetRouteTableAssociationId) -> Result<()> {
        if disassociate(cx, &out.association_id).await?.is_some() {
            return Ok(());
        }
        // The recorded one is gone; the subnet may have got another table meanwhile.
        let live = cx.load::<AssociationsBySubnet>(out.subnet_id.clone()).await?;
        match live.as_ref().and_then(|live| live.route_table_association_id()) {
            Some(id) => disassociate(cx, id).await.map(drop),
            None => Ok(()),
        }
    }

    /// The subnet's, which has one association: a replaced one has another ID than the record says.
    fn id(out: &SubnetRouteTableAssociationId) -> String {
        out.subnet_id.clone()
    }
}

async fn disassociate(cx: &Cx, id: &str) -> Result<Option<()>> {
    let call = cx.ec2().disassociate_route_table().association_id(id);
    let gone = call.send().await.op("ec2:DisassociateRouteTable").or_absent()?;
    Ok(gone.map(drop))
}

fn is_live(association: &ec2::RouteTableAssociation) -> bool {
    let state = association.association_state().and_then(|state| state.state());
    !matches!(state, Some(Code::Disassociating | Code::Disassociated))
}

fn identity(live: &ec2::RouteTableAssociation) -> Option<SubnetRouteTableAssociationId> {
    Some(SubnetRouteTableAssociationId {
        association_id: live.route_table_association_id()?.into(),
        subnet_id: live.subnet_id()?.into(),
        route_table_id: live.route_table_id()?.into(),
    })
}

/// `DescribeRouteTables` by subnet: for searches, and for subnets that have changed their table.
struct AssociationsBySubnet;

impl Batch for AssociationsBySubnet {
    type Key = String;
    type Value = ec2::RouteTableAssociation;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(
        cx: &Cx,
        subnets: Vec<String>,
    ) -> Result<BTreeMap<String, ec2::RouteTableAssociation>> {
        let wanted = filter("association.subnet-id", subnets);
        let pages = cx.ec2().describe_route_tables().filters(wanted).into_paginator();
        let all = pages.items().send().try_collect().await.op("ec2:DescribeRouteTables")?;
        let live = all.iter().flat_map(|table| table.associations()).filter(|it| is_live(it));
        Ok(live.filter_map(|it| Some((it.subnet_id()?.into(), it.clone()))).collect())
    }
}
