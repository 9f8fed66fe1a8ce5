//! Tags, which only `DescribeTags` shows.

use super::{Pairs, describe::named, done, invalid, listener, load_balancer, rule, target_group};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// How many tags one resource can have.
const MOST: usize = 50;

/// The tags that a creating call gives.
///
/// # Errors
/// When a key comes twice, or there are too many.
pub fn given(input: &Value) -> Result<Pairs, ApiError> {
    let tags = input.tag_list("Tags");
    if tags.len() < input.list("Tags").len() {
        return Err(ApiError::new("DuplicateTagKeys", "A tag key was specified more than once"));
    }
    if tags.keys().any(|key| key.starts_with("aws:")) {
        return Err(invalid("Tag keys cannot start with 'aws:'"));
    }
    allowed(&tags)?;
    Ok(tags)
}

/// `AddTags`: adds and overwrites.
pub fn add(account: &mut Account, call: &Call) -> Answer {
    let fresh = given(&call.input)?;
    for arn in named(&call.input, "ResourceArns")? {
        let mut tags = tags_of(account, arn)?.clone();
        tags.extend(fresh.clone());
        allowed(&tags)?;
        *tags_of(account, arn)? = tags;
    }
    done()
}

/// `RemoveTags`: by key.
pub fn remove(account: &mut Account, call: &Call) -> Answer {
    let gone = call.input.texts("TagKeys");
    for arn in named(&call.input, "ResourceArns")? {
        tags_of(account, arn)?.retain(|key, _| !gone.contains(&key.as_str()));
    }
    done()
}

/// `DescribeTags`: fails as a whole when one ARN is unknown.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let mut found = Vec::new();
    for arn in named(&call.input, "ResourceArns")? {
        let tags = tags_of(account, arn)?.iter();
        let tags: Vec<_> = tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        found.push(json!({ "ResourceArn": arn, "Tags": tags }));
    }
    Ok(json!({ "TagDescriptions": found }))
}

fn allowed(tags: &Pairs) -> Result<(), ApiError> {
    if tags.len() <= MOST {
        return Ok(());
    }
    let message = "You've reached the limit on the number of tags per resource";
    Err(ApiError::new("TooManyTags", message))
}

/// The tags of anything, by what its ARN says that it is.
fn tags_of<'a>(account: &'a mut Account, arn: &str) -> Result<&'a mut Pairs, ApiError> {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    match resource.split('/').next().unwrap_or_default() {
        "loadbalancer" => Ok(&mut load_balancer::find_mut(account, arn)?.tags),
        "targetgroup" => Ok(&mut target_group::find_mut(account, arn)?.tags),
        "listener" => Ok(&mut listener::find_mut(account, arn)?.tags),
        "listener-rule" => rule::tags_of(account, arn),
        _ => Err(invalid(format!("'{arn}' is not a valid load balancing ARN"))),
    }
}
