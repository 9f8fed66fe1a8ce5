//! What the engine runs. It knows nothing of AWS: a step brings its own clients.

use super::{
    Address, Drift, Edge, Identities, Identity, Kind, Permission, Readiness, Replacement, Result,
    Tags, Times, tags::TagChanges,
};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use std::{any::Any, collections::BTreeMap, rc::Rc};

/// A description of a resource, in a type that only its kind knows.
pub type Live = Rc<dyn Any>;

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Depth {
    /// What listings and batched descriptions show.
    Listed,
    /// Also the settings that AWS shows only one resource at a time.
    Settings,
    /// Also the tags that AWS shows only by a call of their own.
    Full,
}

/// Something of this stack that was found in the account.
#[derive(Clone, Debug)]
pub struct Found<Out = Identity> {
    /// Which node it is.
    pub address: Address,
    /// The nonce of the call that made it, where AWS keeps one.
    pub token: Option<String>,
    /// Its identity.
    pub out: Out,
    /// Among several at one address, the highest is current: a revision, a time.
    pub rank: i64,
    /// The tags that it carries, where the search saw them.
    pub tags: Tags,
    /// The IDs and ARNs of what it stands on, where the search saw them and its identity does not name
    /// them.
    pub on: Vec<String>,
}

impl<Out> Found<Out> {
    /// Something without tags of its own: what it belongs to leads to it.
    pub fn untagged(address: Address, out: Out) -> Self {
        Self { address, token: None, out, rank: 0, tags: Tags::new(), on: Vec::new() }
    }

    /// Something that stands on these, by their IDs or ARNs.
    #[must_use]
    pub fn standing_on<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        self.on.extend(ids.into_iter().map(Into::into));
        self
    }
}

/// One node of the stack: a resource as the configuration wants it.
pub trait Step {
    /// Its kind's operations.
    fn kind(&self) -> &Rc<dyn KindOps>;
    /// What it waits for.
    fn edges(&self) -> Vec<Edge>;
    /// The wish, for comparison with an earlier one.
    fn wish(&self) -> Value;
    /// What it needs of IAM beyond its kind.
    fn permissions(&self) -> Vec<Permission>;
    /// The tags that it shall carry, without the token; empty where AWS keeps none.
    fn tags(&self, address: &Address) -> Tags;
    /// Makes one creating call, marked with the token, and returns the identity.
    fn create<'a>(
        &'a self,
        address: &'a Address,
        token: &'a str,
        known: &Identities,
    ) -> LocalBoxFuture<'a, Result<Identity>>;
    /// Compares wish and reality; `None` while what it needs has no identity.
    fn drift(&self, live: &Live, known: &Identities) -> Option<Drift>;
    /// Brings the fields that `drift` names into line.
    fn update<'a>(
        &'a self,
        identity: &'a Value,
        drift: &'a Drift,
        known: &Identities,
    ) -> LocalBoxFuture<'a, Result<()>>;
}

/// What a kind can do from a record alone.
pub trait KindOps {
    /// Which kind.
    fn kind(&self) -> Kind;
    /// The kinds that its instances may stand on: the order of deletion when no edges are on record.
    fn stands_on(&self) -> Vec<Kind>;
    /// The kinds that stand on it, and whose description shows that it is there and works.
    fn shown_by(&self) -> &'static [Kind];
    /// Whether a search makes a call for each thing that it finds.
    fn searched_one_by_one(&self) -> bool;
    /// How long it takes.
    fn times(&self) -> Times;
    /// What its calls need of IAM.
    fn permissions(&self) -> Vec<Permission>;
    /// How it is replaced.
    fn replacement(&self) -> Replacement;
    /// Finds everything of this kind that belongs to the stack.
    fn search(&self) -> LocalBoxFuture<'_, Result<Vec<Found>>>;
    /// Describes one; `None` when there is no such thing.
    fn read<'a>(
        &'a self,
        identity: &'a Value,
        depth: Depth,
    ) -> LocalBoxFuture<'a, Result<Option<Live>>>;
    /// Judges a description.
    fn readiness(&self, live: &Live) -> Readiness;
    /// A few words on its health.
    fn health(&self, live: &Live) -> Option<String>;
    /// A cheap fingerprint of a description that AWS changes with every change.
    fn mark(&self, live: &Live) -> Option<String>;
    /// The tags in a description; `None` where it does not show them.
    fn tags(&self, live: &Live) -> Option<Tags>;
    /// Changes tags.
    fn retag<'a>(
        &'a self,
        identity: &'a Value,
        changes: &'a TagChanges,
    ) -> LocalBoxFuture<'a, Result<()>>;
    /// How many network interfaces hold it, so that AWS refuses its deletion; `None` where only
    /// another attempt can tell.
    fn interfaces<'a>(&'a self, identity: &'a Value) -> LocalBoxFuture<'a, Result<Option<usize>>>;
    /// What holds it, so that AWS refuses its deletion: each with its kind and what people know it
    /// by.
    fn holders<'a>(&'a self, identity: &'a Value) -> LocalBoxFuture<'a, Result<Vec<String>>>;
    /// Asks for deletion.
    fn delete<'a>(&'a self, identity: &'a Value) -> LocalBoxFuture<'a, Result<()>>;
    /// The part of an identity that people know it by: an ID, a name.
    fn id(&self, identity: &Value) -> String;
}

/// Every kind, by name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Rc<dyn KindOps>>);

impl Registry {
    /// Gathers kinds.
    pub fn new(kinds: impl IntoIterator<Item = Rc<dyn KindOps>>) -> Self {
        Self(kinds.into_iter().map(|kind| (kind.kind().0, kind)).collect())
    }

    /// The operations of a kind, by its name in the journal.
    pub fn get(&self, kind: &str) -> Option<&Rc<dyn KindOps>> {
        self.0.get(kind)
    }

    /// All kinds, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Rc<dyn KindOps>> {
        self.0.values()
    }
}
