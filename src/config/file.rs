//! Reads the file's shape: types, ranges, missing keys, and keys that nobody knows.
//!
//! The tree is read by hand rather than by serde, which stops at the first fault. What a key may be
//! and what it is when absent comes from `keys`, so the documentation cannot differ.
//! A key with a fault takes its default, so that the rest of the file is still read and checked.

mod value;

pub(super) use value::or;

use super::{
    Api, Capacity, Config, Expose, HealthCheck, LoadBalancerType, Mesh, MeshKind, Nat, Network,
    Service, Ttl, Vpc, VpcLinkVersion,
    fault::Fault,
    findings::{Findings, did_you_mean, join, position},
    keys::{self, Default, Key},
};
use std::collections::{BTreeMap, BTreeSet};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use value::{FromToml, Refusal};

/// Reads a text. What it says of the shape is in the findings; a text that is no TOML is one fault.
pub(super) fn read(text: &str) -> Result<(Config, Findings), Fault> {
    let (root, errors) = DeTable::parse_recoverable(text);
    // Later errors are mostly echoes of the first.
    if let Some(error) = errors.iter().min_by_key(|error| error.span().map(|span| span.start)) {
        return Err(syntax(text, error));
    }
    let mut reader = Reader::new(text, root.get_ref());
    let config = reader.config(root.get_ref());
    Ok((config, reader.findings))
}

fn syntax(text: &str, error: &toml::de::Error) -> Fault {
    let (line, column) = error
        .span()
        .map(|span| position(text, span.start))
        .map_or((None, 1), |(l, c)| (Some(l), c));
    Fault {
        place: "the file".to_string(),
        line,
        value: None,
        problem: format!("is not TOML at column {column}: {}", error.message()),
        remedy: "mend this first, then the rest can be read".to_string(),
    }
}

/// One table of the file, or one that the file leaves out.
struct Section<'a> {
    /// Where it is in this file: `service[0].health`.
    path: String,
    /// Where its keys are in the table of keys: `service.health`.
    pattern: String,
    table: Option<&'a DeTable<'a>>,
}

pub(super) struct Reader {
    findings: Findings,
    /// Every key that was asked for, so that a test can compare with the table of keys.
    pub(super) asked: BTreeSet<&'static str>,
}

impl Reader {
    pub(super) fn new(text: &str, root: &DeTable<'_>) -> Self {
        Self { findings: Findings::new(text, root), asked: BTreeSet::new() }
    }

    pub(super) fn config(&mut self, root: &DeTable<'_>) -> Config {
        let top = Section { path: String::new(), pattern: String::new(), table: Some(root) };
        self.refuse_unknown(&top);
        let tags = self.section(&top, "tags");
        Config {
            stack: self.get(&top, "stack"),
            region: self.optional(&top, "region"),
            allowed_accounts: self.get(&top, "allowed_accounts"),
            ttl: self.ttl(&top),
            permissions_boundary: self.optional(&top, "permissions_boundary"),
            log_retention_days: self.get(&top, "log_retention_days"),
            tags: self.map(&tags),
            network: self.network(&top),
            mesh: self.mesh(&top),
            api: self.api(&top),
            services: self.services(&top),
        }
    }

    fn ttl(&mut self, top: &Section<'_>) -> Option<Ttl> {
        let text: String = self.optional(top, "ttl")?;
        let ttl = text.parse();
        ttl.map_err(|remedy: String| self.findings.refuse("ttl", "is not a life span", remedy)).ok()
    }

    fn network(&mut self, top: &Section<'_>) -> Network {
        let network = self.section(top, "network");
        self.refuse_unknown(&network);
        let nat: String = self.get(&network, "nat");
        Network {
            availability_zones: self.get(&network, "availability_zones"),
            nat: match nat.as_str() {
                "single" => Nat::Single,
                "none" => Nat::None,
                _ => Nat::PerAz,
            },
            allowed_cidrs: self.get(&network, "allowed_cidrs"),
            provider: self.vpc(&network, "provider"),
            consumer: self.vpc(&network, "consumer"),
        }
    }

