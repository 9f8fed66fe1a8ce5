//! The longest path through a graph in time: what no order of work can beat.

use super::{Address, ByAddress, Dag, Edges, Milestone};

/// How long a node takes by itself, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    /// From its start to its identity.
    pub created: f64,
    /// From its identity until it works.
    pub ready: f64,
}

/// One node of the longest path, and which part of it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// The node.
    pub address: Address,
    /// The moment that the next node waits for; the last one's is `Ready`.
    pub until: Milestone,
    /// How long it takes to that moment, from the node's start.
    pub seconds: f64,
}

/// The longest path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CriticalPath {
    /// All of it.
    pub seconds: f64,
    /// First to last.
    pub legs: Vec<Leg>,
}

impl CriticalPath {
    /// Finds it: every node starts at the moment when its needs are met.
    pub fn find(edges: &ByAddress<Edges>, span: impl Fn(&Address) -> Span) -> Self {
        let none = Span::default();
        let span = |at| edges.get_index(at).map_or(none, |(address, _)| span(address));
        Self::through(&Dag::of(edges), span, |at| edges.get_index(at).map(|(it, _)| it.clone()))
    }

    /// Likewise, of nodes by place, which have these names.
    pub fn through(
        dag: &Dag,
        span: impl Fn(usize) -> Span,
        name: impl Fn(usize) -> Option<Address>,
    ) -> Self {
        // When each starts, how long it takes, and the need that it waited for last.
        let unseen: (f64, Span, Option<(usize, Milestone)>) = (0.0, Span::default(), None);
        let mut seen = vec![unseen; dag.len()];
        let mut last: Option<(usize, f64)> = None;
        for at in dag.sorted().iter().copied() {
            let (mut start, mut held) = (0.0, None);
            for (on, until) in dag.needs(at) {
                let (begun, span, _) = seen[on];
                let moment = begun + span.until(until);
                if moment > start {
                    (start, held) = (moment, Some((on, until)));
                }
            }
            let span = span(at);
            let end = start + span.until(Milestone::Ready);
            if last.is_none_or(|(_, latest)| end > latest) {
                last = Some((at, end));
            }
            seen[at] = (start, span, held);
        }
        let Some((at, seconds)) = last else { return Self::default() };
        let mut legs = Vec::new();
        let mut next = Some((at, Milestone::Ready));
        while let Some((at, until)) = next {
            let (_, span, held) = seen[at];
            legs.extend(name(at).map(|address| Leg { address, until, seconds: span.until(until) }));
            next = held;
        }
        legs.reverse();
        Self { seconds, legs }
    }

    /// The legs that matter to people: those that take at least a twentieth of the whole.
    pub fn main(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter().filter(|leg| leg.seconds * 20.0 >= self.seconds)
    }
}

impl Span {
    /// How long it takes to a moment, from its start.
    pub fn until(&self, milestone: Milestone) -> f64 {
        match milestone {
            Milestone::Created => self.created,
            Milestone::Ready => self.created + self.ready,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Edge;

    #[test]
    fn the_longest_path_takes_each_edge_at_its_moment() {
        let edge = |on: &str, until| Edge::new(Address::new(on), until);
        let edges = ByAddress::from_iter([
            (Address::new("nlb"), Edges::default()),
            (Address::new("link"), vec![edge("nlb", Milestone::Ready)].into()),
            (Address::new("listener"), vec![edge("nlb", Milestone::Created)].into()),
            (Address::new("tasks"), vec![edge("listener", Milestone::Created)].into()),
        ]);
        let span = |address: &Address| match address.as_str() {
            "nlb" => Span { created: 1.0, ready: 150.0 },
            "link" => Span { created: 1.0, ready: 180.0 },
            "tasks" => Span { created: 1.0, ready: 300.0 },
            _ => Span { created: 1.0, ready: 0.0 },
        };
        let path = CriticalPath::find(&edges, span);
        assert_eq!(path.seconds, 332.0);
        let legs: Vec<&str> = path.legs.iter().map(|leg| leg.address.as_str()).collect();
        assert_eq!(legs, ["nlb", "link"]);
        assert_eq!(path.legs[0].seconds, 151.0);
    }
}
