//! Faults, as data: which calls fail, and how.

use super::wire::{ApiError, Service};
use serde::{Deserialize, Serialize};

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Refused with the service's own throttling code; no effect.
    Throttle,
    /// An error of AWS's own, before any effect.
    InternalError,
    /// The connection breaks before any effect.
    LoseRequest,
    /// The call has its effect, and the answer is lost.
    LoseAnswer,
    /// The answer takes this many seconds more.
    Slow(f64),
    /// The call is answered with this error.
    Refuse {
        /// The wire code.
        code: String,
        /// The text.
        message: String,
        /// The HTTP status.
        status: u16,
    },
}

/// Which of the matching calls fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// The nth, counted from 1.
    Nth(u64),
    /// This share of them.
    Rate(f64),
    /// All of them.
    Always,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// An IAM action; `*` stands for any text.
    pub operation: String,
    /// Which of the matching calls.
    pub when: When,
    /// How they fail.
    pub fault: Fault,
    #[serde(default, skip)]
    seen: u64,
}

/// Why a list of rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It is not a list of rules.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// A rule for an operation that is not simulated would never strike.
    #[error("rule {0}: no operation of the simulator fits {1:?}; ec2:CreateVpc is one")]
    Operation(usize, String),
    /// A number that means nothing.
    #[error("rule {0}: {1}")]
    Number(usize, &'static str),
}

impl Rule {
    /// Reads a list of rules.
    ///
    /// # Errors
    /// When it is no such list, or a rule could never strike.
    pub fn list(text: &str) -> Result<Vec<Self>, RuleError> {
        let rules: Vec<Self> = serde_json::from_str(text)?;
        for (index, rule) in rules.iter().enumerate() {
            rule.check(index + 1)?;
        }
        Ok(rules)
    }

    fn check(&self, number: usize) -> Result<(), RuleError> {
        let fits = |service: Service| {
            let named = |name: &String| format!("{}:{name}", service.prefix());
            let mut names = service.model().operations.keys().map(named);
            names.any(|operation| matches(&self.operation, &operation))
        };
        if !Service::ALL.into_iter().any(fits) {
            return Err(RuleError::Operation(number, self.operation.clone()));
        }
        let wrong = match (&self.when, &self.fault) {
            (When::Nth(0), _) => "the calls are counted from 1",
            (When::Rate(rate), _) if !(0.0..=1.0).contains(rate) => "a rate is from 0 to 1",
            (_, Fault::Slow(seconds)) if !(0.0..=86_400.0).contains(seconds) => {
                "an answer can be slow by 0 to 86400 seconds"
            }
            (_, Fault::Refuse { status, .. }) if !(400..=599).contains(status) => {
                "the status of an error is from 400 to 599"
            }
            _ => return Ok(()),
        };
        Err(RuleError::Number(number, wrong))
    }

    /// A rule for the operations that match.
    pub fn new(operation: impl Into<String>, when: When, fault: Fault) -> Self {
        Self { operation: operation.into(), when, fault, seen: 0 }
    }

    /// Whether this call fails by this rule; `roll` is a number from 0 to 1.
    pub(super) fn strikes(&mut self, operation: &str, roll: f64) -> bool {
        if !matches(&self.operation, operation) {
            return false;
        }
        self.seen += 1;
        match self.when {
            When::Nth(n) => self.seen == n,
            When::Rate(rate) => roll < rate,
            When::Always => true,
        }
    }
}

/// Whether a text fits a pattern in which `*` stands for any text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match last {
        None => rest.is_empty(),
        Some(tail) => text.ends_with(tail),
    }
}

/// A service's own refusal for the rate of calls.
pub(super) fn throttled(service: Service) -> ApiError {
    let (code, status) = match service {
        Service::Ec2 => ("RequestLimitExceeded", 503),
        Service::ElasticLoadBalancingV2 | Service::Iam | Service::Sts => ("Throttling", 400),
        Service::Ecs | Service::CloudWatchLogs => ("ThrottlingException", 400),
        Service::ServiceDiscovery => ("RequestLimitExceeded", 400),
        Service::AppMesh | Service::ApiGateway => ("TooManyRequestsException", 429),
    };
    let message = match service {
        Service::Ec2 => "Request limit exceeded.",
        _ => "Rate exceeded",
    };
    ApiError::new(code, message).status(status)
}

/// A service's own internal error.
pub(super) fn internal(service: Service) -> ApiError {
    let code = match service {
        Service::Ec2 => "InternalError",
        Service::Iam => "ServiceFailure",
        Service::Ecs => "ServerException",
        Service::CloudWatchLogs | Service::ApiGateway => "ServiceUnavailableException",
        Service::AppMesh => "InternalServerErrorException",
        _ => "InternalFailure",
    };
    ApiError::new(code, "An internal error has occurred").status(500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_rules_is_read() {
        let text = r#"[
            { "operation": "ec2:Create*", "when": { "rate": 0.1 }, "fault": "throttle" },
            { "operation": "*", "when": { "nth": 3 }, "fault": { "slow": 2.5 } },
            { "operation": "ecs:CreateService", "when": "always", "fault":
                { "refuse": { "code": "ServerException", "message": "no", "status": 500 } } }
        ]"#;
        let rules = Rule::list(text).unwrap();
        assert_eq!(rules[0], Rule::new("ec2:Create*", When::Rate(0.1), Fault::Throttle));
        assert_eq!(rules[1].fault, Fault::Slow(2.5));
        assert_eq!(rules.len(), 3);
    }

    #[test]
    fn a_rule_that_could_never_strike_is_refused() {
        let refused = |text: &str| Rule::list(text).unwrap_err().to_string();
        let rule = |operation: &str, when: &str, fault: &str| {
            format!(r#"[{{ "operation": "{operation}", "when": {when}, "fault": {fault} }}]"#)
        };
        assert!(refused("{}").contains("expected a sequence at line 1"), "{}", refused("{}"));
        let unknown = refused(&rule("ec2:CreateVPC", r#""always""#, r#""throttle""#));
        assert!(unknown.starts_with("rule 1: no operation"), "{unknown}");
        let rate = refused(&rule("*", r#"{ "rate": 7 }"#, r#""throttle""#));
        assert_eq!(rate, "rule 1: a rate is from 0 to 1");
        let typo = refused(&rule("*", r#""allways""#, r#""throttle""#));
        assert!(typo.contains("unknown variant `allways`"), "{typo}");
    }
}
