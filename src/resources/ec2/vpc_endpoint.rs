//! VPC endpoint: an AWS service inside a VPC. Actions: ec2:CreateVpcEndpoint,
//! ec2:DescribeVpcEndpoints, ec2:ModifyVpcEndpoint, ec2:DeleteVpcEndpoints, ec2:CreateTags.

use super::{
    retag,
    security_group::{SecurityGroup, SecurityGroupId},
    subnet::{Subnet, SubnetId},
    tagging,
    vpc::Vpc,
};
use crate::{aws::classify::classify, resources::prelude::*};
use aws_sdk_ec2::types::{self as ec2, ResourceType, VpcEndpointType};

/// `vpce-…`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcEndpointId(pub String);

needs! {
    /// Where it stands, and who may reach it.
    VpcEndpointNeeds gives VpcEndpointValues {
        /// Private DNS is checked at the call: AWS refuses it until both DNS attributes of the VPC
        /// are on.
        vpc: Ready<Vpc>,
        /// One in a zone.
        subnets: Vec<Created<Subnet>>,
        /// Who may reach it.
        security_groups: Vec<Created<SecurityGroup>>,
    }
}

/// An interface endpoint.
#[derive(Serialize)]
pub struct VpcEndpoint {
    /// Where it stands, and who may reach it.
    pub needs: VpcEndpointNeeds,
    /// Such as `com.amazonaws.eu-west-1.execute-api`.
    pub service_name: String,
    /// Whether the service's own names lead to it.
    pub private_dns_enabled: bool,
}

impl VpcEndpointValues {
    fn subnet_ids(&self) -> Vec<String> {
        sorted(self.subnets.iter().map(|SubnetId(id)| id.clone()))
    }

    fn security_group_ids(&self) -> Vec<String> {
        sorted(self.security_groups.iter().map(|SecurityGroupId(id)| id.clone()))
    }
}

impl Resource for VpcEndpoint {
    const KIND: Kind = Kind("AWS::EC2::VPCEndpoint");
    const TIMES: Times = Times::of(75.0, 90.0, 900.0).earliest(0.5);
    type Needs = VpcEndpointNeeds;
    type Out = VpcEndpointId;
    type Live = ec2::VpcEndpoint;

