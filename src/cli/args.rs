//! Flags that the commands share.

use super::{
    CliError, Exit,
    environment::{ALLOWED_ACCOUNTS, url},
};
use crate::{config::region_fault, report::Output};
use clap::{ArgGroup, Args, builder::NonEmptyStringValueParser};
use std::{path::PathBuf, str::FromStr};

/// Where the stack is, and how to report.
#[derive(Args, Clone, Debug, Default)]
#[command(group = ArgGroup::new("elsewhere").args(["local", "endpoint_url"]).multiple(true))]
pub struct Common {
    /// The configuration; meshctl.toml here if there is one, else config/demo.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The stack's name, instead of the configuration's
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// The AWS region, instead of the configuration's
    #[arg(long, value_parser = region)]
    pub region: Option<String>,
    /// An AWS account in which to work, and in no other but those given so; as the configuration's
    /// allowed_accounts, which also counts
    #[arg(
        long = "allowed-account",
        value_name = "ID",
        env = ALLOWED_ACCOUNTS,
        value_delimiter = ','
    )]
    pub allowed_accounts: Vec<String>,
    /// The AWS profile
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,
    /// One URL for all AWS services, such as a simulator's; `AWS_ENDPOINT_URL_<SERVICE>` outranks it
    /// for one of them
    #[arg(long, value_name = "URL", value_parser = url)]
    pub endpoint_url: Option<String>,
    /// Use the embedded AWS simulator instead of AWS
    #[arg(long, conflicts_with_all = ["endpoint_url", "profile"])]
    pub local: bool,
    /// Seconds of AWS's time in one second: 60 with --local, where `max` waits for nothing; 1 with
    /// --endpoint-url
    #[arg(long, value_name = "N|max", requires = "elsewhere")]
    pub speed: Option<Speed>,
    /// With --local: an account that cannot use this service; it stays so until its file is removed
    #[arg(long, value_enum, value_name = "SERVICE", requires = "local")]
    pub without: Vec<Without>,
    /// Where the state is kept
    #[arg(long, value_name = "DIR", default_value = ".meshctl")]
    pub state: PathBuf,
    /// For people, or one JSON object per line
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// Show every AWS call (-v), and more (-vv); MESHCTL_LOG filters
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// A service that a simulated account can be without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Without {
    /// App Mesh, which AWS ended on 30 September 2026
    AppMesh,
}

/// How fast the simulator's time runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Speed {
    /// So many seconds in one.
    Times(f64),
    /// Without waiting at all: time jumps to the next thing that happens.
    #[default]
    Max,
}

impl Speed {
    /// The factor between the process's clock and AWS's time.
    pub fn factor(self) -> f64 {
        match self {
            Self::Times(times) => times,
            Self::Max => 1.0,
        }
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(times) if (0.1..=10_000.0).contains(&times) => Ok(Self::Times(times)),
            _ => Err("give a number from 0.1 to 10000, or max".into()),
        }
    }
}

/// Takes a region's code.
fn region(text: &str) -> Result<String, String> {
    match region_fault(text) {
        None => Ok(text.into()),
        Some((problem, remedy)) => Err(format!("it {problem}; {remedy}")),
    }
}

impl Common {
    /// One thread; with `--speed max` its time is virtual, so nothing is waited for.
    pub fn runtime(&self) -> Result<tokio::runtime::Runtime, CliError> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(self.is_virtual());
        builder.build().map_err(|error| CliError::new(Exit::Failed, format!("no runtime: {error}")))
    }

    /// The pace of AWS's time: the simulator's, or that of the imitation behind an endpoint. AWS
    /// itself cannot be hurried.
    pub fn speed(&self) -> Speed {
        let usual = Speed::Times(if self.local { 60.0 } else { 1.0 });
        self.speed.unwrap_or(usual)
    }

    /// Whether time jumps instead of passing.
    pub fn is_virtual(&self) -> bool {
        self.local && self.speed() == Speed::Max
    }

    /// The configuration's path: as given, or the first of the usual places.
    pub fn config_path(&self) -> PathBuf {
        let own = PathBuf::from("meshctl.toml");
        match &self.config {
            Some(path) => path.clone(),
            None if own.exists() => own,
            None => PathBuf::from("config/demo.toml"),
        }
    }

    /// Where the stacks' states are: the simulator's apart from AWS's.
    pub fn state_root(&self) -> PathBuf {
        if self.local { self.state.join("local") } else { self.state.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn aws_itself_is_never_hurried() {
        let speed = |line: &str| {
            let cli = Cli::try_parse_from(line.split(' ')).expect("a right command line");
            cli.command.common().speed()
        };
        assert_eq!(speed("meshctl up"), Speed::Times(1.0));
        assert_eq!(speed("meshctl up --endpoint-url http://[::1]:1"), Speed::Times(1.0));
        assert_eq!(speed("meshctl up --local"), Speed::Times(60.0));
        assert_eq!(speed("meshctl down --local --speed max"), Speed::Max);
        assert!(Cli::try_parse_from(["meshctl", "up", "--speed", "60"]).is_err());
    }
}
