//! NAT gateway: the way out of private subnets. Actions: ec2:CreateNatGateway,
//! ec2:DescribeNatGateways, ec2:DeleteNatGateway, ec2:CreateTags.

use super::{
    FILTER_VALUES, eip::Eip, filter, retag, subnet::Subnet, tagging,
    vpc_gateway_attachment::VpcGatewayAttachment,
};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, ConnectivityType, NatGatewayState, ResourceType};

/// `nat-…`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NatGatewayId(pub String);

needs! {
    /// A public subnet, an address, and a VPC with a gateway.
    NatGatewayNeeds gives NatGatewayValues {
        /// The public subnet that it stands in.
        subnet: Created<Subnet>,
        /// Its public address.
        address: Created<Eip>,
        /// Without it the gateway ends `failed`, with `Gateway.NotAttached`. The route of the public
        /// subnet may come later.
        attachment: Created<VpcGatewayAttachment>,
    }
}

/// A NAT gateway in a public subnet.
#[derive(Serialize)]
pub struct NatGateway {
    /// Where, and with which address.
    pub needs: NatGatewayNeeds,
}

impl Resource for NatGateway {
    const KIND: Kind = Kind("AWS::EC2::NatGateway");
    const TIMES: Times = Times::of(95.0, 70.0, 900.0);
    type Needs = NatGatewayNeeds;
    type Out = NatGatewayId;
    type Live = ec2::NatGateway;

    fn needs(&self) -> NatGatewayNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &NatGatewayValues) -> Result<NatGatewayId> {
        let call = cx.ec2().create_nat_gateway().subnet_id(&needs.subnet.0);
        let call = call.allocation_id(&needs.address.0);
        let call = call.connectivity_type(ConnectivityType::Public).client_token(cx.token());
        let call = call.tag_specifications(cx.tags_for(ResourceType::Natgateway));
        let made = call.send().await.op("ec2:CreateNatGateway")?;
        let id = made.nat_gateway().and_then(|gateway| gateway.nat_gateway_id());
        Ok(NatGatewayId(id.answered("ec2:CreateNatGateway", "natGatewayId")?.into()))
    }

    fn drift(&self, live: &ec2::NatGateway, needs: &NatGatewayValues) -> Drift {
        // One that failed never recovers, and one that is going away never comes back.
        if let Some(state @ (NatGatewayState::Failed | NatGatewayState::Deleting)) = live.state() {
            return Drift::none().fixed("state", "available", state.as_str());
        }
        let address = live.nat_gateway_addresses().iter().find_map(|it| it.allocation_id());
        Drift::none().fixed("subnet_id", &needs.subnet.0, live.subnet_id()).fixed(
            "allocation_id",
            &needs.address.0,
            address,
        )
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("CreateNatGateway");
        let on = &["elastic-ip/*", "subnet/*", "vpc/*"];
        all.extend([
            Permission::find("ec2:DescribeNatGateways"),
            Permission::make("ec2:CreateNatGateway").on(&["natgateway/*"]).tagging(),
            Permission::make("ec2:CreateNatGateway").on(on).tagged(),
            Permission::remove("ec2:DeleteNatGateway").on(&["natgateway/*"]).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<NatGatewayId>>> {
        // Deleted ones stay in the listing for an hour, with their tags.
        let states = ["pending", "available", "deleting", "failed"].map(String::from).to_vec();
        let call = cx.ec2().describe_nat_gateways().filter(cx.stack_filter());
        let pages = call.filter(filter("state", states)).into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeNatGateways")?;
        let found = all.iter().filter_map(|gateway| {
            let id = NatGatewayId(gateway.nat_gateway_id()?.into());
            let found = cx.owned(tags_of(gateway.tags()), id)?;
            let works = matches!(
                gateway.state(),
                Some(NatGatewayState::Pending | NatGatewayState::Available)
            );
            let addresses = gateway.nat_gateway_addresses().iter();
            let addresses = addresses.filter_map(|address| address.allocation_id());
            let found = found.standing_on(addresses.chain(gateway.subnet_id()));
            Some(Found { rank: i64::from(works), ..found })
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &NatGatewayId) -> Result<Option<ec2::NatGateway>> {
        let found = cx.load::<NatGateways>(id.0.clone()).await?;
        let there = found.filter(|gateway| gateway.state() != Some(&NatGatewayState::Deleted));
        Ok(there.map(|gateway| (*gateway).clone()))
    }

    fn readiness(live: &ec2::NatGateway) -> Readiness {
        match live.state() {
            Some(NatGatewayState::Available) => Readiness::Ready,
            Some(NatGatewayState::Failed) => {
                let code = live.failure_code().unwrap_or("failed");
                Readiness::Failed(format!("{code}: {}", live.failure_message().unwrap_or_default()))
            }
            other => {
                let state = other.map_or("unknown", |state| state.as_str());
                Readiness::Waiting(format!("state is {state}"))
            }
        }
    }

    fn tags(live: &ec2::NatGateway) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, id: &NatGatewayId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.0, changes).await
    }

    async fn delete(cx: &Cx, id: &NatGatewayId) -> Result<()> {
        let call = cx.ec2().delete_nat_gateway().nat_gateway_id(&id.0);
        call.send().await.op("ec2:DeleteNatGateway").or_absent().map(drop)
    }

    fn id(id: &NatGatewayId) -> String {
        id.0.clone()
    }
}

/// `DescribeNatGateways`, for all who ask at once.
struct NatGateways;

impl Batch for NatGateways {
    type Key = String;
    type Value = ec2::NatGateway;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::NatGateway>> {
        let call = cx.ec2().describe_nat_gateways().filter(filter("nat-gateway-id", ids));
        let pages = call.into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeNatGateways")?;
        Ok(all.into_iter().filter_map(|it| Some((it.nat_gateway_id()?.into(), it))).collect())
    }
}
