//! How long each resource took, from the events of a run.

use crate::{engine::Event, model::Address};
use std::{collections::BTreeMap, time::Duration};

/// Seconds of AWS's time, by address.
#[derive(Clone, Debug, Default)]
pub struct Timings(BTreeMap<Address, Duration>);

impl Timings {
    /// Takes in one event.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::Ready { address, took, changed: true, .. }
            | Event::Deleted { address, took, .. } => {
                self.0.insert(address.clone(), *took);
            }
            _ => {}
        }
    }

    /// The slowest ones, slowest first.
    pub fn slowest(&self, count: usize) -> Vec<(Address, Duration)> {
        let mut all: Vec<_> =
            self.0.iter().map(|(address, took)| (address.clone(), *took)).collect();
        all.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        all.truncate(count);
        all
    }
}
