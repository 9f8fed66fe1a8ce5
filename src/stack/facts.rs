//! What the account must be asked before the stack can be described.

use crate::{
    aws::{Cx, OpResult},
    config::Config,
    model::{Class, Error, Permission, Result},
    stack::mesh::{self, Choice},
};
use futures_util::try_join;

/// What the blueprints take from the account.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The Availability Zones to use, in the order of their letters.
    pub zones: Vec<String>,
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
        let zones = zones(cx, config, &recorded.zones);
        let (zones, wants_logging_role, mesh) = try_join!(zones, wants_logging_role(cx), mesh)?;
        Ok(Self { zones, wants_logging_role, mesh })
    }
}

/// What asking needs of IAM, but for the mesh.
pub(super) fn permissions() -> Vec<Permission> {
    vec![
        Permission::find("ec2:DescribeAvailabilityZones"),
        Permission::find("apigateway:GET").on(&["/account"]),
    ]
}

async fn wants_logging_role(cx: &Cx) -> Result<bool> {
    let account = cx.apigateway().get_account().send().await.op("apigateway:GetAccount")?;
    let ours = format!("role/meshctl/{}/", cx.scope().stack);
    Ok(account.cloudwatch_role_arn().is_none_or(|arn| arn.is_empty() || arn.contains(&ours)))
}

/// The zones to use: those that the stack has, because subnets cannot move, and after them the region's
/// others.
async fn zones(cx: &Cx, config: &Config, recorded: &[String]) -> Result<Vec<String>> {
    const OP: &str = "ec2:DescribeAvailabilityZones";
    let wanted = config.network.availability_zones;
    if recorded.len() >= wanted {
        return Ok(recorded[..wanted].to_vec());
    }
    let answer = cx.ec2().describe_availability_zones().send().await.op(OP)?;
    let mut zones: Vec<String> = answer
        .availability_zones()
        .iter()
        .filter(|zone| zone.zone_type().is_none_or(|kind| kind == "availability-zone"))
        .filter_map(|zone| zone.zone_name().map(String::from))
        .collect();
    zones.retain(|zone| !recorded.contains(zone));
    zones.sort();
    zones.splice(..0, recorded.iter().cloned());
    if zones.len() < wanted {
        let region = &cx.scope().region;
        let message = format!("{region} has {} zones, and {wanted} are wanted", zones.len());
        return Err(Error::new(Class::Invalid, message)
            .hint("lower network.availability_zones or choose another region"));
    }
    zones.truncate(wanted);
    Ok(zones)
}
