//! The difference between wish and reality, field by field.

use super::Kind;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::fmt;

/// How a difference can be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// AWS changes it in place.
    InPlace,
    /// AWS cannot change it: the resource is made anew.
    Replacement,
    /// Others added it: it is taken away.
    Removal,
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
        match self.fix {
            Fix::Removal => {
                let words = self.have["words"].as_str().unwrap_or_default();
                write!(f, "extra {} {words}", self.field)
            }
            Fix::InPlace | Fix::Replacement => {
                write!(f, "{}: {} -> {}", self.field, self.have, self.want)
            }
        }
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

    /// Notes something that others added to the resource, and that
    /// [`Resource::update`](crate::resources::Resource::update) takes away: what kind of thing it is, what
    /// people call that (`ingress rule`), its identity as a record would have it, and a few words on it
    /// (`tcp/22 from 0.0.0.0/0`).
    pub fn extra(mut self, kind: Kind, field: &str, identity: impl Serialize, words: &str) -> Self {
        let identity = serde_json::to_value(identity).unwrap_or(Value::Null);
        let have = json!({ "kind": kind.0, "identity": identity, "words": words });
        let (field, want, fix) = (field.into(), Value::Null, Fix::Removal);
        self.changes.push(Change { field, want, have, fix });
        self
    }

    /// The identities of what others added of this kind.
    pub fn extras<T: DeserializeOwned>(&self, kind: Kind) -> Vec<T> {
        let removals = self.changes.iter().filter(|change| change.fix == Fix::Removal);
        let of_kind = removals.filter(|change| change.have["kind"] == kind.0);
        of_kind.filter_map(|change| T::deserialize(&change.have["identity"]).ok()).collect()
    }

    /// Whether others added anything.
    pub fn has_extras(&self) -> bool {
        self.changes.iter().any(|change| change.fix == Fix::Removal)
    }

    /// Leaves out of what others added what is the stack's own after all, by its identity.
    pub fn without_own(mut self, is_own: impl Fn(&Value) -> bool) -> Self {
        let foreign =
            |change: &Change| change.fix != Fix::Removal || !is_own(&change.have["identity"]);
        self.changes.retain(foreign);
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

    #[test]
    fn what_others_added_is_said_in_words_and_is_ours_when_it_is_on_record() {
        const RULE: Kind = Kind("AWS::EC2::SecurityGroupIngress");
        let drift = Drift::none()
            .extra(RULE, "ingress rule", "sgr-1", "tcp/22 from 0.0.0.0/0")
            .extra(RULE, "ingress rule", "sgr-2", "udp/53 from sg-1");
        assert_eq!(
            drift.to_string(),
            "extra ingress rule tcp/22 from 0.0.0.0/0, extra ingress rule udp/53 from sg-1"
        );
        assert!(drift.has_extras() && !drift.replaces());
        let left = drift.without_own(|identity| identity == "sgr-1");
        assert_eq!(left.extras::<String>(RULE), ["sgr-2"]);
        assert_eq!(left.extras::<String>(Kind("AWS::EC2::Route")), [] as [String; 0]);
        assert!(left.without_own(|_| true).is_empty());
    }
}
