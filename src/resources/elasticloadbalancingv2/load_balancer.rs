//! Load balancer: what listens for traffic, in front of tasks. Actions:
//! elasticloadbalancing:CreateLoadBalancer, elasticloadbalancing:DescribeLoadBalancers,
//! elasticloadbalancing:DescribeLoadBalancerAttributes,
//! elasticloadbalancing:ModifyLoadBalancerAttributes, elasticloadbalancing:SetSubnets,
//! elasticloadbalancing:SetSecurityGroups, elasticloadbalancing:DeleteLoadBalancer,
//! elasticloadbalancing:DescribeTags, elasticloadbalancing:AddTags,
//! elasticloadbalancing:RemoveTags, iam:CreateServiceLinkedRole for an account's first one, and
//! apigateway:GET on /vpclinks to name what holds one.

use super::{
    ARNS, LOAD_BALANCERS, PAGE, may_be_ours,
    tagging::{self, Candidate},
};
use crate::resources::{
    access::service_linked_role,
    ec2::{
        security_group::{SecurityGroup, SecurityGroupId},
        subnet::{Subnet, SubnetId},
        vpc::Vpc,
        vpc_gateway_attachment::VpcGatewayAttachment,
    },
    prelude::*,
};
use aws_sdk_apigateway::types::VpcLink;
use aws_sdk_elasticloadbalancingv2::types::{
    self as elb, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerStateEnum,
    LoadBalancerTypeEnum,
};

const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

/// How the account knows a load balancer. All of it is in the creating call's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancerId {
    /// `arn:aws:elasticloadbalancing:…:loadbalancer/…`
    pub arn: String,
    /// Its DNS name.
    pub dns_name: String,
    /// Its name.
    pub name: String,
}

needs! {
    /// Where a load balancer stands.
    LoadBalancerNeeds gives LoadBalancerValues {
        /// It never leaves the VPC of its first subnets.
        vpc: Created<Vpc>,
        /// One in each zone; an application load balancer wants two zones.
        subnets: Vec<Created<Subnet>>,
        /// A network load balancer that is made without any can never have one.
        security_groups: Vec<Created<SecurityGroup>>,
        /// An internet-facing one is refused in a VPC that has no internet gateway attached.
        attachment: Option<Created<VpcGatewayAttachment>>,
    }
}

/// An application or network load balancer. Creating is idempotent by name and settings.
#[derive(Serialize)]
pub struct LoadBalancer {
    /// Where it stands.
    pub needs: LoadBalancerNeeds,
    /// At most 32 letters, digits and hyphens.
    pub name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// `application` or `network`: AWS's `Type`.
    pub kind_of: String,
    /// Whether a zone's traffic may go to targets in others. Application load balancers always do;
    /// a network load balancer's zone without a healthy target leads nowhere otherwise.
    pub cross_zone: bool,
}

/// The load balancer, and what AWS shows only one at a time.
pub struct LiveLoadBalancer {
    described: elb::LoadBalancer,
    cross_zone: Option<String>,
    tags: Option<Tags>,
}

impl LoadBalancer {
    fn is_network(&self) -> bool {
        self.kind_of == LoadBalancerTypeEnum::Network.as_str()
    }
}

impl Resource for LoadBalancer {
    const KIND: Kind = Kind("AWS::ElasticLoadBalancingV2::LoadBalancer");
    // The listing forgets a deleted one within seconds; its network interfaces hold subnets, security
    // groups and the gateway's attachment longer, and those deletions are tried again.
    const TIMES: Times = Times::of(150.0, 2.0, 900.0).earliest(0.6);
    type Needs = LoadBalancerNeeds;
    type Out = LoadBalancerId;
    type Live = LiveLoadBalancer;

