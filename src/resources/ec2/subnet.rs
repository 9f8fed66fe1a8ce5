//! Subnet: one address range in one Availability Zone. Actions: ec2:CreateSubnet,
//! ec2:DescribeSubnets, ec2:ModifySubnetAttribute, ec2:DeleteSubnet, ec2:CreateTags.

use super::{
    FILTER_VALUES, filter,
    network_interfaces::{self, Held},
    retag, tagging,
    vpc::{Vpc, VpcId},
};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, AttributeBooleanValue, ResourceType, SubnetState};

/// `subnet-…`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubnetId(pub String);

/// An address range in a zone.
#[derive(Serialize)]
pub struct Subnet {
    /// `CreateSubnet` takes the ID of a VPC that is still `pending`.
    pub vpc: Created<Vpc>,
    /// The range, inside the VPC's.
    pub cidr_block: String,
    /// Such as `eu-west-1a`.
    pub availability_zone: String,
    /// Whether what starts here gets a public address.
    pub map_public_ip_on_launch: bool,
}

impl Resource for Subnet {
    const KIND: Kind = Kind("AWS::EC2::Subnet");
    type Needs = Created<Vpc>;
    type Out = SubnetId;
    type Live = ec2::Subnet;

    fn needs(&self) -> Created<Vpc> {
        self.vpc.clone()
    }

    async fn create(&self, cx: &Cx, vpc: &VpcId) -> Result<SubnetId> {
        let call = cx.ec2().create_subnet().vpc_id(&vpc.0).cidr_block(&self.cidr_block);
        let call = call.availability_zone(&self.availability_zone);
        let call = call.tag_specifications(cx.tags_for(ResourceType::Subnet));
        let made = call.send().await.op("ec2:CreateSubnet")?;
        let id = made.subnet().and_then(|subnet| subnet.subnet_id());
        Ok(SubnetId(id.answered("ec2:CreateSubnet", "subnetId")?.into()))
    }

    fn drift(&self, live: &ec2::Subnet, vpc: &VpcId) -> Drift {
        let public = self.map_public_ip_on_launch;
        Drift::none()
            .fixed("vpc_id", &vpc.0, live.vpc_id())
            .fixed("cidr_block", &self.cidr_block, live.cidr_block())
            .fixed("availability_zone", &self.availability_zone, live.availability_zone())
            .mutable("map_public_ip_on_launch", public, live.map_public_ip_on_launch())
    }

    async fn update(&self, cx: &Cx, id: &SubnetId, drift: &Drift, _: &VpcId) -> Result<()> {
        if drift.touches("map_public_ip_on_launch") {
            let want = AttributeBooleanValue::builder().value(self.map_public_ip_on_launch).build();
            let call = cx.ec2().modify_subnet_attribute().subnet_id(&id.0);
            call.map_public_ip_on_launch(want).send().await.op("ec2:ModifySubnetAttribute")?;
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("CreateSubnet");
        all.extend([
            Permission::find("ec2:DescribeSubnets"),
            Permission::make("ec2:CreateSubnet").on(&["subnet/*"]).tagging(),
            Permission::make("ec2:CreateSubnet").on(&["vpc/*"]).tagged(),
            Permission::make("ec2:ModifySubnetAttribute").on(&["subnet/*"]).tagged(),
            Permission::remove("ec2:DeleteSubnet").on(&["subnet/*"]).tagged(),
            network_interfaces::permission(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<SubnetId>>> {
        let pages = cx.ec2().describe_subnets().filters(cx.stack_filter()).into_paginator();
        let all = pages.items().send().try_collect().await.op("ec2:DescribeSubnets")?;
        let found = all.iter().filter_map(|subnet| {
            let id = SubnetId(subnet.subnet_id()?.into());
            Some(cx.owned(tags_of(subnet.tags()), id)?.standing_on(subnet.vpc_id()))
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &SubnetId) -> Result<Option<ec2::Subnet>> {
        let found = cx.load::<Subnets>(id.0.clone()).await?;
        Ok(found.map(|subnet| (*subnet).clone()))
    }

    fn readiness(live: &ec2::Subnet) -> Readiness {
        match live.state() {
            Some(SubnetState::Available) => Readiness::Ready,
            other => {
                let state = other.map_or("unknown", |state| state.as_str());
                Readiness::Waiting(format!("state is {state}"))
            }
        }
    }

    fn tags(live: &ec2::Subnet) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, id: &SubnetId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.0, changes).await
    }

    async fn interfaces(cx: &Cx, id: &SubnetId) -> Result<Option<usize>> {
        network_interfaces::count(cx, Held::Subnet(id.0.clone())).await
    }

    async fn holders(cx: &Cx, id: &SubnetId) -> Result<Vec<String>> {
        network_interfaces::named(cx, &Held::Subnet(id.0.clone())).await
    }

    async fn delete(cx: &Cx, id: &SubnetId) -> Result<()> {
        let call = cx.ec2().delete_subnet().subnet_id(&id.0);
        call.send().await.op("ec2:DeleteSubnet").or_absent().map(drop)
    }

    fn id(id: &SubnetId) -> String {
        id.0.clone()
    }
}

/// `DescribeSubnets`, for all who ask at once.
struct Subnets;

impl Batch for Subnets {
    type Key = String;
    type Value = ec2::Subnet;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::Subnet>> {
        let call = cx.ec2().describe_subnets().filters(filter("subnet-id", ids));
        let pages = call.into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeSubnets")?;
        Ok(all.into_iter().filter_map(|s| Some((s.subnet_id()?.into(), s))).collect())
    }
}
