//! `meshctl policy`: the IAM policies that the other commands need. Asks AWS nothing.

use super::{
    CliError, Exit,
    args::Common,
    session::{read_config, recorded_mesh},
};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, Scope, cx::Caller},
    config::{Config, MeshKind},
    doctor,
    model::Clock,
    report::{
        Output,
        text::{err, out},
    },
    resources,
    simulator::Simulator,
    stack::{
        self, Facts,
        mesh::{Choice, Kind},
        policies::{self, Command, MANAGED, Policy as Document},
        zones::Zones,
    },
    state::{State, Store},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::env;

/// Print the IAM policy that a command needs
///
/// Exactly what this configuration's resources need, limited to this stack where IAM can tell it
/// from others. Asks AWS nothing. `boundary` is the permissions boundary of the roles that `up`
/// makes.
#[derive(Args, Debug)]
pub struct Policy {
    /// The flags that all commands share.
    #[command(flatten)]
    pub common: Common,
    /// Whose policy; `plan` and `adopt` need the one of `status`
    #[arg(value_enum)]
    pub of: Of,
    /// The account in ARNs; the only one of `allowed_accounts` or the state's if there is one, else *
    #[arg(long, value_name = "DIGITS", value_parser = account)]
    pub account: Option<String>,
    /// The mesh of the stack, where the configuration leaves it to the account; service-connect
    /// unless the state says otherwise
    #[arg(long, value_enum, value_name = "KIND")]
    pub mesh: Option<Mesh>,
    /// Print a list of documents, each of which fits into a managed policy
    #[arg(long)]
    pub split: bool,
}

/// Whose policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Of {
    /// Of whoever runs `up`
    Up,
    /// Of whoever runs `down`
    Down,
    /// Of whoever runs `status`, `plan` or `adopt`
    Status,
    /// Of the roles that `up` makes: the most that they may do
    Boundary,
}

/// A kind of mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mesh {
    /// App Mesh, which AWS ended on 30 September 2026
    AppMesh,
    /// ECS Service Connect
    ServiceConnect,
}

impl Policy {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no right configuration, or the state cannot be read.
    pub async fn run(&self) -> Result<Exit, CliError> {
        let config = read_config(&self.common, false)?;
        let Some(config) = config else {
            return Err(CliError::new(Exit::Usage, "this command needs a configuration"));
        };
        let store = Store::read(&self.common.state_root().join(&config.stack), &config.stack)?;
        let document = self.document(&config, store.state()).await?;
        if self.split {
            self.print(&document.split().iter().map(Document::json).collect::<Vec<_>>());
        } else {
            self.print(&[document.json()]);
            self.tell_length(document.characters());
        }
        Ok(Exit::Done)
    }

    async fn document(&self, config: &Config, state: &State) -> Result<Document, CliError> {
        let region = self.region(config, state);
        let scope = Scope {
            stack: config.stack.clone(),
            caller: Caller {
                account: self.account(config, state),
                arn: String::new(),
                partition: partition(&region).into(),
            },
            region,
            tags: config.tags.clone(),
        };
        // The blueprints want clients, which are never asked.
        let endpoint = Endpoint {
            in_process: Some(Simulator::seeded(0).http_client()),
            ..Endpoint::default()
        };
        let clients = Clients::load(&endpoint, CallLog::default()).await;
        let cx = Cx::new(clients, scope, Clock::started(1.0));
        let facts = Facts {
            zones: Zones::named(zones(&cx.scope().region, config.network.availability_zones)),
            wants_logging_role: true,
            mesh: Choice::given(self.kind(config, state)),
        };
        let graph = stack::build(&cx, config, &facts);
        let registry = resources::registry(&cx);
        let command = match self.of {
            Of::Up => Command::Up,
            Of::Down => Command::Down,
            Of::Status => Command::Status,
            Of::Boundary => return Ok(policies::boundary(cx.scope(), &graph)),
        };
        // The checks that `up` makes before its first change.
        let checks = if command == Command::Up { doctor::own_permissions() } else { Vec::new() };
        Ok(policies::policy(command, cx.scope(), config, &graph, &registry, checks))
    }

    /// A stack that moves from one kind to the other needs what App Mesh needs: that is more.
    fn kind(&self, config: &Config, state: &State) -> Kind {
        let wanted = match (self.mesh, config.mesh.kind) {
            (Some(Mesh::AppMesh), _) | (None, MeshKind::AppMesh) => Some(Kind::AppMesh),
            (Some(Mesh::ServiceConnect), _) => return Kind::ServiceConnect,
            (None, MeshKind::ServiceConnect | MeshKind::Auto) => None,
        };
        wanted.or(recorded_mesh(state)).unwrap_or(Kind::ServiceConnect)
    }

    fn account(&self, config: &Config, state: &State) -> String {
        let only = match config.allowed_accounts.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        let recorded = Some(state.account.clone()).filter(|account| !account.is_empty());
        self.account.clone().or(only).or(recorded).unwrap_or_else(|| "*".into())
    }

    fn region(&self, config: &Config, state: &State) -> String {
        let given = self.common.region.clone().or_else(|| config.region.clone());
        let usual = || ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|it| env::var(it).ok());
        let recorded = || Some(state.region.clone()).filter(|region| !region.is_empty());
        given.or_else(usual).or_else(recorded).unwrap_or_else(|| "*".into())
    }

    fn print(&self, documents: &[Value]) {
        match self.common.output {
            Output::Json => documents.iter().for_each(|document| out!("{document}")),
            Output::Human if self.split => out!("{:#}", json!(documents)),
            Output::Human => documents.iter().for_each(|document| out!("{document:#}")),
        }
    }

    fn tell_length(&self, characters: usize) {
        if characters <= MANAGED || self.common.output == Output::Json {
            return;
        }
        err!(
            "note: {characters} characters without white space, and a managed policy holds \
             {MANAGED}: --split prints several"
        );
    }
}

/// Twelve digits, or any account.
fn account(text: &str) -> Result<String, String> {
    let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits || text == "*" { Ok(text.into()) } else { Err("give twelve digits".into()) }
}

/// The partition that a region is in.
fn partition(region: &str) -> &'static str {
    match region {
        china if china.starts_with("cn-") => "aws-cn",
        gov if gov.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Zones to describe a stack with; no policy names one.
fn zones(region: &str, count: usize) -> Vec<String> {
    ('a'..='z').take(count).map(|letter| format!("{region}{letter}")).collect()
}
