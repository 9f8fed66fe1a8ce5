//! Load balancers: `provisioning`, then `active`; what is deleted leaves its network interfaces
//! behind for a while.

use super::{
    Event, Pairs, arn, attributes, check_name,
    describe::{named, page},
    done, interfaces, invalid, listener,
    placement::{self, Place},
    seconds, shape, tags,
};
use crate::simulator::{
    account::{Account, Answer, Millis, not_built},
    agenda,
    faults::doom::REASON,
    fields::Fields,
    iam::service_linked,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A load balancer as AWS describes it, with what only other operations show.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoadBalancer {
    /// Its ARN.
    pub load_balancer_arn: String,
    /// Its DNS name, known from the start.
    #[serde(rename = "DNSName")]
    pub dns_name: String,
    /// The hosted zone of that name.
    pub canonical_hosted_zone_id: String,
    /// In seconds since 1970.
    pub created_time: u64,
    /// Its name.
    pub load_balancer_name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Its state.
    pub state: State,
    /// `application` or `network`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Where it stands.
    pub availability_zones: Vec<Zone>,
    /// By ID.
    pub security_groups: Vec<String>,
    /// `ipv4`, `dualstack`, …
    pub ip_address_type: String,
    /// Tags.
    #[serde(rename = "_tags")]
    pub tags: Pairs,
    /// Attributes.
    #[serde(rename = "_attributes")]
    pub attributes: Pairs,
    /// Its network interface in each subnet.
    #[serde(rename = "_interfaces")]
    pub interfaces: BTreeMap<String, String>,
    /// The services that it is associated with: while there is one, it cannot be deleted.
    #[serde(rename = "_holders")]
    pub holders: BTreeSet<String>,
    /// Since when it is `active`.
    #[serde(rename = "_active_since")]
    pub active_since: Option<Millis>,
}

/// The state of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct State {
    /// `provisioning`, `active`, `active_impaired` or `failed`.
    pub code: String,
    /// Why it failed.
    pub reason: Option<String>,
}

/// A zone that a load balancer stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Zone {
    /// Such as `eu-west-1a`.
    pub zone_name: String,
    /// The subnet there.
    pub subnet_id: String,
    /// Only shown where addresses were chosen.
    pub load_balancer_addresses: Vec<Value>,
}

impl LoadBalancer {
    /// Whether it works.
    pub fn is_active(&self) -> bool {
        self.state.code.starts_with("active")
    }

    /// `app/{name}/{id}` or `net/{name}/{id}`.
    pub fn path(&self) -> &str {
        self.load_balancer_arn.split_once(":loadbalancer/").map_or("", |(_, path)| path)
    }

    fn subnet_ids(&self) -> BTreeSet<&str> {
        self.availability_zones.iter().map(|zone| &*zone.subnet_id).collect()
    }
}

/// `CreateLoadBalancer`: the same settings again answer with the load balancer that there is.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let name = input.text_or_empty("Name");
    check_name("load balancer", name)?;
    if name.starts_with("internal-") {
        return Err(invalid("The load balancer name cannot begin with 'internal-'"));
    }
    let kind = input.text("Type").unwrap_or("application");
    if kind == "gateway" {
        return Err(not_built(call));
    }
    let scheme = input.text("Scheme").unwrap_or("internet-facing");
    let ip_address_type = input.text("IpAddressType").unwrap_or("ipv4");
    let places = placement::places(account, kind, input)?;
    let vpc_id = places[0].vpc_id.clone();
    let mut groups = placement::security_groups(account, input, &vpc_id)?;
    if groups.is_empty() && kind == "application" {
        groups.extend(interfaces::default_group(account, &vpc_id));
    }
    let tags = tags::given(input)?;
    if let Some(there) = named_so(account, name) {
        let wanted = places.iter().map(|place| &*place.subnet_id).collect();
        let same = there.kind == kind
            && there.scheme == scheme
            && there.ip_address_type == ip_address_type
            && there.subnet_ids() == wanted
            && there.availability_zones == zones(account, &places)
            && is_same_set(&there.security_groups, &groups);
        if same {
            return Ok(json!({ "LoadBalancers": [shape(there)] }));
        }
        let message = format!(
            "A load balancer with the same name '{name}' exists, but with different settings"
        );
        return Err(ApiError::new("DuplicateLoadBalancerName", message));
    }
    if scheme == "internet-facing" && !interfaces::has_internet_gateway(account, &vpc_id) {
        let message = format!("VPC {vpc_id} has no internet gateway");
        return Err(ApiError::new("InvalidSubnet", message));
    }
    placement::addresses(account, (kind, scheme), &places)?;
    room_for_one_more(account, kind)?;
    // The role that makes network interfaces for it.
    service_linked::ensure(account, "elasticloadbalancing.amazonaws.com");
    let id = account.hex(16);
    let path = format!("{}/{name}/{id}", if kind == "network" { "net" } else { "app" });
    let load_balancer_arn = arn(account, &call.region, &format!("loadbalancer/{path}"));
    let style = interfaces::Style { path: &path, public: scheme == "internet-facing" };
    let load_balancer = LoadBalancer {
        dns_name: dns_name(account, (kind, scheme), (name, &id), &call.region),
        load_balancer_arn: load_balancer_arn.clone(),
        canonical_hosted_zone_id: hosted_zone(kind, &call.region).into(),
        created_time: seconds(account.now),
        load_balancer_name: name.into(),
        scheme: scheme.into(),
        vpc_id,
        state: State { code: "provisioning".into(), reason: None },
        kind: kind.into(),
        availability_zones: zones(account, &places),
        ip_address_type: ip_address_type.into(),
        tags,
        attributes: attributes::of_load_balancer(kind, scheme),
        interfaces: attach(account, &style, &places, &groups)?,
        security_groups: groups,
        holders: BTreeSet::new(),
        active_since: None,
    };
    let answer = json!({ "LoadBalancers": [shape(&load_balancer)] });
    let now = account.now;
    account.elb.load_balancers.insert(&load_balancer_arn, load_balancer, now, now);
    let latency = if kind == "network" { Latency::NlbUp } else { Latency::AlbUp };
    let active = Event::LoadBalancerActive(load_balancer_arn);
    account.after(latency, agenda::Event::ElasticLoadBalancingV2(active));
    Ok(answer)
}

