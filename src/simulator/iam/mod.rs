//! IAM: roles and what they may do. Users, groups and customer managed policies are not kept.

pub mod document;
pub mod managed;
pub mod role;
pub mod role_policy;
pub mod service_linked;
pub mod simulation;
pub mod tags;

#[cfg(test)]
mod tests;

pub use role::{Assumable, allows, assumable_by, exists};

use super::{
    account::{Account, Answer, not_built},
    authorizer::Allowed,
    fields::Fields,
    inventory::Item,
    table::Table,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// All that IAM holds of the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Iam {
    /// Roles, by name in lower case: IAM's names differ by more than case.
    pub roles: Table<role::Role>,
    /// What policy simulation says that the caller may not do: actions, with `*` for any text.
    pub denied: BTreeSet<String>,
    /// The organisation's policies, where the account is in one.
    pub organization: Option<Organization>,
    /// The only actions that the caller may use and on what, where there is such a list.
    #[serde(skip)]
    pub allowed: Option<BTreeSet<Allowed>>,
}

/// What the policies of an organisation forbid all of the account's callers. Only policy simulation
/// knows of it: calls are not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Organization {
    /// Actions, with `*` for any text.
    pub denied: BTreeSet<String>,
    /// The only regions; all, where there are none. As on AWS, a simulation that is not told the
    /// region is answered as if it were another one.
    pub regions: BTreeSet<String>,
}

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "CreateRole" => role::create(account, call),
        "GetRole" => role::get(account, call),
        "ListRoles" => role::list(account, call),
        "GetAccountAuthorizationDetails" => role::authorization_details(account, call),
        "UpdateRole" => role::update(account, call),
        "UpdateRoleDescription" => role::update_description(account, call),
        "UpdateAssumeRolePolicy" => role::update_trust(account, call),
        "PutRolePermissionsBoundary" => role::put_boundary(account, call),
        "DeleteRolePermissionsBoundary" => role::delete_boundary(account, call),
        "DeleteRole" => role::delete(account, call),
        "TagRole" => tags::tag(account, call),
        "UntagRole" => tags::untag(account, call),
        "ListRoleTags" => tags::list(account, call),
        "PutRolePolicy" => role_policy::put(account, call),
        "GetRolePolicy" => role_policy::get(account, call),
        "ListRolePolicies" => role_policy::list(account, call),
        "DeleteRolePolicy" => role_policy::delete(account, call),
        "AttachRolePolicy" => role_policy::attach(account, call),
        "ListAttachedRolePolicies" => role_policy::list_attached(account, call),
        "DetachRolePolicy" => role_policy::detach(account, call),
        "GetPolicy" => managed::get(account, call),
        "GetPolicyVersion" => managed::get_version(call),
        "ListPolicyVersions" => managed::list_versions(call),
        "ListPolicies" => managed::list(account, call),
        "CreateServiceLinkedRole" => service_linked::create(account, call),
        "SimulatePrincipalPolicy" => simulation::principal(account, call),
        "ListInstanceProfilesForRole" => {
            role::find(account, call)?;
            page(&call.input, "InstanceProfiles", Vec::new())
        }
        "ListInstanceProfiles" => page(&call.input, "InstanceProfiles", Vec::new()),
        "ListAccountAliases" => page(&call.input, "AccountAliases", Vec::new()),
        "GetUser" => get_user(account, call),
        _ => Err(not_built(call)),
    }
}

impl Iam {
    /// Everything, for the account's inventory. Service-linked roles are AWS's own and stay.
    pub fn inventory(&self) -> Vec<Item> {
        let items = self.roles.all().map(|(_, role)| Item {
            service: "iam",
            kind: "Role",
            id: role.name.clone(),
            state: String::new(),
            tags: role.tags.clone(),
            remnant: role.linked_to.is_some(),
        });
        items.collect()
    }
}

/// `GetUser`: there is one, who calls.
fn get_user(account: &Account, call: &Call) -> Answer {
    match call.input.text("UserName") {
        None | Some("local") => Ok(json!({ "User": {
            "Path": "/",
            "UserName": "local",
            "UserId": "AIDALOCALLOCALLOCALLO",
            "Arn": format!("arn:aws:iam::{}:user/local", account.id),
            "CreateDate": 1_600_000_000,
        } })),
        Some(name) => Err(unknown(format!("The user with name {name} cannot be found."))),
    }
}

/// One page by `MaxItems` and `Marker`.
fn page(input: &Value, list: &str, found: Vec<Value>) -> Answer {
    let start = match input.text("Marker") {
        None => 0,
        Some(marker) => marker
            .parse::<usize>()
            .map_err(|_| ApiError::new("ValidationError", format!("Invalid Marker: {marker}")))?,
    };
    let size = input.int("MaxItems").map_or(100, |size| size.clamp(1, 1000) as usize);
    let next = (found.len() > start + size).then(|| (start + size).to_string());
    let page: Vec<Value> = found.into_iter().skip(start).take(size).collect();
    Ok(json!({ list: page, "IsTruncated": next.is_some(), "Marker": next }))
}

/// The answer of an operation that only says yes.
fn done() -> Answer {
    Ok(Value::Null)
}

fn unknown(message: impl Into<String>) -> ApiError {
    ApiError::new("NoSuchEntity", message).status(404)
}

fn limit(message: impl Into<String>) -> ApiError {
    ApiError::new("LimitExceeded", message).status(409)
}
