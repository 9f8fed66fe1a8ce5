//! Target groups: on one load balancer at most, and not deleted while a listener or a rule names
//! them.

use super::{
    Pairs, action, arn, attributes, check_name,
    describe::{named, page},
    done,
    health_check::HealthCheck,
    interfaces, invalid, load_balancer, shape, tags,
    target::Target,
};
use crate::simulator::{
    account::{Account, Answer, Millis, not_built},
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A target group as AWS describes it, with what only other operations show.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetGroup {
    /// Its ARN.
    pub target_group_arn: String,
    /// Its name.
    pub target_group_name: String,
    /// `HTTP`, `TCP`, …
    pub protocol: String,
    /// Where targets are spoken to that are registered without a port.
    pub port: i64,
    /// Its VPC.
    pub vpc_id: String,
    /// How its targets are checked.
    #[serde(flatten)]
    pub health_check: HealthCheck,
    /// `instance` or `ip`.
    pub target_type: String,
    /// `HTTP1`, for application load balancers.
    pub protocol_version: Option<String>,
    /// `ipv4`.
    pub ip_address_type: String,
    /// Tags.
    #[serde(rename = "_tags")]
    pub tags: Pairs,
    /// Attributes.
    #[serde(rename = "_attributes")]
    pub attributes: Pairs,
    /// Until when it still counts as used by a listener that is deleted.
    #[serde(rename = "_released")]
    pub released: Millis,
    /// Its targets, the draining ones too.
    #[serde(rename = "_targets")]
    pub targets: Vec<Target>,
}

impl TargetGroup {
    /// Whether it is for application load balancers.
    pub fn is_http(&self) -> bool {
        matches!(&*self.protocol, "HTTP" | "HTTPS")
    }

    /// How long a deregistered target drains.
    pub fn deregistration_delay(&self) -> Millis {
        let seconds = self.attributes.get("deregistration_delay.timeout_seconds");
        seconds.and_then(|seconds| seconds.parse::<Millis>().ok()).unwrap_or(300) * 1000
    }
}

/// `CreateTargetGroup`: the same settings again answer with the group that there is.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let name = input.text_or_empty("Name");
    check_name("target group", name)?;
    let target_type = input.text("TargetType").unwrap_or("instance");
    let protocol = input.text("Protocol").unwrap_or_default();
    if matches!(target_type, "lambda" | "alb") || protocol == "GENEVE" {
        return Err(not_built(call));
    }
    if protocol.is_empty() {
        return Err(invalid("A protocol must be specified"));
    }
    let port = input.int("Port").ok_or_else(|| invalid("A port must be specified"))?;
    let vpc_id = input.text("VpcId").ok_or_else(|| invalid("A VPC ID must be specified"))?;
    if !interfaces::vpc_exists(account, vpc_id) {
        return Err(invalid(format!("The VPC ID '{vpc_id}' is not found")));
    }
    let version = matches!(protocol, "HTTP" | "HTTPS")
        .then(|| input.text("ProtocolVersion").unwrap_or("HTTP1").to_owned());
    let group = TargetGroup {
        target_group_arn: String::new(),
        target_group_name: name.into(),
        protocol: protocol.into(),
        port,
        vpc_id: vpc_id.into(),
        health_check: HealthCheck::given(protocol, input)?,
        target_type: target_type.into(),
        protocol_version: version,
        ip_address_type: input.text("IpAddressType").unwrap_or("ipv4").into(),
        tags: tags::given(input)?,
        attributes: attributes::of_target_group(protocol, target_type),
        released: 0,
        targets: Vec::new(),
    };
    if let Some(there) = named_so(account, name) {
        let mut settings = (shape(there), shape(&group));
        settings.1["TargetGroupArn"] = settings.0["TargetGroupArn"].clone();
        if settings.0 == settings.1 {
            return Ok(json!({ "TargetGroups": [public(account, there)] }));
        }
        let message = format!(
            "A target group with the same name '{name}' exists, but with different settings"
        );
        return Err(ApiError::new("DuplicateTargetGroupName", message));
    }
    if account.elb.target_groups.len() >= account.quotas.target_groups {
        let message = "The maximum number of target groups has been reached";
        return Err(ApiError::new("TooManyTargetGroups", message));
    }
    let id = account.hex(16);
    let target_group_arn = arn(account, &call.region, &format!("targetgroup/{name}/{id}"));
    let group = TargetGroup { target_group_arn: target_group_arn.clone(), ..group };
    let answer = json!({ "TargetGroups": [public(account, &group)] });
    let now = account.now;
    account.elb.target_groups.insert(target_group_arn, group, now, now);
    Ok(answer)
}

