//! VPC link of the first version: the way from the API into the provider's VPC. Actions: apigateway:POST,
//! apigateway:GET, apigateway:PATCH and apigateway:DELETE on /vpclinks, apigateway:PUT on /tags,
//! elasticloadbalancing:DescribeLoadBalancers, ec2:CreateVpcEndpointServiceConfiguration,
//! ec2:DeleteVpcEndpointServiceConfigurations, ec2:DescribeVpcEndpointServiceConfigurations,
//! ec2:ModifyVpcEndpointServicePermissions.

use super::{PAGE, patch, retag, tag_permissions};
use crate::resources::{
    access::service_linked_role, apigatewayv2::vpc_link::VpcLinkId as VpcLinkV2Id,
    elasticloadbalancingv2::load_balancer::LoadBalancer, prelude::*,
};
use aws_sdk_apigateway::types::{self as apigateway, Op, VpcLinkStatus};

/// Six letters and digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcLinkId {
    /// Six letters and digits.
    pub id: String,
}

/// What both versions of a link have in common.
pub trait Link {
    /// Six letters and digits.
    fn id(&self) -> &str;
    /// Whether integrations must name the load balancer.
    fn is_second_version(&self) -> bool;
}

impl Link for Either<VpcLinkId, VpcLinkV2Id> {
    fn id(&self) -> &str {
        match self {
            Self::This(first) => &first.id,
            Self::That(second) => &second.id,
        }
    }

    fn is_second_version(&self) -> bool {
        matches!(self, Self::That(_))
    }
}

/// A link to one network load balancer. Names are not unique and there is no client token: a lost
/// answer is found by the tag.
#[derive(Serialize)]
pub struct VpcLink {
    /// A link to a load balancer that is not yet `active` fails for good.
    pub load_balancer: Ready<LoadBalancer>,
    /// What the console shows.
    pub name: String,
}

impl Resource for VpcLink {
    const KIND: Kind = Kind("AWS::ApiGateway::VpcLink");
    const TIMES: Times = Times::of(180.0, 90.0, 1500.0);
    type Needs = Ready<LoadBalancer>;
    type Out = VpcLinkId;
    type Live = apigateway::VpcLink;

    fn needs(&self) -> Ready<LoadBalancer> {
        self.load_balancer.clone()
    }

    async fn create(&self, cx: &Cx, load_balancer: &Values<Self>) -> Result<VpcLinkId> {
        const OP: &str = "apigateway:CreateVpcLink";
        let call = cx.apigateway().create_vpc_link().name(&self.name);
        let call = call.target_arns(&load_balancer.arn);
        let call = call.set_tags(Some(cx.tags().into_iter().collect()));
        let made = call.send().await.op(OP)?;
        Ok(VpcLinkId { id: made.id().answered(OP, "id")?.into() })
    }

    fn drift(&self, live: &apigateway::VpcLink, load_balancer: &Values<Self>) -> Drift {
        let drift = Drift::none()
            .fixed("target_arns", [&load_balancer.arn], live.target_arns())
            .mutable("name", &self.name, live.name());
        // One that failed never recovers, and one that is going away never comes back.
        match live.status() {
            Some(status @ (VpcLinkStatus::Failed | VpcLinkStatus::Deleting)) => {
                drift.fixed("status", VpcLinkStatus::Available.as_str(), status.as_str())
            }
            _ => drift,
        }
    }

    async fn update(&self, cx: &Cx, link: &VpcLinkId, _: &Drift, _: &Values<Self>) -> Result<()> {
        let call = cx.apigateway().update_vpc_link().vpc_link_id(&link.id);
        let call = call.patch_operations(patch(Op::Replace, "/name", &self.name));
        call.send().await.op("apigateway:UpdateVpcLink").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tag_permissions();
        // A link stands on an endpoint service that API Gateway makes, without tags of ours.
        let service = &["vpc-endpoint-service/*"];
        all.extend([
            Permission::find("apigateway:GET").on(&["/vpclinks"]),
            Permission::make("apigateway:POST").on(&["/vpclinks"]).tagging(),
            Permission::make("apigateway:PATCH").on(&["/vpclinks/*"]),
            service_linked_role("ops.apigateway.amazonaws.com"),
            // What `CreateVpcLink` and `DeleteVpcLink` ask for besides, by API Gateway's guide.
            Permission::make("elasticloadbalancing:DescribeLoadBalancers"),
            Permission::make("ec2:CreateVpcEndpointServiceConfiguration").on(service),
            Permission::make("ec2:ModifyVpcEndpointServicePermissions").on(service),
            Permission::make("ec2:DescribeVpcEndpointServiceConfigurations"),
            Permission::remove("apigateway:DELETE").on(&["/vpclinks/*"]),
            Permission::remove("ec2:DeleteVpcEndpointServiceConfigurations").on(service),
            Permission::remove("ec2:DescribeVpcEndpointServiceConfigurations"),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<VpcLinkId>>> {
        let all = all_links(cx).await?;
        let found = all.iter().filter_map(|link| {
            let id = VpcLinkId { id: link.id()?.into() };
            let targets = link.target_arns().iter().cloned();
            Some(cx.owned(tags_in(link.tags()), id)?.standing_on(targets))
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, link: &VpcLinkId) -> Result<Option<apigateway::VpcLink>> {
        let found = cx.load::<Links>(link.id.clone()).await?;
        Ok(found.map(|link| (*link).clone()))
    }

    fn readiness(live: &apigateway::VpcLink) -> Readiness {
        match live.status() {
            Some(VpcLinkStatus::Available) => Readiness::Ready,
            Some(VpcLinkStatus::Failed) => {
                Readiness::Failed(live.status_message().unwrap_or("status is FAILED").into())
            }
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
        retag(cx, &format!("/vpclinks/{}", link.id), changes).await
    }

    async fn delete(cx: &Cx, link: &VpcLinkId) -> Result<()> {
        let call = cx.apigateway().delete_vpc_link().vpc_link_id(&link.id);
        call.send().await.op("apigateway:DeleteVpcLink").or_absent().map(drop)
    }

    fn id(link: &VpcLinkId) -> String {
        link.id.clone()
    }
}

async fn all_links(cx: &Cx) -> Result<Vec<apigateway::VpcLink>> {
    let pages = cx.apigateway().get_vpc_links().limit(PAGE).into_paginator().items();
    pages.send().try_collect().await.op("apigateway:GetVpcLinks")
}

/// `GetVpcLinks`, for all who ask at once: an account has at most twenty by default.
struct Links;

impl Batch for Links {
    type Key = String;
    type Value = apigateway::VpcLink;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, apigateway::VpcLink>> {
        let all = all_links(cx).await?.into_iter();
        let known = all.filter_map(|link| Some((link.id()?.to_owned(), link)));
        Ok(known.filter(|(id, _)| ids.contains(id)).collect())
    }
}
