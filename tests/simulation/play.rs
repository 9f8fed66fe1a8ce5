//! Lets a scenario happen, and asks the model after every step.

use super::{
    burst::{self, Burst},
    model::Model,
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
    simulator::{Account, Simulator},
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
        world.model.always(&world.simulator).map_err(at)?;
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
        Self { simulator, model, shape, directory: directory(), seed: seed << 8 }
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
        Self { simulator, model, shape, directory, seed: seed << 8 }
    }

    /// The stack's own directory.
    pub fn state(&self) -> PathBuf {
        self.directory.path().join(STACK)
    }

    pub async fn session(&self, wire: &Wire) -> Result<Session, String> {
        let text = self.shape.config();
        let config = Config::parse(&text, "random").map_err(|error| format!("{error}\n{text}"))?;
        let endpoint = Endpoint {
            in_process: Some(wire.client()),
            region: Some("eu-west-1".into()),
            ..Endpoint::default()
        };
        let clients = Clients::load(&endpoint, CallLog::default()).await;
        let session =
            Session::with(clients, Some(config), STACK, self.state(), Clock::started(1.0)).await;
        session.map_err(|error| error.message)
    }

    fn engine(&mut self, session: &Session) -> Result<Engine, String> {
        self.seed += 1;
        let store = session.store().map_err(|error| error.message)?;
        let (retry, interrupt) = (Retry::seeded(self.seed), Interrupt::default());
        let work = Work::new(session.clock, Events::nowhere(), retry, interrupt, store);
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
        }
        Ok(ended)
    }

    /// Takes it down.
    pub async fn down(
        &mut self,
        kill: Option<Kill>,
        burst: Option<Burst>,
        tally: &mut Tally,
    ) -> Result<Ended, String> {
        let mut ended = self.command(false, kill, burst, tally).await?;
        if ended == Ended::Failed && burst.is_some() {
            ended = self.command(false, None, None, tally).await?;
        }
        if ended == Ended::Failed {
            return Err("`down` failed without a fault".into());
        }
        if ended == Ended::Done {
            self.model.down(&self.simulator)?;
        }
        Ok(ended)
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
        let run = async {
            let session = self.session(wire).await?;
            let _lock = session.lock("simulated").map_err(|error| error.message)?;
            let graph = session.graph().await.map_err(|error| error.message)?;
            let engine = self.engine(&session)?;
            let begun = Instant::now();
            let lasts = burst.map(|burst| burst.lasts()).unwrap_or_default();
            let work = async {
                match up {
                    true => engine.up(&graph, Depth::Listed).await.map(|(outcome, _)| outcome),
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
