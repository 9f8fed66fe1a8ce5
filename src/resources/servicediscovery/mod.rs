//! Cloud Map: names for what runs. Tags are set in the creating call, and AWS shows them one
//! resource at a time.

pub mod private_dns_namespace;
pub mod service;

#[cfg(test)]
mod tests;

use crate::resources::prelude::*;
use aws_sdk_servicediscovery::{error::BuildError, types::Tag};
use futures_util::future::try_join_all;

/// A shape of the SDK; those that are built here have all that AWS requires.
fn built<T>(shape: Result<T, BuildError>) -> Result<T> {
    shape.map_err(|error| Error::new(Class::Invalid, error.to_string()))
}

fn tag_list(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

/// What tags need of IAM: to find whose something is, to set them in a creating call and later.
fn tag_permissions() -> Vec<Permission> {
    vec![
        Permission::find("servicediscovery:ListTagsForResource"),
        Permission::make("servicediscovery:TagResource"),
        Permission::make("servicediscovery:UntagResource"),
    ]
}

/// The tags of one namespace or service, where a read asks for them.
async fn tags_if_asked(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    if cx.with_tags() { tags(cx, arn).await.or_absent() } else { Ok(None) }
}

/// The tags of one namespace or service.
async fn tags(cx: &Cx, arn: &str) -> Result<Tags> {
    let call = cx.servicediscovery().list_tags_for_resource().resource_arn(arn);
    let answer = call.send().await.op("servicediscovery:ListTagsForResource")?;
    Ok(tags_of(answer.tags()))
}

/// Adds, overwrites and removes tags.
async fn retag(cx: &Cx, arn: &str, changes: &TagChanges) -> Result<()> {
    if !changes.set.is_empty() {
        let call = cx.servicediscovery().tag_resource().resource_arn(arn);
        let call = call.set_tags(Some(tag_list(&changes.set)?));
        call.send().await.op("servicediscovery:TagResource")?;
    }
    if !changes.remove.is_empty() {
        let call = cx.servicediscovery().untag_resource().resource_arn(arn);
        let call = call.set_tag_keys(Some(changes.remove.clone()));
        call.send().await.op("servicediscovery:UntagResource")?;
    }
    Ok(())
}

/// Those of the listed things whose tags say that they are the stack's.
async fn owned<Out>(
    cx: &Cx,
    listed: impl Iterator<Item = Out>,
    arn: fn(&Out) -> &str,
) -> Result<Vec<Found<Out>>> {
    let judged = listed.map(|out| async move {
        // Gone since it was listed: not found.
        let tags = tags(cx, arn(&out)).await.or_absent()?;
        Ok(tags.and_then(|tags| cx.owned(tags, out)))
    });
    Ok(try_join_all(judged).await?.into_iter().flatten().collect())
}
