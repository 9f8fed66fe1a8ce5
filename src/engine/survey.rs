//! What there is, beside what is wanted: the part that `plan`, `up` and `status` share. Reads only.

mod choice;
mod extras;
mod recorded;

pub use extras::{Extra, Late, late};
pub(super) use recorded::Recorded;

use super::{
    foreign::{self, Foreign},
    retry::Doing,
    work::Work,
};
use crate::{
    model::{
        Address, ByAddress, Class, Depth, Drift, Error, Fingerprint, Found, Graph, Identities,
        Identity, KindOps, Live, Readiness, Registry, Replacement, Result, Step, Tags,
        tags::TagChanges,
    },
    state::Record,
};
use futures_util::future::join_all;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// What must be done with a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It is as wished.
    Nothing,
    /// It does not exist.
    Create,
    /// Some fields or tags differ, and AWS changes them in place.
    Update,
    /// Some fields differ that AWS cannot change.
    Replace(Replacement),
    /// It stands on something that is replaced first, and must make room for that.
    Rebuild(Address),
    /// It exists; whether it must change is known only after this has an identity.
    Depends(Address),
}

/// One node of the configuration, as it was found.
#[derive(Clone)]
pub struct Finding {
    /// Its identity, when it exists.
    pub identity: Option<Identity>,
    /// Its description, when it exists and was looked at.
    pub live: Option<Live>,
    /// Whether what stands on it shows that it is there and works, so that nobody looked at it.
    pub shown: bool,
    /// The fields that differ, as far as known.
    pub drift: Drift,
    /// The tags that differ.
    pub tags: TagChanges,
    /// What must be done.
    pub action: Action,
    /// Whether it works.
    pub readiness: Readiness,
    /// Whether it was found in the account and not on record.
    pub adopted: bool,
    /// Whether it was found, or is on record and never settled: its maker may have been killed a moment
    /// ago, and reads lag behind creates. Taking it for gone would make a second one.
    pub fresh: bool,
    /// Whether the record says that it is as wished, or was when it was last seen.
    pub settled: bool,
    /// Whether another one of its address is on record or was found: a listing by name, as of a task
    /// definition's family, may show that one.
    pub beside: bool,
}

impl Finding {
    /// Whether it exists.
    pub fn exists(&self) -> bool {
        self.live.is_some() || self.shown
    }
}

/// The whole stack, as it was found.
#[derive(Default)]
pub struct Survey {
    /// The configuration's nodes, in the graph's order.
    pub findings: ByAddress<Finding>,
    /// What must go.
    pub extras: Vec<Extra>,
    /// The identities of what exists and stays.
    pub known: Identities,
    /// Reads that failed.
    pub errors: BTreeMap<Address, Error>,
    /// What shares its address with what stays, exists, and is not chosen.
    others: Vec<(Address, Identity)>,
    /// Other runs that seem to be at work: they made something a few minutes ago, and not all is there.
    pub foreign: Vec<Foreign>,
    /// Whether all kinds were searched, whatever is on record.
    whole: bool,
    /// Whether an earlier run began to make things and did not come to its end.
    begun: bool,
}

/// What a search of all kinds found.
pub type Census = BTreeMap<&'static str, Vec<Found>>;

/// Searches these kinds, all at once.
///
/// # Errors
/// The first refusal; throttling and passing failures are tried again. A service that AWS has ended
/// and that keeps silent counts as empty.
pub async fn census<'a>(
    work: &Work,
    kinds: impl IntoIterator<Item = &'a Rc<dyn KindOps>>,
) -> Result<Census> {
    let searches = kinds.into_iter().map(|kind| async move {
        let name = Address::new(kind.kind().0);
        let found = work.attempt(&name, kind.kind(), Doing::Read, || kind.search()).await;
        match found {
            Err(error) if error.class == Class::Silent => {
                work.keeps_silent(kind.kind(), &error);
                Ok((kind.kind().0, Vec::new()))
            }
            found => Ok((kind.kind().0, found?)),
        }
    });
    join_all(searches).await.into_iter().collect()
}

