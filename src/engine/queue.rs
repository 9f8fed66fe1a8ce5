//! The queue of (node, milestone), as pure data.
//!
//! A node may start when everything that it needs has reached the moment that it needs. Among those
//! that may start, the one with the longest expected chain behind it goes first.

use crate::model::{Address, Addresses, ByAddress, Edge, Milestone, graph::order};
use std::{cmp::Reverse, collections::BinaryHeap};

#[derive(Debug, Default)]
struct Node {
    missing: usize,
    dependants: Vec<(usize, Milestone)>,
    chain: f64,
    reached: Option<Milestone>,
    /// Started, or never to be started.
    taken: bool,
}

/// Nodes that wait for others, and those that may start.
#[derive(Debug)]
pub struct Queue {
    names: Addresses,
    nodes: Vec<Node>,
    ready: BinaryHeap<(u64, Reverse<usize>)>,
    /// The longest chain of all.
    longest: f64,
}

impl Queue {
    /// A queue of these nodes. `seconds` is how long a node is expected to take. Needs that are not
    /// nodes of the queue count as met.
    pub fn new(edges: &ByAddress<Vec<Edge>>, seconds: impl Fn(&Address, Milestone) -> f64) -> Self {
        let names: Addresses = edges.keys().cloned().collect();
        let mut nodes: Vec<Node> = names.iter().map(|_| Node::default()).collect();
        for (at, needs) in edges.values().enumerate() {
            for edge in needs {
                if let Some(on) = names.get_index_of(&edge.on) {
                    nodes[on].dependants.push((at, edge.until));
                    nodes[at].missing += 1;
                }
            }
        }
        let mut queue = Self { names, nodes, ready: BinaryHeap::new(), longest: 0.0 };
        queue.weigh(edges, seconds);
        for at in 0..queue.nodes.len() {
            queue.offer(at);
        }
        queue
    }

    /// The longest expected chain of everything that hangs below each node, itself included.
    fn weigh(
        &mut self,
        edges: &ByAddress<Vec<Edge>>,
        seconds: impl Fn(&Address, Milestone) -> f64,
    ) {
        let Ok(order) = order(edges) else { return };
        for at in order.into_iter().rev() {
            let name = &self.names[at];
            let mut chain = seconds(name, Milestone::Ready);
            for (dependant, until) in &self.nodes[at].dependants {
                chain = chain.max(seconds(name, *until) + self.nodes[*dependant].chain);
            }
            self.nodes[at].chain = chain;
            self.longest = self.longest.max(chain);
        }
    }

    fn offer(&mut self, at: usize) {
        let node = &self.nodes[at];
        if node.missing == 0 && !node.taken {
            self.ready.push(((node.chain * 1000.0) as u64, Reverse(at)));
        }
    }

    /// Takes the node that should start next.
    pub fn take(&mut self) -> Option<Address> {
        while let Some((_, Reverse(at))) = self.ready.pop() {
            if !std::mem::replace(&mut self.nodes[at].taken, true) {
                return Some(self.names[at].clone());
            }
        }
        None
    }

    /// A node has come this far; `Ready` implies `Created`.
    pub fn reached(&mut self, name: &Address, milestone: Milestone) {
        let Some(at) = self.names.get_index_of(name) else { return };
        let before = self.nodes[at].reached;
        if before >= Some(milestone) {
            return;
        }
        self.nodes[at].reached = Some(milestone);
        self.nodes[at].taken = true;
        for index in 0..self.nodes[at].dependants.len() {
            let (dependant, until) = self.nodes[at].dependants[index];
            if until <= milestone && before < Some(until) {
                self.nodes[dependant].missing -= 1;
                self.offer(dependant);
            }
        }
    }

    /// A node failed: takes everything that needs it, directly or through others, out of the queue
    /// and returns it.
    pub fn failed(&mut self, name: &Address) -> Vec<Address> {
        let mut blocked = Vec::new();
        let mut stack: Vec<usize> = self.names.get_index_of(name).into_iter().collect();
        while let Some(at) = stack.pop() {
            self.nodes[at].taken = true;
            let reached = self.nodes[at].reached;
            for (dependant, until) in self.nodes[at].dependants.clone() {
                let met = reached >= Some(until);
                if !met && !self.nodes[dependant].taken {
                    self.nodes[dependant].taken = true;
                    blocked.push(self.names[dependant].clone());
                    stack.push(dependant);
                }
            }
        }
        blocked
    }

    /// Puts a node back that was taken: it starts again when its needs are met, as they still are.
    pub fn again(&mut self, name: &Address) {
        if let Some(at) = self.names.get_index_of(name) {
            self.nodes[at].taken = false;
            self.offer(at);
        }
    }

    /// Whether the whole run is expected to wait for a node that starts after so many seconds: its
    /// chain ends with the longest one, or little before.
    pub fn is_critical(&self, name: &Address, elapsed: f64) -> bool {
        let chain = self.names.get_index_of(name).map_or(0.0, |at| self.nodes[at].chain);
        elapsed + chain >= 0.9 * self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[(&str, Milestone)])]) -> ByAddress<Vec<Edge>> {
        let edge = |(on, until): &(&str, Milestone)| Edge::new(Address::new(on), *until);
        let nodes = edges.iter();
        nodes.map(|(name, needs)| (Address::new(name), needs.iter().map(edge).collect())).collect()
    }

    const CREATED: Milestone = Milestone::Created;
    const READY: Milestone = Milestone::Ready;

    #[test]
    fn a_dependant_starts_at_the_moment_that_it_needs() {
        let edges =
            graph(&[("nlb", &[]), ("listener", &[("nlb", CREATED)]), ("link", &[("nlb", READY)])]);
        let mut queue = Queue::new(&edges, |_, _| 1.0);
        let next = |queue: &mut Queue| queue.take().map(|name| name.to_string());
        assert_eq!(next(&mut queue).as_deref(), Some("nlb"));
        assert_eq!(next(&mut queue), None);
        queue.reached(&Address::new("nlb"), CREATED);
        assert_eq!(next(&mut queue).as_deref(), Some("listener"));
        assert_eq!(next(&mut queue), None);
        queue.reached(&Address::new("nlb"), READY);
        assert_eq!(next(&mut queue).as_deref(), Some("link"));
    }

    #[test]
    fn the_longest_chain_goes_first() {
        let edges = graph(&[("a", &[]), ("b", &[]), ("slow", &[("b", READY)])]);
        let seconds = |name: &Address, _| if name.as_str() == "slow" { 100.0 } else { 1.0 };
        let mut queue = Queue::new(&edges, seconds);
        assert_eq!(queue.take(), Some(Address::new("b")));
        let critical = |name, elapsed| queue.is_critical(&Address::new(name), elapsed);
        assert!(critical("b", 0.0) && critical("slow", 1.0) && !critical("a", 0.0));
    }

    #[test]
    fn a_failure_blocks_what_needs_it_and_nothing_else() {
        let edges = graph(&[
            ("a", &[]),
            ("b", &[("a", READY)]),
            ("c", &[("b", CREATED)]),
            ("d", &[]),
            ("e", &[("a", CREATED)]),
        ]);
        let mut queue = Queue::new(&edges, |_, _| 1.0);
        queue.reached(&Address::new("a"), CREATED);
        assert_eq!(queue.failed(&Address::new("a")), [Address::new("b"), Address::new("c")]);
        let rest: Vec<Address> = std::iter::from_fn(|| queue.take()).collect();
        assert_eq!(rest, [Address::new("d"), Address::new("e")]);
    }
}
