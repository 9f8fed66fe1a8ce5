//! `meshctl reap`: remove every stack of the account whose time is over.

use super::{CliError, Exit, args::Common, expiry, session::Session, summary, trace};
use crate::{
    aws::stacks::{Expiry, stacks_but_silent},
    config::stack_fault,
    engine::Interrupt,
    report::{
        Output, Reporter,
        text::{count, err, out},
    },
    state::{State, Store, StoreError},
};
use clap::Args;
use serde_json::json;

/// Remove every stack of the account whose time is over
///
/// Finds stacks by the tags that `up --ttl` writes, also those whose state nobody has. For a cron
/// job: without configuration and without questions.
#[derive(Args, Debug)]
pub struct Reap {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
    /// Say what would be removed, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What became of the stacks.
#[derive(Default)]
struct Tally {
    found: usize,
    expired: usize,
    removed: usize,
    failed: usize,
    locked: usize,
}

impl Reap {
    /// Runs the command.
    ///
    /// # Errors
    /// When AWS cannot be asked.
    pub async fn run(&self) -> Result<Exit, CliError> {
        let session = Session::open(&self.common, true).await?;
        if self.dry_run {
            session.cx.log().refuse_mutations("a dry run changes nothing");
        }
        let (all, silence) =
            super::patience::patiently(session.clock, || stacks_but_silent(&session.cx)).await?;
        if let Some(error) = silence {
            err!("App Mesh could not be asked, so it counts as having no meshes: {error}");
        }
        let now = expiry::text(jiff::Timestamp::now());
        let mut tally = Tally { found: all.len(), ..Tally::default() };
        let mut exit = Exit::Done;
        for (stack, expiry) in &all {
            let expired = is_over(expiry, &now);
            let nameable = stack_fault(stack).is_none();
            self.tell(stack, expiry, expired && nameable);
            if !expired || !nameable {
                continue;
            }
            tally.expired += 1;
            if self.dry_run {
                continue;
            }
            match self.remove(&session.of(stack)).await {
                Ok(Exit::Done) => tally.removed += 1,
                Ok(Exit::Interrupted) => {
                    exit = Exit::Interrupted;
                    break;
                }
                Ok(_) => {
                    tally.failed += 1;
                    exit = Exit::Failed;
                }
                Err(error) if error.exit == Exit::Locked => {
                    tally.locked += 1;
                    if exit == Exit::Done {
                        exit = Exit::Locked;
                    }
                    err!("{stack}: {}", error.message);
                }
                Err(error) => {
                    tally.failed += 1;
                    exit = Exit::Failed;
                    err!("{stack}: {}", error.message);
                }
            }
        }
        self.summary(&session, &tally, exit);
        Ok(exit)
    }

    fn tell(&self, stack: &str, expiry: &Expiry, remove: bool) {
        let latest = expiry.latest.as_deref().unwrap_or("never");
        match self.common.output {
            Output::Json => {
                let line = json!({
                    "event": "stack",
                    "stack": stack,
                    "expires": expiry.latest,
                    "endless": expiry.endless,
                    "remove": remove,
                });
                out!("{line}");
            }
            Output::Human => {
                let what = match (remove, expiry.endless, self.dry_run) {
                    (true, _, true) => "would be removed",
                    (true, _, false) => "is over",
                    (false, true, _) if expiry.latest.is_some() => "stays: not all of it expires",
                    (false, _, _) => "stays",
                };
                out!("{stack}: expires {latest}: {what}");
            }
        }
    }

    /// What `down` does, for one of them.
    async fn remove(&self, session: &Session) -> Result<Exit, CliError> {
        let _lock = session.lock("reap")?;
        let stack = &session.cx.scope().stack;
        let store = match Store::read(&session.directory, stack) {
            // What it would say is in the tags, too.
            Err(StoreError::Damaged { .. } | StoreError::Illegal { .. }) => {
                Store::in_memory(State::of(stack))
            }
            _ => session.store()?,
        };
        let output = self.common.output;
        let reporter = Reporter::new(output, session.clock, trace::is_on(self.common.verbose));
        let interrupt = Interrupt::default();
        let engine = session.engine(store, reporter.events(), interrupt.clone());
        let result = session.heeding(&interrupt, &reporter, engine.down()).await;
        reporter.end();
        let outcome = result?;
        if output == Output::Human {
            super::down::report(session, &outcome);
        }
        Ok(summary::exit(&outcome))
    }

    fn summary(&self, session: &Session, tally: &Tally, exit: Exit) {
        let Tally { found, expired, removed, failed, locked } = *tally;
        match self.common.output {
            Output::Json => {
                let line = json!({
                    "event": "summary",
                    "command": "reap",
                    "outcome": exit.word(),
                    "dry_run": self.dry_run,
                    "stacks": { "found": found, "expired": expired, "removed": removed,
                                "failed": failed, "locked": locked },
                    "calls": session.cx.log().counts(),
                });
                out!("{line}");
            }
            Output::Human => {
                let did = if self.dry_run {
                    "nothing removed: a dry run".into()
                } else {
                    format!("{removed} removed, {failed} failed, {locked} held by others")
                };
                out!("{}, {expired} over; {did}", count(found, "stack"));
            }
        }
    }
}

/// Whether a stack's time is over: all that is known of it says so.
fn is_over(expiry: &Expiry, now: &str) -> bool {
    !expiry.endless && expiry.latest.as_deref().is_some_and(|latest| latest <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stack_of_which_everything_expires_is_over() {
        let expiry =
            |latest: Option<&str>, endless| Expiry { latest: latest.map(Into::into), endless };
        let now = "2026-06-01T00:00:00Z";
        assert!(is_over(&expiry(Some("2026-05-31T23:59:59Z"), false), now));
        assert!(!is_over(&expiry(Some("2026-06-01T00:00:01Z"), false), now));
        assert!(!is_over(&expiry(Some("2026-05-31T23:59:59Z"), true), now));
        assert!(!is_over(&expiry(None, true), now));
    }
}
