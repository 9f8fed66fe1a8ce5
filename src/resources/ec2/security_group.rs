//! Security group: who may reach what. Actions: ec2:CreateSecurityGroup,
//! ec2:DescribeSecurityGroups, ec2:AuthorizeSecurityGroupEgress, ec2:DeleteSecurityGroup,
//! ec2:CreateTags.

use super::{
    FILTER_VALUES, filter,
    network_interfaces::{self, Held},
    retag, tagging,
    vpc::{Vpc, VpcId},
};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, IpPermission, IpRange, ResourceType};
use futures_util::try_join;

/// `sg-…`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupId(pub String);

/// A group that lets everything out, as AWS makes them. What it lets in are resources of their own.
#[derive(Serialize)]
pub struct SecurityGroup {
    /// The name need be its own only there.
    pub vpc: Created<Vpc>,
    /// Does not start with `sg-`.
    pub group_name: String,
    /// AWS wants one.
    pub description: String,
}

impl Resource for SecurityGroup {
    const KIND: Kind = Kind("AWS::EC2::SecurityGroup");
    // Network interfaces of tasks and load balancers hold it for minutes.
    const TIMES: Times = Times::of(0.0, 0.0, 900.0);
    type Needs = Created<Vpc>;
    type Out = SecurityGroupId;
    type Live = ec2::SecurityGroup;

    fn needs(&self) -> Created<Vpc> {
        self.vpc.clone()
    }

    async fn create(&self, cx: &Cx, vpc: &VpcId) -> Result<SecurityGroupId> {
        let call = cx.ec2().create_security_group().vpc_id(&vpc.0).group_name(&self.group_name);
        let call = call.description(&self.description);
        let call = call.tag_specifications(cx.tags_for(ResourceType::SecurityGroup));
        let made = call.send().await.op("ec2:CreateSecurityGroup")?;
        Ok(SecurityGroupId(made.group_id().answered("ec2:CreateSecurityGroup", "groupId")?.into()))
    }

    fn drift(&self, live: &ec2::SecurityGroup, vpc: &VpcId) -> Drift {
        let open = live.ip_permissions_egress().iter().any(is_open);
        Drift::none()
            .fixed("vpc_id", &vpc.0, live.vpc_id())
            .fixed("group_name", &self.group_name, live.group_name())
            .fixed("description", &self.description, live.description())
            .mutable("egress_is_open", true, open)
    }

    async fn update(&self, cx: &Cx, id: &SecurityGroupId, drift: &Drift, _: &VpcId) -> Result<()> {
        if drift.touches("egress_is_open") {
            let everywhere = IpRange::builder().cidr_ip(EVERYWHERE).build();
            let all = IpPermission::builder().ip_protocol(ALL).ip_ranges(everywhere).build();
            let call = cx.ec2().authorize_security_group_egress().group_id(&id.0);
            match call.ip_permissions(all).send().await.op("ec2:AuthorizeSecurityGroupEgress") {
                // A read that lags behind the change made it twice.
                Err(error) if error.class == Class::Exists => {}
                answer => drop(answer?),
            }
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("CreateSecurityGroup");
        let group = &["security-group/*"];
        all.extend([
            Permission::find("ec2:DescribeSecurityGroups"),
            Permission::make("ec2:CreateSecurityGroup").on(group).tagging(),
            Permission::make("ec2:CreateSecurityGroup").on(&["vpc/*"]).tagged(),
            Permission::make("ec2:AuthorizeSecurityGroupEgress").on(group).tagged(),
            Permission::remove("ec2:DeleteSecurityGroup").on(group).tagged(),
            network_interfaces::permission(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<SecurityGroupId>>> {
        let call = cx.ec2().describe_security_groups().filters(cx.stack_filter());
        let pages = call.into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeSecurityGroups")?;
        let found = all.iter().filter_map(|group| {
            let id = SecurityGroupId(group.group_id()?.into());
            Some(cx.owned(tags_of(group.tags()), id)?.standing_on(group.vpc_id()))
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &SecurityGroupId) -> Result<Option<ec2::SecurityGroup>> {
        let found = cx.load::<SecurityGroups>(id.0.clone()).await?;
        Ok(found.map(|group| (*group).clone()))
    }

    fn tags(live: &ec2::SecurityGroup) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, id: &SecurityGroupId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.0, changes).await
    }

    async fn interfaces(cx: &Cx, id: &SecurityGroupId) -> Result<Option<usize>> {
        network_interfaces::count(cx, Held::Group(id.0.clone())).await
    }

    async fn holders(cx: &Cx, id: &SecurityGroupId) -> Result<Vec<String>> {
        let held = Held::Group(id.0.clone());
        let naming = |filter| groups_naming(cx, filter, &id.0);
        let (mut named, inward, outward) = try_join!(
            network_interfaces::named(cx, &held),
            naming("ip-permission.group-id"),
            naming("egress.ip-permission.group-id")
        )?;
        named.extend(inward.into_iter().chain(outward));
        named.dedup();
        Ok(named)
    }

    async fn delete(cx: &Cx, id: &SecurityGroupId) -> Result<()> {
        let call = cx.ec2().delete_security_group().group_id(&id.0);
        call.send().await.op("ec2:DeleteSecurityGroup").or_absent().map(drop)
    }

    fn id(id: &SecurityGroupId) -> String {
        id.0.clone()
    }
}

/// The other groups whose rules name this one.
async fn groups_naming(cx: &Cx, name: &str, id: &str) -> Result<Vec<String>> {
    let call = cx.ec2().describe_security_groups().filters(filter(name, vec![id.into()]));
    let all = call.into_paginator().items().send().try_collect().await;
    let all: Vec<ec2::SecurityGroup> = all.op("ec2:DescribeSecurityGroups")?;
    let others = all.iter().filter(|group| group.group_id() != Some(id));
    let named = others.filter_map(|group| {
        Some(holder("a rule of security group", group.group_id()?, group.group_name()))
    });
    Ok(named.collect())
}

const EVERYWHERE: &str = "0.0.0.0/0";
const ALL: &str = "-1";

fn is_open(permission: &IpPermission) -> bool {
    permission.ip_protocol() == Some(ALL)
        && permission.ip_ranges().iter().any(|range| range.cidr_ip() == Some(EVERYWHERE))
}

/// `DescribeSecurityGroups`, for all who ask at once.
struct SecurityGroups;

impl Batch for SecurityGroups {
    type Key = String;
    type Value = ec2::SecurityGroup;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::SecurityGroup>> {
        let call = cx.ec2().describe_security_groups().filters(filter("group-id", ids));
        let pages = call.into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeSecurityGroups")?;
        Ok(all.into_iter().filter_map(|it| Some((it.group_id()?.into(), it))).collect())
    }
}
