//! Everything a reporter may know.

use crate::model::{Address, Check, Class, CriticalPath, Drift, Error, Kind};
use std::{rc::Rc, time::Duration};

/// What the engine is doing as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looking at what there is.
    Survey,
    /// Making and changing.
    Build,
    /// Taking away.
    Remove,
    /// Looking whether anything is left.
    Proof,
}

/// Something that happened. `at` is AWS's time since the command began.
#[derive(Clone, Debug)]
pub enum Event {
    /// The engine turned to something else, with this many nodes to do.
    Phase {
        /// To what.
        phase: Phase,
        /// Nodes.
        nodes: usize,
    },
    /// What the run is expected to wait for.
    Forecast {
        /// The longest path of what is to be done.
        path: CriticalPath,
    },
    /// Work on a node began.
    Begun {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// What is done: `create`, `update`, `replace`, `delete`, `check`.
        action: &'static str,
        /// When.
        at: Duration,
    },
    /// It has an identity.
    Created {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// What people know it by.
        id: String,
        /// When.
        at: Duration,
        /// How long it took.
        took: Duration,
    },
    /// It was there already, made by an earlier run that could not write it down.
    Adopted {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// What people know it by.
        id: String,
    },
    /// It was changed in place.
    Updated {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// What people know it by.
        id: String,
        /// What was changed.
        drift: Drift,
        /// How long it took.
        took: Duration,
    },
    /// It is not ready yet; said again when the reason changes.
    Waiting {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// For what, in AWS's words.
        reason: String,
        /// Since when.
        since: Duration,
    },
    /// It works.
    Ready {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// What people know it by.
        id: String,
        /// How long all of it took.
        took: Duration,
        /// Whether anything was done to it in this run.
        changed: bool,
    },
    /// It is gone.
    Deleted {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// What people knew it by.
        id: String,
        /// How long it took.
        took: Duration,
    },
    /// It stays on purpose.
    Kept {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// What people know it by.
        id: String,
        /// Why.
        reason: String,
    },
    /// A call will be made again.
    Retrying {
        /// For which node.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// Why.
        class: Class,
        /// AWS's words.
        error: String,
        /// After how long.
        delay: Duration,
    },
    /// It could not be done.
    Failed {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// Why.
        error: Error,
    },
    /// It was not started, because what it needs failed.
    Skipped {
        /// Which.
        address: Address,
        /// Its kind.
        kind: Kind,
        /// What it needs.
        because: Address,
    },
    /// The account was looked at before the first change.
    Checked {
        /// What was found.
        check: Check,
    },
    /// The user asked to stop; this many calls are finished first.
    Interrupted {
        /// Calls in flight.
        in_flight: usize,
    },
}

/// Where events go.
#[derive(Clone)]
pub struct Events(Rc<dyn Fn(&Event)>);

impl Events {
    /// To this reporter.
    pub fn to(reporter: impl Fn(&Event) + 'static) -> Self {
        Self(Rc::new(reporter))
    }

    /// To nobody.
    pub fn nowhere() -> Self {
        Self::to(|_| {})
    }

    /// Tells the reporter.
    pub fn tell(&self, event: Event) {
        (self.0)(&event);
    }
}
