//! Tags of EC2's resources: two calls for all kinds.

use crate::resources::prelude::*;
use aws_sdk_ec2::types::Tag;

/// What tags need of IAM: those that come with the operation that makes a resource, which only that
/// operation may set, and later changes of what is the stack's.
pub fn permissions(creating: &str) -> Vec<Permission> {
    let set = || Permission::make("ec2:CreateTags").on(&["*/*"]);
    vec![
        set().when("ec2:CreateAction", creating),
        set().tagged(),
        Permission::make("ec2:DeleteTags").on(&["*/*"]).tagged(),
    ]
}

/// Adds, overwrites and removes tags.
pub async fn retag(cx: &Cx, id: &str, changes: &TagChanges) -> Result<()> {
    if !changes.set.is_empty() {
        let tags = changes.set.iter().map(|(k, v)| Tag::builder().key(k).value(v).build());
        let call = cx.ec2().create_tags().resources(id).set_tags(Some(tags.collect()));
        call.send().await.op("ec2:CreateTags")?;
    }
    if !changes.remove.is_empty() {
        let tags = changes.remove.iter().map(|key| Tag::builder().key(key).build());
        let call = cx.ec2().delete_tags().resources(id).set_tags(Some(tags.collect()));
        call.send().await.op("ec2:DeleteTags")?;
    }
    Ok(())
}
