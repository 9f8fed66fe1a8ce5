//! The IAM policies for the commands on one stack, from what its resources declare.
//!
//! What exists is found and removed by kind, since an earlier configuration may have had any; what
//! is made is what this configuration has. App Mesh is left out where the stack has none: a search
//! takes its refusal for an answer.

use super::{facts, identity};
use crate::{
    aws::Scope,
    config::{Config, MeshKind},
    model::{
        Graph, Need, Permission, Registry,
        permission::{REQUEST_TAG, RESOURCE_TAG},
    },
    resources::appmesh,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The longest managed policy that IAM keeps, in characters without white space.
pub const MANAGED: usize = 6144;
/// A command that asks AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Makes, changes, and removes what the configuration no longer has.
    Up,
    /// Removes everything.
    Down,
    /// Only looks; `plan` and `adopt` need the same.
    Status,
}

impl Command {
    fn needs(self, need: Need) -> bool {
        match self {
            Self::Up => true,
            Self::Down => matches!(need, Need::Find | Need::Remove),
            Self::Status => matches!(need, Need::Find | Need::Look),
        }
    }
}

/// What a command needs on the stack that a configuration describes, and `besides` what it does to
/// resources.
pub fn policy(
    command: Command,
    scope: &Scope,
    config: &Config,
    graph: &Graph,
    registry: &Registry,
    besides: Vec<Permission>,
) -> Policy {
    let kinds: BTreeSet<_> = graph.iter().map(|(_, step)| step.kind().kind()).collect();
    let of_app_mesh = |name: &str| name.starts_with("AWS::AppMesh::");
    let app_mesh = kinds.iter().any(|kind| of_app_mesh(kind.0));
    let mut all = besides;
    if command != Command::Down {
        all.extend(facts::permissions());
        if app_mesh && config.mesh.kind == MeshKind::Auto {
            all.push(appmesh::refusal_permission());
        }
    }
    for ops in registry.iter().filter(|ops| app_mesh || !of_app_mesh(ops.kind().0)) {
        let mine = kinds.contains(&ops.kind());
        let needed = ops.permissions().into_iter();
        all.extend(needed.filter(|it| mine || it.need != Need::Make));
    }
    all.extend(graph.iter().flat_map(|(_, step)| step.permissions()));
    all.retain(|permission| command.needs(permission.need));
    Policy::of(scope, all)
}

/// The most that the roles of the stack may ever do, whoever changes them: what they are given.
pub fn boundary(scope: &Scope, graph: &Graph) -> Policy {
    let roles = graph.iter().filter(|(_, step)| step.kind().kind().0 == "AWS::IAM::Role");
    Policy { statements: identity::most(roles.map(|(_, step)| step.wish()), scope) }
}

/// What IAM takes as a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// One statement that allows something.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// What.
    pub actions: BTreeSet<String>,
    /// On what: ARNs, or `*`.
    pub resources: BTreeSet<String>,
    /// Only where each of these keys has one of the values.
    pub conditions: BTreeMap<String, BTreeSet<String>>,
}

impl Statement {
    fn json(&self) -> Value {
        let mut conditions: BTreeMap<&str, BTreeMap<&str, &BTreeSet<String>>> = BTreeMap::new();
        for (key, values) in &self.conditions {
            let operator = if key == "iam:PolicyARN" { "ArnEquals" } else { "StringEquals" };
            conditions.entry(operator).or_default().insert(key, values);
        }
        let mut statement =
            json!({ "Effect": "Allow", "Action": self.actions, "Resource": self.resources });
        if !conditions.is_empty() {
            statement["Condition"] = json!(conditions);
        }
        statement
    }
}

