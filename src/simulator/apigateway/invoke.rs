//! Calls of a deployed API, as far as API Gateway decides about them.

use super::{deployment::Deployment, integration::variable, resource};
use crate::simulator::{
    account::Account, apigatewayv2::VpcLink, ec2::security_group_rule::SecurityGroupRule,
    fields::Fields,
};
use ipnet::Ipv4Net;
use serde_json::Value;
use std::net::Ipv4Addr;

/// Where a call is passed on to.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// The load balancer behind the VPC link.
    pub load_balancer: String,
    /// Scheme, port and path towards it; the host is only a header.
    pub uri: String,
}

/// API Gateway's own answer to a call that it does not pass on.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The message in the body.
    pub message: String,
}

fn refusal(status: u16, message: &str) -> Refusal {
    Refusal { status, message: message.into() }
}

/// Decides a call that comes through a VPC endpoint.
///
/// # Errors
/// The answer that the caller gets when the call goes no further.
pub fn route(
    account: &Account,
    endpoint: &str,
    api_id: &str,
    stage: &str,
    verb: &str,
    path: &str,
) -> Result<Hop, Refusal> {
    let forbidden = || refusal(403, "Forbidden");
    let api = account.apigateway.apis.get(api_id).ok_or_else(forbidden)?;
    let stage = api.stages.get(stage).ok_or_else(forbidden)?;
    let deployment = api.deployments.get(&stage.deployment_id).ok_or_else(forbidden)?;
    if !admits(deployment, endpoint) {
        let message =
            "User: anonymous is not authorized to perform: execute-api:Invoke on resource";
        return Err(refusal(403, message));
    }
    let mut resources = deployment.resources.values();
    let resource = resources.find(|one| resource::path(&deployment.resources, one) == path);
    let methods = resource.map(|resource| &resource.resource_methods);
    let method = methods.and_then(|methods| methods.get(verb).or(methods.get("ANY")));
    let method = method.ok_or_else(|| refusal(403, "Missing Authentication Token"))?;
    let broken = || refusal(500, "Internal server error");
    let integration = method.method_integration.as_ref().ok_or_else(broken)?;
    let id = integration.connection_id.as_deref().ok_or_else(broken)?;
    let id = match variable(id) {
        Some(name) => stage.variables.as_ref().and_then(|all| all.get(name)).map(String::as_str),
        None => Some(id),
    };
    let id = id.ok_or_else(broken)?;
    let (status, target, second) = match account.apigateway.links.get(id) {
        Some(link) => (&link.status, link.target_arns.first(), None),
        None => {
            let link = account.apigatewayv2.links.get(id).ok_or_else(broken)?;
            (&link.vpc_link_status, integration.integration_target.as_ref(), Some(link))
        }
    };
    let passed_on = integration.kind == "HTTP_PROXY"
        || integration.integration_responses.as_ref().is_some_and(|all| all.contains_key("200"));
    match (status.as_str(), target, &integration.uri) {
        ("AVAILABLE", Some(target), Some(uri)) if passed_on => {
            if second.is_some_and(|link| !reaches(account, link, target, uri)) {
                return Err(refusal(504, "Endpoint request timed out"));
            }
            Ok(Hop { load_balancer: target.clone(), uri: uri.clone() })
        }
        _ => Err(broken()),
    }
}

/// Whether a load balancer's security groups let the interfaces of a VPC link V2 in. One without
/// groups lets everyone in.
fn reaches(account: &Account, link: &VpcLink, load_balancer: &str, uri: &str) -> bool {
    let Some(balancer) = account.elb.load_balancers.known(load_balancer) else { return false };
    let port = uri.split(':').nth(2).and_then(|rest| rest.split('/').next()?.parse().ok());
    let port: i64 = port.unwrap_or(80);
    let interfaces = link.interfaces.iter();
    let interfaces = interfaces.filter_map(|id| account.ec2.network_interfaces.known(id));
    let from: Vec<&str> = interfaces.map(|one| &*one.private_ip_address).collect();
    let admits = |rule: &SecurityGroupRule| {
        let about = !rule.is_egress
            && (rule.ip_protocol == "-1"
                || rule.ip_protocol == "tcp" && (rule.from_port..=rule.to_port).contains(&port));
        let group = rule.referenced_group_info.as_ref().map(|group| &group.group_id);
        let range = rule.cidr_ipv4.as_ref().and_then(|cidr| cidr.parse::<Ipv4Net>().ok());
        let within = |range: Ipv4Net| {
            from.iter().any(|ip| ip.parse::<Ipv4Addr>().is_ok_and(|ip| range.contains(&ip)))
        };
        about
            && (group.is_some_and(|group| link.security_group_ids.contains(group))
                || range.is_some_and(within))
    };
    balancer.security_groups.is_empty()
        || account
            .ec2
            .security_group_rules
            .all()
            .any(|(_, rule)| balancer.security_groups.contains(&rule.group_id) && admits(rule))
}

/// Whether the policy lets anyone in who comes through this endpoint. Without one nobody is.
fn admits(deployment: &Deployment, endpoint: &str) -> bool {
    let policy = deployment.policy.as_deref().unwrap_or("{}");
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let applies = |statement: &&Value| conditions_hold(statement, endpoint);
    let effects: Vec<_> = statements
        .iter()
        .filter(applies)
        .filter_map(|statement| statement.text("Effect"))
        .collect();
    effects.contains(&"Allow") && !effects.contains(&"Deny")
}

/// Whether the conditions of a statement hold, of those that speak of the endpoint.
fn conditions_hold(statement: &Value, endpoint: &str) -> bool {
    let conditions = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    conditions.into_iter().all(|(operator, keys)| {
        let Some(wanted) = keys.get("aws:SourceVpce").or(keys.get("aws:sourceVpce")) else {
            return true;
        };
        let is = match wanted {
            Value::Array(all) => all.iter().any(|one| one == endpoint),
            one => one == endpoint,
        };
        if operator.contains("Not") { !is } else { is }
    })
}
