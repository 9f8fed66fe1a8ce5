//! Which errors are tried again, when, and for how long.

use crate::model::{Class, Error};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

/// How long what is to go may take, or be held by what lingers: as long as Terraform's provider waits for
/// a NAT gateway. Giving up earlier gains nothing, for what is left must go all the same.
pub const GOING: Duration = Duration::from_secs(30 * 60);

/// How long a service that AWS has ended may keep silent; after that, one attempt a call is enough.
pub const SILENCE: Duration = Duration::from_secs(20);
/// How many attempts are made of what the network failed to carry, however long they took.
const LEAST: u32 = 4;

/// What was being done when an error came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// Reading: nothing can go wrong by doing it again.
    Read,
    /// Creating: an unknown outcome is looked up first.
    Create,
    /// Changing in place: doing it again gives the same.
    Update,
    /// Deleting: what still uses it may go.
    Delete,
}

/// Seeded, so that a run can be reproduced.
pub struct Retry {
    random: RefCell<Xoshiro256PlusPlus>,
    /// Whether a service kept silent until nobody waits for it any longer.
    given_up: Cell<bool>,
}

impl Retry {
    /// Delays that this seed gives.
    pub fn seeded(seed: u64) -> Self {
        let random = RefCell::new(Xoshiro256PlusPlus::seed_from_u64(seed));
        Self { random, given_up: Cell::default() }
    }

    /// How long to wait before the next attempt; `None` when it is of no use. `attempt` counts from
    /// 1, `spent` is how long this has been going on.
    pub fn delay(
        &self,
        error: &Error,
        doing: Doing,
        attempt: u32,
        spent: Duration,
    ) -> Option<Duration> {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        let seconds = Duration::from_secs_f64;
        // (first delay, longest delay, how long altogether)
        let (first, longest, budget) = match (error.class, doing) {
            (Class::Throttled, _) => (seconds(0.5), seconds(20.0), minutes(15)),
            (Class::Transient, _) => (seconds(0.3), seconds(10.0), minutes(5)),
            // What is made or changed there was to be, because the service has answered.
            (Class::Silent, Doing::Create | Doing::Update) => {
                (seconds(0.3), seconds(10.0), minutes(5))
            }
            (Class::Silent, _) if self.given_up.get() => return None,
            (Class::Silent, _) => (seconds(0.3), seconds(4.0), SILENCE),
            // An answer that was cut off, perhaps.
            (Class::Answer, _) => (seconds(0.5), seconds(3.0), minutes(1)),
            // An ID that we just made, or a role that must propagate.
            (Class::Missing, Doing::Create | Doing::Update) => {
                (seconds(0.5), seconds(3.0), minutes(1))
            }
            // UpdateAccount of API Gateway takes one call in 20 s; roles propagate within 2 min.
            (Class::NotYet, _) => (seconds(1.0), seconds(10.0), minutes(4)),
            (Class::Busy, Doing::Delete) => (seconds(1.0), seconds(5.0), GOING),
            (Class::Busy, _) => (seconds(1.0), seconds(5.0), minutes(2)),
            _ => return None,
        };
        // One attempt that gets no answer can take longer than all of it.
        let cheap = error.class == Class::Transient && attempt < LEAST;
        if spent > budget && !cheap {
            let looks = matches!(doing, Doing::Read | Doing::Delete);
            self.given_up.set(self.given_up.get() || looks && error.class == Class::Silent);
            return None;
        }
        let grown = first.mul_f64(1.6_f64.powi(attempt.saturating_sub(1).min(20) as i32));
        let jitter = self.random.borrow_mut().random_range(0.7..1.0);
        Some(grown.min(longest).mul_f64(jitter))
    }

    /// Chance, for what must be unlike any other.
    pub fn chance(&self) -> u64 {
        self.random.borrow_mut().random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_decides_and_the_budget_ends_it() {
        let retry = Retry::seeded(1);
        let busy = Error::new(Class::Busy, "in use");
        let (now, late) = (Duration::ZERO, Duration::from_secs(3600));
        assert!(retry.delay(&busy, Doing::Delete, 1, now).is_some());
        assert!(retry.delay(&busy, Doing::Delete, 9, late).is_none());
        let silent = Error::new(Class::Silent, "no answer");
        assert!(retry.delay(&silent, Doing::Read, 1, now).is_some());
        assert!(retry.delay(&silent, Doing::Read, 9, late).is_none());
        assert!(retry.delay(&silent, Doing::Read, 1, now).is_none(), "asked once, and no more");
        let wrong = Error::new(Class::Invalid, "wrong");
        assert!(retry.delay(&wrong, Doing::Create, 1, now).is_none());
    }
}
