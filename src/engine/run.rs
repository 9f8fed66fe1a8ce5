//! What `up` and `down` are made of: look, build, remove, prove.

use super::{
    Event, Outcome, Phase,
    build::Build,
    foreign,
    outcome::{Failure, Left},
    proof,
    removal::{Removed, remove},
    survey::{Extra, Late, Survey, census, late, same},
    work::Work,
};
use crate::{
    model::{Address, Class, Depth, Edges, Found, Graph, Identities, KindOps, Registry, Result},
    state::Entry,
};
use serde_json::Value;
use std::{collections::BTreeSet, rc::Rc};

/// How often `down` removes what its own proof still finds.
const ROUNDS: usize = 3;

/// How often `up` looks again when something vanished under it.
const LOOKS: usize = 3;

/// A stack at work.
pub struct Engine {
    /// Clock, state, slots.
    pub work: Work,
    /// Every kind.
    pub registry: Registry,
}

impl Engine {
    /// Brings the account to the graph: makes, changes, waits, and removes what is no longer wanted.
    /// Returns what it came to, and who is who.
    ///
    /// # Errors
    /// When nothing could be begun: a search was refused, or the state cannot be written.
    pub async fn up(&self, graph: &Graph, depth: Depth) -> Result<(Outcome, Identities)> {
        let survey = self.survey(graph, depth).await?;
        self.up_after(graph, survey).await
    }

    /// Looks at everything, and refuses what may not be looked at.
    ///
    /// # Errors
    /// When a search or a read was refused.
    pub async fn survey(&self, graph: &Graph, depth: Depth) -> Result<Survey> {
        self.work.events.tell(Event::Phase { phase: Phase::Survey, nodes: graph.len() });
        let survey = Survey::take(&self.work, graph, &self.registry, depth).await?;
        match survey.refusal() {
            Some((_, error)) => Err(error.clone()),
            None => {
                foreign::tell(&self.work, &survey.foreign);
                Ok(survey)
            }
        }
    }

    /// The rest of [`up`](Self::up), after a look at everything.
    ///
    /// # Errors
    /// Those of [`up`](Self::up).
    pub async fn up_after(&self, graph: &Graph, survey: Survey) -> Result<(Outcome, Identities)> {
        let (mut outcome, mut known) = self.pass(graph, survey).await?;
        // Something went away while others were built on it: an earlier `down` was still taking
        // it, or somebody else did. Another look, and a full one, since a listing may not tell,
        // finds it gone and makes it anew. What was going can go one after the other.
        let vanished = |failure: &Failure| failure.error.class == Class::Missing;
        for _ in 0..LOOKS {
            if outcome.interrupted || !outcome.failures.iter().any(vanished) {
                break;
            }
            let first = outcome.counts;
            let survey = self.survey(graph, Depth::Full).await?;
            (outcome, known) = self.pass(graph, survey).await?;
            let counts = &mut outcome.counts;
            let done = first.created + first.updated + first.replaced;
            counts.unchanged = counts.unchanged.saturating_sub(done);
            counts.created += first.created;
            counts.updated += first.updated;
            counts.replaced += first.replaced;
            counts.deleted += first.deleted;
        }
        self.work.finish()?;
        Ok((outcome, known))
    }

    /// What follows from one look at everything.
    async fn pass(&self, graph: &Graph, mut survey: Survey) -> Result<(Outcome, Identities)> {
        for address in survey.record(&self.work, graph, &self.registry).await? {
            self.tell_adopted(graph, &survey, &address);
        }
        let again = survey.searches_again();
        let rests = survey.is_as_wished();
        if !rests {
            self.work.begin()?;
        }
        let mut build = Build::new(self, graph, survey);
        build.make_room().await?;
        build.run().await?;
        build.remove_extras().await?;
        if build.blocked_by_extras() {
            build.run().await?;
        }
        let (mut outcome, known) = build.end();
        if !outcome.is_done() {
            // The next run searches everything. Another search now could fail, too, and hide what did.
            return Ok((outcome, known));
        }
        let alone = match (again, rests) {
            (true, _) => self.end_alone(&mut outcome, self.registry.iter()).await?,
            // Where others can have made second ones: what is searched for one by one bears a name of
            // which AWS allows one.
            (false, false) => {
                let kinds = self.registry.iter().filter(|kind| !kind.searched_one_by_one());
                self.end_alone(&mut outcome, kinds).await?
            }
            (false, true) => true,
        };
        if alone {
            self.work.now_whole()?;
        }
        Ok((outcome, known))
    }

