//! Internet gateway: the way out of public subnets. Actions: ec2:CreateInternetGateway,
//! ec2:DescribeInternetGateways, ec2:DeleteInternetGateway, ec2:CreateTags.

use super::{FILTER_VALUES, filter, retag, tagging};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, ResourceType};

/// `igw-…`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InternetGatewayId(pub String);

/// A gateway, in no VPC yet. `CreateInternetGateway` has no client token: a lost answer is found by
/// the tag.
#[derive(Serialize)]
pub struct InternetGateway {}

impl Resource for InternetGateway {
    const KIND: Kind = Kind("AWS::EC2::InternetGateway");
    type Needs = ();
    type Out = InternetGatewayId;
    type Live = ec2::InternetGateway;

    fn needs(&self) {}

    async fn create(&self, cx: &Cx, _: &()) -> Result<InternetGatewayId> {
        let call = cx.ec2().create_internet_gateway();
        let call = call.tag_specifications(cx.tags_for(ResourceType::InternetGateway));
        let made = call.send().await.op("ec2:CreateInternetGateway")?;
        let id = made.internet_gateway().and_then(|gateway| gateway.internet_gateway_id());
        let id = id.answered("ec2:CreateInternetGateway", "internetGatewayId")?;
        Ok(InternetGatewayId(id.into()))
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("CreateInternetGateway");
        all.extend([
            Permission::find("ec2:DescribeInternetGateways"),
            Permission::make("ec2:CreateInternetGateway").on(&["internet-gateway/*"]).tagging(),
            Permission::remove("ec2:DeleteInternetGateway").on(&["internet-gateway/*"]).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<InternetGatewayId>>> {
        let all = of_stack(cx).await?;
        let found = all.iter().filter_map(|gateway| {
            let id = InternetGatewayId(gateway.internet_gateway_id()?.into());
            cx.owned(tags_of(gateway.tags()), id)
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &InternetGatewayId) -> Result<Option<ec2::InternetGateway>> {
        let found = cx.load::<InternetGateways>(id.0.clone()).await?;
        Ok(found.map(|gateway| (*gateway).clone()))
    }

    fn tags(live: &ec2::InternetGateway) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, id: &InternetGatewayId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.0, changes).await
    }

    async fn delete(cx: &Cx, id: &InternetGatewayId) -> Result<()> {
        let call = cx.ec2().delete_internet_gateway().internet_gateway_id(&id.0);
        call.send().await.op("ec2:DeleteInternetGateway").or_absent().map(drop)
    }

    fn id(id: &InternetGatewayId) -> String {
        id.0.clone()
    }
}

/// The stack's gateways, with their attachments.
pub(super) async fn of_stack(cx: &Cx) -> Result<Vec<ec2::InternetGateway>> {
    let call = cx.ec2().describe_internet_gateways().filters(cx.stack_filter());
    let pages = call.into_paginator().items();
    pages.send().try_collect().await.op("ec2:DescribeInternetGateways")
}

/// `DescribeInternetGateways`, for all gateways and attachments that are asked for at once.
pub(super) struct InternetGateways;

impl Batch for InternetGateways {
    type Key = String;
    type Value = ec2::InternetGateway;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::InternetGateway>> {
        let wanted = filter("internet-gateway-id", ids);
        let pages = cx.ec2().describe_internet_gateways().filters(wanted).into_paginator();
        let all = pages.items().send().try_collect().await.op("ec2:DescribeInternetGateways")?;
        Ok(all.into_iter().filter_map(|it| Some((it.internet_gateway_id()?.into(), it))).collect())
    }
}
