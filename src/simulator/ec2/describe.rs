//! What all Describe operations share: IDs, filters, pages.

use super::filter_names;
use crate::simulator::{account::Answer, faults::matches, fields::Fields, wire::ApiError};
use serde_json::{Value, json};

/// What a Describe operation of one kind accepts.
pub struct Describe<'a> {
    /// The output member that holds the list, such as `Vpcs`.
    pub list: &'a str,
    /// The input member that holds IDs, such as `VpcIds`.
    pub ids: &'a str,
    /// The shape's own ID, such as `VpcId`.
    pub id: &'a str,
    /// The error of an unknown ID.
    pub unknown: fn(&str) -> ApiError,
    /// The input member that holds filters: `Filters`, but for NAT gateways.
    pub filters: &'a str,
    /// Filters whose name does not lead to the member, with the path: `("vpc-id", "VpcId")` is
    /// found without, `("attachment.vpc-id", "Attachments.VpcId")` is not.
    pub special: &'a [(&'a str, &'a str)],
}

impl Describe<'_> {
    /// Answers from all visible shapes.
    pub fn answer(&self, input: &Value, shapes: impl Iterator<Item = Value>) -> Answer {
        let ids = input.texts(self.ids);
        let all: Vec<Value> = shapes.collect();
        let known = |id: &str| all.iter().any(|shape| shape.text(self.id) == Some(id));
        if let Some(id) = ids.iter().find(|id| !known(id)) {
            return Err((self.unknown)(id));
        }
        let filters = input.list(self.filters);
        if let Some(unknown) = filters.iter().find(|filter| !self.takes(filter)) {
            let message = format!("The filter '{}' is invalid", unknown.text_or_empty("Name"));
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        let mut found = Vec::new();
        for shape in all {
            let wanted = ids.is_empty() || shape.text(self.id).is_some_and(|id| ids.contains(&id));
            if wanted && self.passes(&shape, filters) {
                found.push(shape);
            }
        }
        let (page, next) = page(found, input)?;
        // Only operations with pages have a `NextToken`, and without one there is none to send.
        Ok(match next {
            Some(next) => json!({ self.list: page, "NextToken": next }),
            None => json!({ self.list: page }),
        })
    }

    /// Whether EC2 has this filter here.
    fn takes(&self, filter: &Value) -> bool {
        let name = filter.text_or_empty("Name");
        // Without a name it is not looked at.
        let general = name.is_empty()
            || name.starts_with("tag:")
            || ["tag-key", "tag-value", "owner-id"].contains(&name);
        general
            || filter_names::of(self.list).contains(&name)
            || self.special.iter().any(|(special, _)| *special == name)
    }

    fn passes(&self, shape: &Value, filters: &[Value]) -> bool {
        filters.iter().all(|filter| {
            let have = self.values(shape, filter.text_or_empty("Name"));
            let wanted = filter.texts("Values");
            wanted.iter().any(|want| have.iter().any(|have| matches(want, have)))
        })
    }

    fn values(&self, shape: &Value, filter: &str) -> Vec<String> {
        // Network interfaces alone call their tags otherwise.
        let tags = || shape.list("Tags").iter().chain(shape.list("TagSet"));
        if let Some(key) = filter.strip_prefix("tag:") {
            let ours = tags().filter(|tag| tag.text("Key") == Some(key));
            return ours.map(|tag| tag.text_or_empty("Value").to_owned()).collect();
        }
        if filter == "tag-key" {
            return tags().map(|tag| tag.text_or_empty("Key").to_owned()).collect();
        }
        let special = self.special.iter().find(|(name, _)| *name == filter);
        let path = special.map_or_else(|| pascal(filter), |(_, path)| (*path).to_owned());
        let mut values = Vec::new();
        collect(shape, &path.split('.').collect::<Vec<_>>(), &mut values);
        values
    }
}

/// `cidr-block` as `CidrBlock`.
fn pascal(kebab: &str) -> String {
    let words = kebab.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    words.flatten().collect()
}

/// The texts at a path, through lists.
fn collect(value: &Value, path: &[&str], into: &mut Vec<String>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| collect(item, path, into)),
        (_, [first, rest @ ..]) => {
            if let Some(member) = value.get(*first) {
                collect(member, rest, into);
            }
        }
        (Value::String(text), []) => into.push(text.clone()),
        (Value::Null, []) => {}
        (other, []) => into.push(other.to_string()),
    }
}

/// One page by `MaxResults` and `NextToken`.
pub fn page(found: Vec<Value>, input: &Value) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let start = match input.text("NextToken") {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| {
            ApiError::new("InvalidNextToken", format!("The token '{token}' is not valid"))
        })?,
    };
    let size = input.int("MaxResults").map_or(1000, |size| size.clamp(5, 1000) as usize);
    let more = found.len() > start + size;
    let page = found.into_iter().skip(start).take(size).collect();
    Ok((page, more.then(|| (start + size).to_string())))
}
