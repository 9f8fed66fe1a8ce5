//! When a stack ends: chosen by `--ttl` or the configuration, kept in the state, and written on every
//! resource as a tag.

use super::{CliError, Exit};
use crate::{
    config::{Config, Ttl},
    state::State,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The choice's name in the state.
pub const CHOICE: &str = "expires";

/// What to write on every resource, and to keep in the state when it is new.
#[derive(Debug, Default, PartialEq)]
pub struct Expires {
    /// The moment, RFC 3339; none when the stack has no end.
    pub at: Option<String>,
    /// What the state must say from now on.
    pub choice: Option<Value>,
}

/// Decides. A moment once chosen stays: another `up` under the same `ttl` does not move it, and so
/// changes no tags. `--ttl` always chooses anew; `--ttl never` ends it.
///
/// # Errors
/// When the flag is no life span.
pub fn decide(
    flag: Option<&str>,
    config: Option<&Config>,
    state: &State,
    now: Timestamp,
) -> Result<Expires, CliError> {
    let recorded = state.choices.get(CHOICE).filter(|choice| !choice.is_null());
    let said = |name: &str| recorded.and_then(|choice| choice.get(name)?.as_str());
    let kept = || Expires { at: said("at").map(String::from), choice: None };
    let none = || Expires { at: None, choice: recorded.map(|_| Value::Null) };
    let ttl: Ttl = match (flag, config.and_then(|config| config.ttl.clone())) {
        (Some("never"), _) => return Ok(none()),
        (Some(flag), _) => flag.parse().map_err(|problem: String| {
            CliError::new(Exit::Usage, format!("--ttl {flag:?} is not a life span"))
                .hint(format!("{problem}, or never"))
        })?,
        // A flag's choice outlives the run that it was given to.
        (None, _) if said("by") == Some("flag") => return Ok(kept()),
        (None, Some(ttl)) if said("ttl") == Some(&ttl.to_string()) => return Ok(kept()),
        (None, Some(ttl)) => ttl,
        (None, None) => return Ok(none()),
    };
    let seconds = i64::try_from(ttl.duration().as_secs()).unwrap_or(i64::MAX);
    let end = now.saturating_add(SignedDuration::from_secs(seconds));
    let end = end.map_err(|error| CliError::new(Exit::Usage, format!("--ttl: {error}")))?;
    let at = text(end);
    let by = if flag.is_some() { "flag" } else { "config" };
    let choice = json!({ "at": at, "ttl": ttl.to_string(), "by": by });
    Ok(Expires { at: Some(at), choice: Some(choice) })
}

/// A moment as the tag says it; as texts they compare as moments do.
pub fn text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(state: &mut State, expires: &Expires) {
        if let Some(choice) = &expires.choice {
            state.choices.insert(CHOICE.into(), choice.clone());
        }
    }

    #[test]
    fn a_moment_once_chosen_stays_until_a_flag_moves_it() {
        let mut state = State::of("s");
        let at = |hour: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour);
        let mut decide = |flag: Option<&str>, hour| {
            let expires = decide(flag, None, &state, at(hour)).unwrap();
            keep(&mut state, &expires);
            expires.at
        };
        assert_eq!(decide(None, 0), None);
        assert_eq!(decide(Some("4h"), 0).as_deref(), Some("1970-01-01T04:00:00Z"));
        assert_eq!(decide(None, 1).as_deref(), Some("1970-01-01T04:00:00Z"));
        assert_eq!(decide(Some("4h"), 1).as_deref(), Some("1970-01-01T05:00:00Z"));
        assert_eq!(decide(Some("never"), 2), None);
        assert_eq!(decide(None, 2), None);
    }

    #[test]
    fn a_flag_that_is_no_life_span_is_refused() {
        let error = decide(Some("soon"), None, &State::of("s"), Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(error.exit, Exit::Usage);
        assert!(error.hints[0].contains("such as 90m, 4h or 2d"), "{:?}", error.hints);
    }
}
