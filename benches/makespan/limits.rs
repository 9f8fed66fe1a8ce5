//! What AWS's request limits alone make a run take: so many calls must be made, and after the last of
//! them what it began must still come to pass.

use meshctl::{
    aws::{calls::is_read, limits},
    model::{Dag, Graph, Milestone, Span},
};
use std::collections::BTreeMap;

/// The longest time that a bucket of AWS's makes a run take, in seconds, with its name. `operations` is
/// how often each was called; `tail` is how long a node takes from its creating call to the run's end.
/// With the longest tails first, which is the best order, the bucket's calls cannot end sooner.
pub fn floor(
    operations: &BTreeMap<String, u64>,
    graph: &Graph,
    tail: impl Fn(usize) -> f64,
) -> (f64, String) {
    let mut tails: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut of_bucket = BTreeMap::new();
    for (action, count) in operations {
        let Some((service, operation)) = action.split_once(':') else { continue };
        let Some(limit) = limits::limit(service, operation) else { continue };
        if is_read(operation) {
            continue;
        }
        let bucket = if limit.bucket.is_empty() { action } else { limit.bucket };
        let tails = tails.entry(bucket.into()).or_default();
        of_bucket.insert(bucket.to_owned(), limit);
        // Nothing waits for a call that makes nothing, as far as can be told here.
        let creates = operation.starts_with("Create") || operation.starts_with("Register");
        let makes = |at: &usize| {
            let kind = graph.at(*at).map(|(_, step)| step.kind().permissions());
            creates && kind.unwrap_or_default().iter().any(|one| one.action == *action)
        };
        let mut own: Vec<f64> = (0..graph.len()).filter(makes).map(&tail).collect();
        own.resize(*count as usize, 0.0);
        tails.append(&mut own);
    }
    let floors = tails.into_iter().map(|(bucket, mut tails)| {
        tails.sort_by(|one, other| other.total_cmp(one));
        let limit = of_bucket[&bucket];
        let ends = tails
            .iter()
            .enumerate()
            .map(|(before, tail)| ((before + 1) as f64 - limit.burst).max(0.0) / limit.rate + tail);
        (ends.fold(0.0, f64::max), bucket)
    });
    floors.fold((0.0, String::new()), |most, one| if one.0 > most.0 { one } else { most })
}

/// For each node, how long it takes from its creating call to the end of what hangs below it.
pub fn tails(dag: &Dag, span: impl Fn(usize) -> Span) -> Vec<f64> {
    let mut tails = vec![0.0; dag.len()];
    for at in dag.sorted().iter().rev().copied() {
        let ready = span(at).ready;
        let below = dag.dependants(at).map(|(dependant, until)| {
            let waited = if until == Milestone::Ready { ready } else { 0.0 };
            waited + span(dependant).created + tails[dependant]
        });
        tails[at] = below.fold(ready, f64::max);
    }
    tails
}
