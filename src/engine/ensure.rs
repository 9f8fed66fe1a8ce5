//! One node's life in `up`: found or created, brought into line, waited for.

mod create;

use super::{
    Event,
    retry::Doing,
    survey::{Action, Finding, fingerprint, tag_changes},
    work::Work,
};
use crate::{
    model::{
        Address, Class, Depth, Drift, Edges, Error, Fingerprint, Identities, Identity, KindOps,
        Live, Readiness, Replacement, Result, Step, Tags,
    },
    state::Entry,
};
use serde_json::Value;
use std::{cell::RefCell, rc::Rc, time::Duration};
use tokio::sync::mpsc::UnboundedSender;

/// How long a read may miss what was just created.
const LAG: Duration = Duration::from_secs(60);
/// How long a change may take to show.
const EFFECT: Duration = Duration::from_secs(90);
/// How often one run makes a thing that vanishes or is not what is needed.
const MOST_MADE: u32 = 3;
/// The first and the longest time between two looks for what was just created.
const STEPS: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(2));

/// A node has an identity; its dependants may start.
pub struct Identified {
    /// Its place in the graph.
    pub place: usize,
    /// Its identity.
    pub identity: Identity,
}

/// How a node's life ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// It was as wished.
    Unchanged,
    /// It was made.
    Created,
    /// It was changed in place.
    Updated,
    /// It was made anew.
    Replaced,
    /// What stands on it, and then it, must go before it can be made anew.
    MustGo,
}

/// One node at work.
pub struct Ensure<'a> {
    /// Clock, state, slots.
    pub work: &'a Work,
    /// Its place in the graph.
    pub place: usize,
    /// Where it stands.
    pub address: Address,
    /// What is wanted.
    pub step: Rc<dyn Step>,
    /// What it needs.
    pub needs: Edges,
    /// As it was found.
    pub finding: Finding,
    /// How often it was removed in this run to be made anew.
    pub cleared: u32,
    /// Whether the whole run is expected to wait for it.
    pub critical: bool,
    /// The identities of all nodes.
    pub known: &'a RefCell<Identities>,
    /// Tells the loop of an identity.
    pub identified: UnboundedSender<Identified>,
}

