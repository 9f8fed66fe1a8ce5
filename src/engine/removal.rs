//! Taking away: dependants first, each deleted and then watched until it is gone.

use super::{
    Event,
    outcome::Left,
    queue::Queue,
    retry::{Doing, GOING},
    survey::Extra,
    work::Work,
};
use crate::{
    model::{
        Address, Class, CriticalPath, Dag, Depth, Error, Hashed, Kind, Milestone, Result,
        tags::STACK,
    },
    state::Entry,
};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use std::{collections::HashMap, hash::BuildHasherDefault, time::Duration};
use tracing::Instrument;

/// How long to believe that something is held before the deletion is tried again all the same.
const HELD: Duration = Duration::from_secs(120);
/// How long refusals may go on before what holds a thing is asked for and told.
const NAMED: Duration = Duration::from_secs(60);
/// How many holders an error names.
const MOST_NAMED: usize = 5;
/// The share of the usual time after which a first look may be worth a call.
const EARLIEST: f64 = 0.45;

/// What became of things that were to go.
#[derive(Default)]
pub struct Removed {
    /// Gone.
    pub deleted: Vec<Address>,
    /// Left in place on purpose, and why.
    pub kept: Vec<(Address, String)>,
    /// Could not be removed, and why.
    pub failures: Vec<(Address, Kind, Error)>,
    /// Those of the failures that are there and do not carry this stack's tag: they were left alone,
    /// and stay on record.
    pub strangers: Vec<Left>,
    /// Not tried, because what stands on it is still there.
    pub skipped: Vec<(Address, Address)>,
}

/// Removes all of these, each after what stands on it. The order is the recorded edges turned
/// round, but for gates, for which AWS refuses no deletion; where none are on record, a kind goes after the kinds that can stand on it.
pub async fn remove(work: &Work, things: &[Extra]) -> Removed {
    let span = |at: usize| {
        let kind = &things[at].kind;
        work.estimates.down(kind.kind(), kind.times())
    };
    let dag = reversed(things);
    let path = CriticalPath::through(&dag, span, |at| Some(things[at].address.clone()));
    if path.seconds > 0.0 {
        work.events.tell(Event::Forecast { path });
    }
    let mut queue = Queue::new(&dag, |at, until| span(at).until(until));
    let begun = work.clock.now();
    let mut removed = Removed::default();
    let mut running = FuturesUnordered::new();
    let mut told = false;
    loop {
        // One that ends as soon as it begins ends before the next one begins, while its memory is near. A
        // task that has used up its budget must yield to tokio first, or else none of them goes on.
        let mut ended = None;
        while ended.is_none()
            && !work.interrupt.requested()
            && let Some(next) = queue.take()
        {
            let extra = &things[next];
            let span = work.span(&extra.address);
            let elapsed = work.clock.now().saturating_sub(begun).as_secs_f64();
            let critical = queue.is_critical(next, elapsed);
            let life = async move { (next, delete(work, extra, critical).await) };
            running.push(life.instrument(span));
            tokio::task::consume_budget().await;
            ended = running.next().now_or_never().flatten();
        }
        if ended.is_none() {
            ended = tokio::select! {
                biased;
                () = work.interrupt.asked(2) => None,
                () = work.interrupt.asked(1), if !told => {
                    told = true;
                    work.tell_interrupted(running.len());
                    continue;
                }
                ended = running.next() => ended,
            };
        }
        let Some((at, result)) = ended else { break };
        let extra = &things[at];
        let address = extra.address.clone();
        match result {
            Ok(()) => {
                queue.reached(at, Milestone::Ready);
                removed.deleted.push(address);
            }
            Err(error) if work.stops(&error) => {}
            Err(error) => {
                // Of a service that AWS has ended, what cannot be removed is nobody's loss.
                let is_silent = error.class == Class::Silent;
                if is_silent {
                    work.keeps_silent(extra.kind.kind(), &error);
                }
                let kept = is_silent || error.class == Class::Kept;
                for extra in queue.failed(at).into_iter().map(|at| &things[at]) {
                    if kept {
                        let reason = format!("{address} stays and needs it");
                        removed.kept.push((extra.address.clone(), reason));
                    } else {
                        removed.skipped.push((extra.address.clone(), address.clone()));
                    }
                }
                if kept {
                    work.events.tell(Event::Kept {
                        address: address.clone(),
                        kind: extra.kind.kind(),
                        id: extra.kind.id(&extra.identity),
                        reason: error.message.clone(),
                    });
                    removed.kept.push((address, error.message));
                } else {
                    if error.class == Class::Stranger {
                        removed.strangers.push(Left {
                            address: address.clone(),
                            kind: extra.kind.kind().0.into(),
                            id: extra.kind.id(&extra.identity),
                            because: error.hint.clone(),
                        });
                    }
                    work.events.tell(Event::Failed {
                        address: address.clone(),
                        kind: extra.kind.kind(),
                        error: error.clone(),
                    });
                    removed.failures.push((address, extra.kind.kind(), error));
                }
            }
        }
    }
    removed
}

