//! Health checks of target groups: AWS's defaults and limits.

use super::{invalid, unsuitable};
use crate::simulator::{fields::Fields, wire::ApiError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How the targets of a group are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthCheck {
    /// `HTTP`, `HTTPS` or `TCP`.
    pub health_check_protocol: String,
    /// `traffic-port`, or a number.
    pub health_check_port: String,
    /// Only Lambda functions may do without.
    pub health_check_enabled: bool,
    /// From one check to the next.
    pub health_check_interval_seconds: i64,
    /// When a check has failed.
    pub health_check_timeout_seconds: i64,
    /// Passing checks that make a target healthy again.
    pub healthy_threshold_count: i64,
    /// Failing checks that make it unhealthy.
    pub unhealthy_threshold_count: i64,
    /// What is asked for; none for TCP.
    pub health_check_path: Option<String>,
    /// The answers that pass; none for TCP.
    pub matcher: Option<Value>,
}

impl HealthCheck {
    /// What a group of this protocol has when a creating call says nothing.
    fn of(protocol: &str, check: &str) -> Self {
        let over_http = check != "TCP";
        let timeout = match (protocol, check) {
            ("HTTP" | "HTTPS", _) => 5,
            (_, "HTTP") => 6,
            _ => 10,
        };
        let codes = if matches!(protocol, "HTTP" | "HTTPS") { "200" } else { "200-399" };
        Self {
            health_check_protocol: check.into(),
            health_check_port: "traffic-port".into(),
            health_check_enabled: true,
            health_check_interval_seconds: 30,
            health_check_timeout_seconds: timeout,
            healthy_threshold_count: 5,
            unhealthy_threshold_count: 2,
            health_check_path: over_http.then(|| "/".into()),
            matcher: over_http.then(|| json!({ "HttpCode": codes })),
        }
    }

    /// As a creating call says, with defaults.
    ///
    /// # Errors
    /// When the settings do not go together.
    pub fn given(protocol: &str, input: &Value) -> Result<Self, ApiError> {
        let default = if matches!(protocol, "HTTP" | "HTTPS") { "HTTP" } else { "TCP" };
        let check = input.text("HealthCheckProtocol").unwrap_or(default);
        Self::of(protocol, check).changed(protocol, input)
    }

    /// As a changing call says.
    ///
    /// # Errors
    /// When the settings do not go together.
    pub fn changed(&self, protocol: &str, input: &Value) -> Result<Self, ApiError> {
        let mut now = match input.text("HealthCheckProtocol") {
            Some(check) if check != self.health_check_protocol => {
                let fresh = Self::of(protocol, check);
                let (path, matcher) = (fresh.health_check_path, fresh.matcher);
                let health_check_protocol = check.into();
                Self { health_check_protocol, health_check_path: path, matcher, ..self.clone() }
            }
            _ => self.clone(),
        };
        let over_http = now.health_check_protocol != "TCP";
        if let Some(path) = input.text("HealthCheckPath") {
            now.health_check_path = Some(path.into());
        }
        if let Some(matcher) = input.get("Matcher").filter(|it| !it.is_null()) {
            now.matcher = Some(matcher.clone());
        }
        if !over_http && (now.health_check_path.is_some() || now.matcher.is_some()) {
            return Err(unsuitable(
                "You cannot specify a health check path or matcher for a health check with \
                 protocol 'TCP'",
            ));
        }
        if let Some(port) = input.text("HealthCheckPort") {
            now.health_check_port = port.into();
        }
        let numbers = [
            ("HealthCheckIntervalSeconds", &mut now.health_check_interval_seconds),
            ("HealthCheckTimeoutSeconds", &mut now.health_check_timeout_seconds),
            ("HealthyThresholdCount", &mut now.healthy_threshold_count),
            ("UnhealthyThresholdCount", &mut now.unhealthy_threshold_count),
        ];
        for (member, number) in numbers {
            *number = input.int(member).unwrap_or(*number);
        }
        let (interval, timeout) =
            (now.health_check_interval_seconds, now.health_check_timeout_seconds);
        let fits = if over_http { timeout < interval } else { timeout <= interval };
        if !fits {
            return Err(invalid(format!(
                "Health check timeout '{timeout}' must be smaller than the interval '{interval}'"
            )));
        }
        Ok(now)
    }
}
