//! How a survey describes what exists: all at once, and as little as will do.

use super::{
    survey::{Survey, fingerprint},
    work::Work,
};
use crate::{
    model::{Address, ByAddress, Depth, Graph, Live, Readiness, Result, Step},
    state::Record,
};
use futures_util::future::join_all;
use serde_json::Value;
use std::rc::Rc;

/// One node to look at.
struct Look<'a> {
    /// Its place in the graph.
    place: usize,
    address: &'a Address,
    step: &'a Rc<dyn Step>,
    identity: Value,
    depth: Depth,
    mark: Option<String>,
    fresh: bool,
}

impl Look<'_> {
    async fn read(&self, work: &Work) -> Result<Option<Live>> {
        let kind = self.step.kind();
        let look = |depth| work.look(kind, self.address, &self.identity, depth, self.fresh);
        let live = look(self.depth).await;
        match &live {
            // What AWS changes with every change has changed: somebody was here.
            Ok(Some(seen)) if self.depth == Depth::Listed && kind.mark(seen) != self.mark => {
                look(Depth::Full).await
            }
            _ => live,
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
        records: &ByAddress<Record>,
        depth: Depth,
    ) {
        let looks = self.looks(graph, records, depth);
        let (shown, first): (Vec<_>, Vec<_>) = looks.into_iter().partition(|look| {
            look.depth == Depth::Listed && !look.step.kind().shown_by().is_empty()
        });
        self.take_in(look_at(work, first).await, graph);
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

    fn looks<'a>(
        &self,
        graph: &'a Graph,
        records: &ByAddress<Record>,
        depth: Depth,
    ) -> Vec<Look<'a>> {
        let nodes = graph.iter().zip(self.findings.values()).enumerate();
        let looks = nodes.filter_map(|(place, ((address, step), finding))| {
            let identity = finding.identity.clone()?;
            let record = records.get(address);
            let settled = record.and_then(|record| record.settled.as_ref());
            let wish = fingerprint(&**step, address, graph.needs(address), &self.known);
            let same = settled.filter(|settled| settled.wish == wish && !finding.adopted);
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
        graph.dag().dependants(look.place).iter().any(|(at, _)| {
            let kind = graph.at(*at).map(|(_, step)| step.kind().kind());
            let finding = self.findings.get_index(*at).map(|(_, finding)| finding);
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
    let reads = looks.into_iter().map(|look| async move {
        let live = look.read(work).await;
        (look.place, live)
    });
    join_all(reads).await
}
