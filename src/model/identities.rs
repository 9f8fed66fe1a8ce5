//! Who is who: the IDs and ARNs that AWS gave.

use super::{Address, ByAddress};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The identity of every node that has one, as its resource serialised it.
#[derive(Clone, Debug, Default)]
pub struct Identities(ByAddress<Value>);

impl Identities {
    /// The identity at this address, if it has one and reads as `T`.
    pub fn get<T: DeserializeOwned>(&self, address: &Address) -> Option<T> {
        T::deserialize(self.0.get(address)?).ok()
    }

    /// The identity as it was serialised.
    pub fn raw(&self, address: &Address) -> Option<&Value> {
        self.0.get(address)
    }

    /// Records an identity.
    pub fn put(&mut self, address: Address, identity: Value) {
        self.0.insert(address, identity);
    }

    /// Forgets an identity.
    pub fn remove(&mut self, address: &Address) {
        self.0.swap_remove(address);
    }

    /// All of them, by address.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Value)> {
        self.0.iter()
    }
}
