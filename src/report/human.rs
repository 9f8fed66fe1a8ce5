//! Plain lines, for logs and for reading later.

use super::{
    forecast::sentence,
    text::{count, duration, err, took as after},
};
use crate::{
    engine::{Event, Phase},
    model::Check,
};

/// Prints what a person following a log wants to know; progress goes to stderr, so that stdout holds
/// only the report.
pub fn show(event: &Event) {
    if let Some(line) = line(event) {
        err!("{line}");
    }
}

/// A check, with what to do about it.
pub fn told(check: &Check) -> String {
    let remedy = check.remedy.as_ref().map(|remedy| format!("\n  hint: {remedy}"));
    let Check { check, verdict, what, .. } = check;
    format!("{verdict}: {check}: {what}{}", remedy.unwrap_or_default())
}

/// An event as one line; `None` for what says nothing new.
pub fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Phase { phase: Phase::Survey, .. } => "looking at what there is".into(),
        Event::Phase { phase: Phase::Build, .. } => return None,
        Event::Phase { phase: Phase::Remove, nodes: 0 } => return None,
        Event::Phase { phase: Phase::Remove, nodes } => {
            format!("removing {}", count(*nodes, "resource"))
        }
        Event::Phase { phase: Phase::Proof, .. } => {
            "asking every kind whether anything is left".into()
        }
        Event::Forecast { path } if path.seconds >= 5.0 => {
            format!("expected to take {}", sentence(path))
        }
        Event::Forecast { .. } | Event::Begun { .. } => return None,
        Event::Created { address, id, took, .. } => {
            format!("{address}: created {id}{}", after(*took))
        }
        Event::Adopted { address, id, .. } => format!("{address}: found {id}"),
        Event::Updated { address, id, drift, .. } if drift.is_empty() => {
            format!("{address}: tags of {id} changed")
        }
        Event::Updated { address, id, drift, .. } => format!("{address}: changed {id}: {drift}"),
        Event::Waiting { address, reason, .. } => format!("{address}: waiting: {reason}"),
        Event::Ready { address, took, changed: true, .. } if took.as_secs() >= 5 => {
            format!("{address}: ready{}", after(*took))
        }
        Event::Ready { .. } => return None,
        Event::Deleted { address, id, took, .. } => {
            format!("{address}: deleted {id}{}", after(*took))
        }
        Event::Kept { address, id, reason, .. } => format!("{address}: kept {id}: {reason}"),
        Event::Retrying { address, error, delay, .. } => {
            format!("{address}: again in {}: {error}", duration(*delay))
        }
        Event::Failed { address, error, .. } => format!("{address}: failed: {error}"),
        Event::Skipped { address, because, .. } => {
            format!("{address}: not started, needs {because}")
        }
        Event::Checked { check } => told(check),
        Event::Interrupted { in_flight } => {
            let number = count(*in_flight, "resource");
            format!("stopping: finishing the calls for {number}; Ctrl-C again stops at once")
        }
    })
}
