//! Which of several things of one address stays. What AWS says decides, and never the record: every
//! machine that looks must come to the same choice.

use super::{Recorded, same};
use crate::{
    engine::{retry::Doing, work::Work},
    model::{Depth, Found, Graph, Identities, Identity, KindOps, Live, Readiness, token::Token},
};
use futures_util::future::join_all;
use serde_json::Value;
use std::{cmp::Reverse, collections::BTreeSet, rc::Rc};

/// One thing that may be a node's.
pub(super) struct Candidate {
    /// Which one.
    pub identity: Identity,
    /// Its description, where it was looked at.
    pub live: Option<Live>,
    /// What it stands on, beside what its identity names.
    on: Vec<String>,
    /// When it was made, by its token.
    made: Option<i64>,
}

impl Candidate {
    fn of(identity: Identity, found: Option<&Found>) -> Self {
        let on = found.map(|found| found.on.clone()).unwrap_or_default();
        let token = found.and_then(|found| found.token.as_deref()).and_then(Token::read);
        Self { identity, live: None, on, made: token.map(|token| token.at) }
    }

    /// What its identity names and what it stands on.
    fn names(&self) -> BTreeSet<String> {
        let mut names = self.own_names();
        names.extend(self.on.iter().cloned());
        names
    }

    /// What its identity names.
    fn own_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        texts(&self.identity, &mut names);
        names
    }
}

/// The texts in an identity.
fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(into.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(members) => members.values().for_each(|member| texts(member, into)),
        _ => {}
    }
}

/// What may be each node's, by its place in the graph: what was found, and what is on record.
pub(super) fn candidates<'a>(
    graph: &Graph,
    recorded: &Recorded<'_>,
    found: impl Fn(usize) -> Vec<&'a Found>,
) -> Vec<Vec<Candidate>> {
    let all = graph.iter().enumerate().map(|(place, (_, step))| {
        let kind = step.kind();
        let record = recorded.at(place);
        let known = || record.into_iter().flat_map(|it| it.identity.iter().chain(&it.retired));
        let mut candidates: Vec<Candidate> = Vec::new();
        for found in found(place) {
            if candidates.iter().any(|other| same(kind, &other.identity, &found.out)) {
                continue;
            }
            // The record's copy is shared. Where it reads otherwise, one of the same name was made again.
            let shared = known().find(|identity| **identity == found.out);
            let identity = shared.unwrap_or(&found.out).clone();
            candidates.push(Candidate::of(identity, Some(found)));
        }
        let on_record = record.and_then(|record| record.identity.as_ref());
        if let Some(identity) = on_record
            && !candidates.iter().any(|other| same(kind, &other.identity, identity))
        {
            candidates.push(Candidate::of(identity.clone(), None));
        }
        candidates
    });
    all.collect()
}

/// Leaves one candidate of each node: of several the one that exists and can stay, that works, that most
/// of what stays stands on, and that is the oldest. Trees are chosen from their roots. Returns the others
/// that exist, each with its node's place.
pub(super) async fn choose(
    work: &Work,
    graph: &Graph,
    candidates: &mut [Vec<Candidate>],
) -> Vec<(usize, Identity)> {
    let several = |all: &[Vec<Candidate>]| -> Vec<usize> {
        (0..all.len()).filter(|place| all[*place].len() > 1).collect()
    };
    let doubled = several(candidates);
    if doubled.is_empty() {
        return Vec::new();
    }
    for place in doubled {
        let Some((_, step)) = graph.at(place) else { continue };
        let seen = look(work, step.kind(), &candidates[place]).await;
        let mut left = std::mem::take(&mut candidates[place]);
        left.iter_mut().zip(seen).for_each(|(candidate, live)| candidate.live = live);
        if left.iter().any(|candidate| candidate.live.is_some()) {
            left.retain(|candidate| candidate.live.is_some());
        }
        candidates[place] = left;
    }
    let mut forest = Forest::of(graph, candidates);
    let mut known = Identities::default();
    for ((address, _), all) in graph.iter().zip(&*candidates) {
        if let [only] = &**all {
            known.put(address.clone(), only.identity.clone());
        }
    }
    let mut open = several(candidates);
    while let Some(next) = forest.largest(&open) {
        open.retain(|place| *place != next);
        let Some((address, step)) = graph.at(next) else { continue };
        let all = &candidates[next];
        let worth = |at: &usize| {
            let candidate = &all[*at];
            let drift = candidate.live.as_ref().and_then(|live| step.drift(live, &known));
            let fits = !drift.is_some_and(|drift| drift.replaces());
            let works = match candidate.live.as_ref().map(|live| step.kind().readiness(live)) {
                Some(Readiness::Ready) => 2,
                Some(Readiness::Waiting(_)) => 1,
                Some(Readiness::Failed(_)) | None => 0,
            };
            let thing = forest.thing(next, *at);
            let stays = !forest.rejected[thing];
            let age = Reverse(candidate.made.unwrap_or_default());
            let id = Reverse(step.kind().id(&candidate.identity));
            (stays, fits, works, forest.standing(thing).len(), age, id)
        };
        let Some(best) = (0..all.len()).max_by_key(worth) else { continue };
        known.put(address.clone(), all[best].identity.clone());
        for at in (0..all.len()).filter(|at| *at != best) {
            forest.reject(forest.thing(next, at));
        }
        forest.chosen[next] = best;
    }
    for place in forest.homeless(graph, candidates) {
        candidates[place].clear();
    }
    let mut others = Vec::new();
    for (place, all) in candidates.iter_mut().enumerate().filter(|(_, all)| all.len() > 1) {
        let best = all.swap_remove(forest.chosen[place]);
        let seen = all.drain(..).filter(|other| other.live.is_some());
        others.extend(seen.map(|other| (place, other.identity)));
        all.push(best);
    }
    others
}

