//! `meshctl simulator`: the embedded AWS on a socket, for Terraform, the AWS CLI and other clients.

use super::{
    CliError, Exit,
    args::{Common, Speed, Without},
    private,
    signals::Signals,
};
use crate::{
    report::Output,
    simulator::{
        Quotas, Rule, Settings, Simulator as Account, clock,
        serve::{Limits, Names, serve},
    },
    state::{Lock, lock::LockError, store::make_directory},
};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};
use tokio::net::TcpListener;

/// The region to ask for where none is set; the simulator answers for any.
const REGION: &str = "us-east-1";

/// Serve the embedded AWS on loopback, for other clients
///
/// It speaks AWS's protocols to any number of clients, and checks no signature. Ctrl-C ends it;
/// without --data the account is then forgotten.
#[derive(Args, Debug)]
pub struct Simulator {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    /// Allow an address that other machines can reach
    #[arg(long)]
    pub allow_remote: bool,
    /// Draws latencies and IDs; the same seed gives the same account
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Seconds of AWS's time in one second; `max`: nothing takes any time
    #[arg(long, value_name = "N|max", default_value = "60")]
    pub speed: Speed,
    /// A JSON list of the calls that shall fail, such as
    /// [{"operation": "ec2:*", "when": {"rate": 0.1}, "fault": "throttle"}]
    ///
    /// An operation is an IAM action; `*` stands for any text. When: "always", {"nth": 3},
    /// {"rate": 0.1}. Faults: "throttle", "internal-error", "unavailable", "lose-request",
    /// "lose-answer", {"slow": SECONDS}, {"stale-read": SECONDS}, {"vanish": "before"|"after"},
    /// "expire-credentials", "fail" (what is created never works), and {"refuse": {"code": "…",
    /// "message": "…", "status": 403}}. docs/simulator.md says more.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Play an account that cannot use this service
    #[arg(long, value_enum, value_name = "SERVICE")]
    pub without: Vec<Without>,
    /// A JSON object of limits other than AWS's own, such as {"vpcs": 10, "elastic_ips": 8}
    #[arg(long, value_name = "FILE")]
    pub quotas: Option<PathBuf>,
    /// Let every write be seen at once by every service; on AWS some are seen seconds later
    #[arg(long)]
    pub no_lag: bool,
    /// Whether calls that come too fast are throttled, as AWS does; never with --speed max
    #[arg(long, value_enum, default_value_t)]
    pub rates: Rates,
    /// Keep the account in this directory; otherwise it is in memory
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// For people, or one line of JSON with the address
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// Show every call
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Whether there are token buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Rates {
    /// With AWS's published figures
    #[default]
    On,
    /// Every call is taken
    Off,
}

impl Simulator {
    /// The flags that it has in common with the other commands.
    pub fn common(&self) -> Common {
        // One -v shows AWS's calls; the simulator's side of them comes with the second.
        Common { output: self.output, verbose: 2 * self.verbose.min(1), ..Common::default() }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// When the address, the faults or the directory cannot be used.
    pub async fn run(&self) -> Result<Exit, CliError> {
        let names = self.guard()?;
        let rules = self.faults.as_deref().map(rules).transpose()?.unwrap_or_default();
        let quotas = self.quotas.as_deref().map(quotas).transpose()?;
        let _lock = self.data.as_deref().map(lock).transpose()?;
        let account = Account::open(&self.settings(quotas)).map_err(|error| {
            CliError::new(Exit::Failed, format!("the simulated account cannot be used: {error}"))
                .hint(format!("{} with --data", error.remedy()))
        })?;
        rules.into_iter().for_each(|rule| account.fault(rule));
        let refused = |error: std::io::Error| {
            let message = format!("cannot listen on {}: {error}", self.listen);
            CliError::new(Exit::Failed, message)
                .hint("give another --listen; port 0 takes a free one")
        };
        let listener = TcpListener::bind(self.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        // Before anyone is told the address: who knows it may want to stop us.
        let mut signals = Signals::heeded();
        self.tell(address);
        let limits = Limits { names, ..Limits::default() };
        serve(listener, account, limits, signals.next()).await;
        Ok(Exit::Done)
    }

    /// Keeps other machines out unless they are asked in; gives the names that requests may call us by.
    fn guard(&self) -> Result<Names, CliError> {
        let address = self.listen;
        let is_loopback = match address.ip() {
            IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(ip.is_loopback(), |ip| ip.is_loopback()),
            IpAddr::V4(ip) => ip.is_loopback(),
        };
        if is_loopback {
            return Ok(Names::Loopback);
        }
        if !self.allow_remote {
            let message = format!("{address} is not a loopback address");
            return Err(CliError::new(Exit::Usage, message)
                .hint("listen on 127.0.0.1, or give --allow-remote if other machines may use it"));
        }
        eprintln!(
            "warning: whoever reaches {address} can use the simulated account: it checks no \
             credentials and has no TLS"
        );
        Ok(Names::Any)
    }

    fn settings(&self, quotas: Option<Quotas>) -> Settings {
        Settings {
            rates: self.rates == Rates::On,
            quotas,
            seed: self.seed,
            speed: self.speed.factor(),
            instant: self.speed == Speed::Max,
            directory: self.data.clone(),
            consistent: self.no_lag,
            begins_at: clock::today(),
            without_app_mesh: self.without.contains(&Without::AppMesh),
            ..Settings::default()
        }
    }

    fn tell(&self, address: SocketAddr) {
        let url = format!("http://{address}");
        let inventory = format!("{url}/_meshctl/inventory");
        let calls = format!("{url}/_meshctl/calls");
        if self.output == Output::Json {
            let line = json!({
                "event": "listening",
                "address": address.to_string(),
                "url": url,
                "inventory": inventory,
                "calls": calls,
            });
            println!("{line}");
            return;
        }
        let region = std::env::var("AWS_REGION").unwrap_or_else(|_| REGION.into());
        let pace = match self.speed {
            Speed::Times(times) => format!("{times} times AWS's pace"),
            Speed::Max => "nothing takes any time".into(),
        };
        let kept = self.data.as_ref().map_or_else(
            || "in memory".into(),
            |directory| format!("kept in {}", directory.display()),
        );
        println!("The simulator answers on {url} ({pace}, {kept}); Ctrl-C ends it.");
        println!();
        println!("  export AWS_ENDPOINT_URL={url}");
        println!("  export AWS_ACCESS_KEY_ID=test");
        println!("  export AWS_SECRET_ACCESS_KEY=test");
        println!("  export AWS_REGION={region}");
        // The AWS CLI of version 1 and boto3 know the region by this name only.
        println!("  export AWS_DEFAULT_REGION={region}");
        println!();
        println!("What the account holds: {inventory}");
        println!("Which calls it has seen: {calls}");
    }
}

fn rules(path: &Path) -> Result<Vec<Rule>, CliError> {
    let wrong = |error: String| {
        let message = format!("{}: {error}", path.display());
        CliError::new(Exit::Usage, message).hint("`meshctl simulator --help` shows a rule")
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Rule::list(&text).map_err(|error| wrong(error.to_string()))
}

fn quotas(path: &Path) -> Result<Quotas, CliError> {
    let wrong = |error: String| {
        let message = format!("{}: {error}", path.display());
        CliError::new(Exit::Usage, message)
            .hint("give a JSON object with the quotas to change, such as {\"vpcs\": 10}")
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

/// Two simulators would overwrite each other's account.
fn lock(directory: &Path) -> Result<Lock, CliError> {
    private::close_if_ours(directory)?;
    make_directory(directory)?;
    Lock::take(&directory.join("lock"), "simulator").map_err(|error| match &error {
        LockError::Held(holder) => {
            let who = holder.as_ref().map(|holder| format!(" (process {})", holder.pid));
            let (who, where_) = (who.unwrap_or_default(), directory.display());
            CliError::new(
                Exit::Locked,
                format!("another simulator{who} has the account in {where_}"),
            )
            .hint("stop it, or give another --data")
        }
        LockError::File { .. } => CliError::new(Exit::Failed, error.to_string())
            .hint("mend the permissions or give another --data"),
    })
}
