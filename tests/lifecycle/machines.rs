//! Several machines that share an account and nothing else: no state is ever shared here, and what came of
//! it is read from the simulated account.

use crate::common::{Run, World, app_mesh, connect, linked, with_one_nat, without_nat};
use meshctl::{
    engine::{Event, Events, Interrupt},
    model::{Address, Class, Depth, Verdict},
    report::human::Lines,
    simulator::{Fault, Moment, Rule, When},
};
use std::{cell::RefCell, collections::BTreeMap, fs, path::Path, rc::Rc, time::Duration};

/// In AWS's time: how long one command may take, whatever others did before it.
const BOUND: Duration = Duration::from_secs(2 * 60 * 60);

/// A command that must end. Two at once are more than a test's stack holds.
async fn ended(command: impl Future<Output = Run>) -> Run {
    tokio::time::timeout(BOUND, Box::pin(command)).await.expect("a command ends")
}

/// How many of each kind there are. Tasks and interfaces are AWS's own.
fn counts(world: &World) -> BTreeMap<(&'static str, &'static str), usize> {
    let mut counts = BTreeMap::new();
    for item in world.simulator.inventory().resources {
        if !matches!(item.kind, "Task" | "NetworkInterface") {
            *counts.entry((item.service, item.kind)).or_default() += 1;
        }
    }
    counts
}

/// What the account holds after one `up` of one machine, of whatever each address has one.
async fn alone(config: &str) -> BTreeMap<(&'static str, &'static str), usize> {
    let world = World::new(config);
    world.up().await.done();
    counts(&world)
}

fn copied(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}

/// One machine's `up`, another's `down` and `up`: what the first has on record is gone.
async fn made_anew_by_another(config: &str) -> (World, World) {
    let (a, b) = {
        let a = World::new(config);
        let b = a.beside();
        (a, b)
    };
    a.up().await.done();
    b.down().await.done();
    a.assert_empty();
    b.up().await.done();
    (a, b)
}

