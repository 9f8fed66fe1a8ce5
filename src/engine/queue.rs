//! The queue of (node, milestone), as pure data.
//!
//! A node may start when everything that it needs has reached the moment that it needs. Among those
//! that may start, the one with the longest expected chain behind it goes first.

use crate::model::{Dag, Milestone};
use std::{cmp::Reverse, collections::BinaryHeap};

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    missing: u32,
    chain: f64,
    reached: Option<Milestone>,
    /// Started, or never to be started.
    taken: bool,
}

/// Nodes that wait for others, and those that may start.
#[derive(Debug)]
pub struct Queue<'a> {
    dag: &'a Dag,
    nodes: Vec<Node>,
    ready: BinaryHeap<(u64, Reverse<usize>)>,
    /// The longest chain of all.
    longest: f64,
}

impl<'a> Queue<'a> {
    /// A queue of these nodes. `seconds` is how long a node is expected to take.
    pub fn new(dag: &'a Dag, seconds: impl Fn(usize, Milestone) -> f64) -> Self {
        let missing = |at| Node { missing: dag.needs(at).len() as u32, ..Node::default() };
        let nodes = (0..dag.len()).map(missing).collect();
        let mut queue = Self { dag, nodes, ready: BinaryHeap::new(), longest: 0.0 };
        queue.weigh(seconds);
        for at in 0..queue.nodes.len() {
            queue.offer(at);
        }
        queue
    }

    /// The longest expected chain of everything that hangs below each node, itself included.
    fn weigh(&mut self, seconds: impl Fn(usize, Milestone) -> f64) {
        for at in self.dag.sorted().iter().rev().copied() {
            let mut chain = seconds(at, Milestone::Ready);
            for (dependant, until) in self.dag.dependants(at) {
                chain = chain.max(seconds(at, until) + self.nodes[dependant].chain);
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
    pub fn take(&mut self) -> Option<usize> {
        while let Some((_, Reverse(at))) = self.ready.pop() {
            if !std::mem::replace(&mut self.nodes[at].taken, true) {
                return Some(at);
            }
        }
        None
    }

    /// A node has come this far; `Ready` implies `Created`.
    pub fn reached(&mut self, at: usize, milestone: Milestone) {
        let before = self.nodes[at].reached;
        if before >= Some(milestone) {
            return;
        }
        self.nodes[at].reached = Some(milestone);
        self.nodes[at].taken = true;
        for (dependant, until) in self.dag.dependants(at) {
            if until <= milestone && before < Some(until) {
                self.nodes[dependant].missing -= 1;
                self.offer(dependant);
            }
        }
    }

    /// A node failed: takes everything that needs it, directly or through others, out of the queue
    /// and returns it.
    pub fn failed(&mut self, at: usize) -> Vec<usize> {
        let mut blocked = Vec::new();
        let mut stack = vec![at];
        while let Some(at) = stack.pop() {
            self.nodes[at].taken = true;
            let reached = self.nodes[at].reached;
            for (dependant, until) in self.dag.dependants(at) {
                let met = reached >= Some(until);
                if !met && !self.nodes[dependant].taken {
                    self.nodes[dependant].taken = true;
                    blocked.push(dependant);
                    stack.push(dependant);
                }
            }
        }
        blocked
    }

    /// Puts a node back that was taken: it starts again when its needs are met, as they still are.
    pub fn again(&mut self, at: usize) {
        self.nodes[at].taken = false;
        self.offer(at);
    }

    /// Whether the whole run is expected to wait for a node that starts after so many seconds: its
    /// chain ends with the longest one, or little before.
    pub fn is_critical(&self, at: usize, elapsed: f64) -> bool {
        elapsed + self.nodes[at].chain >= 0.9 * self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: Milestone = Milestone::Created;
    const READY: Milestone = Milestone::Ready;

    #[test]
    fn a_dependant_starts_at_the_moment_that_it_needs() {
        let [load_balancer, listener, link] = [0, 1, 2];
        let waits = [(listener, (load_balancer, CREATED)), (link, (load_balancer, READY))];
        let dag = Dag::new(3, waits);
        let mut queue = Queue::new(&dag, |_, _| 1.0);
        assert_eq!(queue.take(), Some(load_balancer));
        assert_eq!(queue.take(), None);
        queue.reached(load_balancer, CREATED);
        assert_eq!(queue.take(), Some(listener));
        assert_eq!(queue.take(), None);
        queue.reached(load_balancer, READY);
        assert_eq!(queue.take(), Some(link));
    }

    #[test]
    fn the_longest_chain_goes_first() {
        let [short, long, slow] = [0, 1, 2];
        let dag = Dag::new(3, [(slow, (long, READY))]);
        let seconds = |at, _| if at == slow { 100.0 } else { 1.0 };
        let mut queue = Queue::new(&dag, seconds);
        assert_eq!(queue.take(), Some(long));
        let critical = |at, elapsed| queue.is_critical(at, elapsed);
        assert!(critical(long, 0.0) && critical(slow, 1.0) && !critical(short, 0.0));
    }

    #[test]
    fn a_failure_blocks_what_needs_it_and_nothing_else() {
        let [a, b, c, d, e] = [0, 1, 2, 3, 4];
        let waits = [(b, (a, READY)), (c, (b, CREATED)), (e, (a, CREATED))];
        let dag = Dag::new(5, waits);
        let mut queue = Queue::new(&dag, |_, _| 1.0);
        queue.reached(a, CREATED);
        assert_eq!(queue.failed(a), [b, c]);
        let rest: Vec<usize> = std::iter::from_fn(|| queue.take()).collect();
        assert_eq!(rest, [d, e]);
    }
}
