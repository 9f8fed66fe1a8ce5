//! One `up` after its survey: the loop that starts what may start and hears what became of it.

use super::{
    Engine, Event, Outcome, Phase,
    ensure::{Ensure, Ensured, Identified},
    forecast::ahead,
    outcome::Failure,
    queue::Queue,
    removal::remove,
    run::take,
    survey::{Action, Extra, Survey, same},
    work::Work,
};
use crate::{
    model::{
        Address, Class, Edges, Error, Graph, Identities, Milestone, Readiness, Replacement, Result,
    },
    state::Entry,
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use tokio::sync::mpsc;
use tracing::Instrument;

/// One `up` after its survey.
pub(super) struct Build<'a> {
    engine: &'a Engine,
    graph: &'a Graph,
    survey: Survey,
    known: RefCell<Identities>,
    /// How each node ended well, by its place in the graph.
    ends: Vec<Option<Ensured>>,
    replaced: BTreeSet<Address>,
    failures: BTreeMap<Address, Failure>,
    skipped: BTreeMap<Address, Address>,
    outcome: Outcome,
    /// Whether others of an address that stays were removed.
    rid: bool,
    /// How often each node had to make room for itself, by its place in the graph.
    cleared: Vec<u32>,
}

impl<'a> Build<'a> {
    pub(super) fn new(engine: &'a Engine, graph: &'a Graph, mut survey: Survey) -> Self {
        let known = RefCell::new(std::mem::take(&mut survey.known));
        Self {
            engine,
            graph,
            survey,
            known,
            ends: vec![None; graph.len()],
            replaced: BTreeSet::new(),
            failures: BTreeMap::new(),
            skipped: BTreeMap::new(),
            outcome: Outcome::default(),
            rid: false,
            cleared: vec![0; graph.len()],
        }
    }

    /// Removes what must go before its successor can be made, with everything that stands on it.
    pub(super) async fn make_room(&mut self) -> Result<()> {
        let going: Vec<Address> = self
            .survey
            .findings
            .iter()
            .filter(|(_, finding)| {
                matches!(
                    finding.action,
                    Action::Replace(Replacement::DeleteFirst) | Action::Rebuild(_)
                )
            })
            .map(|(address, _)| address.clone())
            .collect();
        self.clear(going).await
    }

    /// Removes these nodes, to be made anew.
    async fn clear(&mut self, going: Vec<Address>) -> Result<()> {
        if going.is_empty() {
            return Ok(());
        }
        let work = &self.engine.work;
        let extras = going.iter().filter_map(|address| {
            let finding = self.survey.findings.get(address)?;
            let kind = self.graph.get(address)?.kind().clone();
            let record = work.with_state(|state| state.records.get(address).cloned());
            // What was made in this run is on record alone.
            let recorded = record.as_ref().and_then(|record| record.identity.clone());
            let identity = finding.identity.clone().or(recorded)?;
            let edges = record.map(|record| record.edges).unwrap_or_default();
            Some(Extra { edges, ..Extra::of(address.clone(), kind, identity) })
        });
        let extras: Vec<Extra> = extras.collect();
        work.events.tell(Event::Phase { phase: Phase::Remove, nodes: extras.len() });
        let removed = remove(work, &extras).await;
        for address in going {
            if let Some(finding) = self.survey.findings.get_mut(&address) {
                if removed.deleted.contains(&address) {
                    finding.identity = None;
                    finding.live = None;
                    finding.action = Action::Create;
                    self.replaced.insert(address.clone());
                }
                self.known.borrow_mut().remove(&address);
            }
        }
        for (address, _, error) in removed.failures {
            self.failures.insert(address.clone(), Failure { address, error });
        }
        self.skipped.extend(removed.skipped);
        Ok(())
    }

