//! `meshctl down`: remove everything of the stack, and prove it.

use super::{
    CliError, Exit,
    args::Common,
    expiry,
    session::{Session, demand_name},
    summary::{exit, failures, summary},
    trace,
};
use crate::{
    aws::stacks::made_between,
    engine::{Events, Interrupt, Outcome, survey::census},
    model::run::turned_round,
    report::{
        Output, Reporter,
        text::{count, err, out},
    },
    stack::Outputs,
    state::{State, Store},
};
use clap::Args;
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};

/// Remove everything of the stack, and prove it
///
/// Works without a configuration and without a state, by the stack's name alone: what exists is
/// found by its tags. Ends with a listing over every kind of resource.
#[derive(Args, Debug)]
pub struct Down {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
    /// Do not ask for the stack's name on a terminal
    #[arg(long)]
    pub yes: bool,
}

impl Down {
    /// Runs the command.
    ///
    /// # Errors
    /// When nothing could be begun.
    pub async fn run(&self) -> Result<Exit, CliError> {
        demand_name(&self.common, "down").await?;
        let session = Session::open(&self.common, true).await?;
        let _lock = session.lock("down")?;
        let store = session.store()?;
        if store.state().records.is_empty() {
            self.tell_found(&session).await?;
        }
        self.confirm(&session)?;
        let reporter =
            Reporter::new(self.common.output, session.clock, trace::is_on(self.common.verbose));
        let interrupt = Interrupt::default();
        let engine = session.engine(store, reporter.events(), interrupt.clone());
        let edges = engine.work.with_state(|state| {
            let records = state.records.iter();
            turned_round(&records.map(|(at, record)| (at.clone(), record.edges.clone())).collect())
        });
        let result = session.heeding(&interrupt, &reporter, engine.down()).await;
        let timings = reporter.end();
        let outcome = result?;
        session.remember("down", &timings, &edges, &outcome);
        match self.common.output {
            Output::Human => report(&session, &outcome),
            Output::Json => summary(&session, "down", &outcome, &Outputs::default()),
        }
        Ok(exit(&outcome))
    }

    /// Without a record, says what there is and from when, before anything is removed.
    async fn tell_found(&self, session: &Session) -> Result<(), CliError> {
        let scope = session.cx.scope();
        let memory = Store::in_memory(State::of(&scope.stack));
        let engine = session.engine(memory, Events::nowhere(), Interrupt::default());
        let census = census(&engine.work, session.registry.iter()).await?;
        let resources: usize = census.values().map(Vec::len).sum();
        if resources == 0 {
            return Ok(());
        }
        // Who may remove a stack need not be allowed to know its age.
        let age = made_between(&session.cx).await.ok().flatten();
        match self.common.output {
            Output::Human => {
                let age = age.map(|(oldest, newest)| {
                    let minute = |at: jiff::Timestamp| at.strftime("%F %H:%M UTC").to_string();
                    format!(", made from {} to {}", minute(oldest), minute(newest))
                });
                err!(
                    "no state of {} in {}; by its tags account {}, {} has {}{}",
                    scope.stack,
                    session.directory.display(),
                    scope.caller.account,
                    scope.region,
                    count(resources, "resource"),
                    age.unwrap_or_default()
                );
            }
            Output::Json => {
                let (oldest, newest) = age.unzip();
                let line = json!({
                    "event": "unrecorded",
                    "stack": scope.stack,
                    "account": scope.caller.account,
                    "region": scope.region,
                    "resources": resources,
                    "oldest": oldest.map(expiry::text),
                    "newest": newest.map(expiry::text),
                });
                out!("{line}");
            }
        }
        Ok(())
    }

    /// Asks for the stack's name, where there is somebody to ask.
    fn confirm(&self, session: &Session) -> Result<(), CliError> {
        let asked = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if self.yes || session.local || !asked {
            return Ok(());
        }
        let scope = session.cx.scope();
        err!(
            "This removes everything of {} in account {}, {}.",
            scope.stack,
            scope.caller.account,
            scope.region
        );
        let mut line = String::new();
        let read = write!(std::io::stderr(), "Type the stack's name to go on: ")
            .and_then(|()| std::io::stdin().lock().read_line(&mut line));
        if read.is_ok() && line.trim() == scope.stack {
            return Ok(());
        }
        Err(CliError::new(Exit::Refused, "that is not the stack's name; nothing was removed"))
    }
}

pub(super) fn report(session: &Session, outcome: &Outcome) {
    failures(session, outcome);
    let stack = &session.cx.scope().stack;
    for left in &outcome.left {
        let because = left.because.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        out!("left: {} {} ({}){because}", left.address, left.id, left.kind);
    }
    let (counts, took) = (outcome.counts, session.took());
    match exit(outcome) {
        Exit::Done => out!("{stack} is down ({took})"),
        Exit::Interrupted => {
            out!("{stack} was interrupted after {took}; `meshctl down` goes on from there");
        }
        _ => out!("{stack} is not all down after {took}; `meshctl down` goes on from there"),
    }
    match counts.total {
        0 => out!("  nothing was there"),
        total => out!("  {} of {} removed", counts.deleted, count(total, "resource")),
    }
    if !outcome.interrupted {
        let kinds = count(session.registry.iter().count(), "kind");
        out!("  then asked AWS for all {kinds}, by tag and by name: {} left", counts.left);
    }
}
