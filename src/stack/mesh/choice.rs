//! Which kind of mesh a stack has: what its configuration says, what it has already, or what the
//! account can have.

use crate::{
    aws::Cx,
    config::{Config, MeshKind},
    model::{Class, Result},
    resources::{Resource, appmesh, ec2::vpc::Vpc, ecs::service_connect},
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
    /// Whether App Mesh may hold anything of the stack, so that `up` looks there at all.
    #[serde(skip)]
    pub asks_app_mesh: bool,
}

impl Choice {
    /// A kind that needs no reason.
    pub fn given(kind: Kind) -> Self {
        Self { kind, from: None, why: String::new(), settled: true, asks_app_mesh: true }
    }

    /// Decides. `recorded` is what the state says the stack has; without it, the account is asked
    /// what there is, and only then what there could be: so a stack that is up never changes its
    /// kind by itself. App Mesh is asked where it can matter, and where it does not answer that
    /// counts as a refusal.
    ///
    /// # Errors
    /// When AWS cannot be asked.
    pub async fn make(cx: &Cx, config: &Config, recorded: Option<Kind>) -> Result<Self> {
        let Standing { kind: standing, is_unrecorded } = match recorded {
            Some(kind) => Standing { kind: Some(kind), is_unrecorded: false },
            None => standing(cx, config.mesh.kind).await?,
        };
        // Leftovers of App Mesh show in no record.
        let asks = |kind| is_unrecorded || [Some(kind), standing].contains(&Some(Kind::AppMesh));
        let wanted = match config.mesh.kind {
            MeshKind::AppMesh => Some(Kind::AppMesh),
            MeshKind::ServiceConnect => Some(Kind::ServiceConnect),
            MeshKind::Auto => None,
        };
        if let Some(kind) = wanted {
            let why = "mesh.kind in the configuration says so".into();
            let from = standing.filter(|standing| *standing != kind);
            let settled = recorded == Some(kind);
            return Ok(Self { kind, from, why, settled, asks_app_mesh: asks(kind) });
        }
        if let Some(kind) = standing {
            let why = "this stack has it already".into();
            let settled = recorded.is_some();
            return Ok(Self { kind, from: None, why, settled, asks_app_mesh: asks(kind) });
        }
        let (kind, why) = match appmesh::refusal(cx).await? {
            None => (Kind::AppMesh, "App Mesh answers this account".into()),
            Some(refusal) => {
                let why = format!("App Mesh, which AWS ended on 30 September 2026: {refusal}");
                (Kind::ServiceConnect, why)
            }
        };
        Ok(Self { kind, from: None, why, settled: false, asks_app_mesh: asks(kind) })
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

/// What stands in the account.
struct Standing {
    /// The kind of mesh of the stack, if there is any.
    kind: Option<Kind>,
    /// Whether anything of the stack is there though nothing is on record.
    is_unrecorded: bool,
}

/// What the stack has in the account. Its VPCs are the first that it makes and the last that go.
async fn standing(cx: &Cx, wanted: MeshKind) -> Result<Standing> {
    let vpcs = async {
        match Vpc::search(cx).await {
            // Whoever may not look finds out by the search of everything.
            Err(error) if error.class == Class::Denied => Ok(true),
            vpcs => Ok(!vpcs?.is_empty()),
        }
    };
    let (is_connected, is_unrecorded) = try_join!(service_connect::any_member(cx), vpcs)?;
    // Half moved, either way: services count for more than a mesh without them.
    if is_connected {
        return Ok(Standing { kind: Some(Kind::ServiceConnect), is_unrecorded });
    }
    if wanted == MeshKind::ServiceConnect && !is_unrecorded {
        return Ok(Standing { kind: None, is_unrecorded });
    }
    let meshes = match appmesh::mesh::Mesh::search(cx).await {
        Err(error) if error.class == Class::Silent => Vec::new(),
        meshes => meshes?,
    };
    let kind = (!meshes.is_empty()).then_some(Kind::AppMesh);
    Ok(Standing { kind, is_unrecorded })
}
