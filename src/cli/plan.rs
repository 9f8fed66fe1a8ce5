//! `meshctl plan`: what `up` would do, and why. Changes nothing.

use super::{CliError, Exit, args::Common, session::Session};
use crate::{
    engine::{Action, Counts, Event, Events, Finding, Interrupt, Outcome, Survey, forecast},
    model::{Address, Change, Depth, Fix, Graph},
    report::{
        Output,
        forecast::sentence,
        human::told,
        json,
        text::{count, err, out, parts},
    },
    stack::Outputs,
};
use clap::Args;
use serde_json::{Value, json};

/// Show what `up` would do, and why
///
/// Reads AWS and changes nothing. Values that are known only once something exists are shown as
/// such.
#[derive(Args, Debug)]
pub struct Plan {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
    /// Exit with 3 when there is anything to do
    #[arg(long)]
    pub check: bool,
    /// Look at every setting, also those that AWS shows only one resource at a time
    #[arg(long)]
    pub refresh: bool,
}

impl Plan {
    /// Runs the command.
    ///
    /// # Errors
    /// When AWS cannot be asked, or a read is refused.
    pub async fn run(&self) -> Result<Exit, CliError> {
        let mut session = Session::open(&self.common, false).await?;
        let mut store = session.glance()?;
        session.expire(None, &mut store)?;
        let graph = session.graph().await?;
        tell_mesh(&session, self.common.output);
        let engine = session.engine(store, Events::nowhere(), Interrupt::default());
        let depth = if self.refresh { Depth::Full } else { Depth::Listed };
        let survey = Survey::take(&engine.work, &graph, &engine.registry, depth).await?;
        if let Some((address, error)) = survey.errors.iter().next() {
            let mut refused = CliError::from(error.clone());
            refused.message = format!("{address}: {}", refused.message);
            return Err(refused);
        }
        let now = (engine.work.date)();
        for check in survey.foreign.iter().map(|run| run.check(now)) {
            match self.common.output {
                Output::Human => err!("{}", told(&check)),
                Output::Json => out!("{}", json::check(&check)),
            }
        }
        let counts = counts(&survey);
        let path = forecast(&graph, &survey, &engine.work.estimates);
        match self.common.output {
            Output::Human => {
                self.print(&graph, &survey, &counts);
                if path.seconds >= 5.0 {
                    out!("expected to take {}", sentence(&path));
                }
            }
            Output::Json => {
                lines(&graph, &survey).iter().for_each(|line| out!("{line}"));
                let expected = Event::Forecast { path };
                json::line(&expected).iter().for_each(|line| out!("{line}"));
                let outcome = Outcome { counts, ..Outcome::default() };
                let outputs =
                    Outputs::of(&survey.known, session.cx.scope(), session.config.as_ref());
                super::summary::summary(&session, "plan", &outcome, &outputs);
            }
        }
        Ok(if self.check && is_pending(&counts) { Exit::Changes } else { Exit::Done })
    }

    fn print(&self, graph: &Graph, survey: &Survey, counts: &Counts) {
        for (address, finding) in &survey.findings {
            let Some(step) = graph.get(address) else { continue };
            let kind = step.kind().kind();
            let id = finding.identity.as_ref().map(|identity| step.kind().id(identity));
            let id = id.unwrap_or_default();
            match &finding.action {
                Action::Nothing => continue,
                Action::Create => {
                    out!("  + {address} ({kind})");
                    if self.common.verbose > 0 {
                        wish(&step.wish());
                    }
                    continue;
                }
                Action::Update => out!("  ~ {address} ({id})"),
                Action::Replace(_) => {
                    out!("-/+ {address} ({id}): AWS cannot change this in place")
                }
                Action::Rebuild(on) => out!("-/+ {address} ({id}): it stands on {on}"),
                Action::Depends(on) => {
                    out!("  ? {address} ({id}): known once {on} is made");
                }
            }
            changes(finding);
        }
        for extra in &survey.extras {
            let id = extra.kind.id(&extra.identity);
            match &extra.duplicate_of {
                Some(kept) => {
                    out!("  - {} ({id}): duplicate of {kept}, removed", extra.address);
                }
                None => out!("  - {} ({id})", extra.address),
            }
        }
        let undecided =
            survey.findings.values().filter(|one| matches!(one.action, Action::Depends(_))).count();
        let would = parts(&[
            (counts.created, "to create"),
            (counts.updated, "to change"),
            (counts.replaced, "to replace"),
            (counts.deleted, "to remove"),
            (undecided, "to be seen"),
            (counts.unchanged, "as wished"),
        ]);
        let nothing = if is_pending(counts) { "" } else { "; nothing to do" };
        out!("{}: {would}{nothing}", count(counts.total, "resource"));
    }
}

