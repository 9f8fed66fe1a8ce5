//! `meshctl status`: what exists, its health, its drift, and the URLs.

use super::{CliError, Exit, args::Common, plan::changes, session::Session};
use crate::{
    engine::{Action, Counts, Events, Finding, Interrupt, Outcome, Survey},
    model::{Address, Depth, Graph, Readiness},
    report::{
        Output,
        text::{count, out},
    },
    stack::Outputs,
};
use clap::Args;
use serde_json::json;

/// Show what exists, its health and its drift
///
/// Looks at every setting of everything. Exits with 0 when all is ready and as wished, else with 1.
#[derive(Args, Debug)]
pub struct Status {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
    /// Only resources whose address begins with this
    pub only: Option<String>,
}

impl Status {
    /// Runs the command.
    ///
    /// # Errors
    /// When AWS cannot be asked, or a search is refused.
    pub async fn run(&self) -> Result<Exit, CliError> {
        let mut session = Session::open(&self.common, true).await?;
        let mut store = session.glance()?;
        session.expire(None, &mut store)?;
        let graph = match &session.config {
            Some(_) => session.graph().await?,
            None => Graph::default(),
        };
        let engine = session.engine(store, Events::nowhere(), Interrupt::default());
        let survey = Survey::take(&engine.work, &graph, &engine.registry, Depth::Full).await?;
        let seen = self.look(&graph, &survey).await;
        if let (Some(only), true) = (&self.only, seen.is_empty()) {
            let message = format!("no resource has an address that begins with {only:?}");
            return Err(CliError::new(Exit::Usage, message)
                .hint("`meshctl status` without it lists every address"));
        }
        let outputs = Outputs::of(&survey.known, session.cx.scope(), session.config.as_ref());
        let well = seen.iter().all(Seen::is_well);
        match self.common.output {
            Output::Human => {
                if seen.iter().any(|one| !matches!(one.state, State::Missing)) {
                    let longest = seen.iter().map(|one| one.address.as_str().len()).max();
                    seen.iter().for_each(|one| one.print(&survey, longest.unwrap_or_default()));
                }
                print_summary(&session, &seen, &outputs);
            }
            Output::Json => {
                seen.iter().for_each(|one| out!("{}", one.line(&survey)));
                let mut outcome = Outcome { counts: tally(&seen), ..Outcome::default() };
                if !well {
                    let message = "not everything is ready and as wished";
                    let error = crate::model::Error::new(crate::model::Class::Terminal, message);
                    let address = Address::new("stack");
                    outcome.failures.push(crate::engine::Failure { address, error });
                }
                super::summary::summary(&session, "status", &outcome, &outputs);
            }
        }
        Ok(if well { Exit::Done } else { Exit::Failed })
    }

    async fn look(&self, graph: &Graph, survey: &Survey) -> Vec<Seen> {
        let wanted = |address: &Address| {
            self.only.as_ref().is_none_or(|only| address.as_str().starts_with(only.as_str()))
        };
        let mut seen = Vec::new();
        for (address, finding) in survey.findings.iter().filter(|(address, _)| wanted(address)) {
            let Some(step) = graph.get(address) else { continue };
            let kind = step.kind();
            let state = match survey.errors.get(address) {
                Some(error) => State::Unknown(error.to_string()),
                None => state(finding),
            };
            seen.push(Seen {
                address: address.clone(),
                kind: kind.kind().to_string(),
                id: finding.identity.as_ref().map(|identity| kind.id(identity)),
                health: finding.live.as_ref().and_then(|live| kind.health(live)),
                state,
            });
        }
        for extra in survey.extras.iter().filter(|extra| wanted(&extra.address)) {
            let live = extra.kind.read(&extra.identity, Depth::Full).await;
            let state = match &live {
                Ok(None) => continue,
                Ok(Some(live)) if graph.is_empty() => match extra.kind.readiness(live) {
                    Readiness::Ready => State::Ready,
                    Readiness::Waiting(why) | Readiness::Failed(why) => State::Waiting(why),
                },
                Ok(Some(_)) => State::Extra(match &extra.duplicate_of {
                    Some(kept) => format!("duplicate of {kept}; `meshctl up` removes it"),
                    None => "not in the configuration; `meshctl up` removes it".into(),
                }),
                Err(error) => State::Unknown(error.to_string()),
            };
            seen.push(Seen {
                address: extra.address.clone(),
                kind: extra.kind.kind().to_string(),
                id: Some(extra.kind.id(&extra.identity)),
                health: live.ok().flatten().and_then(|live| extra.kind.health(&live)),
                state,
            });
        }
        seen
    }
}

/// One resource as it stands.
struct Seen {
    address: Address,
    kind: String,
    id: Option<String>,
    health: Option<String>,
    state: State,
}

enum State {
    Ready,
    Waiting(String),
    Drifted,
    Missing,
    /// Exists, and is not (any more) what the configuration has; why.
    Extra(String),
    Unknown(String),
}

fn state(finding: &Finding) -> State {
    match (&finding.action, &finding.readiness) {
        (Action::Create, _) => State::Missing,
        (_, Readiness::Waiting(why) | Readiness::Failed(why)) => State::Waiting(why.clone()),
        (Action::Nothing, Readiness::Ready) => State::Ready,
        (_, Readiness::Ready) => State::Drifted,
    }
}

impl Seen {
    fn is_well(&self) -> bool {
        matches!(self.state, State::Ready)
    }

    fn word(&self) -> (&'static str, &str) {
        match &self.state {
            State::Ready => ("ready", ""),
            State::Waiting(why) => ("waiting", why),
            State::Drifted => ("drifted", ""),
            State::Missing => ("missing", ""),
            State::Extra(why) => ("extra", why),
            State::Unknown(why) => ("unknown", why),
        }
    }

    fn print(&self, survey: &Survey, width: usize) {
        let (word, why) = self.word();
        let id = self.id.as_deref().unwrap_or("-");
        let health = self.health.as_deref().map(|text| format!("  {text}")).unwrap_or_default();
        let why = if why.is_empty() { String::new() } else { format!("  {why}") };
        out!("{word:<8} {:<width$} {id}{health}{why}", self.address.as_str());
        if let (State::Drifted, Some(finding)) = (&self.state, survey.findings.get(&self.address)) {
            changes(finding);
        }
    }

    fn line(&self, survey: &Survey) -> serde_json::Value {
        let (word, why) = self.word();
        let drift = survey.findings.get(&self.address).map(|finding| finding.drift.changes());
        json!({
            "event": "resource",
            "address": self.address,
            "kind": self.kind,
            "id": self.id,
            "seconds": 0.0,
            "state": word,
            "reason": why,
            "health": self.health,
            "changes": drift,
        })
    }
}

fn tally(seen: &[Seen]) -> Counts {
    let ready = seen.iter().filter(|one| one.is_well()).count();
    Counts {
        total: seen.len(),
        unchanged: ready,
        failed: seen.iter().filter(|one| matches!(one.state, State::Unknown(_))).count(),
        ..Counts::default()
    }
}

fn print_summary(session: &Session, seen: &[Seen], outputs: &Outputs) {
    let ready = seen.iter().filter(|one| one.is_well()).count();
    let stack = &session.cx.scope().stack;
    if seen.iter().all(|one| matches!(one.state, State::Missing)) {
        out!("{stack}: nothing exists; `meshctl up` makes it");
        return;
    }
    out!("{stack}: {ready} of {} ready and as wished", count(seen.len(), "resource"));
    for (name, value) in outputs.lines() {
        out!("  {name:<8} {value}");
    }
}
