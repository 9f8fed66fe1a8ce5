//! Tags of roles. Their keys differ by more than case.

use super::{done, limit, page, role};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most tags of one role.
const MOST: usize = 50;

/// `TagRole`: adds and overwrites.
pub fn tag(account: &mut Account, call: &Call) -> Answer {
    let fresh = unique(&call.input)?;
    let role = role::change(account, call)?;
    let mut tags = role.tags.clone();
    tags.retain(|key, _| !fresh.keys().any(|one| one.eq_ignore_ascii_case(key)));
    tags.extend(fresh);
    if tags.len() > MOST {
        return Err(limit(format!("Cannot exceed quota for TagsPerRole: {MOST}")));
    }
    role.tags = tags;
    done()
}

/// `UntagRole`: keys that are not there do not matter.
pub fn untag(account: &mut Account, call: &Call) -> Answer {
    let gone = call.input.texts("TagKeys");
    let role = role::change(account, call)?;
    role.tags.retain(|key, _| !gone.iter().any(|one| one.eq_ignore_ascii_case(key)));
    done()
}

/// `ListRoleTags`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    page(&call.input, "Tags", listed(&role::find(account, call)?.tags))
}

/// Tags as IAM lists them.
pub fn listed(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The tags of a call, each key once.
pub fn unique(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let keys = input.list("Tags").iter().map(|tag| tag.text_or_empty("Key").to_lowercase());
    if keys.collect::<BTreeSet<_>>().len() < input.list("Tags").len() {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(ApiError::new("InvalidInput", message).status(400));
    }
    Ok(input.tag_list("Tags"))
}
