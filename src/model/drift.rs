//! The difference between wish and reality, field by field.

use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// How a difference can be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// AWS changes it in place.
    InPlace,
    /// AWS cannot change it: the resource is made anew.
    Replacement,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// AWS's name of the field.
    pub field: String,
    /// What the configuration says.
    pub want: Value,
    /// What AWS says.
    pub have: Value,
    /// What it takes.
    pub fix: Fix,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.field, self.have, self.want)
    }
}

/// All differences of one resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Drift {
    changes: Vec<Change>,
}

impl Drift {
    /// No difference.
    pub fn none() -> Self {
        Self::default()
    }

    /// Compares a field that AWS cannot change. Both sides are compared as JSON, so `"a"` equals
    /// `Some("a")`.
    pub fn fixed(self, field: &str, want: impl Serialize, have: impl Serialize) -> Self {
        self.compare(field, want, have, Fix::Replacement)
    }

    /// Compares a field that [`Resource::update`](crate::resources::Resource::update) can mend.
    pub fn mutable(self, field: &str, want: impl Serialize, have: impl Serialize) -> Self {
        self.compare(field, want, have, Fix::InPlace)
    }

    fn compare(
        mut self,
        field: &str,
        want: impl Serialize,
        have: impl Serialize,
        fix: Fix,
    ) -> Self {
        let json = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
        let want = json(serde_json::to_value(want));
        let have = json(serde_json::to_value(have));
        if want != have {
            self.changes.push(Change { field: field.into(), want, have, fix });
        }
        self
    }

    /// Whether this field differs.
    pub fn touches(&self, field: &str) -> bool {
        self.changes.iter().any(|change| change.field == field)
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether any difference takes a replacement.
    pub fn replaces(&self) -> bool {
        self.changes.iter().any(|change| change.fix == Fix::Replacement)
    }

    /// The differences, in the order in which the resource compared them.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.changes.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{change}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optional_field_equals_its_value() {
        let drift = Drift::none().fixed("cidr_block", "10.0.0.0/24", Some("10.0.0.0/24"));
        assert!(drift.is_empty());
    }

    #[test]
    fn an_absent_field_differs_and_says_how_to_mend_it() {
        let drift = Drift::none().mutable("desired_count", 2, None::<i32>);
        assert!(drift.touches("desired_count") && !drift.replaces());
        assert_eq!(drift.to_string(), "desired_count: null -> 2");
    }
}
