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
use crate::model::{
    Address, ByAddress, Class, Error, Graph, Identities, Kind, Milestone, Readiness, Replacement,
    Result,
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
    ends: ByAddress<Ensured>,
    replaced: BTreeSet<Address>,
    failures: BTreeMap<Address, Failure>,
    skipped: BTreeMap<Address, Address>,
    outcome: Outcome,
}

impl<'a> Build<'a> {
    pub(super) fn new(engine: &'a Engine, graph: &'a Graph, mut survey: Survey) -> Self {
        let known = RefCell::new(std::mem::take(&mut survey.known));
        Self {
            engine,
            graph,
            survey,
            known,
            ends: ByAddress::default(),
            replaced: BTreeSet::new(),
            failures: BTreeMap::new(),
            skipped: BTreeMap::new(),
            outcome: Outcome::default(),
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
            let step = self.graph.get(address)?;
            Some(Extra {
                address: address.clone(),
                kind: step.kind().clone(),
                identity: finding.identity.clone()?,
                edges: work.with_state(|state| {
                    state
                        .records
                        .get(address)
                        .map(|record| record.edges.clone())
                        .unwrap_or_default()
                }),
                fresh: false,
                seen: false,
            })
        });
        let extras: Vec<Extra> = extras.collect();
        work.events.tell(Event::Phase { phase: Phase::Remove, nodes: extras.len() });
        let removed = remove(work, extras).await;
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
        let stuck: Vec<Address> =
            self.failures.keys().chain(self.skipped.keys()).cloned().collect();
        let path = ahead(self.graph, &self.survey, &work.estimates, &self.ends);
        if path.seconds > 0.0 {
            work.events.tell(Event::Forecast { path });
        }
        let mut queue = Queue::new(self.graph.edges(), |address, until| {
            let kind = self.graph.get(address).map(|step| step.kind());
            kind.map_or(0.0, |kind| work.estimates.up(kind.kind(), kind.times()).until(until))
        });
        for address in stuck {
            block(work, self.graph, &mut self.skipped, &mut queue, &address);
        }
        self.pass_settled(&mut queue);
        loop {
            let must_go = self.turn(&mut queue).await?;
            if must_go.is_empty() || work.interrupt.requested() {
                return Ok(());
            }
            let going = self.with_dependants(&must_go);
            self.clear(going).await?;
            for address in must_go {
                let stays =
                    self.failures.contains_key(&address) || self.skipped.contains_key(&address);
                if stays {
                    block(work, self.graph, &mut self.skipped, &mut queue, &address);
                } else {
                    queue.again(&address);
                }
            }
        }
    }

    /// Nodes that are as wished and work need no life of their own.
    fn pass_settled(&mut self, queue: &mut Queue) {
        for (address, finding) in &self.survey.findings {
            let at_rest =
                finding.action == Action::Nothing && finding.readiness == Readiness::Ready;
            let recorded = self.engine.work.with_state(|state| {
                let record = state.records.get(address);
                record.is_some_and(|record| {
                    record.settled.as_ref().is_some_and(|s| !s.wish.is_empty())
                })
            });
            if at_rest && recorded && !self.failures.contains_key(address) {
                queue.reached(address, Milestone::Ready);
                self.ends.insert(address.clone(), Ensured::Unchanged);
            }
        }
    }

    /// Starts what may start and hears what became of it. Returns nodes that must go first.
    async fn turn(&mut self, queue: &mut Queue) -> Result<Vec<Address>> {
        let work = &self.engine.work;
        let known = &self.known;
        let begun = work.clock.now();
        let (identified, mut identities) = mpsc::unbounded_channel();
        let mut running = FuturesUnordered::new();
        let mut must_go = Vec::new();
        let mut told = false;
        loop {
            while !work.interrupt.requested()
                && let Some(address) = queue.take()
            {
                let (Some(step), Some(finding)) =
                    (self.graph.get(&address), self.survey.findings.get(&address))
                else {
                    continue;
                };
                if let Some(error) = self.survey.errors.get(&address) {
                    // What cannot be read must not be made again.
                    let error = error.clone();
                    let (failures, skipped) = (&mut self.failures, &mut self.skipped);
                    fail(work, self.graph, failures, skipped, queue, address, error);
                    continue;
                }
                let elapsed = work.clock.now().saturating_sub(begun).as_secs_f64();
                let ensure = Ensure {
                    work,
                    critical: queue.is_critical(&address, elapsed),
                    address: address.clone(),
                    step: Rc::clone(step),
                    needs: self.graph.needs(&address),
                    finding: finding.clone(),
                    known,
                    identified: identified.clone(),
                };
                let span = work.span(&address);
                running.push(async move { (address, ensure.run().await) }.instrument(span));
            }
            if work.interrupt.requested() && !told {
                told = true;
                work.tell_interrupted(running.len());
            }
            tokio::select! {
                biased;
                () = work.interrupt.asked(2) => break,
                () = work.interrupt.asked(1), if !told => {}
                Some(Identified { address, identity }) = identities.recv() => {
                    known.borrow_mut().put(address.clone(), identity);
                    queue.reached(&address, Milestone::Created);
                }
                ended = running.next() => match ended {
                    None => break,
                    Some((address, Ok(Ensured::MustGo))) => must_go.push(address),
                    Some((address, Ok(ensured))) => {
                        queue.reached(&address, Milestone::Ready);
                        self.ends.insert(address, ensured);
                    }
                    Some((_, Err(error))) if error.class == Class::Interrupted => {}
                    Some((address, Err(error))) => {
                        let stop = error.class == Class::State;
                        let (failures, skipped) = (&mut self.failures, &mut self.skipped);
                        fail(work, self.graph, failures, skipped, queue, address, error);
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
    fn with_dependants(&self, roots: &[Address]) -> Vec<Address> {
        let mut going: BTreeSet<Address> = roots.iter().cloned().collect();
        loop {
            let stands = |address: &&Address| {
                let mut needs = self.graph.needs(address).iter();
                needs.any(|edge| !edge.only_after && going.contains(&edge.on))
            };
            let unstarted = self.survey.findings.iter().filter(|(address, finding)| {
                finding.identity.is_some() && !self.ends.contains_key(*address)
            });
            let more: Vec<Address> = unstarted
                .map(|(address, _)| address)
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
                    let (address, edges) = (address.clone(), Vec::new());
                    Some(Extra { address, kind, identity, edges, fresh: false, seen: false })
                })
            });
            retired.collect::<Vec<_>>()
        });
        let mut extras = std::mem::take(&mut self.survey.extras);
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
        extras.retain(|extra| !anew(extra));
        let blocking = self.failures.values().all(|one| one.error.class == Class::Stranger);
        if extras.is_empty() || !blocking || work.interrupt.requested() {
            self.survey.extras = extras;
            return Ok(());
        }
        work.events.tell(Event::Phase { phase: Phase::Remove, nodes: extras.len() });
        take(&mut self.outcome, remove(work, extras).await);
        Ok(())
    }

    /// Whether nodes failed because something that has now been removed stood in their way: a
    /// renamed service on the same port, for one. They get a second chance.
    pub(super) fn blocked_by_extras(&mut self) -> bool {
        let again = !self.failures.is_empty()
            && self.outcome.counts.deleted > 0
            && self.failures.values().all(|one| one.error.class == Class::Stranger);
        if again {
            self.failures.clear();
            self.skipped.clear();
            for (address, ensured) in &self.ends {
                let Some(finding) = self.survey.findings.get_mut(address) else { continue };
                if *ensured != Ensured::MustGo {
                    finding.identity = self.known.borrow().raw(address).cloned();
                    finding.action = Action::Nothing;
                    finding.readiness = Readiness::Ready;
                }
            }
        }
        again
    }

    pub(super) fn end(self) -> (Outcome, Identities) {
        let mut outcome = self.outcome;
        outcome.counts.total = self.graph.len();
        for (address, ensured) in &self.ends {
            match ensured {
                Ensured::Unchanged => outcome.counts.unchanged += 1,
                Ensured::Created if self.replaced.contains(address) => outcome.counts.replaced += 1,
                Ensured::Created => outcome.counts.created += 1,
                Ensured::Updated => outcome.counts.updated += 1,
                Ensured::Replaced => outcome.counts.replaced += 1,
                Ensured::MustGo => {}
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
    queue: &mut Queue,
    address: &Address,
) {
    for blocked in queue.failed(address) {
        let kind = graph.get(&blocked).map_or(Kind(""), |step| step.kind().kind());
        let because = address.clone();
        work.events.tell(Event::Skipped { address: blocked.clone(), kind, because });
        skipped.insert(blocked, address.clone());
    }
}

/// A node failed: what needs it is not started, and nothing else changes.
fn fail(
    work: &Work,
    graph: &Graph,
    failures: &mut BTreeMap<Address, Failure>,
    skipped: &mut BTreeMap<Address, Address>,
    queue: &mut Queue,
    address: Address,
    error: Error,
) {
    block(work, graph, skipped, queue, &address);
    let kind = graph.get(&address).map_or(Kind(""), |step| step.kind().kind());
    work.events.tell(Event::Failed { address: address.clone(), kind, error: error.clone() });
    failures.insert(address.clone(), Failure { address, error });
}
