//! Listeners, each with a default rule.

use super::{
    Pairs, action, attributes, certificate,
    describe::{named, page},
    done, invalid,
    load_balancer::{self, LoadBalancer},
    rule::{self, Rule},
    shape, ssl_policy, tags, target_group,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A listener as AWS describes it, with what only other operations show.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listener {
    /// Its ARN.
    pub listener_arn: String,
    /// Its load balancer.
    pub load_balancer_arn: String,
    /// One listener to a port.
    pub port: i64,
    /// `HTTP`, `TCP`, …
    pub protocol: String,
    /// What happens to traffic that no rule is for.
    pub default_actions: Vec<Value>,
    /// Of `HTTPS` and `TLS`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Value>,
    /// Of `HTTPS` and `TLS`.
    pub ssl_policy: Option<String>,
    /// Of `HTTPS` and `TLS`, beside the default one: their ARNs.
    #[serde(rename = "_more_certificates", default)]
    pub more_certificates: BTreeSet<String>,
    /// Tags.
    #[serde(rename = "_tags")]
    pub tags: Pairs,
    /// Attributes.
    #[serde(rename = "_attributes")]
    pub attributes: Pairs,
    /// Its last rule; the actions are the listener's.
    #[serde(rename = "_default_rule")]
    pub default_rule: Rule,
    /// Since when it forwards where it does.
    #[serde(rename = "_actions_since")]
    pub actions_since: Millis,
}

/// `CreateListener`: the same settings again answer with the listener that there is.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let on = load_balancer::find(account, input.text_or_empty("LoadBalancerArn"))?.clone();
    let protocol = input.text("Protocol");
    let protocol = protocol.ok_or_else(|| invalid("A listener protocol must be specified"))?;
    let port = input.int("Port").ok_or_else(|| invalid("A listener port must be specified"))?;
    check_protocol(&on, protocol, !input.list("Certificates").is_empty())?;
    check_security(account, call, protocol)?;
    let actions = action::normal(input.list("DefaultActions"));
    let tags = tags::given(input)?;
    if let Some(there) = on_port(account, &on.load_balancer_arn, port) {
        if there.protocol == protocol && there.default_actions == actions {
            return Ok(json!({ "Listeners": [shape(there)] }));
        }
        return Err(duplicate(&on.load_balancer_arn));
    }
    action::check(account, &on, protocol, &actions)?;
    if of(account, &on.load_balancer_arn).len() >= account.quotas.listeners_per_load_balancer {
        let message = "The maximum number of listeners has been reached on this load balancer";
        return Err(ApiError::new("TooManyListeners", message));
    }
    let id = account.hex(16);
    let listener_arn = format!("{}/{id}", on.load_balancer_arn);
    let listener_arn = listener_arn.replacen(":loadbalancer/", ":listener/", 1);
    let listener = Listener {
        default_rule: rule::default_of(account, &listener_arn),
        listener_arn: listener_arn.clone(),
        load_balancer_arn: on.load_balancer_arn,
        port,
        protocol: protocol.into(),
        default_actions: actions,
        certificates: input.list("Certificates").to_vec(),
        ssl_policy: policy(input, protocol),
        more_certificates: BTreeSet::new(),
        tags,
        attributes: attributes::of_listener(protocol),
        actions_since: account.now,
    };
    let answer = json!({ "Listeners": [shape(&listener)] });
    let now = account.now;
    account.elb.listeners.insert(listener_arn, listener, now, now);
    Ok(answer)
}

/// `DescribeListeners`: of one load balancer, or by ARN.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let arns = named(&call.input, "ListenerArns")?;
    let on = call.input.text("LoadBalancerArn");
    if arns.is_empty() && on.is_none() {
        return Err(invalid("You must specify either listener ARNs or a load balancer ARN"));
    }
    if let Some(arn) = on {
        load_balancer::find(account, arn)?;
    }
    for arn in &arns {
        find(account, arn)?;
    }
    let wanted = |it: &Listener| {
        (arns.is_empty() || arns.contains(&&*it.listener_arn))
            && on.is_none_or(|arn| it.load_balancer_arn == arn)
    };
    let found = account.elb.listeners.all().filter(|(_, it)| wanted(it));
    page("Listeners", found.map(|(_, it)| shape(it)).collect(), &call.input)
}

