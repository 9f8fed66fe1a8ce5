//! Whether the caller may do what is to be done, by IAM's own simulation of its policies. Actions:
//! iam:SimulatePrincipalPolicy, and iam:GetRole for who assumed a role. Neither is needed: without
//! them nothing is said.

use super::{Asked, Facts, Plan};
use crate::{
    aws::{Answered, Cx, OpResult, Scope},
    model::{
        Check, Class, Error, Need, Permission, Result,
        permission::{REQUEST_TAG, RESOURCE_TAG},
    },
    stack::policies::{arns, filled},
};
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "permissions";
/// How many actions a line names.
const NAMED: usize = 8;
/// How many actions are asked for in one call.
const ACTIONS: usize = 100;

/// One action on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// Such as `ec2:CreateVpc`.
    pub action: String,
    /// An ARN, or `*`.
    pub resource: String,
    /// Condition keys with their values.
    pub context: BTreeMap<String, String>,
}

impl Question {
    /// What stands before the colon.
    fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or_default()
    }
}

/// Who does not allow something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The caller's own policies.
    Policy,
    /// The organisation's policies, by what the simulation can tell: it knows a request's region and
    /// principal, and nothing else that a condition may ask for.
    Organization,
}

/// What is denied, and by whom.
pub type Denied = BTreeMap<Question, Denial>;

/// What the kinds of the plan need, but for AWS's own roles, which are asked for by themselves.
pub fn questions(scope: &Scope, plan: &Plan) -> BTreeSet<Question> {
    let all = plan.wanted.iter().flat_map(|wanted| &wanted.permissions);
    let all = all.filter(|it| it.action != "iam:CreateServiceLinkedRole");
    all.flat_map(|permission| {
        let Permission { action, resources, conditions, .. } = permission;
        let mut context: BTreeMap<String, String> = conditions
            .iter()
            .filter_map(|(key, values)| Some((key.clone(), filled(scope, values.first()?))))
            .collect();
        // Whatever a policy says of the stack's tag is met.
        for key in [REQUEST_TAG, RESOURCE_TAG] {
            context.insert(key.into(), scope.stack.clone());
        }
        arns(scope, action, resources).into_iter().map(move |resource| Question {
            action: action.clone(),
            resource,
            context: context.clone(),
        })
    })
    .collect()
}

/// What may not be made is in the way; what may not be looked at or removed will be one day.
pub fn judge(plan: &Plan, facts: &Facts) -> Vec<Check> {
    const REMEDY: &str = "attach what `meshctl policy up` prints to whoever runs this";
    let denied = match &facts.barred {
        Asked::Not => return Vec::new(),
        Asked::Unknown(why) => return vec![Check::ok(NAME, format!("not looked at: {why}"))],
        Asked::Known(denied) => denied,
    };
    let all = plan.wanted.iter().flat_map(|wanted| &wanted.permissions);
    let makes: BTreeSet<&str> =
        all.filter(|it| it.need == Need::Make).map(|it| it.action.as_str()).collect();
    let by = |denial| -> BTreeSet<&str> {
        let of = denied.iter().filter(|(_, by)| **by == denial);
        of.map(|(question, _)| question.action.as_str()).collect()
    };
    let actions = by(Denial::Policy);
    let by_organization: Vec<&str> =
        by(Denial::Organization).difference(&actions).copied().collect();
    let (now, later): (Vec<&str>, Vec<&str>) =
        actions.into_iter().partition(|action| makes.contains(action));
    let mut checks = Vec::new();
    if !now.is_empty() {
        checks.push(Check::failure(NAME, format!("not allowed: {}", listed(&now)), REMEDY));
    }
    if !later.is_empty() {
        let what = format!("not allowed, and needed to look or to remove: {}", listed(&later));
        checks.push(Check::warning(NAME, what, REMEDY));
    }
    if !by_organization.is_empty() {
        let what =
            format!("the organisation's policies may not allow: {}", listed(&by_organization));
        let remedy = "a simulation does not know all that their conditions ask for: if `meshctl up` \
                      is refused, ask whoever manages the organisation";
        checks.push(Check::warning(NAME, what, remedy));
    }
    if checks.is_empty() {
        checks.push(Check::ok(NAME, "all that is to be done is allowed, by IAM's simulation"));
    }
    checks
}