impl Policy {
    /// The fewest statements that allow exactly these.
    fn of(scope: &Scope, permissions: impl IntoIterator<Item = Permission>) -> Self {
        // Values of one condition key are alternatives, as statements are.
        let mut by_key = BTreeMap::new();
        for permission in permissions {
            let Permission { action, resources, conditions, .. } = permission;
            let resources = arns(scope, &action, &resources);
            let (keys, values): (Vec<_>, Vec<_>) = conditions.into_iter().unzip();
            let alone = keys.len() == 1;
            let place = (action, resources, keys, (!alone).then(|| values.clone()));
            let known: &mut Vec<BTreeSet<String>> = by_key.entry(place).or_default();
            known.resize(values.len(), BTreeSet::new());
            for (known, values) in known.iter_mut().zip(values) {
                known.extend(values.iter().map(|value| filled(scope, value)));
            }
        }
        let mut by_action: BTreeMap<(String, Conditions), BTreeSet<String>> = BTreeMap::new();
        for ((action, resources, keys, _), values) in by_key {
            let conditions = keys.into_iter().zip(values).collect();
            by_action.entry((action, conditions)).or_default().extend(resources);
        }
        let open: BTreeSet<String> = by_action
            .iter()
            .filter(|((_, conditions), arns)| conditions.is_empty() && arns.contains("*"))
            .map(|((action, _), _)| action.clone())
            .collect();
        let mut by_place: BTreeMap<_, Statement> = BTreeMap::new();
        for ((action, conditions), mut resources) in by_action {
            if open.contains(&action) {
                if !conditions.is_empty() {
                    continue;
                }
                resources = everything();
            }
            let place = match !resources.contains("*") && is_of_one_kind(&action, &conditions) {
                true => BTreeSet::from([service(&action).to_owned()]),
                false => resources.clone(),
            };
            let known = by_place.entry((conditions.clone(), place)).or_default();
            known.actions.insert(action);
            known.resources.extend(resources);
            known.conditions = conditions;
        }
        let mut statements: Vec<Statement> = by_place.into_values().collect();
        statements.sort();
        Self { statements }
    }

    /// The actions that it allows.
    pub fn actions(&self) -> BTreeSet<String> {
        self.statements.iter().flat_map(|statement| statement.actions.iter().cloned()).collect()
    }

    /// Each action with each resource that it is allowed on.
    pub fn allowed(&self) -> impl Iterator<Item = (String, String)> {
        self.statements.iter().flat_map(|statement| {
            let on = |action: &String| {
                let resources = statement.resources.iter();
                let pairs = resources.map(|resource| (action.clone(), resource.clone()));
                pairs.collect::<Vec<_>>()
            };
            statement.actions.iter().flat_map(on)
        })
    }

    /// Its statements.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// As IAM takes it.
    pub fn json(&self) -> Value {
        let statements: Vec<Value> = self.statements.iter().map(Statement::json).collect();
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    /// Its length as IAM counts it: without white space.
    pub fn characters(&self) -> usize {
        self.json().to_string().chars().count()
    }

    /// The same in documents that are no longer than managed policies may be, as few as it takes in
    /// this order. Every statement of ours is shorter.
    pub fn split(&self) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        for statement in &self.statements {
            if let Some(last) = parts.last_mut() {
                last.statements.push(statement.clone());
                if last.characters() <= MANAGED {
                    continue;
                }
                last.statements.pop();
            }
            parts.push(Self { statements: vec![statement.clone()] });
        }
        parts
    }
}

/// Whether an action can share its statement with others of its service under the same condition,
/// whatever their resources are: it is judged by the resources of its own kinds alone, and what is
/// made has no tags yet. EC2's creating actions cannot: they are judged by what they stand on, too,
/// which must be the stack's.
fn is_of_one_kind(action: &str, conditions: &Conditions) -> bool {
    let tag =
        |key: &String| key == RESOURCE_TAG || (key == REQUEST_TAG && service(action) != "ec2");
    conditions.len() == 1 && conditions.keys().all(tag)
}

fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

type Conditions = BTreeMap<String, BTreeSet<String>>;

fn everything() -> BTreeSet<String> {
    BTreeSet::from(["*".to_owned()])
}

/// The whole ARNs that an action's resources have: IAM knows no regions, API Gateway names no
/// account, Route 53 neither.
pub fn arns(scope: &Scope, action: &str, ends: &BTreeSet<String>) -> BTreeSet<String> {
    if ends.is_empty() {
        return everything();
    }
    let service = service(action);
    let (region, account) = (scope.region.as_str(), scope.caller.account.as_str());
    let place = match service {
        "iam" => format!(":{account}"),
        "apigateway" => format!("{region}:"),
        "route53" => ":".to_owned(),
        _ => format!("{region}:{account}"),
    };
    let partition = &scope.caller.partition;
    let arn = |end: &String| format!("arn:{partition}:{service}:{place}:{}", filled(scope, end));
    ends.iter().map(arn).collect()
}

/// A text of a permission with the stack's name in place.
pub fn filled(scope: &Scope, text: &str) -> String {
    text.replace("{stack}", &scope.stack).replace("{short}", super::names::short(scope))
}
