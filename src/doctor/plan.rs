//! What is still to be made, as far as the account's limits and names count it.

use crate::model::{Address, Graph, KindOps, Permission};
use serde_json::Value;
use std::{collections::BTreeMap, rc::Rc};

/// One resource that does not exist yet.
#[derive(Clone)]
pub struct Wanted {
    /// Which node.
    pub address: Address,
    /// Its kind, such as `AWS::EC2::VPC`.
    pub kind: &'static str,
    /// What its kind can do.
    pub ops: Rc<dyn KindOps>,
    /// What it needs of IAM.
    pub permissions: Vec<Permission>,
    /// Its fields, references among them.
    pub wish: Value,
}

impl Wanted {
    /// A text among its fields.
    pub fn text(&self, field: &str) -> &str {
        self.wish[field].as_str().unwrap_or_default()
    }
}

/// All that is to be made.
#[derive(Clone, Default)]
pub struct Plan {
    /// In the order of their addresses.
    pub wanted: Vec<Wanted>,
    /// NAT gateways, by Availability Zone.
    pub nat_gateways: BTreeMap<String, usize>,
    /// Of all tasks together.
    pub vcpus: Vcpus,
}

/// vCPUs of tasks, as AWS counts them: those on Fargate Spot apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vcpus {
    /// Of Fargate.
    pub on_demand: f64,
    /// Of Fargate Spot.
    pub spot: f64,
}

impl Vcpus {
    /// Counts more, of a task or a service on this capacity provider.
    pub fn add(&mut self, provider: Option<&str>, vcpus: f64) {
        match provider {
            Some("FARGATE_SPOT") => self.spot += vcpus,
            _ => self.on_demand += vcpus,
        }
    }
}

impl Plan {
    /// Of these nodes of a graph.
    pub fn of<'a>(graph: &Graph, creates: impl IntoIterator<Item = &'a Address>) -> Self {
        let mut plan = Self::default();
        for address in creates {
            let Some(step) = graph.get(address) else { continue };
            let (ops, wish) = (step.kind().clone(), step.wish());
            let kind = ops.kind().0;
            match kind {
                "AWS::EC2::NatGateway" => {
                    let zone = target(graph, &wish["needs"]["subnet"], "availability_zone");
                    let zone = zone.as_str().unwrap_or_default().to_owned();
                    *plan.nat_gateways.entry(zone).or_default() += 1;
                }
                "AWS::ECS::Service" => {
                    let cpu = target(graph, &wish["needs"]["task_definition"], "cpu");
                    let tasks = wish["desired_count"].as_f64().unwrap_or_default();
                    let vcpus = tasks * cpu.as_f64().unwrap_or_default() / 1024.0;
                    plan.vcpus.add(wish["capacity_provider"].as_str(), vcpus);
                }
                _ => {}
            }
            let mut permissions = ops.permissions();
            permissions.extend(step.permissions());
            let address = address.clone();
            plan.wanted.push(Wanted { address, kind, ops, permissions, wish });
        }
        plan
    }

    /// Those of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Wanted> {
        self.wanted.iter().filter(move |wanted| wanted.kind == kind)
    }

    /// How many of a kind.
    pub fn count(&self, kind: &str) -> usize {
        self.of_kind(kind).count()
    }

    /// Whether there is any of a kind.
    pub fn has(&self, kind: &str) -> bool {
        self.of_kind(kind).next().is_some()
    }
}

/// A field of what a reference names.
fn target(graph: &Graph, reference: &Value, field: &str) -> Value {
    let address = reference["$ref"].as_str().map(Address::new);
    let step = address.and_then(|address| graph.get(&address));
    step.map(|step| step.wish()[field].clone()).unwrap_or_default()
}
