//! The moments in a resource's life that others wait for.

use super::Address;
use serde::{Deserialize, Serialize};
use std::{ops::Deref, rc::Rc};

/// A moment in a resource's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Milestone {
    /// It has an identity: AWS accepts its ID in other calls.
    Created,
    /// It works.
    Ready,
}

/// What a node waits for before it starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// The node that is needed.
    pub on: Address,
    /// The moment in its life that is needed.
    pub until: Milestone,
    /// Whether only the start waits: AWS refuses no deletion of it, so it orders no removal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gate: bool,
    /// Whether, beyond that, the holder stays when it goes to be made anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_after: bool,
}

/// All that a node waits for. The graph, the record and a removal share one copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Edges(Rc<[Edge]>);

impl Edges {
    /// Whether it waits for nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Deref for Edges {
    type Target = [Edge];

    fn deref(&self) -> &[Edge] {
        &self.0
    }
}

impl From<Vec<Edge>> for Edges {
    fn from(edges: Vec<Edge>) -> Self {
        Self(edges.into())
    }
}

impl AsRef<[Edge]> for Edges {
    fn as_ref(&self) -> &[Edge] {
        &self.0
    }
}

impl Edge {
    /// A need that stands on what it needs.
    pub fn new(on: Address, until: Milestone) -> Self {
        Self { on, until, gate: false, only_after: false }
    }

    /// The holder waits until it works, and does not stand on it in any way.
    pub fn after(on: Address) -> Self {
        Self { on, until: Milestone::Ready, gate: true, only_after: true }
    }
}
