//! What AWS itself took in one run: from the moment when the simulator served a call to the moment
//! when what it began came to pass, whether or not anyone had asked by then.
//!
//! The floor is the longest path through the stack's graph with those times and, for each call that
//! must come after another, the simulator's median for one call. Nothing can be faster that keeps to
//! AWS's rules, whatever it knows beforehand.

use crate::common::World;
use meshctl::{
    engine::{Event, Events},
    model::{Address, ByAddress, CriticalPath, Edge, Edges, Graph, Identities, Milestone, Span},
    simulator::{Simulator, latency::Latency},
};
use serde_json::Value;
use std::{cell::RefCell, cmp::Reverse, collections::BTreeMap, rc::Rc};

/// How many of the last ones are shown.
const LAST: usize = 8;

/// The moments of one node, in milliseconds of the account's time.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    begun: u64,
    created: u64,
    ended: u64,
}

/// Listens to a run.
pub struct Watch {
    simulator: Simulator,
    start: u64,
    nodes: Rc<RefCell<BTreeMap<Address, Moments>>>,
}

impl Watch {
    pub fn new(world: &World) -> Self {
        let start = world.simulator.behind(|account| account.now);
        Self { simulator: world.simulator.clone(), start, nodes: Rc::default() }
    }

    pub fn events(&self) -> Events {
        let (nodes, base) = (self.nodes.clone(), self.start);
        let begun = tokio::time::Instant::now();
        Events::to(move |event| {
            let now = base + begun.elapsed().as_millis() as u64;
            let mut nodes = nodes.borrow_mut();
            match event {
                Event::Begun { address, .. } => {
                    nodes.entry(address.clone()).or_default().begun = now;
                }
                Event::Created { address, .. } => {
                    nodes.entry(address.clone()).or_default().created = now;
                }
                Event::Ready { address, .. } | Event::Deleted { address, .. } => {
                    nodes.entry(address.clone()).or_default().ended = now;
                }
                _ => {}
            }
        })
    }

    /// When something of these words last happened to a resource, between two moments.
    fn last(&self, identity: &Value, words: &[&str], from: u64, to: u64) -> Option<u64> {
        let names = names(identity);
        self.simulator.behind(|account| {
            let happened = account.history.iter().rev();
            let mut ours = happened.filter(|(at, text)| {
                (from..=to).contains(at)
                    && words.iter().any(|word| text.contains(word))
                    && names.iter().any(|name| concerns(text, name))
            });
            ours.next().map(|(at, _)| *at)
        })
    }

    /// What AWS took to set each node up.
    pub fn spans_up(&self, graph: &Graph, known: &Identities) -> Vec<Span> {
        let nodes = self.nodes.borrow();
        let spans = graph.iter().map(|(address, _)| {
            let Some(moments) = nodes.get(address) else { return Span::default() };
            let works = known.raw(address).and_then(|identity| {
                let words = ["Settled", "Active", "Available"];
                self.last(identity, &words, moments.created, moments.ended)
            });
            let ready = works.map_or(0, |at| at.saturating_sub(moments.created)) as f64 / 1000.0;
            // A namespace has its identity from the operation that makes it.
            let operation = address.as_str() == "mesh/namespace";
            let took = moments.created.saturating_sub(moments.begun) as f64 / 1000.0;
            Span { created: if operation { took } else { call() }, ready }
        });
        spans.collect()
    }

    /// The longest path of what AWS took to take it away: what is `Created` here is no longer
    /// listed, what is `Ready` has let go of its network interfaces.
    pub fn floor_down(&self, edges: &ByAddress<Edges>, known: &Identities) -> CriticalPath {
        let mut before: ByAddress<Vec<Edge>> =
            edges.keys().map(|address| (address.clone(), Vec::new())).collect();
        for (address, needs) in edges {
            for need in needs.iter().filter(|need| !need.gate) {
                let held = ["/subnet/", "/security-group/", "/internet-gateway", "mesh/discovery"];
                let held = held.iter().any(|part| need.on.as_str().contains(part));
                let until = if held { Milestone::Ready } else { Milestone::Created };
                before.entry(need.on.clone()).or_default().push(Edge::new(address.clone(), until));
            }
        }
        let before = before.into_iter().map(|(address, edges)| (address, edges.into())).collect();
        let nodes = self.nodes.borrow();
        let end = self.simulator.behind(|account| account.now);
        CriticalPath::find(&before, |address| {
            let Some(moments) = nodes.get(address) else { return Span::default() };
            let happened = |words: &[&str]| {
                let at = self.last(known.raw(address)?, words, moments.begun, end)?;
                Some(at.saturating_sub(moments.begun) as f64 / 1000.0)
            };
            let gone = happened(&["LinkGone", "NatGatewayDeleted", "VpcEndpointGone", "End"]);
            let free = happened(&["InterfaceGone", "InstanceGone"]);
            let operation = address.as_str() == "mesh/namespace";
            let took = moments.ended.saturating_sub(moments.begun) as f64 / 1000.0;
            let created = gone.unwrap_or(if operation { took } else { call() });
            Span { created, ready: (free.unwrap_or(0.0) - created).max(0.0) }
        })
    }

    /// Prints the floor's path beside what happened, and what came to its end last.
    pub fn explain(&self, run: &str, floor: &CriticalPath) {
        println!("  {run}: {:.1} s", floor.seconds);
        let nodes = self.nodes.borrow();
        let mut last: Vec<(&Address, &Moments)> = nodes.iter().collect();
        last.sort_by_key(|(_, moments)| Reverse(moments.ended));
        for (address, moments) in last.into_iter().take(LAST) {
            let since = |moment: u64| moment.saturating_sub(self.start) as f64 / 1000.0;
            println!(
                "    {:<46} begun {:>7.1} created {:>7.1} ended {:>7.1}",
                address.as_str(),
                since(moments.begun),
                since(moments.created),
                since(moments.ended),
            );
        }
        println!("    the floor's path:");
        let mut at = 0.0;
        for leg in &floor.legs {
            let moments = nodes.get(&leg.address).copied().unwrap_or_default();
            let since = |moment: u64| moment.saturating_sub(self.start) as f64 / 1000.0;
            at += leg.seconds;
            println!(
                "    {:<46} {:?} {:>8.1}   begun {:>7.1} created {:>7.1} ended {:>7.1}",
                leg.address.as_str(),
                leg.until,
                at,
                since(moments.begun),
                since(moments.created),
                since(moments.ended),
            );
        }
    }
}

/// The median of one call, in seconds.
fn call() -> f64 {
    Latency::Call.seconds().0
}

fn concerns(text: &str, name: &str) -> bool {
    let balancer = text.rsplit_once("ELB ").is_some_and(|(_, path)| name.ends_with(path.trim()));
    balancer || text.contains(&format!("\"{name}\"")) || text.ends_with(name)
}

/// The IDs and ARNs in an identity.
fn names(identity: &Value) -> Vec<&str> {
    match identity {
        Value::String(text) => vec![text],
        // Other members say where it is, not what it is.
        Value::Object(members) => {
            ["arn", "id"].iter().filter_map(|key| members.get(*key)?.as_str()).collect()
        }
        _ => Vec::new(),
    }
}
