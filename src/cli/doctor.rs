//! `meshctl doctor`: whether `up` would get through, before it changes anything.

use super::{CliError, Exit, args::Common, session::Session, summary};
use crate::{
    doctor::{self, Images, Plan, Registries, clock, identity, mesh},
    engine::{Action, Engine, Event, Events, Interrupt, Survey},
    model::{Address, Check, Class, Depth, Graph, Replacement, Verdict},
    report::{
        Output, json,
        text::{count, out, parts},
    },
    state::Store,
};
use clap::Args;

/// Look whether `up` would get through, before it changes anything
///
/// Looks at the identity, the clock, the mesh, names, quotas, permissions, AWS's own roles and the
/// images, and changes nothing. `up` makes the same checks before its first change.
#[derive(Args, Debug)]
pub struct Doctor {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
}

impl Doctor {
    /// Runs the command.
    ///
    /// # Errors
    /// When the configuration is wrong or AWS cannot be asked at all.
    pub async fn run(&self) -> Result<Exit, CliError> {
        let mut session = match Session::open(&self.common, false).await {
            Ok(session) => session,
            Err(refused) if refused.exit == Exit::Refused => {
                let checks = [line("identity", &refused)];
                self.print(&checks);
                if self.common.output == Output::Json {
                    summary::unbegun("doctor", Exit::Refused);
                }
                return Ok(Exit::Refused);
            }
            Err(error) => return Err(error),
        };
        let mut store = session.glance()?;
        session.expire(None, &mut store)?;
        let checks = look(&session, store).await?;
        self.print(&checks);
        let exit = if failing(&checks) == 0 { Exit::Done } else { Exit::Refused };
        if self.common.output == Output::Json {
            summary::ended(&session, "doctor", exit);
        }
        Ok(exit)
    }

    fn print(&self, checks: &[Check]) {
        for check in checks {
            match self.common.output {
                Output::Human => {
                    out!("{:<7}  {}: {}", check.verdict, check.check, check.what);
                    if let Some(remedy) = &check.remedy {
                        out!("         remedy: {remedy}");
                    }
                }
                Output::Json => out!("{}", json::check(check)),
            }
        }
        if self.common.output == Output::Human {
            let number = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
            let found = parts(&[
                (number(Verdict::Ok), "ok"),
                (number(Verdict::Warning), "to be aware of"),
                (number(Verdict::Failure), "in the way"),
            ]);
            let would = if failing(checks) == 0 { "may begin" } else { "would be refused" };
            out!("{found}: `meshctl up` {would}");
        }
    }
}

/// How many of them keep `up` from beginning.
pub fn failing(checks: &[Check]) -> usize {
    checks.iter().filter(|check| check.verdict == Verdict::Failure).count()
}

/// Why `up` does not begin.
pub fn refusal(checks: &[Check]) -> CliError {
    let number = count(failing(checks), "check");
    CliError::new(Exit::Refused, format!("{number} failed, and nothing was changed"))
        .hint("mend what is named above and run the command again")
        .hint("`meshctl up --skip-checks` goes on regardless")
}

/// Tells the reporter what is worth a line before work begins.
pub fn tell(engine: &Engine, checks: &[Check]) {
    for check in checks.iter().filter(|check| check.verdict != Verdict::Ok) {
        engine.work.events.tell(Event::Checked { check: check.clone() });
    }
}

/// All checks.
///
/// # Errors
/// When the configuration asks for what cannot be.
pub async fn look(session: &Session, store: Store) -> Result<Vec<Check>, CliError> {
    let config = session.config.as_ref();
    let mut checks = vec![identity::judge(session.cx.scope(), config)];
    for warning in config.iter().flat_map(|config| config.warnings()) {
        let (check, verdict, remedy) = ("configuration", Verdict::Warning, None);
        checks.push(Check { check, verdict, what: warning, remedy });
    }
    let graph = match session.graph().await {
        Ok(graph) => graph,
        Err(error) if error.exit == Exit::Failed => {
            checks.push(line("region", &error));
            return Ok(checks);
        }
        Err(error) => return Err(error),
    };
    checks.extend(session.zones().map(|zones| doctor::zones::tell(&zones)));
    checks.extend(session.mesh().map(|choice| mesh::tell(&choice)));
    let engine = session.engine(store, Events::nowhere(), Interrupt::default());
    match engine.survey(&graph, Depth::Listed).await {
        Ok(survey) => checks.extend(before(session, &engine, &graph, &survey).await),
        Err(error) => checks.push(line("account", &error.into())),
    }
    Ok(checks)
}

/// The checks of what this survey shows to be made. When that is nothing, no call is made.
pub async fn before(
    session: &Session,
    engine: &Engine,
    graph: &Graph,
    survey: &Survey,
) -> Vec<Check> {
    let strangers = survey.errors.iter().filter(|(_, error)| error.class == Class::Stranger);
    let mut checks: Vec<Check> = strangers
        .map(|(address, error)| {
            let remedy = error.remedy().unwrap_or_default();
            Check::failure("names", format!("{address}: {error}"), remedy)
        })
        .collect();
    let plan = Plan::of(graph, creates(engine, survey));
    if plan.wanted.is_empty() {
        checks.push(clock::judge(session.cx.log().skew()));
    } else {
        let mut examined = doctor::examine(&session.cx, &plan, &images(session)).await;
        if survey.meets_other_runs() {
            examined.iter_mut().for_each(tolerate);
        }
        checks.extend(examined);
    }
    checks
}

/// What two runs made at once takes names and fills quotas until `up` has brought it back to one.
fn tolerate(check: &mut Check) {
    if check.verdict == Verdict::Failure && ["names", "quotas"].contains(&check.check) {
        check.verdict = Verdict::Warning;
        check.what.push_str("; some of it another run has made, and `up` keeps one of each");
    }
}

/// Where the images are asked for: nowhere, when nothing will pull them.
fn images(session: &Session) -> Images {
    if session.local {
        Images::Skipped("the simulator pulls none")
    } else if session.cx.is_imitation() {
        Images::Skipped("what answers is not AWS and pulls none")
    } else {
        Images::At(Registries::of_the_world())
    }
}

/// What takes up room that it has not yet. What a killed run has begun may be there already, and
/// what is replaced leaves its own room.
fn creates<'a>(engine: &Engine, survey: &'a Survey) -> Vec<&'a Address> {
    let begun = |address: &Address| {
        engine.work.with_state(|state| {
            state.records.get(address).is_some_and(|record| record.started.is_some())
        })
    };
    let findings = survey.findings.iter().filter(|(address, finding)| {
        let made =
            matches!(finding.action, Action::Create | Action::Replace(Replacement::CreateFirst));
        made && !survey.errors.contains_key(*address) && !begun(address)
    });
    findings.map(|(address, _)| address).collect()
}

/// A refusal as a check's line.
fn line(check: &'static str, error: &CliError) -> Check {
    let remedy = (!error.hints.is_empty()).then(|| error.hints.join("; "));
    Check { check, verdict: Verdict::Failure, what: error.message.clone(), remedy }
}
