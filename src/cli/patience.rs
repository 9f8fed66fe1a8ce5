//! Asking again, as the error allows: what every command must know before its engine runs.

use crate::{
    engine::retry::{Doing, Retry},
    model::{Class, Clock, Result},
};

/// Asks until there is an answer, ten times at the most; where AWS throttles, as long as the error
/// allows.
///
/// # Errors
/// The last error, when another attempt is of no use.
pub(super) async fn patiently<T, F: Future<Output = Result<T>>>(
    clock: Clock,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let retry = Retry::seeded(rand::random());
    let begun = clock.now();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let spent = clock.now().saturating_sub(begun);
        match retry.delay(&error, Doing::Read, attempt, spent) {
            Some(delay) if attempt < 10 || error.class == Class::Throttled => {
                clock.sleep(delay).await;
            }
            _ => return Err(error),
        }
    }
}
