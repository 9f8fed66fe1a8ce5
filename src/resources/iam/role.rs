//! Role: what tasks and API Gateway act as. Actions: iam:CreateRole,
//! iam:GetAccountAuthorizationDetails (else iam:GetRole, iam:GetRolePolicy), iam:ListRoles,
//! iam:ListRoleTags, iam:ListRolePolicies, iam:ListAttachedRolePolicies,
//! iam:UpdateRole, iam:UpdateAssumeRolePolicy, iam:PutRolePermissionsBoundary, iam:PutRolePolicy,
//! iam:DeleteRolePolicy, iam:AttachRolePolicy, iam:DetachRolePolicy, iam:DeleteRole, iam:TagRole,
//! iam:UntagRole.

use super::policy::{canonical, decoded};
use crate::resources::prelude::*;
use aws_sdk_iam::types::{self as iam, EntityType};
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Who a role is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleIdentity {
    /// `arn:aws:iam::…:role/meshctl/{stack}/{name}`
    pub arn: String,
    /// Unique in the account, whatever the case and in all regions.
    pub name: String,
}

/// Permissions that one AWS service may take on.
#[derive(Serialize)]
pub struct Role {
    /// At most 64 characters. Roles are global, so a name carries stack and region.
    pub role_name: String,
    /// Who may assume it, such as `ecs-tasks.amazonaws.com`.
    pub service: String,
    /// ARNs of policies, AWS's own mostly.
    pub managed_policies: Vec<String>,
    /// Policies of its own, by name.
    pub inline_policies: BTreeMap<String, Value>,
    /// The ARN of the policy that is the most that it may do, whatever its other policies say. None
    /// leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
}

/// A role with its policies, in the form in which they are compared.
#[derive(Clone, Debug)]
pub struct LiveRole {
    path: String,
    /// The path of the stack's roles.
    home: String,
    trust: Value,
    managed: Vec<String>,
    inline: BTreeMap<String, Value>,
    boundary: Option<String>,
    /// In seconds; not known of what was only listed.
    session: Option<i32>,
    tags: Tags,
}

/// The stack's roles, in permissions.
const ROLES: &str = "role/meshctl/{stack}/*";
const TRUST: &str = "assume_role_policy";
const MANAGED: &str = "managed_policies";
const INLINE: &str = "inline_policies";
const BOUNDARY: &str = "permissions_boundary";
const SESSION: &str = "max_session_duration";
/// How long a session lasts at most unless someone says otherwise, in seconds.
const HOUR: i32 = 3600;

impl Resource for Role {
    const KIND: Kind = Kind("AWS::IAM::Role");
    const SEARCHED_ONE_BY_ONE: bool = true;
    type Needs = ();
    type Out = RoleIdentity;
    type Live = LiveRole;

    fn needs(&self) {}

    fn own_permissions(&self) -> Vec<Permission> {
        // Whoever may give a role policies could give it all: with a boundary, only within that.
        let boundary = self.permissions_boundary.as_deref();
        let within = |permission: Permission| match boundary {
            Some(arn) => permission.on(&[ROLES]).when("iam:PermissionsBoundary", arn),
            None => permission.on(&[ROLES]),
        };
        let mut all = vec![within(Permission::make("iam:CreateRole")).tagging()];
        all.extend(self.managed_policies.iter().map(|arn| {
            within(Permission::make("iam:AttachRolePolicy")).when("iam:PolicyARN", arn)
        }));
        if !self.inline_policies.is_empty() {
            all.push(within(Permission::make("iam:PutRolePolicy")));
        }
        if boundary.is_some() {
            all.push(within(Permission::make("iam:PutRolePermissionsBoundary")));
        }
        all
    }

    async fn create(&self, cx: &Cx, _: &()) -> Result<RoleIdentity> {
        const OP: &str = "iam:CreateRole";
        let call = cx.iam().create_role().role_name(&self.role_name).path(path(cx));
        let call = call.assume_role_policy_document(self.trust().to_string());
        let call = call.set_permissions_boundary(self.permissions_boundary.clone());
        let made = call.set_tags(Some(tag_list(&cx.tags()))).send().await.op(OP)?;
        Ok(identity(made.role().answered(OP, "Role")?))
    }

    fn drift(&self, live: &LiveRole, _: &()) -> Drift {
        let mut managed = self.managed_policies.clone();
        managed.sort();
        managed.dedup();
        let drift = Drift::none()
            .fixed("path", &live.home, &live.path)
            .mutable(TRUST, canonical(&self.trust()), &live.trust)
            .mutable(MANAGED, managed, &live.managed)
            .mutable(INLINE, in_canonical_form(&self.inline_policies), &live.inline);
        let drift = match live.session {
            Some(seconds) => drift.mutable(SESSION, HOUR, seconds),
            None => drift,
        };
        match &self.permissions_boundary {
            Some(arn) => drift.mutable(BOUNDARY, arn, &live.boundary),
            None => drift,
        }
    }

