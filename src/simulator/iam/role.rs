//! Roles: identity, trust, and the listings that show them.

use super::{Iam, document, done, limit, managed, page, tags, unknown};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A role with all that IAM keeps of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// Begins and ends with `/`.
    pub path: String,
    /// As its creator spelled it.
    pub name: String,
    /// `AROA…`
    pub id: String,
    /// With the path.
    pub arn: String,
    /// In seconds.
    pub created: u64,
    /// The trust policy, as it was given.
    pub trust: String,
    /// The creator's words.
    pub description: Option<String>,
    /// In seconds.
    pub max_session_duration: i64,
    /// The ARN of a policy.
    pub permissions_boundary: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Documents by name, as they were given.
    pub inline: BTreeMap<String, String>,
    /// ARNs in the order in which they were attached.
    pub attached: Vec<String>,
    /// From when on other services can assume it.
    pub assumable_from: Millis,
    /// The service that it belongs to, if it is a service-linked one.
    pub linked_to: Option<String>,
}

/// Whether a service gets a role's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumable {
    /// It does.
    Yes,
    /// It will: the role is too new to be known everywhere.
    NotYet,
    /// There is no such role, or it does not trust the service.
    No,
}

/// The longest trust policy.
const TRUST_SIZE: usize = 2048;

/// Whether there is a role with this ARN, seen everywhere or not.
pub fn exists(account: &Account, arn: &str) -> bool {
    by_arn(account, arn).is_some()
}

/// Whether a service, such as `ecs-tasks.amazonaws.com`, gets the credentials of a role.
pub fn assumable_by(account: &Account, arn: &str, service: &str) -> Assumable {
    match by_arn(account, arn) {
        Some(role) if document::trusts(&role.trust, service) => {
            if role.assumable_from <= account.now { Assumable::Yes } else { Assumable::NotYet }
        }
        _ => Assumable::No,
    }
}

/// Whether the policies of a role, its own and the attached ones, let it do this on anything.
pub fn allows(account: &Account, arn: &str, action: &str) -> bool {
    let Some(role) = by_arn(account, arn) else { return false };
    let attached = role.attached.iter().filter_map(|arn| managed::document(arn));
    let mut all = attached.chain(role.inline.values().cloned());
    all.any(|policy| document::allows(&policy, action))
}

fn by_arn<'a>(account: &'a Account, arn: &str) -> Option<&'a Role> {
    let name = arn.rsplit('/').next()?.to_lowercase();
    account.iam.roles.known(&name).filter(|role| role.arn == arn)
}

/// `CreateRole`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let name = input.text_or_empty("RoleName");
    let trust = input.text_or_empty("AssumeRolePolicyDocument");
    document::check_trust(trust)?;
    check_trust_size(trust)?;
    let fresh = tags::unique(input)?;
    if account.iam.roles.known(&name.to_lowercase()).is_some() {
        let message = format!("Role with name {name} already exists.");
        return Err(ApiError::new("EntityAlreadyExists", message).status(409));
    }
    let ours = account.iam.roles.all().filter(|(_, role)| role.linked_to.is_none()).count();
    if ours >= account.quotas.roles {
        let quota = account.quotas.roles;
        return Err(limit(format!("Cannot exceed quota for RolesPerAccount: {quota}")));
    }
    let mut role = new(account, input.text("Path").unwrap_or("/"), name, trust);
    role.description = input.text("Description").map(String::from);
    role.max_session_duration = input.int("MaxSessionDuration").unwrap_or(3600);
    role.permissions_boundary = input.text("PermissionsBoundary").map(String::from);
    role.tags = fresh;
    let answer = json!({ "Role": with_tags(&role) });
    keep(account, role);
    Ok(answer)
}

/// A role that nobody knows yet.
pub(super) fn new(account: &mut Account, path: &str, name: &str, trust: &str) -> Role {
    Role {
        path: path.into(),
        name: name.into(),
        id: format!("AROA{}", account.alphanumeric(17).to_uppercase()),
        arn: format!("arn:aws:iam::{}:role{path}{name}", account.id),
        created: account.now / 1000,
        trust: trust.into(),
        description: None,
        max_session_duration: 3600,
        permissions_boundary: None,
        tags: BTreeMap::new(),
        inline: BTreeMap::new(),
        attached: Vec::new(),
        assumable_from: account.now + account.draw(Latency::RolePropagation),
        linked_to: None,
    }
}

pub(super) fn keep(account: &mut Account, role: Role) {
    let (made, visible) = (account.now, account.visible_at());
    account.iam.roles.insert(role.name.to_lowercase(), role, made, visible);
}

/// `GetRole`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let mut shape = with_tags(find(account, call)?);
    shape["RoleLastUsed"] = json!({});
    Ok(json!({ "Role": shape }))
}

/// `ListRoles`: shows no tags.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let prefix = call.input.text("PathPrefix").unwrap_or("/");
    let roles = account.iam.roles.visible(account.now);
    let roles = roles.filter(|role| role.path.starts_with(prefix)).map(described);
    page(&call.input, "Roles", roles.collect())
}

