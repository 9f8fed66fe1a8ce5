//! What RegisterTaskDefinition refuses, and the defaults that it fills in.

use super::{client, outside};
use crate::simulator::{account::Account, fields::Fields, wire::ApiError};
use serde_json::{Value, json};
use std::{collections::BTreeSet, ops::RangeInclusive};

/// The longest definition that ECS takes, in bytes of JSON (its service quotas; the refusal's words are
/// in aws-ecs-developer-guide#149).
const LONGEST: usize = 65_536;

/// Refuses what AWS refuses. Roles must exist; whether they can be assumed shows when a task starts.
pub fn check(account: &Account, input: &Value) -> Result<(), ApiError> {
    let family = input.text_or_empty("family");
    let well_formed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if family.is_empty() || family.len() > 255 || !family.chars().all(well_formed) {
        return Err(client(
            "Family must contain only letters, numbers, hyphens and underscores, and be at most \
             255 characters long.",
        ));
    }
    let length = input.to_string().len();
    if length > LONGEST {
        let message =
            format!("Actual length: '{length}'. Max allowed length is '{LONGEST}' bytes.");
        return Err(client(message));
    }
    for role in ["executionRoleArn", "taskRoleArn"] {
        if input.text(role).is_some_and(|arn| !outside::role_exists(account, arn)) {
            return Err(client("Role is not valid"));
        }
    }
    let fargate = input.texts("requiresCompatibilities").contains(&"FARGATE");
    if fargate {
        size(input)?;
    }
    containers(input, fargate)?;
    proxy(input)
}

/// Fargate's pairs of CPU and memory.
fn size(input: &Value) -> Result<(), ApiError> {
    if input.text("networkMode") != Some("awsvpc") {
        return Err(client("Fargate only supports network mode ‘awsvpc’."));
    }
    let needed = |member: &str, unit: &str| {
        let value = units(input.text(member), unit);
        value.ok_or_else(|| {
            client(format!("Fargate requires that '{member}' be defined at the task level."))
        })
    };
    let (cpu, memory) = (needed("cpu", "vcpu")?, needed("memory", "gb")?);
    let (cpu_units, mebibytes) = (cpu.parse().unwrap_or(0_u32), memory.parse().unwrap_or(0_u32));
    let stepped = |range: RangeInclusive<u32>, step: u32| {
        range.contains(&mebibytes) && mebibytes.is_multiple_of(step)
    };
    let valid = match cpu_units {
        256 => [512, 1024, 2048].contains(&mebibytes),
        512 => stepped(1024..=4096, 1024),
        1024 => stepped(2048..=8192, 1024),
        2048 => stepped(4096..=16384, 1024),
        4096 => stepped(8192..=30720, 1024),
        8192 => stepped(16384..=61440, 4096),
        16384 => stepped(32768..=122_880, 8192),
        _ => false,
    };
    if valid {
        return Ok(());
    }
    Err(client(format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the \
         Amazon ECS documentation for the valid values."
    )))
}

fn containers(input: &Value, fargate: bool) -> Result<(), ApiError> {
    let containers = input.list("containerDefinitions");
    let names: Vec<&str> = containers.iter().map(|it| it.text_or_empty("name")).collect();
    if containers.is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
        return Err(client("Container names must be unique within a task definition."));
    }
    if !containers.iter().any(|it| it.flag("essential") != Some(false)) {
        return Err(client("TaskDefinition must have at least one essential container."));
    }
    for container in containers {
        let name = container.text_or_empty("name");
        if container.text("image").is_none_or(str::is_empty) {
            return Err(client(format!("Container.image should not be null or empty: {name}")));
        }
        health_check(name, container)?;
        dependencies(name, container, containers)?;
        if fargate {
            on_fargate(name, container, input)?;
        }
    }
    if cyclic(containers) {
        return Err(client("Container dependencies must not form a cycle."));
    }
    let limit: Option<i64> = units(input.text("memory"), "gb").and_then(|text| text.parse().ok());
    let sum: i64 = containers.iter().filter_map(|container| container.int("memory")).sum();
    if limit.is_some_and(|limit| sum > limit) {
        return Err(client(
            "The sum of the containers' memory must not exceed the memory of the task.",
        ));
    }
    Ok(())
}

fn on_fargate(name: &str, container: &Value, input: &Value) -> Result<(), ApiError> {
    if container.int("stopTimeout").is_some_and(|seconds| seconds > 120) {
        return Err(client(format!(
            "Invalid setting for container '{name}'. At Fargate the maximum stopTimeout is 120 \
             seconds."
        )));
    }
    for mapping in container.list("portMappings") {
        if mapping.int("hostPort").is_some_and(|host| Some(host) != mapping.int("containerPort")) {
            return Err(client(
                "When networkMode=awsvpc, the host ports and container ports in port mappings \
                 must match.",
            ));
        }
    }
    if input.text("executionRoleArn").is_some() {
        return Ok(());
    }
    let driver = container.get("logConfiguration").and_then(|log| log.text("logDriver"));
    if driver == Some("awslogs") {
        return Err(client(
            "Fargate requires task definition to have execution role ARN to support log driver \
             awslogs.",
        ));
    }
    if container.text_or_empty("image").contains(".dkr.ecr.") {
        return Err(client(
            "Fargate requires task definition to have execution role ARN to support ECR images.",
        ));
    }
    Ok(())
}

