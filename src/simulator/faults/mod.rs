//! Faults, as data: which calls fail, and how.

pub(super) mod codes;
pub(super) mod doom;
pub(super) mod past;
pub(super) mod vanish;

#[cfg(test)]
mod tests;

use super::wire::Service;
use crate::aws::calls::is_read;
use serde::{Deserialize, Serialize};

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Refused with the service's own throttling code; no effect.
    Throttle,
    /// An error of AWS's own (500), before any effect.
    InternalError,
    /// The service cannot be had just now (503); no effect.
    Unavailable,
    /// The connection breaks before any effect.
    LoseRequest,
    /// The call has its effect, and the answer is lost.
    LoseAnswer,
    /// The answer takes this many seconds more.
    Slow(f64),
    /// A read answers as the account was this many seconds ago.
    StaleRead(f64),
    /// Somebody else deletes a resource that the call is about, with the service's own delete.
    Vanish(Moment),
    /// From this call on, all calls signed with its access key are refused as expired.
    ExpireCredentials,
    /// What the call makes never works: it ends in AWS's terminal bad state.
    Fail,
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

/// When something happens behind a caller's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Just before the call has its effect: to what the call names.
    Before,
    /// Just after: to what the call has made, or else to what it names.
    After,
}

impl Fault {
    /// Its name in a list of rules.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::InternalError => "internal-error",
            Self::Unavailable => "unavailable",
            Self::LoseRequest => "lose-request",
            Self::LoseAnswer => "lose-answer",
            Self::Slow(_) => "slow",
            Self::StaleRead(_) => "stale-read",
            Self::Vanish(_) => "vanish",
            Self::ExpireCredentials => "expire-credentials",
            Self::Fail => "fail",
            Self::Refuse { .. } => "refuse",
        }
    }

    /// Whether it can strike this IAM action at all.
    fn concerns(&self, action: &str) -> bool {
        let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
        match self {
            Self::StaleRead(_) => is_read(operation),
            Self::Fail => doom::CREATES.contains(&action),
            _ => true,
        }
    }
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
    /// The operations that it is for cannot fail in this way.
    #[error("rule {0}: {1:?} fits no operation that can fail so; {2}")]
    Kind(usize, String, String),
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
        let actions = Service::ALL.into_iter().flat_map(|service| {
            let names = service.model().operations.keys();
            names.map(move |name| format!("{}:{name}", service.prefix()))
        });
        let fitting: Vec<_> = actions.filter(|it| matches(&self.operation, it)).collect();
        if fitting.is_empty() {
            return Err(RuleError::Operation(number, self.operation.clone()));
        }
        if !fitting.iter().any(|action| self.fault.concerns(action)) {
            let which = match self.fault {
                Fault::Fail => format!("these can: {}", doom::CREATES.join(", ")),
                _ => "reads can, such as ec2:DescribeVpcs".into(),
            };
            return Err(RuleError::Kind(number, self.operation.clone(), which));
        }
        let wrong = match (&self.when, &self.fault) {
            (When::Nth(0), _) => "the calls are counted from 1",
            (When::Rate(rate), _) if !(0.0..=1.0).contains(rate) => "a rate is from 0 to 1",
            (_, Fault::Slow(seconds)) if !(0.0..=86_400.0).contains(seconds) => {
                "an answer can be slow by 0 to 86400 seconds"
            }
            (_, Fault::StaleRead(seconds)) if !(0.0..=86_400.0).contains(seconds) => {
                "a read can be 0 to 86400 seconds behind"
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
        if !matches(&self.operation, operation) || !self.fault.concerns(operation) {
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
