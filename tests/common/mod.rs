//! A stack over the simulator, in virtual time: what the tests of whole runs begin with.
#![allow(dead_code, reason = "each test binary uses its own part")]

mod traffic;

use meshctl::{
    aws::{CallCounts, CallLog, Clients, Endpoint},
    cli::session::Session,
    config::Config,
    engine::{Action, Engine, Events, Interrupt, Outcome, Survey, retry::Retry},
    model::{Address, Clock, Depth, Graph, Identities},
    simulator::{
        Account, Simulator,
        wire::{Call, Service},
    },
    stack::Outputs,
    state::Store,
};
use serde_json::Value;
use std::{cell::Cell, collections::BTreeMap, path::PathBuf, rc::Rc, time::Duration};

/// The demonstration, as it is shipped.
pub const DEMO: &str = include_str!("../../config/demo.toml");

/// The demonstration over Service Connect.
pub fn connect() -> String {
    over("service-connect")
}

/// The demonstration over App Mesh, whatever the account says.
pub fn app_mesh() -> String {
    over("app-mesh")
}

/// The demonstration whose API has a VPC link of the second version.
pub fn linked() -> String {
    let stage = "stage = \"default\"";
    assert!(DEMO.contains(stage), "the demonstration names its stage");
    DEMO.replacen(stage, &format!("{stage}\nvpc_link = \"v2\""), 1)
}

/// The demonstration whose API reaches an application load balancer.
pub fn linked_to_alb() -> String {
    let link = "vpc_link = \"v2\"";
    linked().replacen(link, &format!("{link}\nload_balancer = \"application\""), 1)
}

/// The demonstration without NAT gateways.
pub fn without_nat() -> String {
    let nat = "nat = \"per-az\"";
    assert!(DEMO.contains(nat), "the demonstration has NAT gateways");
    DEMO.replacen(nat, "nat = \"none\"", 1)
}

/// The demonstration with one NAT gateway for each VPC.
pub fn with_one_nat() -> String {
    let nat = "nat = \"per-az\"";
    assert!(DEMO.contains(nat), "the demonstration has NAT gateways");
    DEMO.replacen(nat, "nat = \"single\"", 1)
}

/// The demonstration on Fargate Spot.
pub fn on_spot() -> String {
    let retention = "log_retention_days = 1";
    assert!(DEMO.contains(retention), "the demonstration says how long logs are kept");
    DEMO.replacen(retention, &format!("{retention}\ncapacity = \"fargate-spot\""), 1)
}

fn over(kind: &str) -> String {
    let auto = "kind = \"auto\"";
    assert!(DEMO.contains(auto), "the demonstration lets the account decide");
    DEMO.replacen(auto, &format!("kind = \"{kind}\""), 1)
}

/// A text of an answer.
pub fn text(answer: &Value, pointer: &str) -> String {
    answer.pointer(pointer).and_then(Value::as_str).expect(pointer).into()
}

/// One account, one stack, one state directory.
pub struct World {
    pub simulator: Simulator,
    pub config: String,
    pub region: String,
    directory: tempfile::TempDir,
}

/// What a run came to.
pub struct Run {
    pub outcome: Outcome,
    pub calls: CallCounts,
    pub known: Identities,
    pub outputs: Outputs,
    /// AWS's time.
    pub seconds: f64,
}

impl Run {
    /// Panics with the failures when anything failed.
    pub fn done(self) -> Self {
        let failures: Vec<String> =
            self.outcome.failures.iter().map(|f| format!("{}: {}", f.address, f.error)).collect();
        assert!(
            self.outcome.is_done(),
            "not done: {}\nskipped: {:?}\nleft: {:?}",
            failures.join("\n"),
            self.outcome.skipped,
            self.outcome.left
        );
        self
    }
}

impl World {
    pub fn new(config: &str) -> Self {
        Self::seeded(config, 7)
    }