fn health_check(name: &str, container: &Value) -> Result<(), ApiError> {
    let Some(check) = container.get("healthCheck") else { return Ok(()) };
    let ranges =
        [("interval", 5..=300), ("timeout", 2..=60), ("retries", 1..=10), ("startPeriod", 0..=300)];
    for (member, range) in ranges {
        if check.int(member).is_some_and(|value| !range.contains(&value)) {
            let (least, most) = (range.start(), range.end());
            return Err(client(format!(
                "Invalid healthCheck {member} for container '{name}': it must be between {least} \
                 and {most}."
            )));
        }
    }
    Ok(())
}

fn dependencies(name: &str, container: &Value, all: &[Value]) -> Result<(), ApiError> {
    for dependency in container.list("dependsOn") {
        let on = dependency.text_or_empty("containerName");
        let Some(other) = all.iter().find(|it| it.text("name") == Some(on)) else {
            return Err(client(format!(
                "Container '{name}' depends on '{on}', which is not in the task definition."
            )));
        };
        if dependency.text("condition") == Some("HEALTHY") && other.get("healthCheck").is_none() {
            return Err(client(format!(
                "Container '{name}' waits for '{on}' to be HEALTHY, but '{on}' has no health check."
            )));
        }
    }
    Ok(())
}

/// Whether some container waits for itself, through others.
fn cyclic(containers: &[Value]) -> bool {
    let mut started: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = started.len();
        for container in containers {
            let on = container.list("dependsOn").iter();
            if on.map(|it| it.text_or_empty("containerName")).all(|it| started.contains(it)) {
                started.insert(container.text_or_empty("name"));
            }
        }
        if started.len() == before {
            return before < containers.len();
        }
    }
}

fn proxy(input: &Value) -> Result<(), ApiError> {
    let Some(proxy) = input.get("proxyConfiguration") else { return Ok(()) };
    let name = proxy.text_or_empty("containerName");
    let containers = input.list("containerDefinitions");
    if !containers.iter().any(|it| it.text("name") == Some(name)) {
        return Err(client(format!(
            "The proxyConfiguration names the container '{name}', which is not in the task \
             definition."
        )));
    }
    let properties = proxy.list("properties");
    let given = |wanted: &&str| properties.iter().any(|it| it.text("name") == Some(wanted));
    let needed = ["AppPorts", "ProxyIngressPort", "ProxyEgressPort"];
    let lacking = needed.into_iter().find(|name| !given(name)).or_else(|| {
        (!given(&"IgnoredUID") && !given(&"IgnoredGID")).then_some("IgnoredUID or IgnoredGID")
    });
    match lacking {
        Some(name) => Err(client(format!("The proxyConfiguration lacks the property {name}."))),
        None => Ok(()),
    }
}

/// The containers as AWS shows them: what was left out has its default.
pub fn filled(input: &Value) -> Vec<Value> {
    let containers = input.list("containerDefinitions").iter().cloned();
    let filled = containers.map(|mut container| {
        let defaults = json!({
            "cpu": 0, "essential": true, "environment": [], "mountPoints": [], "volumesFrom": [],
            "portMappings": [], "systemControls": [],
        });
        default(&mut container, &defaults);
        for mapping in container["portMappings"].as_array_mut().into_iter().flatten() {
            let host = mapping["containerPort"].clone();
            default(mapping, &json!({ "hostPort": host, "protocol": "tcp" }));
        }
        if let Some(check) = container.get_mut("healthCheck") {
            default(check, &json!({ "interval": 30, "timeout": 5, "retries": 3 }));
        }
        container
    });
    filled.collect()
}

fn default(value: &mut Value, defaults: &Value) {
    for (member, default) in defaults.as_object().into_iter().flatten() {
        if value.get(member).is_none_or(Value::is_null) {
            value[member] = default.clone();
        }
    }
}

/// `0.25 vCPU` as `256`, `1 GB` as `1024`; plain numbers as they are.
pub fn units(text: Option<&str>, unit: &str) -> Option<String> {
    let lower = text?.trim().to_ascii_lowercase();
    Some(match lower.strip_suffix(unit) {
        Some(number) => match number.trim().parse::<f64>() {
            Ok(number) => ((number * 1024.0) as u32).to_string(),
            Err(_) => lower,
        },
        None => lower,
    })
}
