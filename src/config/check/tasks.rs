//! What runs in a service's tasks, and how its health is checked.

use super::names::is_image;
use crate::config::{
    Config, Service,
    file::or,
    findings::{Findings, join, quoted},
    url_variable,
};
use serde_json::json;

/// What ECS takes as a task definition, in bytes of JSON.
const DEFINITION: usize = 65_536;

/// What that leaves to the environment of a container: the rest of a definition, with an Envoy and its
/// own environment, takes less than 4 KiB but for paths and tags.
const ENVIRONMENT: usize = DEFINITION - 8_192;

/// Ports that Envoy takes in the task that it shares: traffic in and out, administration, agent.
const ENVOY: [u16; 4] = [15000, 15001, 9901, 9902];

pub(super) fn check(config: &Config, findings: &mut Findings) {
    for (index, service) in config.services.iter().enumerate() {
        let path = format!("service[{index}]");
        container(&path, service, findings);
        paths(&path, service, findings);
        memory(&path, service, findings);
        environment(&path, service, findings);
        size(&path, service, config, findings);
        health(&path, service, findings);
    }
}

fn container(path: &str, service: &Service, findings: &mut Findings) {
    if !is_image(&service.image) {
        let remedy = "give registry/repository:tag, without a scheme or spaces";
        findings.refuse(&format!("{path}.image"), "is not an image", remedy);
    }
    if ENVOY.contains(&service.port) {
        let remedy = "let the container listen on another port, such as 3000";
        findings.refuse(&format!("{path}.port"), "is taken by Envoy in the same task", remedy);
    }
}

fn paths(path: &str, service: &Service, findings: &mut Findings) {
    for (key, value) in [("path", &service.path), ("health_path", &service.health_path)] {
        let may = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&b);
        if !value.starts_with('/') || !value.bytes().all(may) || value.len() > 1024 {
            let remedy = "begin with / and use what a URL's path may have, without a query";
            findings.refuse(&format!("{path}.{key}"), "is not a path", remedy);
        }
    }
}

/// The least and most memory that Fargate has for a CPU size, and the step between its sizes.
fn sizes(cpu: i32) -> (i32, i32, i32) {
    match cpu {
        512 => (1024, 4096, 1024),
        1024 => (2048, 8192, 1024),
        2048 => (4096, 16384, 1024),
        4096 => (8192, 30720, 1024),
        8192 => (16384, 61440, 4096),
        _ => (32768, 122_880, 8192),
    }
}

fn memory(path: &str, service: &Service, findings: &mut Findings) {
    let [cpu, memory] = ["cpu", "memory"].map(|key| format!("{path}.{key}"));
    let (least, most, step) = sizes(service.cpu);
    let fits = (least..=most).contains(&service.memory) && (service.memory - least) % step == 0;
    if fits || !findings.sound(&cpu) || !findings.sound(&memory) {
        return;
    }
    let few: Vec<String> = (least..=most)
        .step_by(usize::try_from(step).unwrap_or(1))
        .map(|size| size.to_string())
        .collect();
    let sizes =
        if few.len() <= 4 { or(&few) } else { format!("{least} to {most} in steps of {step}") };
    let problem = format!("does not go with cpu = {} on Fargate", service.cpu);
    if findings.given(&memory) {
        findings.refuse(&memory, problem, format!("give {sizes}"));
    } else {
        let problem = format!("is {} by default, which {problem}", service.memory);
        findings.refuse_key(&memory, problem, format!("give {sizes}"));
    }
}

/// Values are never shown: they may be secrets.
fn environment(path: &str, service: &Service, findings: &mut Findings) {
    for key in service.environment.keys() {
        let path = join(&format!("{path}.environment"), key);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !key.chars().all(word) || !key.starts_with(|c: char| !c.is_ascii_digit()) {
            let remedy = "use letters, digits, and underscores, no digit first";
            findings.refuse_key(&path, "is not a variable", remedy);
        } else if let Some(backend) = service.backends.iter().find(|b| url_variable(b) == *key) {
            let problem = format!("is what tells it where {} is", quoted(backend));
            let remedy = "take it away, or take the service out of backends";
            findings.refuse_key(&path, problem, remedy);
        }
    }
}

/// Judges the environment of the container as JSON, in which ECS keeps it: its own variables and the
/// URLs of its back-ends.
fn size(path: &str, service: &Service, config: &Config, findings: &mut Findings) {
    let path = format!("{path}.environment");
    let callees = service.backends.iter().filter_map(|name| config.service(name));
    let urls = callees.map(|callee| (callee.url_variable(), callee.mesh_url(&config.namespace())));
    let own = service.environment.iter().map(|(name, value)| (name.clone(), value.clone()));
    let entries = own.chain(urls).map(|(name, value)| json!({ "name": name, "value": value }));
    let bytes: usize = entries.map(|entry| entry.to_string().len() + 1).sum();
    if bytes > ENVIRONMENT && findings.sound(&path) {
        let problem = format!(
            "comes to {bytes} bytes of JSON, and a task definition holds {DEFINITION} in all"
        );
        let remedy = format!(
            "keep it under {ENVIRONMENT}: what is large belongs into the image, or into a store \
             that the container reads"
        );
        findings.refuse_key(&path, problem, remedy);
    }
}

fn health(path: &str, service: &Service, findings: &mut Findings) {
    let health = &service.health;
    if findings.sound(&format!("{path}.health"))
        && health.timeout_seconds >= health.interval_seconds
    {
        let problem = format!("reaches the next check, {} s later", health.interval_seconds);
        let remedy = "make it less than interval_seconds";
        findings.refuse(&format!("{path}.health.timeout_seconds"), problem, remedy);
    }
}
