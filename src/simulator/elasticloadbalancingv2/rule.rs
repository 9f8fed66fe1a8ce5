//! Rules of an application load balancer's listeners, by priority; the default rule comes last.

use super::{
    Pairs, action,
    describe::{named, page},
    done, invalid, listener, load_balancer, shape, tags, target_group,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A rule as AWS describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rule {
    /// Its ARN.
    pub rule_arn: String,
    /// A number, or `default`.
    pub priority: String,
    /// Which requests it is for.
    pub conditions: Vec<Value>,
    /// What happens to them.
    pub actions: Vec<Value>,
    /// Whether it came with its listener.
    pub is_default: bool,
    /// Its listener.
    #[serde(rename = "_listener_arn")]
    pub listener_arn: String,
    /// Tags.
    #[serde(rename = "_tags")]
    pub tags: Pairs,
    /// Since when it forwards where it does.
    #[serde(rename = "_actions_since")]
    pub actions_since: Millis,
}

/// The rule that a new listener comes with.
pub fn default_of(account: &mut Account, listener_arn: &str) -> Rule {
    Rule {
        rule_arn: fresh_arn(account, listener_arn),
        priority: "default".into(),
        conditions: Vec::new(),
        actions: Vec::new(),
        is_default: true,
        listener_arn: listener_arn.into(),
        tags: Pairs::new(),
        actions_since: account.now,
    }
}

/// `CreateRule`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let listener = listener::find(account, input.text_or_empty("ListenerArn"))?;
    let (listener_arn, protocol) = (listener.listener_arn.clone(), listener.protocol.clone());
    let on = load_balancer::find(account, &listener.load_balancer_arn)?;
    if on.kind != "application" {
        let message = format!("Rules are not supported on a listener with protocol '{protocol}'");
        return Err(ApiError::new("UnsupportedProtocol", message));
    }
    let actions = action::normal(input.list("Actions"));
    action::check(account, on, &protocol, &actions)?;
    let priority = input.int("Priority").unwrap_or_default().to_string();
    let siblings = of(account, &listener_arn);
    if siblings.iter().any(|arn| has_priority(account, arn, &priority)) {
        return Err(taken(&priority));
    }
    if siblings.len() >= account.quotas.rules_per_listener {
        let message = "The maximum number of rules has been reached on this listener";
        return Err(ApiError::new("TooManyRules", message));
    }
    let rule = Rule {
        rule_arn: fresh_arn(account, &listener_arn),
        priority,
        conditions: conditions(input)?,
        actions,
        is_default: false,
        listener_arn,
        tags: tags::given(input)?,
        actions_since: account.now,
    };
    let answer = json!({ "Rules": [shape(&rule)] });
    let now = account.now;
    account.elb.rules.insert(rule.rule_arn.clone(), rule, now, now);
    Ok(answer)
}

/// `DescribeRules`: of one listener, or by ARN.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let arns = named(&call.input, "RuleArns")?;
    let on = call.input.text("ListenerArn");
    if arns.is_empty() == on.is_none() {
        return Err(invalid("You must specify either listener rule ARNs or a listener ARN"));
    }
    if let Some(arn) = on {
        listener::find(account, arn)?;
    }
    let defaults = account
        .elb
        .listeners
        .all()
        .map(|(_, it)| Rule { actions: it.default_actions.clone(), ..it.default_rule.clone() });
    let rules = account.elb.rules.all().map(|(_, rule)| rule.clone());
    let mut all: Vec<Rule> = rules.chain(defaults).collect();
    if arns.iter().any(|arn| !all.iter().any(|rule| rule.rule_arn == *arn)) {
        return Err(unknown());
    }
    let wanted = |rule: &Rule| match on {
        Some(arn) => rule.listener_arn == arn,
        None => arns.contains(&&*rule.rule_arn),
    };
    all.retain(wanted);
    all.sort_by_key(|rule| rule.priority.parse::<u32>().unwrap_or(u32::MAX));
    page("Rules", all.iter().map(shape).collect(), &call.input)
}

/// `ModifyRule`: conditions, actions.
pub fn modify(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let mut rule = find(account, input.text_or_empty("RuleArn"))?.clone();
    let listener = listener::find(account, &rule.listener_arn)?;
    let on = load_balancer::find(account, &listener.load_balancer_arn)?;
    let before = action::target_groups(&rule.actions);
    if !input.list("Actions").is_empty() {
        rule.actions = action::normal(input.list("Actions"));
        rule.actions_since = account.now;
        action::check(account, on, &listener.protocol, &rule.actions)?;
    }
    if !input.list("Conditions").is_empty() {
        rule.conditions = conditions(input)?;
    }
    let after = action::target_groups(&rule.actions);
    let answer = json!({ "Rules": [shape(&rule)] });
    let now = account.now;
    account.elb.rules.insert(rule.rule_arn.clone(), rule, now, now);
    let left: Vec<String> = before.into_iter().filter(|arn| !after.contains(arn)).collect();
    target_group::release(account, &left);
    Ok(answer)
}