/// `ModifyListener`: what is given.
pub fn modify(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let mut listener = find(account, input.text_or_empty("ListenerArn"))?.clone();
    let on = load_balancer::find(account, &listener.load_balancer_arn)?.clone();
    if let Some(port) = input.int("Port") {
        let there = on_port(account, &on.load_balancer_arn, port);
        if there.is_some_and(|there| there.listener_arn != listener.listener_arn) {
            return Err(duplicate(&on.load_balancer_arn));
        }
        listener.port = port;
    }
    let protocol = input.text("Protocol").unwrap_or(&listener.protocol).to_owned();
    check_security(account, call, &protocol)?;
    if protocol != listener.protocol || input.text("SslPolicy").is_some() {
        listener.ssl_policy = policy(input, &protocol);
        listener.protocol = protocol;
    }
    if !is_secure(&listener.protocol) {
        listener.certificates.clear();
        listener.more_certificates.clear();
    }
    if !input.list("Certificates").is_empty() {
        listener.certificates = input.list("Certificates").to_vec();
    }
    let before = action::target_groups(&listener.default_actions);
    if !input.list("DefaultActions").is_empty() {
        listener.default_actions = action::normal(input.list("DefaultActions"));
        listener.actions_since = account.now;
    }
    check_protocol(&on, &listener.protocol, !listener.certificates.is_empty())?;
    action::check(account, &on, &listener.protocol, &listener.default_actions)?;
    let after = action::target_groups(&listener.default_actions);
    let answer = json!({ "Listeners": [shape(&listener)] });
    let arn = listener.listener_arn.clone();
    *find_mut(account, &arn)? = listener;
    let left: Vec<String> = before.into_iter().filter(|arn| !after.contains(arn)).collect();
    target_group::release(account, &left);
    Ok(answer)
}

/// `DeleteListener`, with its rules.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let arn = find(account, call.input.text_or_empty("ListenerArn"))?.listener_arn.clone();
    take_away(account, &arn);
    done()
}

/// Takes a listener away, with its rules.
pub fn take_away(account: &mut Account, arn: &str) {
    for rule in rule::of(account, arn) {
        rule::take_away(account, &rule);
    }
    if let Some(listener) = account.elb.listeners.remove(arn) {
        target_group::release(account, &action::target_groups(&listener.default_actions));
    }
}

/// The ARNs of a load balancer's listeners.
pub fn of(account: &Account, load_balancer_arn: &str) -> Vec<String> {
    let all = account.elb.listeners.all();
    let ours = all.filter(|(_, listener)| listener.load_balancer_arn == load_balancer_arn);
    ours.map(|(arn, _)| arn.clone()).collect()
}

/// A listener by ARN.
///
/// # Errors
/// `ListenerNotFound`.
pub fn find<'a>(account: &'a Account, arn: &str) -> Result<&'a Listener, ApiError> {
    account.elb.listeners.known(arn).ok_or_else(unknown)
}

/// A listener by ARN, to change it.
///
/// # Errors
/// `ListenerNotFound`.
pub fn find_mut<'a>(account: &'a mut Account, arn: &str) -> Result<&'a mut Listener, ApiError> {
    account.elb.listeners.known_mut(arn).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new("ListenerNotFound", "One or more listeners not found")
}

fn duplicate(load_balancer_arn: &str) -> ApiError {
    let message = format!(
        "A listener already exists on this port for this load balancer '{load_balancer_arn}'"
    );
    ApiError::new("DuplicateListener", message)
}

fn on_port<'a>(account: &'a Account, load_balancer_arn: &str, port: i64) -> Option<&'a Listener> {
    let mut all = account.elb.listeners.all().map(|(_, listener)| listener);
    all.find(|it| it.load_balancer_arn == load_balancer_arn && it.port == port)
}

fn check_protocol(on: &LoadBalancer, protocol: &str, certified: bool) -> Result<(), ApiError> {
    let fitting: &[&str] = match &*on.kind {
        "network" => &["TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"],
        _ => &["HTTP", "HTTPS"],
    };
    if !fitting.contains(&protocol) {
        let fitting = fitting.join(", ");
        let message = format!("Listener protocol '{protocol}' must be one of '{fitting}'");
        return Err(invalid(message));
    }
    if is_secure(protocol) && !certified {
        let message = format!("A certificate must be specified for {protocol} listeners");
        return Err(invalid(message));
    }
    Ok(())
}

/// Certificates and policies are those that there are, and stand where there is something to secure.
fn check_security(account: &Account, call: &Call, protocol: &str) -> Result<(), ApiError> {
    let certificates = call.input.list("Certificates");
    let policy = call.input.text("SslPolicy");
    if is_secure(protocol) {
        policy.map_or(Ok(()), ssl_policy::check)?;
        return certificate::check(account, &call.region, certificates);
    }
    let what = match (certificates.is_empty(), policy) {
        (false, _) => "A certificate",
        (true, Some(_)) => "An SSL policy",
        (true, None) => return Ok(()),
    };
    Err(invalid(format!("{what} cannot be specified for {protocol} listeners")))
}

fn is_secure(protocol: &str) -> bool {
    matches!(protocol, "HTTPS" | "TLS")
}

fn policy(input: &Value, protocol: &str) -> Option<String> {
    let given = input.text("SslPolicy").unwrap_or(ssl_policy::DEFAULT);
    is_secure(protocol).then(|| given.to_owned())
}
