//! The engine alone: graphs of up to 100,000 nodes whose work is empty, so that only the engine's own
//! cost is left. The cost per node must not grow with the graph.
//!
//! `cargo bench --bench engine`, or `cargo bench --bench engine -- 10000` for a graph of that size alone, as a
//! count of instructions wants it.

use futures_util::future::{FutureExt, LocalBoxFuture, ready};
use meshctl::{
    engine::{Engine, Events, Interrupt, retry::Retry, work::Work},
    model::{
        Address, Clock, Depth, Drift, Edge, Found, Graph, Identities, Identity, Kind, KindOps,
        Live, Milestone, Permission, Readiness, Registry, Replacement, Result, Step, Tags, Times,
        tags::TagChanges,
    },
    state::{State, Store},
};
use serde_json::{Value, json};
use std::{cell::RefCell, rc::Rc, time::Instant};

/// A kind that only remembers what exists, by number, so that the account itself costs next to nothing.
/// The number is the identity.
struct Nothing(RefCell<Vec<bool>>);

impl Nothing {
    fn set(&self, id: usize, there: bool) {
        self.0.borrow_mut()[id] = there;
    }
}

fn number(identity: &Value) -> usize {
    identity.as_u64().and_then(|id| id.try_into().ok()).expect("the number of a node")
}

impl KindOps for Nothing {
    fn kind(&self) -> Kind {
        Kind("Bench::Nothing")
    }

    fn stands_on(&self) -> Vec<Kind> {
        Vec::new()
    }

    fn shown_by(&self) -> &'static [Kind] {
        &[]
    }

    fn searched_one_by_one(&self) -> bool {
        false
    }

    fn times(&self) -> Times {
        Times::INSTANT
    }

    fn permissions(&self) -> Vec<Permission> {
        Vec::new()
    }

    fn replacement(&self) -> Replacement {
        Replacement::DeleteFirst
    }

    fn search(&self) -> LocalBoxFuture<'_, Result<Vec<Found>>> {
        ready(Ok(Vec::new())).boxed_local()
    }

    fn read<'a>(&'a self, id: &'a Value, _: Depth) -> LocalBoxFuture<'a, Result<Option<Live>>> {
        let there = self.0.borrow()[number(id)];
        ready(Ok(there.then(|| Rc::new(()) as Live))).boxed_local()
    }

    fn readiness(&self, _: &Live) -> Readiness {
        Readiness::Ready
    }

    fn traffic(&self, _: &Live) -> Readiness {
        Readiness::Ready
    }

    fn health(&self, _: &Live) -> Option<String> {
        None
    }

    fn mark(&self, _: &Live) -> Option<String> {
        None
    }

    fn tags(&self, _: &Live) -> Option<Tags> {
        None
    }

    fn retag<'a>(&'a self, _: &'a Value, _: &'a TagChanges) -> LocalBoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed_local()
    }

    fn interfaces<'a>(&'a self, _: &'a Value) -> LocalBoxFuture<'a, Result<Option<usize>>> {
        ready(Ok(None)).boxed_local()
    }

    fn holders<'a>(&'a self, _: &'a Value) -> LocalBoxFuture<'a, Result<Vec<String>>> {
        ready(Ok(Vec::new())).boxed_local()
    }

    fn delete<'a>(&'a self, id: &'a Value) -> LocalBoxFuture<'a, Result<()>> {
        self.set(number(id), false);
        ready(Ok(())).boxed_local()
    }

    fn id(&self, identity: &Value) -> String {
        identity.to_string()
    }
}

/// A node of that kind.
struct Node {
    kind: Rc<dyn KindOps>,
    all: Rc<Nothing>,
    at: usize,
    edges: Vec<Edge>,
}

impl Step for Node {
    fn kind(&self) -> &Rc<dyn KindOps> {
        &self.kind
    }

    fn edges(&self) -> Vec<Edge> {
        self.edges.clone()
    }

    fn wish(&self) -> Value {
        json!({})
    }

    fn permissions(&self) -> Vec<Permission> {
        Vec::new()
    }

    fn is_idle(&self) -> bool {
        false
    }

    fn tags(&self, _: &Address) -> Tags {
        Tags::new()
    }

    fn create<'a>(
        &'a self,
        _: &'a Address,
        _: &'a str,
        _: &Identities,
    ) -> LocalBoxFuture<'a, Result<Identity>> {
        self.all.set(self.at, true);
        ready(Ok(json!(self.at).into())).boxed_local()
    }

    fn drift(&self, _: &Live, _: &Identities) -> Option<Drift> {
        Some(Drift::none())
    }

    fn update<'a>(
        &'a self,
        _: &'a Value,
        _: &'a Drift,
        _: &Identities,
    ) -> LocalBoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed_local()
    }
}

/// Every node needs up to three earlier ones, as near as a stack's are.
fn graph(count: usize, all: &Rc<Nothing>, kind: &Rc<dyn KindOps>) -> Graph {
    let name = |at: usize| Address::new(format!("group-{}/node/{at}", at % 7));
    // As with handles: one text for a node and all that need it.
    let names: Vec<Address> = (0..count).map(name).collect();
    let nodes = (0..count).map(|at| {
        let needs = [at / 2, at * 2 / 3, at.saturating_sub(1 + at % 50)];
        let mut edges: Vec<Edge> = needs
            .iter()
            .filter(|need| **need < at)
            .map(|need| {
                let until = if need % 3 == 0 { Milestone::Ready } else { Milestone::Created };
                Edge::new(names[*need].clone(), until)
            })
            .collect();
        edges.sort();
        edges.dedup();
        let node = Node { kind: Rc::clone(kind), all: Rc::clone(all), at, edges };
        (names[at].clone(), Rc::new(node) as Rc<dyn Step>)
    });
    nodes.collect()
}

fn main() {
    println!("{:>8} {:>14} {:>14} {:>14}", "nodes", "up us/node", "no-op us/node", "down us/node");
    for count in sizes() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let [up, again, down] = runtime.block_on(measure(count));
        println!("{count:>8} {up:>14.1} {again:>14.1} {down:>14.1}");
    }
}

/// Those of the command line, for which Cargo adds `--bench`, or the usual ones.
fn sizes() -> Vec<usize> {
    let numbers = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let asked: Vec<usize> = numbers
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{text:?} is no number of nodes")))
        .collect();
    if asked.is_empty() { vec![1_000, 10_000, 100_000] } else { asked }
}

async fn measure(count: usize) -> [f64; 3] {
    let all = Rc::new(Nothing(RefCell::new(vec![false; count])));
    let kind: Rc<dyn KindOps> = all.clone();
    let graph = graph(count, &all, &kind);
    let engine = Engine {
        work: Work::new(
            Clock::started(1.0),
            Events::nowhere(),
            Retry::seeded(1),
            Interrupt::default(),
            Store::in_memory(State::of("bench")),
        ),
        registry: Registry::new([kind]),
    };
    let per_node = |since: Instant| since.elapsed().as_secs_f64() * 1e6 / count as f64;
    let begun = Instant::now();
    let (outcome, _) = engine.up(&graph, Depth::Listed).await.expect("a run");
    assert_eq!(outcome.counts.created, count, "{:?}", outcome.failures.first());
    let up = per_node(begun);
    let begun = Instant::now();
    let (outcome, _) = engine.up(&graph, Depth::Listed).await.expect("a run");
    assert_eq!(outcome.counts.unchanged, count);
    let again = per_node(begun);
    let begun = Instant::now();
    let outcome = engine.down().await.expect("a run");
    assert_eq!(outcome.counts.deleted, count);
    [up, again, per_node(begun)]
}
