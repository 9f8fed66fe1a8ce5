//! Resources of one kind, by ID, with the moment from which reads show them.

use super::account::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A resource as AWS describes it, and since when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept<T> {
    /// When it was made.
    pub made: Millis,
    /// From when on reads and other calls see it.
    pub visible: Millis,
    /// AWS's description.
    pub shape: T,
}

/// All resources of a kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Table<T>(BTreeMap<String, Kept<T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Table<T> {
    /// Adds one.
    pub fn insert(&mut self, id: impl Into<String>, shape: T, made: Millis, visible: Millis) {
        self.0.insert(id.into(), Kept { made, visible, shape });
    }

    /// One that reads show by now.
    pub fn get(&self, id: &str, now: Millis) -> Option<&T> {
        self.0.get(id).filter(|kept| kept.visible <= now).map(|kept| &kept.shape)
    }

    /// One that reads show by now, to change it.
    pub fn get_mut(&mut self, id: &str, now: Millis) -> Option<&mut T> {
        self.0.get_mut(id).filter(|kept| kept.visible <= now).map(|kept| &mut kept.shape)
    }

    /// One, whether reads show it or not: for what happens inside AWS.
    pub fn known(&self, id: &str) -> Option<&T> {
        self.0.get(id).map(|kept| &kept.shape)
    }

    /// The same, to change it.
    pub fn known_mut(&mut self, id: &str) -> Option<&mut T> {
        self.0.get_mut(id).map(|kept| &mut kept.shape)
    }

    /// Takes one away.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        self.0.remove(id).map(|kept| kept.shape)
    }

    /// All that reads show by now, by ID.
    pub fn visible(&self, now: Millis) -> impl Iterator<Item = &T> {
        self.0.values().filter(move |kept| kept.visible <= now).map(|kept| &kept.shape)
    }

    /// All, by ID.
    pub fn all(&self) -> impl Iterator<Item = (&String, &T)> {
        self.0.iter().map(|(id, kept)| (id, &kept.shape))
    }

    /// All, to change them.
    pub fn all_mut(&mut self) -> impl Iterator<Item = (&String, &mut T)> {
        self.0.iter_mut().map(|(id, kept)| (id, &mut kept.shape))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
