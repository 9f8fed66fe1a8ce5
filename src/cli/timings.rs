//! `meshctl timings`: how long the last run took, and what it waited for.

use super::{CliError, Exit, args::Common, session::stack_of};
use crate::{
    model::{Part, Run},
    report::{
        Output, gantt,
        json::rounded,
        text::{count, out, whole},
    },
    state::history,
};
use clap::Args;
use serde_json::json;
use std::{path::PathBuf, time::Duration};

/// Show how long the last run took, and what it waited for
///
/// Reads what earlier runs left beside the state; asks AWS nothing. The critical path is what the
/// whole run waited for: nothing else made it longer.
#[derive(Args, Debug)]
pub struct Timings {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
    /// The last run of this command only: up or down
    #[arg(long, value_name = "COMMAND", value_parser = ["up", "down"])]
    pub of: Option<String>,
    /// Write a chart of the run to this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// How many resources the table shows, unless more are asked for with -v.
const ROWS: usize = 15;

impl Timings {
    /// Runs the command.
    ///
    /// # Errors
    /// When there was no such run, or the chart cannot be written.
    pub fn run(&self) -> Result<Exit, CliError> {
        let stack = stack_of(&self.common)?;
        let runs = history::read(&self.common.state_root().join(&stack));
        let wanted = |run: &&Run| self.of.as_ref().is_none_or(|of| *of == run.command);
        let Some(run) = runs.iter().rev().find(wanted) else {
            let of = self.of.as_deref().unwrap_or("up or down");
            return Err(CliError::new(
                Exit::Failed,
                format!("no run of {of} is on record for {stack}"),
            )
            .hint(
                "timings are kept after each `meshctl up` and `meshctl down` that did anything; those \
                 of --local are shown with --local",
            ));
        };
        if let Some(path) = &self.svg {
            std::fs::write(path, gantt::svg(run, &stack)).map_err(|error| {
                let message = format!("{} cannot be written: {error}", path.display());
                CliError::new(Exit::Failed, message).hint("give another path with --svg")
            })?;
        }
        match self.common.output {
            Output::Human => self.table(run, &stack),
            Output::Json => lines(run),
        }
        Ok(Exit::Done)
    }

    fn table(&self, run: &Run, stack: &str) {
        out!("{stack}: {} in {}", run.command, time(run.seconds));
        out!("  expected       {}", time(run.expected_seconds));
        out!("  critical path  {}", time(run.floor_seconds));
        let mut parts: Vec<&Part> = run.parts.iter().collect();
        if self.common.verbose == 0 {
            let took = |part: &Part| part.ended - part.begun;
            parts.sort_by(|one, other| took(other).total_cmp(&took(one)));
            parts.truncate(ROWS);
            parts.sort_by(|one, other| one.begun.total_cmp(&other.begun));
        }
        out!("  {:>9} {:>9}", "begun", "took");
        for part in &parts {
            let mark = if run.is_critical(&part.address) { '*' } else { ' ' };
            let (begun, took) = (time(part.begun), time(part.ended - part.begun));
            out!("  {begun:>9} {took:>9} {mark} {}", part.address);
        }
        let more = run.parts.len() - parts.len();
        if more > 0 {
            out!("  and {}, shorter; -v shows all", count(more, "more resource"));
        }
        out!("  * on the critical path");
    }
}

fn lines(run: &Run) {
    for part in &run.parts {
        let line = json!({
            "event": "timing",
            "address": part.address,
            "kind": part.kind,
            "begun": rounded(part.begun),
            "created": part.created.map(rounded),
            "seconds": rounded(part.ended - part.begun),
            "critical": run.is_critical(&part.address),
        });
        out!("{line}");
    }
    let summary = json!({
        "event": "summary",
        "command": "timings",
        "outcome": Exit::Done.word(),
        "of": run.command,
        "seconds": rounded(run.seconds),
        "expected_seconds": rounded(run.expected_seconds),
        "floor_seconds": rounded(run.floor_seconds),
        "critical_path": run.critical_path,
    });
    out!("{summary}");
}

fn time(seconds: f64) -> String {
    whole(Duration::from_secs_f64(seconds.max(0.0)))
}
