//! How close `up` and `down` come to what AWS itself takes, in virtual time: minutes of AWS in
//! milliseconds.
//!
//! `cargo bench --bench makespan [-- SHAPE…]` with the shapes that `shapes.rs` names; `SEEDS=n` for
//! other than 20 seeds.

#[path = "../../tests/common/mod.rs"]
mod common;
mod floor;
mod limits;
mod shapes;

use common::World;
use floor::Watch;
use meshctl::{
    engine::Interrupt,
    model::{CriticalPath, Depth},
};

/// One run beside its floor, in seconds of AWS's time.
struct Measured {
    seconds: f64,
    /// The longest path, or what AWS's request limits make of it where that is longer.
    floor: f64,
    calls: u64,
    throttled: u64,
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let seeds = std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    println!(
        "{:<12} {:<5} {:>9} {:>9} {:>7} {:>7} {:>7} {:>7} {:>9}",
        "shape", "run", "seconds", "floor", "median", "p95", "worst", "calls", "throttled"
    );
    for (name, config) in shapes::all() {
        if !asked.is_empty() && !asked.iter().any(|one| one == name) {
            continue;
        }
        let mut up = Vec::new();
        let mut down = Vec::new();
        for seed in 1..=seeds {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .expect("a runtime");
            let (one, other) = runtime.block_on(both(&config, seed));
            up.push(one);
            down.push(other);
        }
        print(name, "up", up);
        print(name, "down", down);
    }
}

async fn both(config: &str, seed: u64) -> (Measured, Measured) {
    let world = World::seeded(config, seed);
    shapes::make_room(&world);
    let verbose = std::env::var_os("WHERE").is_some();
    let watch = Watch::new(&world);
    let up = world.up_telling(Interrupt::default(), Depth::Listed, watch.events()).await.done();
    let graph = world.graph().await;
    let spans = watch.spans_up(&graph, &up.known);
    let name = |at| graph.at(at).map(|(address, _)| address.clone());
    let floor = CriticalPath::through(graph.dag(), |at| spans[at], name);
    let tails = limits::tails(graph.dag(), |at| spans[at]);
    let limit = limits::floor(&up.calls.by_operation, &graph, |at| tails[at]);
    if verbose {
        watch.explain("up", &floor);
        println!("  request limits: {limit:?}\n  {:#?}", up.calls.by_operation);
    }
    let one = Measured {
        seconds: up.seconds,
        floor: floor.seconds.max(limit.0),
        calls: up.calls.total,
        throttled: up.calls.throttled,
    };
    let again = world.up().await.done();
    if verbose {
        println!("  again: {} {:#?}", again.calls.total, again.calls.by_operation);
    }
    let watch = Watch::new(&world);
    let down = world.down_telling(watch.events()).await.done();
    let floor = watch.floor_down(graph.edges(), &up.known);
    let limit = limits::floor(&down.calls.by_operation, &graph, |_| 0.0);
    if verbose {
        watch.explain("down", &floor);
        println!("  request limits: {limit:?}\n  {:#?}", down.calls.by_operation);
    }
    world.assert_empty();
    let other = Measured {
        seconds: down.seconds,
        floor: floor.seconds.max(limit.0),
        calls: down.calls.total,
        throttled: down.calls.throttled,
    };
    (one, other)
}

fn print(shape: &str, run: &str, all: Vec<Measured>) {
    let at = |values: &mut Vec<f64>, share: f64| {
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * share).round() as usize]
    };
    let mut seconds: Vec<f64> = all.iter().map(|one| one.seconds).collect();
    let mut floors: Vec<f64> = all.iter().map(|one| one.floor).collect();
    let mut ratios: Vec<f64> = all.iter().map(|one| one.seconds / one.floor).collect();
    let mut calls: Vec<f64> = all.iter().map(|one| one.calls as f64).collect();
    let throttled = all.iter().map(|one| one.throttled).max().unwrap_or(0);
    println!(
        "{shape:<12} {run:<5} {:>9.1} {:>9.1} {:>7.3} {:>7.3} {:>7.3} {:>7.0} {throttled:>9}",
        at(&mut seconds, 0.5),
        at(&mut floors, 0.5),
        at(&mut ratios, 0.5),
        at(&mut ratios, 0.95),
        at(&mut ratios, 1.0),
        at(&mut calls, 0.5),
    );
}
