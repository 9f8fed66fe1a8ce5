//! What is there and not wished for: found, and written down before anything is made.

use super::{Census, Recorded, Survey, census, same};
use crate::{
    engine::work::Work,
    model::{Address, Edges, Found, Graph, Identity, KindOps, Registry, Result},
    state::{Entry, Record},
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
}

impl Extra {
    /// What a search has just found.
    pub fn found(kind: &Rc<dyn KindOps>, found: Found) -> Self {
        let (address, identity) = (found.address, found.out);
        let (kind, edges) = (kind.clone(), Edges::default());
        Self { address, kind, identity, edges, fresh: false, seen: true }
    }

    /// The one of this identity that a node's record knows.
    pub fn recorded(
        address: &Address,
        kind: &Rc<dyn KindOps>,
        identity: &Identity,
        record: &Record,
    ) -> Self {
        Self {
            address: address.clone(),
            kind: kind.clone(),
            identity: identity.clone(),
            edges: record.edges.clone(),
            fresh: record.settled.is_none(),
            seen: false,
        }
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
                    self.extras.push(Extra::found(kind, found.clone()));
                }
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
            if work.silence(kind.kind()).is_none() {
                work.note(Entry::Abandoned { address })?;
            }
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
            if let (true, Some(identity)) = (finding.adopted, &finding.identity) {
                work.note(Entry::Created {
                    address: address.clone(),
                    kind: step.kind().kind().0.into(),
                    identity: identity.clone(),
                    edges: graph.needs(address),
                })?;
                adopted.push(address.clone());
            }
            let recorded = || work.with_state(|state| state.records.get(address)?.identity.clone());
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

/// What a search of all kinds shows that is not on record by now.
///
/// # Errors
/// When a search is refused, or the state cannot be written.
pub async fn late(work: &Work, registry: &Registry) -> Result<Vec<Extra>> {
    let mut late = Vec::new();
    for (kind, found) in census(work, registry.iter()).await? {
        let Some(kind) = registry.get(kind) else { continue };
        for found in found {
            let known = work.with_state(|state| {
                state.records.get(&found.address).is_some_and(|record| {
                    let mut ours = record.identity.iter().chain(&record.retired);
                    ours.any(|one| same(kind, one, &found.out))
                })
            });
            if !known {
                let extra = Extra::found(kind, found);
                note_surplus(work, &extra)?;
                late.push(extra);
            }
        }
    }
    Ok(late)
}

fn note_surplus(work: &Work, extra: &Extra) -> Result<()> {
    work.note(Entry::Surplus {
        address: extra.address.clone(),
        kind: extra.kind.kind().0.into(),
        identity: extra.identity.clone(),
    })
}
