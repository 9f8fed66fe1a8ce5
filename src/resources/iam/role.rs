//! Role: what tasks and API Gateway act as. Actions: iam:CreateRole,
//! iam:GetAccountAuthorizationDetails (else iam:GetRole, iam:GetRolePolicy), iam:ListRoles,
//! iam:ListRoleTags, iam:ListRolePolicies, iam:ListAttachedRolePolicies,
//! iam:UpdateRole, iam:UpdateAssumeRolePolicy, iam:PutRolePermissionsBoundary, iam:PutRolePolicy,
//! iam:DeleteRolePolicy, iam:AttachRolePolicy, iam:DetachRolePolicy, iam:DeleteRole, iam:TagRole,
//! iam:UntagRole.

use super::{
    policy::canonical,
    role_reads::{LiveRole, Roles, attached, inline_names, of_stack, path, session},
};
use crate::resources::prelude::*;
use aws_sdk_iam::types as iam;
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

async fn detach(cx: &Cx, name: &str, arn: &str) -> Result<()> {
    let call = cx.iam().detach_role_policy().role_name(name).policy_arn(arn);
    call.send().await.op("iam:DetachRolePolicy").or_absent().map(drop)
}

async fn delete_inline(cx: &Cx, name: &str, policy: &str) -> Result<()> {
    let call = cx.iam().delete_role_policy().role_name(name).policy_name(policy);
    call.send().await.op("iam:DeleteRolePolicy").or_absent().map(drop)
}

fn identity(role: &iam::Role) -> RoleIdentity {
    RoleIdentity { arn: role.arn().into(), name: role.role_name().into() }
}

fn in_canonical_form(policies: &BTreeMap<String, Value>) -> BTreeMap<&str, Value> {
    policies.iter().map(|(name, policy)| (name.as_str(), canonical(policy))).collect()
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