/// Changes when the wish, its tags or the identities that it needs change.
pub fn fingerprint(
    step: &dyn Step,
    address: &Address,
    needs: impl IntoIterator<Item = Option<Fingerprint>>,
) -> Fingerprint {
    let text = serde_json::json!([step.wish(), step.tags(address)]).to_string();
    Fingerprint::of(&text, needs)
}

impl Survey {
    /// Looks at everything: on record, and in the account where the record is silent. `depth`
    /// forces a full look at everything; otherwise what is settled and wished as before is only
    /// listed.
    ///
    /// # Errors
    /// When a search is refused.
    pub async fn take(
        work: &Work,
        graph: &Graph,
        registry: &Registry,
        depth: Depth,
    ) -> Result<Self> {
        let records = work.with_state(|state| state.records.clone());
        let is_whole = work.is_whole();
        let mut whole = records.is_empty() || is_whole != Some(true);
        let kinds = if whole {
            registry.iter().collect()
        } else {
            kinds_to_search(graph, registry, &records)
        };
        let mut found = census(work, kinds).await?;
        let recorded = Recorded::of(graph, &records);
        let mut survey = Self::seen(work, graph, &recorded, &found, depth).await;
        if !whole && survey.is_outdated(&recorded) {
            // Others took away what is on record, and may have made it again.
            whole = true;
            found = census(work, registry.iter()).await?;
            survey = Self::seen(work, graph, &recorded, &found, depth).await;
        }
        let census = found;
        (survey.whole, survey.begun) = (whole, is_whole == Some(false));
        survey.find_extras(registry, &recorded, &census);
        survey.judge(work, graph, &recorded);
        if !survey.is_as_wished() {
            survey.foreign = foreign::at_work(work, foreign::runs(work, registry, &census));
        }
        Ok(survey)
    }

    /// Gives every node its identity, and describes what has one.
    async fn seen(
        work: &Work,
        graph: &Graph,
        recorded: &Recorded<'_>,
        census: &Census,
        depth: Depth,
    ) -> Self {
        let mut survey = Self::default();
        survey.identify(work, graph, recorded, census).await;
        survey.read(work, graph, recorded, depth).await;
        survey
    }

    /// Whether something on record is not there (any more), or another one stands beside it.
    fn is_outdated(&self, recorded: &Recorded<'_>) -> bool {
        let mut findings = self.findings.values().enumerate();
        !self.others.is_empty()
            || findings.any(|(place, finding)| {
                let on_record = recorded.at(place).and_then(|record| record.identity.as_ref());
                on_record.is_some() && finding.identity.as_ref() != on_record
            })
    }

    /// Gives every node its identity: of what is on record and what was found, the one that stays.
    async fn identify(
        &mut self,
        work: &Work,
        graph: &Graph,
        recorded: &Recorded<'_>,
        census: &Census,
    ) {
        let mut shown: ByAddress<Vec<(&str, &Found)>> = ByAddress::default();
        for (kind, found) in census {
            for found in found {
                shown.entry(found.address.clone()).or_default().push((kind, found));
            }
        }
        let of_kind = |place: usize| {
            let Some((address, step)) = graph.at(place) else { return Vec::new() };
            let here = shown.get(address).into_iter().flatten();
            let here = here.filter(|(name, _)| *name == step.kind().kind().0);
            here.map(|(_, found)| *found).collect()
        };
        let mut candidates = choice::candidates(graph, recorded, of_kind);
        let others = choice::choose(work, graph, &mut candidates).await.into_iter();
        let others = others.filter_map(|(place, other)| Some((graph.at(place)?.0.clone(), other)));
        self.others = others.collect();
        self.findings.reserve(graph.len());
        self.known.reserve(graph.len());
        for ((place, (address, step)), mut chosen) in graph.iter().enumerate().zip(candidates) {
            let kind = step.kind();
            let record = recorded.at(place);
            let on_record = record.and_then(|record| record.identity.as_ref());
            let retired = || record.into_iter().flat_map(|record| &record.retired);
            let identity = chosen.pop().map(|candidate| candidate.identity);
            let adopted = identity.is_some() && identity.as_ref() != on_record;
            if let Some(identity) = &identity {
                self.known.put(address.clone(), identity.clone());
            }
            let settled = record.and_then(|record| record.settled.as_ref());
            let settled = settled.filter(|_| !adopted);
            let other = |one: &Identity| identity.as_ref().is_some_and(|it| !same(kind, it, one));
            let finding = Finding {
                fresh: settled.is_none(),
                settled: settled.is_some_and(|settled| settled.wish.is_some()),
                beside: retired().chain(of_kind(place).iter().map(|it| &it.out)).any(other),
                adopted,
                identity,
                live: None,
                shown: false,
                drift: Drift::none(),
                tags: TagChanges::default(),
                action: Action::Create,
                readiness: Readiness::Waiting("it does not exist".into()),
            };
            self.findings.insert(address.clone(), finding);
        }
    }