/// The zones of these places, as AWS shows them.
pub fn zones(account: &Account, places: &[Place]) -> Vec<Zone> {
    let zones = places.iter().map(|place| Zone {
        zone_name: place.zone.clone(),
        subnet_id: place.subnet_id.clone(),
        load_balancer_addresses: addresses(account, place),
    });
    zones.collect()
}

/// The address that was chosen for a place, as AWS shows it.
fn addresses(account: &Account, place: &Place) -> Vec<Value> {
    let elastic = place.allocation_id.as_deref().map(|id| {
        let address = interfaces::elastic_ip(account, id).map(|address| &address.public_ip);
        json!({ "AllocationId": id, "IpAddress": address })
    });
    let private = place.private_ip.as_ref().map(|ip| json!({ "PrivateIPv4Address": ip }));
    elastic.into_iter().chain(private).collect()
}

/// Network interfaces in all of these places, or in none.
pub fn attach(
    account: &mut Account,
    style: &interfaces::Style<'_>,
    places: &[Place],
    groups: &[String],
) -> Result<BTreeMap<String, String>, ApiError> {
    let mut made = BTreeMap::new();
    for place in places {
        match interfaces::attach(account, style, place, groups) {
            Ok(interface) => {
                made.insert(place.subnet_id.clone(), interface);
            }
            Err(error) => {
                made.values().for_each(|interface| interfaces::release(account, interface));
                return Err(error);
            }
        }
    }
    Ok(made)
}

/// Ends a load balancer's `provisioning`, if it is still there and has not failed.
pub fn activate(account: &mut Account, arn: &str) {
    let now = account.now;
    let doomed = account.doomed.remove(arn);
    if let Some(load_balancer) = account.elb.load_balancers.known_mut(arn)
        && load_balancer.state.code == "provisioning"
    {
        if doomed {
            load_balancer.state = State { code: "failed".into(), reason: Some(REASON.into()) };
            return;
        }
        load_balancer.state.code = "active".into();
        load_balancer.active_since = Some(now);
    }
}

/// `DescribeLoadBalancers`: fails as a whole when one ARN or name is unknown.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let arns = named(&call.input, "LoadBalancerArns")?;
    let names = named(&call.input, "Names")?;
    if !arns.is_empty() && !names.is_empty() {
        return Err(invalid(
            "Load balancer names and load balancer ARNs cannot be specified at the same time",
        ));
    }
    let all = || account.elb.load_balancers.all();
    if arns.iter().any(|arn| account.elb.load_balancers.known(arn).is_none()) {
        return Err(unknown());
    }
    if let Some(name) = names.iter().find(|name| named_so(account, name).is_none()) {
        let message = format!("Load balancers '[{name}]' not found");
        return Err(ApiError::new("LoadBalancerNotFound", message));
    }
    let wanted = |it: &LoadBalancer| {
        (arns.is_empty() || arns.contains(&&*it.load_balancer_arn))
            && (names.is_empty() || names.contains(&&*it.load_balancer_name))
    };
    let found = all().filter(|(_, it)| wanted(it)).map(|(_, it)| shape(it)).collect();
    page("LoadBalancers", found, &call.input)
}

