//! Tags, as every AWS service understands them.

use std::collections::BTreeMap;

/// Keys and values.
pub type Tags = BTreeMap<String, String>;

/// Whose resource it is.
pub const STACK: &str = "meshctl:stack";
/// Which node of the stack it is.
pub const ADDRESS: &str = "meshctl:address";
/// The nonce that was journalled before the creating call.
pub const TOKEN: &str = "meshctl:token";
/// The VPC that it stands in, on what does not show it otherwise.
pub const VPC: &str = "meshctl:vpc";
/// When the stack's time is over, RFC 3339; on stacks that have an end.
pub const EXPIRES: &str = "meshctl:expires";
/// What the console shows.
pub const NAME: &str = "Name";

/// What must change for a resource to carry the wanted tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChanges {
    /// To add or overwrite.
    pub set: Tags,
    /// Keys to take away.
    pub remove: Vec<String>,
}

impl TagChanges {
    /// From what there is to what is wanted. Keys that `ours` does not name are left alone: other
    /// tools (cost allocation, AWS itself) may have put them there.
    pub fn between(have: &Tags, want: &Tags, ours: &Tags) -> Self {
        let set = want.iter().filter(|(key, value)| have.get(*key) != Some(value));
        let remove = ours.keys().filter(|key| have.contains_key(*key) && !want.contains_key(*key));
        Self {
            set: set.map(|(key, value)| (key.clone(), value.clone())).collect(),
            remove: remove.cloned().collect(),
        }
    }

    /// Whether nothing must change.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}
