//! What every command begins with: the configuration, AWS, who is asking, and the guard.

mod choices;

pub(super) use choices::recorded_mesh;

use super::{
    CliError, Exit,
    args::{Common, Speed, Without},
    credentials::{no_region, nobody},
    environment, expiry,
    patience::patiently,
    private, signals,
};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, Scope, cx::caller, stacks::stacks},
    config::{Config, region_fault, stack_fault},
    engine::{Engine, Events, Interrupt, Outcome, retry::Retry, work::Work},
    model::{
        ByAddress, Clock, Edges, Estimates, Registry, Result as ModelResult, Run, Tags,
        tags::EXPIRES,
    },
    report::{
        Reporter, Timings,
        text::{duration, err},
    },
    resources,
    simulator::{Settings, Simulator, clock},
    stack::Facts,
    state::{
        Entry, Lease, Lock, State, Store, VERSION, history,
        lock::{self, LockError},
        store::make_directory,
    },
};
use jiff::Timestamp;
use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

/// What the names of App Mesh's kinds begin with.
const APP_MESH: &str = "AWS::AppMesh::";

/// How long after a second signal the work may take to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// One command's view of one stack.
pub struct Session {
    /// The configuration, where there is one.
    pub config: Option<Config>,
    /// Clients and the stack's identity.
    pub cx: Cx,
    /// Every kind.
    pub registry: Registry,
    /// AWS's time since the start.
    pub clock: Clock,
    /// Where the stack's state is.
    pub directory: PathBuf,
    /// Whether this is the simulator.
    pub local: bool,
    facts: RefCell<Option<Facts>>,
}

impl Session {
    /// Reads the configuration and asks AWS who is calling. `without` allows for no configuration,
    /// when the stack's name is given.
    ///
    /// # Errors
    /// When the configuration is wrong, AWS cannot be asked, or the account is not allowed.
    pub async fn open(common: &Common, without: bool) -> Result<Self, CliError> {
        if let Some(stack) = &common.stack
            && let Some((problem, remedy)) = stack_fault(stack)
        {
            return Err(
                CliError::new(Exit::Usage, format!("--stack {stack:?} {problem}")).hint(remedy)
            );
        }
        if !common.local && common.speed() == Speed::Max {
            let message = "--speed max is for --local: time behind a URL does not jump";
            return Err(CliError::new(Exit::Usage, message).hint("give a number"));
        }
        if !common.local {
            environment::check_endpoints()?;
        }
        let config = read_config(common, without)?;
        let stack = stack_name(common, config.as_ref());
        let directory = common.state_root().join(&stack);
        private::guard(&common.state)?;
        if common.local {
            private::close(&common.state_root())?;
        }
        private::close(&directory)?;
        let clock = Clock::started(common.speed().factor());
        let from_config = config.as_ref().and_then(|config| config.region.clone());
        let in_process =
            if common.local { Some(open_simulator(common)?.http_client()) } else { None };
        let endpoint = Endpoint {
            region: common.region.clone().or(from_config),
            profile: common.profile.clone(),
            url: common.endpoint_url.clone(),
            in_process,
            patience: None,
        };
        let clients = Clients::load(&endpoint, CallLog::default()).await;
        let mut session = Self::with(clients, config, &stack, directory, clock).await?;
        session.local = common.local;
        let told = "--allowed-account or MESHCTL_ALLOWED_ACCOUNTS";
        admit(&common.allowed_accounts, told, &session.cx.scope().caller.account)?;
        Ok(session)
    }

