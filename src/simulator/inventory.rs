//! What an account holds, for tests and for people.

use serde::Serialize;
use std::collections::BTreeMap;

/// One resource, or what is left of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// The service's IAM prefix.
    pub service: &'static str,
    /// AWS's noun, such as `Vpc`.
    pub kind: &'static str,
    /// Its ID, name or ARN.
    pub id: String,
    /// AWS's word for its state, where it has one.
    pub state: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether it is a leftover that AWS shows for a while and then forgets: an INACTIVE cluster, a
    /// deleted NAT gateway.
    #[serde(skip)]
    pub remnant: bool,
}

/// The whole account.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Inventory {
    /// What exists.
    pub resources: Vec<Item>,
    /// What is gone and still shown.
    pub remnants: Vec<Item>,
}

impl Inventory {
    pub(super) fn of(items: Vec<Item>) -> Self {
        let (remnants, resources) = items.into_iter().partition(|item| item.remnant);
        Self { resources, remnants }
    }

    /// Whether nothing exists.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// How many resources there are of a kind, such as `("ec2", "Vpc")`.
    pub fn count(&self, service: &str, kind: &str) -> usize {
        let of_kind = |item: &&Item| item.service == service && item.kind == kind;
        self.resources.iter().filter(of_kind).count()
    }
}
