//! Target group: the tasks behind a listener, and how they are checked. Actions:
//! elasticloadbalancing:CreateTargetGroup, elasticloadbalancing:DescribeTargetGroups,
//! elasticloadbalancing:ModifyTargetGroup, elasticloadbalancing:DescribeTargetGroupAttributes,
//! elasticloadbalancing:ModifyTargetGroupAttributes, elasticloadbalancing:DescribeTargetHealth,
//! elasticloadbalancing:DeleteTargetGroup, elasticloadbalancing:DescribeTags,
//! elasticloadbalancing:AddTags, elasticloadbalancing:RemoveTags.

use super::{
    ARNS, PAGE,
    attributes::{self, Attribute},
    may_be_ours, tagging,
};
use crate::resources::{
    ec2::vpc::{Vpc, VpcId},
    prelude::*,
};
use aws_sdk_elasticloadbalancingv2::types::{
    self as elb, Matcher, ProtocolEnum, TargetGroupAttribute, TargetHealthDescription,
    TargetHealthStateEnum, TargetTypeEnum,
};
use std::collections::BTreeSet;

/// What a target answers that works: AWS's default for an HTTP group.
const MATCHER: &str = "200";
/// Checks go where traffic goes: AWS's default.
const TRAFFIC_PORT: &str = "traffic-port";

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
    /// Whether nothing shall be registered in it: its service keeps no task.
    #[serde(skip)]
    pub idle: bool,
}

/// The target group, and what AWS shows only one at a time.
pub struct LiveTargetGroup {
    described: elb::TargetGroup,
    attributes: Option<Tags>,
    targets: Option<Vec<TargetHealthDescription>>,
    tags: Option<Tags>,
}

