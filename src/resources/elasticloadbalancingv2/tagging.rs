//! Tags of load balancers, target groups and listeners: the same three calls for all.

use super::ARNS;
use crate::resources::prelude::*;
use aws_sdk_elasticloadbalancingv2::types::Tag;
use futures_util::future::try_join_all;

/// What tags need of IAM: to find whose something is, to set them in a creating call and later.
pub fn permissions(on: &[&str]) -> Vec<Permission> {
    vec![
        Permission::find("elasticloadbalancing:DescribeTags"),
        Permission::make("elasticloadbalancing:AddTags").on(on),
        Permission::make("elasticloadbalancing:RemoveTags").on(on),
    ]
}

/// The tags of a creating call.
pub fn wanted(cx: &Cx) -> Vec<Tag> {
    tags(&cx.tags())
}

/// The tags of one resource; `None` when there is no such thing.
pub async fn tags_by_arn(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    let found = cx.load::<ResourceTags>(arn.to_owned()).await?;
    Ok(found.map(|tags| (*tags).clone()))
}

/// Likewise, where a read asks for them.
pub async fn tags_if_asked(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    if cx.with_tags() { tags_by_arn(cx, arn).await } else { Ok(None) }
}

/// What may belong to the stack: its ARN, its identity, and what it stands on.
pub type Candidate<Out> = (String, Out, Vec<String>);

/// Those of the candidates that belong to the stack, by their ARNs.
pub async fn owned<Out>(cx: &Cx, candidates: Vec<Candidate<Out>>) -> Result<Vec<Found<Out>>> {
    let tags = candidates.iter().map(|(arn, ..)| tags_by_arn(cx, arn));
    let tags = try_join_all(tags).await?;
    let found = candidates.into_iter().zip(tags);
    let found = found.filter_map(|((_, out, on), tags)| {
        let found = cx.owned(tags?, out)?;
        Some(found.standing_on(on))
    });
    Ok(found.collect())
}

/// Adds, overwrites and removes tags.
pub async fn retag(cx: &Cx, arn: &str, changes: &TagChanges) -> Result<()> {
    if !changes.set.is_empty() {
        let call = cx.elb().add_tags().resource_arns(arn).set_tags(Some(tags(&changes.set)));
        call.send().await.op("elasticloadbalancing:AddTags")?;
    }
    if !changes.remove.is_empty() {
        let call = cx.elb().remove_tags().resource_arns(arn);
        let call = call.set_tag_keys(Some(changes.remove.clone()));
        call.send().await.op("elasticloadbalancing:RemoveTags")?;
    }
    Ok(())
}

fn tags(pairs: &Tags) -> Vec<Tag> {
    // A tag lacks nothing but its key when it is built, and here it has one.
    pairs.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// `DescribeTags`, for all who ask at once, whatever the kind.
struct ResourceTags;

impl Batch for ResourceTags {
    type Key = String;
    type Value = Tags;
    const MAX: usize = ARNS;

    async fn fetch(cx: &Cx, arns: Vec<String>) -> Result<BTreeMap<String, Tags>> {
        if let Some(all) = describe(cx, arns.clone()).await.or_absent()? {
            return Ok(all);
        }
        // One that was deleted meanwhile fails the call for all.
        let apart = arns.into_iter().map(async |arn| describe(cx, vec![arn]).await.or_absent());
        let apart = try_join_all(apart).await?;
        Ok(apart.into_iter().flatten().flatten().collect())
    }
}

async fn describe(cx: &Cx, arns: Vec<String>) -> Result<BTreeMap<String, Tags>> {
    let call = cx.elb().describe_tags().set_resource_arns(Some(arns));
    let found = call.send().await.op("elasticloadbalancing:DescribeTags")?;
    let found = found.tag_descriptions.unwrap_or_default().into_iter();
    let tags = found.filter_map(|one| Some((one.resource_arn()?.into(), tags_of(one.tags()))));
    Ok(tags.collect())
}
