//! What the life of one node is handed: the state, the clock, slots for calls, and retries.

use super::{
    Event, Events, Interrupt,
    retry::{Doing, Retry},
};
use crate::{
    model::{
        Address, Check, Class, Clock, Depth, Drift, Error, Estimates, Found, Kind, KindOps, Live,
        Result, tags::STACK, token::Token,
    },
    state::{Entry, State, Store, StoreError},
};
use serde_json::Value;
use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Span;

/// How many calls that make, change or delete things of one kind may be under way, or wait for their
/// turn, at once. A kind of which there are hundreds, and whose calls AWS limits, keeps no other kind
/// waiting, and what is to be made not what is made and to be changed, which AWS limits apart.
const SLOTS: usize = 32;

/// How long an entry waits for company before it is synced. Wall time.
const COMPANY: Duration = Duration::from_millis(1);

/// How long to look for something that a call with an unknown outcome may have made, or that was made a
/// moment ago: reads lag behind creates by a few seconds. A look counts by when it began.
const PATIENCE: Duration = Duration::from_secs(20);

/// The first and the longest time between two such looks.
const STEPS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));

/// The choice that says whether the record is whole: the last `up` that made things came to its end.
/// Where it is not, all kinds are searched: a journal can have lost its end, and what a configuration no
/// longer names is found in no other way.
const WHOLE: &str = "whole";

/// Shared by all nodes of a run.
pub struct Work {
    /// AWS's time.
    pub clock: Clock,
    /// Where events go.
    pub events: Events,
    /// Delays and nonces.
    pub retry: Retry,
    /// Requests to stop.
    pub interrupt: Interrupt,
    /// How long resources take.
    pub estimates: Estimates,
    /// AWS's date, in seconds since 1970; 0 until somebody says how it is known.
    pub date: Rc<dyn Fn() -> i64>,
    /// Eight hexadecimal digits that tell this run from others.
    run: OnceCell<String>,
    store: RefCell<Store>,
    slots: RefCell<BTreeMap<(Kind, Doing), Arc<Semaphore>>>,
    /// Services that kept silent, and what their last call came to.
    silent: RefCell<BTreeMap<&'static str, Error>>,
}

impl Work {
    /// For one run.
    pub fn new(
        clock: Clock,
        events: Events,
        retry: Retry,
        interrupt: Interrupt,
        store: Store,
    ) -> Self {
        Self {
            clock,
            events,
            retry,
            interrupt,
            estimates: Estimates::default(),
            date: Rc::new(|| 0),
            run: OnceCell::new(),
            store: RefCell::new(store),
            slots: RefCell::default(),
            silent: RefCell::default(),
        }
    }

    /// A fresh token for a creating call: it says which run makes the call, and when.
    pub fn token(&self) -> String {
        let run = self.run.get_or_init(|| format!("{:08x}", self.retry.chance() as u32));
        Token { run, at: (self.date)() }.with(self.retry.chance())
    }

    /// When this run began, by AWS's date.
    pub fn begun(&self) -> i64 {
        (self.date)() - self.clock.now().as_secs() as i64
    }

