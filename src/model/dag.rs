//! Who waits for whom, by place: looked up once, so that a walk makes no looks.

use super::{ByAddress, Edges, Milestone};

/// Another node, and the moment of the one that is needed.
pub type Wait = (usize, Milestone);

/// A directed graph without cycles, whose nodes are the numbers from 0.
#[derive(Clone, Debug, Default)]
pub struct Dag {
    needs: Rows,
    dependants: Rows,
    sorted: Vec<usize>,
}

impl Dag {
    /// So many nodes; each wait names who waits and for what.
    pub fn new(nodes: usize, waits: impl IntoIterator<Item = (usize, Wait)>) -> Self {
        let waits: Vec<Pair> = waits.into_iter().map(Pair::from).collect();
        let needs = Rows::new(nodes, waits.iter().copied());
        let turned = waits.iter().map(|pair| Pair { from: pair.on, on: pair.from, ..*pair });
        let dependants = Rows::new(nodes, turned);
        let sorted = sorted(&needs, &dependants);
        Self { needs, dependants, sorted }
    }

    /// These nodes, in this order. Needs outside the set do not count.
    pub fn of(edges: &ByAddress<Edges>) -> Self {
        let waits = edges.values().enumerate().flat_map(|(from, needs)| {
            let met = needs.iter();
            met.filter_map(move |edge| Some((from, (edges.get_index_of(&edge.on)?, edge.until))))
        });
        Self::new(edges.len(), waits)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.needs.starts.len().saturating_sub(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What this node needs.
    pub fn needs(&self, node: usize) -> impl ExactSizeIterator<Item = Wait> {
        self.needs.row(node)
    }

    /// What needs this node.
    pub fn dependants(&self, node: usize) -> impl ExactSizeIterator<Item = Wait> {
        self.dependants.row(node)
    }

    /// The nodes, each after what it needs, without those on or behind a cycle.
    pub fn sorted(&self) -> &[usize] {
        &self.sorted
    }

    /// A node on or behind a cycle, where there is one.
    pub fn stuck(&self) -> Option<usize> {
        let mut reached = vec![false; self.len()];
        self.sorted.iter().for_each(|node| reached[*node] = true);
        reached.iter().position(|reached| !reached)
    }
}

/// Who waits for whom. Small, for a walk takes as long as the memory that it goes through.
#[derive(Clone, Copy)]
struct Pair {
    from: u32,
    on: u32,
    until: Milestone,
}

impl From<(usize, Wait)> for Pair {
    fn from((from, (on, until)): (usize, Wait)) -> Self {
        Self { from: small(from), on: small(on), until }
    }
}

fn small(number: usize) -> u32 {
    number.try_into().expect("no stack has four thousand million nodes or edges")
}

/// A list for each node, one after the other in memory.
#[derive(Clone, Debug, Default)]
struct Rows {
    /// Where each node's list begins, and where the last one ends.
    starts: Vec<u32>,
    all: Vec<(u32, Milestone)>,
}

impl Rows {
    fn new(nodes: usize, pairs: impl ExactSizeIterator<Item = Pair> + Clone) -> Self {
        let mut starts = vec![0; nodes + 1];
        let mut all = vec![(0, Milestone::Created); small(pairs.len()) as usize];
        for pair in pairs.clone() {
            starts[pair.from as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        for Pair { from, on, until } in pairs {
            let next = &mut next[from as usize];
            all[*next as usize] = (on, until);
            *next += 1;
        }
        Self { starts, all }
    }

    fn row(&self, node: usize) -> impl ExactSizeIterator<Item = Wait> {
        let row = match (self.starts.get(node), self.starts.get(node + 1)) {
            (Some(start), Some(end)) => &self.all[*start as usize..*end as usize],
            _ => &[],
        };
        row.iter().map(|(on, until)| (*on as usize, *until))
    }
}

fn sorted(needs: &Rows, dependants: &Rows) -> Vec<usize> {
    let nodes = needs.starts.len() - 1;
    let mut missing: Vec<usize> = (0..nodes).map(|node| needs.row(node).len()).collect();
    let mut ready: Vec<usize> = (0..nodes).filter(|node| missing[*node] == 0).collect();
    let mut sorted = Vec::with_capacity(nodes);
    while let Some(next) = ready.pop() {
        sorted.push(next);
        for (dependant, _) in dependants.row(next) {
            missing[dependant] -= 1;
            if missing[dependant] == 0 {
                ready.push(dependant);
            }
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Milestone = Milestone::Ready;

    #[test]
    fn each_comes_after_what_it_needs() {
        let dag = Dag::new(3, [(0, (2, READY)), (2, (1, Milestone::Created))]);
        assert_eq!(dag.sorted(), [1, 2, 0]);
        assert_eq!((dag.len(), dag.stuck()), (3, None));
        assert!(dag.needs(0).eq([(2, READY)]));
        assert!(dag.dependants(1).eq([(2, Milestone::Created)]));
        assert_eq!((dag.needs(1).len(), dag.needs(3).len()), (0, 0));
    }

    #[test]
    fn a_cycle_is_seen() {
        let dag = Dag::new(3, [(0, (1, READY)), (1, (0, READY))]);
        assert_eq!(dag.sorted(), [2]);
        assert_eq!(dag.stuck(), Some(0));
    }
}
