//! A node's place in the stack, such as `provider/subnet/public-a`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// One thing for each of many addresses, in the order in which they came. A look takes as long among
/// a hundred thousand as among ten.
pub type ByAddress<V> = IndexMap<Address, V>;

/// Names one resource of one stack, for good: it is the journal's key and the `meshctl:address` tag.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(Arc<str>);

impl Address {
    /// Takes any text; blueprints write `side/kind/name`.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().into())
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of something that AWS cannot tag and that lives inside this resource.
    pub fn child(&self, suffix: impl fmt::Display) -> Self {
        Self(format!("{}/{suffix}", self.0).into())
    }

    /// The first part, by which reports group lines: `provider`, `consumer`, `mesh`, …
    pub fn group(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Address {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