    /// Reads what is on record.
    pub fn with_state<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(self.store.borrow().state())
    }

    /// Writes an entry that nobody relies on yet.
    pub fn note(&self, entry: Entry) -> Result<()> {
        self.store.borrow_mut().append(entry).map(drop).map_err(|error| unwritten(&error))
    }

    /// Writes an entry and returns when it is safe to rely on. Entries of one moment share one sync:
    /// it takes the disk longer than the moment.
    pub async fn journal(&self, entry: Entry) -> Result<()> {
        let position = self.store.borrow_mut().append(entry);
        let position = position.map_err(|error| unwritten(&error))?;
        tokio::time::sleep(COMPANY).await;
        self.store.borrow_mut().sync(position).map_err(|error| unwritten(&error))
    }

    /// How much of the journal would survive a power cut now.
    pub fn synced(&self) -> u64 {
        self.store.borrow().synced()
    }

    /// Says, before anything is made, that the record is not whole until the run ends. It is said in the
    /// snapshot: whatever becomes of the journal, the next run knows.
    pub fn begin(&self) -> Result<()> {
        self.note(Entry::Chosen { key: WHOLE.into(), value: false.into() })?;
        self.finish()
    }

    /// Says that the record has everything that there is.
    pub fn now_whole(&self) -> Result<()> {
        if self.is_whole() == Some(true) {
            return Ok(());
        }
        self.note(Entry::Chosen { key: WHOLE.into(), value: true.into() })
    }

    /// Whether the record has everything that there is: not when a run began to make things and did not
    /// come to its end. `None` where none is known to have begun.
    pub fn is_whole(&self) -> Option<bool> {
        self.with_state(|state| state.choices.get(WHOLE).and_then(Value::as_bool))
    }

    /// Folds the journal into the snapshot.
    pub fn finish(&self) -> Result<()> {
        self.store.borrow_mut().compact().map_err(|error| unwritten(&error))
    }

    /// Leaves out of what others added to a resource what is on record: a node that the configuration no
    /// longer has, or an earlier one of a node, which goes in its turn.
    pub fn foreign(&self, drift: Drift) -> Drift {
        if !drift.has_extras() {
            return drift;
        }
        self.with_state(|state| {
            drift.without_own(|identity| {
                let records = state.records.values();
                let mut ours = records.flat_map(|r| r.identity.iter().chain(&r.retired));
                ours.any(|own| **own == *identity)
            })
        })
    }

    /// Waits for a slot to make a call that does this to something of this kind.
    pub async fn slot(&self, kind: Kind, doing: Doing) -> Result<OwnedSemaphorePermit> {
        self.heed()?;
        let fresh = || Arc::new(Semaphore::new(SLOTS));
        let slots = self.slots.borrow_mut().entry((kind, doing)).or_insert_with(fresh).clone();
        let slot = slots.acquire_owned().await.map_err(|_| interrupted())?;
        self.heed()?;
        Ok(slot)
    }

    /// What the calls for one node are traced under. Off, it costs a comparison.
    pub fn span(&self, address: &Address) -> Span {
        tracing::info_span!(target: "meshctl::call", "resource", %address)
    }

    /// Says that the user asked to stop, where there is anything to finish.
    pub fn tell_interrupted(&self, in_flight: usize) {
        if in_flight > 0 {
            self.events.tell(Event::Interrupted { in_flight });
        }
    }

    /// Fails when the user asked to stop: nothing new is begun.
    pub fn heed(&self) -> Result<()> {
        if self.interrupt.requested() { Err(interrupted()) } else { Ok(()) }
    }

    /// Takes note that a kind's service keeps silent, and says so once.
    pub fn keeps_silent(&self, kind: Kind, error: &Error) {
        let service = service(kind);
        if self.silent.borrow_mut().insert(service, error.clone()).is_some() {
            return;
        }
        let what = format!(
            "{service} could not be asked, so it counts as holding nothing of this stack: {error}"
        );
        let remedy = "once it answers again, `meshctl down` removes what it may hold; AWS has ended \
                      it, and nothing of it costs anything";
        self.events.tell(Event::Checked { check: Check::warning("mesh", what, remedy) });
    }

    /// Why a kind's service could not be asked, if so.
    pub fn silence(&self, kind: Kind) -> Option<Error> {
        self.silent.borrow().get(service(kind)).cloned()
    }

    /// Whether an error only says that the run stops. The first that says that the credentials are not
    /// taken stops it, and is told; of those under way then, each of which would say the same, it is
    /// not known whether they had an effect, as after a request to stop.
    pub fn stops(&self, error: &Error) -> bool {
        match error.class {
            Class::Interrupted => true,
            Class::Credentials => !self.interrupt.halt(),
            _ => false,
        }
    }

    /// Lets time pass, unless the user asks to stop.
    pub async fn pause(&self, duration: Duration) -> Result<()> {
        tokio::select! {
            biased;
            () = self.interrupt.asked(1) => Err(interrupted()),
            () = self.clock.sleep(duration) => Ok(()),
        }
    }

    /// Lets time pass until the next look, not before `earliest`. Looks are on a grid, so that those
    /// who wait for things of one kind ask together: every second for what the whole run waits for,
    /// every other second for the rest.
    pub async fn pause_until(&self, earliest: Duration, critical: bool) -> Result<()> {
        let step = if critical { 1.0 } else { 2.0 };
        let now = self.clock.now();
        let next = (now.as_secs_f64() / step).floor() + 1.0;
        let steps = (earliest.as_secs_f64() / step).ceil().max(next);
        self.pause(Duration::from_secs_f64(steps * step).saturating_sub(now)).await
    }

    /// Makes a call, and makes it again as its errors allow.
    pub async fn attempt<T, F: Future<Output = Result<T>>>(
        &self,
        address: &Address,
        kind: Kind,
        doing: Doing,
        mut call: impl FnMut() -> F,
    ) -> Result<T> {
        let begun = self.clock.now();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            // Seldom, and large: what every call under way would have to hold room for.
            Box::pin(self.again(address, kind, &error, doing, (attempt, begun))).await?;
        }
    }

    /// Waits before another attempt, after so many since then.
    ///
    /// # Errors
    /// The error itself, when another attempt is of no use.
    pub async fn again(
        &self,
        address: &Address,
        kind: Kind,
        error: &Error,
        doing: Doing,
        (attempt, begun): (u32, Duration),
    ) -> Result<()> {
        let spent = self.clock.now().saturating_sub(begun);
        let Some(delay) = self.retry.delay(error, doing, attempt, spent) else {
            return Err(error.clone());
        };
        // A long wait is told less and less often.
        if attempt.is_power_of_two() {
            let (address, class, text) = (address.clone(), error.class, error.to_string());
            self.events.tell(Event::Retrying { address, kind, class, error: text, delay });
        }
        self.pause(delay).await
    }

    /// Refuses what does not carry this stack's tag, where a description shows tags: it may be on
    /// record, and yet another's that took the name.
    ///
    /// # Errors
    /// [`Class::Stranger`].
    pub fn own(&self, kind: &Rc<dyn KindOps>, identity: Option<&Value>, live: &Live) -> Result<()> {
        let Some(tags) = kind.tags(live) else { return Ok(()) };
        let stack = self.with_state(|state| state.stack.clone());
        if tags.get(STACK) == Some(&stack) {
            return Ok(());
        }
        let id = identity.map(|identity| kind.id(identity)).unwrap_or_default();
        let hint = format!("if it is this stack's, tag it {STACK}={stack}; else rename the stack");
        Err(Error::stranger(format_args!("{} {id}", kind.kind())).hint(hint))
    }

    /// Looks for what one creating call of this node may have made: the one with its token, or any of its
    /// address where the kind keeps no tokens. Looks several times, because reads lag behind creates.
    pub async fn find_made(
        &self,
        kind: &Rc<dyn KindOps>,
        address: &Address,
        token: &str,
    ) -> Result<Option<Found>> {
        let by_the_call = |one: &&Found| one.token.as_deref().is_none_or(|it| it == token);
        let made = |all: &[Found]| best(all.iter().filter(by_the_call), address, None).cloned();
        self.find(kind, address, made, true).await
    }

    /// Likewise, but any of its address will do, for its name is taken; and only once unless `patient`.
    pub async fn find_named(
        &self,
        kind: &Rc<dyn KindOps>,
        address: &Address,
        token: &str,
        patient: bool,
    ) -> Result<Option<Found>> {
        let named = |all: &[Found]| best(all, address, Some(token)).cloned();
        self.find(kind, address, named, patient).await
    }

    async fn find(
        &self,
        kind: &Rc<dyn KindOps>,
        address: &Address,
        pick: impl Fn(&[Found]) -> Option<Found>,
        patient: bool,
    ) -> Result<Option<Found>> {
        let ask = async || {
            let found = self.attempt(address, kind.kind(), Doing::Read, || kind.search()).await;
            if let Err(error) = &found
                && error.class == Class::Silent
            {
                self.keeps_silent(kind.kind(), error);
                return Ok(None);
            }
            Ok(pick(&found?))
        };
        self.shown(self.shows_by(patient), STEPS, ask).await
    }

    /// Describes something, and looks again for a while when it does not show and may be `fresh`:
    /// made by a run that ended a moment ago.
    pub async fn look(
        &self,
        kind: &Rc<dyn KindOps>,
        address: &Address,
        identity: &Value,
        depth: Depth,
        fresh: bool,
    ) -> Result<Option<Live>> {
        let read = || kind.read(identity, depth);
        let ask = async || self.attempt(address, kind.kind(), Doing::Read, read).await;
        self.shown(self.shows_by(fresh), STEPS, ask).await
    }

    /// When something shows at the latest that may have been made a moment ago; now, where it was not.
    pub(super) fn shows_by(&self, fresh: bool) -> Duration {
        self.clock.now() + if fresh { PATIENCE } else { Duration::ZERO }
    }

    /// Asks until something shows, or until an ask that began at `shows_by` or later has seen nothing.
    /// Between two it waits for the first of the steps, then twice as long each time, up to the longest.
    pub(super) async fn shown<T>(
        &self,
        shows_by: Duration,
        (mut step, longest): (Duration, Duration),
        ask: impl AsyncFn() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        loop {
            let asked = self.clock.now();
            let seen = ask().await?;
            if seen.is_some() || asked >= shows_by {
                return Ok(seen);
            }
            Box::pin(self.pause(step)).await?;
            step = (step * 2).min(longest);
        }
    }
}

/// The service of a kind: `AWS::AppMesh` of `AWS::AppMesh::Mesh`.
fn service(kind: Kind) -> &'static str {
    kind.0.rsplit_once("::").map_or(kind.0, |(service, _)| service)
}

/// The current one of a node: the one with the token, else the highest of rank.
pub fn best<'a>(
    found: impl IntoIterator<Item = &'a Found>,
    address: &Address,
    token: Option<&str>,
) -> Option<&'a Found> {
    let ours = found.into_iter().filter(|found| found.address == *address);
    ours.max_by_key(|found| (token.is_some() && found.token.as_deref() == token, found.rank))
}

fn unwritten(error: &StoreError) -> Error {
    Error::new(Class::State, format!("the state could not be written: {error}"))
        .hint("make room or mend the permissions, then run the command again: it goes on from here")
}

/// The user asked to stop.
pub fn interrupted() -> Error {
    Error::new(Class::Interrupted, "stopped on request")
}
