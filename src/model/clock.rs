//! The engine's sense of time, which may run faster than the wall's.

use std::time::Duration;
use tokio::time::Instant;

/// Time as AWS lives it. Against AWS it is wall time; against the simulator it may run `speed`
/// times faster, and in tests tokio's paused time makes it exact.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    speed: f64,
}

impl Clock {
    /// Starts now, with `speed` seconds of AWS's time in one second of the wall's.
    pub fn started(speed: f64) -> Self {
        Self { start: Instant::now(), speed }
    }

    /// AWS's time since the start.
    pub fn now(&self) -> Duration {
        self.start.elapsed().mul_f64(self.speed)
    }

    /// Seconds of AWS's time in one second of the wall's.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Lets this much of AWS's time pass.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.div_f64(self.speed)).await;
    }
}
