//! How long each resource took, from the events of a run.

use crate::{
    engine::Event,
    model::{Address, Part},
};
use std::{collections::BTreeMap, time::Duration};

/// The parts of a run, by address.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    parts: BTreeMap<Address, Part>,
    expected: f64,
}

impl Timings {
    /// Takes in one event that happened `now`, in AWS's time since the command began.
    pub fn hear(&mut self, event: &Event, now: Duration) {
        let at = now.as_secs_f64();
        match event {
            Event::Forecast { path } if self.expected == 0.0 => self.expected = path.seconds,
            Event::Begun { address, kind, .. } => {
                let (address, kind) = (address.clone(), kind.0.to_owned());
                let part =
                    Part { address: address.clone(), kind, begun: at, created: None, ended: 0.0 };
                self.parts.insert(address, part);
            }
            Event::Created { address, .. } => {
                if let Some(part) = self.parts.get_mut(address) {
                    part.created = Some(at);
                }
            }
            Event::Ready { address, changed: true, .. } | Event::Deleted { address, .. } => {
                if let Some(part) = self.parts.get_mut(address) {
                    part.ended = at;
                }
            }
            _ => {}
        }
    }

    /// What was done from beginning to end.
    pub fn parts(&self) -> Vec<Part> {
        self.parts.values().filter(|part| part.ended > 0.0).cloned().collect()
    }

    /// How long the run was expected to take, in seconds; 0 when nothing was to be done.
    pub fn expected(&self) -> f64 {
        self.expected
    }

    /// The slowest ones, slowest first.
    pub fn slowest(&self, count: usize) -> Vec<(Address, Duration)> {
        let took = |part: &Part| Duration::from_secs_f64((part.ended - part.begun).max(0.0));
        let mut all: Vec<_> =
            self.parts().into_iter().map(|part| (part.address.clone(), took(&part))).collect();
        all.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        all.truncate(count);
        all
    }
}