    /// A session over these clients.
    ///
    /// # Errors
    /// When AWS cannot be asked who is calling, or the account is not allowed.
    pub async fn with(
        clients: Clients,
        config: Option<Config>,
        stack: &str,
        directory: PathBuf,
        clock: Clock,
    ) -> Result<Self, CliError> {
        let Some(region) = clients.region() else { return Err(no_region(&clients).await) };
        if let Some((problem, remedy)) = region_fault(&region) {
            let message = format!("{region:?}, where the calls would go, {problem}");
            return Err(CliError::new(Exit::Usage, message).hint(remedy));
        }
        let caller = match patiently(clock, || caller(&clients)).await {
            Ok(caller) => caller,
            Err(error) => return Err(nobody(&clients, error).await),
        };
        let allowed = config.as_ref().map(|config| config.allowed_accounts.as_slice());
        admit(allowed.unwrap_or_default(), "allowed_accounts", &caller.account)?;
        let tags = config.as_ref().map(|config| config.tags.clone()).unwrap_or_default();
        let scope = Scope { stack: stack.into(), region, caller, tags };
        clients.log().pace.set_speed(clock.speed());
        let cx = Cx::new(clients, scope, clock);
        let registry = resources::registry(&cx);
        Ok(Self { config, cx, registry, clock, directory, local: false, facts: RefCell::default() })
    }

    /// The same account, asked for another stack of which nothing but the name is known.
    pub fn of(&self, stack: &str) -> Self {
        let scope = Scope { stack: stack.into(), tags: Tags::new(), ..self.cx.scope().clone() };
        let root = self.directory.parent().unwrap_or(&self.directory);
        let directory = root.join(stack);
        let (clock, local) = (self.clock, self.local);
        let cx = Cx::new((*self.cx).clone(), scope, clock);
        let registry = resources::registry(&cx);
        let facts = RefCell::default();
        Self { config: None, cx, registry, clock, directory, local, facts }
    }

    /// Decides when the stack ends, writes it down, and has it written on every resource.
    ///
    /// # Errors
    /// When the flag is no life span, or the state cannot be used.
    pub fn expire(&mut self, flag: Option<&str>, store: &mut Store) -> Result<(), CliError> {
        let now = Timestamp::now();
        let expires = expiry::decide(flag, self.config.as_ref(), store.state(), now)?;
        if let Some(value) = expires.choice {
            let position = store.append(Entry::Chosen { key: expiry::CHOICE.into(), value })?;
            store.sync(position)?;
        }
        if let Some(at) = expires.at {
            let mut scope = self.cx.scope().clone();
            scope.tags.insert(EXPIRES.into(), at);
            self.cx = Cx::new((*self.cx).clone(), scope, self.clock);
            self.registry = resources::registry(&self.cx);
        }
        Ok(())
    }

    /// Holds the stack for a command that changes it.
    ///
    /// # Errors
    /// When another command holds it.
    pub fn lock(&self, command: &str) -> Result<Lock, CliError> {
        make_directory(&self.directory)?;
        private::close(&self.directory)?;
        let path = self.directory.join("lock");
        if let Some(holder) = lock::elsewhere(&path) {
            let (host, silence) = (holder.host, Lease::default().silence.as_secs());
            err!("{host} did not let this stack go; watching for {silence} s whether it lives");
        }
        let lock = Lock::take(&path, command).map_err(|error| match &error {
            LockError::Held(_) => CliError::new(Exit::Locked, error.to_string())
                .hint("wait for it; a dead holder lets go by itself"),
            LockError::File { .. } => CliError::new(Exit::Failed, error.to_string())
                .hint("mend the permissions or give another directory with --state"),
        })?;
        self.cx.log().guard_mutations(lock.gate());
        Ok(lock)
    }

    /// The state, to be written to.
    ///
    /// # Errors
    /// When it cannot be used, or is of another account or region.
    pub fn store(&self) -> Result<Store, CliError> {
        let scope = self.cx.scope();
        let mut store = Store::open(&self.directory, &scope.stack)?;
        let opened = self.opened();
        let state = store.state();
        self.own(state)?;
        let same = state.account == scope.caller.account && state.region == scope.region;
        if !same {
            let position = store.append(opened)?;
            store.sync(position)?;
        }
        Ok(store)
    }

