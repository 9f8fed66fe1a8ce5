//! Taking away: dependants first, each deleted and then watched until it is gone.

use super::{Event, queue::Queue, retry::Doing, survey::Extra, work::Work};
use crate::{
    model::{Address, Class, Depth, Edge, Error, Kind, Milestone, Result},
    state::Entry,
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tracing::Instrument;

/// The longest time between two looks at something that is going.
const STEP: Duration = Duration::from_secs(2);

/// What became of things that were to go.
#[derive(Default)]
pub struct Removed {
    /// Gone.
    pub deleted: Vec<Address>,
    /// Left in place on purpose, and why.
    pub kept: Vec<(Address, String)>,
    /// Could not be removed, and why.
    pub failures: Vec<(Address, Kind, Error)>,
    /// Not tried, because what stands on it is still there.
    pub skipped: Vec<(Address, Address)>,
}

/// Removes all of these, each after what stands on it. The order is the recorded edges turned
/// round; where none are on record, a kind goes after the kinds that can stand on it.
pub async fn remove(work: &Work, extras: Vec<Extra>) -> Removed {
    let things: BTreeMap<Address, Extra> =
        extras.into_iter().enumerate().map(|(at, extra)| (key(at, &extra), extra)).collect();
    let mut queue = Queue::new(&reversed(&things), |name, _| {
        things.get(name).map_or(0.0, |extra| extra.kind.times().gone)
    });
    let mut removed = Removed::default();
    let mut running = FuturesUnordered::new();
    let mut told = false;
    loop {
        while !work.interrupt.requested()
            && let Some(next) = queue.take()
        {
            let Some(extra) = things.get(&next) else { continue };
            let span = work.span(&extra.address);
            running.push(async move { (next, delete(work, extra).await) }.instrument(span));
        }
        let ended = tokio::select! {
            biased;
            () = work.interrupt.asked(2) => None,
            () = work.interrupt.asked(1), if !told => {
                told = true;
                work.tell_interrupted(running.len());
                continue;
            }
            ended = running.next() => ended,
        };
        let Some((name, result)) = ended else { break };
        let Some(extra) = things.get(&name) else { continue };
        let address = extra.address.clone();
        match result {
            Ok(()) => {
                queue.reached(&name, Milestone::Ready);
                removed.deleted.push(address);
            }
            Err(error) => {
                let blocked = queue.failed(&name);
                let blocked = blocked.iter().filter_map(|name| things.get(name));
                let kept = error.class == Class::Kept;
                for extra in blocked {
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
                } else if error.class != Class::Interrupted {
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

/// Several things may have one address: a current one and retired ones.
fn key(at: usize, extra: &Extra) -> Address {
    extra.address.child(format_args!("#{at}"))
}

/// For each thing, what must be gone before it.
fn reversed(things: &BTreeMap<Address, Extra>) -> BTreeMap<Address, Vec<Edge>> {
    let mut at: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    let mut of_kind: BTreeMap<Kind, Vec<&Address>> = BTreeMap::new();
    for (name, extra) in things {
        at.entry(&extra.address).or_default().push(name);
        of_kind.entry(extra.kind.kind()).or_default().push(name);
    }
    let mut before: BTreeMap<Address, BTreeSet<Edge>> =
        things.keys().map(|name| (name.clone(), BTreeSet::new())).collect();
    for (name, extra) in things {
        let recorded = extra.edges.iter().filter_map(|edge| at.get(&edge.on));
        let by_kind =
            || extra.kind.stands_on().into_iter().filter_map(|kind| of_kind.get(&kind).cloned());
        let stands_on: Vec<&Address> = if extra.edges.is_empty() {
            by_kind().flatten().collect()
        } else {
            recorded.flatten().copied().collect()
        };
        for on in stands_on {
            if let Some(edges) = before.get_mut(on) {
                edges.insert(Edge { on: name.clone(), until: Milestone::Ready });
            }
        }
    }
    before.into_iter().map(|(name, edges)| (name, edges.into_iter().collect())).collect()
}

/// Deletes one thing and watches it until it is gone.
async fn delete(work: &Work, extra: &Extra) -> Result<()> {
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
        let live = work.look(kind, address, &extra.identity, Depth::Full, extra.fresh).await?;
        let ours = live.map_or(Ok(()), |live| work.own(kind, Some(&extra.identity), &live));
        if let Err(error) = ours {
            // Not ours (any more), so not for our record either.
            gone(work, extra)?;
            return Err(error);
        }
    }
    ask(work, extra).await?;
    let asked = work.clock.now();
    let mut ask_again = asked + Duration::from_secs_f64(times.gone * 3.0 + 60.0);
    if times.gone > 0.0 {
        work.events.tell(Event::Waiting {
            address: address.clone(),
            kind: kind.kind(),
            reason: "being deleted".into(),
            since: begun,
        });
        work.pause_until(asked + Duration::from_secs_f64(times.gone * 0.6)).await?;
    }
    let mut step = Duration::from_millis(500);
    loop {
        // In full: a listing shows families and parents, which outlive their members.
        let read = || kind.read(&extra.identity, Depth::Full);
        if work.attempt(address, kind.kind(), Doing::Read, read).await?.is_none() {
            break;
        }
        let now = work.clock.now();
        if now.saturating_sub(asked).as_secs_f64() > times.deadline {
            let message = format!("still there {:.0} s after it was deleted", times.deadline);
            return Err(Error::new(Class::Deadline, message));
        }
        if now > ask_again {
            // Some deletions fail behind a successful answer.
            ask(work, extra).await?;
            ask_again = now + Duration::from_secs(60);
        }
        work.pause_until(now + step).await?;
        step = (step * 2).min(STEP);
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

/// Takes it off the record.
fn gone(work: &Work, extra: &Extra) -> Result<()> {
    if work.with_state(|state| state.records.contains_key(&extra.address)) {
        let (address, identity) = (extra.address.clone(), extra.identity.clone());
        work.note(Entry::Deleted { address, identity })?;
    }
    Ok(())
}

async fn ask(work: &Work, extra: &Extra) -> Result<()> {
    let slot = || async {
        let _slot = work.slot().await?;
        extra.kind.delete(&extra.identity).await
    };
    work.attempt(&extra.address, extra.kind.kind(), Doing::Delete, slot).await
}