    fn needs(&self) -> VpcEndpointNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &VpcEndpointValues) -> Result<VpcEndpointId> {
        let call = cx.ec2().create_vpc_endpoint().vpc_endpoint_type(VpcEndpointType::Interface);
        let call = call.vpc_id(&needs.vpc.0).service_name(&self.service_name);
        let call = call.set_subnet_ids(Some(needs.subnet_ids()));
        let call = call.set_security_group_ids(Some(needs.security_group_ids()));
        let call = call.private_dns_enabled(self.private_dns_enabled).client_token(cx.token());
        let call = call.tag_specifications(cx.tags_for(ResourceType::VpcEndpoint));
        let made = call.send().await.op("ec2:CreateVpcEndpoint")?;
        let id = made.vpc_endpoint().and_then(|endpoint| endpoint.vpc_endpoint_id());
        Ok(VpcEndpointId(id.answered("ec2:CreateVpcEndpoint", "vpcEndpointId")?.into()))
    }

    fn drift(&self, live: &ec2::VpcEndpoint, needs: &VpcEndpointValues) -> Drift {
        // These states are never left.
        let state = state(live);
        if matches!(&*state, "failed" | "rejected" | "expired" | "deleting") {
            return Drift::none().fixed("state", "available", state);
        }
        let subnets = sorted(live.subnet_ids().iter().cloned());
        let groups = live.groups().iter().filter_map(|group| group.group_id());
        let groups = sorted(groups.map(String::from));
        Drift::none()
            .fixed("vpc_id", &needs.vpc.0, live.vpc_id())
            .fixed("service_name", &self.service_name, live.service_name())
            .mutable("private_dns_enabled", self.private_dns_enabled, live.private_dns_enabled())
            .mutable(SUBNETS, needs.subnet_ids(), subnets)
            .mutable(GROUPS, needs.security_group_ids(), groups)
    }

    async fn update(
        &self,
        cx: &Cx,
        id: &VpcEndpointId,
        drift: &Drift,
        _: &VpcEndpointValues,
    ) -> Result<()> {
        let dns = drift.touches("private_dns_enabled").then_some(self.private_dns_enabled);
        let (subnets, groups) = (moves(drift, SUBNETS), moves(drift, GROUPS));
        let call = cx.ec2().modify_vpc_endpoint().vpc_endpoint_id(&id.0);
        let call = call.set_private_dns_enabled(dns);
        let call = call.set_add_subnet_ids(subnets.0).set_remove_subnet_ids(subnets.1);
        let call = call.set_add_security_group_ids(groups.0);
        let call = call.set_remove_security_group_ids(groups.1);
        call.send().await.op("ec2:ModifyVpcEndpoint").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("CreateVpcEndpoint");
        let (endpoint, within) = ("vpc-endpoint/*", ["subnet/*", "security-group/*"]);
        all.extend([
            Permission::find("ec2:DescribeVpcEndpoints"),
            Permission::make("ec2:CreateVpcEndpoint").on(&[endpoint]).tagging(),
            Permission::make("ec2:CreateVpcEndpoint").on(&["vpc/*"]).on(&within).tagged(),
            // What `CreateVpcEndpoint` asks for besides, by the Service Authorization Reference.
            Permission::make("ec2:DescribeVpcs"),
            Permission::make("ec2:DescribeSubnets"),
            Permission::make("ec2:DescribeSecurityGroups"),
            Permission::make("route53:AssociateVPCWithHostedZone"),
            Permission::make("ec2:ModifyVpcEndpoint").on(&[endpoint]).on(&within).tagged(),
            Permission::remove("ec2:DeleteVpcEndpoints").on(&[endpoint]).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<VpcEndpointId>>> {
        let call = cx.ec2().describe_vpc_endpoints().filters(cx.stack_filter());
        let pages = call.into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeVpcEndpoints")?;
        let there = all.iter().filter(|endpoint| state(endpoint) != "deleted");
        let found = there.filter_map(|endpoint| {
            let id = VpcEndpointId(endpoint.vpc_endpoint_id()?.into());
            let found = cx.owned(tags_of(endpoint.tags()), id)?;
            let works = matches!(&*state(endpoint), "pending" | "available");
            let groups = endpoint.groups().iter().filter_map(|group| group.group_id());
            let subnets = endpoint.subnet_ids().iter().map(String::as_str);
            let found = found.standing_on(groups.chain(subnets).chain(endpoint.vpc_id()));
            Some(Found { rank: i64::from(works), ..found })
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &VpcEndpointId) -> Result<Option<ec2::VpcEndpoint>> {
        let found = cx.load::<VpcEndpoints>(id.0.clone()).await?;
        let there = found.filter(|endpoint| state(endpoint) != "deleted");
        Ok(there.map(|endpoint| (*endpoint).clone()))
    }

    fn readiness(live: &ec2::VpcEndpoint) -> Readiness {
        let state = state(live);
        match &*state {
            "available" => Readiness::Ready,
            "failed" | "rejected" | "expired" => {
                let error = live.last_error().and_then(|error| error.message());
                let why = error.or(live.failure_reason()).unwrap_or_default();
                Readiness::Failed(format!("{state}: {why}"))
            }
            _ => Readiness::Waiting(format!("state is {state}")),
        }
    }

    fn tags(live: &ec2::VpcEndpoint) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, id: &VpcEndpointId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.0, changes).await
    }

    async fn delete(cx: &Cx, id: &VpcEndpointId) -> Result<()> {
        const OP: &str = "ec2:DeleteVpcEndpoints";
        let call = cx.ec2().delete_vpc_endpoints().vpc_endpoint_ids(&id.0);
        let answer = call.send().await.op(OP).or_absent()?;
        // What could not be deleted is said in an answer that looks like success.
        let failed = answer.as_ref().and_then(|answer| answer.unsuccessful().first());
        let Some(error) = failed.and_then(|failed| failed.error()) else { return Ok(()) };
        let (code, message) =
            (error.code().unwrap_or_default(), error.message().unwrap_or_default());
        let class = classify(OP, code, message, 400);
        let refused = Error::new(class, message);
        let refused: Result<()> = Err(Error { operation: OP, code: code.into(), ..refused });
        refused.or_absent().map(drop)
    }

    fn id(id: &VpcEndpointId) -> String {
        id.0.clone()
    }
}

const SUBNETS: &str = "subnet_ids";
const GROUPS: &str = "security_group_ids";

/// The state in small letters: the model writes it otherwise than AWS's answers.
fn state(endpoint: &ec2::VpcEndpoint) -> String {
    endpoint.state().map_or("unknown", |state| state.as_str()).to_lowercase()
}

/// What to add and what to remove for a list to become the wanted one.
fn moves(drift: &Drift, field: &str) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let Some(change) = drift.changes().iter().find(|change| change.field == field) else {
        return (None, None);
    };
    let ids = |value: &serde_json::Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(|id| id.as_str().map(String::from)).collect()
    };
    let (want, have) = (ids(&change.want), ids(&change.have));
    let beyond = |these: &[String], those: &[String]| {
        let extra: Vec<_> = these.iter().filter(|id| !those.contains(id)).cloned().collect();
        (!extra.is_empty()).then_some(extra)
    };
    (beyond(&want, &have), beyond(&have, &want))
}

/// `DescribeVpcEndpoints` for one: a list with an unknown ID in it is refused as a whole.
struct VpcEndpoints;

impl Batch for VpcEndpoints {
    type Key = String;
    type Value = ec2::VpcEndpoint;
    const MAX: usize = 1;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::VpcEndpoint>> {
        let call = cx.ec2().describe_vpc_endpoints().set_vpc_endpoint_ids(Some(ids));
        let page = call.send().await.op("ec2:DescribeVpcEndpoints").or_absent()?;
        let all = page.and_then(|page| page.vpc_endpoints).unwrap_or_default();
        Ok(all.into_iter().filter_map(|it| Some((it.vpc_endpoint_id()?.into(), it))).collect())
    }
}
