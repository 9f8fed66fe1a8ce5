//! What the account must be asked before the stack can be described.

use crate::{
    aws::{Cx, OpResult},
    config::Config,
    model::{Permission, Result},
    stack::{
        mesh::{self, Choice},
        zones::{self, Zones},
    },
};
use futures_util::try_join;

/// What the blueprints take from the account.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The Availability Zones to use.
    pub zones: Zones,
    /// Whether the account's role for API Gateway's logs is this stack's to make: there is none, or
    /// it is this stack's already. Another's is used, and never touched.
    pub wants_logging_role: bool,
    /// The kind of mesh.
    pub mesh: Choice,
}

/// What the state says of an earlier asking.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The kind of mesh that the stack has.
    pub mesh: Option<mesh::Kind>,
    /// The Availability Zones that it has.
    pub zones: Vec<String>,
}

impl Facts {
    /// Asks AWS what is not on record.
    ///
    /// # Errors
    /// When a read is refused, or the region has too few zones.
    pub async fn ask(cx: &Cx, config: &Config, recorded: &Recorded) -> Result<Self> {
        let mesh = Choice::make(cx, config, recorded.mesh);
        let zones = zones::choose(cx, config, &recorded.zones);
        let (zones, wants_logging_role, mesh) = try_join!(zones, wants_logging_role(cx), mesh)?;
        Ok(Self { zones, wants_logging_role, mesh })
    }
}

/// What asking needs of IAM, but for the mesh.
pub(super) fn permissions() -> Vec<Permission> {
    let mut all = zones::permissions().to_vec();
    all.push(Permission::find("apigateway:GET").on(&["/account"]));
    all
}

async fn wants_logging_role(cx: &Cx) -> Result<bool> {
    let account = cx.apigateway().get_account().send().await.op("apigateway:GetAccount")?;
    let ours = format!("role/meshctl/{}/", cx.scope().stack);
    Ok(account.cloudwatch_role_arn().is_none_or(|arn| arn.is_empty() || arn.contains(&ours)))
}
