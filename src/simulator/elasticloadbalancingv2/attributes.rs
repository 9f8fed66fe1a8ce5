//! Attributes of load balancers, target groups and listeners, with AWS's defaults.

use super::{Pairs, invalid, listener, load_balancer, target_group, unsuitable};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

const OF_LOAD_BALANCERS: &[(&str, &str)] = &[
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.prefix", ""),
    ("deletion_protection.enabled", "false"),
    ("zonal_shift.config.enabled", "false"),
];

const OF_APPLICATION_LOAD_BALANCERS: &[(&str, &str)] = &[
    ("client_keep_alive.seconds", "3600"),
    ("connection_logs.s3.bucket", ""),
    ("connection_logs.s3.enabled", "false"),
    ("connection_logs.s3.prefix", ""),
    ("health_check_logs.s3.bucket", ""),
    ("health_check_logs.s3.enabled", "false"),
    ("health_check_logs.s3.prefix", ""),
    ("idle_timeout.timeout_seconds", "60"),
    (CROSS_ZONE, "true"),
    ("routing.http.desync_mitigation_mode", "defensive"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
    ("routing.http.preserve_host_header.enabled", "false"),
    ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
    ("routing.http.xff_client_port.enabled", "false"),
    ("routing.http.xff_header_processing.mode", "append"),
    ("routing.http2.enabled", "true"),
    ("waf.fail_open.enabled", "false"),
];

const OF_NETWORK_LOAD_BALANCERS: &[(&str, &str)] = &[
    ("dns_record.client_routing_policy", "any_availability_zone"),
    (CROSS_ZONE, "false"),
    ("secondary_ips.auto_assigned.per_subnet", "0"),
];

const OF_TARGET_GROUPS: &[(&str, &str)] = &[
    ("deregistration_delay.timeout_seconds", "300"),
    (CROSS_ZONE, "use_load_balancer_configuration"),
    ("stickiness.enabled", "false"),
    ("target_group_health.dns_failover.minimum_healthy_targets.count", "1"),
    ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"),
];

const OF_HTTP_TARGET_GROUPS: &[(&str, &str)] = &[
    ("load_balancing.algorithm.anomaly_mitigation", "off"),
    ("load_balancing.algorithm.type", "round_robin"),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.app_cookie.cookie_name", ""),
    ("stickiness.app_cookie.duration_seconds", "86400"),
    ("stickiness.lb_cookie.duration_seconds", "86400"),
    ("stickiness.type", "lb_cookie"),
];

const OF_TCP_TARGET_GROUPS: &[(&str, &str)] = &[
    ("deregistration_delay.connection_termination.enabled", "false"),
    ("preserve_client_ip.enabled", "false"),
    ("proxy_protocol_v2.enabled", "false"),
    ("stickiness.type", "source_ip"),
    ("target_health_state.unhealthy.connection_termination.enabled", "true"),
    ("target_health_state.unhealthy.draining_interval_seconds", "0"),
];

const OF_HTTP_LISTENERS: &[(&str, &str)] = &[
    ("routing.http.response.access_control_allow_credentials.header_value", ""),
    ("routing.http.response.access_control_allow_headers.header_value", ""),
    ("routing.http.response.access_control_allow_methods.header_value", ""),
    ("routing.http.response.access_control_allow_origin.header_value", ""),
    ("routing.http.response.access_control_expose_headers.header_value", ""),
    ("routing.http.response.access_control_max_age.header_value", ""),
    ("routing.http.response.content_security_policy.header_value", ""),
    ("routing.http.response.server.enabled", "true"),
    ("routing.http.response.strict_transport_security.header_value", ""),
    ("routing.http.response.x_content_type_options.header_value", ""),
    ("routing.http.response.x_frame_options.header_value", ""),
];

const OF_TCP_LISTENERS: &[(&str, &str)] = &[("tcp.idle_timeout.seconds", "350")];

/// Numbers that AWS takes within limits.
const RANGES: &[(&str, RangeInclusive<u32>)] = &[
    ("deregistration_delay.timeout_seconds", 0..=3600),
    ("idle_timeout.timeout_seconds", 1..=4000),
    ("client_keep_alive.seconds", 60..=604_800),
    ("slow_start.duration_seconds", 0..=900),
    ("tcp.idle_timeout.seconds", 60..=6000),
];

fn pairs(tables: &[&[(&str, &str)]]) -> Pairs {
    let all = tables.iter().flat_map(|table| table.iter());
    all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// What a new load balancer has.
pub fn of_load_balancer(kind: &str, scheme: &str) -> Pairs {
    let own =
        if kind == "network" { OF_NETWORK_LOAD_BALANCERS } else { OF_APPLICATION_LOAD_BALANCERS };
    let mut attributes = pairs(&[OF_LOAD_BALANCERS, own]);
    let internal = (scheme == "internal").to_string();
    attributes.insert("ipv6.deny_all_igw_traffic".into(), internal);
    attributes
}

/// What a new target group has.
pub fn of_target_group(protocol: &str, target_type: &str) -> Pairs {
    if matches!(protocol, "HTTP" | "HTTPS") {
        return pairs(&[OF_TARGET_GROUPS, OF_HTTP_TARGET_GROUPS]);
    }
    let mut attributes = pairs(&[OF_TARGET_GROUPS, OF_TCP_TARGET_GROUPS]);
    // Kept towards instances; towards addresses only where the protocol is UDP's.
    let kept = target_type == "instance" || matches!(protocol, "UDP" | "TCP_UDP");
    attributes.insert("preserve_client_ip.enabled".into(), kept.to_string());
    attributes
}

/// What a new listener has.
pub fn of_listener(protocol: &str) -> Pairs {
    let http = matches!(protocol, "HTTP" | "HTTPS");
    pairs(&[if http { OF_HTTP_LISTENERS } else { OF_TCP_LISTENERS }])
}

/// `DescribeLoadBalancerAttributes`.
pub fn describe_load_balancer(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("LoadBalancerArn");
    answer(&load_balancer::find_mut(account, arn)?.attributes)
}

/// `ModifyLoadBalancerAttributes`.
pub fn modify_load_balancer(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("LoadBalancerArn");
    let load_balancer = load_balancer::find_mut(account, arn)?;
    let changes = changes(&call.input, &load_balancer.attributes, "Load balancer")?;
    let off = changes.get(CROSS_ZONE).is_some_and(|value| value == "false");
    if off && load_balancer.kind == "application" {
        return Err(unsuitable(format!(
            "Load balancer attribute key '{CROSS_ZONE}' cannot be disabled on load balancers with \
             type 'application'"
        )));
    }
    load_balancer.attributes.extend(changes);
    answer(&load_balancer.attributes)
}

/// `DescribeTargetGroupAttributes`.
pub fn describe_target_group(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("TargetGroupArn");
    answer(&target_group::find_mut(account, arn)?.attributes)
}

/// `ModifyTargetGroupAttributes`.
pub fn modify_target_group(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("TargetGroupArn");
    let target_group = target_group::find_mut(account, arn)?;
    let changes = changes(&call.input, &target_group.attributes, "Target group")?;
    target_group.attributes.extend(changes);
    answer(&target_group.attributes)
}

/// `DescribeListenerAttributes`.
pub fn describe_listener(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("ListenerArn");
    answer(&listener::find_mut(account, arn)?.attributes)
}

/// `ModifyListenerAttributes`.
pub fn modify_listener(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("ListenerArn");
    let listener = listener::find_mut(account, arn)?;
    let changes = changes(&call.input, &listener.attributes, "Listener")?;
    listener.attributes.extend(changes);
    answer(&listener.attributes)
}

fn answer(attributes: &Pairs) -> Answer {
    let list = attributes.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    Ok(json!({ "Attributes": list.collect::<Vec<_>>() }))
}

/// The attributes that a call sets; all or none.
fn changes(input: &Value, have: &Pairs, noun: &str) -> Result<Pairs, ApiError> {
    let mut changes = Pairs::new();
    for attribute in input.list("Attributes") {
        let (key, value) = (attribute.text_or_empty("Key"), attribute.text_or_empty("Value"));
        let Some(before) = have.get(key) else {
            return Err(invalid(format!("{noun} attribute key '{key}' is not recognized")));
        };
        if !takes(key, before, value) {
            let message = format!("{noun} attribute value '{value}' for key '{key}' is invalid");
            return Err(invalid(message));
        }
        changes.insert(key.into(), value.into());
    }
    Ok(changes)
}

fn takes(key: &str, before: &str, value: &str) -> bool {
    if let Some((_, range)) = RANGES.iter().find(|(name, _)| *name == key) {
        return value.parse().is_ok_and(|number| range.contains(&number));
    }
    // Whatever is a truth value stays one.
    !matches!(before, "true" | "false") || matches!(value, "true" | "false")
}
