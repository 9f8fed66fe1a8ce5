//! Tags, by ARN.

use super::id_of;
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::json;
use std::collections::BTreeMap;

/// How many tags a resource may have.
const MOST: usize = 50;

/// `ListTagsForResource`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let tags = tags_of(account, call)?.iter();
    let tags: Vec<_> = tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": tags }))
}

/// `TagResource`: adds and overwrites.
pub fn add(account: &mut Account, call: &Call) -> Answer {
    let tags = tags_of(account, call)?;
    let mut all = tags.clone();
    all.extend(call.input.tag_list("Tags"));
    few_enough(call.input.text_or_empty("ResourceARN"), &all)?;
    *tags = all;
    Ok(json!({}))
}

/// `UntagResource`.
pub fn remove(account: &mut Account, call: &Call) -> Answer {
    let tags = tags_of(account, call)?;
    for key in call.input.texts("TagKeys") {
        tags.remove(key);
    }
    Ok(json!({}))
}

/// Refuses too many tags.
pub fn few_enough(arn: &str, tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() <= MOST {
        return Ok(());
    }
    let text = format!("The resource would have {} tags, beyond {MOST}.", tags.len());
    Err(ApiError::new("TooManyTagsException", text).field("ResourceName", arn))
}

/// The tags of a namespace or service.
fn tags_of<'a>(
    account: &'a mut Account,
    call: &Call,
) -> Result<&'a mut BTreeMap<String, String>, ApiError> {
    let arn = call.input.text_or_empty("ResourceARN");
    let id = id_of(arn);
    let map = &mut account.servicediscovery;
    let namespace = map.namespaces.known_mut(id).map(|namespace| &mut namespace.tags);
    let tags = namespace.or(map.services.known_mut(id).map(|service| &mut service.tags));
    tags.ok_or_else(|| {
        ApiError::new("ResourceNotFoundException", format!("Resource {arn} is not found."))
    })
}
