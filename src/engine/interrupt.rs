//! Stopping: the first request finishes the calls in flight, the second does not wait.

use std::{cell::Cell, rc::Rc};
use tokio::sync::Notify;

/// A request to stop, shared by all that must heed it.
#[derive(Clone, Default)]
pub struct Interrupt(Rc<Inner>);

#[derive(Default)]
struct Inner {
    count: Cell<u32>,
    halted: Cell<bool>,
    changed: Notify,
}

impl Interrupt {
    /// Asks to stop; a second time, at once.
    pub fn request(&self) {
        self.0.count.set(self.0.count.get() + 1);
        self.0.changed.notify_waiters();
    }

    /// Stops likewise because nothing more can be done, with nobody's asking. False when that is so
    /// already.
    pub fn halt(&self) -> bool {
        let first = !self.0.halted.replace(true);
        if first {
            self.request();
        }
        first
    }

    /// Whether it stopped because nothing more could be done.
    pub fn halted(&self) -> bool {
        self.0.halted.get()
    }

    /// Whether nothing new may be begun.
    pub fn requested(&self) -> bool {
        self.0.count.get() > 0
    }

    /// Whether calls in flight are not waited for either.
    pub fn insisted(&self) -> bool {
        self.0.count.get() > 1
    }

    /// Returns when someone has asked `times` times.
    pub async fn asked(&self, times: u32) {
        loop {
            let changed = self.0.changed.notified();
            if self.0.count.get() >= times {
                return;
            }
            changed.await;
        }
    }
}
