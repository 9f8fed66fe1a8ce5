//! What the account must be asked before the stack can be described.

use crate::{
    aws::{Cx, OpResult},
    model::{Permission, Result},
    stack::{
        mesh::{self, Choice},
        zones::{self, Zones},
    },
};

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

/// What asking needs of IAM, but for the mesh.
pub(super) fn permissions() -> Vec<Permission> {
    let mut all = zones::permissions().to_vec();
    all.push(Permission::find("apigateway:GET").on(&["/account"]));
    all
}

/// Whether the account has no role for API Gateway's logs, or one of this stack.
///
/// # Errors
/// When the read is refused.
pub async fn wants_logging_role(cx: &Cx) -> Result<bool> {
    let account = cx.apigateway().get_account().send().await.op("apigateway:GetAccount")?;
    let ours = format!("role/meshctl/{}/", cx.scope().stack);
    Ok(account.cloudwatch_role_arn().is_none_or(|arn| arn.is_empty() || arn.contains(&ours)))
}