async fn assert_nothing_is_made_again(config: &str) {
    let (a, b) = made_anew_by_another(config).await;
    let there = counts(&a);
    for depth in [Depth::Listed, Depth::Full] {
        assert_eq!(a.plan(depth).await, BTreeMap::new());
    }
    let again = ended(a.up()).await.done();
    assert_eq!(again.calls.mutating, 0, "{:#?}", again.calls.by_operation);
    assert_eq!(counts(&a), there);
    let quiet = a.up().await.done();
    assert_eq!(quiet.calls.mutating, 0);
    assert!(quiet.calls.total <= 30, "{:#?}", quiet.calls);
    assert_eq!(b.up().await.done().calls.mutating, 0);
    a.down().await.done();
    a.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_another_machine_made_again_is_found_with_one_nat_gateway() {
    assert_nothing_is_made_again(&with_one_nat()).await;
}

#[tokio::test(start_paused = true)]
async fn what_another_machine_made_again_is_found_without_nat_gateways() {
    assert_nothing_is_made_again(&without_nat()).await;
}

#[tokio::test(start_paused = true)]
async fn what_another_machine_made_again_is_found_over_app_mesh() {
    assert_nothing_is_made_again(&app_mesh()).await;
}

#[tokio::test(start_paused = true)]
async fn what_another_machine_made_again_is_found_over_service_connect() {
    assert_nothing_is_made_again(&connect()).await;
}

#[tokio::test(start_paused = true)]
async fn a_down_with_an_outdated_record_takes_what_bears_the_old_names() {
    let (a, _) = made_anew_by_another(SMALL).await;
    let there = a.simulator.inventory().resources.len();
    let begun = tokio::time::Instant::now();
    let run = ended(a.down()).await.done();
    a.assert_empty();
    let calls = run.calls.by_operation;
    assert_eq!(
        calls.get("elasticloadbalancing:DeleteLoadBalancer"),
        Some(&6),
        "{there}: {calls:#?}"
    );
    // Nothing had to be waited for that nobody had asked to go.
    assert!(begun.elapsed() < Duration::from_secs(20 * 60), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_run_of_another_machine_is_named_while_it_is_at_work() {
    let a = World::new(SMALL);
    let b = a.beside();
    let told = Rc::new(RefCell::new(Vec::new()));
    let heard = told.clone();
    let listen = Events::to(move |event| {
        if let Event::Checked { check } = event {
            heard.borrow_mut().push(check.clone());
        }
    });
    let first = async {
        let run = up(&a, "a").await.done();
        (run, tokio::time::Instant::now())
    };
    let begun = tokio::time::Instant::now();
    let second = async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        let plan = b.survey(Depth::Listed).await;
        let [run] = &*plan.foreign else { panic!("{:?}", plan.foreign) };
        assert!(run.made > 20, "{run:?}");
        assert!(run.last - run.since <= 40, "{run:?}");
        ended(b.down_telling(listen)).await
    };
    let ((_, ended_at), _) = tokio::join!(Box::pin(first), Box::pin(second));
    assert!(ended_at.duration_since(begun) > Duration::from_secs(40));
    let check = told.borrow().first().cloned().expect("a warning");
    assert_eq!(check.verdict, Verdict::Warning);
    assert!(check.what.starts_with("another run ("), "{}", check.what);
    assert!(check.remedy.as_ref().is_some_and(|it| it.contains("--state")), "{check:?}");
    // What has come to rest is nobody's work any more.
    up(&a, "a").await.done();
    assert_eq!(b.survey(Depth::Listed).await.foreign, []);
    down(&a, "a").await.done();
    a.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_restored_from_a_copy_is_as_good_as_none() {
    let a = World::new(&without_nat());
    a.up().await.done();
    let kept = tempfile::tempdir().unwrap();
    copied(&a.state(), kept.path());
    a.down().await.done();
    a.up().await.done();
    let there = counts(&a);
    copied(kept.path(), &a.state());
    assert_eq!(a.plan(Depth::Listed).await, BTreeMap::new());
    assert_eq!(ended(a.up()).await.done().calls.mutating, 0);
    assert_eq!(counts(&a), there);
    a.down().await.done();
    a.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_stale_in_part_is_mended_in_that_part() {
    let a = World::new(&linked());
    let known = a.up().await.done().known;
    let b = a.beside();
    // The second machine moves everything to another range, and back.
    let mut moved = a.beside();
    moved.config = moved.config.replace("\"10.1.", "\"10.2.");
    moved.up().await.done();
    b.up().await.done();
    let vpc = Address::new("consumer/vpc");
    let identity = known.raw(&vpc).expect("a VPC")[0].clone();
    assert_eq!(a.count("ec2", "Vpc"), 2, "{identity}");
    assert_eq!(a.plan(Depth::Listed).await, BTreeMap::new());
    assert_eq!(ended(a.up()).await.done().calls.mutating, 0);
    a.down().await.done();
    a.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_vanishes_as_often_as_it_is_made_ends_the_run_with_the_cause() {
    for operation in ["ec2:CreateSubnet", "logs:CreateLogGroup", "ecs:RegisterTaskDefinition"] {
        let world = World::new(&without_nat());
        let vanish = Fault::Vanish(Moment::After);
        world.simulator.fault(Rule::new(operation, When::Always, vanish));
        let run = ended(world.up()).await;
        assert!(!run.outcome.is_done(), "{operation}");
        let mut failures = run.outcome.failures.iter().map(|failure| &failure.error);
        let cause = failures.find(|error| error.to_string().contains("tried 3 times"));
        let cause = cause.expect("a cause");
        assert_eq!(cause.class, Class::Terminal, "{cause}");
        assert!(cause.remedy().is_some(), "{cause}");
        world.simulator.calm();
        ended(world.up()).await.done();
        world.down().await.done();
        world.assert_empty();
    }
}

/// How many lives a plain run has; `MESHCTL_MACHINES=100` has more.
fn lives() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("MESHCTL_FIRST").unwrap_or_default();
    first..first + number("MESHCTL_MACHINES").unwrap_or(4)
}

/// A stack that is small, for there are many lives of it.
const SMALL: &str = r#"
stack = "shared"

[network]
availability_zones = 2
nat = "single"

[api]

[mesh]
kind = "app-mesh"

[[service]]
name = "page"
image = "repo/page:1"
port = 3000
expose = "public"
backends = ["back"]

[[service]]
name = "back"
image = "repo/back:1"
port = 3000
expose = "api"
mesh_port = 3001
path = "/"
"#;

/// The small stack with or without NAT gateways, over either mesh, behind either link.
fn shape(seed: u64) -> String {
    let (nat, mesh, link) = [
        ("single", "app-mesh", ""),
        ("none", "service-connect", ""),
        ("single", "service-connect", "vpc_link = \"v2\""),
        ("none", "app-mesh", ""),
    ][seed as usize % 4];
    let config = SMALL.replace("nat = \"single\"", &format!("nat = {nat:?}"));
    let config = config.replace("kind = \"app-mesh\"", &format!("kind = {mesh:?}"));
    config.replace("[api]\n", &format!("[api]\n{link}\n"))
}

/// With `MESHCTL_TELL` set, prints what a machine does.
fn telling(who: &'static str) -> Events {
    if std::env::var_os("MESHCTL_TELL").is_none() {
        return Events::nowhere();
    }
    let lines = Lines::new(true);
    Events::to(move |event| {
        lines.line(event).into_iter().for_each(|line| println!("{who}: {line}"));
    })
}

async fn up(world: &World, who: &'static str) -> Run {
    ended(world.up_telling(Interrupt::default(), Depth::Listed, telling(who))).await
}

async fn down(world: &World, who: &'static str) -> Run {
    ended(world.down_telling(telling(who))).await
}

/// Two commands of two machines, the second one this many seconds after the first.
async fn at_once(
    first: impl Future<Output = Run>,
    second: impl Future<Output = Run>,
    after: f64,
) -> (Run, Run) {
    let second = async {
        tokio::time::sleep(Duration::from_secs_f64(after)).await;
        second.await
    };
    tokio::join!(first, second)
}

/// How long after the first the second machine begins, in seconds.
fn delay(seed: u64) -> f64 {
    [0.0, 0.4, 1.0, 3.0, 8.0, 20.0, 60.0, 150.0][(seed / 4) as usize % 8]
}

#[tokio::test(start_paused = true)]
async fn after_two_ups_at_once_one_up_leaves_one_of_each_and_one_down_nothing() {
    let mut alone_by_shape = BTreeMap::new();
    for seed in lives() {
        let config = shape(seed);
        if !alone_by_shape.contains_key(&config) {
            let there = alone(&config).await;
            alone_by_shape.insert(config.clone(), there);
        }
        let a = World::seeded(&config, seed);
        let (b, third) = (a.beside(), a.beside());
        println!("seed {seed}");
        let (one, other) = at_once(up(&a, "a"), up(&b, "b"), delay(seed)).await;
        let doubled = counts(&a);
        let who = [&a, &b, &third][(seed % 3) as usize];
        let run = up(who, "after").await;
        println!(
            "seed {seed}: {} and {} failed, then {} removed and {} replaced",
            one.outcome.failures.len(),
            other.outcome.failures.len(),
            run.outcome.counts.deleted,
            run.outcome.counts.replaced
        );
        run.done();
        assert_eq!(counts(&a), alone_by_shape[&config], "seed {seed}, from {doubled:#?}");
        a.assert_serving();
        let next = [&b, &third, &a][(seed % 3) as usize];
        assert_eq!(next.plan(Depth::Listed).await, BTreeMap::new(), "seed {seed}");
        let quiet = up(next, "next").await.done();
        assert_eq!(quiet.calls.mutating, 0, "seed {seed}: {:#?}", quiet.calls.by_operation);
        down([&b, &a][(seed % 2) as usize], "down").await.done();
        let left = a.simulator.inventory();
        assert!(left.is_empty(), "seed {seed}: left over: {:#?}", left.resources);
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_up_and_a_down_at_once_one_down_leaves_nothing() {
    for seed in lives() {
        let a = World::seeded(&shape(seed), seed);
        let (b, third) = (a.beside(), a.beside());
        println!("seed {seed}");
        if seed % 2 == 0 {
            up(&a, "a").await.done();
            at_once(down(&b, "b"), up(&a, "a"), delay(seed)).await;
        } else {
            at_once(up(&a, "a"), down(&b, "b"), delay(seed)).await;
        }
        down([&a, &b, &third][(seed % 3) as usize], "after").await.done();
        let left = a.simulator.inventory();
        assert!(left.is_empty(), "seed {seed}: left over: {:#?}", left.resources);
    }
}
