//! Asking again, as the error allows: what every command must know before its engine runs.

use crate::{
    engine::retry::{Doing, Retry},
    model::{Class, Clock, Result},
};
use std::time::Duration;
use tokio::time::Instant;

/// After how long nothing more is asked of what does not answer. Wall time.
const SILENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer, ten times at the most, and not again after a minute; where AWS
/// throttles, as long as the error allows.
///
/// # Errors
/// The last error, when another attempt is of no use.
pub(super) async fn patiently<T, F: Future<Output = Result<T>>>(
    clock: Clock,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let retry = Retry::seeded(rand::random());
    let (begun, since) = (clock.now(), Instant::now());
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let spent = clock.now().saturating_sub(begun);
        match retry.delay(&error, Doing::Read, attempt, spent) {
            Some(delay)
                if error.class == Class::Throttled || attempt < 10 && since.elapsed() < SILENCE =>
            {
                clock.sleep(delay).await;
            }
            _ => return Err(error),
        }
    }
}
