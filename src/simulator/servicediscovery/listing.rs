//! What all lists share: filters and pages.

use super::invalid;
use crate::simulator::{fields::Fields, wire::ApiError};
use serde_json::Value;

/// Whether a thing passes all filters of a request; `value_of` gives its value for a filter's name.
pub fn passes(input: &Value, value_of: impl Fn(&str) -> Option<String>) -> bool {
    input.list("Filters").iter().all(|filter| {
        let values = filter.texts("Values");
        let Some(value) = value_of(filter.text_or_empty("Name")) else { return false };
        match filter.text("Condition") {
            Some("BEGINS_WITH") => values.iter().any(|start| value.starts_with(start)),
            Some("BETWEEN") => match values[..] {
                [least, most] => (least..=most).contains(&value.as_str()),
                _ => false,
            },
            _ => values.contains(&value.as_str()),
        }
    })
}

/// One page by `MaxResults` and `NextToken`.
pub fn page<T>(all: Vec<T>, input: &Value) -> Result<(Vec<T>, Option<String>), ApiError> {
    let start = match input.text("NextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("The NextToken is not valid."))?,
    };
    let size = input.int("MaxResults").unwrap_or(100).clamp(1, 100) as usize;
    let more = all.len() > start + size;
    let page = all.into_iter().skip(start).take(size).collect();
    Ok((page, more.then(|| (start + size).to_string())))
}