fn listed(actions: &[&str]) -> String {
    let more = actions.len().saturating_sub(NAMED);
    let named = actions.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

/// Which of these the caller may not do.
///
/// # Errors
/// When the simulation is refused, or the caller is of a kind that IAM does not simulate.
pub async fn denied(cx: &Cx, questions: BTreeSet<Question>) -> Result<Denied> {
    if questions.is_empty() {
        return Ok(Denied::new());
    }
    let Some(who) = principal(cx).await? else { return Ok(Denied::new()) };
    // Every action of a call is tried on every resource of it, so what goes together is asked for
    // together.
    let mut groups: BTreeMap<_, Vec<Question>> = BTreeMap::new();
    for question in questions {
        let group = (question.service().to_owned(), question.context.clone());
        groups.entry(group).or_default().push(question);
    }
    let calls = groups.values().flat_map(|group| group.chunks(ACTIONS));
    let answers = calls.map(|group| ask(cx, &who, group));
    Ok(try_join_all(answers).await?.into_iter().flatten().collect())
}

/// What every request has, whatever it asks for: policies that limit the region are common, and a
/// simulation that is not told takes them for a denial.
fn always(cx: &Cx, who: &str, service: &str) -> BTreeMap<String, String> {
    let caller = &cx.scope().caller;
    // IAM is one for the whole partition, and its requests are of the region where it stands.
    let region = match (service, &*caller.partition) {
        ("iam" | "route53", "aws-cn") => "cn-north-1",
        ("iam" | "route53", "aws-us-gov") => "us-gov-west-1",
        ("iam" | "route53", _) => "us-east-1",
        _ => &cx.scope().region,
    };
    let keys = [
        ("aws:RequestedRegion", region),
        ("aws:PrincipalArn", who),
        ("aws:PrincipalAccount", &caller.account),
    ];
    keys.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

async fn ask(cx: &Cx, who: &str, group: &[Question]) -> Result<Vec<(Question, Denial)>> {
    let actions: BTreeSet<String> = group.iter().map(|one| one.action.clone()).collect();
    let resources: BTreeSet<String> = group.iter().map(|one| one.resource.clone()).collect();
    // All of a group have the same.
    let mut known = group.first().map(|one| always(cx, who, one.service())).unwrap_or_default();
    known.extend(group.first().into_iter().flat_map(|one| one.context.clone()));
    let context = known.iter().map(|(key, value)| {
        let entry = ContextEntry::builder().context_key_name(key).context_key_values(value);
        entry.context_key_type(ContextKeyTypeEnum::String).build()
    });
    let context: Vec<ContextEntry> = context.collect();
    let call = cx.iam().simulate_principal_policy().policy_source_arn(who);
    let call = call.set_action_names(Some(actions.into_iter().collect()));
    let call = call.set_resource_arns(Some(resources.into_iter().collect())).max_items(1000);
    let call = call.set_context_entries((!context.is_empty()).then_some(context));
    let pages = call.into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.op("iam:SimulatePrincipalPolicy")?;
    let (mut decisions, mut by_organization) = (BTreeMap::new(), BTreeSet::new());
    for result in &found {
        let action = result.eval_action_name().to_ascii_lowercase();
        let organization = result.organizations_decision_detail();
        if organization.is_some_and(|detail| !detail.allowed_by_organizations()) {
            by_organization.insert(action.clone());
        }
        for one in result.resource_specific_results() {
            // A condition on something that was not given decides nothing.
            if !one.missing_context_values().is_empty() {
                continue;
            }
            let key = (action.clone(), one.eval_resource_name().to_owned());
            decisions.insert(key, one.eval_resource_decision().clone());
        }
        // With one resource IAM may leave the details out.
        if let Some(resource) = result.eval_resource_name()
            && result.resource_specific_results().is_empty()
            && result.missing_context_values().is_empty()
        {
            decisions.insert((action, resource.to_owned()), result.eval_decision().clone());
        }
    }
    let allowed = |question: &&Question| {
        let key = (question.action.to_ascii_lowercase(), question.resource.clone());
        // What it says nothing of is not held against anybody.
        decisions.get(&key).is_none_or(|it| *it == PolicyEvaluationDecisionType::Allowed)
    };
    let denied = group.iter().filter(|question| !allowed(question)).map(|question| {
        let is_organization = by_organization.contains(&question.action.to_ascii_lowercase());
        let by = if is_organization { Denial::Organization } else { Denial::Policy };
        (question.clone(), by)
    });
    Ok(denied.collect())
}

/// Whose policies to simulate; `None` for the account's root, which may do everything.
async fn principal(cx: &Cx) -> Result<Option<String>> {
    const OP: &str = "iam:GetRole";
    let arn = &cx.scope().caller.arn;
    let end = arn.rsplit(':').next().unwrap_or_default();
    match end.split('/').collect::<Vec<_>>().as_slice() {
        ["root"] => Ok(None),
        // The session's ARN lacks the role's path.
        ["assumed-role", name, ..] => {
            let answer = cx.iam().get_role().role_name(*name).send().await.op(OP)?;
            Ok(Some(answer.role().answered(OP, "Role")?.arn().to_owned()))
        }
        ["user" | "role", ..] => Ok(Some(arn.clone())),
        _ => Err(Error::new(Class::Invalid, format!("IAM does not simulate {arn}"))),
    }
}