/// `DeleteLoadBalancer`, with its listeners. One that does not exist is deleted already.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text_or_empty("LoadBalancerArn");
    if !arn.contains(":loadbalancer/") {
        return Err(invalid(format!("'{arn}' is not a valid load balancer ARN")));
    }
    let Some(load_balancer) = account.elb.load_balancers.known(arn) else { return done() };
    let refusal = |code: &str, why: &str| {
        let message = format!("Load balancer '{arn}' cannot be deleted because {why}");
        Err(ApiError::new(code, message))
    };
    if load_balancer.attributes.get("deletion_protection.enabled").is_some_and(|it| it == "true") {
        return refusal("OperationNotPermitted", "deletion protection is enabled");
    }
    if !load_balancer.holders.is_empty() {
        return refusal("ResourceInUse", "it is currently associated with another service");
    }
    let interfaces = load_balancer.interfaces.clone();
    for listener in listener::of(account, arn) {
        listener::take_away(account, &listener);
    }
    account.elb.load_balancers.remove(arn);
    interfaces.values().for_each(|interface| interfaces::release(account, interface));
    done()
}

/// `DescribeCapacityReservation`: there is none.
pub fn describe_capacity(account: &mut Account, call: &Call) -> Answer {
    find_mut(account, call.input.text_or_empty("LoadBalancerArn"))?;
    Ok(json!({ "DecreaseRequestsRemaining": 2, "CapacityReservationState": [] }))
}

/// Associates a load balancer with another service, as a VPC link's endpoint service does: it
/// cannot be deleted until `by` lets go.
///
/// # Errors
/// `LoadBalancerNotFound`.
pub fn hold(account: &mut Account, arn: &str, by: &str) -> Result<(), ApiError> {
    find_mut(account, arn)?.holders.insert(by.into());
    Ok(())
}

/// Lets go of a load balancer. Nothing happens when `by` does not hold it.
pub fn release_hold(account: &mut Account, arn: &str, by: &str) {
    if let Some(load_balancer) = account.elb.load_balancers.known_mut(arn) {
        load_balancer.holders.remove(by);
    }
}

/// A load balancer by ARN.
///
/// # Errors
/// `LoadBalancerNotFound`.
pub fn find<'a>(account: &'a Account, arn: &str) -> Result<&'a LoadBalancer, ApiError> {
    account.elb.load_balancers.known(arn).ok_or_else(unknown)
}

/// A load balancer by ARN, to change it.
///
/// # Errors
/// `LoadBalancerNotFound`.
pub fn find_mut<'a>(account: &'a mut Account, arn: &str) -> Result<&'a mut LoadBalancer, ApiError> {
    account.elb.load_balancers.known_mut(arn).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new("LoadBalancerNotFound", "One or more load balancers not found")
}

fn named_so<'a>(account: &'a Account, name: &str) -> Option<&'a LoadBalancer> {
    let mut all = account.elb.load_balancers.all().map(|(_, it)| it);
    all.find(|it| it.load_balancer_name == name)
}

fn is_same_set(one: &[String], other: &[String]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect()
}

fn room_for_one_more(account: &Account, kind: &str) -> Result<(), ApiError> {
    let most = match kind {
        "network" => account.quotas.network_load_balancers,
        _ => account.quotas.application_load_balancers,
    };
    if account.elb.load_balancers.all().filter(|(_, it)| it.kind == kind).count() < most {
        return Ok(());
    }
    let message = format!("The maximum number of {kind} load balancers has been reached");
    Err(ApiError::new("TooManyLoadBalancers", message))
}

fn dns_name(
    account: &mut Account,
    (kind, scheme): (&str, &str),
    (name, id): (&str, &str),
    region: &str,
) -> String {
    if kind == "network" {
        return format!("{name}-{id}.elb.{region}.amazonaws.com");
    }
    let digits = (account.roll() * 1e9) as u32 + 1_000_000_000;
    let prefix = if scheme == "internal" { "internal-" } else { "" };
    format!("{prefix}{name}-{digits}.{region}.elb.amazonaws.com")
}

/// The hosted zones of application and of network load balancers' names; other regions have others,
/// and here the first region's.
const HOSTED_ZONES: &[(&str, &str, &str)] = &[
    ("eu-west-1", "Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"),
    ("eu-central-1", "Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"),
    ("us-east-1", "Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI"),
    ("us-east-2", "Z3AADJGX6KTTL2", "ZLMOA37VPKANP"),
    ("us-west-2", "Z1H1FL5HABSF5", "Z18D5FSROUN65G"),
];

fn hosted_zone(kind: &str, region: &str) -> &'static str {
    let known = HOSTED_ZONES.iter().find(|(name, ..)| *name == region);
    let (_, application, network) = known.unwrap_or(&HOSTED_ZONES[0]);
    if kind == "network" { network } else { application }
}
