//! How commands end: the summary line, failures with what to do about them, and the exit code.

use super::{Exit, credentials::signing_in, session::Session};
use crate::{
    aws::CallCounts,
    engine::{Counts, Outcome},
    report::{
        causes::causes,
        json::rounded,
        text::{count, err, out},
    },
    stack::Outputs,
};
use serde::Serialize;

/// The last line of every command's JSON.
#[derive(Serialize)]
struct Summary<'a> {
    event: &'static str,
    command: &'a str,
    outcome: &'a str,
    resources: Counts,
    calls: CallCounts,
    /// AWS's time.
    seconds: f64,
    outputs: &'a Outputs,
}

/// How an outcome ends the command.
pub fn exit(outcome: &Outcome) -> Exit {
    if outcome.interrupted && !outcome.halted {
        Exit::Interrupted
    } else if outcome.is_done() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

/// Prints the summary line.
pub fn summary(session: &Session, command: &str, outcome: &Outcome, outputs: &Outputs) {
    let summary = Summary {
        event: "summary",
        command,
        outcome: exit(outcome).word(),
        resources: outcome.counts,
        calls: session.cx.log().counts(),
        seconds: rounded(session.clock.now().as_secs_f64()),
        outputs,
    };
    print(&summary);
}

/// Prints the summary line of a command that looks and does nothing.
pub fn ended(session: &Session, command: &str, exit: Exit) {
    print(&Summary {
        event: "summary",
        command,
        outcome: exit.word(),
        resources: Counts::default(),
        calls: session.cx.log().counts(),
        seconds: rounded(session.clock.now().as_secs_f64()),
        outputs: &Outputs::default(),
    });
}

/// Prints the summary line of a command that could not begin.
pub fn unbegun(command: &str, exit: Exit) {
    print(&Summary {
        event: "summary",
        command,
        outcome: exit.word(),
        resources: Counts::default(),
        calls: CallCounts::default(),
        seconds: 0.0,
        outputs: &Outputs::default(),
    });
}

fn print(summary: &Summary<'_>) {
    out!("{}", serde_json::to_string(summary).unwrap_or_default());
}

/// Prints failures with what to do about them, once for each cause; what merely follows is counted.
pub fn failures(session: &Session, outcome: &Outcome) {
    let failed = outcome.failures.iter().map(|failure| (&failure.address, &failure.error));
    let causes = causes(failed, &outcome.skipped);
    for cause in &causes {
        err!("error: {}", cause.headline());
        if let Some(places) = cause.places() {
            err!("  {places}");
        }
        if let Some(remedy) = signing_in(cause.error, session.cx.profile()).or(cause.remedy()) {
            err!("  hint: {remedy}");
        }
        match cause.waiting {
            0 => {}
            number => err!("  {} not started, because of that", count(number, "resource")),
        }
    }
    let waiting: usize = causes.iter().map(|cause| cause.waiting).sum();
    match outcome.skipped.len().saturating_sub(waiting) {
        0 => {}
        number => err!("  {} not started", count(number, "resource")),
    }
    if outcome.halted {
        err!("  stopped there, for every other call would fail likewise; the state is safe");
    }
    for (address, reason) in &outcome.kept {
        out!("kept: {address}: {reason}");
    }
}
