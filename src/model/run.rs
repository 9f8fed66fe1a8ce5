//! One finished run: what each resource took, and what that says about the next one.

use super::{Address, ByAddress, CriticalPath, Edge, Edges, Kind, Milestone, Span, Times};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What every call takes, in seconds, before any run has shown it.
const CALL: f64 = 0.1;

/// One resource's part of a run, in seconds of AWS's time since the command began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which.
    pub address: Address,
    /// Its kind.
    pub kind: String,
    /// When work on it began.
    pub begun: f64,
    /// When it had an identity, if it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<f64>,
    /// When it worked, or was gone.
    pub ended: f64,
}

impl Part {
    /// How long it took by itself.
    pub fn span(&self) -> Span {
        let created = self.created.unwrap_or(self.begun).max(self.begun);
        Span { created: created - self.begun, ready: (self.ended - created).max(0.0) }
    }
}

/// One finished run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// `up` or `down`.
    pub command: String,
    /// How long all of it took.
    pub seconds: f64,
    /// How long it would have taken if every resource had begun at the moment when it could.
    pub floor_seconds: f64,
    /// How long it was expected to take.
    pub expected_seconds: f64,
    /// What it waited for, first to last.
    pub critical_path: Vec<Address>,
    /// The resources that something was done to, in the order of their beginnings.
    pub parts: Vec<Part>,
}

impl Run {
    /// Sums up a run. `edges` is what each resource had to wait for.
    pub fn of(
        command: &str,
        seconds: f64,
        expected_seconds: f64,
        mut parts: Vec<Part>,
        edges: &ByAddress<Edges>,
    ) -> Self {
        parts.sort_by(|one, other| one.begun.total_cmp(&other.begun));
        let spans: BTreeMap<&Address, Span> =
            parts.iter().map(|part| (&part.address, part.span())).collect();
        let span = |address: &Address| spans.get(address).copied().unwrap_or_default();
        let path = CriticalPath::find(edges, span);
        let legs = path.legs.into_iter().map(|leg| leg.address);
        let critical_path = legs.filter(|address| spans.contains_key(address)).collect();
        let floor_seconds = path.seconds;
        let command = command.into();
        Self { command, seconds, floor_seconds, expected_seconds, critical_path, parts }
    }

    /// The parts of the critical path that matter to people: at least a twentieth of it.
    pub fn main(&self) -> Vec<&Part> {
        let parts = self.critical_path.iter();
        let parts = parts.filter_map(|one| self.parts.iter().find(|part| part.address == *one));
        parts.filter(|part| (part.ended - part.begun) * 20.0 >= self.floor_seconds).collect()
    }

    /// Whether it waited for this resource.
    pub fn is_critical(&self, address: &Address) -> bool {
        self.critical_path.contains(address)
    }
}

/// What must be gone before each thing can go: needs turned round, without those for which AWS
/// refuses no deletion.
pub fn turned_round(edges: &ByAddress<Edges>) -> ByAddress<Edges> {
    let mut before: ByAddress<Vec<Edge>> =
        edges.keys().map(|address| (address.clone(), Vec::new())).collect();
    for (address, needs) in edges {
        for need in needs.iter().filter(|need| !need.gate) {
            let after = Edge::new(address.clone(), Milestone::Ready);
            if let Some(edges) = before.get_mut(&need.on).filter(|edges| !edges.contains(&after)) {
                edges.push(after);
            }
        }
    }
    before.into_iter().map(|(address, edges)| (address, edges.into())).collect()
}

/// How long resources take: what earlier runs showed, else what their kinds say.
#[derive(Clone, Debug, Default)]
pub struct Estimates {
    up: BTreeMap<String, Span>,
    down: BTreeMap<String, Span>,
}

impl Estimates {
    /// The medians of these runs, kind by kind.
    pub fn of(runs: &[Run]) -> Self {
        let learned = |command: &str| {
            let mut seen: BTreeMap<String, Vec<Span>> = BTreeMap::new();
            for part in runs.iter().filter(|run| run.command == command).flat_map(|run| &run.parts)
            {
                seen.entry(part.kind.clone()).or_default().push(part.span());
            }
            let medians = seen.into_iter().map(|(kind, spans)| (kind, median(&spans)));
            medians.collect()
        };
        Self { up: learned("up"), down: learned("down") }
    }

    /// To make one.
    pub fn up(&self, kind: Kind, times: Times) -> Span {
        let prior = Span { created: CALL, ready: times.ready };
        self.up.get(kind.0).copied().unwrap_or(prior)
    }

    /// To remove one.
    pub fn down(&self, kind: Kind, times: Times) -> Span {
        let prior = Span { created: CALL, ready: times.gone };
        self.down.get(kind.0).copied().unwrap_or(prior)
    }
}

fn median(spans: &[Span]) -> Span {
    let middle = |of: fn(&Span) -> f64| {
        let mut values: Vec<f64> = spans.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    Span { created: middle(|span| span.created), ready: middle(|span| span.ready) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(address: &str, begun: f64, created: f64, ended: f64) -> Part {
        let kind = "AWS::EC2::NatGateway".to_owned();
        Part { address: Address::new(address), kind, begun, created: Some(created), ended }
    }

    #[test]
    fn the_floor_leaves_out_the_time_between_resources() {
        let edges = ByAddress::from_iter([
            (Address::new("a"), Edges::default()),
            (Address::new("b"), vec![Edge::new(Address::new("a"), Milestone::Ready)].into()),
        ]);
        let parts = vec![part("b", 15.0, 16.0, 30.0), part("a", 1.0, 2.0, 11.0)];
        let run = Run::of("up", 31.0, 24.0, parts, &edges);
        assert_eq!(run.floor_seconds, 25.0);
        assert_eq!(run.critical_path, [Address::new("a"), Address::new("b")]);
        assert!(run.is_critical(&Address::new("a")));
    }

    #[test]
    fn earlier_runs_outrank_what_a_kind_says_of_itself() {
        let kind = Kind("AWS::EC2::NatGateway");
        let times = Times::of(95.0, 70.0, 900.0);
        assert_eq!(Estimates::default().up(kind, times).ready, 95.0);
        let parts = vec![part("a", 0.0, 1.0, 101.0)];
        let run = Run { command: "up".into(), parts, ..Run::default() };
        let learned = Estimates::of(&[run]);
        assert_eq!(learned.up(kind, times), Span { created: 1.0, ready: 100.0 });
        assert_eq!(learned.down(kind, times).ready, 70.0);
    }
}