    /// Searches once more, and removes what earlier runs had made and did not show before. False when
    /// another run was at work beside this one: then the next `up` searches everything.
    async fn end_alone<'a>(
        &self,
        outcome: &mut Outcome,
        kinds: impl IntoIterator<Item = &'a Rc<dyn KindOps>>,
    ) -> Result<bool> {
        let Late { extras, foreign } = late(&self.work, &self.registry, kinds).await?;
        foreign::tell(&self.work, &foreign);
        if !extras.is_empty() {
            self.work.events.tell(Event::Phase { phase: Phase::Remove, nodes: extras.len() });
            take(outcome, remove(&self.work, &extras).await);
        }
        Ok(foreign.is_empty())
    }

    /// Removes everything of the stack, on record or found, and proves that nothing is left.
    ///
    /// # Errors
    /// When a search was refused, or the state cannot be written.
    pub async fn down(&self) -> Result<Outcome> {
        self.work.events.tell(Event::Phase { phase: Phase::Survey, nodes: 0 });
        let mut extras = self.everything().await?;
        // What cannot be looked at is told at the end, and keeps nothing else from going.
        extras.retain(|extra| self.work.silence(extra.kind.kind()).is_none());
        let mut outcome = Outcome::default();
        outcome.counts.total = extras.len();
        // On record and there, but without this stack's tag: no search shows them.
        let mut strangers: Vec<Left> = Vec::new();
        // What they stand on: it cannot go before they do.
        let mut under_strangers: BTreeSet<Address> = BTreeSet::new();
        for round in 0..ROUNDS {
            let nodes = extras.len();
            self.work.events.tell(Event::Phase { phase: Phase::Remove, nodes });
            let mut removed = remove(&self.work, &extras).await;
            removed.failures.retain(|(_, _, error)| error.class != Class::Stranger);
            strangers.append(&mut removed.strangers);
            let by_stranger = |on: &Address| strangers.iter().any(|left| left.address == *on);
            let under = removed.skipped.iter().filter(|(_, on)| by_stranger(on));
            under_strangers.extend(under.map(|(address, _)| address.clone()));
            take(&mut outcome, removed);
            outcome.interrupted = self.work.interrupt.requested();
            outcome.halted = self.work.interrupt.halted();
            if outcome.interrupted {
                break;
            }
            self.work.events.tell(Event::Phase { phase: Phase::Proof, nodes: 0 });
            let kept = outcome.kept.iter().map(|(address, _)| address.clone()).collect();
            let left = proof::left(&self.work, &self.registry, &kept).await?;
            outcome.left = left.iter().map(|extra| describe(extra, &outcome)).collect();
            let (under, left): (Vec<Extra>, Vec<Extra>) =
                left.into_iter().partition(|extra| under_strangers.contains(&extra.address));
            // What showed only now, because it was made a moment before we began, goes too.
            let failed = |extra: &Extra| {
                let mut failures = outcome.failures.iter();
                failures.any(|failure| failure.address == extra.address)
            };
            // What nobody knew of may have stood in the way of what failed.
            let tried = |it: &Extra| extras.iter().any(|extra| extra.address == it.address);
            let unseen = round == 0 && !left.iter().all(tried);
            if left.is_empty() || left.iter().any(failed) && !unseen {
                break;
            }
            if unseen {
                outcome.failures.clear();
                let held = |address: &Address| under.iter().any(|extra| extra.address == *address);
                outcome.skipped.retain(|(address, _)| held(address));
                outcome.counts.failed = 0;
            }
            outcome.counts.total += left.len();
            extras = left;
        }
        outcome.left.extend(self.unseen());
        outcome.left.extend(strangers);
        outcome.counts.left = outcome.left.len();
        if outcome.left.is_empty() && !outcome.interrupted {
            self.forget()?;
        }
        self.work.finish()?;
        Ok(outcome)
    }

    /// What is on record of services that could not be asked.
    fn unseen(&self) -> Vec<Left> {
        let mut unseen = Vec::new();
        self.work.with_state(|state| {
            for (address, record) in state.records.iter() {
                let Some(kind) = self.registry.get(&record.kind) else { continue };
                let Some(error) = self.work.silence(kind.kind()) else { continue };
                let identities = record.identity.iter().chain(&record.retired);
                let ids: Vec<String> = identities.map(|identity| kind.id(identity)).collect();
                let begun = ids.is_empty().then(|| "perhaps made".to_owned());
                unseen.extend(ids.into_iter().chain(begun).map(|id| Left {
                    address: address.clone(),
                    kind: record.kind.to_string(),
                    id,
                    because: Some(format!("on record, and could not be looked at: {error}")),
                }));
            }
        });
        unseen
    }

    /// The union of what is on record and what the account shows.
    async fn everything(&self) -> Result<Vec<Extra>> {
        let records = self.work.with_state(|state| state.records.clone());
        let mut extras: Vec<Extra> = Vec::with_capacity(records.len());
        // Where those of each record begin.
        let mut begins = Vec::with_capacity(records.len());
        for (address, record) in records.iter() {
            begins.push(extras.len());
            let Some(kind) = self.registry.get(&record.kind) else { continue };
            for identity in record.identity.iter().chain(&record.retired) {
                extras.push(Extra::recorded(address, kind, identity, record));
            }
            // A creating call of unknown outcome: what it made may take a moment to show.
            if let Some(token) = &record.started
                && let Some(found) = self.work.find_made(kind, address, token).await?
            {
                extras.push(Extra::found(kind, found));
            }
        }
        begins.push(extras.len());
        // Where the record is whole, or nothing can stand in another's way below, what is not on record
        // may show later, in the proof.
        let whole = self.work.is_whole() == Some(true);
        let later = |kind: &Rc<dyn KindOps>| {
            kind.searched_one_by_one()
                && (whole || kind.stands_on().is_empty())
                && extras.iter().any(|extra| extra.kind.kind() == kind.kind())
        };
        let (later, first): (Vec<_>, Vec<_>) = self.registry.iter().partition(|kind| later(kind));
        let mut shown = census(&self.work, first).await?;
        let unknown = |kind: &&Rc<dyn KindOps>, found: &Found| {
            !records.get(&found.address).is_some_and(|record| {
                let mut ours = record.identity.iter().chain(&record.retired);
                ours.any(|one| same(kind, one, &found.out))
            })
        };
        let others = shown.iter().any(|(kind, found)| {
            let kind = self.registry.get(kind);
            kind.is_some_and(|kind| found.iter().any(|found| unknown(&kind, found)))
        });
        if others {
            // Another machine was here: what is on record may be gone, and others in its place.
            shown.extend(census(&self.work, later).await?);
        }
        foreign::tell(&self.work, &foreign::unsettled(&self.work, &self.registry, &shown).await);
        for (kind, found) in shown {
            let Some(kind) = self.registry.get(kind) else { continue };
            for found in found {
                let record = records.get_index_of(&found.address);
                let here = record.map_or(0..0, |record| begins[record]..begins[record + 1]);
                let known =
                    extras[here].iter_mut().find(|one| same(kind, &one.identity, &found.out));
                if let Some(extra) = known {
                    extra.seen = true;
                } else {
                    extras.push(Extra::found(kind, found));
                }
            }
        }
        // Recorded edges order only what is recorded with them; with anything found besides, the
        // kinds decide for all.
        if extras.iter().any(|extra| extra.edges.is_empty() && !extra.kind.stands_on().is_empty()) {
            extras.iter_mut().for_each(|extra| extra.edges = Edges::default());
        }
        // What was made last goes first, where nothing else decides.
        extras.reverse();
        Ok(extras)
    }

    /// Nothing is left in the account, so nothing stays on record.
    fn forget(&self) -> Result<()> {
        let entries: Vec<Entry> = self.work.with_state(|state| {
            let records = state.records.iter().flat_map(|(address, record)| {
                let started = record.started.iter();
                let abandoned = started.map(|_| Entry::Abandoned { address: address.clone() });
                let all = record.identity.iter().chain(&record.retired).cloned();
                let deleted =
                    all.map(|identity| Entry::Deleted { address: address.clone(), identity });
                abandoned.chain(deleted)
            });
            // Choices are about what stands.
            let choices = state.choices.keys().cloned();
            let choices = choices.map(|key| Entry::Chosen { key, value: Value::Null });
            records.chain(choices).collect()
        });
        entries.into_iter().try_for_each(|entry| self.work.note(entry))
    }

    fn tell_adopted(&self, graph: &Graph, survey: &Survey, address: &Address) {
        let identity = survey.findings.get(address).and_then(|finding| finding.identity.as_ref());
        if let (Some(step), Some(identity)) = (graph.get(address), identity) {
            let kind = step.kind();
            let id = kind.id(identity);
            let (address, kind) = (address.clone(), kind.kind());
            self.work.events.tell(Event::Adopted { address, kind, id });
        }
    }
}

fn describe(extra: &Extra, outcome: &Outcome) -> Left {
    let failure = outcome.failures.iter().find(|one| one.address == extra.address);
    let below = outcome.skipped.iter().find(|(address, _)| *address == extra.address);
    Left {
        address: extra.address.clone(),
        kind: extra.kind.kind().0.into(),
        id: extra.kind.id(&extra.identity),
        because: failure
            .map(|failure| failure.error.to_string())
            .or_else(|| below.map(|(_, on)| format!("{on} stands on it and is still there"))),
    }
}

/// Takes in what a removal came to. What has lost this stack's tag was left alone and stays on
/// record; it does not stand in the way of what is wanted.
pub(super) fn take(outcome: &mut Outcome, removed: Removed) {
    outcome.counts.deleted += removed.deleted.len();
    outcome.kept.extend(removed.kept);
    outcome.skipped.extend(removed.skipped);
    for (address, _, error) in removed.failures {
        if error.class == Class::Stranger {
            outcome.kept.push((address, error.to_string()));
        } else {
            outcome.counts.failed += 1;
            outcome.failures.push(Failure { address, error });
        }
    }
}
