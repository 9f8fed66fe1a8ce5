//! What a run came to.

use crate::model::{Address, Error};
use serde::Serialize;

/// How many resources met which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Resources that the stack has, or had before `down`.
    pub total: usize,
    /// Made.
    pub created: usize,
    /// Changed in place.
    pub updated: usize,
    /// Made anew.
    pub replaced: usize,
    /// Removed.
    pub deleted: usize,
    /// As wished already.
    pub unchanged: usize,
    /// Not done.
    pub failed: usize,
    /// Left over after a removal.
    pub left: usize,
}

/// A node that could not be done, and why.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The node.
    pub address: Address,
    /// Why.
    pub error: Error,
}

/// Something that is still there after `down`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Its address, by its tag.
    pub address: Address,
    /// Its kind.
    pub kind: String,
    /// What people know it by.
    pub id: String,
    /// What holds it, where that is known.
    pub because: Option<String>,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The counts.
    pub counts: Counts,
    /// Nodes that failed by themselves.
    pub failures: Vec<Failure>,
    /// Nodes that were not started because of a failure, with what they needed.
    pub skipped: Vec<(Address, Address)>,
    /// What stays on purpose, and why.
    pub kept: Vec<(Address, String)>,
    /// What is still there after `down`.
    pub left: Vec<Left>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Whether it stopped by itself, because all that was left to do would have failed for the same
    /// cause: the credentials.
    pub halted: bool,
}

impl Outcome {
    /// Whether everything was done.
    pub fn is_done(&self) -> bool {
        self.failures.is_empty()
            && self.skipped.is_empty()
            && self.left.is_empty()
            && !self.interrupted
    }
}