/// `GetAccountAuthorizationDetails`: the account has no users, groups or policies of its own, so
/// only roles are listed.
pub fn authorization_details(account: &mut Account, call: &Call) -> Answer {
    let filter = call.input.texts("Filter");
    let roles = account.iam.roles.visible(account.now);
    let roles = roles.filter(|_| filter.is_empty() || filter.contains(&"Role")).map(in_detail);
    let mut answer = page(&call.input, "RoleDetailList", roles.collect())?;
    for empty in ["UserDetailList", "GroupDetailList", "Policies"] {
        answer[empty] = json!([]);
    }
    Ok(answer)
}

/// `UpdateRole`.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let role = change(account, call)?;
    if let Some(description) = call.input.text("Description") {
        role.description = Some(description.into());
    }
    role.max_session_duration =
        call.input.int("MaxSessionDuration").unwrap_or(role.max_session_duration);
    Ok(json!({}))
}

/// `UpdateRoleDescription`.
pub fn update_description(account: &mut Account, call: &Call) -> Answer {
    let role = change(account, call)?;
    role.description = call.input.text("Description").map(String::from);
    Ok(json!({ "Role": described(role) }))
}

/// `UpdateAssumeRolePolicy`.
pub fn update_trust(account: &mut Account, call: &Call) -> Answer {
    let trust = call.input.text_or_empty("PolicyDocument");
    let role = change(account, call)?;
    document::check_trust(trust)?;
    check_trust_size(trust)?;
    role.trust = trust.into();
    done()
}

fn check_trust_size(trust: &str) -> Result<(), ApiError> {
    if document::size(trust) > TRUST_SIZE {
        return Err(limit(format!("Cannot exceed quota for ACLSizePerRole: {TRUST_SIZE}")));
    }
    Ok(())
}

/// `PutRolePermissionsBoundary`. Policies of the account's own are not kept, so any of them is taken
/// for one; AWS's own must exist.
pub fn put_boundary(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("PermissionsBoundary");
    let role = change(account, call)?;
    if arn.contains(":iam::aws:policy/") && !managed::exists(arn) {
        return Err(unknown(format!("Policy {arn} does not exist or is not attachable.")));
    }
    role.permissions_boundary = Some(arn.into());
    done()
}

/// `DeleteRolePermissionsBoundary`.
pub fn delete_boundary(account: &mut Account, call: &Call) -> Answer {
    let role = change(account, call)?;
    if role.permissions_boundary.take().is_none() {
        let message = format!("Role {} does not have a permissions boundary.", role.name);
        return Err(unknown(message));
    }
    done()
}

/// `DeleteRole`: refused while any policy is left.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let role = change(account, call)?;
    let conflict = |message: &str| Err(ApiError::new("DeleteConflict", message).status(409));
    if !role.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !role.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    let key = role.name.to_lowercase();
    account.iam.roles.remove(&key);
    done()
}

/// The role that a call names, if calls can see it by now.
pub(super) fn find<'a>(account: &'a Account, call: &Call) -> Result<&'a Role, ApiError> {
    let name = call.input.text_or_empty("RoleName");
    let role = account.iam.roles.get(&name.to_lowercase(), account.now);
    role.ok_or_else(|| no_role(name))
}

/// The same, to change it: service-linked roles are AWS's own.
pub(super) fn change<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Role, ApiError> {
    let name = call.input.text_or_empty("RoleName");
    let Account { iam: Iam { roles, .. }, now, .. } = account;
    let role = roles.get_mut(&name.to_lowercase(), *now).ok_or_else(|| no_role(name))?;
    if role.linked_to.is_some() {
        let message = format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only \
             modifiable by AWS"
        );
        return Err(ApiError::new("UnmodifiableEntity", message).status(400));
    }
    Ok(role)
}

fn no_role(name: &str) -> ApiError {
    unknown(format!("The role with name {name} cannot be found."))
}

fn described(role: &Role) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": document::encoded(&role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_duration,
    })
}

pub(super) fn with_tags(role: &Role) -> Value {
    let mut shape = described(role);
    shape["PermissionsBoundary"] = boundary(role);
    if !role.tags.is_empty() {
        shape["Tags"] = tags::listed(&role.tags).into();
    }
    shape
}

fn in_detail(role: &Role) -> Value {
    let inline = role.inline.iter().map(
        |(name, policy)| json!({ "PolicyName": name, "PolicyDocument": document::encoded(policy) }),
    );
    let attached: Vec<Value> = role.attached.iter().map(|arn| managed::attached(arn)).collect();
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": document::encoded(&role.trust),
        "InstanceProfileList": [],
        "RolePolicyList": inline.collect::<Vec<_>>(),
        "AttachedManagedPolicies": attached,
        "PermissionsBoundary": boundary(role),
        "Tags": tags::listed(&role.tags),
        "RoleLastUsed": {},
    })
}

fn boundary(role: &Role) -> Value {
    let boundary = role
        .permissions_boundary
        .as_ref()
        .map(|arn| json!({ "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn }));
    boundary.into()
}
