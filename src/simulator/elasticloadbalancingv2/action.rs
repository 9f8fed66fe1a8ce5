//! Actions of listeners and rules: what traffic is forwarded to.

use super::{invalid, load_balancer::LoadBalancer, target_group, unsuitable};
use crate::simulator::{account::Account, fields::Fields, wire::ApiError};
use serde_json::{Value, json};

/// The target groups that actions forward to.
pub fn target_groups(actions: &[Value]) -> Vec<String> {
    let mut arns: Vec<String> = Vec::new();
    for action in actions {
        let weighted = action.get("ForwardConfig").map_or(&[][..], |it| it.list("TargetGroups"));
        let weighted = weighted.iter().filter_map(|it| it.text("TargetGroupArn"));
        for arn in action.text("TargetGroupArn").into_iter().chain(weighted) {
            if !arns.iter().any(|have| have == arn) {
                arns.push(arn.into());
            }
        }
    }
    arns
}

/// Actions as AWS shows them, however they were written: a forward to one group has it twice.
pub fn normal(actions: &[Value]) -> Vec<Value> {
    let normal = actions.iter().cloned().map(|mut action| {
        if action.text("Type") != Some("forward") {
            return action;
        }
        let given = action.get("ForwardConfig").cloned().unwrap_or_else(
            || json!({ "TargetGroups": [{ "TargetGroupArn": action["TargetGroupArn"] }] }),
        );
        let mut groups = given.list("TargetGroups").to_vec();
        for group in &mut groups {
            if group.int("Weight").is_none() {
                group["Weight"] = json!(1);
            }
        }
        if let [only] = &groups[..] {
            action["TargetGroupArn"] = only["TargetGroupArn"].clone();
        }
        let sticky = given.get("TargetGroupStickinessConfig").cloned();
        let sticky = sticky.unwrap_or_else(|| json!({ "Enabled": false }));
        action["ForwardConfig"] =
            json!({ "TargetGroups": groups, "TargetGroupStickinessConfig": sticky });
        action
    });
    normal.collect()
}

/// Refuses actions that this load balancer cannot take on a listener of this protocol.
///
/// # Errors
/// AWS's.
pub fn check(
    account: &Account,
    on: &LoadBalancer,
    protocol: &str,
    actions: &[Value],
) -> Result<(), ApiError> {
    if actions.is_empty() {
        return Err(invalid("At least one action must be specified"));
    }
    for action in actions {
        let kind = action.text_or_empty("Type");
        if on.kind == "network" && kind != "forward" {
            let message = format!("Actions of type '{kind}' are not supported on this listener");
            return Err(ApiError::new("InvalidLoadBalancerAction", message));
        }
        if kind == "forward" && target_groups(std::slice::from_ref(action)).is_empty() {
            return Err(invalid("A target group ARN must be specified"));
        }
    }
    target_groups(actions).iter().try_for_each(|arn| suits(account, on, protocol, arn))
}

fn suits(account: &Account, on: &LoadBalancer, protocol: &str, arn: &str) -> Result<(), ApiError> {
    let Some(group) = account.elb.target_groups.known(arn) else {
        let message = format!("Target group '{arn}' not found");
        return Err(ApiError::new("TargetGroupNotFound", message));
    };
    let compatible = match protocol {
        "HTTP" | "HTTPS" => group.is_http(),
        "TLS" => matches!(&*group.protocol, "TCP" | "TLS"),
        "TCP" | "UDP" => group.protocol == protocol || group.protocol == "TCP_UDP",
        other => group.protocol == other,
    };
    if !compatible {
        let message = format!(
            "Listener protocol '{protocol}' is not supported with a target group with the \
             protocol '{}'",
            group.protocol
        );
        return Err(ApiError::new("IncompatibleProtocols", message));
    }
    if group.vpc_id != on.vpc_id {
        return Err(unsuitable(format!(
            "The following target groups are not in the same VPC as load balancer '{}': {arn}",
            on.load_balancer_arn
        )));
    }
    let there = target_group::load_balancer_of(account, arn);
    if there.is_some_and(|there| there != on.load_balancer_arn) {
        let message = format!(
            "The following target groups cannot be associated with more than one load balancer: \
             {arn}"
        );
        return Err(ApiError::new("TargetGroupAssociationLimit", message));
    }
    Ok(())
}
