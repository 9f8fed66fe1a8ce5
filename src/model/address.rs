//! A node's place in the stack, such as `provider/subnet/public-a`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize, Serializer};
use std::{
    cmp::Ordering,
    fmt,
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
    sync::Arc,
};

/// One thing for each of many addresses, in the order in which they came. A look takes as long among
/// a hundred thousand as among ten.
pub type ByAddress<V> = IndexMap<Address, V, BuildHasherDefault<Hashed>>;

/// Names one resource of one stack, for good: it is the journal's key and the `meshctl:address` tag.
///
/// It knows its hash, so that a look by address need not fetch the text from memory.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Address {
    text: Arc<str>,
    hash: u64,
}

impl Address {
    /// Takes any text; blueprints write `side/kind/name`.
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self { text: text.into(), hash: hasher.finish() }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of something that AWS cannot tag and that lives inside this resource.
    pub fn child(&self, suffix: impl fmt::Display) -> Self {
        Self::new(format!("{}/{suffix}", self.text))
    }

    /// The first part, by which reports group lines: `provider`, `consumer`, `mesh`, …
    pub fn group(&self) -> &str {
        self.text.split('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Address {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && (Arc::ptr_eq(&self.text, &other.text) || self.text == other.text)
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Takes the hash that an [`Address`] knows as it is.
#[derive(Default)]
pub struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
