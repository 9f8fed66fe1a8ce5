//! Tags of APIs, stages and VPC links, by ARNs without an account.

use super::{bad_request, done, limit, missing, unknown_api};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many tags a resource has.
const TAGS: usize = 50;

/// The tags of a creating call.
pub fn given(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let tags = input.map("tags");
    check(&tags)?;
    Ok(tags)
}

fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.keys().any(|key| key.starts_with("aws:")) {
        return Err(bad_request("Invalid tag key. Tag keys must not start with 'aws:'"));
    }
    if tags.iter().any(|(key, value)| key.is_empty() || key.len() > 128 || value.len() > 256) {
        return Err(bad_request("Invalid length of a tag's key or value"));
    }
    if tags.len() > TAGS { Err(limit("tags for this resource")) } else { Ok(()) }
}

/// `GetTags`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    Ok(json!({ "tags": find(account, call)? }))
}

/// `TagResource`: adds and overwrites.
pub fn add(account: &mut Account, call: &Call) -> Answer {
    let tags = find(account, call)?;
    let mut all = tags.clone();
    all.extend(call.input.map("tags"));
    check(&all)?;
    *tags = all;
    done()
}

/// `UntagResource`.
pub fn remove(account: &mut Account, call: &Call) -> Answer {
    let tags = find(account, call)?;
    for key in call.input.texts("tagKeys") {
        tags.remove(key);
    }
    done()
}

/// The tags of what an ARN names.
fn find<'a>(
    account: &'a mut Account,
    call: &Call,
) -> Result<&'a mut BTreeMap<String, String>, ApiError> {
    let arn = call.input.text_or_empty("resourceArn");
    let start = format!("arn:{}:apigateway:{}::/", super::partition(&call.region), call.region);
    let path = arn.strip_prefix(&start).map(|path| path.split('/').collect::<Vec<_>>());
    let unknown = unknown_api(account, path.as_ref().and_then(|it| it.get(1)).unwrap_or(&""));
    match path.as_deref() {
        Some(["restapis", id]) => {
            account.apigateway.apis.get_mut(*id).map(|api| &mut api.tags).ok_or(unknown)
        }
        Some(["restapis", id, "stages", name]) => {
            let api = account.apigateway.apis.get_mut(*id).ok_or(unknown)?;
            let stage = api.stages.get_mut(*name).map(|stage| &mut stage.tags);
            stage.ok_or_else(|| missing("Invalid stage identifier specified"))
        }
        Some(["vpclinks", id]) => {
            let link = account.apigateway.links.get_mut(*id).map(|link| &mut link.tags);
            link.ok_or_else(|| missing("Invalid Vpc Link identifier specified"))
        }
        _ => Err(bad_request(format!("Invalid resource ARN specified: {arn}"))),
    }
}