    fn needs(&self) -> LoadBalancerNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &LoadBalancerValues) -> Result<LoadBalancerId> {
        const OP: &str = "elasticloadbalancing:CreateLoadBalancer";
        let call = cx.elb().create_load_balancer().name(&self.name);
        let call = call.r#type(LoadBalancerTypeEnum::from(&*self.kind_of));
        let call = call.scheme(LoadBalancerSchemeEnum::from(&*self.scheme));
        let call = call.set_subnets(Some(subnet_ids(&needs.subnets)));
        let groups = group_ids(&needs.security_groups);
        let call = call.set_security_groups((!groups.is_empty()).then_some(groups));
        let made = call.set_tags(Some(tagging::wanted(cx))).send().await.op(OP)?;
        identity(made.load_balancers().first()).answered(OP, "LoadBalancers")
    }

    fn drift(&self, live: &LiveLoadBalancer, needs: &LoadBalancerValues) -> Drift {
        let described = &live.described;
        // A state that is never left.
        if described.state().and_then(|it| it.code()) == Some(&LoadBalancerStateEnum::Failed) {
            return Drift::none().fixed("state", "active", "failed");
        }
        let text = |given: Option<&str>| given.map(str::to_owned);
        let drift = Drift::none()
            .fixed("name", &self.name, described.load_balancer_name())
            .fixed("scheme", &self.scheme, text(described.scheme().map(|it| it.as_str())))
            .fixed("type", &self.kind_of, text(described.r#type().map(|it| it.as_str())))
            .fixed("vpc_id", &needs.vpc.0, described.vpc_id())
            .mutable("subnets", subnet_ids(&needs.subnets), live.subnets());
        let (want, have) = (group_ids(&needs.security_groups), live.security_groups());
        // AWS gives an application load balancer the VPC's default group when it is made with none.
        let drift = match (self.is_network(), want.is_empty(), have.is_empty()) {
            (false, true, _) => drift,
            (true, true, false) | (true, false, true) => drift.fixed("security_groups", want, have),
            _ => drift.mutable("security_groups", want, have),
        };
        match &live.cross_zone {
            Some(have) if self.is_network() => {
                drift.mutable("cross_zone", self.cross_zone.to_string(), have)
            }
            _ => drift,
        }
    }

    async fn update(
        &self,
        cx: &Cx,
        id: &LoadBalancerId,
        drift: &Drift,
        needs: &LoadBalancerValues,
    ) -> Result<()> {
        if drift.touches("subnets") {
            let call = cx.elb().set_subnets().load_balancer_arn(&id.arn);
            let call = call.set_subnets(Some(subnet_ids(&needs.subnets)));
            call.send().await.op("elasticloadbalancing:SetSubnets")?;
        }
        if drift.touches("security_groups") {
            let call = cx.elb().set_security_groups().load_balancer_arn(&id.arn);
            let call = call.set_security_groups(Some(group_ids(&needs.security_groups)));
            call.send().await.op("elasticloadbalancing:SetSecurityGroups")?;
        }
        if drift.touches("cross_zone") {
            let attribute = LoadBalancerAttribute::builder().key(CROSS_ZONE);
            let attribute = attribute.value(self.cross_zone.to_string()).build();
            let call = cx.elb().modify_load_balancer_attributes().load_balancer_arn(&id.arn);
            let call = call.attributes(attribute);
            call.send().await.op("elasticloadbalancing:ModifyLoadBalancerAttributes")?;
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions(&LOAD_BALANCERS);
        let make = |action| Permission::make(action).on(&LOAD_BALANCERS);
        all.extend([
            Permission::find("elasticloadbalancing:DescribeLoadBalancers"),
            Permission::find("elasticloadbalancing:DescribeLoadBalancerAttributes"),
            make("elasticloadbalancing:CreateLoadBalancer").tagging(),
            service_linked_role("elasticloadbalancing.amazonaws.com"),
            make("elasticloadbalancing:SetSubnets").tagged(),
            make("elasticloadbalancing:SetSecurityGroups").tagged(),
            make("elasticloadbalancing:ModifyLoadBalancerAttributes").tagged(),
            Permission::remove("apigateway:GET").on(&["/vpclinks"]),
            Permission::remove("elasticloadbalancing:DeleteLoadBalancer")
                .on(&LOAD_BALANCERS)
                .tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<LoadBalancerId>>> {
        let candidates = cx.load::<Candidates>(()).await?;
        let candidates = candidates.iter().flat_map(|all| all.iter());
        tagging::owned(cx, candidates.cloned().collect()).await
    }

    async fn read(cx: &Cx, id: &LoadBalancerId) -> Result<Option<LiveLoadBalancer>> {
        let Some(found) = cx.load::<LoadBalancers>(id.arn.clone()).await? else { return Ok(None) };
        let described = (*found).clone();
        if !cx.with_settings() {
            return Ok(Some(LiveLoadBalancer { described, cross_zone: None, tags: None }));
        }
        let network = described.r#type() == Some(&LoadBalancerTypeEnum::Network);
        let cross_zone = async { if network { cross_zone(cx, id).await } else { Ok(None) } };
        let tags = tagging::tags_if_asked(cx, &id.arn);
        let both = async { futures_util::try_join!(cross_zone, tags) }.await;
        // The listing may show what is gone already.
        let Some((cross_zone, tags)) = both.or_absent()? else { return Ok(None) };
        Ok(Some(LiveLoadBalancer { described, cross_zone, tags }))
    }

    fn readiness(live: &LiveLoadBalancer) -> Readiness {
        let state = live.described.state();
        match state.and_then(|state| state.code()) {
            // An impaired one forwards traffic; it lacks addresses to grow.
            Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => {
                Readiness::Ready
            }
            Some(LoadBalancerStateEnum::Failed) => {
                let reason = state.and_then(|state| state.reason());
                Readiness::Failed(reason.unwrap_or("state is failed").into())
            }
            other => {
                let code = other.map_or("unknown", |code| code.as_str());
                Readiness::Waiting(format!("state is {code}"))
            }
        }
    }

    fn health(live: &LiveLoadBalancer) -> Option<String> {
        let code = live.described.state().and_then(|state| state.code());
        code.map(|code| code.as_str().to_owned())
    }

    fn tags(live: &LiveLoadBalancer) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, id: &LoadBalancerId, changes: &TagChanges) -> Result<()> {
        tagging::retag(cx, &id.arn, changes).await
    }

    async fn holders(cx: &Cx, id: &LoadBalancerId) -> Result<Vec<String>> {
        let links = cx.apigateway().get_vpc_links().limit(500).into_paginator().items();
        let links = links.send().try_collect().await;
        let links: Vec<VpcLink> = links.op("apigateway:GetVpcLinks")?;
        let ours = links.iter().filter(|link| link.target_arns().contains(&id.arn));
        let named = ours.filter_map(|link| Some(holder("VPC link", link.id()?, link.name())));
        Ok(named.collect())
    }

    async fn delete(cx: &Cx, id: &LoadBalancerId) -> Result<()> {
        let call = cx.elb().delete_load_balancer().load_balancer_arn(&id.arn);
        let gone = call.send().await.op("elasticloadbalancing:DeleteLoadBalancer");
        gone.or_absent().map(drop)
    }

    fn id(id: &LoadBalancerId) -> String {
        id.name.clone()
    }
}

impl LiveLoadBalancer {
    fn subnets(&self) -> Vec<String> {
        let zones = self.described.availability_zones().iter();
        sorted(zones.filter_map(|zone| Some(zone.subnet_id()?.to_owned())))
    }

    fn security_groups(&self) -> Vec<String> {
        sorted(self.described.security_groups().iter().cloned())
    }
}

fn subnet_ids(subnets: &[SubnetId]) -> Vec<String> {
    sorted(subnets.iter().map(|id| id.0.clone()))
}

fn group_ids(groups: &[SecurityGroupId]) -> Vec<String> {
    sorted(groups.iter().map(|id| id.0.clone()))
}

fn identity(described: Option<&elb::LoadBalancer>) -> Option<LoadBalancerId> {
    let described = described?;
    Some(LoadBalancerId {
        arn: described.load_balancer_arn()?.into(),
        dns_name: described.dns_name()?.into(),
        name: described.load_balancer_name()?.into(),
    })
}

async fn cross_zone(cx: &Cx, id: &LoadBalancerId) -> Result<Option<String>> {
    let call = cx.elb().describe_load_balancer_attributes().load_balancer_arn(&id.arn);
    let found = call.send().await.op("elasticloadbalancing:DescribeLoadBalancerAttributes")?;
    let attribute = found.attributes().iter().find(|it| it.key() == Some(CROSS_ZONE));
    Ok(attribute.and_then(|it| it.value()).map(str::to_owned))
}

/// `DescribeLoadBalancers`, for all who ask at once.
struct LoadBalancers;

impl Batch for LoadBalancers {
    type Key = String;
    type Value = elb::LoadBalancer;
    const MAX: usize = ARNS;

    async fn fetch(cx: &Cx, arns: Vec<String>) -> Result<BTreeMap<String, elb::LoadBalancer>> {
        let alone = arns.len() == 1;
        let call = cx.elb().describe_load_balancers().set_load_balancer_arns(Some(arns.clone()));
        let found = call.send().await.op("elasticloadbalancing:DescribeLoadBalancers");
        let found = match found.or_absent()? {
            Some(found) => found.load_balancers.unwrap_or_default(),
            None if alone => Vec::new(),
            // One unknown ARN fails the call for all; the whole listing is one page, as a rule.
            None => all(cx).await?,
        };
        let found = found.into_iter().filter_map(|it| Some((it.load_balancer_arn()?.into(), it)));
        Ok(found.filter(|(arn, _)| arns.contains(arn)).collect())
    }
}

async fn all(cx: &Cx) -> Result<Vec<elb::LoadBalancer>> {
    let pages = cx.elb().describe_load_balancers().page_size(PAGE).into_paginator();
    let all = pages.items().send().try_collect().await;
    all.op("elasticloadbalancing:DescribeLoadBalancers")
}

/// The load balancers whose names may be the stack's: searched for once, though listeners are found
/// through them too.
struct Candidates;

impl Batch for Candidates {
    type Key = ();
    type Value = Vec<Candidate<LoadBalancerId>>;
    const MAX: usize = 1;

    async fn fetch(cx: &Cx, _: Vec<()>) -> Result<BTreeMap<(), Self::Value>> {
        let all = all(cx).await?;
        let named = all.iter().filter(|it| may_be_ours(cx, it.load_balancer_name()));
        let candidates = named.filter_map(|described| {
            let id = identity(Some(described))?;
            let zones = described.availability_zones().iter();
            let subnets = zones.filter_map(|zone| zone.subnet_id());
            let groups = described.security_groups().iter().map(String::as_str);
            let on = subnets.chain(groups).chain(described.vpc_id());
            Some((id.arn.clone(), id, on.map(String::from).collect()))
        });
        Ok(BTreeMap::from([((), candidates.collect())]))
    }
}