    pub fn seeded(config: &str, seed: u64) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (config, region) = (config.into(), "eu-west-1".into());
        Self { simulator: Simulator::seeded(seed), config, region, directory }
    }

    /// Somebody else in the same account, with another configuration.
    pub fn other(&self, config: &str) -> Self {
        Self { simulator: self.simulator.clone(), ..Self::new(config) }
    }

    /// Another machine: the same configuration and account, and a state directory of its own.
    pub fn beside(&self) -> Self {
        self.other(&self.config)
    }

    /// Changes the configuration's text.
    pub fn edit(&mut self, from: &str, to: &str) {
        assert!(self.config.contains(from), "the configuration has {from:?}");
        self.config = self.config.replacen(from, to, 1);
    }

    /// Throws the state away: a new machine, a lost disk.
    pub fn lose_state(&mut self) {
        self.directory = tempfile::tempdir().expect("a temporary directory");
    }

    fn parsed(&self) -> Config {
        Config::parse(&self.config, "test").expect("a right configuration")
    }

    /// Where the stack's state is.
    pub fn state(&self) -> PathBuf {
        self.directory.path().join(&self.parsed().stack)
    }

    pub async fn session(&self) -> Session {
        let config = self.parsed();
        let endpoint = Endpoint {
            in_process: Some(self.simulator.http_client()),
            region: Some(self.region.clone()),
            ..Endpoint::default()
        };
        let clients = Clients::load(&endpoint, CallLog::default()).await;
        let stack = config.stack.clone();
        Session::with(clients, Some(config), &stack, self.state(), Clock::started(1.0))
            .await
            .expect("a session")
    }

    /// The session's engine, whose delays and nonces are new in each command of a test, and the same
    /// whenever the test runs. Its date is the account's.
    fn engine(
        &self,
        session: &Session,
        store: Store,
        events: Events,
        interrupt: Interrupt,
    ) -> Engine {
        thread_local! {
            static COMMANDS: Cell<u64> = const { Cell::new(0) };
        }
        let mut engine = session.engine(store, events, interrupt);
        engine.work.retry = Retry::seeded(COMMANDS.replace(COMMANDS.get() + 1));
        let simulator = self.simulator.clone();
        engine.work.date = Rc::new(move || (simulator.behind(|account| account.now) / 1000) as i64);
        engine
    }

    pub async fn up(&self) -> Run {
        self.up_heeding(Interrupt::default(), Depth::Listed).await
    }

    pub async fn up_in_full(&self) -> Run {
        self.up_heeding(Interrupt::default(), Depth::Full).await
    }

    pub async fn up_heeding(&self, interrupt: Interrupt, depth: Depth) -> Run {
        self.up_telling(interrupt, depth, Events::nowhere()).await
    }

    pub async fn up_telling(&self, interrupt: Interrupt, depth: Depth, events: Events) -> Run {
        let session = self.session().await;
        let _lock = session.lock("up").expect("the lock");
        let graph = session.graph().await.expect("a graph");
        let engine = self.engine(&session, session.store().expect("a state"), events, interrupt);
        let (outcome, known) = session.up(&engine, &graph, depth).await.expect("a run");
        let outputs = Outputs::of(&known, session.cx.scope(), session.config.as_ref());
        let calls = session.cx.log().counts();
        Run { outcome, calls, known, outputs, seconds: session.clock.now().as_secs_f64() }
    }

    pub async fn down(&self) -> Run {
        self.down_telling(Events::nowhere()).await
    }

    pub async fn down_telling(&self, events: Events) -> Run {
        let session = self.session().await;
        let _lock = session.lock("down").expect("the lock");
        let store = session.store().expect("a state");
        let engine = self.engine(&session, store, events, Interrupt::default());
        let outcome = engine.down().await.expect("a run");
        Run {
            outcome,
            calls: session.cx.log().counts(),
            known: Identities::default(),
            outputs: Outputs::default(),
            seconds: session.clock.now().as_secs_f64(),
        }
    }

    pub async fn graph(&self) -> Graph {
        self.session().await.graph().await.expect("a graph")
    }

    /// What `plan` sees.
    pub async fn survey(&self, depth: Depth) -> Survey {
        let session = self.session().await;
        let graph = session.graph().await.expect("a graph");
        let store = session.glance().expect("a state");
        let engine = self.engine(&session, store, Events::nowhere(), Interrupt::default());
        let survey = Survey::take(&engine.work, &graph, &engine.registry, depth).await;
        survey.expect("a survey")
    }

    /// What `plan` would say, but for what needs nothing.
    pub async fn plan(&self, depth: Depth) -> BTreeMap<Address, Action> {
        let survey = self.survey(depth).await;
        let findings = survey.findings.into_iter();
        let needed = findings.filter(|(_, finding)| finding.action != Action::Nothing);
        needed.map(|(address, finding)| (address, finding.action)).collect()
    }

    /// Watches the tasks every second until the work is done: every service keeps as many tasks that
    /// bear traffic as it wants, every page reaches its back-ends, and `also` holds. How often it looked.
    pub async fn watched(&self, work: impl Future<Output = ()>, also: impl Fn(&Account)) -> usize {
        let mut looks = 0;
        let watch = async {
            loop {
                self.assert_serving();
                self.assert_blue_path();
                self.simulator.behind(|account| also(account));
                looks += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = work => looks,
            () = watch => unreachable!("it watches for ever"),
        }
    }

    /// Fails unless the next `up` changes the demonstration's services in place.
    pub async fn assert_services_stay(&self) {
        let plan = self.plan(Depth::Listed).await;
        for name in [
            "provider/service/frontend",
            "provider/service/nodejs",
            "provider/service/crystal",
            "consumer/service/frontend",
        ] {
            // What they need may have to be made first.
            let kept = plan.get(&Address::new(name));
            let kept = matches!(kept, Some(Action::Update | Action::Depends(_)));
            assert!(kept, "{name} is not replaced: {plan:#?}");
        }
    }

    /// Somebody else asks the account, and a moment passes.
    pub async fn ask(&self, action: &str, input: Value) -> Value {
        let (prefix, operation) = action.split_once(':').expect("a service and an operation");
        let service = Service::from_prefix(prefix).expect("a service");
        let operation = &service.model().operation(operation).expect("an operation").name;
        let (region, access_key) = ("eu-west-1".into(), "LOCAL".into());
        let request_id = "request".into();
        let call = Call { service, operation, input, region, access_key, request_id };
        let answer = self.simulator.behind(|account| account.call(&call));
        tokio::time::sleep(Duration::from_secs(10)).await;
        answer.unwrap_or_else(|error| panic!("{action}: {error}"))
    }

    /// How many resources of a kind the account has.
    pub fn count(&self, service: &str, kind: &str) -> usize {
        self.simulator.inventory().count(service, kind)
    }

    /// Panics unless every page reaches its back-ends through the mesh.
    pub fn assert_blue_path(&self) {
        self.simulator.behind(|account| {
            let ports = traffic::ports(account);
            traffic::assert_blue_path(account, &ports);
        });
    }

    /// Panics unless every page of the consumer reaches its back-ends through the private API.
    pub fn assert_red_path(&self) {
        self.simulator.behind(|account| traffic::assert_red_path(account));
    }

    /// Panics unless every service of the provider has the tasks that it wants, healthy.
    pub fn assert_serving(&self) {
        self.simulator.behind(|account| traffic::assert_serving(account));
    }

    /// Panics unless the account is as empty as before.
    pub fn assert_empty(&self) {
        let left = self.simulator.inventory();
        assert!(left.is_empty(), "left over: {:#?}", left.resources);
        // The account's role for logs counts for nothing once its role is gone; we set it, though.
        let settings = left.remnants.iter().filter(|item| item.kind == "Account");
        assert_eq!(settings.count(), 0, "the account still names the role that we removed");
    }
}