    /// Runs the loop until nothing more can start.
    pub(super) async fn run(&mut self) -> Result<()> {
        let work = &self.engine.work;
        work.events.tell(Event::Phase { phase: Phase::Build, nodes: self.graph.len() });
        let stuck = self.failures.keys().chain(self.skipped.keys());
        let stuck: Vec<usize> = stuck.filter_map(|address| self.graph.place(address)).collect();
        self.pass_settled();
        if stuck.is_empty() && self.ends.iter().all(Option::is_some) {
            return Ok(());
        }
        let path = ahead(self.graph, &self.survey, &work.estimates, &self.ends);
        if path.seconds > 0.0 {
            work.events.tell(Event::Forecast { path });
        }
        let mut queue = Queue::new(self.graph.dag(), |at, until| {
            let kind = self.graph.at(at).map(|(_, step)| step.kind());
            kind.map_or(0.0, |kind| work.estimates.up(kind.kind(), kind.times()).until(until))
        });
        for at in stuck {
            block(work, self.graph, &mut self.skipped, &mut queue, at);
        }
        for at in (0..self.ends.len()).filter(|at| self.ends[*at].is_some()) {
            queue.reached(at, Milestone::Ready);
        }
        loop {
            let must_go = self.turn(&mut queue).await?;
            if must_go.is_empty() || work.interrupt.requested() {
                return Ok(());
            }
            self.clear(self.with_dependants(&must_go)).await?;
            for at in must_go {
                self.cleared[at] += 1;
                let stays = self.graph.at(at).is_some_and(|(address, _)| {
                    self.failures.contains_key(address) || self.skipped.contains_key(address)
                });
                if stays {
                    block(work, self.graph, &mut self.skipped, &mut queue, at);
                } else {
                    queue.again(at);
                }
            }
        }
    }

    /// Nodes that are as wished and work need no life of their own.
    fn pass_settled(&mut self) {
        for ((address, finding), ended) in self.survey.findings.iter().zip(&mut self.ends) {
            let at_rest =
                finding.action == Action::Nothing && finding.readiness == Readiness::Ready;
            if ended.is_none() && at_rest && finding.settled && !self.failures.contains_key(address)
            {
                *ended = Some(Ensured::Unchanged);
            }
        }
    }

    /// Starts what may start and hears what became of it. Returns nodes that must go first.
    async fn turn(&mut self, queue: &mut Queue<'_>) -> Result<Vec<usize>> {
        let work = &self.engine.work;
        let known = &self.known;
        let begun = work.clock.now();
        let (identified, mut identities) = mpsc::unbounded_channel();
        let mut running = FuturesUnordered::new();
        let mut must_go = Vec::new();
        let mut told = false;
        loop {
            while !work.interrupt.requested()
                && let Some(at) = queue.take()
            {
                let (Some((address, step)), Some((_, finding))) =
                    (self.graph.at(at), self.survey.findings.get_index(at))
                else {
                    continue;
                };
                if let Some(error) = self.survey.errors.get(address) {
                    // What cannot be read must not be made again.
                    let error = error.clone();
                    let (failures, skipped) = (&mut self.failures, &mut self.skipped);
                    fail(work, self.graph, failures, skipped, queue, at, error);
                    continue;
                }
                let elapsed = work.clock.now().saturating_sub(begun).as_secs_f64();
                let ensure = Ensure {
                    work,
                    critical: queue.is_critical(at, elapsed),
                    place: at,
                    address: address.clone(),
                    step: Rc::clone(step),
                    needs: self.graph.needs(address),
                    finding: finding.clone(),
                    cleared: self.cleared[at],
                    known,
                    identified: identified.clone(),
                };
                let span = work.span(address);
                running.push(async move { (at, ensure.run().await) }.instrument(span));
            }
            if work.interrupt.requested() && !told {
                told = true;
                work.tell_interrupted(running.len());
            }
            tokio::select! {
                biased;
                () = work.interrupt.asked(2) => break,
                () = work.interrupt.asked(1), if !told => {}
                Some(Identified { place, identity }) = identities.recv() => {
                    if let Some((address, _)) = self.graph.at(place) {
                        known.borrow_mut().put(address.clone(), identity);
                    }
                    queue.reached(place, Milestone::Created);
                }
                ended = running.next() => match ended {
                    None => break,
                    Some((at, Ok(Ensured::MustGo))) => must_go.push(at),
                    Some((at, Ok(ensured))) => {
                        queue.reached(at, Milestone::Ready);
                        self.ends[at] = Some(ensured);
                    }
                    Some((_, Err(error))) if error.class == Class::Interrupted => {}
                    Some((at, Err(error))) => {
                        let stop = error.class == Class::State;
                        let (failures, skipped) = (&mut self.failures, &mut self.skipped);
                        fail(work, self.graph, failures, skipped, queue, at, error);
                        if stop {
                            // Nothing more may be done that cannot be written down.
                            work.interrupt.request();
                        }
                    }
                }
            }
        }
        Ok(must_go)
    }

