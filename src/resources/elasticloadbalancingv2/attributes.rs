//! Attributes of load balancers and target groups: texts by key, for all of which AWS has defaults.
//! A key that AWS does not answer with is not compared: older regions and other servers lack some.

use crate::resources::prelude::*;

/// One attribute as it is wanted.
pub struct Attribute {
    /// What it is called in a drift.
    pub field: &'static str,
    /// AWS's key.
    pub key: &'static str,
    /// The value.
    pub want: String,
}

impl Attribute {
    /// One attribute.
    pub fn new(field: &'static str, key: &'static str, want: impl ToString) -> Self {
        Self { field, key, want: want.to_string() }
    }
}

/// Adds the attributes that differ.
pub fn compare(drift: Drift, wanted: &[Attribute], live: &Tags) -> Drift {
    wanted.iter().fold(drift, |drift, attribute| match live.get(attribute.key) {
        Some(have) => drift.mutable(attribute.field, &attribute.want, have),
        None => drift,
    })
}

/// Those that a drift names.
pub fn touched<'a>(drift: &Drift, wanted: &'a [Attribute]) -> impl Iterator<Item = &'a Attribute> {
    wanted.iter().filter(|attribute| drift.touches(attribute.field))
}
