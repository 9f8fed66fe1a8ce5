//! Tags of EC2's resources.

use super::{Ec2, Tag, describe::Describe, done, unknown};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// How many tags a resource can carry.
const MOST: usize = 50;

/// The tags that a creating call gives to a kind, by its `ResourceType`.
pub fn specified(input: &Value, resource_type: &str) -> Vec<Tag> {
    let specifications = input.list("TagSpecifications").iter();
    let ours = specifications.filter(|one| one.text("ResourceType") == Some(resource_type));
    ours.flat_map(|one| one.tag_list("Tags")).map(|(key, value)| Tag { key, value }).collect()
}

/// `CreateTags`: adds and overwrites.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let now = account.now;
    let fresh = call.input.tag_list("Tags");
    if fresh.keys().any(|key| key.starts_with("aws:")) {
        let message = "Tag keys starting with 'aws:' are reserved for internal use";
        return Err(ApiError::new("InvalidParameterValue", message));
    }
    for id in call.input.texts("Resources") {
        let tags = tags_of(&mut account.ec2, id, now).ok_or_else(|| no_such(id))?;
        let kept = tags.iter().filter(|tag| !fresh.contains_key(&tag.key)).count();
        if kept + fresh.len() > MOST {
            let message = "The maximum number of tags has been reached.";
            return Err(ApiError::new("TagLimitExceeded", message));
        }
        tags.retain(|tag| !fresh.contains_key(&tag.key));
        let added = fresh.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
        tags.extend(added);
    }
    done()
}

/// `DeleteTags`: by key, and by value where one is given; without any, all but those of AWS (EC2 API
/// reference).
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let now = account.now;
    for id in call.input.texts("Resources") {
        let gone = call.input.list("Tags");
        let Some(tags) = tags_of(&mut account.ec2, id, now) else { continue };
        let named = |tag: &Tag, given: &Value| {
            given.text("Key") == Some(&tag.key)
                && given.text("Value").is_none_or(|value| value == tag.value)
        };
        let goes = |tag: &Tag| match gone.is_empty() {
            true => !tag.key.starts_with("aws:"),
            false => gone.iter().any(|given| named(tag, given)),
        };
        tags.retain(|tag| !goes(tag));
    }
    done()
}

/// `DescribeTags`: by the filters `resource-id`, `resource-type`, `key` and `value`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let mut all = Vec::new();
    let items = account.ec2.inventory();
    for item in items {
        let resource_type = resource_type(&item.id).unwrap_or_default();
        all.extend(item.tags.iter().map(|(key, value)| {
            json!({
                "Key": key, "Value": value, "ResourceId": item.id, "ResourceType": resource_type,
            })
        }));
    }
    let describe = Describe {
        list: "Tags",
        ids: "",
        id: "",
        unknown: no_such,
        filters: "Filters",
        special: &[],
    };
    describe.answer(&call.input, all.into_iter())
}

fn no_such(id: &str) -> ApiError {
    unknown("InvalidID", "ID", id)
}

/// AWS's `ResourceType`, by an ID's prefix.
fn resource_type(id: &str) -> Option<&'static str> {
    Some(match id.split('-').next()? {
        "vpc" => "vpc",
        "subnet" => "subnet",
        "igw" => "internet-gateway",
        "eipalloc" => "elastic-ip",
        "nat" => "natgateway",
        "rtb" => "route-table",
        "sg" => "security-group",
        "sgr" => "security-group-rule",
        "acl" => "network-acl",
        "vpce" => "vpc-endpoint",
        "eni" => "network-interface",
        _ => return None,
    })
}

/// The tags of anything, by its ID's prefix.
fn tags_of<'a>(ec2: &'a mut Ec2, id: &str, now: Millis) -> Option<&'a mut Vec<Tag>> {
    match id.split('-').next()? {
        "vpc" => ec2.vpcs.get_mut(id, now).map(|it| &mut it.tags),
        "subnet" => ec2.subnets.get_mut(id, now).map(|it| &mut it.tags),
        "igw" => ec2.internet_gateways.get_mut(id, now).map(|it| &mut it.tags),
        "eipalloc" => ec2.addresses.get_mut(id, now).map(|it| &mut it.tags),
        "nat" => ec2.nat_gateways.get_mut(id, now).map(|it| &mut it.tags),
        "rtb" => ec2.route_tables.get_mut(id, now).map(|it| &mut it.tags),
        "sg" => ec2.security_groups.get_mut(id, now).map(|it| &mut it.tags),
        "sgr" => ec2.security_group_rules.get_mut(id, now).map(|it| &mut it.tags),
        "acl" => ec2.network_acls.get_mut(id, now).map(|it| &mut it.tags),
        "vpce" => ec2.vpc_endpoints.get_mut(id, now).map(|it| &mut it.tags),
        "eni" => ec2.network_interfaces.get_mut(id, now).map(|it| &mut it.tag_set),
        _ => None,
    }
}
