//! `meshctl adopt`: rebuild the state from the tags of what exists.

use super::{
    CliError, Exit,
    args::Common,
    session::{Session, demand_name},
    trace,
};
use crate::{
    engine::{
        Events, Interrupt,
        survey::{Census, census},
        work::Work,
    },
    model::{Address, Depth, Found, Graph, Identity, KindOps, tags::STACK},
    report::{
        Output, Reporter,
        text::{count, out},
    },
    state::{Entry, State, Store, StoreError, store::set_aside},
};
use clap::Args;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// Rebuild the state from the tags of what exists
///
/// For a state that is lost, damaged or of another version. What was there is set aside under
/// another name, and nothing in the account is changed. A state that says what the account says stays
/// as it is.
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
        demand_name(&self.common, "adopt").await?;
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
                for line in &adopted.strangers {
                    out!("off the record: {line}");
                }
                let resources = count(adopted.found.len(), "resource");
                if adopted.mended {
                    out!("{stack}: {resources} on record again");
                } else {
                    out!("{stack}: nothing to mend: {resources} on record, as in the account");
                }
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
                    "mended": adopted.mended,
                    "adopted": adopted.found.len(),
                    "off_the_record": adopted.strangers,
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
    /// What was on record and exists, but does not carry this stack's tag.
    pub strangers: Vec<String>,
    /// Whether the record said something else than the account; else nothing was written.
    pub mended: bool,
}

/// What a state or the account says of one resource: address, kind, ID, and whether it is the current
/// one of its address.
type Said = BTreeSet<(Address, String, String, bool)>;

/// Sets the old state aside and writes one that says what the account says, where they differ. The new
/// one is whole before the old one goes: everything is asked first.
///
/// # Errors
/// When a search was refused, or the state cannot be written.
pub async fn adopt(
    session: &Session,
    graph: Option<&Graph>,
    events: Events,
) -> Result<Adopted, CliError> {
    let scope = session.cx.scope();
    let old = Store::read(&session.directory, &scope.stack).ok();
    if let Some(store) = &old {
        // A sound state of another account or region is refused: it is not damaged, it is not meant.
        session.own(store.state())?;
    }
    let memory = Store::in_memory(State::of(&scope.stack));
    let engine = session.engine(memory, events, Interrupt::default());
    let mut census = census(&engine.work, session.registry.iter()).await?;
    if let Some(store) = &old {
        add_unseen(&mut census, &engine.work, session, store.state());
    }
    let mut found = Vec::new();
    let mut state = State::of(&scope.stack);
    let mut entries = Vec::new();
    for (name, all) in census {
        let Some(kind) = session.registry.get(name) else { continue };
        for (address, mut here) in by_address(all) {
            here.sort_by_key(|found| found.rank);
            let last = here.len() - 1;
            for (index, one) in here.into_iter().enumerate() {
                found.push((address.clone(), name, kind.id(&one.out)));
                entries.push(created(graph, &address, kind, one.out));
                if index < last {
                    entries.push(Entry::Retired { address: address.clone() });
                }
            }
        }
    }
    for entry in &entries {
        let illegal =
            |source| StoreError::Illegal { path: session.directory.clone(), line: 0, source };
        state.apply(entry).map_err(illegal)?;
    }
    let now = said(session, &state);
    let before = old.as_ref().map(|store| said(session, store.state()));
    if before.as_ref() == Some(&now) {
        return Ok(Adopted { found, aside: Vec::new(), strangers: Vec::new(), mended: false });
    }
    let strangers = match &old {
        Some(store) => strangers(session, &engine.work, store.state(), &now).await?,
        None => Vec::new(),
    };
    let ending = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let aside = set_aside(&session.directory, &ending)?;
    let aside = aside.iter().map(|path| path.display().to_string()).collect();
    let mut store = session.store()?;
    let mut end = 0;
    for entry in entries {
        end = store.append(entry)?;
    }
    store.sync(end)?;
    store.compact()?;
    Ok(Adopted { found, aside, strangers, mended: true })
}

/// Everything that a state has an identity of.
fn said(session: &Session, state: &State) -> Said {
    let mut said = Said::new();
    for (address, record) in state.records.iter() {
        let Some(kind) = session.registry.get(&record.kind) else { continue };
        let mut say = |identity: &Identity, current| {
            let kind_name = kind.kind().0.to_owned();
            said.insert((address.clone(), kind_name, kind.id(identity), current));
        };
        record.identity.iter().for_each(|identity| say(identity, true));
        record.retired.iter().for_each(|identity| say(identity, false));
    }
    said
}

/// What is on record, was not found by its tags, and is there all the same: it has lost the tag.
async fn strangers(
    session: &Session,
    work: &Work,
    state: &State,
    found: &Said,
) -> Result<Vec<String>, CliError> {
    let mut strangers = Vec::new();
    for (address, record) in state.records.iter() {
        let Some(kind) = session.registry.get(&record.kind) else { continue };
        for identity in record.identity.iter().chain(&record.retired) {
            let (name, id) = (kind.kind().0, kind.id(identity));
            if found.iter().any(|(_, kind, known, _)| kind == name && *known == id) {
                continue;
            }
            let live = work.look(kind, address, identity, Depth::Full, false).await?;
            if live.is_some_and(|live| work.own(kind, Some(identity), &live).is_err()) {
                let stack = &session.cx.scope().stack;
                strangers.push(format!(
                    "{address} {id} ({name}): it exists and does not carry the tag {STACK}={stack}"
                ));
            }
        }
    }
    Ok(strangers)
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
