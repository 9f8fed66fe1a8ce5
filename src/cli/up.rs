//! `meshctl up`: bring the account to the configuration.

use super::{
    CliError, Exit,
    args::Common,
    doctor,
    plan::DEEPER,
    session::Session,
    summary::{exit, failures, summary},
    trace,
};
use crate::{
    engine::{Interrupt, Outcome},
    model::{Depth, Run},
    report::{
        Output, Reporter, Timings,
        text::{count, duration, err, out, parts, whole},
    },
    stack::Outputs,
};
use clap::Args;
use serde_json::json;
use std::time::Duration;

/// Bring the account to the configuration
///
/// Makes what is missing, changes what differs, and removes what the configuration no longer has.
/// Run again after any failure, it goes on from there.
#[derive(Args, Debug)]
pub struct Up {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
    /// Look at every setting, also those that AWS shows only one resource at a time
    #[arg(long)]
    pub refresh: bool,
    /// How long the stack may live, such as 4h or 2d: then `reap` removes it; `never` for no end
    #[arg(long, value_name = "TIME")]
    pub ttl: Option<String>,
    /// Begin without looking whether the account has room for what is to be made
    #[arg(long)]
    pub skip_checks: bool,
}

impl Up {
    /// Runs the command.
    ///
    /// # Errors
    /// When nothing could be begun.
    pub async fn run(&self) -> Result<Exit, CliError> {
        let mut session = Session::open(&self.common, false).await?;
        let _lock = session.lock("up")?;
        let mut store = session.store()?;
        session.expire(self.ttl.as_deref(), &mut store)?;
        for warning in session.config.iter().flat_map(|config| config.warnings()) {
            match self.common.output {
                Output::Human => err!("warning: {warning}"),
                Output::Json => out!("{}", json!({ "event": "warning", "message": warning })),
            }
        }
        let graph = session.graph().await?;
        super::plan::tell_mesh(&session, self.common.output);
        let reporter =
            Reporter::new(self.common.output, session.clock, trace::is_on(self.common.verbose));
        let interrupt = Interrupt::default();
        let engine = session.engine(store, reporter.events(), interrupt.clone());
        let depth = if self.refresh { Depth::Full } else { Depth::Listed };
        let mut checks = Vec::new();
        let work = async {
            let survey = engine.survey(&graph, depth).await?;
            if !self.skip_checks {
                checks = doctor::before(&session, &engine, &graph, &survey).await;
                doctor::tell(&engine, &checks);
            }
            if doctor::failing(&checks) > 0 {
                return Ok(None);
            }
            session.up_after(&engine, &graph, survey).await.map(Some)
        };
        let result = session.heeding(&interrupt, &reporter, work).await;
        let timings = reporter.end();
        let Some((outcome, known)) = result? else { return Err(doctor::refusal(&checks)) };
        let run = session.remember("up", &timings, graph.edges(), &outcome);
        let outputs = Outputs::of(&known, session.cx.scope(), session.config.as_ref());
        match self.common.output {
            Output::Human => {
                report(&session, &outcome, &outputs, &timings, &run);
                if !self.refresh && outcome.counts.unchanged == outcome.counts.total {
                    out!("  {DEEPER}");
                }
                if !self.common.local && self.common.endpoint_url.is_none() {
                    for (name, url) in outputs.console(session.cx.scope()) {
                        out!("  {name:<8} {url}");
                    }
                }
            }
            Output::Json => summary(&session, "up", &outcome, &outputs),
        }
        Ok(exit(&outcome))
    }
}

fn report(session: &Session, outcome: &Outcome, outputs: &Outputs, timings: &Timings, run: &Run) {
    failures(session, outcome);
    let stack = &session.cx.scope().stack;
    let took = session.took();
    match exit(outcome) {
        Exit::Done => out!("{stack} is up ({took})"),
        Exit::Interrupted => {
            out!("{stack} was interrupted after {took}; `meshctl up` goes on from there");
        }
        _ => out!("{stack} is not up after {took}; mend the cause, and `meshctl up` goes on"),
    }
    let counts = outcome.counts;
    let ended =
        counts.created + counts.updated + counts.replaced + counts.unchanged + counts.failed;
    let did = parts(&[
        (counts.created, "created"),
        (counts.updated, "changed"),
        (counts.replaced, "replaced"),
        (counts.deleted, "removed"),
        (counts.unchanged, "as they were"),
        (counts.failed, "failed"),
        (counts.total.saturating_sub(ended), "not done"),
    ]);
    out!("  {}: {did}", count(counts.total, "resource"));
    for (name, value) in outputs.lines() {
        out!("  {name:<8} {value}");
    }
    let slowest: Vec<String> = timings
        .slowest(3)
        .iter()
        .map(|(address, took)| format!("{address} {}", duration(*took)))
        .collect();
    if !slowest.is_empty() {
        out!("  slowest  {}", slowest.join(" · "));
    }
    critical_path(run);
    if session.local {
        out!("  This is the embedded simulator: the addresses are its own, and answer nobody.");
    }
}

/// What the run waited for, beside how long it took and what was expected.
fn critical_path(run: &Run) {
    if run.parts.is_empty() {
        return;
    }
    let time = |seconds: f64| whole(Duration::from_secs_f64(seconds.max(0.0)));
    out!(
        "  critical path {} of {}, expected {}: {}",
        time(run.floor_seconds),
        time(run.seconds),
        time(run.expected_seconds),
        run.main().iter().map(|part| part.address.as_str()).collect::<Vec<_>>().join(" → ")
    );
}
