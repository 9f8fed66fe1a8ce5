//! One JSON object per line on stdout.

use super::text::out;
use crate::{
    engine::Event,
    model::{Address, Check, Kind},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Prints an event.
pub fn show(event: &Event) {
    if let Some(line) = line(event) {
        out!("{line}");
    }
}

fn resource(
    event: &str,
    address: &Address,
    kind: &Kind,
    id: Option<&str>,
    took: Duration,
) -> Value {
    json!({
        "event": event,
        "address": address,
        "kind": kind,
        "id": id,
        "seconds": rounded(took.as_secs_f64()),
    })
}

fn with(mut line: Value, key: &str, value: impl Serialize) -> Value {
    line[key] = json!(value);
    line
}

/// An event as JSON; every one that is about a resource has `event`, `address`, `kind`, `id` and
/// `seconds`.
pub fn line(event: &Event) -> Option<Value> {
    let zero = Duration::ZERO;
    Some(match event {
        Event::Phase { phase, nodes } => {
            json!({ "event": "phase", "phase": format!("{phase:?}").to_lowercase(), "nodes": nodes })
        }
        Event::Forecast { path } => {
            let legs: Vec<_> = path.legs.iter().map(|leg| &leg.address).collect();
            let seconds = rounded(path.seconds);
            json!({ "event": "forecast", "expected_seconds": seconds, "critical_path": legs })
        }
        Event::Begun { address, kind, action, .. } => {
            with(resource("begun", address, kind, None, zero), "action", action)
        }
        Event::Created { address, kind, id, took, .. } => {
            resource("created", address, kind, Some(id), *took)
        }
        Event::Adopted { address, kind, id } => resource("found", address, kind, Some(id), zero),
        Event::Updated { address, kind, id, drift, took } => {
            with(resource("updated", address, kind, Some(id), *took), "changes", drift.changes())
        }
        Event::Waiting { address, kind, reason, .. } => {
            with(resource("waiting", address, kind, None, zero), "reason", reason)
        }
        Event::Ready { address, kind, id, took, changed } => {
            with(resource("ready", address, kind, Some(id), *took), "changed", changed)
        }
        Event::Deleted { address, kind, id, took } => {
            resource("deleted", address, kind, Some(id), *took)
        }
        Event::Kept { address, kind, id, reason } => {
            with(resource("kept", address, kind, Some(id), zero), "reason", reason)
        }
        Event::Retrying { address, kind, class, error, delay } => {
            let line = resource("retrying", address, kind, None, zero);
            let line = with(line, "class", format!("{class:?}"));
            with(with(line, "error", error), "delay_seconds", rounded(delay.as_secs_f64()))
        }
        Event::Failed { address, kind, error } => {
            let line = resource("failed", address, kind, None, zero);
            let line = with(line, "error", error.to_string());
            with(line, "hint", error.remedy())
        }
        Event::Skipped { address, kind, because } => {
            with(resource("skipped", address, kind, None, zero), "because", because)
        }
        Event::Checked { check: found } => check(found),
        Event::Interrupted { in_flight } => {
            json!({ "event": "interrupted", "in_flight": in_flight })
        }
    })
}

/// A check as JSON.
pub fn check(check: &Check) -> Value {
    with(json!(check), "event", "check")
}

/// Milliseconds are enough.
pub fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
