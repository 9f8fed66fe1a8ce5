//! VPC: the address space of one side. Actions: ec2:CreateVpc, ec2:DescribeVpcs,
//! ec2:DescribeVpcAttribute, ec2:ModifyVpcAttribute, ec2:DeleteVpc, ec2:CreateTags, and to name what
//! holds one ec2:DescribeSubnets, ec2:DescribeSecurityGroups, ec2:DescribeInternetGateways,
//! ec2:DescribeRouteTables.

use super::{FILTER_VALUES, filter, retag, tagging};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, AttributeBooleanValue, ResourceType, VpcAttributeName};
use futures_util::join;

/// `vpc-…`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcId(pub String);

/// An address space with DNS. `CreateVpc` has no client token: a lost answer is found by the tag.
#[derive(Serialize)]
pub struct Vpc {
    /// The whole range.
    pub cidr_block: String,
    /// Amazon's resolver; interface endpoints with private DNS demand it.
    pub enable_dns_support: bool,
    /// Names for instances; likewise.
    pub enable_dns_hostnames: bool,
}

/// The VPC and its DNS attributes, which AWS shows one at a time.
pub struct LiveVpc {
    vpc: ec2::Vpc,
    dns: Option<(Option<bool>, Option<bool>)>,
}

impl Resource for Vpc {
    const KIND: Kind = Kind("AWS::EC2::VPC");
    type Needs = ();
    type Out = VpcId;
    type Live = LiveVpc;

    fn needs(&self) {}

    async fn create(&self, cx: &Cx, _: &()) -> Result<VpcId> {
        let call = cx.ec2().create_vpc().cidr_block(&self.cidr_block);
        let call = call.tag_specifications(cx.tags_for(ResourceType::Vpc));
        let made = call.send().await.op("ec2:CreateVpc")?;
        let id = made.vpc().and_then(|vpc| vpc.vpc_id());
        Ok(VpcId(id.answered("ec2:CreateVpc", "vpcId")?.into()))
    }

    fn drift(&self, live: &LiveVpc, _: &()) -> Drift {
        let drift = Drift::none().fixed("cidr_block", &self.cidr_block, live.vpc.cidr_block());
        match live.dns {
            Some((support, hostnames)) => drift
                .mutable("enable_dns_support", self.enable_dns_support, support)
                .mutable("enable_dns_hostnames", self.enable_dns_hostnames, hostnames),
            None => drift,
        }
    }

