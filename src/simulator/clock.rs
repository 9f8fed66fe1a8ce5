//! The account's time: it runs with the process's clock, perhaps faster, and goes on between
//! processes.

use super::account::Millis;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Now, by the machine's clock.
pub fn today() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as Millis)
}

/// Milliseconds of the account's time, from the process's clock.
#[derive(Clone, Copy, Debug)]
pub struct AccountClock {
    base: Millis,
    start: Instant,
    speed: f64,
}

impl AccountClock {
    /// Starts at `base`, now.
    pub fn starting_at(base: Millis, speed: f64) -> Self {
        Self { base, start: Instant::now(), speed }
    }

    /// The account's time.
    pub fn now(&self) -> Millis {
        let passed = self.start.elapsed().as_secs_f64() * self.speed * 1000.0;
        self.base + passed as Millis
    }

    /// Lets this much of the account's time pass.
    pub async fn sleep(&self, millis: Millis) {
        if millis > 0 {
            let wall = std::time::Duration::from_secs_f64(millis as f64 / 1000.0 / self.speed);
            tokio::time::sleep(wall).await;
        }
    }
}
