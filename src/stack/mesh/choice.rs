//! Which kind of mesh a stack has: what its configuration says, what it has already, or what the
//! account can have.

use crate::{
    aws::Cx,
    config::{Config, MeshKind},
    model::Result,
    resources::{Resource, appmesh, ecs::service_connect},
};
use futures_util::try_join;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// App Mesh, with an Envoy of ours in every task. AWS ended it on 30 September 2026.
    AppMesh,
    /// ECS Service Connect, with a proxy of AWS's in every task.
    ServiceConnect,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AppMesh => "App Mesh",
            Self::ServiceConnect => "Service Connect",
        })
    }
}

/// A kind, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The kind.
    pub kind: Kind,
    /// The other kind, when the stack has that and moves to this one.
    pub from: Option<Kind>,
    /// Why this one, as the end of a sentence.
    pub why: String,
    /// Whether the stack had it before.
    pub settled: bool,
}

impl Choice {
    /// A kind that needs no reason.
    pub fn given(kind: Kind) -> Self {
        Self { kind, from: None, why: String::new(), settled: true }
    }

    /// Decides. `recorded` is what the state says the stack has; without it, the account is asked
    /// what there is, and only then what there could be: so a stack that is up never changes its
    /// kind by itself.
    ///
    /// # Errors
    /// When AWS cannot be asked.
    pub async fn make(cx: &Cx, config: &Config, recorded: Option<Kind>) -> Result<Self> {
        let standing = match recorded {
            Some(kind) => Some(kind),
            None => standing(cx).await?,
        };
        let wanted = match config.mesh.kind {
            MeshKind::AppMesh => Some(Kind::AppMesh),
            MeshKind::ServiceConnect => Some(Kind::ServiceConnect),
            MeshKind::Auto => None,
        };
        if let Some(kind) = wanted {
            let why = "mesh.kind in the configuration says so".into();
            let from = standing.filter(|standing| *standing != kind);
            return Ok(Self { kind, from, why, settled: recorded == Some(kind) });
        }
        if let Some(kind) = standing {
            let why = "this stack has it already".into();
            return Ok(Self { kind, from: None, why, settled: recorded.is_some() });
        }
        let (kind, why) = match appmesh::refusal(cx).await? {
            None => (Kind::AppMesh, "App Mesh answers this account".into()),
            Some(refusal) => {
                let why = format!("App Mesh, which AWS ended on 30 September 2026: {refusal}");
                (Kind::ServiceConnect, why)
            }
        };
        Ok(Self { kind, from: None, why, settled: false })
    }

    /// For people, when there is news: a first choice, or a move.
    pub fn news(&self) -> Option<String> {
        match self.from {
            Some(from) => {
                let Self { kind, why, .. } = self;
                Some(format!("mesh: moves from {from} to {kind}, service by service: {why}"))
            }
            None if self.settled => None,
            None => Some(format!("mesh: {} ({})", self.kind, self.why)),
        }
    }
}

/// What the stack has in the account.
async fn standing(cx: &Cx) -> Result<Option<Kind>> {
    let (meshes, connected) =
        try_join!(appmesh::mesh::Mesh::search(cx), service_connect::any_member(cx))?;
    Ok(match (connected, meshes.is_empty()) {
        // Half moved, either way: services count for more than a mesh without them.
        (true, _) => Some(Kind::ServiceConnect),
        (false, false) => Some(Kind::AppMesh),
        (false, true) => None,
    })
}
