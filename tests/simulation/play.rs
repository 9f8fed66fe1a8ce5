//! Lets a scenario happen, and asks the model after every step.

use super::{
    burst::{self, Burst},
    model::Model,
    others::{self, Edited},
    shape::{STACK, Shape},
    shrink::Tally,
    steps::{Kill, Scenario, Step},
    wire::Wire,
};
use meshctl::{
    aws::{CallLog, Clients, Endpoint},
    cli::session::Session,
    config::Config,
    engine::{Engine, Events, Interrupt, retry::Retry, work::Work},
    model::{Clock, Depth},
    simulator::{Account, Item, Simulator},
};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::{
    cell::RefCell,
    collections::HashMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};
use tokio::time::Instant;

/// In AWS's time: how long any command may take, once there are no faults (any more), before it has
/// either done its work or said why not.
pub const BOUND: Duration = Duration::from_secs(60 * 60);

/// Lets it happen, in virtual time.
pub fn play(scenario: &Scenario, tally: &mut Tally) -> Result<(), String> {
    tally.seeds += 1;
    catch_unwind(AssertUnwindSafe(|| paused().block_on(life(scenario, tally)))).unwrap_or_else(
        |panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("panicked: {}", text.unwrap_or("without a word")))
        },
    )
}

/// One thread whose time jumps.
pub fn paused() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().expect("a runtime")
}

/// Where it is quick to be careful: syncing to memory costs nothing.
pub fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary directory")
}

async fn life(scenario: &Scenario, tally: &mut Tally) -> Result<(), String> {
    let shape = scenario.shape.clone();
    let mut world = match scenario.begins_up {
        true => World::standing(scenario.seed, shape).await?,
        false => World::new(scenario.seed, shape).await,
    };
    for (index, step) in scenario.steps.iter().enumerate() {
        let at = |error| format!("step {} ({step:?}): {error}", index + 1);
        world.step(step, tally).await.map_err(at)?;
        if world.settled {
            world.model.always(&world.simulator).map_err(at)?;
        } else {
            world.model.strangers(&world.simulator).map_err(at)?;
        }
    }
    for (name, count) in world.simulator.struck() {
        *tally.faults.entry(name).or_default() += count;
    }
    Ok(())
}

/// One account, one stack, one state directory.
pub struct World {
    pub simulator: Simulator,
    pub model: Model,
    pub shape: Shape,
    directory: tempfile::TempDir,
    /// The other machine's.
    other: tempfile::TempDir,
    /// A record that was kept, to come back.
    kept: Option<tempfile::TempDir>,
    /// What others took the stack's tag from.
    stripped: Vec<String>,
    /// What others edited since the last look at everything.
    edited: Vec<Edited>,
    /// Whether one address is one resource: not after two machines at once, until one is done alone.
    settled: bool,
    /// How closely the next `up` looks.
    depth: Depth,
    /// Of the next command's delays and nonces.
    seed: u64,
}

impl World {
    pub async fn new(seed: u64, shape: Shape) -> Self {
        let simulator = Simulator::seeded(seed);
        simulator.behind(|account| {
            account.quotas.elastic_ips = 10;
        });
        strangers(&simulator).await;
        let model = Model::before(&simulator);
        Self::of(simulator, model, shape, directory(), seed)
    }

    /// A world in which the stack is up. Each shape is brought up once in a thread, and copied.
    async fn standing(seed: u64, shape: Shape) -> Result<Self, String> {
        thread_local! {
            static STANDING: RefCell<HashMap<String, Standing>> = RefCell::default();
        }
        let key = format!("{shape:?}");
        let known = STANDING.with_borrow(|standing| standing.get(&key).cloned());
        let standing = match known {
            Some(standing) => standing,
            None => {
                let mut world = Self::new(1, shape.clone()).await;
                world.up(None, None, &mut Tally::default()).await?;
                let account = world.simulator.behind(|account| serde_json::to_vec(account));
                let file = |name: &str| {
                    let bytes = fs::read(world.state().join(name)).ok()?;
                    Some((Path::new(STACK).join(name), bytes))
                };
                let files = ["journal.jsonl", "snapshot.json"].into_iter().filter_map(file);
                let standing = Standing {
                    account: account.expect("an account").into(),
                    files: files.collect::<Vec<_>>().into(),
                    model: world.model.clone(),
                };
                STANDING.with_borrow_mut(|all| all.insert(key, standing.clone()));
                standing
            }
        };
        let account = serde_json::from_slice(&standing.account).expect("an account");
        let world = Self::at(account, &standing.files, standing.model, shape, seed);
        Ok(world)
    }

