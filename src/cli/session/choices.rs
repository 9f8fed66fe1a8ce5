//! The stack's graph, and what AWS had to be asked for it: kept in the state, so that it never changes
//! by itself, and need not be asked again.

use super::Session;
use crate::{
    cli::{CliError, Exit, patience::patiently},
    config::Config,
    engine::{Engine, Outcome, Survey},
    model::{Depth, Graph, Identities, Result as ModelResult},
    stack::{
        self, Facts,
        facts::{Recorded, wants_logging_role},
        mesh::{Choice, Kind},
        zones::{self, Zones},
    },
    state::{Entry, State, Store},
};
use futures_util::try_join;
use serde::{Serialize, de::DeserializeOwned};

/// The name of the choice of a kind of mesh in the state.
const MESH: &str = "mesh";
/// The name of the choice of Availability Zones in the state.
const ZONES: &str = "zones";

impl Session {
    /// The stack's graph.
    ///
    /// # Errors
    /// When AWS cannot be asked for the zones, or the blueprints do not fit together.
    pub async fn graph(&self) -> Result<Graph, CliError> {
        let recorded = Store::read(&self.directory, &self.cx.scope().stack)?;
        self.graph_after(recorded.state()).await
    }

    /// The stack's graph after what this state says: an empty one where the state cannot be read.
    ///
    /// # Errors
    /// Those of [`graph`](Self::graph), but for the state's.
    pub async fn graph_after(&self, state: &State) -> Result<Graph, CliError> {
        let Some(config) = &self.config else {
            return Err(CliError::new(Exit::Usage, "this command needs a configuration"));
        };
        let recorded = recorded(state);
        let facts = self.ask(config, &recorded).await?;
        if facts.mesh.kind == Kind::ServiceConnect {
            possible(config, &facts.mesh)?;
        }
        let graph = stack::build(&self.cx, config, &facts);
        self.facts.replace(Some(facts));
        graph.check().map_err(|error| CliError::new(Exit::Failed, error.to_string()))?;
        Ok(graph)
    }

    /// Asks AWS what is not on record, each part by itself: what was answered is not asked again.
    ///
    /// # Errors
    /// When a read is refused, or the region has too few zones.
    async fn ask(&self, config: &Config, recorded: &Recorded) -> ModelResult<Facts> {
        let (cx, clock) = (&self.cx, self.clock);
        let (zones, wants_logging_role, mesh) = try_join!(
            patiently(clock, || zones::choose(cx, config, &recorded.zones)),
            patiently(clock, || wants_logging_role(cx)),
            patiently(clock, || Choice::make(cx, config, recorded.mesh))
        )?;
        Ok(Facts { zones, wants_logging_role, mesh })
    }

    /// The kind of mesh that [`graph`](Self::graph) has decided on.
    pub fn mesh(&self) -> Option<Choice> {
        self.facts.borrow().as_ref().map(|facts| facts.mesh.clone())
    }

    /// The Availability Zones that [`graph`](Self::graph) has chosen.
    pub fn zones(&self) -> Option<Zones> {
        self.facts.borrow().as_ref().map(|facts| facts.zones.clone())
    }

    /// Brings the account to the graph. What was chosen is on record before anything is made, and a
    /// move to another kind of mesh when it is complete.
    ///
    /// # Errors
    /// Those of [`Engine::up`].
    pub async fn up(
        &self,
        engine: &Engine,
        graph: &Graph,
        depth: Depth,
    ) -> ModelResult<(Outcome, Identities)> {
        let survey = engine.survey(graph, depth).await?;
        self.up_after(engine, graph, survey).await
    }

    /// The rest of [`up`](Self::up), after a look at everything.
    ///
    /// # Errors
    /// Those of [`Engine::up_after`].
    pub async fn up_after(
        &self,
        engine: &Engine,
        graph: &Graph,
        survey: Survey,
    ) -> ModelResult<(Outcome, Identities)> {
        let facts = self.facts.borrow().clone();
        // A move is on record when it is complete.
        let (before, after) = match &facts {
            Some(facts) if facts.mesh.from.is_some() => (None, Some(facts.mesh.kind)),
            facts => (facts.as_ref().map(|facts| facts.mesh.kind), None),
        };
        keep(engine, ZONES, facts.as_ref().map(|facts| &facts.zones.names)).await?;
        keep(engine, MESH, before).await?;
        let (outcome, known) = engine.up_after(graph, survey).await?;
        if outcome.is_done() {
            keep(engine, MESH, after).await?;
        }
        Ok((outcome, known))
    }
}

/// The kind of mesh that a state says the stack has.
pub(in crate::cli) fn recorded_mesh(state: &State) -> Option<Kind> {
    choice(state, MESH)
}

/// What a state says of what was asked before.
fn recorded(state: &State) -> Recorded {
    Recorded { mesh: recorded_mesh(state), zones: choice(state, ZONES).unwrap_or_default() }
}

fn choice<T: DeserializeOwned>(state: &State, key: &str) -> Option<T> {
    serde_json::from_value(state.choices.get(key)?.clone()).ok()
}

/// Writes a choice down, unless the state says so already.
async fn keep(engine: &Engine, key: &str, choice: Option<impl Serialize>) -> ModelResult<()> {
    let value = choice.and_then(|choice| serde_json::to_value(choice).ok());
    match value {
        Some(value) if engine.work.with_state(|state| state.choices.get(key) != Some(&value)) => {
            engine.work.journal(Entry::Chosen { key: key.into(), value }).await
        }
        _ => Ok(()),
    }
}

/// Refuses what a configuration asks of Service Connect in vain.
fn possible(config: &Config, choice: &Choice) -> Result<(), CliError> {
    let conflicts = config.against_service_connect();
    if conflicts.is_empty() {
        return Ok(());
    }
    let conflicts: Vec<_> = conflicts.iter().map(ToString::to_string).collect();
    let why = format!("the mesh is {} ({})", choice.kind, choice.why);
    Err(CliError::new(Exit::Usage, format!("{why}, and\n  {}", conflicts.join("\n  "))))
}
