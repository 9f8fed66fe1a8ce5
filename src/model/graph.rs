//! The stack as nodes and edges, without cycles or twins.

use super::{Address, ByAddress, Dag, Edges, Step};
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
    edges: ByAddress<Edges>,
    dag: Dag,
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
        let edges =
            graph.nodes.iter().map(|(address, step)| (address.clone(), step.edges().into()));
        graph.edges = edges.collect();
        graph.dag = Dag::of(&graph.edges);
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
    pub fn edges(&self) -> &ByAddress<Edges> {
        &self.edges
    }

    /// What the node at this address needs.
    pub fn needs(&self, address: &Address) -> Edges {
        self.edges.get(address).cloned().unwrap_or_default()
    }

    /// The place of the node at this address among all.
    pub fn place(&self, address: &Address) -> Option<usize> {
        self.nodes.get_index_of(address)
    }

    /// The same nodes by place.
    pub fn dag(&self) -> &Dag {
        &self.dag
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
        let stuck = self.dag.stuck().and_then(|place| self.at(place));
        stuck.map_or(Ok(()), |(address, _)| Err(GraphError::Cycle(address.clone())))
    }
}
