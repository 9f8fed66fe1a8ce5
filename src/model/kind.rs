//! What sort of resource a node is, and how long its kind takes.

use serde::Serialize;
use std::fmt;

/// The CloudFormation type name, such as `AWS::EC2::Subnet`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Kind(pub &'static str);

impl Kind {
    /// The last part of the name, for reports: `Subnet`.
    pub fn short(&self) -> &'static str {
        self.0.rsplit("::").next().unwrap_or(self.0)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How long AWS usually takes, in seconds after its answer. Priors for scheduling and first polls;
/// nothing depends on them being right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// From the creating call to readiness.
    pub ready: f64,
    /// From the deleting call until nothing is left.
    pub gone: f64,
    /// When to stop waiting and call it a failure.
    pub deadline: f64,
    /// The share of `ready` after which a first look may be worth a call.
    pub earliest: f64,
}

impl Times {
    /// Ready when the call returns.
    pub const INSTANT: Self = Self { ready: 0.0, gone: 0.0, deadline: 300.0, earliest: 0.7 };

    /// Takes this long to become ready and to go, and is given up after `deadline`.
    pub const fn of(ready: f64, gone: f64, deadline: f64) -> Self {
        Self { ready, gone, deadline, earliest: 0.7 }
    }

    /// Sometimes ready much sooner than usual: a first look is worth a call after this share of it.
    pub const fn earliest(self, earliest: f64) -> Self {
        Self { earliest, ..self }
    }
}

/// In which order a replacement happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// The new one first; dependants move over in place; then the old one goes.
    CreateFirst,
    /// Names, addresses or quotas leave no room for two: dependants and the old one go first.
    DeleteFirst,
}
