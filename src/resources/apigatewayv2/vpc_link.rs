//! VPC link V2: network interfaces through which a REST API reaches load balancers. It stands on
//! subnets and security groups alone, so it comes up beside the load balancer, not after it. Actions:
//! apigateway:POST, apigateway:GET, apigateway:PATCH and apigateway:DELETE on /vpclinks,
//! apigateway:POST and apigateway:DELETE on /tags, iam:CreateServiceLinkedRole for
//! ops.apigateway.amazonaws.com.

use crate::{
    aws::vpc_links::vpc_links,
    resources::{
        access::service_linked_role,
        apigateway::arn,
        ec2::{security_group::SecurityGroup, subnet::Subnet},
        prelude::*,
    },
};
use aws_sdk_apigatewayv2::types::{self as apigateway, VpcLinkStatus};

/// Six letters and digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcLinkId {
    /// Six letters and digits.
    pub id: String,
}

needs! {
    /// Where its network interfaces are. Neither can be changed later.
    VpcLinkNeeds gives VpcLinkValues {
        /// One in each zone.
        subnets: Vec<Created<Subnet>>,
        /// From which targets accept traffic.
        security_groups: Vec<Created<SecurityGroup>>,
    }
}

/// A link into a VPC. Names are not unique and there is no client token: a lost answer is found by
/// the tag.
#[derive(Serialize)]
pub struct VpcLink {
    /// Where its network interfaces are.
    pub needs: VpcLinkNeeds,
    /// What the console shows.
    pub name: String,
}

impl VpcLinkValues {
    fn subnet_ids(&self) -> Vec<String> {
        sorted(self.subnets.iter().map(|subnet| subnet.0.clone()))
    }

    fn security_group_ids(&self) -> Vec<String> {
        sorted(self.security_groups.iter().map(|group| group.0.clone()))
    }
}

impl Resource for VpcLink {
    const KIND: Kind = Kind("AWS::ApiGatewayV2::VpcLink");
    const TIMES: Times = Times::of(90.0, 60.0, 1200.0).earliest(0.4);
    // Its integrations move to the new one before the old one goes.
    const REPLACEMENT: Replacement = Replacement::CreateFirst;
    type Needs = VpcLinkNeeds;
    type Out = VpcLinkId;
    type Live = apigateway::VpcLink;

    fn needs(&self) -> VpcLinkNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &VpcLinkValues) -> Result<VpcLinkId> {
        const OP: &str = "apigatewayv2:CreateVpcLink";
        let call = cx.apigatewayv2().create_vpc_link().name(&self.name);
        let call = call.set_subnet_ids(Some(needs.subnet_ids()));
        let call = call.set_security_group_ids(Some(needs.security_group_ids()));
        let call = call.set_tags(Some(cx.tags().into_iter().collect()));
        let made = call.send().await.op(OP)?;
        Ok(VpcLinkId { id: made.vpc_link_id().answered(OP, "vpcLinkId")?.into() })
    }

    fn drift(&self, live: &apigateway::VpcLink, needs: &VpcLinkValues) -> Drift {
        // One that failed never recovers, and one that is going away never comes back.
        if let Some(status @ (VpcLinkStatus::Failed | VpcLinkStatus::Deleting)) =
            live.vpc_link_status()
        {
            return Drift::none().fixed(
                "status",
                VpcLinkStatus::Available.as_str(),
                status.as_str(),
            );
        }
        let subnets = live.subnet_ids().iter().cloned();
        let groups = live.security_group_ids().iter().cloned();
        Drift::none()
            .fixed("subnet_ids", needs.subnet_ids(), sorted(subnets))
            .fixed("security_group_ids", needs.security_group_ids(), sorted(groups))
            .mutable("name", &self.name, live.name())
    }

    async fn update(&self, cx: &Cx, link: &VpcLinkId, _: &Drift, _: &VpcLinkValues) -> Result<()> {
        let call = cx.apigatewayv2().update_vpc_link().vpc_link_id(&link.id).name(&self.name);
        call.send().await.op("apigatewayv2:UpdateVpcLink").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        vec![
            Permission::find("apigateway:GET").on(&["/vpclinks"]),
            Permission::make("apigateway:POST").on(&["/vpclinks"]).tagging(),
            Permission::make("apigateway:PATCH").on(&["/vpclinks/*"]),
            Permission::make("apigateway:POST").on(&["/tags/*"]),
            Permission::make("apigateway:DELETE").on(&["/tags/*"]),
            // API Gateway's own role makes and deletes the network interfaces.
            service_linked_role("ops.apigateway.amazonaws.com"),
            Permission::remove("apigateway:DELETE").on(&["/vpclinks/*"]),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<VpcLinkId>>> {
        let all = vpc_links(cx).await?;
        let found = all.iter().filter_map(|link| {
            let id = VpcLinkId { id: link.vpc_link_id()?.into() };
            let found = cx.owned(tags_in(link.tags()), id)?;
            let works = link.vpc_link_status() != Some(&VpcLinkStatus::Deleting);
            let on = link.subnet_ids().iter().chain(link.security_group_ids());
            let found = found.standing_on(on.cloned());
            Some(Found { rank: i64::from(works), ..found })
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, link: &VpcLinkId) -> Result<Option<apigateway::VpcLink>> {
        let found = cx.load::<Links>(link.id.clone()).await?;
        Ok(found.map(|link| (*link).clone()))
    }

    fn readiness(live: &apigateway::VpcLink) -> Readiness {
        match live.vpc_link_status() {
            // After 60 days without traffic it sleeps, and the next request wakes it.
            Some(VpcLinkStatus::Available | VpcLinkStatus::Inactive) => Readiness::Ready,
            Some(VpcLinkStatus::Failed) => Readiness::Failed(
                live.vpc_link_status_message().unwrap_or("status is FAILED").into(),
            ),
            other => {
                let status = other.map_or("unknown", VpcLinkStatus::as_str);
                Readiness::Waiting(format!("status is {status}"))
            }
        }
    }

    fn tags(live: &apigateway::VpcLink) -> Option<Tags> {
        Some(tags_in(live.tags()))
    }

    async fn retag(cx: &Cx, link: &VpcLinkId, changes: &TagChanges) -> Result<()> {
        let arn = arn(cx, &format!("/vpclinks/{}", link.id));
        if !changes.set.is_empty() {
            let tags = changes.set.clone().into_iter().collect();
            let call = cx.apigatewayv2().tag_resource().resource_arn(&arn).set_tags(Some(tags));
            call.send().await.op("apigatewayv2:TagResource")?;
        }
        if !changes.remove.is_empty() {
            let call = cx.apigatewayv2().untag_resource().resource_arn(&arn);
            let call = call.set_tag_keys(Some(changes.remove.clone()));
            call.send().await.op("apigatewayv2:UntagResource")?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, link: &VpcLinkId) -> Result<()> {
        let call = cx.apigatewayv2().delete_vpc_link().vpc_link_id(&link.id);
        call.send().await.op("apigatewayv2:DeleteVpcLink").or_absent().map(drop)
    }

    fn id(link: &VpcLinkId) -> String {
        link.id.clone()
    }
}

/// `GetVpcLinks`, for all who ask at once.
struct Links;

impl Batch for Links {
    type Key = String;
    type Value = apigateway::VpcLink;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, apigateway::VpcLink>> {
        let all = vpc_links(cx).await?.into_iter();
        let known = all.filter_map(|link| Some((link.vpc_link_id()?.to_owned(), link)));
        Ok(known.filter(|(id, _)| ids.contains(id)).collect())
    }
}
