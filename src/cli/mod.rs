//! The command line: one file per command, each an argument struct and one function.

pub mod adopt;
pub mod args;
pub mod credentials;
pub mod doctor;
pub mod down;
pub mod environment;
pub mod error;
pub mod expiry;
pub mod patience;
pub mod plan;
pub mod policy;
pub mod private;
pub mod reap;
pub mod session;
pub mod signals;
pub mod simulator;
pub mod status;
pub mod summary;
pub mod timings;
pub mod trace;
pub mod up;

pub use error::{CliError, Exit};

use crate::report::Output;
use args::Common;
use clap::{Parser, Subcommand};
use tracing::Instrument;

/// Stands up, inspects and tears down an ECS service-mesh environment on AWS.
///
/// Exit codes: 0 done, 1 a resource failed, 2 usage or configuration, 3 changes pending, 4 another
/// meshctl holds the stack, 5 refused by a guard, 130 interrupted (the state is safe).
#[derive(Debug, Parser)]
#[command(name = "meshctl", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring the account to the configuration
    Up(up::Up),
    /// Remove everything of the stack, and prove it
    Down(down::Down),
    /// Show what exists, its health and its drift
    Status(status::Status),
    /// Show what `up` would do, and why
    Plan(plan::Plan),
    /// Look whether `up` would get through, before it changes anything
    Doctor(doctor::Doctor),
    /// Print the IAM policy that a command needs
    Policy(policy::Policy),
    /// Rebuild the state from the tags of what exists
    Adopt(adopt::Adopt),
    /// Remove every stack of the account whose time is over
    Reap(reap::Reap),
    /// Show how long the last run took, and what it waited for
    Timings(timings::Timings),
    /// Serve the embedded AWS on loopback, for other clients
    Simulator(simulator::Simulator),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Down(_) => "down",
            Self::Status(_) => "status",
            Self::Plan(_) => "plan",
            Self::Doctor(_) => "doctor",
            Self::Policy(_) => "policy",
            Self::Adopt(_) => "adopt",
            Self::Reap(_) => "reap",
            Self::Timings(_) => "timings",
            Self::Simulator(_) => "simulator",
        }
    }

    fn common(&self) -> Common {
        match self {
            Self::Up(up) => up.common.clone(),
            Self::Down(down) => down.common.clone(),
            Self::Status(status) => status.common.clone(),
            Self::Plan(plan) => plan.common.clone(),
            Self::Doctor(doctor) => doctor.common.clone(),
            Self::Policy(policy) => policy.common.clone(),
            Self::Adopt(adopt) => adopt.common.clone(),
            Self::Reap(reap) => reap.common.clone(),
            Self::Timings(timings) => timings.common.clone(),
            Self::Simulator(simulator) => simulator.common(),
        }
    }
}

/// Runs the command line and returns the exit code.
pub fn run() -> Exit {
    if let Err(error) = environment::drop_empty_variables() {
        return error.show(Output::Human, "meshctl");
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; they are no errors.
            let usage = error.use_stderr();
            let _ = error.print();
            return if usage { Exit::Usage } else { Exit::Done };
        }
    };
    let (common, name) = (cli.command.common(), cli.command.name());
    trace::start(common.verbose);
    let runtime = match common.runtime() {
        Ok(runtime) => runtime,
        Err(error) => return error.show(common.output, name),
    };
    let inside = runtime.enter();
    if let Err(error) = signals::outlive_file_limits() {
        tracing::warn!(%error, "a file that grows too large will end this process");
    }
    drop(inside);
    let span = tracing::info_span!(target: "meshctl::call", "command", name);
    let work = async {
        match &cli.command {
            Command::Up(up) => up.run().await,
            Command::Down(down) => down.run().await,
            Command::Status(status) => status.run().await,
            Command::Plan(plan) => plan.run().await,
            Command::Doctor(doctor) => doctor.run().await,
            Command::Policy(policy) => policy.run().await,
            Command::Adopt(adopt) => adopt.run().await,
            Command::Reap(reap) => reap.run().await,
            Command::Timings(timings) => timings.run(),
            Command::Simulator(simulator) => simulator.run().await,
        }
    };
    let result = runtime.block_on(work.instrument(span));
    result.unwrap_or_else(|error| error.show(common.output, name))
}