/// `DescribeTargetGroups`: fails as a whole when one ARN or name is unknown.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let arns = named(&call.input, "TargetGroupArns")?;
    let names = named(&call.input, "Names")?;
    let on = call.input.text("LoadBalancerArn");
    if let Some(arn) = on {
        load_balancer::find(account, arn)?;
    }
    for arn in &arns {
        find(account, arn)?;
    }
    if names.iter().any(|name| named_so(account, name).is_none()) {
        return Err(unknown());
    }
    let wanted = |it: &TargetGroup| {
        (arns.is_empty() || arns.contains(&&*it.target_group_arn))
            && (names.is_empty() || names.contains(&&*it.target_group_name))
            && (on.is_none() || load_balancer_of(account, &it.target_group_arn).as_deref() == on)
    };
    let found = account.elb.target_groups.all().filter(|(_, it)| wanted(it));
    let found = found.map(|(_, it)| public(account, it)).collect();
    page("TargetGroups", found, &call.input)
}

/// `ModifyTargetGroup`: the health check.
pub fn modify(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("TargetGroupArn");
    let group = find_mut(account, arn)?;
    group.health_check = group.health_check.changed(&group.protocol, &call.input)?;
    let group = find(account, arn)?;
    Ok(json!({ "TargetGroups": [public(account, group)] }))
}

/// `DeleteTargetGroup`. One that does not exist is deleted already.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("TargetGroupArn");
    let Some(group) = account.elb.target_groups.known(arn) else { return done() };
    if group.released > account.now || load_balancer_of(account, arn).is_some() {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(ApiError::new("ResourceInUse", message));
    }
    account.elb.target_groups.remove(arn);
    done()
}

/// Lets go of groups that a listener or a rule no longer names; AWS takes a moment to notice.
pub fn release(account: &mut Account, arns: &[String]) {
    for arn in arns {
        let until = account.now + account.draw(Latency::TargetGroupRelease);
        if let Some(group) = account.elb.target_groups.known_mut(arn) {
            group.released = until;
        }
    }
}

/// The load balancer that a target group is on, through a listener or a rule.
pub fn load_balancer_of(account: &Account, arn: &str) -> Option<String> {
    in_use(account, arn).map(|(load_balancer, _)| load_balancer)
}

/// The load balancer that a target group is on, and since when.
pub fn in_use(account: &Account, arn: &str) -> Option<(String, Millis)> {
    let elb = &account.elb;
    let named = |actions: &[Value]| action::target_groups(actions).iter().any(|it| it == arn);
    let listeners = elb.listeners.all().filter(|(_, it)| named(&it.default_actions));
    let listeners = listeners.map(|(_, it)| (it.load_balancer_arn.clone(), it.actions_since));
    let rules = elb.rules.all().filter(|(_, rule)| named(&rule.actions));
    let rules = rules.filter_map(|(_, rule)| {
        let listener = elb.listeners.known(&rule.listener_arn)?;
        Some((listener.load_balancer_arn.clone(), rule.actions_since))
    });
    listeners.chain(rules).min_by_key(|(_, since)| *since)
}

/// A target group by ARN.
///
/// # Errors
/// `TargetGroupNotFound`.
pub fn find<'a>(account: &'a Account, arn: &str) -> Result<&'a TargetGroup, ApiError> {
    account.elb.target_groups.known(arn).ok_or_else(unknown)
}

/// A target group by ARN, to change it.
///
/// # Errors
/// `TargetGroupNotFound`.
pub fn find_mut<'a>(account: &'a mut Account, arn: &str) -> Result<&'a mut TargetGroup, ApiError> {
    account.elb.target_groups.known_mut(arn).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new("TargetGroupNotFound", "One or more target groups not found")
}

fn named_so<'a>(account: &'a Account, name: &str) -> Option<&'a TargetGroup> {
    let mut all = account.elb.target_groups.all().map(|(_, it)| it);
    all.find(|it| it.target_group_name == name)
}

fn public(account: &Account, group: &TargetGroup) -> Value {
    let on: Vec<_> = load_balancer_of(account, &group.target_group_arn).into_iter().collect();
    let mut shape = shape(group);
    shape["LoadBalancerArns"] = json!(on);
    shape
}
