//! `SimulatePrincipalPolicy`: what the caller, or a role, may do.

use super::{Iam, Organization, page, role, unknown};
use crate::simulator::{
    account::{Account, Answer},
    authorizer::Allowed,
    faults::matches,
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// Answers for every action, on each of the resources that are named. The caller may do everything
/// but what [`Iam::denied`] and [`Iam::allowed`] say; a role what its policies allow, whatever the
/// resource.
pub fn principal(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let who = input.text_or_empty("PolicySourceArn");
    let name = who.rsplit('/').next().unwrap_or_default();
    let caller = format!("arn:aws:iam::{}:user/local", account.id);
    let may: &dyn Fn(&str, &str) -> bool = match who.rsplit(':').next().unwrap_or_default() {
        _ if who == caller => &|action, on| may(&account.iam, action, on),
        one if one.starts_with("role/") => {
            if !role::exists(account, who) {
                return Err(unknown(format!("The role with name {name} cannot be found.")));
            }
            &|action, _| role::allows(account, who, action)
        }
        one if one.starts_with("user/") => {
            return Err(unknown(format!("The user with name {name} cannot be found.")));
        }
        _ => {
            let message =
                format!("Invalid Entity Arn: {who} does not clearly define entity type and name.");
            return Err(ApiError::new("InvalidInput", message).status(400));
        }
    };
    let resources = match input.texts("ResourceArns") {
        none if none.is_empty() => vec!["*"],
        named => named,
    };
    let actions = input.texts("ActionNames");
    let organization = account.iam.organization.as_ref();
    let results = actions.iter().map(|action| {
        let by_organization = organization.map(|it| allows(it, action, input));
        evaluated(action, &resources, may, by_organization)
    });
    page(input, "EvaluationResults", results.collect())
}

/// Whether an organisation's policies let an action through, in the context that the call gives.
fn allows(organization: &Organization, action: &str, input: &Value) -> bool {
    let denied = organization.denied.iter().any(|pattern| matches(pattern, action));
    let mut given = input.list("ContextEntries").iter();
    let region = given.find(|entry| entry.text("ContextKeyName") == Some("aws:RequestedRegion"));
    let regions = region.map(|entry| entry.texts("ContextKeyValues")).unwrap_or_default();
    let lies_within = organization.regions.is_empty()
        || regions.iter().any(|region| organization.regions.contains(*region));
    !denied && lies_within
}

/// Whether the caller may use an action on a resource.
fn may(iam: &Iam, action: &str, on: &str) -> bool {
    let denied = iam.denied.iter().any(|pattern| matches(pattern, action));
    let fits = |(it, resource): &Allowed| it == action && matches(resource, on);
    !denied && iam.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(fits))
}

fn evaluated(
    action: &str,
    resources: &[&str],
    by_policy: impl Fn(&str, &str) -> bool,
    by_organization: Option<bool>,
) -> Value {
    let may = |action: &str, on: &str| by_policy(action, on) && by_organization != Some(false);
    let decided = |may| if may { "allowed" } else { "implicitDeny" };
    let decision = decided(resources.iter().all(|resource| may(action, resource)));
    let each = resources.iter().map(|resource| {
        json!({
            "EvalResourceName": resource,
            "EvalResourceDecision": decided(may(action, resource)),
            "MatchedStatements": [],
            "MissingContextValues": [],
        })
    });
    let organization = by_organization.map(|allowed| json!({ "AllowedByOrganizations": allowed }));
    json!({
        "OrganizationsDecisionDetail": organization,
        "EvalActionName": action,
        "EvalResourceName": resources.first(),
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": [],
        "ResourceSpecificResults": each.collect::<Vec<_>>(),
    })
}
