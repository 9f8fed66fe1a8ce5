//! Who is who: the IDs and ARNs that AWS gave.

use super::{Address, ByAddress, Fingerprint};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;
use std::{ops::Deref, rc::Rc};

/// The IDs and ARNs of one resource, as its kind serialised them. The record, a survey and whoever works
/// on the resource share one copy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Value")]
pub struct Identity(Rc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    /// First, so that whoever compares identities is done with most at a glance.
    fingerprint: Fingerprint,
    value: Value,
}

impl Identity {
    /// What tells it from others.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint
    }
}

impl From<Value> for Identity {
    fn from(value: Value) -> Self {
        let fingerprint = Fingerprint::of(&value.to_string(), []);
        Self(Rc::new(Inner { fingerprint, value }))
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.value.serialize(to)
    }
}

impl Deref for Identity {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0.value
    }
}

/// The identity of every node that has one.
#[derive(Clone, Debug, Default)]
pub struct Identities(ByAddress<Identity>);

impl Identities {
    /// The identity at this address, if it has one and reads as `T`.
    pub fn get<T: DeserializeOwned>(&self, address: &Address) -> Option<T> {
        T::deserialize(&**self.0.get(address)?).ok()
    }

    /// The identity as it was serialised.
    pub fn raw(&self, address: &Address) -> Option<&Identity> {
        self.0.get(address)
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    /// Records an identity.
    pub fn put(&mut self, address: Address, identity: Identity) {
        self.0.insert(address, identity);
    }

    /// Forgets an identity.
    pub fn remove(&mut self, address: &Address) {
        self.0.swap_remove(address);
    }

    /// All of them, by address.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Identity)> {
        self.0.iter()
    }
}
