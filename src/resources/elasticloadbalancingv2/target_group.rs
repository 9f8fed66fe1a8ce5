//! Target group: the tasks behind a listener, and how they are checked. Actions:
//! elasticloadbalancing:CreateTargetGroup, elasticloadbalancing:DescribeTargetGroups,
//! elasticloadbalancing:ModifyTargetGroup, elasticloadbalancing:DescribeTargetGroupAttributes,
//! elasticloadbalancing:ModifyTargetGroupAttributes, elasticloadbalancing:DescribeTargetHealth,
//! elasticloadbalancing:DeleteTargetGroup, elasticloadbalancing:DescribeTags,
//! elasticloadbalancing:AddTags, elasticloadbalancing:RemoveTags.

use super::{ARNS, PAGE, may_be_ours, tagging};
use crate::resources::{
    ec2::vpc::{Vpc, VpcId},
    prelude::*,
};
use aws_sdk_elasticloadbalancingv2::types::{
    self as elb, ProtocolEnum, TargetGroupAttribute, TargetHealthStateEnum, TargetTypeEnum,
};

const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";

/// How the account knows a target group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetGroupId {
    /// `arn:aws:elasticloadbalancing:…:targetgroup/…`
    pub arn: String,
    /// Its name.
    pub name: String,
}

/// How targets are checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HealthCheck {
    /// `HTTP` or `TCP`.
    pub protocol: String,
    /// What is asked for; none for TCP.
    pub path: Option<String>,
    /// 5 to 300.
    pub interval_seconds: i32,
    /// 2 to 120, and less than the interval.
    pub timeout_seconds: i32,
    /// 2 to 10.
    pub healthy_threshold: i32,
    /// 2 to 10.
    pub unhealthy_threshold: i32,
}

/// Addresses of tasks. Creating is idempotent by name and settings.
#[derive(Serialize)]
pub struct TargetGroup {
    /// `CreateTargetGroup` takes the ID of a VPC that is still `pending`.
    pub vpc: Created<Vpc>,
    /// At most 32 letters, digits and hyphens.
    pub name: String,
    /// `HTTP` behind an application load balancer, `TCP` behind a network load balancer.
    pub protocol: String,
    /// Where targets listen that are registered without a port.
    pub port: i32,
    /// How targets are checked.
    pub health_check: HealthCheck,
    /// How long ECS waits for a stopping task's connections; AWS's default is 300.
    pub deregistration_delay_seconds: i32,
}

/// The target group, and what AWS shows only one at a time.
pub struct LiveTargetGroup {
    described: elb::TargetGroup,
    settings: Option<Settings>,
}

struct Settings {
    deregistration_delay: Option<String>,
    healthy: usize,
    targets: usize,
    tags: Option<Tags>,
}

impl Resource for TargetGroup {
    const KIND: Kind = Kind("AWS::ElasticLoadBalancingV2::TargetGroup");
    type Needs = Created<Vpc>;
    type Out = TargetGroupId;
    type Live = LiveTargetGroup;

    fn needs(&self) -> Created<Vpc> {
        self.vpc.clone()
    }

    async fn create(&self, cx: &Cx, vpc: &VpcId) -> Result<TargetGroupId> {
        const OP: &str = "elasticloadbalancing:CreateTargetGroup";
        let check = &self.health_check;
        let call = cx.elb().create_target_group().name(&self.name).vpc_id(&vpc.0);
        let call = call.target_type(TargetTypeEnum::Ip);
        let call = call.protocol(ProtocolEnum::from(&*self.protocol)).port(self.port);
        let call = call
            .health_check_protocol(ProtocolEnum::from(&*check.protocol))
            .set_health_check_path(check.path.clone())
            .health_check_interval_seconds(check.interval_seconds)
            .health_check_timeout_seconds(check.timeout_seconds)
            .healthy_threshold_count(check.healthy_threshold)
            .unhealthy_threshold_count(check.unhealthy_threshold);
        let made = call.set_tags(Some(tagging::wanted(cx))).send().await.op(OP)?;
        identity(made.target_groups().first()).answered(OP, "TargetGroups")
    }

