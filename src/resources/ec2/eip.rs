//! Elastic IP address: a NAT gateway's public address. Actions: ec2:AllocateAddress,
//! ec2:DescribeAddresses, ec2:ReleaseAddress, ec2:CreateTags.

use super::{FILTER_VALUES, filter, retag, tagging};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{self as ec2, DomainType, ResourceType};

/// `eipalloc-…`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EipId(pub String);

/// A public address of the account's own. `AllocateAddress` has no client token, and the default
/// quota is five: a lost answer is found by the tag.
#[derive(Serialize)]
pub struct Eip {}

impl Resource for Eip {
    const KIND: Kind = Kind("AWS::EC2::EIP");
    // A NAT gateway holds it until it is `deleted`.
    const TIMES: Times = Times::of(0.0, 0.0, 900.0);
    const SHOWN_BY: &'static [Kind] = &[super::nat_gateway::NatGateway::KIND];
    type Needs = ();
    type Out = EipId;
    type Live = ec2::Address;

    fn needs(&self) {}

    async fn create(&self, cx: &Cx, _: &()) -> Result<EipId> {
        let call = cx.ec2().allocate_address().domain(DomainType::Vpc);
        let call = call.tag_specifications(cx.tags_for(ResourceType::ElasticIp));
        let made = call.send().await.op("ec2:AllocateAddress")?;
        Ok(EipId(made.allocation_id().answered("ec2:AllocateAddress", "allocationId")?.into()))
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("AllocateAddress");
        all.extend([
            Permission::find("ec2:DescribeAddresses"),
            Permission::make("ec2:AllocateAddress").on(&["elastic-ip/*"]).tagging(),
            Permission::remove("ec2:ReleaseAddress").on(&["elastic-ip/*"]).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<EipId>>> {
        let call = cx.ec2().describe_addresses().filters(cx.stack_filter());
        let all = call.send().await.op("ec2:DescribeAddresses")?;
        let found = all.addresses().iter().filter_map(|address| {
            let id = EipId(address.allocation_id()?.into());
            cx.owned(tags_of(address.tags()), id)
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &EipId) -> Result<Option<ec2::Address>> {
        let found = cx.load::<Addresses>(id.0.clone()).await?;
        Ok(found.map(|address| (*address).clone()))
    }

    fn tags(live: &ec2::Address) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, id: &EipId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.0, changes).await
    }

    async fn holders(cx: &Cx, id: &EipId) -> Result<Vec<String>> {
        let Some(address) = Self::read(cx, id).await? else { return Ok(Vec::new()) };
        let interface = address.network_interface_id();
        Ok(interface.map(|id| holder("network interface", id, None)).into_iter().collect())
    }

    async fn delete(cx: &Cx, id: &EipId) -> Result<()> {
        let call = cx.ec2().release_address().allocation_id(&id.0);
        call.send().await.op("ec2:ReleaseAddress").or_absent().map(drop)
    }

    fn id(id: &EipId) -> String {
        id.0.clone()
    }
}

/// `DescribeAddresses`, for all who ask at once. It has no pages.
struct Addresses;

impl Batch for Addresses {
    type Key = String;
    type Value = ec2::Address;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::Address>> {
        let call = cx.ec2().describe_addresses().filters(filter("allocation-id", ids));
        let all = call.send().await.op("ec2:DescribeAddresses")?.addresses.unwrap_or_default();
        Ok(all.into_iter().filter_map(|it| Some((it.allocation_id()?.into(), it))).collect())
    }
}