    /// These nodes and everything that exists and stands on them.
    fn with_dependants(&self, roots: &[usize]) -> Vec<Address> {
        let roots = roots.iter().filter_map(|at| self.graph.at(*at));
        let mut going: BTreeSet<Address> = roots.map(|(address, _)| address.clone()).collect();
        loop {
            let stands = |address: &&Address| {
                let needs = self.graph.needs(address);
                needs.iter().any(|edge| !edge.only_after && going.contains(&edge.on))
            };
            let findings = self.survey.findings.iter().zip(&self.ends);
            let unstarted =
                findings.filter(|((_, it), ended)| it.identity.is_some() && ended.is_none());
            let more: Vec<Address> = unstarted
                .map(|((address, _), _)| address)
                .filter(|address| !going.contains(*address))
                .filter(stands)
                .cloned()
                .collect();
            if more.is_empty() {
                return going.into_iter().collect();
            }
            going.extend(more);
        }
    }

    /// Removes what is no longer wanted, once the rest is up.
    pub(super) async fn remove_extras(&mut self) -> Result<()> {
        let work = &self.engine.work;
        let retired = work.with_state(|state| {
            let retired = state.records.iter().flat_map(|(address, record)| {
                let kind = self.engine.registry.get(&record.kind).cloned();
                record.retired.iter().filter_map(move |identity| {
                    let (kind, identity) = (kind.clone()?, identity.clone());
                    let address = address.clone();
                    Some(Extra { seen: false, ..Extra::of(address, kind, identity) })
                })
            });
            retired.collect::<Vec<_>>()
        });
        let mut extras = std::mem::take(&mut self.survey.extras);
        let retired = retired.into_iter().map(|one| {
            let known = extras.iter().find(|extra| extra.identity == one.identity);
            let duplicate_of = known.and_then(|known| known.duplicate_of.clone());
            Extra { duplicate_of, ..one }
        });
        let retired: Vec<Extra> = retired.collect();
        extras.retain(|extra| !retired.iter().any(|one| one.identity == extra.identity));
        extras.extend(retired);
        // What was found and gone at the next look may have got its name back by now.
        let anew = |extra: &Extra| {
            self.graph.get(&extra.address).is_some()
                && work.with_state(|state| {
                    let record = state.records.get(&extra.address);
                    let ours = record.and_then(|record| record.identity.as_ref());
                    ours.is_some_and(|ours| same(&extra.kind, ours, &extra.identity))
                })
        };
        let (stays, extras): (Vec<Extra>, Vec<Extra>) = extras.into_iter().partition(anew);
        for Extra { address, identity, .. } in stays {
            // A search may have spelled it otherwise than the call that made it anew.
            let listed = work.with_state(|state| {
                let record = state.records.get(&address);
                record.is_some_and(|record| record.retired.contains(&identity))
            });
            if listed {
                work.note(Entry::Deleted { address, identity })?;
            }
        }
        // Another one of an address goes whatever failed, for it may be why: two links to one load
        // balancer, addresses that fill a quota.
        let blocked = self.failures.values().all(|one| one.error.class == Class::Stranger);
        let goes = |extra: &Extra| blocked || extra.duplicate_of.is_some();
        let (mut extras, stays): (Vec<Extra>, Vec<Extra>) = extras.into_iter().partition(goes);
        self.survey.extras = stays;
        if extras.is_empty() || work.interrupt.requested() {
            self.survey.extras.extend(extras);
            return Ok(());
        }
        if extras.iter().any(|extra| extra.duplicate_of.is_some()) {
            // Of these no edges are on record, and the kinds decide for all.
            extras.iter_mut().for_each(|extra| extra.edges = Edges::default());
        }
        work.events.tell(Event::Phase { phase: Phase::Remove, nodes: extras.len() });
        let removed = remove(work, &extras).await;
        let gone = |extra: &Extra| removed.deleted.contains(&extra.address);
        self.rid = extras.iter().any(|extra| extra.duplicate_of.is_some() && gone(extra));
        take(&mut self.outcome, removed);
        Ok(())
    }