/// Says which kind of mesh it will be, and why, before anything is done.
pub fn tell_mesh(session: &Session, output: Output) {
    let Some(choice) = session.mesh() else { return };
    match (output, choice.news()) {
        (Output::Human, Some(news)) => err!("{news}"),
        (Output::Human, None) => {}
        (Output::Json, _) => {
            let mut line = json!(choice);
            line["event"] = "mesh".into();
            out!("{line}");
        }
    }
}

/// Prints the fields and tags that differ.
pub fn changes(finding: &Finding) {
    for Change { field, want, have, fix } in finding.drift.changes() {
        let note = if *fix == Fix::Replacement { " (replacement)" } else { "" };
        out!("        {field}: {have} -> {want}{note}");
    }
    for (key, value) in &finding.tags.set {
        out!("        tag {key}: {value:?}");
    }
    for key in &finding.tags.remove {
        out!("        tag {key}: removed");
    }
}

/// Prints the fields of something that will be made.
fn wish(wish: &Value) {
    for (field, value) in wish.as_object().into_iter().flatten() {
        out!("        {field}: {}", known_later(value));
    }
}

/// A value in which references are shown as what they are.
fn known_later(value: &Value) -> String {
    match value {
        Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
            Some(address) => format!("(known once {address} is made)"),
            None => {
                let members = members.iter();
                let parts: Vec<_> =
                    members.map(|(key, value)| format!("{key}: {}", known_later(value))).collect();
                format!("{{ {} }}", parts.join(", "))
            }
        },
        Value::Array(items) => {
            let parts: Vec<_> = items.iter().map(known_later).collect();
            format!("[{}]", parts.join(", "))
        }
        other => other.to_string(),
    }
}

fn is_pending(counts: &Counts) -> bool {
    counts.unchanged < counts.total || counts.deleted > 0
}

fn counts(survey: &Survey) -> Counts {
    let mut counts = Counts { total: survey.findings.len(), ..Counts::default() };
    for finding in survey.findings.values() {
        match finding.action {
            Action::Nothing => counts.unchanged += 1,
            Action::Create => counts.created += 1,
            Action::Update => counts.updated += 1,
            Action::Replace(_) | Action::Rebuild(_) => counts.replaced += 1,
            Action::Depends(_) => {}
        }
    }
    counts.deleted = survey.extras.len();
    counts
}

fn lines(graph: &Graph, survey: &Survey) -> Vec<Value> {
    let line = |address: &Address, kind: String, id: Option<String>, action: &str| {
        json!({
            "event": "plan",
            "address": address,
            "kind": kind,
            "id": id,
            "seconds": 0.0,
            "action": action,
        })
    };
    let mut lines = Vec::new();
    for (address, finding) in &survey.findings {
        let Some(step) = graph.get(address) else { continue };
        let (action, on) = match &finding.action {
            Action::Nothing => continue,
            Action::Create => ("create", None),
            Action::Update => ("update", None),
            Action::Replace(_) => ("replace", None),
            Action::Rebuild(on) => ("replace", Some(on)),
            Action::Depends(on) => ("depends", Some(on)),
        };
        let id = finding.identity.as_ref().map(|identity| step.kind().id(identity));
        let mut one = line(address, step.kind().kind().to_string(), id, action);
        one["changes"] = json!(finding.drift.changes());
        one["tags"] = json!({ "set": finding.tags.set, "remove": finding.tags.remove });
        if let Some(on) = on {
            one["because"] = json!(on);
        }
        if finding.action == Action::Create {
            one["wish"] = step.wish();
        }
        lines.push(one);
    }
    for extra in &survey.extras {
        let id = Some(extra.kind.id(&extra.identity));
        let mut one = line(&extra.address, extra.kind.kind().to_string(), id, "delete");
        if let Some(kept) = &extra.duplicate_of {
            one["duplicate_of"] = json!(kept);
        }
        lines.push(one);
    }
    lines
}