    /// Says what must be done with each node, needs first.
    fn judge(&mut self, work: &Work, graph: &Graph, recorded: &Recorded<'_>) {
        let mut unsettled = vec![false; graph.len()];
        for at in graph.dag().sorted().iter().copied() {
            let (Some((address, step)), Some((_, finding))) =
                (graph.at(at), self.findings.get_index_mut(at))
            else {
                continue;
            };
            let mut needs = graph.dag().needs(at);
            let moving = needs.find(|(on, _)| unsettled[*on]).and_then(|(on, _)| graph.at(on));
            let Some(live) = &finding.live else {
                match moving {
                    Some((on, _)) if finding.shown => finding.action = Action::Depends(on.clone()),
                    None if finding.shown => finding.action = Action::Nothing,
                    _ => unsettled[at] = true,
                }
                continue;
            };
            if let Err(error) = work.own(step.kind(), finding.identity.as_deref(), live) {
                // What another made under the name of ours is neither changed nor made again.
                self.errors.insert(address.clone(), error);
                unsettled[at] = true;
                continue;
            }
            let settled = recorded.at(at).and_then(|record| record.settled.as_ref());
            let settled = settled.filter(|_| !finding.adopted);
            finding.tags = tag_changes(&**step, address, live, settled.map(|s| &s.tags));
            if let Some((on, _)) = moving {
                finding.action = Action::Depends(on.clone());
                if step.kind().replacement() == Replacement::CreateFirst {
                    // It may get another identity, which its dependants must then take up.
                    unsettled[at] = true;
                }
                continue;
            }
            let drift = step.drift(live, &self.known).unwrap_or_default();
            let goes = |identity: &Value| self.extras.iter().any(|one| *one.identity == *identity);
            finding.drift = work.foreign(drift).without_own(goes);
            finding.action = if finding.drift.replaces() {
                unsettled[at] = true;
                self.known.remove(address);
                Action::Replace(step.kind().replacement())
            } else if finding.drift.is_empty() && finding.tags.is_empty() {
                Action::Nothing
            } else {
                Action::Update
            };
        }
        self.make_room(graph, recorded);
    }

    /// What stands on something that goes before its successor comes must go before it.
    fn make_room(&mut self, graph: &Graph, recorded: &Recorded<'_>) {
        let replaced = |finding: &Finding| {
            finding.action == Action::Replace(Replacement::DeleteFirst)
                || matches!(finding.action, Action::Rebuild(_))
        };
        loop {
            let moving: BTreeSet<Address> = self
                .findings
                .iter()
                .filter(|(_, finding)| replaced(finding))
                .map(|(address, _)| address.clone())
                .collect();
            if moving.is_empty() {
                return;
            }
            let mut more = false;
            for (at, (address, finding)) in self.findings.iter_mut().enumerate() {
                if !finding.exists() || replaced(finding) {
                    continue;
                }
                let edges = recorded.at(at).map(|record| record.edges.clone());
                let edges = edges.unwrap_or_else(|| graph.needs(address));
                let on = edges.iter().find(|edge| !edge.only_after && moving.contains(&edge.on));
                if let Some(edge) = on {
                    finding.action = Action::Rebuild(edge.on.clone());
                    self.known.remove(address);
                    more = true;
                }
            }
            if !more {
                break;
            }
        }
        self.await_rebuilt(graph);
    }

