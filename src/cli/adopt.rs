//! `meshctl adopt`: rebuild the state from the tags of what exists.

use super::{CliError, Exit, args::Common, session::Session, trace};
use crate::{
    engine::{
        Events, Interrupt,
        survey::{Census, census},
        work::Work,
    },
    model::{Address, Found, Graph, Identity, KindOps, Tags},
    report::{
        Output, Reporter,
        text::{count, out},
    },
    state::{Entry, State, Store, store::set_aside},
};
use clap::Args;
use serde_json::json;
use std::{collections::BTreeMap, rc::Rc};

/// Rebuild the state from the tags of what exists
///
/// For a state that is lost, damaged or of another version. What was there is set aside under
/// another name, and nothing in the account is changed.
#[derive(Args, Debug)]
pub struct Adopt {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
}

impl Adopt {
    /// Runs the command.
    ///
    /// # Errors
    /// When AWS cannot be asked, or the state cannot be written.
    pub async fn run(&self) -> Result<Exit, CliError> {
        let session = Session::open(&self.common, true).await?;
        let _lock = session.lock("adopt")?;
        session.cx.log().refuse_mutations("adopt changes nothing");
        let graph = match session.config {
            // The state may be what cannot be read.
            Some(_) => Some(session.graph_after(&State::default()).await?),
            None => None,
        };
        let reporter =
            Reporter::new(self.common.output, session.clock, trace::is_on(self.common.verbose));
        let adopted = adopt(&session, graph.as_ref(), reporter.events()).await?;
        reporter.end();
        let stack = &session.cx.scope().stack;
        match self.common.output {
            Output::Human => {
                for path in &adopted.aside {
                    out!("set aside: {path}");
                }
                out!("{stack}: {} on record again", count(adopted.found.len(), "resource"));
                if adopted.found.is_empty() {
                    out!("  nothing in the account carries the tag meshctl:stack={stack}");
                }
            }
            Output::Json => {
                for (address, kind, id) in &adopted.found {
                    let line =
                        json!({ "event": "adopted", "address": address, "kind": kind, "id": id });
                    out!("{line}");
                }
                let line = json!({
                    "event": "summary",
                    "command": "adopt",
                    "outcome": Exit::Done.word(),
                    "adopted": adopted.found.len(),
                    "set_aside": adopted.aside,
                    "calls": session.cx.log().counts(),
                });
                out!("{line}");
            }
        }
        Ok(Exit::Done)
    }
}

/// What came of it.
pub struct Adopted {
    /// Address, kind and what people know it by.
    pub found: Vec<(Address, &'static str, String)>,
    /// Where the old files are now.
    pub aside: Vec<String>,
}

/// Sets the old state aside and writes one that says what the account says. The new one is whole
/// before the old one goes: everything is asked first.
///
/// # Errors
/// When a search was refused, or the state cannot be written.
pub async fn adopt(
    session: &Session,
    graph: Option<&Graph>,
    events: Events,
) -> Result<Adopted, CliError> {
    let scope = session.cx.scope();
    // A sound state of another account or region is refused: it is not damaged, it is not meant.
    let before = Store::read(&session.directory, &scope.stack);
    if let Ok(store) = &before {
        session.own(store.state())?;
    }
    let memory = Store::in_memory(State::of(&scope.stack));
    let engine = session.engine(memory, events, Interrupt::default());
    let mut census = census(&engine.work, session.registry.iter()).await?;
    if let Ok(store) = before {
        add_unseen(&mut census, &engine.work, session, store.state());
    }
    let ending = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let aside = set_aside(&session.directory, &ending)?;
    let mut store = session.store()?;
    let mut adopted = Adopted {
        found: Vec::new(),
        aside: aside.iter().map(|path| path.display().to_string()).collect(),
    };
    let mut end = 0;
    for (name, found) in census {
        let Some(kind) = session.registry.get(name) else { continue };
        for (address, mut ones) in by_address(found) {
            ones.sort_by_key(|one| one.rank);
            let last = ones.len() - 1;
            for (index, one) in ones.into_iter().enumerate() {
                adopted.found.push((address.clone(), name, kind.id(&one.out)));
                end = store.append(created(graph, &address, kind, one.out))?;
                if index < last {
                    end = store.append(Entry::Retired { address: address.clone() })?;
                }
            }
        }
    }
    store.sync(end)?;
    store.compact()?;
    Ok(adopted)
}

/// What is on record of services that could not be asked stays on record.
fn add_unseen(census: &mut Census, work: &Work, session: &Session, state: &State) {
    for (address, record) in state.records.iter() {
        let Some(kind) = session.registry.get(&record.kind) else { continue };
        if work.silence(kind.kind()).is_none() {
            continue;
        }
        let identities = record.retired.iter().chain(&record.identity);
        let found = identities.zip(0..).map(|(identity, rank)| {
            let found = Found::untagged(address.clone(), identity.clone());
            Found { rank, ..found }
        });
        census.entry(kind.kind().0).or_default().extend(found);
    }
}

fn by_address(found: Vec<Found>) -> BTreeMap<Address, Vec<Found>> {
    let mut at: BTreeMap<Address, Vec<Found>> = BTreeMap::new();
    for one in found {
        at.entry(one.address.clone()).or_default().push(one);
    }
    at
}

fn created(
    graph: Option<&Graph>,
    address: &Address,
    kind: &Rc<dyn KindOps>,
    identity: Identity,
) -> Entry {
    let step = graph.and_then(|graph| graph.get(address));
    Entry::Created {
        address: address.clone(),
        kind: kind.kind().0.into(),
        identity,
        edges: step.map(|step| step.edges().into()).unwrap_or_default(),
    }
}
