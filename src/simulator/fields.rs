//! Members of a request, by their names in AWS's model. The wire layer has already checked them
//! against the model, so an absent one is one that the model lets be absent.

use serde_json::Value;
use std::collections::BTreeMap;

/// Reads members.
pub trait Fields {
    /// A text, if given.
    fn text(&self, member: &str) -> Option<&str>;
    /// A text, or nothing.
    fn text_or_empty(&self, member: &str) -> &str {
        self.text(member).unwrap_or_default()
    }
    /// A whole number, if given.
    fn int(&self, member: &str) -> Option<i64>;
    /// A truth value, if given.
    fn flag(&self, member: &str) -> Option<bool>;
    /// A list; empty when not given.
    fn list(&self, member: &str) -> &[Value];
    /// The texts of a list.
    fn texts(&self, member: &str) -> Vec<&str> {
        self.list(member).iter().filter_map(Value::as_str).collect()
    }
    /// A map of texts; empty when not given.
    fn map(&self, member: &str) -> BTreeMap<String, String>;
    /// Tags in a list of key and value, whatever the service capitalises.
    fn tag_list(&self, member: &str) -> BTreeMap<String, String> {
        let either = |tag: &Value, upper: &str, lower: &str| {
            tag.text(upper).or(tag.text(lower)).unwrap_or_default().to_owned()
        };
        let tags = self.list(member).iter();
        tags.map(|tag| (either(tag, "Key", "key"), either(tag, "Value", "value"))).collect()
    }
}

impl Fields for Value {
    fn text(&self, member: &str) -> Option<&str> {
        self.get(member)?.as_str()
    }

    fn int(&self, member: &str) -> Option<i64> {
        self.get(member)?.as_i64()
    }

    fn flag(&self, member: &str) -> Option<bool> {
        self.get(member)?.as_bool()
    }

    fn list(&self, member: &str) -> &[Value] {
        self.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn map(&self, member: &str) -> BTreeMap<String, String> {
        let map = self.get(member).and_then(Value::as_object).into_iter().flatten();
        map.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().into())).collect()
    }
}