    /// Whether nodes failed because something that has now been removed stood in their way: a
    /// renamed service on the same port, for one. They get a second chance.
    pub(super) fn blocked_by_extras(&mut self) -> bool {
        let blocked = self.failures.values().all(|one| one.error.class == Class::Stranger);
        let again = !self.failures.is_empty()
            && self.outcome.counts.deleted > 0
            && (blocked || self.rid)
            && !self.engine.work.interrupt.requested();
        if again {
            self.failures.clear();
            self.skipped.clear();
        }
        again
    }

    pub(super) fn end(self) -> (Outcome, Identities) {
        let mut outcome = self.outcome;
        outcome.counts.total = self.graph.len();
        for ((address, _), ended) in self.graph.iter().zip(&self.ends) {
            match ended {
                Some(Ensured::Unchanged) => outcome.counts.unchanged += 1,
                Some(Ensured::Created) if self.replaced.contains(address) => {
                    outcome.counts.replaced += 1;
                }
                Some(Ensured::Created) => outcome.counts.created += 1,
                Some(Ensured::Updated) => outcome.counts.updated += 1,
                Some(Ensured::Replaced) => outcome.counts.replaced += 1,
                Some(Ensured::MustGo) | None => {}
            }
        }
        outcome.counts.failed += self.failures.len();
        outcome.failures.extend(self.failures.into_values());
        outcome.skipped.extend(self.skipped);
        outcome.interrupted = self.engine.work.interrupt.requested();
        (outcome, self.known.into_inner())
    }
}

/// What needs a node that cannot be had is not started.
fn block(
    work: &Work,
    graph: &Graph,
    skipped: &mut BTreeMap<Address, Address>,
    queue: &mut Queue<'_>,
    at: usize,
) {
    let Some((because, _)) = graph.at(at) else { return };
    for (address, step) in queue.failed(at).into_iter().filter_map(|at| graph.at(at)) {
        let (address, kind) = (address.clone(), step.kind().kind());
        work.events.tell(Event::Skipped {
            address: address.clone(),
            kind,
            because: because.clone(),
        });
        skipped.insert(address, because.clone());
    }
}

/// A node failed: what needs it is not started, and nothing else changes.
fn fail(
    work: &Work,
    graph: &Graph,
    failures: &mut BTreeMap<Address, Failure>,
    skipped: &mut BTreeMap<Address, Address>,
    queue: &mut Queue<'_>,
    at: usize,
    error: Error,
) {
    block(work, graph, skipped, queue, at);
    let Some((address, step)) = graph.at(at) else { return };
    let (address, kind) = (address.clone(), step.kind().kind());
    work.events.tell(Event::Failed { address: address.clone(), kind, error: error.clone() });
    failures.insert(address.clone(), Failure { address, error });
}
