//! How a survey describes what exists: all at once, and as little as will do.

use super::{
    survey::{Recorded, Survey, fingerprint},
    work::Work,
};
use crate::model::{Address, Depth, Fingerprint, Graph, Identity, Live, Readiness, Result, Step};
use futures_util::{StreamExt, stream};
use std::rc::Rc;

/// How many looks are under way at once: enough to fill the batches of every kind, and few enough for
/// the memory that they take not to grow with the stack.
const AT_ONCE: usize = 10_000;

/// One node to look at.
struct Look<'a> {
    /// Its place in the graph.
    place: usize,
    address: &'a Address,
    step: &'a Rc<dyn Step>,
    identity: Identity,
    depth: Depth,
    mark: Option<String>,
    fresh: bool,
}

impl Look<'_> {
    async fn read(&self, work: &Work) -> Result<Option<Live>> {
        let kind = self.step.kind();
        let look = |depth| work.look(kind, self.address, &self.identity, depth, self.fresh);
        let live = look(self.depth).await?;
        match &live {
            // What AWS changes with every change has changed: somebody was here.
            Some(seen) if self.depth == Depth::Listed && kind.mark(seen) != self.mark => {
                look(Depth::Full).await
            }
            _ => Ok(live),
        }
    }
}

impl Survey {
    /// Describes everything that has an identity. Of what has settled, that which others show comes
    /// last, and only where they do not show it.
    pub(super) async fn read(
        &mut self,
        work: &Work,
        graph: &Graph,
        recorded: &Recorded<'_>,
        depth: Depth,
    ) {
        let mut looks = self.looks(graph, recorded, depth);
        let last = |look: &mut Look<'_>| {
            look.depth == Depth::Listed && !look.step.kind().shown_by().is_empty()
        };
        let shown: Vec<_> = looks.extract_if(.., last).collect();
        self.take_in(look_at(work, looks).await, graph);
        let mut rest = Vec::new();
        for look in shown {
            let is_shown = self.is_shown(&look, graph);
            match self.findings.get_index_mut(look.place) {
                Some((_, finding)) if is_shown => {
                    finding.shown = true;
                    finding.readiness = Readiness::Ready;
                }
                _ => rest.push(look),
            }
        }
        self.take_in(look_at(work, rest).await, graph);
    }

    fn looks<'a>(&self, graph: &'a Graph, recorded: &Recorded<'_>, depth: Depth) -> Vec<Look<'a>> {
        // Each identity is a need of many nodes, and is fetched from memory once.
        let prints: Vec<Option<Fingerprint>> = self
            .findings
            .values()
            .map(|finding| finding.identity.as_ref().map(Identity::fingerprint))
            .collect();
        let nodes = graph.iter().zip(self.findings.values()).enumerate();
        let looks = nodes.filter_map(|(place, ((address, step), finding))| {
            let identity = finding.identity.clone()?;
            let settled = recorded.at(place).and_then(|record| record.settled.as_ref());
            let needs = graph.dag().needs(place).map(|(on, _)| prints[on]);
            let wish = fingerprint(&**step, address, needs);
            let same = settled.filter(|settled| settled.wish == Some(wish) && !finding.adopted);
            Some(Look {
                place,
                address,
                step,
                identity,
                depth: if same.is_some() && !finding.beside { depth } else { Depth::Full },
                mark: same.and_then(|settled| settled.mark.clone()),
                fresh: finding.fresh,
            })
        });
        looks.collect()
    }

    /// Whether something that stands on it, and that shows it, was seen to work.
    fn is_shown(&self, look: &Look<'_>, graph: &Graph) -> bool {
        let shown_by = look.step.kind().shown_by();
        graph.dag().dependants(look.place).any(|(at, _)| {
            let kind = graph.at(at).map(|(_, step)| step.kind().kind());
            let finding = self.findings.get_index(at).map(|(_, finding)| finding);
            kind.is_some_and(|kind| shown_by.contains(&kind))
                && finding.is_some_and(|finding| {
                    finding.live.is_some() && finding.readiness == Readiness::Ready
                })
        })
    }

    fn take_in(&mut self, seen: Vec<(usize, Result<Option<Live>>)>, graph: &Graph) {
        for (place, live) in seen {
            let (Some((address, step)), Some((_, finding))) =
                (graph.at(place), self.findings.get_index_mut(place))
            else {
                continue;
            };
            match live {
                Ok(Some(live)) => {
                    finding.readiness = step.kind().readiness(&live);
                    finding.live = Some(live);
                }
                Ok(None) => {
                    finding.identity = None;
                    self.known.remove(address);
                }
                Err(error) => {
                    self.errors.insert(address.clone(), error);
                }
            }
        }
    }
}

async fn look_at(work: &Work, looks: Vec<Look<'_>>) -> Vec<(usize, Result<Option<Live>>)> {
    let reads = looks.iter().map(async |look| (look.place, look.read(work).await));
    stream::iter(reads).buffer_unordered(AT_ONCE).collect().await
}