/// Describes candidates of one node. One that cannot be read may be there.
async fn look(work: &Work, kind: &Rc<dyn KindOps>, all: &[Candidate]) -> Vec<Option<Live>> {
    let looks = all.iter().map(async |candidate| {
        let name = crate::model::Address::new(kind.kind().0);
        let read = || kind.read(&candidate.identity, Depth::Full);
        let live = work.attempt(&name, kind.kind(), Doing::Read, read).await.ok().flatten();
        live.filter(|live| work.own(kind, Some(&candidate.identity), live).is_ok())
    });
    join_all(looks).await
}

/// Which candidate stands on which.
struct Forest {
    /// Where each node's candidates begin.
    begins: Vec<usize>,
    /// The node of each candidate.
    places: Vec<usize>,
    /// What stands on each candidate.
    above: Vec<Vec<usize>>,
    /// Those that were not chosen, and what stands on them.
    rejected: Vec<bool>,
    /// Which candidate of each node was chosen.
    chosen: Vec<usize>,
}

impl Forest {
    fn of(graph: &Graph, candidates: &[Vec<Candidate>]) -> Self {
        let mut begins = Vec::with_capacity(candidates.len());
        let mut places = Vec::new();
        for (place, all) in candidates.iter().enumerate() {
            begins.push(places.len());
            places.extend(all.iter().map(|_| place));
        }
        let names: Vec<BTreeSet<String>> =
            candidates.iter().flatten().map(Candidate::names).collect();
        let mut above = vec![Vec::new(); places.len()];
        for (place, all) in candidates.iter().enumerate() {
            for at in 0..all.len() {
                let own = &names[begins[place] + at];
                for (on, _) in graph.dag().needs(place) {
                    let below = begins[on]..begins[on] + candidates[on].len();
                    let shared = names[below].iter().map(|names| names.intersection(own).count());
                    let counts: Vec<usize> = shared.collect();
                    let most = counts.iter().copied().max().unwrap_or_default();
                    let mut best = (0..counts.len()).filter(|below| counts[*below] == most);
                    // Where two are named alike, nothing tells which it stands on.
                    if let (true, Some(below), None) = (most > 0, best.next(), best.next()) {
                        above[begins[on] + below].push(begins[place] + at);
                    }
                }
            }
        }
        let (rejected, chosen) = (vec![false; places.len()], vec![0; candidates.len()]);
        Self { begins, places, above, rejected, chosen }
    }

    fn thing(&self, place: usize, at: usize) -> usize {
        self.begins[place] + at
    }

    /// Everything that stands on a candidate, also by way of others.
    fn over(&self, thing: usize) -> BTreeSet<usize> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![thing]);
        while let Some(thing) = next.pop() {
            next.extend(self.above[thing].iter().copied().filter(|above| seen.insert(*above)));
        }
        seen
    }

    /// The nodes of which something that stays stands on a candidate.
    fn standing(&self, thing: usize) -> BTreeSet<usize> {
        let over = self.over(thing).into_iter().filter(|above| !self.rejected[*above]);
        over.map(|above| self.places[above]).collect()
    }

    /// Of these nodes the one with the most on any of its candidates: a root comes before its branches.
    fn largest(&self, open: &[usize]) -> Option<usize> {
        let size = |place: &usize| {
            let things = (0..self.places.len()).filter(|thing| self.places[*thing] == *place);
            let largest = things.map(|thing| self.standing(thing).len()).max();
            (largest.unwrap_or_default(), Reverse(*place))
        };
        open.iter().copied().max_by_key(size)
    }

    /// The nodes whose only candidate is a part of one that goes, by its own identity: a method of another
    /// API, a route of another table. It goes with that, and the node has none.
    fn homeless(&self, graph: &Graph, candidates: &[Vec<Candidate>]) -> Vec<usize> {
        let own: Vec<Vec<BTreeSet<String>>> =
            candidates.iter().map(|all| all.iter().map(Candidate::own_names).collect()).collect();
        let mut homeless = vec![false; candidates.len()];
        for place in graph.dag().sorted().iter().copied() {
            let [only] = &*own[place] else { continue };
            homeless[place] = graph.dag().needs(place).any(|(on, _)| {
                let named = |names: &BTreeSet<String>| names.intersection(only).count();
                let stays = (!homeless[on]).then(|| own[on].get(self.chosen[on])).flatten();
                own[on].iter().map(named).max() > stays.map(named).or(Some(0))
            });
        }
        (0..homeless.len()).filter(|place| homeless[*place]).collect()
    }

    fn reject(&mut self, thing: usize) {
        self.rejected[thing] = true;
        for above in self.over(thing) {
            self.rejected[above] = true;
        }
    }
}
