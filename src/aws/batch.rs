//! Calls of one kind that are asked for together become one call: reads, and deletions of what nothing
//! stands on any more.
//!
//! Resource code asks for one thing; whoever asks first waits a moment, takes along all who asked
//! meanwhile, and makes the call for everyone. While calls of the kind are under way, which takes long
//! where AWS limits them, those who ask go on gathering.

use super::Cx;
use crate::model::Result;
use futures_util::future::try_join_all;
use std::{
    any::{Any, TypeId},
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    marker::PhantomData,
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Semaphore, oneshot};

/// How long the first asker waits for company. Wall time: it covers one turn of the engine's loop.
const COMPANY: Duration = Duration::from_millis(3);

/// How many gatherings of one kind may be calling at once: a second one, so that an answer that is late
/// does not hold up everybody.
const CALLING: usize = 2;

/// A call that describes many things at once, or deletes them.
pub trait Batch: 'static {
    /// What one thing is asked for by.
    type Key: Ord + Clone + 'static;
    /// Its description.
    type Value: 'static;
    /// How many keys AWS takes in one call.
    const MAX: usize;
    /// Makes the call, following its pages. Keys that AWS does not know are left out of the answer.
    fn fetch(
        cx: &Cx,
        keys: Vec<Self::Key>,
    ) -> impl Future<Output = Result<BTreeMap<Self::Key, Self::Value>>>;
}

type Answer<B> = Result<Rc<BTreeMap<<B as Batch>::Key, Rc<<B as Batch>::Value>>>>;

struct Gathering<B: Batch> {
    keys: BTreeSet<B::Key>,
    waiting: Vec<oneshot::Sender<Answer<B>>>,
}

/// The gatherings under way, one per kind of call.
#[derive(Clone, Default)]
pub struct Batches {
    open: Rc<RefCell<HashMap<TypeId, Box<dyn Any>>>>,
    calling: Rc<RefCell<HashMap<TypeId, Arc<Semaphore>>>>,
}

impl Batches {
    /// Those of a kind that may call.
    fn calling<B: Batch>(&self) -> Arc<Semaphore> {
        let fresh = || Arc::new(Semaphore::new(CALLING));
        self.calling.borrow_mut().entry(TypeId::of::<B>()).or_insert_with(fresh).clone()
    }

    /// Adds a key to the open gathering, if there is one.
    fn join<B: Batch>(&self, key: &B::Key) -> Option<oneshot::Receiver<Answer<B>>> {
        let mut all = self.open.borrow_mut();
        let open = all.get_mut(&TypeId::of::<B>())?.downcast_mut::<Gathering<B>>()?;
        open.keys.insert(key.clone());
        let (send, receive) = oneshot::channel();
        open.waiting.push(send);
        Some(receive)
    }

    fn open<B: Batch>(&self, key: B::Key) {
        let gathering = Gathering::<B> { keys: BTreeSet::from([key]), waiting: Vec::new() };
        self.open.borrow_mut().insert(TypeId::of::<B>(), Box::new(gathering));
    }

    fn close<B: Batch>(&self) -> Option<Gathering<B>> {
        let gathering = self.open.borrow_mut().remove(&TypeId::of::<B>())?;
        gathering.downcast().ok().map(|gathering| *gathering)
    }
}

impl Cx {
    /// Asks for one thing, in company. `None` when AWS knows no such thing.
    ///
    /// # Errors
    /// The error of the call that was made for everyone.
    pub async fn load<B: Batch>(&self, key: B::Key) -> Result<Option<Rc<B::Value>>> {
        while let Some(answer) = self.batches().join::<B>(&key) {
            // An error means that the leader was dropped before its call: ask anew.
            if let Ok(answer) = answer.await {
                return Ok(answer?.get(&key).cloned());
            }
        }
        self.batches().open::<B>(key.clone());
        let abandon = Abandon::<B>(self.batches().clone(), PhantomData);
        tokio::time::sleep(COMPANY).await;
        let calling = self.batches().calling::<B>();
        // It is never closed: without a turn it would only be one call more.
        let _turn = calling.acquire().await.ok();
        let gathering = self.batches().close::<B>();
        drop(abandon);
        let Some(gathering) = gathering else { return Ok(None) };
        let keys: Vec<_> = gathering.keys.into_iter().collect();
        let pages = keys.chunks(B::MAX).map(|page| B::fetch(self, page.to_vec()));
        let answer = try_join_all(pages).await.map(|pages| {
            let found = pages.into_iter().flatten();
            Rc::new(found.map(|(key, value)| (key, Rc::new(value))).collect::<BTreeMap<_, _>>())
        });
        for waiting in gathering.waiting {
            // Whoever no longer listens was dropped, and needs no answer.
            let _ = waiting.send(answer.clone());
        }
        Ok(answer?.get(&key).cloned())
    }
}

/// Clears the gathering of a leader that was dropped while it waited for company.
struct Abandon<B: Batch>(Batches, PhantomData<B>);

impl<B: Batch> Drop for Abandon<B> {
    fn drop(&mut self) {
        self.0.close::<B>();
    }
}
