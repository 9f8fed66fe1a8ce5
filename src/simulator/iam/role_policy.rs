//! What a role may do: policies of its own, and managed ones that are attached to it.

use super::{document, done, limit, managed, page, role, unknown};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::Call,
};
use serde_json::json;

/// The most managed policies of one role.
const ATTACHED: usize = 10;
/// The length of all of a role's own policies together.
const INLINE_SIZE: usize = 10_240;

/// `PutRolePolicy`: adds or overwrites.
pub fn put(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text_or_empty("PolicyName");
    let policy = call.input.text_or_empty("PolicyDocument");
    let role = role::change(account, call)?;
    document::check_identity(policy)?;
    let others = role.inline.iter().filter(|(other, _)| *other != name);
    let size: usize = others.map(|(_, policy)| document::size(policy)).sum();
    if size + document::size(policy) > INLINE_SIZE {
        let message =
            format!("Maximum policy size of {INLINE_SIZE} bytes exceeded for role {}", role.name);
        return Err(limit(message));
    }
    role.inline.insert(name.into(), policy.into());
    done()
}

/// `GetRolePolicy`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text_or_empty("PolicyName");
    let role = role::find(account, call)?;
    let policy = role.inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(json!({
        "RoleName": role.name,
        "PolicyName": name,
        "PolicyDocument": document::encoded(policy),
    }))
}

/// `ListRolePolicies`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let names = role::find(account, call)?.inline.keys().map(|name| json!(name));
    page(&call.input, "PolicyNames", names.collect())
}

/// `DeleteRolePolicy`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text_or_empty("PolicyName");
    let role = role::change(account, call)?;
    role.inline.remove(name).ok_or_else(|| no_policy(name))?;
    done()
}

/// `AttachRolePolicy`: once more does nothing.
pub fn attach(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("PolicyArn");
    let role = role::change(account, call)?;
    if !managed::exists(arn) {
        return Err(unknown(format!("Policy {arn} does not exist or is not attachable.")));
    }
    if role.attached.iter().any(|attached| attached == arn) {
        return done();
    }
    if role.attached.len() >= ATTACHED {
        return Err(limit(format!("Cannot exceed quota for PoliciesPerRole: {ATTACHED}")));
    }
    role.attached.push(arn.into());
    done()
}

/// `ListAttachedRolePolicies`.
pub fn list_attached(account: &mut Account, call: &Call) -> Answer {
    let prefix = call.input.text("PathPrefix").unwrap_or("/");
    let attached = role::find(account, call)?.attached.iter();
    let attached = attached.filter(|arn| managed::path(arn).starts_with(prefix));
    page(&call.input, "AttachedPolicies", attached.map(|arn| managed::attached(arn)).collect())
}

/// `DetachRolePolicy`.
pub fn detach(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("PolicyArn");
    let role = role::change(account, call)?;
    let at = role.attached.iter().position(|attached| attached == arn);
    let at = at.ok_or_else(|| unknown(format!("Policy {arn} was not found.")))?;
    role.attached.remove(at);
    done()
}

fn no_policy(name: &str) -> crate::simulator::wire::ApiError {
    unknown(format!("The role policy with name {name} cannot be found."))
}