    /// The state, only to be looked at; writing to it changes memory alone.
    ///
    /// # Errors
    /// When it cannot be used, or is of another account or region.
    pub fn glance(&self) -> Result<Store, CliError> {
        let store = Store::read(&self.directory, &self.cx.scope().stack)?;
        self.own(store.state())?;
        let mut check: State = store.state().clone();
        check.apply(&self.opened()).map_err(|source| {
            CliError::from(crate::state::StoreError::Illegal {
                path: self.directory.clone(),
                line: 0,
                source,
            })
        })?;
        Ok(Store::in_memory(check))
    }

    /// Refuses the state of another account or region.
    ///
    /// # Errors
    /// When it is of another account or region.
    pub fn own(&self, state: &State) -> Result<(), CliError> {
        let scope = self.cx.scope();
        let here = (&scope.caller.account, &scope.region);
        if state.account.is_empty() || (&state.account, &state.region) == here {
            return Ok(());
        }
        let message = format!(
            "the state in {} is of account {}, {}; these credentials are of account {}, {}",
            self.directory.display(),
            state.account,
            state.region,
            here.0,
            here.1
        );
        Err(CliError::new(Exit::Refused, message)
            .hint("switch the profile or --region, or give another --stack or --state"))
    }

    fn opened(&self) -> Entry {
        let scope = self.cx.scope();
        Entry::Opened {
            version: VERSION,
            stack: scope.stack.clone(),
            account: scope.caller.account.clone(),
            region: scope.region.clone(),
        }
    }

    /// The engine over a state. After [`graph`](Self::graph) it knows nothing of App Mesh where that
    /// can hold nothing of the stack.
    pub fn engine(&self, store: Store, events: Events, interrupt: Interrupt) -> Engine {
        let seed = rand::random();
        let mut work = Work::new(self.clock, events, Retry::seeded(seed), interrupt, store);
        work.estimates = Estimates::of(&history::read(&self.directory));
        let log = self.cx.log().clone();
        work.date = Rc::new(move || Timestamp::now().as_second() + log.skew().unwrap_or_default());
        let registry = match self.passes_by_app_mesh(&work) {
            true => self.registry.without(APP_MESH),
            false => self.registry.clone(),
        };
        Engine { work, registry }
    }

    /// Whether App Mesh can hold nothing of the stack, by what was decided and what is on record. A
    /// record that is not whole may say too little.
    fn passes_by_app_mesh(&self, work: &Work) -> bool {
        let Some(choice) = self.mesh().filter(|choice| !choice.asks_app_mesh) else { return false };
        let holds = work.with_state(|state| {
            state.records.values().any(|record| record.kind.starts_with(APP_MESH))
        });
        !holds && (work.is_whole() == Some(true) || !choice.settled)
    }

    /// Sums up a run of this command and keeps its timings for later estimates. `edges` is what
    /// each resource had to wait for.
    pub fn remember(
        &self,
        command: &str,
        timings: &Timings,
        edges: &ByAddress<Edges>,
        outcome: &Outcome,
    ) -> Run {
        let seconds = self.clock.now().as_secs_f64();
        let run = Run::of(command, seconds, timings.expected(), timings.parts(), edges);
        if outcome.is_done()
            && !run.parts.is_empty()
            && let Err(error) = history::add(&self.directory, &run)
        {
            tracing::warn!(%error, "the timings of this run could not be kept");
        }
        run
    }

    /// How long the command has taken, for people.
    pub fn took(&self) -> String {
        let took = duration(self.clock.now());
        let is_aws = !self.local && self.clock.speed() == 1.0;
        if is_aws { took } else { format!("{took} of AWS's time") }
    }

    /// Runs something while signals are passed on to `interrupt` and live lines keep time.
    ///
    /// # Errors
    /// Those of the work; and when it does not end soon after a second signal.
    pub async fn heeding<T>(
        &self,
        interrupt: &Interrupt,
        reporter: &Reporter,
        work: impl Future<Output = ModelResult<T>>,
    ) -> Result<T, CliError> {
        let insisted = async {
            interrupt.asked(2).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            biased;
            ended = work => Ok(ended?),
            () = insisted => Err(CliError::new(Exit::Interrupted, "stopped with calls under way")
                .hint("run the command again: it finds out what became of them")),
            () = signals::watch(interrupt.clone()) => unreachable!("signals are watched for ever"),
            () = reporter.keep_time() => unreachable!("time is kept for ever"),
        }
    }
}