    fn drift(&self, live: &LiveTargetGroup, vpc: &VpcId) -> Drift {
        let described = &live.described;
        let protocol = described.protocol().map(|it| it.as_str());
        let target_type = described.target_type().map(|it| it.as_str());
        let drift = Drift::none()
            .fixed("name", &self.name, described.target_group_name())
            .fixed("protocol", &self.protocol, protocol)
            .fixed("port", self.port, described.port())
            .fixed("vpc_id", &vpc.0, described.vpc_id())
            .fixed("target_type", TargetTypeEnum::Ip.as_str(), target_type)
            .mutable("health_check", &self.health_check, live.health_check());
        let wanted = self.deregistration_delay_seconds.to_string();
        match &live.settings {
            Some(settings) => drift.mutable(
                "deregistration_delay_seconds",
                wanted,
                &settings.deregistration_delay,
            ),
            None => drift,
        }
    }

    async fn update(&self, cx: &Cx, id: &TargetGroupId, drift: &Drift, _: &VpcId) -> Result<()> {
        if drift.touches("health_check") {
            let check = &self.health_check;
            let call = cx.elb().modify_target_group().target_group_arn(&id.arn);
            let call = call
                .health_check_protocol(ProtocolEnum::from(&*check.protocol))
                .set_health_check_path(check.path.clone())
                .health_check_interval_seconds(check.interval_seconds)
                .health_check_timeout_seconds(check.timeout_seconds)
                .healthy_threshold_count(check.healthy_threshold)
                .unhealthy_threshold_count(check.unhealthy_threshold);
            call.send().await.op("elasticloadbalancing:ModifyTargetGroup")?;
        }
        if drift.touches("deregistration_delay_seconds") {
            let attribute = TargetGroupAttribute::builder().key(DEREGISTRATION_DELAY);
            let attribute = attribute.value(self.deregistration_delay_seconds.to_string()).build();
            let call = cx.elb().modify_target_group_attributes().target_group_arn(&id.arn);
            let call = call.attributes(attribute);
            call.send().await.op("elasticloadbalancing:ModifyTargetGroupAttributes")?;
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        let groups = &["targetgroup/{short}-*/*"];
        let mut all = tagging::permissions(groups);
        let make = |action| Permission::make(action).on(groups);
        all.extend([
            Permission::find("elasticloadbalancing:DescribeTargetGroups"),
            Permission::find("elasticloadbalancing:DescribeTargetGroupAttributes"),
            Permission::find("elasticloadbalancing:DescribeTargetHealth"),
            make("elasticloadbalancing:CreateTargetGroup").tagging(),
            make("elasticloadbalancing:ModifyTargetGroup").tagged(),
            make("elasticloadbalancing:ModifyTargetGroupAttributes").tagged(),
            Permission::remove("elasticloadbalancing:DeleteTargetGroup").on(groups).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<TargetGroupId>>> {
        let all = all(cx).await?;
        let named = all.iter().filter(|it| may_be_ours(cx, it.target_group_name()));
        let named = named.filter_map(|it| {
            let id = identity(Some(it))?;
            Some((id.arn.clone(), id, it.vpc_id().map(String::from).into_iter().collect()))
        });
        tagging::owned(cx, named.collect()).await
    }

    async fn read(cx: &Cx, id: &TargetGroupId) -> Result<Option<LiveTargetGroup>> {
        let Some(found) = cx.load::<TargetGroups>(id.arn.clone()).await? else { return Ok(None) };
        let described = (*found).clone();
        if !cx.with_settings() {
            return Ok(Some(LiveTargetGroup { described, settings: None }));
        }
        // The listing may show what is gone already.
        let settings = settings(cx, id).await.or_absent()?;
        Ok(settings.map(|settings| LiveTargetGroup { described, settings: Some(settings) }))
    }

    fn health(live: &LiveTargetGroup) -> Option<String> {
        let settings = live.settings.as_ref()?;
        Some(format!("{} of {} targets healthy", settings.healthy, settings.targets))
    }

    fn tags(live: &LiveTargetGroup) -> Option<Tags> {
        live.settings.as_ref()?.tags.clone()
    }

    async fn retag(cx: &Cx, id: &TargetGroupId, changes: &TagChanges) -> Result<()> {
        tagging::retag(cx, &id.arn, changes).await
    }

    async fn holders(cx: &Cx, id: &TargetGroupId) -> Result<Vec<String>> {
        let Some(live) = Self::read(cx, id).await? else { return Ok(Vec::new()) };
        let balancers = live.described.load_balancer_arns().iter();
        Ok(balancers.map(|arn| holder("a listener of load balancer", arn, None)).collect())
    }

    async fn delete(cx: &Cx, id: &TargetGroupId) -> Result<()> {
        let call = cx.elb().delete_target_group().target_group_arn(&id.arn);
        call.send().await.op("elasticloadbalancing:DeleteTargetGroup").or_absent().map(drop)
    }

    fn id(id: &TargetGroupId) -> String {
        id.name.clone()
    }
}

impl LiveTargetGroup {
    fn health_check(&self) -> HealthCheck {
        let described = &self.described;
        HealthCheck {
            protocol: described.health_check_protocol().map_or("", |it| it.as_str()).into(),
            path: described.health_check_path().map(str::to_owned),
            interval_seconds: described.health_check_interval_seconds().unwrap_or_default(),
            timeout_seconds: described.health_check_timeout_seconds().unwrap_or_default(),
            healthy_threshold: described.healthy_threshold_count().unwrap_or_default(),
            unhealthy_threshold: described.unhealthy_threshold_count().unwrap_or_default(),
        }
    }
}

fn identity(described: Option<&elb::TargetGroup>) -> Option<TargetGroupId> {
    let described = described?;
    let arn = described.target_group_arn()?.into();
    Some(TargetGroupId { arn, name: described.target_group_name()?.into() })
}

async fn settings(cx: &Cx, id: &TargetGroupId) -> Result<Settings> {
    let attributes = async {
        let call = cx.elb().describe_target_group_attributes().target_group_arn(&id.arn);
        call.send().await.op("elasticloadbalancing:DescribeTargetGroupAttributes")
    };
    let health = async {
        let call = cx.elb().describe_target_health().target_group_arn(&id.arn);
        call.send().await.op("elasticloadbalancing:DescribeTargetHealth")
    };
    let tags = tagging::tags_if_asked(cx, &id.arn);
    let (attributes, health, tags) = futures_util::try_join!(attributes, health, tags)?;
    let mut attributes = attributes.attributes().iter();
    let delay = attributes.find(|it| it.key() == Some(DEREGISTRATION_DELAY));
    let targets = health.target_health_descriptions();
    let states = targets.iter().filter_map(|it| it.target_health()?.state());
    Ok(Settings {
        deregistration_delay: delay.and_then(|it| it.value()).map(str::to_owned),
        healthy: states.filter(|state| **state == TargetHealthStateEnum::Healthy).count(),
        targets: targets.len(),
        tags,
    })
}

/// `DescribeTargetGroups`, for all who ask at once.
struct TargetGroups;

impl Batch for TargetGroups {
    type Key = String;
    type Value = elb::TargetGroup;
    const MAX: usize = ARNS;

    async fn fetch(cx: &Cx, arns: Vec<String>) -> Result<BTreeMap<String, elb::TargetGroup>> {
        let alone = arns.len() == 1;
        let call = cx.elb().describe_target_groups().set_target_group_arns(Some(arns.clone()));
        let found = call.send().await.op("elasticloadbalancing:DescribeTargetGroups");
        let found = match found.or_absent()? {
            Some(found) => found.target_groups.unwrap_or_default(),
            None if alone => Vec::new(),
            // One unknown ARN fails the call for all; the whole listing is one page, as a rule.
            None => all(cx).await?,
        };
        let found = found.into_iter().filter_map(|it| Some((it.target_group_arn()?.into(), it)));
        Ok(found.filter(|(arn, _)| arns.contains(arn)).collect())
    }
}

async fn all(cx: &Cx) -> Result<Vec<elb::TargetGroup>> {
    let pages = cx.elb().describe_target_groups().page_size(PAGE).into_paginator();
    let all = pages.items().send().try_collect().await;
    all.op("elasticloadbalancing:DescribeTargetGroups")
}