impl TargetGroup {
    fn attributes(&self) -> Vec<Attribute> {
        let delay = self.deregistration_delay_seconds;
        let mut all = vec![
            Attribute::new(
                "deregistration_delay_seconds",
                "deregistration_delay.timeout_seconds",
                delay,
            ),
            Attribute::new("stickiness", "stickiness.enabled", false),
            Attribute::new(
                "cross_zone",
                "load_balancing.cross_zone.enabled",
                "use_load_balancer_configuration",
            ),
        ];
        all.extend(match &*self.protocol {
            "HTTP" => [
                Attribute::new("algorithm", "load_balancing.algorithm.type", "round_robin"),
                Attribute::new("slow_start_seconds", "slow_start.duration_seconds", 0),
            ],
            _ => [
                // Targets see the load balancer's addresses, which their group admits.
                Attribute::new("preserve_client_ip", "preserve_client_ip.enabled", false),
                Attribute::new("proxy_protocol_v2", "proxy_protocol_v2.enabled", false),
            ],
        });
        all
    }
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
        let drift = match described.health_check_port() {
            Some(port) => drift.mutable("health_check_port", TRAFFIC_PORT, port),
            None => drift,
        };
        // Another server's answers than AWS's may lack it; a check by TCP has none.
        let drift = match described.matcher().and_then(|matcher| matcher.http_code()) {
            Some(codes) if self.has_matcher() => drift.mutable("matcher", MATCHER, codes),
            _ => drift,
        };
        match &live.attributes {
            Some(have) => attributes::compare(drift, &self.attributes(), have),
            None => drift,
        }
    }

    fn is_idle(&self) -> bool {
        self.idle
    }

    async fn update(&self, cx: &Cx, id: &TargetGroupId, drift: &Drift, _: &VpcId) -> Result<()> {
        let of_checks = ["health_check", "health_check_port", "matcher"];
        if of_checks.into_iter().any(|field| drift.touches(field)) {
            let check = &self.health_check;
            let matcher = Matcher::builder().http_code(MATCHER).build();
            let call = cx.elb().modify_target_group().target_group_arn(&id.arn);
            let call = call
                .health_check_protocol(ProtocolEnum::from(&*check.protocol))
                .set_health_check_path(check.path.clone())
                .health_check_interval_seconds(check.interval_seconds)
                .health_check_timeout_seconds(check.timeout_seconds)
                .healthy_threshold_count(check.healthy_threshold)
                .unhealthy_threshold_count(check.unhealthy_threshold)
                .health_check_port(TRAFFIC_PORT)
                .set_matcher(self.has_matcher().then_some(matcher));
            call.send().await.op("elasticloadbalancing:ModifyTargetGroup")?;
        }
        let wanted = self.attributes();
        let changes: Vec<_> = attributes::touched(drift, &wanted)
            .map(|it| TargetGroupAttribute::builder().key(it.key).value(&it.want).build())
            .collect();
        if !changes.is_empty() {
            let call = cx.elb().modify_target_group_attributes().target_group_arn(&id.arn);
            let call = call.set_attributes(Some(changes));
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
            Permission::look("elasticloadbalancing:DescribeTargetHealth"),
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
            let (attributes, targets, tags) = (None, None, None);
            return Ok(Some(LiveTargetGroup { described, attributes, targets, tags }));
        }
        let targets = async {
            if cx.with_traffic() { targets(cx, &id.arn).await.map(Some) } else { Ok(None) }
        };
        let tags = tagging::tags_if_asked(cx, &id.arn);
        let all = async { futures_util::try_join!(attributes_of(cx, id), targets, tags) }.await;
        // The listing may show what is gone already.
        let Some((attributes, targets, tags)) = all.or_absent()? else { return Ok(None) };
        let attributes = Some(attributes);
        Ok(Some(LiveTargetGroup { described, attributes, targets, tags }))
    }

    fn traffic(live: &LiveTargetGroup) -> Readiness {
        let Some(targets) = &live.targets else { return Readiness::Ready };
        if targets.is_empty() {
            return Readiness::Waiting("no target is registered".into());
        }
        if healthy(targets) > 0 {
            return Readiness::Ready;
        }
        let reasons: BTreeSet<&str> = targets
            .iter()
            .filter_map(|target| {
                let health = target.target_health()?;
                let state = health.state().map(|state| state.as_str());
                health.reason().map(|reason| reason.as_str()).or(state)
            })
            .collect();
        let reasons = reasons.into_iter().collect::<Vec<_>>().join(", ");
        Readiness::Waiting(format!("0 of {} targets healthy: {reasons}", targets.len()))
    }

    fn health(live: &LiveTargetGroup) -> Option<String> {
        let targets = live.targets.as_ref()?;
        Some(format!("{} of {} targets healthy", healthy(targets), targets.len()))
    }

    fn tags(live: &LiveTargetGroup) -> Option<Tags> {
        live.tags.clone()
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

impl TargetGroup {
    fn has_matcher(&self) -> bool {
        self.protocol == "HTTP" && self.health_check.protocol == "HTTP"
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

async fn attributes_of(cx: &Cx, id: &TargetGroupId) -> Result<Tags> {
    let call = cx.elb().describe_target_group_attributes().target_group_arn(&id.arn);
    let found = call.send().await.op("elasticloadbalancing:DescribeTargetGroupAttributes")?;
    let all = found.attributes.unwrap_or_default().into_iter();
    Ok(all.filter_map(|attribute| Some((attribute.key?, attribute.value?))).collect())
}

/// What is registered in a target group, and how it is.
pub async fn targets(cx: &Cx, arn: &str) -> Result<Vec<TargetHealthDescription>> {
    let call = cx.elb().describe_target_health().target_group_arn(arn);
    let found = call.send().await.op("elasticloadbalancing:DescribeTargetHealth")?;
    Ok(found.target_health_descriptions.unwrap_or_default())
}

fn healthy(targets: &[TargetHealthDescription]) -> usize {
    let states = targets.iter().filter_map(|target| target.target_health()?.state());
    states.filter(|state| **state == TargetHealthStateEnum::Healthy).count()
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