/// For each thing, what must be gone before it. Several may have one address: a current one and
/// retired ones.
fn reversed(things: &[Extra]) -> Dag {
    // The last of each address, and for each thing the one of its address before it.
    let mut last: HashMap<&Address, usize, BuildHasherDefault<Hashed>> =
        HashMap::with_capacity_and_hasher(things.len(), BuildHasherDefault::default());
    let mut before = vec![None; things.len()];
    let mut of_kind: HashMap<Kind, Vec<usize>> = HashMap::new();
    for (at, extra) in things.iter().enumerate() {
        before[at] = last.insert(&extra.address, at);
        of_kind.entry(extra.kind.kind()).or_default().push(at);
    }
    let here = |address: &Address| {
        std::iter::successors(last.get(address).copied(), |at: &usize| before[*at])
    };
    let mut waits = Vec::with_capacity(things.iter().map(|extra| extra.edges.len()).sum());
    let mut stands_on: Vec<usize> = Vec::new();
    for (at, extra) in things.iter().enumerate() {
        if extra.edges.is_empty() {
            let kinds = extra.kind.stands_on();
            stands_on.extend(kinds.iter().filter_map(|kind| of_kind.get(kind)).flatten());
        } else {
            let edges = extra.edges.iter().filter(|edge| !edge.gate);
            stands_on.extend(edges.flat_map(|edge| here(&edge.on)));
        }
        stands_on.sort_unstable();
        stands_on.dedup();
        waits.extend(stands_on.drain(..).map(|on| (on, (at, Milestone::Ready))));
    }
    Dag::new(things.len(), waits)
}

/// Deletes one thing and watches it until it is gone.
async fn delete(work: &Work, extra: &Extra, critical: bool) -> Result<()> {
    let begun = work.clock.now();
    let kind = &extra.kind;
    let address = &extra.address;
    work.events.tell(Event::Begun {
        address: address.clone(),
        kind: kind.kind(),
        action: "delete",
        at: begun,
    });
    let times = kind.times();
    if extra.fresh || !extra.seen {
        // A deletion of what does not show yet would be answered as if it were gone.
        let live = work.look(kind, address, &extra.identity, Depth::Tagged, extra.fresh).await?;
        let ours = live.map_or(Ok(()), |live| work.own(kind, Some(&extra.identity), &live));
        // It stays on record: a search by tags does not show it, so nothing else knows of it.
        ours.map_err(|error| error.hint(untagged(work)))?;
    }
    ask(work, extra).await?;
    let asked = work.clock.now();
    let mut ask_again = asked + Duration::from_secs_f64(times.gone * 3.0 + 60.0);
    let mut earliest = asked + Duration::from_secs_f64(times.gone * EARLIEST);
    let mut told = false;
    loop {
        // More than a listing, which shows families and parents, and they outlive their members.
        let read = || kind.read(&extra.identity, Depth::Settings);
        if work.attempt(address, kind.kind(), Doing::Read, read).await?.is_none() {
            break;
        }
        let now = work.clock.now();
        let deadline = Duration::from_secs_f64(times.deadline).max(GOING);
        if now.saturating_sub(asked) > deadline {
            let message = format!("still there {} s after it was deleted", deadline.as_secs());
            return Err(Error::new(Class::Deadline, message));
        }
        if now > ask_again {
            // Some deletions fail behind a successful answer.
            ask(work, extra).await?;
            ask_again = now + Duration::from_secs(60);
        }
        if !std::mem::replace(&mut told, true) {
            work.events.tell(Event::Waiting {
                address: address.clone(),
                kind: kind.kind(),
                reason: "being deleted".into(),
                since: begun,
            });
        }
        work.pause_until(std::mem::take(&mut earliest), critical).await?;
    }
    gone(work, extra)?;
    work.events.tell(Event::Deleted {
        address: address.clone(),
        kind: kind.kind(),
        id: kind.id(&extra.identity),
        took: work.clock.now().saturating_sub(begun),
    });
    Ok(())
}

