//! The stack as nodes and edges, without cycles or twins.

use super::{Address, ByAddress, Edge, Step};
use std::rc::Rc;

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

/// Nodes by address, sorted.
#[derive(Clone, Default)]
pub struct Graph {
    nodes: ByAddress<Rc<dyn Step>>,
    edges: ByAddress<Vec<Edge>>,
    /// The nodes' places, needs first; none where there is a cycle.
    sorted: Vec<usize>,
    twin: Option<Address>,
}

impl FromIterator<(Address, Rc<dyn Step>)> for Graph {
    /// A graph of these nodes; a twin is reported by [`check`](Self::check).
    fn from_iter<T: IntoIterator<Item = (Address, Rc<dyn Step>)>>(all: T) -> Self {
        let mut graph = Self::default();
        for (address, step) in all {
            if graph.nodes.insert(address.clone(), step).is_some() {
                graph.twin.get_or_insert(address);
            }
        }
        graph.nodes.sort_unstable_keys();
        let edges = graph.nodes.iter().map(|(address, step)| (address.clone(), step.edges()));
        graph.edges = edges.collect();
        graph.sorted = order(&graph.edges).unwrap_or_default();
        graph
    }
}

impl Graph {
    /// The node at this address.
    pub fn get(&self, address: &Address) -> Option<&Rc<dyn Step>> {
        self.nodes.get(address)
    }

    /// The node at this place among all.
    pub fn at(&self, place: usize) -> Option<(&Address, &Rc<dyn Step>)> {
        self.nodes.get_index(place)
    }

    /// All nodes, sorted by address.
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
    pub fn edges(&self) -> &ByAddress<Vec<Edge>> {
        &self.edges
    }

    /// What the node at this address needs.
    pub fn needs(&self, address: &Address) -> &[Edge] {
        self.edges.get(address).map_or(&[], Vec::as_slice)
    }

    /// All nodes' places, each after what it needs; none where there is a cycle.
    pub fn sorted(&self) -> &[usize] {
        &self.sorted
    }

    /// Finds twins, needs that nothing meets, and cycles.
    pub fn check(&self) -> Result<(), GraphError> {
        if let Some(twin) = &self.twin {
            return Err(GraphError::Twin(twin.clone()));
        }
        for (from, needs) in &self.edges {
            if let Some(edge) = needs.iter().find(|edge| !self.edges.contains_key(&edge.on)) {
                return Err(GraphError::Unmet { from: from.clone(), on: edge.on.clone() });
            }
        }
        match order(&self.edges) {
            Ok(_) => Ok(()),
            Err(address) => Err(GraphError::Cycle(address)),
        }
    }
}

/// Sorts nodes so that each comes after what it needs: their places in `edges`. Needs outside the set
/// do not count.
///
/// # Errors
/// A node of a cycle, when there is one.
pub fn order(edges: &ByAddress<Vec<Edge>>) -> Result<Vec<usize>, Address> {
    let mut missing = vec![0; edges.len()];
    let mut dependants = vec![Vec::new(); edges.len()];
    for (from, needs) in edges.values().enumerate() {
        for on in needs.iter().filter_map(|edge| edges.get_index_of(&edge.on)) {
            dependants[on].push(from);
            missing[from] += 1;
        }
    }
    let mut ready: Vec<usize> = (0..edges.len()).filter(|at| missing[*at] == 0).collect();
    let mut sorted = Vec::with_capacity(edges.len());
    while let Some(next) = ready.pop() {
        sorted.push(next);
        for dependant in &dependants[next] {
            missing[*dependant] -= 1;
            if missing[*dependant] == 0 {
                ready.push(*dependant);
            }
        }
    }
    let stuck = edges.keys().zip(missing).find(|(_, missing)| *missing > 0);
    match stuck {
        None => Ok(sorted),
        Some((address, _)) => Err(address.clone()),
    }
}