    /// The same account and state at another moment.
    pub fn resumed(&self, account: Account, files: &[(PathBuf, Vec<u8>)], seed: u64) -> Self {
        Self::at(account, files, self.model.clone(), self.shape.clone(), seed)
    }

    fn at(
        account: Account,
        files: &[(PathBuf, Vec<u8>)],
        model: Model,
        shape: Shape,
        seed: u64,
    ) -> Self {
        let directory = directory();
        for (name, bytes) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
        let simulator = Simulator::holding(account);
        Self::of(simulator, model, shape, directory, seed)
    }

    fn of(
        simulator: Simulator,
        model: Model,
        shape: Shape,
        directory: tempfile::TempDir,
        seed: u64,
    ) -> Self {
        Self {
            simulator,
            model,
            shape,
            directory,
            other: self::directory(),
            kept: None,
            stripped: Vec::new(),
            edited: Vec::new(),
            settled: true,
            depth: Depth::Listed,
            seed: seed << 8,
        }
    }

    /// The stack's own directory.
    pub fn state(&self) -> PathBuf {
        self.directory.path().join(STACK)
    }

    pub async fn session(&self, wire: &Wire) -> Result<Session, String> {
        self.session_at(self.state(), wire).await
    }

    async fn session_at(&self, state: PathBuf, wire: &Wire) -> Result<Session, String> {
        let text = self.shape.config();
        let config = Config::parse(&text, "random").map_err(|error| format!("{error}\n{text}"))?;
        let endpoint = Endpoint {
            in_process: Some(wire.client()),
            region: Some("eu-west-1".into()),
            ..Endpoint::default()
        };
        let clients = Clients::load(&endpoint, CallLog::default()).await;
        let session = Session::with(clients, Some(config), STACK, state, Clock::started(1.0)).await;
        session.map_err(|error| error.message)
    }

    fn engine(&mut self, session: &Session) -> Result<Engine, String> {
        self.seed += 1;
        self.engine_of(session, self.seed)
    }

    /// An engine whose delays and nonces are of this seed, and whose date is the account's.
    fn engine_of(&self, session: &Session, seed: u64) -> Result<Engine, String> {
        let store = session.store().map_err(|error| error.message)?;
        let (retry, interrupt) = (Retry::seeded(seed), Interrupt::default());
        let mut work = Work::new(session.clock, Events::nowhere(), retry, interrupt, store);
        let simulator = self.simulator.clone();
        work.date = Rc::new(move || (simulator.behind(|account| account.now) / 1000) as i64);
        Ok(Engine { work, registry: session.registry.clone() })
    }

