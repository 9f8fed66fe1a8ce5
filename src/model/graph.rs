//! The stack as nodes and edges, without cycles or twins.

use super::{Address, Edge, Step};
use std::{collections::BTreeMap, rc::Rc};

/// What makes a set of nodes no graph.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// Two nodes of one address.
    #[error("{0} is described twice")]
    Twin(Address),
    /// A need that no node meets.
    #[error("{from} needs {on}, which is not in the stack")]
    Unmet {
        /// The node that needs it.
        from: Address,
        /// What it needs.
        on: Address,
    },
    /// A node that needs itself, through others.
    #[error("{0} needs itself")]
    Cycle(Address),
}

/// Nodes by address.
#[derive(Clone, Default)]
pub struct Graph {
    nodes: BTreeMap<Address, Rc<dyn Step>>,
    twin: Option<Address>,
}

impl Graph {
    /// Adds a node; a twin is reported by [`check`](Self::check).
    pub fn add(&mut self, address: Address, step: Rc<dyn Step>) {
        if self.nodes.insert(address.clone(), step).is_some() {
            self.twin.get_or_insert(address);
        }
    }

    /// The node at this address.
    pub fn get(&self, address: &Address) -> Option<&Rc<dyn Step>> {
        self.nodes.get(address)
    }

    /// All nodes, by address.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Rc<dyn Step>)> {
        self.nodes.iter()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Every node's edges.
    pub fn edges(&self) -> BTreeMap<Address, Vec<Edge>> {
        self.nodes.iter().map(|(address, step)| (address.clone(), step.edges())).collect()
    }

    /// Finds twins, needs that nothing meets, and cycles.
    pub fn check(&self) -> Result<(), GraphError> {
        if let Some(twin) = &self.twin {
            return Err(GraphError::Twin(twin.clone()));
        }
        let edges = self.edges();
        for (from, needs) in &edges {
            if let Some(edge) = needs.iter().find(|edge| !edges.contains_key(&edge.on)) {
                return Err(GraphError::Unmet { from: from.clone(), on: edge.on.clone() });
            }
        }
        match order(&edges) {
            Ok(_) => Ok(()),
            Err(address) => Err(GraphError::Cycle(address)),
        }
    }
}

/// Sorts nodes so that each comes after what it needs; needs outside the set do not count.
///
/// # Errors
/// A node of a cycle, when there is one.
pub fn order(edges: &BTreeMap<Address, Vec<Edge>>) -> Result<Vec<Address>, Address> {
    let mut missing: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut dependants: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (from, needs) in edges {
        let inside = needs.iter().filter(|edge| edges.contains_key(&edge.on));
        let count = inside.map(|edge| dependants.entry(&edge.on).or_default().push(from)).count();
        missing.insert(from, count);
    }
    let mut ready: Vec<&Address> =
        missing.iter().filter(|(_, count)| **count == 0).map(|(address, _)| *address).collect();
    let mut sorted = Vec::with_capacity(edges.len());
    while let Some(next) = ready.pop() {
        sorted.push(next.clone());
        missing.remove(next);
        for dependant in dependants.remove(next).unwrap_or_default() {
            if let Some(count) = missing.get_mut(dependant) {
                *count -= 1;
                if *count == 0 {
                    ready.push(dependant);
                }
            }
        }
    }
    match missing.into_keys().next() {
        None => Ok(sorted),
        Some(stuck) => Err(stuck.clone()),
    }
}