    fn vpc(&mut self, network: &Section<'_>, key: &'static str) -> Vpc {
        let vpc = self.section(network, key);
        self.refuse_unknown(&vpc);
        Vpc {
            cidr: self.get(&vpc, "cidr"),
            public: self.get(&vpc, "public"),
            private: self.get(&vpc, "private"),
        }
    }

    fn mesh(&mut self, top: &Section<'_>) -> Mesh {
        let mesh = self.section(top, "mesh");
        self.refuse_unknown(&mesh);
        let kind: String = self.get(&mesh, "kind");
        Mesh {
            kind: match kind.as_str() {
                "app-mesh" => MeshKind::AppMesh,
                "service-connect" => MeshKind::ServiceConnect,
                _ => MeshKind::Auto,
            },
            namespace: self.optional(&mesh, "namespace"),
            envoy_image: self.get(&mesh, "envoy_image"),
        }
    }

    fn api(&mut self, top: &Section<'_>) -> Api {
        let api = self.section(top, "api");
        self.refuse_unknown(&api);
        let vpc_link: String = self.get(&api, "vpc_link");
        let load_balancer: String = self.get(&api, "load_balancer");
        Api {
            vpc_link: if vpc_link == "v2" { VpcLinkVersion::V2 } else { VpcLinkVersion::V1 },
            load_balancer: match load_balancer.as_str() {
                "application" => LoadBalancerType::Application,
                _ => LoadBalancerType::Network,
            },
            stage: self.get(&api, "stage"),
            timeout_ms: self.get(&api, "timeout_ms"),
        }
    }