/// Why something that is on record and has lost its tag is left alone, and what to do about it.
fn untagged(work: &Work) -> String {
    let stack = work.with_state(|state| state.stack.clone());
    format!(
        "it does not carry the tag {STACK}={stack}, so it was left alone; if it is this stack's, tag \
         it so and run `meshctl down` again, or remove it by hand; if it is not, `meshctl adopt` \
         takes it off the record"
    )
}

/// Takes it off the record.
fn gone(work: &Work, extra: &Extra) -> Result<()> {
    if work.with_state(|state| state.records.contains_key(&extra.address)) {
        let (address, identity) = (extra.address.clone(), extra.identity.clone());
        work.note(Entry::Deleted { address, identity })?;
    }
    Ok(())
}

/// Makes the deleting call, again and again while something still holds the thing.
async fn ask(work: &Work, extra: &Extra) -> Result<()> {
    let (address, kind) = (&extra.address, extra.kind.kind());
    let begun = work.clock.now();
    let (mut attempt, mut told) = (0, false);
    loop {
        attempt += 1;
        let slot = work.slot(kind, Doing::Delete).await?;
        let answer = extra.kind.delete(&extra.identity).await;
        drop(slot);
        let Err(error) = answer else { return Ok(()) };
        let busy = error.class == Class::Busy;
        if busy && released(work, extra, begun).await? {
            continue;
        }
        if busy && !told && work.clock.now().saturating_sub(begun) > NAMED {
            told = true;
            if let Some(holders) = holders(extra).await {
                let (address, reason) = (address.clone(), format!("held by {holders}"));
                work.events.tell(Event::Waiting { address, kind, reason, since: begun });
            }
        }
        let again = work.again(address, kind, &error, Doing::Delete, (attempt, begun)).await;
        if let Err(error) = again {
            return Err(held(extra, error).await);
        }
    }
}

/// An error with what holds the thing, where that is why it was refused.
async fn held(extra: &Extra, mut error: Error) -> Error {
    if error.class == Class::Busy
        && let Some(holders) = holders(extra).await
    {
        error.message = format!("{}; held by {holders}", error.message.trim_end_matches('.'));
    }
    error
}

/// What holds a thing, where its kind can tell. A look that fails is no reason to say less than AWS
/// did.
async fn holders(extra: &Extra) -> Option<String> {
    let all = extra.kind.holders(&extra.identity).await.ok()?;
    let named = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MOST_NAMED) {
        _ if all.is_empty() => None,
        0 => Some(named),
        more => Some(format!("{named} and {more} more")),
    }
}

/// Watches what holds a thing until it has let go, which costs one call for all things that are
/// held. False when nothing is seen to hold it, or for too long: then only another attempt can tell.
async fn released(work: &Work, extra: &Extra, begun: Duration) -> Result<bool> {
    let since = work.clock.now();
    let mut said = None;
    loop {
        // A look that fails is no reason to stop: the next attempt says what is wrong.
        let Ok(Some(interfaces)) = extra.kind.interfaces(&extra.identity).await else {
            return Ok(false);
        };
        if interfaces == 0 {
            return Ok(said.is_some());
        }
        if said != Some(interfaces) {
            let plural = if interfaces == 1 { "" } else { "s" };
            work.events.tell(Event::Waiting {
                address: extra.address.clone(),
                kind: extra.kind.kind(),
                reason: format!("held by {interfaces} network interface{plural}"),
                since: begun,
            });
            said = Some(interfaces);
        }
        let now = work.clock.now();
        if now.saturating_sub(since) > HELD {
            return Ok(false);
        }
        work.pause_until(now, false).await?;
    }
}
