//! Typed in, `dyn Step` out: resources as the engine runs them.

use super::{Resource, needs::Needs};
use crate::{
    aws::{Cx, cx::tags_at},
    model::{
        Address, Depth, Drift, Edge, Error, Found, Identities, Identity, Kind, KindOps, Live,
        Permission, Readiness, Replacement, Result, Step, Tags, Times, tags::TagChanges,
    },
};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::de::Deserialize;
use serde_json::Value;
use std::{marker::PhantomData, rc::Rc};

/// A kind with the clients that it needs.
pub struct Erased<R> {
    cx: Cx,
    kind: PhantomData<fn() -> R>,
}

/// The operations of `R`, for the registry.
pub fn ops<R: Resource>(cx: &Cx) -> Rc<dyn KindOps> {
    Rc::new(Erased::<R> { cx: cx.clone(), kind: PhantomData })
}

fn identity<R: Resource>(value: &Value) -> Result<R::Out> {
    R::Out::deserialize(value).map_err(|error| {
        let message = format!("the record of this {} cannot be read: {error}", R::KIND);
        Error::new(crate::model::Class::State, message)
            .hint("`meshctl down` and `meshctl up` find it by its tags when the state is removed")
    })
}

fn recorded<T: serde::Serialize>(out: &T) -> Result<Identity> {
    serde_json::to_value(out)
        .map(Identity::from)
        .map_err(|error| Error::new(crate::model::Class::State, error.to_string()))
}

fn live<R: Resource>(live: &Live) -> &R::Live {
    // Descriptions are handed back only to the kind that read them.
    live.downcast_ref().expect("a description goes back to the kind that made it")
}

impl<R: Resource> KindOps for Erased<R> {
    fn kind(&self) -> Kind {
        R::KIND
    }

    fn stands_on(&self) -> Vec<Kind> {
        R::Needs::kinds()
    }

    fn shown_by(&self) -> &'static [Kind] {
        R::SHOWN_BY
    }

    fn searched_one_by_one(&self) -> bool {
        R::SEARCHED_ONE_BY_ONE
    }

    fn times(&self) -> Times {
        R::TIMES
    }

    fn permissions(&self) -> Vec<Permission> {
        R::permissions()
    }

    fn replacement(&self) -> Replacement {
        R::REPLACEMENT
    }

    fn search(&self) -> LocalBoxFuture<'_, Result<Vec<Found>>> {
        async move {
            let found = R::search(&self.cx).await?;
            let erased = found.into_iter().map(|found| {
                let Found { address, token, out, rank, tags, on } = found;
                Ok(Found { address, token, out: recorded(&out)?, rank, tags, on })
            });
            erased.collect()
        }
        .boxed_local()
    }

    fn read<'a>(
        &'a self,
        value: &'a Value,
        depth: Depth,
    ) -> LocalBoxFuture<'a, Result<Option<Live>>> {
        async move {
            let out = identity::<R>(value)?;
            let live = R::read(&self.cx.at_depth(depth), &out).await?;
            Ok(live.map(|live| Rc::new(live) as Live))
        }
        .boxed_local()
    }

    fn readiness(&self, description: &Live) -> Readiness {
        R::readiness(live::<R>(description))
    }

    fn health(&self, description: &Live) -> Option<String> {
        R::health(live::<R>(description))
    }

    fn mark(&self, description: &Live) -> Option<String> {
        R::mark(live::<R>(description))
    }

    fn tags(&self, description: &Live) -> Option<Tags> {
        R::tags(live::<R>(description))
    }

    fn retag<'a>(
        &'a self,
        value: &'a Value,
        changes: &'a TagChanges,
    ) -> LocalBoxFuture<'a, Result<()>> {
        async move { R::retag(&self.cx, &identity::<R>(value)?, changes).await }.boxed_local()
    }

    fn interfaces<'a>(&'a self, value: &'a Value) -> LocalBoxFuture<'a, Result<Option<usize>>> {
        async move { R::interfaces(&self.cx, &identity::<R>(value)?).await }.boxed_local()
    }

    fn holders<'a>(&'a self, value: &'a Value) -> LocalBoxFuture<'a, Result<Vec<String>>> {
        async move { R::holders(&self.cx, &identity::<R>(value)?).await }.boxed_local()
    }

    fn delete<'a>(&'a self, value: &'a Value) -> LocalBoxFuture<'a, Result<()>> {
        async move { R::delete(&self.cx, &identity::<R>(value)?).await }.boxed_local()
    }

    fn id(&self, value: &Value) -> String {
        identity::<R>(value).map_or_else(|_| value.to_string(), |out| R::id(&out))
    }
}

/// One resource of the stack, with its kind's operations.
pub struct Node<R> {
    cx: Cx,
    ops: Rc<dyn KindOps>,
    resource: R,
}

impl<R: Resource> Node<R> {
    /// A node of this resource.
    pub fn new(cx: &Cx, resource: R) -> Self {
        Self { cx: cx.clone(), ops: ops::<R>(cx), resource }
    }
}

impl<R: Resource> Step for Node<R> {
    fn kind(&self) -> &Rc<dyn KindOps> {
        &self.ops
    }

    fn edges(&self) -> Vec<Edge> {
        let mut edges = self.resource.needs().edges();
        edges.sort();
        edges.dedup();
        edges
    }

    fn wish(&self) -> Value {
        serde_json::to_value(&self.resource).unwrap_or(Value::Null)
    }

    fn permissions(&self) -> Vec<Permission> {
        self.resource.own_permissions()
    }

    fn tags(&self, address: &Address) -> Tags {
        if R::TAGGED { tags_at(self.cx.scope(), address) } else { Tags::new() }
    }

    fn create<'a>(
        &'a self,
        address: &'a Address,
        token: &'a str,
        known: &Identities,
    ) -> LocalBoxFuture<'a, Result<Identity>> {
        let needs = self.resource.needs().values(known);
        async move {
            let needs = needs.ok_or_else(|| unmet(address))?;
            let out = self.resource.create(&self.cx.creating(address, token), &needs).await?;
            recorded(&out)
        }
        .boxed_local()
    }

    fn drift(&self, description: &Live, known: &Identities) -> Option<Drift> {
        let needs = self.resource.needs().values(known)?;
        Some(self.resource.drift(live::<R>(description), &needs))
    }

    fn update<'a>(
        &'a self,
        value: &'a Value,
        drift: &'a Drift,
        known: &Identities,
    ) -> LocalBoxFuture<'a, Result<()>> {
        let needs = self.resource.needs().values(known);
        async move {
            let needs = needs.ok_or_else(|| unmet(&Address::new(R::KIND.0)))?;
            self.resource.update(&self.cx, &identity::<R>(value)?, drift, &needs).await
        }
        .boxed_local()
    }
}

fn unmet(address: &Address) -> Error {
    let message = format!("{address} was started before what it needs had an identity");
    Error::new(crate::model::Class::Invalid, message)
}
