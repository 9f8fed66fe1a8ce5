//! The creating call of one node: made once, whatever becomes of its answer.

use super::Ensure;
use crate::{
    engine::{Event, retry::Doing, survey::same, work::best},
    model::{Class, Depth, Error, Identity, KindOps, Result},
    state::Entry,
};
use std::{rc::Rc, time::Duration};

impl Ensure<'_> {
    /// Makes the creating call, after writing down that it will be made. Also tells how closely to look
    /// at what came of it: made by this one call it carries its tags, and by an earlier one perhaps others.
    pub(super) async fn create(&self, kind: &Rc<dyn KindOps>) -> Result<(Identity, Depth)> {
        let work = self.work;
        let address = &self.address;
        let begun = work.clock.now();
        let action = "create";
        work.events.tell(Event::Begun {
            address: address.clone(),
            kind: kind.kind(),
            action,
            at: begun,
        });
        let started = work.with_state(|state| {
            state.records.get(address).and_then(|record| record.started.clone())
        });
        // An earlier run made the call, and nobody knows what came of it.
        if let Some(token) = &started
            && let Some(found) = work.find_made(kind, address, token).await?
        {
            return Ok((self.adopt(kind, found.out).await?, Depth::Full));
        }
        let mut of_earlier_run = started.is_some();
        let mut token = started.unwrap_or_else(|| work.token());
        let mut attempt = 0;
        loop {
            attempt += 1;
            let slot = work.slot(kind.kind(), Doing::Create).await?;
            work.journal(Entry::Started {
                address: address.clone(),
                kind: kind.kind().0.into(),
                token: token.clone(),
            })
            .await?;
            let made = self.step.create(address, &token, &self.known.borrow());
            let made = made.await;
            drop(slot);
            let error = match made {
                Ok(identity) => {
                    let took = work.clock.now().saturating_sub(begun);
                    let first = attempt == 1 && !of_earlier_run;
                    let depth = if first { Depth::Settings } else { Depth::Full };
                    return Ok((self.created(kind, identity, took).await?, depth));
                }
                Err(error) => error,
            };
            // The name is taken, perhaps by the answer that was lost; or the outcome is unknown.
            if matches!(error.class, Class::Exists | Class::Transient) {
                let found = if error.class == Class::Exists {
                    let patient = attempt > 1 || of_earlier_run;
                    work.find_named(kind, address, &token, patient).await?
                } else {
                    work.find_made(kind, address, &token).await?
                };
                if let Some(found) = found {
                    return Ok((self.adopt(kind, found.out).await?, Depth::Full));
                }
                // Or the token is: an earlier run made the call with other arguments, and what came
                // of it is gone. This call is another one.
                if error.class == Class::Exists && of_earlier_run {
                    of_earlier_run = false;
                    token = work.token();
                    continue;
                }
            }
            let again =
                work.again(address, kind.kind(), &error, Doing::Create, (attempt, begun)).await;
            if let Err(error) = again {
                if !matches!(error.class, Class::Transient | Class::Interrupted | Class::State) {
                    work.note(Entry::Abandoned { address: address.clone() })?;
                }
                return Err(taken(error));
            }
        }
    }

    /// Another one of its address, where this one is gone: who took it away may have made it again.
    pub(super) async fn made_by_another(
        &self,
        kind: &Rc<dyn KindOps>,
        gone: &Identity,
    ) -> Result<Option<Identity>> {
        let search = || kind.search();
        let found = self.work.attempt(&self.address, kind.kind(), Doing::Read, search).await?;
        let others = found.iter().filter(|found| !same(kind, &found.out, gone));
        match best(others, &self.address, None).cloned() {
            Some(found) => self.adopt(kind, found.out).await.map(Some),
            None => Ok(None),
        }
    }

    async fn created(
        &self,
        kind: &Rc<dyn KindOps>,
        identity: Identity,
        took: Duration,
    ) -> Result<Identity> {
        self.write_identity(kind, &identity).await?;
        self.work.events.tell(Event::Created {
            address: self.address.clone(),
            kind: kind.kind(),
            id: kind.id(&identity),
            at: self.work.clock.now(),
            took,
        });
        Ok(identity)
    }

    async fn adopt(&self, kind: &Rc<dyn KindOps>, identity: Identity) -> Result<Identity> {
        self.write_identity(kind, &identity).await?;
        self.work.events.tell(Event::Adopted {
            address: self.address.clone(),
            kind: kind.kind(),
            id: kind.id(&identity),
        });
        Ok(identity)
    }

    async fn write_identity(&self, kind: &Rc<dyn KindOps>, identity: &Identity) -> Result<()> {
        let entry = Entry::Created {
            address: self.address.clone(),
            kind: kind.kind().0.into(),
            identity: identity.clone(),
            edges: self.needs.clone(),
        };
        self.work.journal(entry).await
    }
}

/// The name is taken, and not by us.
fn taken(error: Error) -> Error {
    if error.class != Class::Exists {
        return error;
    }
    let hint =
        "something that is not this stack's stands in the way: rename the stack, or remove it";
    Error { class: Class::Stranger, ..error }.hint(hint)
}
