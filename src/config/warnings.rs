//! What is allowed and may still surprise.

use super::{Config, Expose, Nat, Vpc};
use ipnet::Ipv4Net;

/// What an account may have of Elastic IPs in a region, unless it asked for more.
const ELASTIC_IPS: usize = 5;

pub(super) fn warnings(config: &Config) -> Vec<String> {
    [addresses(config), unreachable(config), zones(config)].into_iter().flatten().collect()
}

/// Quotas can be raised, so this is no fault.
fn addresses(config: &Config) -> Vec<String> {
    let network = &config.network;
    let needed = 2 * network.nat.per_vpc(network.availability_zones);
    if network.nat != Nat::PerAz || needed <= ELASTIC_IPS {
        return Vec::new();
    }
    vec![format!(
        "network.nat = \"per-az\" in {} zones takes {needed} Elastic IPs and the default quota is \
         {ELASTIC_IPS} per region; raise \"EC2-VPC Elastic IPs\" first or set network.nat = \
         \"single\" or \"none\"",
        network.availability_zones
    )]
}

/// The consumer's copy of the public service knows only the API.
fn unreachable(config: &Config) -> Vec<String> {
    let public = config.services.iter().filter(|service| service.expose == Expose::Public);
    let calls = public.flat_map(|caller| caller.backends.iter().map(move |b| (caller, b)));
    calls
        .filter(|(_, name)| config.service(name).is_some_and(|b| b.expose == Expose::Mesh))
        .map(|(caller, backend)| {
            format!(
                "\"{}\" calls \"{backend}\", which is not in the API, so its copy in the consumer \
                 VPC cannot; set expose = \"api\" on \"{backend}\" if it should",
                caller.name
            )
        })
        .collect()
}

/// The demo's images read their zone off their address; see aws-containers/ecsdemo-nodejs.
fn zones(config: &Config) -> Vec<String> {
    if !config.services.iter().any(|service| service.image.contains("ecsdemo-")) {
        return Vec::new();
    }
    let network = &config.network;
    let unknown = |(zone, block): (usize, &Ipv4Net)| {
        let [first, _, third, _] = block.addr().octets();
        first != 10 || usize::from(third) != 100 + zone
    };
    // Tasks are where their way out is.
    let (name, blocks): (_, fn(&Vpc) -> &[Ipv4Net]) = match network.nat {
        Nat::PerAz | Nat::Single => ("private", |vpc| &vpc.private),
        Nat::None => ("public", |vpc| &vpc.public),
    };
    [("provider", &network.provider), ("consumer", &network.consumer)]
        .into_iter()
        .filter(|(_, vpc)| {
            blocks(vpc).iter().take(network.availability_zones).enumerate().any(unknown)
        })
        .map(|(side, _)| {
            format!(
                "network.{side}.{name} is not 10.x.100.0/24, 10.x.101.0/24, 10.x.102.0/24, by \
                 which the demo's images tell their zones; they will show other letters or \
                 \"AZ-unknown\""
            )
        })
        .collect()
}
