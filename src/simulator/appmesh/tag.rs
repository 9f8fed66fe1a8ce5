//! Tags, by ARN.

use super::{Object, page, refusal};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::json;
use std::collections::BTreeMap;

/// How many tags an object may have.
const MOST: usize = 50;

/// `ListTagsForResource`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let object = find(account, call)?;
    let tags = object.tags.iter().map(|(key, value)| json!({ "key": key, "value": value }));
    let (page, next) = page(tags.collect(), &call.input, MOST as i64)?;
    Ok(json!({ "tags": page, "nextToken": next }))
}

/// `TagResource`: adds and overwrites.
pub fn add(account: &mut Account, call: &Call) -> Answer {
    let object = find(account, call)?;
    let mut tags = object.tags.clone();
    tags.extend(call.input.tag_list("tags"));
    few_enough(&tags)?;
    object.tags = tags;
    Ok(json!({}))
}

/// `UntagResource`.
pub fn remove(account: &mut Account, call: &Call) -> Answer {
    let object = find(account, call)?;
    for key in call.input.texts("tagKeys") {
        object.tags.remove(key);
    }
    Ok(json!({}))
}

/// Refuses too many tags.
pub fn few_enough(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() <= MOST {
        return Ok(());
    }
    let text = format!("The resource would have {} tags, beyond {MOST}.", tags.len());
    Err(refusal("TooManyTagsException", text))
}

fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Object, ApiError> {
    let arn = call.input.text_or_empty("resourceArn");
    let path = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let now = account.now;
    let object = account.appmesh.objects.get_mut(path, now);
    object.ok_or_else(|| refusal("NotFoundException", format!("Resource {arn} is not present")))
}
