//! Task definitions: families of revisions that never change and are counted for ever.

use super::{
    Event, Tag, arn, client, includes, invalid, name_of, page, public, registration, seconds,
    tags_in,
};
use crate::simulator::{
    account::{Account, Answer},
    agenda,
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many one call deletes.
const DELETED_AT_ONCE: usize = 10;
/// How long a deleted revision is shown: it goes when nothing uses it, and not at once.
const SHOWN_MILLIS: u64 = 3_600_000;

/// A revision as ECS describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskDefinition {
    /// Its ARN.
    pub task_definition_arn: String,
    /// Its family.
    pub family: String,
    /// From 1 on.
    pub revision: i64,
    /// ACTIVE, INACTIVE, DELETE_IN_PROGRESS.
    pub status: String,
    /// Its containers, with defaults filled in.
    pub container_definitions: Vec<Value>,
    /// The role of its containers.
    pub task_role_arn: Option<String>,
    /// The role of the agent.
    pub execution_role_arn: Option<String>,
    /// `awsvpc` on Fargate.
    pub network_mode: Option<String>,
    /// Volumes.
    pub volumes: Vec<Value>,
    /// Where it may run.
    pub placement_constraints: Vec<Value>,
    /// What it could run on.
    pub compatibilities: Vec<String>,
    /// What it must be able to run on.
    pub requires_compatibilities: Vec<String>,
    /// CPU units.
    pub cpu: Option<String>,
    /// MiB.
    pub memory: Option<String>,
    /// Operating system and architecture.
    pub runtime_platform: Option<Value>,
    /// App Mesh's proxy.
    pub proxy_configuration: Option<Value>,
    /// Disk.
    pub ephemeral_storage: Option<Value>,
    /// When.
    pub registered_at: f64,
    /// By whom.
    pub registered_by: String,
    /// When it became INACTIVE.
    pub deregistered_at: Option<f64>,
    /// When its deletion was asked for.
    pub delete_requested_at: Option<f64>,
    /// Shown beside the description when asked for.
    #[serde(rename = "_tags")]
    pub tags: Vec<Tag>,
}

impl TaskDefinition {
    /// `family:revision`
    pub fn key(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }

    /// A container, by its name.
    pub fn container(&self, name: &str) -> Option<&Value> {
        self.container_definitions.iter().find(|container| container.text("name") == Some(name))
    }
}

/// `RegisterTaskDefinition`: always a new revision.
pub fn register(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    registration::check(account, input)?;
    let family = input.text_or_empty("family").to_owned();
    let counter = account.ecs.revisions.entry(family.clone()).or_default();
    *counter += 1;
    let revision = *counter;
    let text = |member: &str| input.text(member).map(String::from);
    let value = |member: &str| input.get(member).cloned();
    let requires: Vec<String> =
        input.texts("requiresCompatibilities").into_iter().map(String::from).collect();
    let key = format!("{family}:{revision}");
    let definition = TaskDefinition {
        task_definition_arn: arn(account, &call.region, &format!("task-definition/{key}")),
        family,
        revision,
        status: "ACTIVE".into(),
        container_definitions: registration::filled(input),
        task_role_arn: text("taskRoleArn"),
        execution_role_arn: text("executionRoleArn"),
        network_mode: text("networkMode"),
        volumes: input.list("volumes").to_vec(),
        placement_constraints: input.list("placementConstraints").to_vec(),
        compatibilities: if requires.iter().any(|it| it == "FARGATE") {
            vec!["EC2".into(), "FARGATE".into()]
        } else {
            vec!["EC2".into()]
        },
        requires_compatibilities: requires,
        cpu: registration::units(input.text("cpu"), "vcpu"),
        memory: registration::units(input.text("memory"), "gb"),
        runtime_platform: value("runtimePlatform"),
        proxy_configuration: value("proxyConfiguration"),
        ephemeral_storage: value("ephemeralStorage"),
        registered_at: seconds(account.now),
        registered_by: format!("arn:aws:iam::{}:root", account.id),
        deregistered_at: None,
        delete_requested_at: None,
        tags: tags_in(input),
    };
    let answer = json!({ "taskDefinition": public(&definition), "tags": definition.tags });
    account.ecs.task_definitions.insert(key, definition, account.now, account.now);
    Ok(answer)
}

/// `DescribeTaskDefinition`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let definition = find(account, call.input.text_or_empty("taskDefinition"))?;
    let tags = includes(&call.input, "TAGS").then_some(&definition.tags);
    Ok(json!({ "taskDefinition": public(definition), "tags": tags }))
}