/// `SetRulePriorities`: all or none.
pub fn set_priorities(account: &mut Account, call: &Call) -> Answer {
    let pairs = call.input.list("RulePriorities").iter();
    let pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let priority = pair.int("Priority").unwrap_or_default().to_string();
            (pair.text_or_empty("RuleArn").to_owned(), priority)
        })
        .collect();
    for (arn, priority) in &pairs {
        let siblings = of(account, &find(account, arn)?.listener_arn);
        let mut others = siblings.iter().filter(|it| !pairs.iter().any(|(moved, _)| moved == *it));
        if others.any(|other| has_priority(account, other, priority)) {
            return Err(taken(priority));
        }
    }
    let mut rules = Vec::new();
    for (arn, priority) in pairs {
        let rule = account.elb.rules.known_mut(&arn).ok_or_else(unknown)?;
        rule.priority = priority;
        rules.push(shape(rule));
    }
    Ok(json!({ "Rules": rules }))
}

/// `DeleteRule`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("RuleArn");
    if account.elb.listeners.all().any(|(_, it)| it.default_rule.rule_arn == arn) {
        let message = format!("Default rule '{arn}' cannot be deleted");
        return Err(ApiError::new("OperationNotPermitted", message));
    }
    let arn = find(account, arn)?.rule_arn.clone();
    take_away(account, &arn);
    done()
}

/// Takes a rule away.
pub fn take_away(account: &mut Account, arn: &str) {
    if let Some(rule) = account.elb.rules.remove(arn) {
        target_group::release(account, &action::target_groups(&rule.actions));
    }
}

/// The ARNs of a listener's rules, without the default one.
pub fn of(account: &Account, listener_arn: &str) -> Vec<String> {
    let ours = account.elb.rules.all().filter(|(_, rule)| rule.listener_arn == listener_arn);
    ours.map(|(arn, _)| arn.clone()).collect()
}

/// The tags of a rule, the default ones too.
///
/// # Errors
/// `RuleNotFound`.
pub fn tags_of<'a>(account: &'a mut Account, arn: &str) -> Result<&'a mut Pairs, ApiError> {
    let rules = account.elb.rules.all_mut().map(|(_, rule)| rule);
    let listeners = account.elb.listeners.all_mut().map(|(_, listener)| listener);
    let mut rules = rules.chain(listeners.map(|listener| &mut listener.default_rule));
    rules.find(|rule| rule.rule_arn == arn).map(|rule| &mut rule.tags).ok_or_else(unknown)
}

fn find<'a>(account: &'a Account, arn: &str) -> Result<&'a Rule, ApiError> {
    account.elb.rules.known(arn).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new("RuleNotFound", "One or more rules not found")
}

fn taken(priority: &str) -> ApiError {
    ApiError::new("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

fn has_priority(account: &Account, arn: &str, priority: &str) -> bool {
    account.elb.rules.known(arn).is_some_and(|rule| rule.priority == priority)
}

fn fresh_arn(account: &mut Account, listener_arn: &str) -> String {
    let id = account.hex(16);
    format!("{}/{id}", listener_arn.replacen(":listener/", ":listener-rule/", 1))
}

/// Conditions as AWS shows them: paths and hosts both in the old member and in the new.
fn conditions(input: &Value) -> Result<Vec<Value>, ApiError> {
    let mut conditions = input.list("Conditions").to_vec();
    for condition in &mut conditions {
        let config = match condition.text_or_empty("Field") {
            "path-pattern" => "PathPatternConfig",
            "host-header" => "HostHeaderConfig",
            "http-header" | "http-request-method" | "query-string" | "source-ip" => continue,
            other => {
                let message = format!("Condition field '{other}' is not supported");
                return Err(invalid(message));
            }
        };
        let old = condition.list("Values").to_vec();
        let new = condition.get(config).map_or(&[][..], |it| it.list("Values")).to_vec();
        let values = if new.is_empty() { old } else { new };
        if values.is_empty() {
            return Err(invalid("A condition value must be specified"));
        }
        condition["Values"] = json!(values);
        condition[config] = json!({ "Values": values });
    }
    Ok(conditions)
}