    async fn update(&self, cx: &Cx, id: &VpcId, drift: &Drift, _: &()) -> Result<()> {
        // One attribute in one call; host names can only be on while support is.
        let modify = || cx.ec2().modify_vpc_attribute().vpc_id(&id.0);
        let value = |on| AttributeBooleanValue::builder().value(on).build();
        if drift.touches("enable_dns_support") {
            let call = modify().enable_dns_support(value(self.enable_dns_support));
            call.send().await.op("ec2:ModifyVpcAttribute")?;
        }
        if drift.touches("enable_dns_hostnames") {
            let call = modify().enable_dns_hostnames(value(self.enable_dns_hostnames));
            call.send().await.op("ec2:ModifyVpcAttribute")?;
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("CreateVpc");
        all.extend([
            Permission::find("ec2:DescribeVpcs"),
            Permission::find("ec2:DescribeVpcAttribute").on(&["vpc/*"]),
            Permission::make("ec2:CreateVpc").on(&["vpc/*"]).tagging(),
            Permission::make("ec2:ModifyVpcAttribute").on(&["vpc/*"]).tagged(),
            Permission::remove("ec2:DeleteVpc").on(&["vpc/*"]).tagged(),
            Permission::remove("ec2:DescribeSubnets"),
            Permission::remove("ec2:DescribeSecurityGroups"),
            Permission::remove("ec2:DescribeInternetGateways"),
            Permission::remove("ec2:DescribeRouteTables"),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<VpcId>>> {
        let pages = cx.ec2().describe_vpcs().filters(cx.stack_filter()).into_paginator();
        let all = pages.items().send().try_collect().await.op("ec2:DescribeVpcs")?;
        let found = all.iter().filter_map(|vpc| {
            let id = VpcId(vpc.vpc_id()?.into());
            cx.owned(tags_of(vpc.tags()), id)
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &VpcId) -> Result<Option<LiveVpc>> {
        let Some(vpc) = cx.load::<Vpcs>(id.0.clone()).await? else { return Ok(None) };
        let dns = if cx.with_settings() {
            let attribute = |name| cx.ec2().describe_vpc_attribute().vpc_id(&id.0).attribute(name);
            let support = attribute(VpcAttributeName::EnableDnsSupport).send();
            let hostnames = attribute(VpcAttributeName::EnableDnsHostnames).send();
            let (support, hostnames) = join!(support, hostnames);
            let support = support.op("ec2:DescribeVpcAttribute").or_absent()?;
            let hostnames = hostnames.op("ec2:DescribeVpcAttribute").or_absent()?;
            // The listing may show what is gone already.
            let Some((support, hostnames)) = support.zip(hostnames) else { return Ok(None) };
            Some((
                support.enable_dns_support().and_then(|value| value.value()),
                hostnames.enable_dns_hostnames().and_then(|value| value.value()),
            ))
        } else {
            None
        };
        Ok(Some(LiveVpc { vpc: (*vpc).clone(), dns }))
    }

    fn readiness(live: &LiveVpc) -> Readiness {
        match live.vpc.state() {
            Some(ec2::VpcState::Available) => Readiness::Ready,
            other => Readiness::Waiting(format!("state is {}", text(other))),
        }
    }

    fn tags(live: &LiveVpc) -> Option<Tags> {
        Some(tags_of(live.vpc.tags()))
    }

    async fn retag(cx: &Cx, id: &VpcId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.0, changes).await
    }

    async fn holders(cx: &Cx, id: &VpcId) -> Result<Vec<String>> {
        holders(cx, &id.0).await
    }

    async fn delete(cx: &Cx, id: &VpcId) -> Result<()> {
        let call = cx.ec2().delete_vpc().vpc_id(&id.0);
        call.send().await.op("ec2:DeleteVpc").or_absent().map(drop)
    }

    fn id(id: &VpcId) -> String {
        id.0.clone()
    }
}

/// What stands in a VPC. What stands in its subnets keeps these, and they keep the VPC.
async fn holders(cx: &Cx, vpc: &str) -> Result<Vec<String>> {
    let of = |name| filter(name, vec![vpc.into()]);
    let subnets = cx.ec2().describe_subnets().filters(of("vpc-id")).into_paginator().items();
    let groups = cx.ec2().describe_security_groups().filters(of("vpc-id"));
    let groups = groups.into_paginator().items();
    let gateways = cx.ec2().describe_internet_gateways().filters(of("attachment.vpc-id"));
    let gateways = gateways.into_paginator().items();
    let tables = cx.ec2().describe_route_tables().filters(of("vpc-id")).into_paginator().items();
    let (subnets, groups, gateways, tables) = join!(
        subnets.send().try_collect(),
        groups.send().try_collect(),
        gateways.send().try_collect(),
        tables.send().try_collect()
    );
    let subnets: Vec<ec2::Subnet> = subnets.op("ec2:DescribeSubnets")?;
    let groups: Vec<ec2::SecurityGroup> = groups.op("ec2:DescribeSecurityGroups")?;
    let gateways: Vec<ec2::InternetGateway> = gateways.op("ec2:DescribeInternetGateways")?;
    let tables: Vec<ec2::RouteTable> = tables.op("ec2:DescribeRouteTables")?;
    let subnets = subnets
        .iter()
        .filter_map(|subnet| Some(holder("subnet", subnet.subnet_id()?, subnet.cidr_block())));
    // The default group and the main table go with the VPC.
    let groups = groups.iter().filter(|group| group.group_name() != Some("default"));
    let groups = groups
        .filter_map(|group| Some(holder("security group", group.group_id()?, group.group_name())));
    let gateways = gateways.iter().filter_map(|gateway| {
        Some(holder("internet gateway", gateway.internet_gateway_id()?, None))
    });
    let main =
        |table: &&ec2::RouteTable| table.associations().iter().any(|it| it.main() == Some(true));
    let tables = tables.iter().filter(|table| !main(table));
    let tables =
        tables.filter_map(|table| Some(holder("route table", table.route_table_id()?, None)));
    Ok(subnets.chain(groups).chain(gateways).chain(tables).collect())
}

fn text(state: Option<&ec2::VpcState>) -> &str {
    state.map_or("unknown", |state| state.as_str())
}

/// `DescribeVpcs`, for all who ask at once.
struct Vpcs;

impl Batch for Vpcs {
    type Key = String;
    type Value = ec2::Vpc;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::Vpc>> {
        let call = cx.ec2().describe_vpcs().filters(filter("vpc-id", ids));
        let pages = call.into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeVpcs")?;
        Ok(all.into_iter().filter_map(|vpc| Some((vpc.vpc_id()?.into(), vpc))).collect())
    }
}
