//! What AWS and the network do to the calls of one command, for a while.

use meshctl::simulator::{Fault, Moment, Rule, Simulator, When};
use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use std::time::Duration;

/// Others meddle with what a call changes. What a read names may be a stranger's.
const CHANGES: [&str; 6] =
    ["*:Create*", "*:Put*", "*:Update*", "*:Modify*", "*:Authorize*", "*:Register*"];

/// Shares of the calls that fail in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Burst {
    pub throttle: f64,
    pub internal: f64,
    pub unavailable: f64,
    pub lost_answer: f64,
    pub lost_request: f64,
    /// Answers that are slow, by 20 seconds.
    pub slow: f64,
    /// Reads that are behind, and by how many seconds.
    pub stale: f64,
    pub behind: f64,
    /// Creates whose resource never works.
    pub fail: f64,
    /// Changes around which somebody deletes what they name or have made.
    pub vanish: f64,
    /// All that takes time: this share of it takes five times as long.
    pub tails: f64,
    /// The call at which the credentials expire.
    pub expire: Option<u64>,
    /// How long it lasts, in AWS's seconds.
    pub seconds: u64,
}

impl Burst {
    pub fn random(dice: &mut Xoshiro256PlusPlus) -> Self {
        let seconds = dice.random_range(60..1800);
        let expire = (dice.random_range(0..8) == 0).then(|| dice.random_range(1..200));
        let mut rate = |one_in: u32, most: f64| match dice.random_range(0..one_in) {
            0 => dice.random_range(0.0..most),
            _ => 0.0,
        };
        Self {
            throttle: rate(2, 0.3),
            internal: rate(2, 0.1),
            unavailable: rate(2, 0.1),
            lost_answer: rate(2, 0.05),
            lost_request: rate(2, 0.05),
            slow: rate(2, 0.05),
            stale: rate(2, 0.1),
            behind: 1.0 + rate(1, 7.0),
            fail: rate(3, 0.3),
            vanish: rate(3, 0.05),
            tails: rate(2, 0.2),
            expire,
            seconds,
        }
    }

    pub fn lasts(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Whether a run that says that all is done may be wrong soon: somebody deletes what it has made.
    pub fn meddles(&self) -> bool {
        self.vanish > 0.0
    }

    pub fn begin(&self, simulator: &Simulator) {
        // The rules share one roll, and the first that strikes wins: the rates are stacked.
        let mut sum = 0.0;
        let mut rule = |operation: &str, rate: f64, fault: Fault| {
            if rate > 0.0 {
                simulator.fault(Rule::new(operation, When::Rate(sum + rate), fault));
                sum += rate;
            }
        };
        rule("*", self.throttle, Fault::Throttle);
        rule("*", self.internal, Fault::InternalError);
        rule("*", self.unavailable, Fault::Unavailable);
        rule("*", self.lost_answer, Fault::LoseAnswer);
        rule("*", self.lost_request, Fault::LoseRequest);
        rule("*", self.slow, Fault::Slow(20.0));
        rule("*", self.stale, Fault::StaleRead(self.behind));
        rule("*", self.fail, Fault::Fail);
        for operation in CHANGES {
            rule(operation, self.vanish / 2.0, Fault::Vanish(Moment::Before));
            rule(operation, self.vanish / 2.0, Fault::Vanish(Moment::After));
        }
        if let Some(call) = self.expire {
            simulator.fault(Rule::new("*", When::Nth(call), Fault::ExpireCredentials));
        }
        simulator.behind(|account| account.tails = self.tails);
    }
}

/// AWS is well again: what is made from now on works, and images that crashed are mended.
pub fn end(simulator: &Simulator) {
    simulator.calm();
    simulator.behind(|account| {
        account.tails = 0.0;
        account.doomed.clear();
    });
}