    async fn update(&self, cx: &Cx, role: &RoleIdentity, drift: &Drift, _: &()) -> Result<()> {
        // One after another: IAM refuses two writes at once to one role (`ConcurrentModification`).
        // What is missing comes before what is too much, so that users of the role lose nothing; but the
        // boundary is first of all, since the rest may be allowed only within it.
        if let (true, Some(arn)) = (drift.touches(BOUNDARY), &self.permissions_boundary) {
            let call = cx.iam().put_role_permissions_boundary().role_name(&role.name);
            let put = call.permissions_boundary(arn).send().await;
            put.op("iam:PutRolePermissionsBoundary")?;
        }
        if drift.touches(SESSION) {
            let call = cx.iam().update_role().role_name(&role.name).max_session_duration(HOUR);
            call.send().await.op("iam:UpdateRole")?;
        }
        if drift.touches(TRUST) {
            let call = cx.iam().update_assume_role_policy().role_name(&role.name);
            let call = call.policy_document(self.trust().to_string());
            call.send().await.op("iam:UpdateAssumeRolePolicy")?;
        }
        if let Some(have) = had::<Vec<String>>(drift, MANAGED) {
            for arn in self.managed_policies.iter().filter(|arn| !have.contains(arn)) {
                let call = cx.iam().attach_role_policy().role_name(&role.name).policy_arn(arn);
                call.send().await.op("iam:AttachRolePolicy")?;
            }
            for arn in have.iter().filter(|arn| !self.managed_policies.contains(arn)) {
                detach(cx, &role.name, arn).await?;
            }
        }
        if let Some(have) = had::<BTreeMap<String, Value>>(drift, INLINE) {
            for (name, policy) in &self.inline_policies {
                if have.get(name) != Some(&canonical(policy)) {
                    let call = cx.iam().put_role_policy().role_name(&role.name).policy_name(name);
                    let call = call.policy_document(policy.to_string());
                    call.send().await.op("iam:PutRolePolicy")?;
                }
            }
            for name in have.keys().filter(|name| !self.inline_policies.contains_key(*name)) {
                delete_inline(cx, &role.name, name).await?;
            }
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        // Of a role that is gone IAM does not know the path, and denies what is limited to one, where it
        // should say that there is none.
        const PERHAPS_GONE: &[&str] = &[ROLES, "role/{stack}-*"];
        let find = |action| Permission::find(action).on(PERHAPS_GONE);
        let make = |action| Permission::make(action).on(&[ROLES]);
        let remove = |action| Permission::remove(action).on(&[ROLES]);
        vec![
            Permission::find("iam:ListRoles"),
            find("iam:ListRoleTags"),
            find("iam:GetRole"),
            find("iam:GetRolePolicy"),
            find("iam:ListAttachedRolePolicies"),
            find("iam:ListRolePolicies"),
            make("iam:UpdateRole"),
            make("iam:UpdateAssumeRolePolicy"),
            make("iam:TagRole"),
            make("iam:UntagRole"),
            remove("iam:DetachRolePolicy"),
            remove("iam:DeleteRolePolicy"),
            Permission::remove("iam:DeleteRole").on(PERHAPS_GONE),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<RoleIdentity>>> {
        let all = of_stack(cx).await?;
        // `ListRoles` shows no tags.
        let found = all.iter().map(async |role| {
            let call = cx.iam().list_role_tags().role_name(role.role_name());
            let shown = call.send().await.op("iam:ListRoleTags").or_absent()?;
            Ok(shown.and_then(|shown| cx.owned(tags_of(shown.tags()), identity(role))))
        });
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn read(cx: &Cx, role: &RoleIdentity) -> Result<Option<LiveRole>> {
        let (found, session) =
            futures_util::try_join!(cx.load::<Roles>(role.name.clone()), session(cx, &role.name))?;
        Ok(found.map(|role| LiveRole { session, ..(*role).clone() }))
    }

    /// The boundary that the configuration says nothing of: whoever set it may have had to, and to take
    /// it away could give the role more than its owners allow.
    fn health(live: &LiveRole) -> Option<String> {
        let boundary = live.boundary.as_ref()?;
        Some(format!("permissions boundary {boundary}"))
    }

    fn tags(live: &LiveRole) -> Option<Tags> {
        Some(live.tags.clone())
    }

    async fn retag(cx: &Cx, role: &RoleIdentity, changes: &TagChanges) -> Result<()> {
        if !changes.set.is_empty() {
            let call = cx.iam().tag_role().role_name(&role.name);
            call.set_tags(Some(tag_list(&changes.set))).send().await.op("iam:TagRole")?;
        }
        if !changes.remove.is_empty() {
            let call = cx.iam().untag_role().role_name(&role.name);
            let call = call.set_tag_keys(Some(changes.remove.clone()));
            call.send().await.op("iam:UntagRole")?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, role: &RoleIdentity) -> Result<()> {
        // IAM refuses while any policy is left (`DeleteConflict`), whoever put it there.
        let (managed, inline) =
            futures_util::try_join!(attached(cx, &role.name), inline_names(cx, &role.name))?;
        for arn in &managed {
            detach(cx, &role.name, arn).await?;
        }
        for name in &inline {
            delete_inline(cx, &role.name, name).await?;
        }
        let call = cx.iam().delete_role().role_name(&role.name);
        call.send().await.op("iam:DeleteRole").or_absent().map(drop)
    }

    fn id(role: &RoleIdentity) -> String {
        role.name.clone()
    }
}

impl Role {
    fn trust(&self) -> Value {
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": self.service },
                "Action": "sts:AssumeRole",
            }],
        })
    }
}

/// All roles of the account with trust, policies and tags, for all who ask at once.
///
/// `GetAccountAuthorizationDetails` takes no names, but one call (per thousand roles of the account)
/// shows what `GetRole`, `ListAttachedRolePolicies`, `ListRolePolicies` and `GetRolePolicy` show in
/// four or more for every role. Those are for callers that are denied the listing.
struct Roles;

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
async fn of_stack(cx: &Cx) -> Result<Vec<iam::Role>> {
    let pages = cx.iam().list_roles().path_prefix(path(cx)).into_paginator().items();
    pages.send().try_collect().await.op("iam:ListRoles")
}

/// How long a role's sessions may last, where a read asks for it: the listing that shows the rest does
/// not show it.
async fn session(cx: &Cx, name: &str) -> Result<Option<i32>> {
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
async fn attached(cx: &Cx, name: &str) -> Result<Vec<String>> {
    let pages = cx.iam().list_attached_role_policies().role_name(name).into_paginator().items();
    let all = pages.send().try_collect().await.op("iam:ListAttachedRolePolicies").or_absent()?;
    Ok(arns(&all.unwrap_or_default()))
}

/// The names of a role's own policies; none when there is no such role.
async fn inline_names(cx: &Cx, name: &str) -> Result<Vec<String>> {
    let pages = cx.iam().list_role_policies().role_name(name).into_paginator().items();
    let all: Result<Vec<String>> = pages.send().try_collect().await.op("iam:ListRolePolicies");
    Ok(all.or_absent()?.unwrap_or_default())
}

async fn detach(cx: &Cx, name: &str, arn: &str) -> Result<()> {
    let call = cx.iam().detach_role_policy().role_name(name).policy_arn(arn);
    call.send().await.op("iam:DetachRolePolicy").or_absent().map(drop)
}

async fn delete_inline(cx: &Cx, name: &str, policy: &str) -> Result<()> {
    let call = cx.iam().delete_role_policy().role_name(name).policy_name(policy);
    call.send().await.op("iam:DeleteRolePolicy").or_absent().map(drop)
}

/// The path of the stack's roles.
fn path(cx: &Cx) -> String {
    format!("/meshctl/{}/", cx.scope().stack)
}

fn identity(role: &iam::Role) -> RoleIdentity {
    RoleIdentity { arn: role.arn().into(), name: role.role_name().into() }
}

fn compared(document: &str) -> Value {
    canonical(&decoded(document))
}

fn in_canonical_form(policies: &BTreeMap<String, Value>) -> BTreeMap<&str, Value> {
    policies.iter().map(|(name, policy)| (name.as_str(), canonical(policy))).collect()
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

/// What a field was when it was compared, if it differs.
fn had<T: DeserializeOwned + Default>(drift: &Drift, field: &str) -> Option<T> {
    let change = drift.changes().iter().find(|change| change.field == field)?;
    Some(T::deserialize(&change.have).unwrap_or_default())
}

fn tag_list(tags: &Tags) -> Vec<iam::Tag> {
    let tags = tags.iter().map(|(key, value)| iam::Tag::builder().key(key).value(value).build());
    tags.collect::<std::result::Result<_, _>>().expect("a tag has a key and a value")
}