/// `ListTaskDefinitionFamilies`: by prefix; INACTIVE families are those without an active revision.
pub fn list_families(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let prefix = input.text_or_empty("familyPrefix");
    let all = || account.ecs.task_definitions.all().map(|(_, definition)| definition);
    let named = all().filter(|it| it.family.starts_with(prefix) && it.status != DELETING);
    let families: BTreeSet<&str> = named.map(|it| it.family.as_str()).collect();
    let active = |family: &str| all().any(|it| it.family == family && it.status == "ACTIVE");
    let wanted = families.into_iter().filter(|family| match input.text("status") {
        Some("ALL") => true,
        Some("INACTIVE") => !active(family),
        _ => active(family),
    });
    let (families, next) = page(wanted.map(String::from).collect(), input)?;
    Ok(json!({ "families": families, "nextToken": next }))
}

const DELETING: &str = "DELETE_IN_PROGRESS";

/// `ListTaskDefinitions`: here the "prefix" is a family's whole name.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let family = input.text("familyPrefix");
    let status = input.text("status").unwrap_or("ACTIVE");
    let all = account.ecs.task_definitions.all().map(|(_, definition)| definition);
    let mut found: Vec<&TaskDefinition> = all
        .filter(|it| it.status == status && family.is_none_or(|family| family == it.family))
        .collect();
    found.sort_by(|a, b| (&a.family, a.revision).cmp(&(&b.family, b.revision)));
    if input.text("sort") == Some("DESC") {
        found.reverse();
    }
    let arns = found.into_iter().map(|it| it.task_definition_arn.clone()).collect();
    let (arns, next) = page(arns, input)?;
    Ok(json!({ "taskDefinitionArns": arns, "nextToken": next }))
}

/// `DeregisterTaskDefinition`: a second time is fine.
pub fn deregister(account: &mut Account, call: &Call) -> Answer {
    let reference = name_of(call.input.text_or_empty("taskDefinition"));
    if !reference.contains(':') {
        return Err(client(format!("Missing revision in the task definition '{reference}'.")));
    }
    let key = find(account, reference)?.key();
    let now = seconds(account.now);
    let definition = account.ecs.task_definitions.known_mut(&key).ok_or_else(unknown)?;
    if definition.status == "ACTIVE" {
        definition.status = "INACTIVE".into();
        definition.deregistered_at = Some(now);
    }
    Ok(json!({ "taskDefinition": public(definition) }))
}

/// `DeleteTaskDefinitions`: only INACTIVE ones.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let asked = call.input.texts("taskDefinitions");
    if asked.len() > DELETED_AT_ONCE {
        return Err(invalid(
            "The specified number of task definitions exceeds the limit. The limit is 10 task \
             definitions.",
        ));
    }
    let now = seconds(account.now);
    let (mut deleted, mut failures, mut erasures) = (Vec::new(), Vec::new(), Vec::new());
    for reference in asked {
        let key = name_of(reference);
        let failure = |reason: &str| json!({ "arn": reference, "reason": reason });
        match account.ecs.task_definitions.known_mut(key) {
            None => failures.push(failure("The specified task definition does not exist.")),
            Some(definition) if definition.status == "ACTIVE" => failures.push(failure(
                "The specified task definition is still in ACTIVE status. Please deregister the \
                 target and try again.",
            )),
            Some(definition) => {
                if definition.status != DELETING {
                    definition.status = DELETING.into();
                    definition.delete_requested_at = Some(now);
                    erasures.push(key.to_owned());
                }
                deleted.push(public(definition));
            }
        }
    }
    for key in erasures {
        account.in_millis(SHOWN_MILLIS, agenda::Event::Ecs(Event::Erase(key)));
    }
    Ok(json!({ "taskDefinitions": deleted, "failures": failures }))
}

/// A deleted revision goes, once no service and no task uses it.
pub fn erase(account: &mut Account, key: &str) {
    let Some(definition) = account.ecs.task_definitions.known(key) else { return };
    let arn = &definition.task_definition_arn;
    let tasks = account.ecs.tasks.all().map(|(_, task)| task);
    let in_task =
        tasks.filter(|it| it.last_status != "STOPPED").any(|it| it.task_definition_arn == *arn);
    let services = account.ecs.services.all().map(|(_, service)| service);
    let in_service = services
        .flat_map(|service| &service.deployments)
        .any(|deployment| deployment.task_definition == *arn);
    if in_task || in_service {
        account.in_millis(SHOWN_MILLIS, agenda::Event::Ecs(Event::Erase(key.into())));
    } else {
        account.ecs.task_definitions.remove(key);
    }
}

/// By `family` (its latest active revision), `family:revision`, or ARN.
pub fn find<'a>(account: &'a Account, reference: &str) -> Result<&'a TaskDefinition, ApiError> {
    let name = name_of(reference);
    let all = &account.ecs.task_definitions;
    let found = if name.contains(':') {
        all.known(name)
    } else {
        let family = all.all().map(|(_, it)| it).filter(|it| it.family == name);
        family.filter(|it| it.status == "ACTIVE").max_by_key(|it| it.revision)
    };
    found.ok_or_else(unknown)
}

fn unknown() -> ApiError {
    client("Unable to describe task definition.")
}
