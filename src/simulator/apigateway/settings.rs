//! A stage's settings of methods: logs, metrics, throttling, caching.

use super::patch::{Step, invalid, wrong_path};
use crate::simulator::wire::ApiError;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, str::FromStr};

/// The settings of one method, or of all.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSettings {
    /// Whether CloudWatch counts calls.
    pub metrics_enabled: bool,
    /// `OFF`, `ERROR` or `INFO`.
    pub logging_level: String,
    /// Whether requests and answers are logged in full.
    pub data_trace_enabled: bool,
    /// Calls at once.
    pub throttling_burst_limit: i64,
    /// Calls in a second.
    pub throttling_rate_limit: f64,
    /// Whether answers are kept.
    pub caching_enabled: bool,
    /// For how long.
    pub cache_ttl_in_seconds: i64,
    /// Whether they are encrypted.
    pub cache_data_encrypted: bool,
    /// Whether callers may ask for fresh ones.
    pub require_authorization_for_cache_control: bool,
    /// What happens when they may not.
    pub unauthorized_cache_control_header_strategy: String,
}

impl Default for MethodSettings {
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: "OFF".into(),
            data_trace_enabled: false,
            throttling_burst_limit: 5000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".into(),
        }
    }
}

/// What a step about methods ends with.
const GROUPS: [&str; 4] = ["metrics", "logging", "throttling", "caching"];

/// Whether a step is about methods: `/{resource}/{verb}/{group}/{setting}`, or the removal of all
/// settings of `/{resource}/{verb}`.
pub fn is_of_methods(step: &Step) -> bool {
    match step.parts.as_slice() {
        [first, ..] if first == "variables" || first == "accessLogSettings" => false,
        [_, .., group, _] if GROUPS.contains(&group.as_str()) => true,
        [_, _] | [_, _, _, ..] => step.op == "remove",
        _ => false,
    }
}

/// Takes such steps.
pub fn apply(all: &mut BTreeMap<String, MethodSettings>, steps: &[Step]) -> Result<(), ApiError> {
    for step in steps {
        let grouped =
            step.parts.iter().rev().nth(1).filter(|group| GROUPS.contains(&group.as_str()));
        let Some(group) = grouped else {
            all.remove(&key(&step.parts));
            continue;
        };
        let setting = step.parts.last().map_or("", String::as_str);
        let settings = all.entry(key(&step.parts[..step.parts.len() - 2])).or_default();
        match (group.as_str(), setting) {
            ("metrics", "enabled") => settings.metrics_enabled = parsed(step, "a boolean")?,
            ("logging", "loglevel") => {
                let level = step.value.as_deref().unwrap_or_default();
                if !matches!(level, "OFF" | "ERROR" | "INFO") {
                    return Err(invalid(step, "one of OFF, ERROR, INFO"));
                }
                settings.logging_level = level.into();
            }
            ("logging", "dataTrace") => settings.data_trace_enabled = parsed(step, "a boolean")?,
            ("throttling", "burstLimit") => {
                settings.throttling_burst_limit = parsed(step, "an integer")?;
            }
            ("throttling", "rateLimit") => {
                settings.throttling_rate_limit = parsed(step, "a number")?;
            }
            ("caching", "enabled") => settings.caching_enabled = parsed(step, "a boolean")?,
            ("caching", "ttlInSeconds") => {
                settings.cache_ttl_in_seconds = parsed(step, "an integer")?;
            }
            ("caching", "dataEncrypted") => {
                settings.cache_data_encrypted = parsed(step, "a boolean")?;
            }
            ("caching", "requireAuthorizationForCacheControl") => {
                settings.require_authorization_for_cache_control = parsed(step, "a boolean")?;
            }
            ("caching", "unauthorizedCacheControlHeaderStrategy") => {
                let strategy = step.value.as_deref().unwrap_or_default();
                settings.unauthorized_cache_control_header_strategy = strategy.into();
            }
            _ => return Err(wrong_path(step, &[])),
        }
    }
    Ok(())
}

/// `{resource}/{verb}`, as the settings are kept.
fn key(parts: &[String]) -> String {
    parts.join("/").trim_start_matches('/').into()
}

fn parsed<T: FromStr>(step: &Step, wanted: &str) -> Result<T, ApiError> {
    let value = step.value.as_deref().unwrap_or_default();
    value.to_ascii_lowercase().parse().map_err(|_| invalid(step, wanted))
}
