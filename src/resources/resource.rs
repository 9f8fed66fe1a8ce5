//! What a resource is, said once. Every command reads this description.

use super::needs::{Needs, Values};
use crate::{
    aws::Cx,
    model::{
        Address, Drift, Found, Kind, Permission, Readiness, Replacement, Result, Tags, Times,
        tags::TagChanges,
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// One kind of AWS resource: as the configuration wants it (`self`), as the journal knows it
/// (`Out`), and as AWS describes it (`Live`).
#[expect(async_fn_in_trait, reason = "one thread runs the engine, so no future must be Send")]
pub trait Resource: Serialize + 'static {
    /// The CloudFormation type name.
    const KIND: Kind;
    /// How long AWS usually takes.
    const TIMES: Times = Times::INSTANT;
    /// Whether the new one or the old one comes first in a replacement.
    const REPLACEMENT: Replacement = Replacement::DeleteFirst;
    /// Whether AWS keeps tags on it.
    const TAGGED: bool = true;

    /// Kinds that stand on this one, and whose description shows that it is there and works. While one
    /// of them is, listing what has settled leaves this one out.
    const SHOWN_BY: &'static [Kind] = &[];

    /// Whether a search makes a call for each thing that it finds. `down` begins without such a search
    /// where some are on record, and the record is whole or nothing stands below them: its proof finds
    /// the rest.
    const SEARCHED_ONE_BY_ONE: bool = false;

    /// The resources that it stands on, and the values that it takes from them.
    type Needs: Needs;
    /// Identity: IDs and ARNs, the part that must survive a crash. Stored.
    type Out: Serialize + DeserializeOwned + Clone + 'static;
    /// The SDK's own description. Read, judged, dropped; never stored.
    type Live: 'static;

    // Known from the configuration, so these take `self`.

    /// What must exist or work before this one is made.
    fn needs(&self) -> Self::Needs;

    /// What this one needs of IAM beyond what its kind needs, such as the policies that a role gets.
    fn own_permissions(&self) -> Vec<Permission> {
        Vec::new()
    }

    /// Makes exactly one creating call, tagged, and returns the identity.
    async fn create(&self, cx: &Cx, needs: &Values<Self>) -> Result<Self::Out>;

    /// Compares wish with reality. Pure: no calls.
    fn drift(&self, _live: &Self::Live, _needs: &Values<Self>) -> Drift {
        Drift::none()
    }

    /// Whether it is wished to carry no traffic, as a target group of a service of no tasks.
    fn is_idle(&self) -> bool {
        false
    }

    /// Brings each mutable field named by `drift` into line.
    async fn update(
        &self,
        _cx: &Cx,
        _out: &Self::Out,
        _drift: &Drift,
        _needs: &Values<Self>,
    ) -> Result<()> {
        Ok(())
    }

    // Known from the record alone, so `status`, `down`, and orphans need no configuration.

    /// What the calls below and above need of IAM: every action that they are, the actions that AWS
    /// asks for besides, and what each can be limited to by AWS's Service Authorization Reference.
    fn permissions() -> Vec<Permission>;

    /// Finds everything of this kind that the stack owns, by tag or by derived name.
    async fn search(cx: &Cx) -> Result<Vec<Found<Self::Out>>>;

    /// Describes one; `None` when there is no such thing. Joins a batch where AWS has one.
    async fn read(cx: &Cx, out: &Self::Out) -> Result<Option<Self::Live>>;

    /// Judges a description. Pure: no calls.
    fn readiness(_live: &Self::Live) -> Readiness {
        Readiness::Ready
    }

    /// Judges whether what is ready also carries traffic, as far as its kind can tell. Pure: no calls.
    ///
    /// `status` asks, and `up` does not: a target group is made long before the service that fills
    /// it, so to wait for its targets would be to wait for ever.
    fn traffic(_live: &Self::Live) -> Readiness {
        Readiness::Ready
    }

    /// A few words on its health for `status`, such as `2 of 2 tasks running`.
    fn health(_live: &Self::Live) -> Option<String> {
        None
    }

    /// A cheap fingerprint that AWS changes with every change, such as App Mesh's version; when it
    /// differs from the recorded one, the engine looks in full.
    fn mark(_live: &Self::Live) -> Option<String> {
        None
    }

    /// The tags in a description; `None` where it does not show them (then the journal's are
    /// believed).
    fn tags(_live: &Self::Live) -> Option<Tags> {
        None
    }

    /// Changes tags.
    async fn retag(_cx: &Cx, _out: &Self::Out, _changes: &TagChanges) -> Result<()> {
        Ok(())
    }

    /// How many network interfaces hold it, so that AWS refuses its deletion; `None` where only
    /// another attempt can tell. Asked after a refusal, to know when to ask again.
    async fn interfaces(_cx: &Cx, _out: &Self::Out) -> Result<Option<usize>> {
        Ok(None)
    }

    /// What holds it, so that AWS refuses its deletion: each with its kind and what people know it
    /// by. Asked when the refusals do not end.
    async fn holders(_cx: &Cx, _out: &Self::Out) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Asks for deletion. The engine then reads until the answer is `None`.
    async fn delete(cx: &Cx, out: &Self::Out) -> Result<()>;

    /// What people know it by: an ID, a name.
    fn id(out: &Self::Out) -> String;
}

/// A resource at its place in the stack.
pub struct Declared<R> {
    /// Its address.
    pub address: Address,
    /// What is wanted.
    pub resource: R,
}
