//! Which Availability Zones a stack stands in: those that carry all that it has in them.

use crate::{
    aws::{Cx, OpResult},
    config::{Config, VpcLinkVersion},
    model::{Class, Error, Permission, Result},
};
use futures_util::try_join;

/// The zones of some regions that carry something, by their IDs: a zone's name means another place in
/// each account. Every zone of a region that is not here carries it.
type Table = &'static [(&'static str, &'static [&'static str])];

/// "Supported Regions for Amazon ECS on AWS Fargate", Linux containers.
const FARGATE: Table = &[
    ("us-west-1", &["usw1-az1", "usw1-az3"]),
    ("ap-northeast-1", &["apne1-az1", "apne1-az2", "apne1-az4"]),
];

/// "Set up VPC links V2 in API Gateway", availability by region.
const LINKS_V2: Table = &[
    ("us-east-1", &["use1-az1", "use1-az2", "use1-az4", "use1-az5", "use1-az6"]),
    ("us-west-1", &["usw1-az1", "usw1-az3"]),
    ("ap-east-1", &["ape1-az2", "ape1-az3"]),
    ("ap-northeast-1", &["apne1-az1", "apne1-az2", "apne1-az4"]),
    ("ap-northeast-2", &["apne2-az1", "apne2-az2", "apne2-az3"]),
    ("ca-central-1", &["cac1-az1", "cac1-az2"]),
    ("eu-west-3", &["euw3-az1", "euw3-az3"]),
];

/// The zones of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zones {
    /// Their names, in the order of their letters.
    pub names: Vec<String>,
    /// Those passed over, because they do not carry all that the stack has, each with what it lacks;
    /// only where the region was asked.
    pub unfit: Vec<String>,
}

impl Zones {
    /// Those of an account that need not be asked.
    pub fn named(names: Vec<String>) -> Self {
        Self { names, unfit: Vec::new() }
    }
}

/// A zone of the region.
struct Zone {
    name: String,
    id: String,
}

impl Zone {
    /// What this zone does not carry.
    fn lacks(&self, region: &str, config: &Config, endpoint: Option<&[String]>) -> Vec<&str> {
        let carries = |table: Table| {
            let only = table.iter().find(|(of, _)| *of == region);
            only.is_none_or(|(_, ids)| ids.contains(&&*self.id))
        };
        let mut lacks = Vec::new();
        if !carries(FARGATE) {
            lacks.push("Fargate");
        }
        if config.api.vpc_link == VpcLinkVersion::V2 && !carries(LINKS_V2) {
            lacks.push("VPC links of version 2");
        }
        if endpoint.is_some_and(|zones| !zones.contains(&self.name)) {
            lacks.push("endpoints for private APIs");
        }
        lacks
    }
}

/// What choosing needs of IAM.
pub(super) fn permissions() -> [Permission; 2] {
    ["ec2:DescribeAvailabilityZones", "ec2:DescribeVpcEndpointServices"].map(Permission::find)
}

/// The zones to use: those that the stack has, because subnets cannot move, and after them the
/// region's others that carry all of it.
///
/// # Errors
/// When AWS cannot be asked, or the region has too few such zones.
pub async fn choose(cx: &Cx, config: &Config, recorded: &[String]) -> Result<Zones> {
    let wanted = config.network.availability_zones;
    if recorded.len() >= wanted {
        return Ok(Zones::named(recorded[..wanted].to_vec()));
    }
    let region = &cx.scope().region;
    let (mut all, endpoint) = try_join!(zones(cx), endpoint_zones(cx))?;
    all.retain(|zone| !recorded.contains(&zone.name));
    all.sort_by(|one, other| one.name.cmp(&other.name));
    let mut chosen = Zones::named(recorded.to_vec());
    for zone in all {
        if chosen.names.len() == wanted {
            break;
        }
        let lacks = zone.lacks(region, config, endpoint.as_deref());
        if lacks.is_empty() {
            chosen.names.push(zone.name);
        } else {
            chosen.unfit.push(format!(
                "{} ({}) has no {}",
                zone.name,
                zone.id,
                lacks.join(", no ")
            ));
        }
    }
    if chosen.names.len() < wanted {
        let mut message = format!(
            "{region} has {} zones for this stack, and {wanted} are wanted",
            chosen.names.len()
        );
        for unfit in &chosen.unfit {
            message = message + "; " + unfit;
        }
        return Err(Error::new(Class::Invalid, message)
            .hint("lower network.availability_zones or choose another region"));
    }
    Ok(chosen)
}

async fn zones(cx: &Cx) -> Result<Vec<Zone>> {
    let answer = cx.ec2().describe_availability_zones().send().await;
    let answer = answer.op("ec2:DescribeAvailabilityZones")?;
    let zones = answer.availability_zones().iter();
    let zones = zones.filter(|zone| zone.zone_type().is_none_or(|it| it == "availability-zone"));
    let zones = zones.filter_map(|zone| {
        let id = zone.zone_id().unwrap_or_default().to_owned();
        Some(Zone { name: zone.zone_name()?.to_owned(), id })
    });
    Ok(zones.collect())
}

/// The names of the zones that take an endpoint for private APIs; `None` where AWS does not say.
async fn endpoint_zones(cx: &Cx) -> Result<Option<Vec<String>>> {
    let name = format!("com.amazonaws.{}.execute-api", cx.scope().region);
    let call = cx.ec2().describe_vpc_endpoint_services().service_names(&name);
    match call.send().await.op("ec2:DescribeVpcEndpointServices") {
        Ok(answer) => {
            let mut services = answer.service_details().iter();
            let service = services.find(|service| service.service_name() == Some(&*name));
            let zones = service.map(|service| service.availability_zones().to_vec());
            Ok(zones.filter(|zones| !zones.is_empty()))
        }
        Err(error) if matches!(error.class, Class::Throttled | Class::Transient) => Err(error),
        // Without the answer all zones are taken to do: the endpoint's creation says if one does not.
        Err(_) => Ok(None),
    }
}
