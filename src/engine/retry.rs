//! Which errors are tried again, when, and for how long.

use crate::model::{Class, Error};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::{cell::RefCell, time::Duration};

/// How long what is to go may take, or be held by what lingers: as long as Terraform's provider waits for
/// a NAT gateway. Giving up earlier gains nothing, for what is left must go all the same.
pub const GOING: Duration = Duration::from_secs(30 * 60);

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
pub struct Retry(RefCell<Xoshiro256PlusPlus>);

impl Retry {
    /// Delays that this seed gives.
    pub fn seeded(seed: u64) -> Self {
        Self(RefCell::new(Xoshiro256PlusPlus::seed_from_u64(seed)))
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
        if spent > budget {
            return None;
        }
        let grown = first.mul_f64(1.6_f64.powi(attempt.saturating_sub(1).min(20) as i32));
        let jitter = self.0.borrow_mut().random_range(0.7..1.0);
        Some(grown.min(longest).mul_f64(jitter))
    }

    /// Chance, for what must be unlike any other.
    pub fn chance(&self) -> u64 {
        self.0.borrow_mut().random()
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
        let wrong = Error::new(Class::Invalid, "wrong");
        assert!(retry.delay(&wrong, Doing::Create, 1, now).is_none());
    }
}