    /// What comes after something that is made anew may have to change for it.
    fn await_rebuilt(&mut self, graph: &Graph) {
        let moving: BTreeSet<Address> = self
            .findings
            .iter()
            .filter(|(_, it)| matches!(it.action, Action::Replace(_) | Action::Rebuild(_)))
            .map(|(address, _)| address.clone())
            .collect();
        for (address, finding) in &mut self.findings {
            if finding.action != Action::Nothing {
                continue;
            }
            let needs = graph.needs(address);
            let awaited = needs.iter().find(|it| it.only_after && moving.contains(&it.on));
            if let Some(edge) = awaited {
                finding.action = Action::Depends(edge.on.clone());
            }
        }
    }

    /// Whether nothing is to be made, changed, removed or waited for.
    pub fn is_as_wished(&self) -> bool {
        let rests = |finding: &Finding| {
            finding.action == Action::Nothing && finding.readiness == Readiness::Ready
        };
        self.extras.is_empty() && self.findings.values().all(rests)
    }

    /// Whether something here is another run's: its names are found and not refused, and the room that
    /// its duplicates take is made free.
    pub fn meets_other_runs(&self) -> bool {
        let mut extras = self.extras.iter();
        !self.foreign.is_empty() || extras.any(|extra| extra.duplicate_of.is_some())
    }

    /// The first read that was refused for good.
    pub fn refusal(&self) -> Option<(&Address, &Error)> {
        let refused = |error: &Error| matches!(error.class, Class::Denied | Class::Credentials);
        self.errors.iter().find(|(_, error)| refused(error))
    }
}

/// Whether two identities are of one resource: what people know it by decides, since a search may
/// spell the rest another way than the creating call. One that was made again under its name has
/// another ARN, where AWS puts more than the name into it.
pub fn same(kind: &Rc<dyn KindOps>, one: &Value, other: &Value) -> bool {
    let arn = |identity: &Value| {
        let arn = identity.get("arn").and_then(Value::as_str);
        // CloudWatch Logs writes a group's both ways.
        arn.map(|arn| arn.trim_end_matches(":*").to_owned())
    };
    let apart = || arn(one).zip(arn(other)).is_some_and(|(one, other)| one != other);
    one == other || kind.id(one) == kind.id(other) && !apart()
}

/// The kinds that the record says too little about.
fn kinds_to_search<'a>(
    graph: &'a Graph,
    registry: &'a Registry,
    records: &ByAddress<Record>,
) -> Vec<&'a Rc<dyn KindOps>> {
    let unrecorded = graph.iter().filter(|(address, _)| {
        records.get(*address).is_none_or(|record| record.identity.is_none())
    });
    let names: BTreeSet<&str> = unrecorded.map(|(_, step)| step.kind().kind().0).collect();
    names.into_iter().filter_map(|name| registry.get(name)).collect()
}

/// What must change in the tags: by AWS's answer where it shows them, else by the record.
pub fn tag_changes(
    step: &dyn Step,
    address: &Address,
    live: &Live,
    recorded: Option<&Tags>,
) -> TagChanges {
    let want = step.tags(address);
    if want.is_empty() {
        return TagChanges::default();
    }
    let nothing = Tags::new();
    let ours = recorded.unwrap_or(&nothing);
    match (step.kind().tags(live), recorded) {
        (Some(have), _) => TagChanges::between(&have, &want, ours),
        (None, Some(have)) => TagChanges::between(have, &want, have),
        // Just made, or just found by these very tags.
        (None, None) => TagChanges::default(),
    }
}
