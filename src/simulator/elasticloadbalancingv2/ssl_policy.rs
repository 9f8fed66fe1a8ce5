//! SSL policies: what `HTTPS` and `TLS` listeners agree on with their clients.

use super::describe::{named, page};
use crate::simulator::{
    account::Answer,
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// AWS's policies and the oldest protocol of each: 0 to 3 of TLS 1 (ELB guides, "Security policies").
const POLICIES: &[(&str, usize, bool)] = &[
    ("ELBSecurityPolicy-2015-05", 0, false),
    ("ELBSecurityPolicy-2016-08", 0, false),
    ("ELBSecurityPolicy-FS-1-1-2019-08", 1, false),
    ("ELBSecurityPolicy-FS-1-2-2019-08", 2, false),
    ("ELBSecurityPolicy-FS-1-2-Res-2019-08", 2, false),
    ("ELBSecurityPolicy-FS-1-2-Res-2020-10", 2, false),
    ("ELBSecurityPolicy-FS-2018-06", 0, false),
    ("ELBSecurityPolicy-TLS-1-0-2015-04", 0, false),
    ("ELBSecurityPolicy-TLS-1-1-2017-01", 1, false),
    ("ELBSecurityPolicy-TLS-1-2-2017-01", 2, false),
    ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", 2, false),
    ("ELBSecurityPolicy-TLS13-1-0-2021-06", 0, true),
    ("ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04", 0, true),
    ("ELBSecurityPolicy-TLS13-1-1-2021-06", 1, true),
    ("ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04", 1, true),
    ("ELBSecurityPolicy-TLS13-1-2-2021-06", 2, true),
    ("ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04", 2, true),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", 2, true),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04", 2, true),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", 2, true),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04", 2, true),
    ("ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04", 2, true),
    ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", 2, true),
    ("ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04", 2, true),
    ("ELBSecurityPolicy-TLS13-1-3-2021-06", 3, true),
    ("ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04", 3, true),
];

/// The policy of a listener that names none.
pub const DEFAULT: &str = "ELBSecurityPolicy-2016-08";

/// The protocols, oldest first.
const PROTOCOLS: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// Ciphers that all policies with TLS 1.2 have, and those of TLS 1.3. What else a policy has is not
/// told here.
const CIPHERS: [&[&str]; 2] = [
    &[
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
    ],
    &["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"],
];

/// Refuses a policy that AWS has not.
///
/// # Errors
/// `SSLPolicyNotFound`.
pub fn check(name: &str) -> Result<(), ApiError> {
    if POLICIES.iter().any(|(policy, ..)| *policy == name) {
        return Ok(());
    }
    Err(ApiError::new("SSLPolicyNotFound", format!("SSL policy '{name}' not found")))
}

/// `DescribeSSLPolicies`: all, or those that are named.
pub fn describe(call: &Call) -> Answer {
    let names = named(&call.input, "Names")?;
    names.iter().try_for_each(|name| check(name))?;
    let kind = call
        .input
        .text("LoadBalancerType")
        .map_or_else(|| json!(["application", "network"]), |kind| json!([kind]));
    let wanted = POLICIES.iter().filter(|(name, ..)| names.is_empty() || names.contains(name));
    let shapes = wanted.map(|policy| shape(policy, &kind)).collect();
    page("SslPolicies", shapes, &call.input)
}

fn shape((name, oldest, newest): &(&str, usize, bool), kinds: &Value) -> Value {
    let newest = if *newest { 3 } else { 2 };
    let with = |ciphers: usize| if ciphers == 1 { newest == 3 } else { *oldest < 3 };
    let ciphers = (0..2).filter(|ciphers| with(*ciphers)).flat_map(|ciphers| CIPHERS[ciphers]);
    let ciphers = ciphers.enumerate().map(|(at, name)| json!({ "Name": name, "Priority": at + 1 }));
    json!({
        "Name": name,
        "SslProtocols": PROTOCOLS[*oldest..=newest],
        "Ciphers": ciphers.collect::<Vec<_>>(),
        "SupportedLoadBalancerTypes": kinds,
    })
}