    fn services(&mut self, top: &Section<'_>) -> Vec<Service> {
        let capacity = self.capacity(top).unwrap_or(Capacity::Fargate);
        let Some(value) = top.table.and_then(|table| table.get("service")) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.findings.refuse_key(
                "service",
                "is not a list of tables",
                "write [[service]], with two brackets, once for each service",
            );
            return Vec::new();
        };
        items.iter().enumerate().map(|(index, item)| self.service(index, item, capacity)).collect()
    }

    fn capacity(&mut self, at: &Section<'_>) -> Option<Capacity> {
        let capacity: String = self.optional(at, "capacity")?;
        Some(if capacity == "fargate-spot" { Capacity::FargateSpot } else { Capacity::Fargate })
    }

    fn service(
        &mut self,
        index: usize,
        item: &Spanned<DeValue<'_>>,
        capacity: Capacity,
    ) -> Service {
        let path = format!("service[{index}]");
        let at = Section { table: self.table(&path, item), path, pattern: "service".to_string() };
        self.refuse_unknown(&at);
        let expose: String = self.get(&at, "expose");
        let [environment, weights] = ["environment", "weights"].map(|key| self.section(&at, key));
        Service {
            name: self.get(&at, "name"),
            image: self.get(&at, "image"),
            port: self.get(&at, "port"),
            mesh_port: self.optional(&at, "mesh_port"),
            path: self.get(&at, "path"),
            health_path: self.get(&at, "health_path"),
            expose: match expose.as_str() {
                "public" => Expose::Public,
                "api" => Expose::Api,
                _ => Expose::Mesh,
            },
            desired: self.get(&at, "desired"),
            cpu: self.get(&at, "cpu"),
            memory: self.get(&at, "memory"),
            capacity: self.capacity(&at).unwrap_or(capacity),
            backends: self.get(&at, "backends"),
            environment: self.map(&environment),
            weights: self.map(&weights),
            health: self.health(&at, expose == "public"),
        }
    }

    fn health(&mut self, service: &Section<'_>, is_public: bool) -> HealthCheck {
        let health = self.section(service, "health");
        self.refuse_unknown(&health);
        // A page waits for back-ends that are away, up to 4 s in the demonstration: it must not be
        // taken for dead with them.
        let (interval, timeout, unhealthy) = if is_public { (6, 5, 3) } else { (5, 2, 2) };
        let interval_seconds = self.optional(&health, "interval_seconds").unwrap_or(interval);
        let fitting = timeout.min(interval_seconds - 1);
        HealthCheck {
            interval_seconds,
            timeout_seconds: self.optional(&health, "timeout_seconds").unwrap_or(fitting),
            healthy: self.get(&health, "healthy"),
            unhealthy: self.optional(&health, "unhealthy").unwrap_or(unhealthy),
        }
    }

    /// A table within a table, whether or not the file has it.
    fn section<'a>(&mut self, outer: &Section<'a>, key: &'static str) -> Section<'a> {
        let path = join(&outer.path, key);
        let given = outer.table.and_then(|table| table.get(key));
        let table = given.and_then(|value| self.table(&path, value));
        Section { path, pattern: join(&outer.pattern, key), table }
    }

    fn table<'a>(
        &mut self,
        path: &str,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Option<&'a DeTable<'a>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let remedy = if path.ends_with(']') {
                "write [[service]] and its keys below it".to_string()
            } else {
                format!("write [{}] and its keys below it", pattern(path))
            };
            self.findings.refuse_key(path, "is not a table", remedy);
        }
        table
    }

    /// The value of a key: the file's, or the default.
    fn get<T: FromToml + std::default::Default>(
        &mut self,
        at: &Section<'_>,
        key: &'static str,
    ) -> T {
        self.optional(at, key).unwrap_or_default()
    }

    /// The value of a key that may have none.
    fn optional<T: FromToml>(&mut self, at: &Section<'_>, name: &'static str) -> Option<T> {
        let key = keys::find(&join(&at.pattern, name));
        self.asked.insert(key.path);
        if let Some(value) = at.table.and_then(|table| table.get(name)) {
            if let Some(value) = self.convert(key, &join(&at.path, name), value) {
                return Some(value);
            }
        } else if let Default::Required = key.default {
            let remedy = format!("give the service {}", indefinite(name));
            self.findings.refuse_key(&join(&at.path, name), "is missing", remedy);
        }
        let Default::Value(default) = key.default else { return None };
        let value = DeValue::parse(default).ok()?;
        T::from_toml(key.kind, &value, &mut Vec::new())
    }

    /// A table whose keys the user chooses.
    fn map<T: FromToml>(&mut self, at: &Section<'_>) -> BTreeMap<String, T> {
        let key = keys::find(&format!("{}.*", at.pattern));
        self.asked.insert(key.path);
        let entries = at.table.into_iter().flatten().filter_map(|(name, value)| {
            let value = self.convert(key, &join(&at.path, name.get_ref()), value)?;
            Some((name.get_ref().to_string(), value))
        });
        entries.collect()
    }

    fn convert<T: FromToml>(
        &mut self,
        key: &Key,
        path: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<T> {
        let mut refusals = Vec::new();
        let value = T::from_toml(key.kind, value, &mut refusals);
        for Refusal { element, problem, remedy } in refusals {
            let path = element.map_or_else(|| path.to_string(), |i| format!("{path}[{i}]"));
            if key.path == "service.environment.*" {
                // What is in an environment may be a secret, and faults end up in logs.
                self.findings.refuse_key(&path, problem, remedy);
            } else {
                self.findings.refuse(&path, problem, remedy);
            }
        }
        value
    }

    fn refuse_unknown(&mut self, at: &Section<'_>) {
        let known = keys::names_in(&at.pattern);
        for name in at.table.into_iter().flatten().map(|(name, _)| name.get_ref()) {
            if !known.contains(&name.as_ref()) {
                let list = || format!("keys here are {}", known.join(", "));
                let remedy = did_you_mean(name, known.iter().copied(), list);
                self.findings.refuse_key(&join(&at.path, name), "is not a key", remedy);
            }
        }
    }
}

/// A path without the positions of services, as it is written in the file.
fn pattern(path: &str) -> String {
    path.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join(".")
}

fn indefinite(name: &str) -> String {
    if name.starts_with(['a', 'e', 'i', 'o', 'u']) {
        format!("an {name}")
    } else {
        format!("a {name}")
    }
}
