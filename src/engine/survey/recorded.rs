//! The record, as a survey goes through it.

use crate::{
    model::{Address, ByAddress, Graph},
    state::Record,
};

/// What is on record, and where in it each node of the graph is.
pub struct Recorded<'a> {
    all: &'a ByAddress<Record>,
    nodes: Vec<Option<usize>>,
}

impl<'a> Recorded<'a> {
    pub(super) fn of(graph: &Graph, all: &'a ByAddress<Record>) -> Self {
        let nodes = graph.iter().map(|(address, _)| all.get_index_of(address)).collect();
        Self { all, nodes }
    }

    /// What is on record of the node at this place in the graph.
    pub fn at(&self, place: usize) -> Option<&'a Record> {
        let (_, record) = self.all.get_index((*self.nodes.get(place)?)?)?;
        Some(record)
    }

    /// What is on record, and whether the graph has it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a Address, &'a Record, bool)> {
        let mut wished = vec![false; self.all.len()];
        self.nodes.iter().flatten().for_each(|at| wished[*at] = true);
        self.all.iter().zip(wished).map(|((address, record), wished)| (address, record, wished))
    }
}
