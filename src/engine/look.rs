//! How a survey describes what exists: all at once, and as little as will do.

use super::{
    survey::{Survey, fingerprint},
    work::Work,
};
use crate::{
    model::{Address, ByAddress, Depth, Graph, Kind, Live, Readiness, Result, Step},
    state::Record,
};
use futures_util::future::join_all;
use serde_json::Value;
use std::{collections::BTreeSet, rc::Rc};

/// One node to look at.
struct Look<'a> {
    address: Address,
    step: &'a Rc<dyn Step>,
    identity: Value,
    depth: Depth,
    mark: Option<String>,
    /// On record and never settled: its maker may have been killed a moment ago, and reads lag behind
    /// creates. Taking it for gone would make a second one.
    fresh: bool,
}

impl Look<'_> {
    async fn read(&self, work: &Work) -> Result<Option<Live>> {
        let kind = self.step.kind();
        let look = |depth| work.look(kind, &self.address, &self.identity, depth, self.fresh);
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
        let showing = self.showing(graph);
        let shows = |look: &Look<'_>, kind: &Kind| showing.contains(&(look.address.clone(), *kind));
        let mut rest = Vec::new();
        for look in shown {
            let is_shown = look.step.kind().shown_by().iter().any(|kind| shows(&look, kind));
            match self.findings.get_mut(&look.address) {
                Some(finding) if is_shown => {
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
        let looks = self.findings.iter().filter_map(|(address, finding)| {
            let identity = finding.identity.clone()?;
            let step = graph.get(address)?;
            let record = records.get(address);
            let settled = record.and_then(|record| record.settled.as_ref());
            let wish = fingerprint(&**step, address, graph.needs(address), &self.known);
            let same = settled.filter(|settled| settled.wish == wish && !finding.adopted);
            Some(Look {
                address: address.clone(),
                step,
                identity,
                depth: if same.is_some() { depth } else { Depth::Full },
                mark: same.and_then(|settled| settled.mark.clone()),
                fresh: record.is_some_and(|record| record.settled.is_none()),
            })
        });
        looks.collect()
    }

    /// What stands on what, of all that was seen to work: the latter, and the kind of the former.
    fn showing(&self, graph: &Graph) -> BTreeSet<(Address, Kind)> {
        let mut showing = BTreeSet::new();
        for (address, finding) in &self.findings {
            if finding.live.is_none() || finding.readiness != Readiness::Ready {
                continue;
            }
            let Some(step) = graph.get(address) else { continue };
            let kind = step.kind().kind();
            let needs = graph.needs(address).iter();
            showing.extend(needs.map(|edge| (edge.on.clone(), kind)));
        }
        showing
    }

    fn take_in(&mut self, seen: Vec<(Address, Result<Option<Live>>)>, graph: &Graph) {
        for (address, live) in seen {
            let Some(finding) = self.findings.get_mut(&address) else { continue };
            match live {
                Ok(Some(live)) => {
                    if let Some(step) = graph.get(&address) {
                        finding.readiness = step.kind().readiness(&live);
                    }
                    finding.live = Some(live);
                }
                Ok(None) => {
                    finding.identity = None;
                    self.known.remove(&address);
                }
                Err(error) => {
                    self.errors.insert(address, error);
                }
            }
        }
    }
}

async fn look_at(work: &Work, looks: Vec<Look<'_>>) -> Vec<(Address, Result<Option<Live>>)> {
    let reads = looks.into_iter().map(|look| async move {
        let live = look.read(work).await;
        (look.address, live)
    });
    join_all(reads).await
}