impl Ensure<'_> {
    /// Lives the node's life.
    ///
    /// # Errors
    /// What could not be mended by trying again.
    pub async fn run(self) -> Result<Ensured> {
        let kind = self.step.kind().clone();
        let begun = self.work.clock.now();
        let mut created_at = None;
        let mut ensured = Ensured::Unchanged;
        let mut depth = Depth::Full;
        let mut identity = self.finding.identity.clone();
        let mut look = self.finding.live.clone();
        let (mut made, mut gone) = (0, None);
        loop {
            let again = match gone.take() {
                Some(gone) => self.made_by_another(&kind, &gone).await?,
                None => None,
            };
            // What comes and goes is not followed for ever.
            made += u32::from(again.is_some());
            let current = match identity.take().or(again) {
                Some(identity) => identity,
                None => {
                    let (created, closely) = self.create(&kind).await?;
                    made += 1;
                    depth = closely;
                    created_at = Some(self.work.clock.now());
                    if ensured == Ensured::Unchanged {
                        ensured = Ensured::Created;
                    }
                    created
                }
            };
            // What may be replaced yet has no identity that others could build on.
            let stays = created_at.is_some()
                || matches!(self.finding.action, Action::Nothing | Action::Update);
            if stays {
                self.tell_identity(&current);
            }
            let aligned = self.align(&kind, &current, created_at, depth, look.take()).await?;
            match aligned {
                Aligned::Vanished => {
                    let (address, identity) = (self.address.clone(), current.clone());
                    self.work.note(Entry::Deleted { address, identity })?;
                    if made >= MOST_MADE {
                        return Err(in_vain(made, "was gone each time a moment later"));
                    }
                    depth = Depth::Full;
                    gone = Some(current);
                }
                Aligned::Replace(drift) if made + self.cleared >= MOST_MADE => {
                    let why = format!("is not what is needed: {drift}");
                    return Err(in_vain(made + self.cleared, &why));
                }
                Aligned::Replace(_) if kind.replacement() == Replacement::CreateFirst => {
                    self.work.note(Entry::Retired { address: self.address.clone() })?;
                    ensured = Ensured::Replaced;
                }
                Aligned::Replace(_) => return Ok(Ensured::MustGo),
                Aligned::Done { live, changed } => {
                    if !stays {
                        self.tell_identity(&current);
                    }
                    if changed && ensured == Ensured::Unchanged {
                        ensured = Ensured::Updated;
                    }
                    let live = self.settle(&kind, &current, live, created_at).await?;
                    self.settled(&kind, &current, &live, begun, ensured)?;
                    return Ok(ensured);
                }
            }
        }
    }

    fn tell_identity(&self, identity: &Identity) {
        let (place, identity) = (self.place, identity.clone());
        // The loop outlives its nodes; without it there is nobody to tell.
        let _ = self.identified.send(Identified { place, identity });
    }

    /// Reads, compares, changes, until nothing differs.
    async fn align(
        &self,
        kind: &Rc<dyn KindOps>,
        identity: &Value,
        created_at: Option<Duration>,
        depth: Depth,
        mut look: Option<Live>,
    ) -> Result<Aligned> {
        let work = self.work;
        let begun = work.clock.now();
        let mut changed = false;
        let mut told = false;
        let mut attempt = 0;
        loop {
            let live = match look.take() {
                Some(live) => live,
                None => match self.read(kind, identity, created_at, depth).await? {
                    Some(live) => live,
                    None => return Ok(Aligned::Vanished),
                },
            };
            let drift = self.step.drift(&live, &self.known.borrow()).unwrap_or_default();
            let recorded = self.recorded_tags();
            let tags = tag_changes(&*self.step, &self.address, &live, recorded.as_ref());
            // The record's tags are believed where AWS does not show them: one change is enough.
            let tags_done = told && kind.tags(&live).is_none();
            if drift.is_empty() && (tags.is_empty() || tags_done) {
                return Ok(Aligned::Done { live, changed });
            }
            if drift.replaces() {
                return Ok(Aligned::Replace(drift));
            }
            if changed && work.clock.now().saturating_sub(begun) > EFFECT {
                return Err(ineffective(&drift));
            }
            let at = work.clock.now();
            if !told && created_at.is_none() {
                // A listing may not show whose it is.
                let shown = kind.tags(&live).is_some() || self.step.tags(&self.address).is_empty();
                let full = match shown {
                    true => Some(live.clone()),
                    false => self.read(kind, identity, created_at, Depth::Full).await?,
                };
                full.map_or(Ok(()), |full| work.own(kind, Some(identity), &full))?;
                let (address, action) = (self.address.clone(), "update");
                work.events.tell(Event::Begun { address, kind: kind.kind(), action, at });
            }
            work.note(Entry::Unsettled { address: self.address.clone() })?;
            let slot = work.slot(kind.kind(), Doing::Update).await?;
            if !drift.is_empty() {
                let update = || self.step.update(identity, &drift, &self.known.borrow());
                work.attempt(&self.address, kind.kind(), Doing::Update, update).await?;
            }
            if !tags.is_empty() && !tags_done {
                let retag = || kind.retag(identity, &tags);
                work.attempt(&self.address, kind.kind(), Doing::Update, retag).await?;
            }
            drop(slot);
            if !told && created_at.is_none() {
                work.events.tell(Event::Updated {
                    address: self.address.clone(),
                    kind: kind.kind(),
                    id: kind.id(identity),
                    drift: drift.clone(),
                    took: work.clock.now().saturating_sub(at),
                });
            }
            (changed, told) = (true, true);
            attempt += 1;
            if attempt > 1 {
                // Reads lag behind changes.
                work.pause(Duration::from_millis(500 * attempt)).await?;
            }
        }
    }

    fn recorded_tags(&self) -> Option<Tags> {
        self.work.with_state(|state| {
            let settled = state.records.get(&self.address)?.settled.as_ref()?;
            Some(settled.tags.clone())
        })
    }

    /// Reads once; what was just created, by this run or by one before it, may take a moment to show.
    async fn read(
        &self,
        kind: &Rc<dyn KindOps>,
        identity: &Value,
        created_at: Option<Duration>,
        depth: Depth,
    ) -> Result<Option<Live>> {
        let work = self.work;
        let shows_by = match created_at {
            Some(created) => created + LAG,
            None => work.shows_by(self.finding.fresh),
        };
        let read = || kind.read(identity, depth);
        let ask = async || work.attempt(&self.address, kind.kind(), Doing::Read, read).await;
        work.shown(shows_by, STEPS, ask).await
    }

    /// Waits until it works. The first look comes before the earliest expected moment.
    async fn settle(
        &self,
        kind: &Rc<dyn KindOps>,
        identity: &Value,
        mut live: Live,
        created_at: Option<Duration>,
    ) -> Result<Live> {
        let work = self.work;
        let times = kind.times();
        let begun = work.clock.now();
        let mut said = None;
        let expected = Duration::from_secs_f64(times.ready * times.earliest);
        let mut next = created_at.map(|at| at + expected);
        loop {
            let reason = match kind.readiness(&live) {
                Readiness::Ready => return Ok(live),
                Readiness::Failed(reason) => return Err(Error::new(Class::Terminal, reason)),
                Readiness::Waiting(reason) => reason,
            };
            let now = work.clock.now();
            if now.saturating_sub(begun).as_secs_f64() > times.deadline {
                let message = format!("not ready after {:.0} s: {reason}", times.deadline);
                return Err(Error::new(Class::Deadline, message));
            }
            if said.as_ref() != Some(&reason) {
                work.events.tell(Event::Waiting {
                    address: self.address.clone(),
                    kind: kind.kind(),
                    reason: reason.clone(),
                    since: begun,
                });
                said = Some(reason);
            }
            work.pause_until(next.take().unwrap_or_default(), self.critical).await?;
            let depth = Depth::Listed;
            match self.read(kind, identity, created_at, depth).await? {
                Some(seen) => live = seen,
                None => {
                    let message = "it vanished while it was waited for";
                    return Err(Error::new(Class::Missing, message)
                        .hint("run `meshctl up` again to make it anew"));
                }
            }
        }
    }

    /// What tells the identities of its needs from others.
    fn fingerprints(&self) -> Vec<Option<Fingerprint>> {
        let known = self.known.borrow();
        self.needs.iter().map(|edge| known.raw(&edge.on).map(Identity::fingerprint)).collect()
    }

    /// Writes down that it is as wished.
    fn settled(
        &self,
        kind: &Rc<dyn KindOps>,
        identity: &Value,
        live: &Live,
        begun: Duration,
        ensured: Ensured,
    ) -> Result<()> {
        self.work.note(Entry::Settled {
            address: self.address.clone(),
            wish: fingerprint(&*self.step, &self.address, self.fingerprints()),
            mark: kind.mark(live),
            tags: self.step.tags(&self.address),
        })?;
        self.work.events.tell(Event::Ready {
            address: self.address.clone(),
            kind: kind.kind(),
            id: kind.id(identity),
            took: self.work.clock.now().saturating_sub(begun),
            changed: ensured != Ensured::Unchanged,
        });
        Ok(())
    }
}

enum Aligned {
    Done { live: Live, changed: bool },
    Vanished,
    Replace(Drift),
}

/// What was made so often and is still not there, or not what is needed: somebody else is at it.
fn in_vain(made: u32, why: &str) -> Error {
    let message = format!("tried {made} times, and it {why}");
    Error::new(Class::Terminal, message).hint(
        "another run or somebody else is changing this stack: let that end, then run `meshctl up` again; \
         `meshctl plan` says what stands in the way",
    )
}

fn ineffective(drift: &Drift) -> Error {
    let message = format!("a change was accepted and does not show: {drift}");
    Error::new(Class::Deadline, message)
}
