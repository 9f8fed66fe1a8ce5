//! What a call needs of IAM, told apart by when it is made.

use std::collections::{BTreeMap, BTreeSet};

/// When an action is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// To see what there is: every command.
    Find,
    /// To see what goes through it and what others added to it: every command but `down`.
    Look,
    /// To make and to change: `up`.
    Make,
    /// To take away: `down`, and `up` for what the configuration no longer has.
    Remove,
}

/// The value of a tag of the request, which says whose the new thing will be.
pub const REQUEST_TAG: &str = "aws:RequestTag/meshctl:stack";
/// The value of a tag that the thing has, which says whose it is.
pub const RESOURCE_TAG: &str = "aws:ResourceTag/meshctl:stack";

/// One action, and how far it can be limited. What an action can be limited to is in AWS's Service
/// Authorization Reference; what is not said there is left open, since AWS would deny everything.
///
/// Texts may hold `{stack}`, the stack's name, and `{short}`, what is left of it in names of at most
/// 32 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The IAM action, such as `ec2:CreateVpc`.
    pub action: String,
    /// When.
    pub need: Need,
    /// The ends of the ARNs behind the account, such as `vpc/*`. None: AWS knows no limit, or none
    /// that a stack can be told apart by.
    pub resources: BTreeSet<String>,
    /// Condition keys, and the values that each may have.
    pub conditions: BTreeMap<String, BTreeSet<String>>,
}

impl Permission {
    fn new(need: Need, action: &str) -> Self {
        let (resources, conditions) = (BTreeSet::new(), BTreeMap::new());
        Self { action: action.into(), need, resources, conditions }
    }

    /// To see what there is.
    pub fn find(action: &str) -> Self {
        Self::new(Need::Find, action)
    }

    /// To see what goes through it and what others added to it.
    pub fn look(action: &str) -> Self {
        Self::new(Need::Look, action)
    }

    /// To make and to change.
    pub fn make(action: &str) -> Self {
        Self::new(Need::Make, action)
    }

    /// To take away.
    pub fn remove(action: &str) -> Self {
        Self::new(Need::Remove, action)
    }

    /// Only on resources whose ARN ends so behind the account.
    #[must_use]
    pub fn on(mut self, resources: &[&str]) -> Self {
        self.resources.extend(resources.iter().map(|end| (*end).to_owned()));
        self
    }

    /// Only where a condition key has this value, or another that was given before.
    #[must_use]
    pub fn when(mut self, key: &str, value: &str) -> Self {
        self.conditions.entry(key.into()).or_default().insert(value.into());
        self
    }

    /// Only with the stack's tag in the request.
    #[must_use]
    pub fn tagging(self) -> Self {
        self.when(REQUEST_TAG, "{stack}")
    }

    /// Only on what carries the stack's tag.
    #[must_use]
    pub fn tagged(self) -> Self {
        self.when(RESOURCE_TAG, "{stack}")
    }
}
