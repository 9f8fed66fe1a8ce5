//! What is there and not wished for: found, and written down before anything is made.

use super::{Action, Census, Finding, Recorded, Survey, census, same};
use crate::{
    engine::{
        foreign::{self, Foreign},
        work::Work,
    },
    model::{
        Address, Edges, Found, Graph, Identity, KindOps, Readiness, Registry, Result, Step,
        token::Token,
    },
    state::{Entry, Record, Settled},
};
use std::{borrow::Cow, rc::Rc};

/// Something that exists and that the configuration does not have (any more).
#[derive(Clone)]
pub struct Extra {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: Rc<dyn KindOps>,
    /// Its identity.
    pub identity: Identity,
    /// What it stands on, as far as known.
    pub edges: Edges,
    /// Whether it may have been made a moment ago, so that reads do not show it yet.
    pub fresh: bool,
    /// Whether a search has just shown that it carries this stack's tag.
    pub seen: bool,
    /// What people know the one by that stays, where this is another of its address.
    pub duplicate_of: Option<String>,
}

impl Extra {
    /// One of which nothing else is known.
    pub fn of(address: Address, kind: Rc<dyn KindOps>, identity: Identity) -> Self {
        let edges = Edges::default();
        Self { address, kind, identity, edges, fresh: false, seen: false, duplicate_of: None }
    }

    /// What a search has just found.
    pub fn found(kind: &Rc<dyn KindOps>, found: Found) -> Self {
        Self { seen: true, ..Self::of(found.address, kind.clone(), found.out) }
    }

    /// The one of this identity that a node's record knows.
    pub fn recorded(
        address: &Address,
        kind: &Rc<dyn KindOps>,
        identity: &Identity,
        record: &Record,
    ) -> Self {
        let extra = Self::of(address.clone(), kind.clone(), identity.clone());
        Self { edges: record.edges.clone(), fresh: record.settled.is_none(), ..extra }
    }
}

impl Survey {
    /// What is on record or in the account and not in the configuration, and earlier ones of what is.
    pub(super) fn find_extras(
        &mut self,
        registry: &Registry,
        recorded: &Recorded<'_>,
        census: &Census,
    ) {
        for (address, record, wished) in recorded.iter() {
            if wished && record.retired.is_empty() {
                continue;
            }
            let Some(kind) = registry.get(&record.kind) else { continue };
            let current = record.identity.iter().filter(|_| !wished);
            let kept = self.findings.get(address).and_then(|finding| finding.identity.as_ref());
            let retired = record.retired.iter().filter(|one| Some(*one) != kept);
            for identity in current.chain(retired) {
                self.extras.push(Extra::recorded(address, kind, identity, record));
            }
        }
        for (kind, found) in census {
            let Some(kind) = registry.get(kind) else { continue };
            for found in found {
                let current = self.findings.get(&found.address);
                let kept = current.and_then(|finding| finding.identity.as_ref());
                let listed = |extra: &Extra| {
                    extra.address == found.address && same(kind, &extra.identity, &found.out)
                };
                if !kept.is_some_and(|kept| same(kind, kept, &found.out))
                    && !self.extras.iter().any(listed)
                {
                    let duplicate_of = kept.map(|kept| kind.id(kept));
                    self.extras.push(Extra { duplicate_of, ..Extra::found(kind, found.clone()) });
                }
            }
        }
        for (address, identity) in &self.others {
            let Some((_, record, _)) = recorded.iter().find(|(at, ..)| *at == address) else {
                continue;
            };
            let Some(kind) = registry.get(&record.kind) else { continue };
            let listed =
                |extra: &Extra| extra.address == *address && same(kind, &extra.identity, identity);
            if !self.extras.iter().any(listed) {
                let kept = self.findings.get(address).and_then(|it| it.identity.as_ref());
                let duplicate_of = kept.map(|kept| kind.id(kept));
                let extra = Extra::recorded(address, kind, identity, record);
                self.extras.push(Extra { duplicate_of, ..extra });
            }
        }
    }