pub(super) fn read_config(common: &Common, without: bool) -> Result<Option<Config>, CliError> {
    let path = common.config_path();
    if without && common.config.is_none() && (common.stack.is_some() || !path.exists()) {
        return Ok(None);
    }
    Ok(Some(Config::load_for(&path, common.stack.as_deref())?))
}

fn stack_name(common: &Common, config: Option<&Config>) -> String {
    named(common, config).unwrap_or_else(|| "servicemesh-demo".into())
}

/// The stack that is meant: by `--stack`, by the configuration, or because the one state that is here
/// is of no other.
fn named(common: &Common, config: Option<&Config>) -> Option<String> {
    let stack = common.stack.clone().or_else(|| config.map(|config| config.stack.clone()));
    stack.or_else(|| {
        let states = states_in(&common.state_root());
        <[String; 1]>::try_from(states).ok().map(|[only]| only)
    })
}

/// The stacks of which something is on record under this directory, sorted.
fn states_in(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let has_record = |path: &Path| {
        ["journal.jsonl", "snapshot.json"].iter().any(|file| path.join(file).exists())
    };
    let stacks = entries.filter(|entry| has_record(&entry.path()));
    let mut stacks: Vec<String> =
        stacks.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    stacks.sort();
    stacks
}

/// The stack's name, for commands that need nothing else.
///
/// # Errors
/// When the configuration cannot be read.
pub fn stack_of(common: &Common) -> Result<String, CliError> {
    Ok(stack_name(common, read_config(common, true)?.as_ref()))
}

/// Refuses to guess a stack, for commands that remove what it has or write down whose it is.
///
/// # Errors
/// When neither `--stack`, a configuration nor a state names one: with the account's stacks. When AWS
/// cannot be asked for these.
pub(super) async fn demand_name(common: &Common, command: &str) -> Result<(), CliError> {
    if named(common, read_config(common, true)?.as_ref()).is_some() {
        return Ok(());
    }
    let session = Session::open(common, true).await?;
    let stacks = patiently(session.clock, || stacks(&session.cx)).await?;
    let scope = session.cx.scope();
    let place = format!("account {}, {}", scope.caller.account, scope.region);
    let message = format!(
        "`meshctl {command}` must be told which stack: {} is not there, and no state in {} says",
        common.config_path().display(),
        common.state_root().display()
    );
    let error = CliError::new(Exit::Usage, message);
    if stacks.is_empty() {
        return Err(error.hint(format!("there is no stack in {place}")));
    }
    let names = stacks.into_keys().collect::<Vec<_>>().join(", ");
    Err(error.hint(format!("give --stack NAME; the stacks in {place}: {names}")))
}

/// Refuses an account that is not among those that are allowed, where any are.
fn admit(allowed: &[String], told: &str, account: &str) -> Result<(), CliError> {
    if allowed.is_empty() || allowed.iter().any(|one| one == account) {
        return Ok(());
    }
    // A variable that is set and empty, as of a CI job without its value, allows none.
    let named = allowed.iter().map(String::as_str).filter(|one| !one.is_empty());
    let named = named.collect::<Vec<_>>().join(", ");
    let allowed = if named.is_empty() { "empty" } else { &named };
    let message = format!("these credentials are of account {account}, and {told} is {allowed}");
    Err(CliError::new(Exit::Refused, message)
        .hint(format!("switch the profile, or add the account to {told}")))
}

fn open_simulator(common: &Common) -> Result<Simulator, CliError> {
    let settings = Settings {
        speed: common.speed().factor(),
        directory: Some(common.state_root()),
        without_app_mesh: common.without.contains(&Without::AppMesh),
        begins_at: clock::today(),
        ..Settings::default()
    };
    Simulator::open(&settings).map_err(|error| {
        CliError::new(Exit::Failed, format!("the simulated account cannot be used: {error}"))
            .hint(format!("{} with --state", error.remedy()))
    })
}
