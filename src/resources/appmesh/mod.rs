//! App Mesh: who may talk to whom, and how. Names are unique in the mesh, and the mesh bears the
//! stack's name; tags are set in the creating call, and AWS shows them one resource at a time.

pub mod mesh;
pub mod route;
pub mod virtual_node;
pub mod virtual_router;
pub mod virtual_service;

#[cfg(test)]
mod tests;

use crate::{aws::through_silence, resources::prelude::*};
use aws_sdk_appmesh::{
    error::BuildError,
    primitives::DateTime,
    types::{PortMapping, PortProtocol, ResourceMetadata, TagRef},
};
use futures_util::future::try_join_all;

/// What asking whether App Mesh answers needs of IAM.
pub fn refusal_permission() -> Permission {
    Permission::find("appmesh:ListMeshes")
}

/// Limits a permission to the stack's mesh and what is in it.
fn of_mesh(permission: Permission) -> Permission {
    permission.on(&["mesh/{stack}", "mesh/{stack}/*"])
}

/// What the operations and the tags of a kind need of IAM.
fn permissions_of(kind: &str) -> Vec<Permission> {
    let action = |verb: &str| format!("appmesh:{verb}{kind}");
    let all = vec![
        Permission::find(&action("Describe")),
        Permission::find("appmesh:ListTagsForResource"),
        Permission::make(&action("Create")).tagging(),
        Permission::make(&action("Update")),
        Permission::make("appmesh:TagResource"),
        Permission::make("appmesh:UntagResource"),
        Permission::remove(&action("Delete")),
    ];
    all.into_iter().map(of_mesh).collect()
}

/// AWS's refusal, where App Mesh does not answer this account; `None` where it does. One call, and
/// more of them for a while where nothing answers at all.
///
/// # Errors
/// When the answer says nothing about App Mesh: throttling, a failure, credentials that are over.
pub async fn refusal(cx: &Cx) -> Result<Option<Error>> {
    let ask = async || {
        let call = cx.appmesh().list_meshes().limit(1);
        call.send().await.op("appmesh:ListMeshes")
    };
    match through_silence(cx.clock(), ask).await {
        Ok(_) => Ok(None),
        Err(error) if is_refusal(&error) => Ok(Some(error)),
        Err(error) => Err(error.hint("set mesh.kind to go on without asking App Mesh")),
    }
}

/// Whether an error says that App Mesh is not for this caller, in whichever words. Whoever may not
/// even look has made no mesh, so a search takes it for an answer: it must not keep those who use
/// Service Connect from their own resources.
fn is_refusal(error: &Error) -> bool {
    const CREDENTIALS: [&str; 5] = [
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
    ];
    let passing = matches!(error.class, Class::Throttled | Class::Transient);
    !passing && !CREDENTIALS.contains(&&*error.code)
}

/// What AWS shows of a mesh or a part of it. Lists, which one call gives for all, show only that it
/// exists and in which version.
pub struct Described<S> {
    mesh: String,
    name: String,
    mark: Option<String>,
    spec: Option<S>,
    tags: Option<Tags>,
}

impl<S> Described<S> {
    /// As a list shows it.
    fn listed(mesh: &str, name: &str, mark: &str) -> Self {
        let (mesh, name, mark) = (mesh.into(), name.into(), Some(mark.into()));
        Self { mesh, name, mark, spec: None, tags: None }
    }

    /// As it is described alone; `None` when its status says that it is gone.
    fn alone(
        mesh: &str,
        name: &str,
        metadata: Option<&ResourceMetadata>,
        status: Option<&str>,
        spec: Option<S>,
        tags: Option<Tags>,
    ) -> Option<Self> {
        if matches!(status, Some("DELETED" | "INACTIVE")) {
            return None;
        }
        let mark = metadata.map(|metadata| mark(metadata.version(), metadata.created_at()));
        Some(Self { mesh: mesh.into(), name: name.into(), mark, spec, tags })
    }
}

/// A fingerprint: every change raises the version, and only a new one begins anew. The `uid` would
/// do as well as the time, but lists do not show it.
fn mark(version: i64, created_at: &DateTime) -> String {
    format!("{version} of {}", created_at.secs())
}

/// A shape of the SDK; those that are built here have all that AWS requires.
fn built<T>(shape: Result<T, BuildError>) -> Result<T> {
    shape.map_err(|error| Error::new(Class::Invalid, error.to_string()))
}

/// HTTP on a port.
fn http(port: i32) -> Result<PortMapping> {
    built(PortMapping::builder().port(port).protocol(PortProtocol::Http).build())
}

/// Ports and protocols of listeners, for comparison.
fn ports<'a>(mappings: impl Iterator<Item = Option<&'a PortMapping>>) -> Vec<String> {
    let texts = mappings.flatten().map(|it| format!("{}/{}", it.port(), it.protocol()));
    texts.collect()
}

fn tag_list(tags: &Tags) -> Result<Vec<TagRef>> {
    tags.iter().map(|(key, value)| built(TagRef::builder().key(key).value(value).build())).collect()
}

/// The tags of one mesh or a part of it.
async fn tags(cx: &Cx, arn: &str) -> Result<Tags> {
    let call = cx.appmesh().list_tags_for_resource().resource_arn(arn);
    let pages = call.into_paginator().items();
    let all = pages.send().try_collect().await.op("appmesh:ListTagsForResource")?;
    Ok(tags_of(&all))
}

/// Its tags, where a read asks for them.
async fn tags_if_asked(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    if cx.with_tags() { tags(cx, arn).await.or_absent() } else { Ok(None) }
}

/// Adds, overwrites and removes tags.
async fn retag(cx: &Cx, arn: &str, changes: &TagChanges) -> Result<()> {
    if !changes.set.is_empty() {
        let call = cx.appmesh().tag_resource().resource_arn(arn);
        let call = call.set_tags(Some(tag_list(&changes.set)?));
        call.send().await.op("appmesh:TagResource")?;
    }
    if !changes.remove.is_empty() {
        let call = cx.appmesh().untag_resource().resource_arn(arn);
        let call = call.set_tag_keys(Some(changes.remove.clone()));
        call.send().await.op("appmesh:UntagResource")?;
    }
    Ok(())
}

/// Those of the listed things whose tags say that they are the stack's.
async fn owned<Out>(
    cx: &Cx,
    listed: impl IntoIterator<Item = Out>,
    arn: fn(&Out) -> &str,
) -> Result<Vec<Found<Out>>> {
    let judged = listed.into_iter().map(|out| async move {
        // Gone since it was listed: not found.
        let tags = tags(cx, arn(&out)).await.or_absent()?;
        Ok(tags.and_then(|tags| cx.owned(tags, out)))
    });
    Ok(try_join_all(judged).await?.into_iter().flatten().collect())
}
