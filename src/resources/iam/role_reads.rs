//! How roles are read: all in one listing where the caller may, else one by one.

use super::policy::{canonical, decoded};
use crate::resources::prelude::*;
use aws_sdk_iam::types::{self as iam, EntityType};
use futures_util::future::try_join_all;
use serde_json::Value;

/// A role with its policies, in the form in which they are compared.
#[derive(Clone, Debug)]
pub struct LiveRole {
    pub(super) path: String,
    /// The path of the stack's roles.
    pub(super) home: String,
    pub(super) trust: Value,
    pub(super) managed: Vec<String>,
    pub(super) inline: BTreeMap<String, Value>,
    pub(super) boundary: Option<String>,
    /// In seconds; not known of what was only listed.
    pub(super) session: Option<i32>,
    pub(super) tags: Tags,
}

/// All roles of the account with trust, policies and tags, for all who ask at once.
///
/// `GetAccountAuthorizationDetails` takes no names, but one call (per thousand roles of the account)
/// shows what `GetRole`, `ListAttachedRolePolicies`, `ListRolePolicies` and `GetRolePolicy` show in
/// four or more for every role. Those are for callers that are denied the listing.
pub(super) struct Roles;

impl Batch for Roles {
    type Key = String;
    type Value = LiveRole;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, names: Vec<String>) -> Result<BTreeMap<String, LiveRole>> {
        match in_one_listing(cx, &names).await {
            Err(error) if error.code == "AccessDenied" => one_by_one(cx, names).await,
            answer => answer,
        }
    }
}

async fn in_one_listing(cx: &Cx, names: &[String]) -> Result<BTreeMap<String, LiveRole>> {
    const OP: &str = "iam:GetAccountAuthorizationDetails";
    let call = cx.iam().get_account_authorization_details().filter(EntityType::Role);
    let mut pages = call.max_items(1000).into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for role in page.op(OP)?.role_detail_list.unwrap_or_default() {
            let Some(name) = role.role_name().filter(|name| names.iter().any(|one| one == name))
            else {
                continue;
            };
            let inline = role.role_policy_list().iter().filter_map(|policy| {
                Some((policy.policy_name()?.to_owned(), policy.policy_document()?))
            });
            let live = LiveRole {
                path: role.path().unwrap_or_default().to_owned(),
                home: path(cx),
                trust: compared(role.assume_role_policy_document().unwrap_or_default()),
                managed: arns(role.attached_managed_policies()),
                inline: inline.map(|(name, document)| (name, compared(document))).collect(),
                boundary: arn_of(role.permissions_boundary()),
                session: None,
                tags: tags_of(role.tags()),
            };
            found.insert(name.to_owned(), live);
        }
    }
    Ok(found)
}

async fn one_by_one(cx: &Cx, names: Vec<String>) -> Result<BTreeMap<String, LiveRole>> {
    let found = names.iter().map(async |name| Ok((name.clone(), one(cx, name).await?)));
    let found = try_join_all(found).await?;
    Ok(found.into_iter().filter_map(|(name, role)| Some((name, role?))).collect())
}

async fn one(cx: &Cx, name: &str) -> Result<Option<LiveRole>> {
    const OP: &str = "iam:GetRole";
    let Some(got) = cx.iam().get_role().role_name(name).send().await.op(OP).or_absent()? else {
        return Ok(None);
    };
    let role = got.role().answered(OP, "Role")?;
    let (managed, names) = futures_util::try_join!(attached(cx, name), inline_names(cx, name))?;
    let inline = names.into_iter().map(async |policy| {
        let call = cx.iam().get_role_policy().role_name(name).policy_name(&policy);
        let got = call.send().await.op("iam:GetRolePolicy").or_absent()?;
        Ok(got.map(|got| (policy, compared(got.policy_document()))))
    });
    Ok(Some(LiveRole {
        path: role.path().into(),
        home: path(cx),
        trust: compared(role.assume_role_policy_document().unwrap_or_default()),
        managed,
        inline: try_join_all(inline).await?.into_iter().flatten().collect(),
        boundary: arn_of(role.permissions_boundary()),
        session: None,
        tags: tags_of(role.tags()),
    }))
}

/// The stack's roles. They show no tags and no policies.
pub(super) async fn of_stack(cx: &Cx) -> Result<Vec<iam::Role>> {
    let pages = cx.iam().list_roles().path_prefix(path(cx)).into_paginator().items();
    pages.send().try_collect().await.op("iam:ListRoles")
}

/// How long a role's sessions may last, where a read asks for it: the listing that shows the rest does
/// not show it.
pub(super) async fn session(cx: &Cx, name: &str) -> Result<Option<i32>> {
    if !cx.with_tags() {
        return Ok(None);
    }
    Ok(cx.load::<Sessions>(name.to_owned()).await?.map(|seconds| *seconds))
}

/// `ListRoles`, for all who ask at once.
struct Sessions;

impl Batch for Sessions {
    type Key = String;
    type Value = i32;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, names: Vec<String>) -> Result<BTreeMap<String, i32>> {
        let all = of_stack(cx).await?;
        let known = all
            .iter()
            .filter_map(|role| Some((role.role_name().to_owned(), role.max_session_duration()?)));
        Ok(known.filter(|(name, _)| names.contains(name)).collect())
    }
}

/// The ARNs of the policies that are attached to a role; none when there is no such role.
pub(super) async fn attached(cx: &Cx, name: &str) -> Result<Vec<String>> {
    let pages = cx.iam().list_attached_role_policies().role_name(name).into_paginator().items();
    let all = pages.send().try_collect().await.op("iam:ListAttachedRolePolicies").or_absent()?;
    Ok(arns(&all.unwrap_or_default()))
}

/// The names of a role's own policies; none when there is no such role.
pub(super) async fn inline_names(cx: &Cx, name: &str) -> Result<Vec<String>> {
    let pages = cx.iam().list_role_policies().role_name(name).into_paginator().items();
    let all: Result<Vec<String>> = pages.send().try_collect().await.op("iam:ListRolePolicies");
    Ok(all.or_absent()?.unwrap_or_default())
}

/// The path of the stack's roles.
pub(super) fn path(cx: &Cx) -> String {
    format!("/meshctl/{}/", cx.scope().stack)
}

fn compared(document: &str) -> Value {
    canonical(&decoded(document))
}

/// In the order in which they are compared.
fn arns(policies: &[iam::AttachedPolicy]) -> Vec<String> {
    let arns = policies.iter().filter_map(|policy| policy.policy_arn());
    let mut arns: Vec<String> = arns.map(String::from).collect();
    arns.sort();
    arns
}

/// The ARN of a boundary.
fn arn_of(boundary: Option<&iam::AttachedPermissionsBoundary>) -> Option<String> {
    boundary?.permissions_boundary_arn().map(String::from)
}
