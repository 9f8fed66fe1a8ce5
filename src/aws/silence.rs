//! Asking a service that AWS has ended, and that may never answer.

use crate::model::{Class, Clock, Result};
use std::time::Duration;

/// How long to ask.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first and the longest time between two attempts.
const STEPS: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(4));

/// Asks until there is an answer, for a while: a connection may break and a name may not resolve for a
/// moment, whoever is asked.
///
/// # Errors
/// Any that is not [`Class::Silent`], at once; that one in the end.
pub async fn through_silence<T>(clock: Clock, ask: impl AsyncFn() -> Result<T>) -> Result<T> {
    let begun = clock.now();
    let (mut step, longest) = STEPS;
    loop {
        let answer = ask().await;
        let silent = matches!(&answer, Err(error) if error.class == Class::Silent);
        if !silent || clock.now().saturating_sub(begun) > PATIENCE {
            return answer;
        }
        clock.sleep(step).await;
        step = (step * 2).min(longest);
    }
}
