//! Other runs on the same stack, from machines that share no state with this one: what they make carries
//! their tokens, and those say which run made it and when.

use super::{
    Event,
    survey::{Census, same},
    work::Work,
};
use crate::model::{Check, Depth, Found, Readiness, Registry, token::Token};
use futures_util::future::join_all;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How long after its last creating call a run may be at work, in seconds: what takes longest to become
/// ready takes about as long.
const AT_WORK: i64 = 5 * 60;

/// How long after its last creating call a run is taken to be at work whatever it has made, in seconds.
const A_MOMENT: i64 = 60;

/// A run that this machine's record knows nothing of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Eight hexadecimal digits.
    pub run: String,
    /// When it made the first of what is there, in seconds since 1970.
    pub since: i64,
    /// When it made the last.
    pub last: i64,
    /// How many things of its making are there.
    pub made: usize,
}

impl Foreign {
    /// What to say of it.
    pub fn check(&self, now: i64) -> Check {
        let since = Timestamp::from_second(self.since).map(|at| at.to_string());
        let what = format!(
            "another run ({}) seems to be at work on this stack since {}: it made {} of its resources, the \
             last one {} s ago",
            self.run,
            since.unwrap_or_default(),
            self.made,
            (now - self.last).max(0)
        );
        let remedy = "let it end first, or run `meshctl up` again after it: of what two runs made one stays. \
                      Runs that share one state directory (--state) wait for each other";
        Check::warning("other runs", what, remedy)
    }
}

/// Whether something was found that is not on record, nor made by a call that is.
fn is_foreign(work: &Work, registry: &Registry, kind: &str, found: &Found) -> bool {
    let Some(kind) = registry.get(kind) else { return false };
    work.with_state(|state| {
        let Some(record) = state.records.get(&found.address) else { return true };
        let mut ours = record.identity.iter().chain(&record.retired);
        let known = ours.any(|one| same(kind, one, &found.out));
        !known && (record.started.is_none() || record.started != found.token)
    })
}

/// The runs that made what was found and is not on record, by what a search shows.
pub fn runs(work: &Work, registry: &Registry, census: &Census) -> Vec<Foreign> {
    let mut runs: BTreeMap<String, Foreign> = BTreeMap::new();
    for (kind, found) in census {
        for found in found {
            let Some(token) = found.token.as_deref().and_then(Token::read) else { continue };
            if !is_foreign(work, registry, kind, found) {
                continue;
            }
            let (run, at) = (token.run.to_owned(), token.at);
            let known = runs.entry(run.clone());
            let known = known.or_insert(Foreign { run, since: at, last: at, made: 0 });
            known.since = known.since.min(at);
            known.last = known.last.max(at);
            known.made += 1;
        }
    }
    runs.into_values().collect()
}

/// Those that made something a few minutes ago.
pub fn at_work(work: &Work, runs: Vec<Foreign>) -> Vec<Foreign> {
    let now = (work.date)();
    runs.into_iter().filter(|run| now - run.last < AT_WORK).collect()
}

/// Those that made something a few minutes ago of which something does not work yet, or a moment ago.
pub async fn unsettled(work: &Work, registry: &Registry, census: &Census) -> Vec<Foreign> {
    let runs = at_work(work, runs(work, registry, census));
    let now = (work.date)();
    let mut left = Vec::new();
    for run in runs {
        if now - run.last < A_MOMENT || !works(work, registry, census, &run).await {
            left.push(run);
        }
    }
    left
}

/// Whether all that a run has made works.
async fn works(work: &Work, registry: &Registry, census: &Census, run: &Foreign) -> bool {
    let things = census.iter().flat_map(|(kind, all)| all.iter().map(move |found| (*kind, found)));
    let of_run = things.filter(|(_, found)| {
        let token = found.token.as_deref().and_then(Token::read);
        token.is_some_and(|token| token.run == run.run)
    });
    let looks = of_run.map(async |(kind, found)| {
        let Some(kind) = registry.get(kind) else { return true };
        let live = work.look(kind, &found.address, &found.out, Depth::Listed, false).await;
        // What cannot be seen says nothing.
        live.ok().flatten().is_none_or(|live| kind.readiness(&live) == Readiness::Ready)
    });
    join_all(looks).await.into_iter().all(|works| works)
}

/// Says so.
pub fn tell(work: &Work, runs: &[Foreign]) {
    let now = (work.date)();
    for run in runs {
        work.events.tell(Event::Checked { check: run.check(now) });
    }
}
