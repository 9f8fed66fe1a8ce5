//! Internet gateway attachment: connects a VPC with its gateway. Actions:
//! ec2:AttachInternetGateway, ec2:DescribeInternetGateways, ec2:DetachInternetGateway.

use super::{
    internet_gateway::{InternetGateway, InternetGatewayId, InternetGateways, of_stack},
    network_interfaces::{self, Held},
    vpc::{Vpc, VpcId},
};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::AttachmentStatus;

/// Both ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcGatewayAttachmentId {
    /// `vpc-…`
    pub vpc_id: String,
    /// `igw-…`
    pub internet_gateway_id: String,
}

needs! {
    /// Both ends.
    VpcGatewayAttachmentNeeds gives VpcGatewayAttachmentValues {
        /// The VPC.
        vpc: Created<Vpc>,
        /// The gateway.
        internet_gateway: Created<InternetGateway>,
    }
}

/// A gateway in a VPC. AWS keeps no tags on it: the gateway's lead to it.
#[derive(Serialize)]
pub struct VpcGatewayAttachment {
    /// Both ends.
    pub needs: VpcGatewayAttachmentNeeds,
}

/// The attachment, as its gateway shows it.
pub struct LiveAttachment {
    id: VpcGatewayAttachmentId,
    state: Option<AttachmentStatus>,
}

/// Where the attachment of the gateway at `gateway` stands.
pub fn address(gateway: &Address) -> Address {
    gateway.child("attachment")
}

impl Resource for VpcGatewayAttachment {
    const KIND: Kind = Kind("AWS::EC2::VPCGatewayAttachment");
    // AWS refuses to detach while anything in the VPC has a public address: load balancers' network
    // interfaces take minutes to go.
    const TIMES: Times = Times::of(0.0, 0.0, 900.0);
    const TAGGED: bool = false;
    type Needs = VpcGatewayAttachmentNeeds;
    type Out = VpcGatewayAttachmentId;
    type Live = LiveAttachment;

    fn needs(&self) -> VpcGatewayAttachmentNeeds {
        self.needs.clone()
    }

    async fn create(
        &self,
        cx: &Cx,
        needs: &VpcGatewayAttachmentValues,
    ) -> Result<VpcGatewayAttachmentId> {
        let VpcGatewayAttachmentValues { vpc, internet_gateway } = needs;
        let call = cx.ec2().attach_internet_gateway().vpc_id(&vpc.0);
        let call = call.internet_gateway_id(&internet_gateway.0);
        call.send().await.op("ec2:AttachInternetGateway")?;
        Ok(wanted(vpc, internet_gateway))
    }

    fn drift(&self, live: &LiveAttachment, needs: &VpcGatewayAttachmentValues) -> Drift {
        let want = wanted(&needs.vpc, &needs.internet_gateway);
        Drift::none().fixed("vpc_id", &want.vpc_id, &live.id.vpc_id).fixed(
            "internet_gateway_id",
            &want.internet_gateway_id,
            &live.id.internet_gateway_id,
        )
    }

    fn permissions() -> Vec<Permission> {
        let ends = &["internet-gateway/*", "vpc/*"];
        vec![
            Permission::find("ec2:DescribeInternetGateways"),
            Permission::make("ec2:AttachInternetGateway").on(ends).tagged(),
            Permission::remove("ec2:DetachInternetGateway").on(ends).tagged(),
            network_interfaces::permission(),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<VpcGatewayAttachmentId>>> {
        let mut found = Vec::new();
        for gateway in of_stack(cx).await? {
            let Some(owner) = cx.owned(tags_of(gateway.tags()), ()) else { continue };
            let attachment = gateway.attachments().first();
            let ends = attachment.and_then(|it| it.vpc_id()).zip(gateway.internet_gateway_id());
            let Some((vpc, gateway)) = ends else { continue };
            let out = wanted(&VpcId(vpc.into()), &InternetGatewayId(gateway.into()));
            found.push(Found::untagged(address(&owner.address), out));
        }
        Ok(found)
    }

    async fn read(cx: &Cx, id: &VpcGatewayAttachmentId) -> Result<Option<LiveAttachment>> {
        let gateway = cx.load::<InternetGateways>(id.internet_gateway_id.clone()).await?;
        let ours = gateway.as_ref().and_then(|gateway| {
            let mut attachments = gateway.attachments().iter();
            attachments.find(|attachment| attachment.vpc_id() == Some(&id.vpc_id))
        });
        let live = ours.map(|it| LiveAttachment { id: id.clone(), state: it.state().cloned() });
        Ok(live.filter(|live| live.state != Some(AttachmentStatus::Detached)))
    }

    fn readiness(live: &LiveAttachment) -> Readiness {
        // AWS says `available`, which its own list of states does not have.
        match live.state.as_ref().map(|state| state.as_str()) {
            Some("available" | "attached") => Readiness::Ready,
            other => Readiness::Waiting(format!("state is {}", other.unwrap_or("unknown"))),
        }
    }

    async fn interfaces(cx: &Cx, id: &VpcGatewayAttachmentId) -> Result<Option<usize>> {
        network_interfaces::count(cx, Held::Gateway(id.vpc_id.clone())).await
    }

    async fn holders(cx: &Cx, id: &VpcGatewayAttachmentId) -> Result<Vec<String>> {
        network_interfaces::named(cx, &Held::Gateway(id.vpc_id.clone())).await
    }

    async fn delete(cx: &Cx, id: &VpcGatewayAttachmentId) -> Result<()> {
        let call = cx.ec2().detach_internet_gateway().vpc_id(&id.vpc_id);
        let call = call.internet_gateway_id(&id.internet_gateway_id);
        call.send().await.op("ec2:DetachInternetGateway").or_absent().map(drop)
    }

    fn id(id: &VpcGatewayAttachmentId) -> String {
        format!("{}|{}", id.internet_gateway_id, id.vpc_id)
    }
}

fn wanted(vpc: &VpcId, gateway: &InternetGatewayId) -> VpcGatewayAttachmentId {
    VpcGatewayAttachmentId { vpc_id: vpc.0.clone(), internet_gateway_id: gateway.0.clone() }
}