    async fn step(&mut self, step: &Step, tally: &mut Tally) -> Result<(), String> {
        match *step {
            Step::Up(kill, burst) => self.up(kill, burst, tally).await.map(drop),
            Step::Down(kill, burst) => self.down(kill, burst, tally).await.map(drop),
            Step::Change(seed) => {
                self.shape.change(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
                Ok(())
            }
            Step::Vanish(which) => self.vanish(which, tally).await,
            Step::Lose => {
                self.directory = directory();
                tally.lost_states += 1;
                // Reads lag behind creates by seconds: a person is slower than that.
                tokio::time::sleep(Duration::from_secs(15)).await;
                Ok(())
            }
            Step::Tear(thousandths) => {
                tally.torn_states += 1;
                let path = self.state().join("journal.jsonl");
                if let Ok(journal) = fs::read(&path) {
                    let keep = journal.len() * thousandths as usize / 1000;
                    fs::write(&path, &journal[..keep]).expect("the journal");
                }
                tokio::time::sleep(Duration::from_secs(15)).await;
                Ok(())
            }
            Step::Wait(seconds) => {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                Ok(())
            }
            Step::Elsewhere => {
                tally.elsewhere += 1;
                std::mem::swap(&mut self.directory, &mut self.other);
                // Reads lag behind creates by seconds: machines are further apart than that.
                tokio::time::sleep(Duration::from_secs(20)).await;
                Ok(())
            }
            Step::AtOnce(here, there, later) => self.at_once(here, there, later, tally).await,
            Step::Copy => {
                tally.copied += 1;
                self.other = copy_of(&self.directory);
                Ok(())
            }
            Step::Keep => {
                self.kept = Some(copy_of(&self.directory));
                Ok(())
            }
            Step::Restore => {
                if let Some(kept) = self.kept.take() {
                    tally.restored += 1;
                    self.directory = kept;
                    tokio::time::sleep(Duration::from_secs(20)).await;
                }
                Ok(())
            }
            Step::Strip(which) => {
                let stripped = others::strip(&self.simulator, which);
                tally.stripped += u64::from(stripped.is_some());
                self.stripped.extend(stripped);
                Ok(())
            }
            Step::TagAgain => {
                others::tag_again(&self.simulator, &std::mem::take(&mut self.stripped));
                tokio::time::sleep(Duration::from_secs(20)).await;
                Ok(())
            }
            Step::Edit(which) => {
                let edited = others::edit(&self.simulator, which);
                tally.edited += u64::from(edited.is_some());
                self.edited.extend(edited);
                Ok(())
            }
            Step::Refresh => self.refresh(tally).await,
        }
    }

    /// Brings it up. Without a kill it must end well within the bound, though a burst of faults may
    /// take one more run after it: AWS's patience is not ours to spend.
    pub async fn up(
        &mut self,
        kill: Option<Kill>,
        burst: Option<Burst>,
        tally: &mut Tally,
    ) -> Result<Ended, String> {
        let mut ended = self.command(true, kill, burst, tally).await?;
        let again = ended == Ended::Failed || burst.is_some_and(|burst| burst.meddles());
        if ended != Ended::Killed && burst.is_some() && again {
            ended = self.command(true, None, None, tally).await?;
        }
        if ended == Ended::Failed {
            return Err("`up` failed without a fault".into());
        }
        if ended == Ended::Done {
            self.model.up(&self.simulator, &self.shape)?;
            self.settled = true;
        }
        Ok(ended)
    }

    /// `up` that looks at everything: what others edited is as it was before.
    async fn refresh(&mut self, tally: &mut Tally) -> Result<(), String> {
        self.depth = Depth::Full;
        let ended = self.up(None, None, tally).await;
        self.depth = Depth::Listed;
        ended?;
        let edited = std::mem::take(&mut self.edited);
        match edited.iter().find_map(|edited| edited.differs(&self.simulator)) {
            Some(difference) => Err(format!("`up --refresh` is done, and {difference}")),
            None => Ok(()),
        }
    }

    /// A command on each machine, at once. They may stand in each other's way and say so; they end.
    async fn at_once(
        &mut self,
        here: bool,
        there: bool,
        later: u64,
        tally: &mut Tally,
    ) -> Result<(), String> {
        tally.at_once += 1;
        tally.runs += 2;
        self.settled = false;
        self.seed += 2;
        let other = self.other.path().join(STACK);
        let second = async {
            tokio::time::sleep(Duration::from_secs(later)).await;
            self.beside(other, there, self.seed).await
        };
        let (first, second) = tokio::join!(self.beside(self.state(), here, self.seed - 1), second);
        tally.calls += first? + second?;
        tokio::time::sleep(Duration::from_secs(20)).await;
        Ok(())
    }

    /// A calm command that need not succeed, with the record in this directory. How many calls it made.
    async fn beside(&self, state: PathBuf, up: bool, seed: u64) -> Result<u64, String> {
        let wire = Wire::new(&self.simulator, None);
        let session = self.session_at(state, &wire).await?;
        let _lock = session.lock("simulated").map_err(|error| error.message)?;
        let engine = self.engine_of(&session, seed)?;
        let work = async {
            match (up, session.graph().await) {
                (true, Ok(graph)) => drop(engine.up(&graph, Depth::Listed).await),
                (true, Err(_)) => {}
                (false, _) => drop(engine.down().await),
            }
        };
        let ended = tokio::time::timeout(BOUND, work).await;
        let command = if up { "up" } else { "down" };
        ended.map_err(|_| format!("`{command}` beside another did not end in {BOUND:?}"))?;
        Ok(session.cx.log().counts().total)
    }

    /// Takes it down.
    pub async fn down(
        &mut self,
        kill: Option<Kill>,
        burst: Option<Burst>,
        tally: &mut Tally,
    ) -> Result<Ended, String> {
        let stripped = others::there(&self.simulator, &self.stripped);
        if !stripped.is_empty() {
            return self.down_around(&stripped, tally).await;
        }
        let mut ended = self.command(false, kill, burst, tally).await?;
        if ended == Ended::Failed && burst.is_some() {
            ended = self.command(false, None, None, tally).await?;
        }
        if ended == Ended::Failed {
            return Err("`down` failed without a fault".into());
        }
        if ended == Ended::Done {
            self.model.down(&self.simulator)?;
            self.settled = true;
            self.edited.clear();
        }
        Ok(ended)
    }

    /// Takes down what it can where others took the tag from something: what the record knows of that
    /// is named, and nothing else is left but what that stands on, which is named, too.
    async fn down_around(
        &mut self,
        stripped: &[String],
        tally: &mut Tally,
    ) -> Result<Ended, String> {
        let record = ["snapshot.json", "journal.jsonl"]
            .map(|file| fs::read_to_string(self.state().join(file)).unwrap_or_default());
        let known = |id: &&String| record.iter().any(|text| text.contains(id.as_str()));
        let known: Vec<&String> = stripped.iter().filter(known).collect();
        self.seed += 1;
        let wire = Wire::new(&self.simulator, None);
        let session = self.session(&wire).await?;
        let _lock = session.lock("simulated").map_err(|error| error.message)?;
        let engine = self.engine(&session)?;
        let outcome = tokio::time::timeout(BOUND, engine.down()).await;
        let outcome = outcome.map_err(|_| format!("`down` did not end in {BOUND:?}"))?;
        let outcome = outcome.map_err(|error| format!("refused: {error}"))?;
        tally.runs += 1;
        tally.calls += session.cx.log().counts().total;
        let named = |id: &str| outcome.left.iter().any(|left| left.id == id);
        if let Some(forgotten) = known.iter().find(|id| !named(id)) {
            return Err(format!("{forgotten} lost its tag and is not named: {:?}", outcome.left));
        }
        if let Some(taken) = others::gone(&self.simulator, stripped) {
            return Err(format!("{taken} had lost its tag, and was removed"));
        }
        let items = self.simulator.inventory().resources;
        let left = self.model.ours_by_tag(&items);
        let by_id = |item: &&&Item| others::STRIPPED.contains(&(item.service, item.kind));
        if let Some(unnamed) = left.iter().filter(by_id).find(|item| !named(&item.id)) {
            return Err(format!("it is left and not named: {unnamed:?}"));
        }
        if outcome.is_done() && !(known.is_empty() && left.is_empty()) {
            return Err(format!("`down` is done, and there are {known:?} and {left:?}"));
        }
        Ok(Ended::Failed)
    }

    async fn command(
        &mut self,
        up: bool,
        kill: Option<Kill>,
        burst: Option<Burst>,
        tally: &mut Tally,
    ) -> Result<Ended, String> {
        let wire = Wire::new(&self.simulator, kill);
        self.through(&wire, up, kill, burst, tally).await
    }

    /// A calm command over a wire that somebody listens to.
    pub async fn over(&mut self, wire: &Wire, up: bool) -> Result<Ended, String> {
        self.through(wire, up, None, None, &mut Tally::default()).await
    }

    async fn through(
        &mut self,
        wire: &Wire,
        up: bool,
        kill: Option<Kill>,
        burst: Option<Burst>,
        tally: &mut Tally,
    ) -> Result<Ended, String> {
        let mut synced = 0;
        let depth = self.depth;
        let run = async {
            let session = self.session(wire).await?;
            let _lock = session.lock("simulated").map_err(|error| error.message)?;
            let graph = session.graph().await.map_err(|error| error.message)?;
            let engine = self.engine(&session)?;
            let begun = Instant::now();
            let lasts = burst.map(|burst| burst.lasts()).unwrap_or_default();
            let work = async {
                match up {
                    true => engine.up(&graph, depth).await.map(|(outcome, _)| outcome),
                    false => engine.down().await,
                }
            };
            let weather = async {
                if let Some(burst) = burst {
                    burst.begin(&self.simulator);
                    tokio::time::sleep(lasts).await;
                    burst::end(&self.simulator);
                }
                std::future::pending::<()>().await
            };
            let outcome = tokio::select! {
                biased;
                () = wire.death() => None,
                () = weather => None,
                outcome = tokio::time::timeout(lasts + BOUND, work) => Some(outcome),
            };
            tally.longest = tally.longest.max(begun.elapsed().saturating_sub(lasts));
            synced = engine.work.synced();
            tally.calls += session.cx.log().counts().total;
            tally.throttled += session.cx.log().counts().throttled;
            Ok::<_, String>(outcome)
        };
        // A kill may also come before the engine begins; else the run itself says what is synced.
        let too_early = async {
            wire.death().await;
            tokio::task::yield_now().await;
        };
        let outcome = tokio::select! {
            biased;
            outcome = run => outcome?,
            () = too_early => None,
        };
        burst::end(&self.simulator);
        tally.runs += 1;
        let Some(outcome) = outcome else {
            tally.kills += 1;
            if kill.is_some_and(|kill| kill.power) {
                self.cut_power(synced);
                tally.power_cuts += 1;
            }
            return Ok(Ended::Killed);
        };
        match outcome {
            Err(_) => Err(format!("it did not end within {} s of calm", BOUND.as_secs())),
            Ok(Ok(outcome)) if outcome.is_done() => Ok(Ended::Done),
            Ok(Ok(outcome)) if burst.is_none() => {
                let failures = outcome.failures.iter();
                let failures: Vec<String> =
                    failures.map(|one| format!("{}: {}", one.address, one.error)).collect();
                Err(format!("not done: {failures:?}, left: {:?}", outcome.left))
            }
            Ok(Err(error)) if burst.is_none() => Err(format!("refused: {error}")),
            Ok(_) => Ok(Ended::Failed),
        }
    }

    /// What was written and not synced is lost, in part or altogether.
    fn cut_power(&mut self, synced: u64) {
        let path = self.state().join("journal.jsonl");
        let Ok(journal) = fs::read(&path) else { return };
        let synced = (synced as usize).min(journal.len());
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let keep = dice.random_range(synced..=journal.len());
        fs::write(&path, &journal[..keep]).expect("the journal");
    }

    /// Deletes something of the stack, as a person in the console would; AWS may refuse.
    async fn vanish(&mut self, which: u64, tally: &mut Tally) -> Result<(), String> {
        let session = self.session(&Wire::new(&self.simulator, None)).await?;
        let mut found = Vec::new();
        for kind in session.registry.iter() {
            let search = kind.search().await.map_err(|error| error.to_string())?;
            found.extend(search.into_iter().map(|one| (kind.clone(), one)));
        }
        if !found.is_empty() {
            let (kind, one) = &found[(which % found.len() as u64) as usize];
            tally.vanished += u64::from(kind.delete(&one.out).await.is_ok());
        }
        Ok(())
    }
}

/// A copy of a machine's records.
fn copy_of(from: &tempfile::TempDir) -> tempfile::TempDir {
    let copy = directory();
    let to = copy.path().join(STACK);
    fs::create_dir_all(&to).expect("a folder");
    for file in ["journal.jsonl", "snapshot.json"] {
        if let Ok(bytes) = fs::read(from.path().join(STACK).join(file)) {
            fs::write(to.join(file), bytes).expect("a file");
        }
    }
    copy
}

/// An account and a state in which a stack is up.
#[derive(Clone)]
struct Standing {
    account: Rc<[u8]>,
    files: Rc<[(PathBuf, Vec<u8>)]>,
    model: Model,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    Done,
    Failed,
    Killed,
}

/// Things of others, some of which look like ours.
async fn strangers(simulator: &Simulator) {
    let endpoint = Endpoint {
        in_process: Some(simulator.http_client()),
        region: Some("eu-west-1".into()),
        ..Endpoint::default()
    };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    clients.ec2().create_vpc().cidr_block("10.9.0.0/16").send().await.expect("a stranger's VPC");
    let group = format!("/meshctl/{STACK}-2/api/access");
    clients.logs().create_log_group().log_group_name(group).send().await.expect("a log group");
    let group = format!("/meshctl/{STACK}/of-somebody-else");
    clients.logs().create_log_group().log_group_name(group).send().await.expect("a log group");
    clients.ecs().create_cluster().cluster_name("others").send().await.expect("a cluster");
    // They settle before anyone looks.
    tokio::time::sleep(Duration::from_secs(60)).await;
}
