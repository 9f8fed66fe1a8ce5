//! Containers of a running task: when each starts and turns healthy, in the order of `dependsOn`.

use crate::simulator::{account::Millis, fields::Fields};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An image whose name holds this exits soon after its start, again and again.
const CRASHES: &str = "crash";
/// How soon.
pub const CRASHES_AFTER: Millis = 1_000;

/// One container of one task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Its own ARN.
    pub arn: String,
    /// Whether the task ends with it.
    pub essential: bool,
    /// Whether it has a health check.
    pub checked: bool,
    /// When it starts, once that is known.
    pub starts: Option<Millis>,
    /// When it turns healthy, if it ever does.
    pub healthy: Option<Millis>,
    /// How it ended.
    pub exit_code: Option<i64>,
    /// Whether it has ended.
    pub stopped: bool,
    /// Whether it exits soon after its start.
    #[serde(default)]
    pub crashes: bool,
}

impl Container {
    /// As its definition says; a doomed one crashes, whatever its image.
    pub fn of(definition: &Value, arn: String, doomed: bool) -> Self {
        Self {
            crashes: doomed || definition.text_or_empty("image").contains(CRASHES),
            name: definition.text_or_empty("name").into(),
            image: definition.text_or_empty("image").into(),
            arn,
            essential: definition.flag("essential") != Some(false),
            checked: definition.get("healthCheck").is_some(),
            starts: None,
            healthy: None,
            exit_code: None,
            stopped: false,
        }
    }

    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub fn health(&self, now: Millis) -> &'static str {
        match self.healthy {
            _ if !self.checked || self.stopped => "UNKNOWN",
            Some(at) if at <= now => "HEALTHY",
            _ => "UNKNOWN",
        }
    }

    /// As ECS describes it in its task.
    pub fn shape(&self, task: &str, interface: Option<Value>, now: Millis) -> Value {
        let running = self.starts.is_some_and(|at| at <= now);
        let status = match (self.stopped, running) {
            (true, _) => "STOPPED",
            (false, true) => "RUNNING",
            (false, false) => "PENDING",
        };
        let mut shape = json!({
            "containerArn": self.arn,
            "taskArn": task,
            "name": self.name,
            "image": self.image,
            "lastStatus": status,
            "healthStatus": self.health(now),
            "networkBindings": [],
            "networkInterfaces": interface.into_iter().collect::<Vec<_>>(),
        });
        if let Some(code) = self.exit_code {
            shape["exitCode"] = code.into();
        }
        shape
    }
}

/// Decides when each container starts and turns healthy: it starts when all that it waits for have
/// started or are healthy, and its first check runs one interval later.
pub fn plan(containers: &mut [Container], definitions: &[Value], now: Millis, instant: bool) {
    let by_name: BTreeMap<&str, &Value> =
        definitions.iter().map(|it| (it.text_or_empty("name"), it)).collect();
    // Each pass settles at least one container of a chain without cycles.
    for _ in 0..containers.len() {
        for index in 0..containers.len() {
            if containers[index].starts.is_some() {
                continue;
            }
            let Some(definition) = by_name.get(containers[index].name.as_str()) else {
                // ECS's own: Service Connect's proxy is in no definition.
                containers[index].starts = Some(now);
                continue;
            };
            let met = definition.list("dependsOn").iter().map(|dependency| {
                let on = dependency.text_or_empty("containerName");
                let other = containers.iter().find(|it| it.name == on)?;
                match dependency.text("condition") {
                    Some("HEALTHY") => other.healthy,
                    _ => other.starts,
                }
            });
            let Some(starts) = met.collect::<Option<Vec<_>>>() else { continue };
            let starts = starts.into_iter().max().unwrap_or(now).max(now);
            let container = &mut containers[index];
            container.starts = Some(starts);
            let check = definition.get("healthCheck").filter(|_| !container.crashes);
            container.healthy = check.map(|check| {
                let interval = check.int("interval").unwrap_or(30).unsigned_abs() * 1000;
                starts + if instant { 0 } else { interval }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_starts_one_interval_after_the_one_whose_health_it_waits_for() {
        let definitions = [
            json!({
                "name": "app", "image": "app", "healthCheck": { "interval": 10 },
                "dependsOn": [{ "containerName": "envoy", "condition": "HEALTHY" }],
            }),
            json!({ "name": "envoy", "image": "envoy", "healthCheck": { "interval": 5 } }),
        ];
        let mut containers: Vec<_> =
            definitions.iter().map(|it| Container::of(it, String::new(), false)).collect();
        plan(&mut containers, &definitions, 1_000, false);
        assert_eq!((containers[1].starts, containers[1].healthy), (Some(1_000), Some(6_000)));
        assert_eq!((containers[0].starts, containers[0].healthy), (Some(6_000), Some(16_000)));
        assert_eq!(containers[0].health(15_999), "UNKNOWN");
        assert_eq!(containers[0].health(16_000), "HEALTHY");
    }
}