    /// Finds what came of creating calls for nodes that are no longer wished for, and whose outcome is
    /// not on record.
    async fn settle_started(
        &mut self,
        work: &Work,
        graph: &Graph,
        registry: &Registry,
    ) -> Result<()> {
        let started: Vec<(Address, Cow<'static, str>, String)> = work.with_state(|state| {
            let orphans = state.records.iter().filter(|(address, _)| graph.get(address).is_none());
            let started = orphans.filter_map(|(address, record)| {
                Some((address.clone(), record.kind.clone(), record.started.clone()?))
            });
            started.collect()
        });
        for (address, kind, token) in started {
            let Some(kind) = registry.get(&kind) else { continue };
            if let Some(found) = work.find_made(kind, &address, &token).await? {
                let known = self.extras.iter().any(|extra| {
                    extra.address == address && same(kind, &extra.identity, &found.out)
                });
                if !known {
                    let extra = Extra::found(kind, found);
                    note_surplus(work, &extra)?;
                    self.extras.push(extra);
                }
            }
            work.note(Entry::Abandoned { address })?;
        }
        Ok(())
    }

    /// Writes down what was found in the account and not on record, and what is on record and gone.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn record(
        &mut self,
        work: &Work,
        graph: &Graph,
        registry: &Registry,
    ) -> Result<Vec<Address>> {
        let mut adopted = Vec::new();
        for ((address, step), finding) in graph.iter().zip(self.findings.values()) {
            let recorded = || work.with_state(|state| state.records.get(address)?.identity.clone());
            if let (true, Some(identity)) = (finding.adopted, &finding.identity) {
                if let Some(other) = recorded() {
                    let address = address.clone();
                    let stays = |(at, one): &(Address, Identity)| *at == address && *one == other;
                    work.note(match self.others.iter().any(stays) {
                        true => Entry::Retired { address },
                        false => Entry::Deleted { address, identity: other },
                    })?;
                }
                work.note(Entry::Created {
                    address: address.clone(),
                    kind: step.kind().kind().0.into(),
                    identity: identity.clone(),
                    edges: graph.needs(address),
                })?;
                adopted.push(address.clone());
            }
            let entry = work.with_state(|state| {
                remarked(address, &**step, finding, state.records.get(address)?.settled.as_ref()?)
            });
            entry.map_or(Ok(()), |entry| work.note(entry))?;
            if finding.identity.is_none()
                && let Some(gone) = recorded()
            {
                work.note(Entry::Deleted { address: address.clone(), identity: gone })?;
            }
        }
        for extra in self.extras.iter().filter(|extra| extra.seen) {
            note_surplus(work, extra)?;
        }
        self.settle_started(work, graph, registry).await?;
        Ok(adopted)
    }

    /// Whether all kinds are to be searched once more at the end: where there is a stack and no whole
    /// record of it, what another run made a moment before may not have shown yet.
    pub fn searches_again(&self) -> bool {
        let adopted = self.findings.values().any(|finding| finding.adopted);
        self.whole && (self.begun || adopted || !self.extras.is_empty())
    }
}

/// What a search shows at the end of a run that is not on record by then.
#[derive(Default)]
pub struct Late {
    /// What an earlier run had made, and did not show before.
    pub extras: Vec<Extra>,
    /// Runs that have made things since this one began.
    pub foreign: Vec<Foreign>,
}

/// Searches these kinds once more at the end of a run, and writes down what is to be removed.
///
/// # Errors
/// When a search is refused, or the state cannot be written.
pub async fn late<'a>(
    work: &Work,
    registry: &Registry,
    kinds: impl IntoIterator<Item = &'a Rc<dyn KindOps>>,
) -> Result<Late> {
    let census = census(work, kinds).await?;
    let begun = work.begun();
    let mut foreign = foreign::runs(work, registry, &census);
    foreign.retain(|run| run.last >= begun);
    let mut late = Vec::new();
    for (kind, found) in census {
        let Some(kind) = registry.get(kind) else { continue };
        for found in found {
            let known = work.with_state(|state| {
                state.records.get(&found.address).is_some_and(|record| {
                    let mut ours = record.identity.iter().chain(&record.retired);
                    ours.any(|one| same(kind, one, &found.out))
                })
            });
            // What another run has just made is its own affair; the next `up` sees what came of it.
            let token = found.token.as_deref().and_then(Token::read);
            let by_another = match token {
                Some(token) => token.at >= begun,
                None => !foreign.is_empty(),
            };
            if !known && !by_another {
                let extra = Extra::found(kind, found);
                note_surplus(work, &extra)?;
                late.push(extra);
            }
        }
    }
    Ok(Late { extras: late, foreign })
}

/// What AWS changes with every change has changed, and all is as it was: that is not looked into again.
fn remarked(
    address: &Address,
    step: &dyn Step,
    finding: &Finding,
    before: &Settled,
) -> Option<Entry> {
    let rests = finding.action == Action::Nothing && finding.readiness == Readiness::Ready;
    let mark = step.kind().mark(finding.live.as_ref().filter(|_| rests && !finding.adopted)?);
    let (wish, tags, changed) = (before.wish?, &before.tags, mark != before.mark);
    let entry = || Entry::Settled { address: address.clone(), wish, mark, tags: tags.clone() };
    changed.then(entry)
}

fn note_surplus(work: &Work, extra: &Extra) -> Result<()> {
    work.note(Entry::Surplus {
        address: extra.address.clone(),
        kind: extra.kind.kind().0.into(),
        identity: extra.identity.clone(),
    })
}
