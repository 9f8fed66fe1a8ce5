//! Endpoints: an AWS service inside a VPC. Those with network interfaces stand here, and what they
//! have in common with those of route tables.

use super::{
    Event, NewInterface, PublicAddress, Tag, attach_interface,
    describe::Describe,
    endpoint_service, gateway_endpoint, id, mismatch, missing,
    network_interface::GroupIdentifier,
    region, release_interface, seconds, security_group, shape, subnet, tags,
    vpc::{self, Vpc},
    yes,
};
use crate::simulator::{
    account::{Account, Answer},
    agenda,
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An endpoint as EC2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VpcEndpoint {
    /// `vpce-…`
    pub vpc_endpoint_id: String,
    /// `Interface` or `Gateway`.
    pub vpc_endpoint_type: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Such as `com.amazonaws.eu-west-1.execute-api`.
    pub service_name: String,
    /// `pending`, `available`, `deleting`: in small letters, whatever the model says.
    pub state: String,
    /// Who may do what through it.
    pub policy_document: String,
    /// Of gateway endpoints only.
    pub route_table_ids: Vec<String>,
    /// One in a zone.
    pub subnet_ids: Vec<String>,
    /// Its security groups.
    pub groups: Vec<GroupIdentifier>,
    /// `ipv4`.
    pub ip_address_type: String,
    /// Whether the service's own name leads here.
    pub private_dns_enabled: bool,
    /// No service made it.
    pub requester_managed: bool,
    /// One in each subnet, in the subnets' order.
    pub network_interface_ids: Vec<String>,
    /// Names that lead here.
    pub dns_entries: Vec<DnsEntry>,
    /// When the call came.
    pub creation_timestamp: u64,
    /// The account.
    pub owner_id: String,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// A name of an endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DnsEntry {
    /// The name.
    pub dns_name: String,
    /// Its zone.
    pub hosted_zone_id: String,
}

impl VpcEndpoint {
    /// Whether it stands in route tables, and not in subnets.
    pub fn is_gateway(&self) -> bool {
        self.vpc_endpoint_type == "Gateway"
    }
}

/// What everyone may do unless a policy says otherwise.
pub(super) const OPEN: &str =
    r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

/// `CreateVpcEndpoint`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    account.once(call, call.input.text("ClientToken"), mismatch, |account| make(account, call))
}

fn make(account: &mut Account, call: &Call) -> Answer {
    let vpc = vpc::find(account, call.input.text_or_empty("VpcId"))?.clone();
    let service_name = call.input.text("ServiceName").ok_or_else(|| missing("ServiceName"))?;
    let kind = call.input.text("VpcEndpointType").unwrap_or("Gateway");
    if !matches!(kind, "Interface" | "Gateway") {
        let message = "the simulator has interface and gateway endpoints only";
        return Err(ApiError::new("NotImplemented", message).status(501));
    }
    endpoint_service::check(&call.region, service_name, kind)?;
    if kind == "Gateway" {
        return gateway_endpoint::make(account, call, &vpc, service_name);
    }
    let private_dns = call.input.flag("PrivateDnsEnabled").unwrap_or(true);
    if private_dns {
        check_dns(account, &vpc, (&call.region, service_name), None)?;
    }
    let interfaces = account.ec2.vpc_endpoints.all().filter(|(_, it)| !it.is_gateway());
    let here = interfaces.filter(|(_, it)| it.vpc_id == vpc.vpc_id).count();
    if here >= account.quotas.interface_endpoints_per_vpc {
        let message = "The maximum number of VPC endpoints has been reached.";
        return Err(ApiError::new("VpcEndpointLimitExceeded", message));
    }
    let subnet_ids: Vec<String> =
        call.input.texts("SubnetIds").into_iter().map(String::from).collect();
    check_subnets(account, (&vpc.vpc_id, service_name), &subnet_ids)?;
    let groups = groups(account, &vpc.vpc_id, &call.input.texts("SecurityGroupIds"))?;
    let endpoint_id = id(account, "vpce");
    let mut endpoint = VpcEndpoint {
        vpc_endpoint_id: endpoint_id.clone(),
        vpc_endpoint_type: "Interface".into(),
        vpc_id: vpc.vpc_id,
        service_name: service_name.into(),
        state: "pending".into(),
        policy_document: call.input.text("PolicyDocument").unwrap_or(OPEN).into(),
        route_table_ids: Vec::new(),
        subnet_ids: Vec::new(),
        groups,
        ip_address_type: "ipv4".into(),
        private_dns_enabled: private_dns,
        requester_managed: false,
        network_interface_ids: Vec::new(),
        dns_entries: Vec::new(),
        creation_timestamp: seconds(account.now),
        owner_id: account.id.clone(),
        tags: tags::specified(&call.input, "vpc-endpoint"),
    };
    for subnet_id in subnet_ids {
        enter(account, &mut endpoint, subnet_id)?;
    }
    let digits = account.alphanumeric(8);
    endpoint.dns_entries = names(&endpoint, &call.region, &digits);
    let token = call.input.text("ClientToken");
    let answer = json!({ "VpcEndpoint": shape(&endpoint), "ClientToken": token });
    let (made, visible) = (account.now, account.visible_at());
    account.ec2.vpc_endpoints.insert(&endpoint_id, endpoint, made, visible);
    let available = agenda::Event::Ec2(Event::VpcEndpointAvailable(endpoint_id));
    account.after(Latency::VpcEndpointUp, available);
    Ok(answer)
}

/// Private DNS needs both of the VPC's DNS attributes, and a name that nothing else answers to.
fn check_dns(
    account: &Account,
    vpc: &Vpc,
    (region, service_name): (&str, &str),
    except: Option<&str>,
) -> Result<(), ApiError> {
    let refused = |message: String| Err(ApiError::new("InvalidParameter", message));
    if !(vpc.dns_support && vpc.dns_hostnames) {
        return refused(format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC \
             attributes set to true for {}",
            vpc.vpc_id
        ));
    }
    let conflict = account.ec2.vpc_endpoints.all().any(|(id, it)| {
        let same = it.vpc_id == vpc.vpc_id && it.service_name == service_name;
        same && it.private_dns_enabled && except != Some(id)
    });
    if conflict {
        return refused(format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain \
             for {} in the VPC {}",
            endpoint_service::private_dns_name(region, service_name),
            vpc.vpc_id
        ));
    }
    Ok(())
}

/// Subnets of the VPC in zones that the service has, no two in one zone.
fn check_subnets(
    account: &Account,
    (vpc_id, service_name): (&str, &str),
    ids: &[String],
) -> Result<(), ApiError> {
    let mut zones = Vec::new();
    for id in ids {
        let subnet = subnet::find(account, id)?;
        if subnet.vpc_id != vpc_id {
            let message = format!("Subnet {id} does not belong to VPC {vpc_id}");
            return Err(ApiError::new("InvalidParameter", message));
        }
        if !region::has_endpoint(service_name, &subnet.availability_zone_id) {
            let message = format!(
                "The VPC endpoint service {service_name} does not support the availability zone of \
                 the subnet: {id}."
            );
            return Err(ApiError::new("InvalidParameter", message));
        }
        if zones.contains(&&subnet.availability_zone) {
            let message =
                format!("Found another VPC endpoint subnet in the availability zone of {id}");
            return Err(ApiError::new("DuplicateSubnetsInSameZone", message));
        }
        zones.push(&subnet.availability_zone);
    }
    Ok(())
}

/// The groups that are named, or the VPC's default one.
fn groups(account: &Account, vpc_id: &str, ids: &[&str]) -> Result<Vec<GroupIdentifier>, ApiError> {
    if ids.is_empty() {
        let default = security_group::default_of(account, vpc_id);
        return Ok(default.map(|group| group.identifier()).into_iter().collect());
    }
    let mut groups = Vec::new();
    for id in ids {
        let group = security_group::find(account, id)?;
        if group.vpc_id != vpc_id {
            let message = format!("Security group {id} does not belong to VPC {vpc_id}");
            return Err(ApiError::new("InvalidParameter", message));
        }
        groups.push(group.identifier());
    }
    Ok(groups)
}

/// Puts a network interface into a subnet.
fn enter(
    account: &mut Account,
    endpoint: &mut VpcEndpoint,
    subnet_id: String,
) -> Result<(), ApiError> {
    let new = NewInterface {
        private_address: None,
        subnet_id: subnet_id.clone(),
        security_groups: endpoint.groups.iter().map(|group| group.group_id.clone()).collect(),
        description: format!("VPC Endpoint Interface {}", endpoint.vpc_endpoint_id),
        interface_type: "vpc_endpoint".into(),
        requester: "amazon-vpc".into(),
        public_address: PublicAddress::None,
    };
    let attached = attach_interface(account, new)?;
    endpoint.subnet_ids.push(subnet_id);
    endpoint.network_interface_ids.push(attached.id);
    Ok(())
}

fn names(endpoint: &VpcEndpoint, region: &str, digits: &str) -> Vec<DnsEntry> {
    let service = endpoint.service_name.rsplit('.').next().unwrap_or_default();
    let id = &endpoint.vpc_endpoint_id;
    let entry = |dns_name: String, zone: &str| DnsEntry { dns_name, hosted_zone_id: zone.into() };
    let own = format!("{id}-{digits}.{service}.{region}.vpce.amazonaws.com");
    let mut names = vec![entry(own, "Z38GZ743OKFT7T")];
    if endpoint.private_dns_enabled {
        let name = endpoint_service::private_dns_name(region, &endpoint.service_name);
        names.push(entry(name, "Z0123456PRIVATEDNS00"));
    }
    names
}

/// `DescribeVpcEndpoints`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "VpcEndpoints",
        ids: "VpcEndpointIds",
        id: "VpcEndpointId",
        unknown,
        filters: "Filters",
        special: &[("vpc-endpoint-state", "State")],
    };
    describe.answer(&call.input, account.ec2.vpc_endpoints.visible(account.now).map(shape))
}

/// `ModifyVpcEndpoint`, once it is `available`.
pub fn modify(account: &mut Account, call: &Call) -> Answer {
    let endpoint = find(account, call.input.text_or_empty("VpcEndpointId"))?;
    let mut endpoint = endpoint.clone();
    let id = endpoint.vpc_endpoint_id.clone();
    if endpoint.state != "available" {
        let message = format!("VPC endpoint {id} is in state {}", endpoint.state);
        return Err(ApiError::new("IncorrectState", message));
    }
    if endpoint.is_gateway() {
        gateway_endpoint::modify(account, call, &mut endpoint)?;
        set_policy(&mut endpoint, call);
        if let Some(kept) = account.ec2.vpc_endpoints.known_mut(&id) {
            *kept = endpoint;
        }
        return yes();
    }
    let own = |member: &str| -> Vec<String> {
        call.input.texts(member).into_iter().map(String::from).collect()
    };
    let (added, removed) = (own("AddSubnetIds"), own("RemoveSubnetIds"));
    let kept = endpoint.subnet_ids.iter().filter(|id| !removed.contains(id)).cloned();
    let of = (&*endpoint.vpc_id, &*endpoint.service_name);
    check_subnets(account, of, &kept.chain(added.clone()).collect::<Vec<_>>())?;
    let gone = own("RemoveSecurityGroupIds");
    let fresh = call.input.texts("AddSecurityGroupIds");
    if !fresh.is_empty() {
        endpoint.groups.extend(groups(account, &endpoint.vpc_id, &fresh)?);
    }
    endpoint.groups.retain(|group| !gone.contains(&group.group_id));
    if let Some(private_dns) = call.input.flag("PrivateDnsEnabled") {
        if private_dns {
            let vpc = vpc::find(account, &endpoint.vpc_id)?.clone();
            check_dns(account, &vpc, (&call.region, &endpoint.service_name), Some(&id))?;
        }
        endpoint.private_dns_enabled = private_dns;
        let digits = account.alphanumeric(8);
        endpoint.dns_entries = names(&endpoint, &call.region, &digits);
    }
    set_policy(&mut endpoint, call);
    for subnet_id in removed {
        let Some(at) = endpoint.subnet_ids.iter().position(|id| *id == subnet_id) else { continue };
        endpoint.subnet_ids.remove(at);
        let interface = endpoint.network_interface_ids.remove(at);
        release_interface(account, &interface);
    }
    for interface in &endpoint.network_interface_ids {
        if let Some(interface) = account.ec2.network_interfaces.known_mut(interface) {
            interface.groups.clone_from(&endpoint.groups);
        }
    }
    for subnet_id in added {
        enter(account, &mut endpoint, subnet_id)?;
    }
    if let Some(kept) = account.ec2.vpc_endpoints.known_mut(&id) {
        *kept = endpoint;
    }
    yes()
}

fn set_policy(endpoint: &mut VpcEndpoint, call: &Call) {
    if let Some(policy) = call.input.text("PolicyDocument") {
        endpoint.policy_document = policy.into();
    } else if call.input.flag("ResetPolicy") == Some(true) {
        endpoint.policy_document = OPEN.into();
    }
}

/// `DeleteVpcEndpoints`: says in its answer which of them it could not delete.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let mut unsuccessful = Vec::new();
    for id in call.input.texts("VpcEndpointIds") {
        match find(account, id) {
            Ok(endpoint) => {
                let deleting = endpoint.state == "deleting";
                if !deleting {
                    take_down(account, id);
                }
            }
            Err(error) => unsuccessful.push(json!({
                "ResourceId": id, "Error": { "Code": error.code, "Message": error.message },
            })),
        }
    }
    Ok(json!({ "Unsuccessful": unsuccessful }))
}

/// The endpoint leaves the listing first; its network interfaces are the last to go. Routes go at
/// once.
fn take_down(account: &mut Account, id: &str) {
    let gateway = account.ec2.vpc_endpoints.known(id).is_some_and(VpcEndpoint::is_gateway);
    let takes = if gateway { Latency::Vpc } else { Latency::VpcEndpointDown };
    let whole = account.draw(takes);
    let Some(endpoint) = account.ec2.vpc_endpoints.known_mut(id) else { return };
    endpoint.state = "deleting".into();
    endpoint.route_table_ids.clear();
    let interfaces = endpoint.network_interface_ids.clone();
    account.in_millis(whole / 3 * 2, agenda::Event::Ec2(Event::VpcEndpointGone(id.into())));
    for interface in interfaces {
        account.in_millis(whole, agenda::Event::Ec2(Event::InterfaceGone(interface)));
    }
}

/// It leaves `pending`.
pub(super) fn available(account: &mut Account, id: &str) {
    let state = if account.doomed.remove(id) { "failed" } else { "available" };
    if let Some(endpoint) = account.ec2.vpc_endpoints.known_mut(id)
        && endpoint.state == "pending"
    {
        endpoint.state = state.into();
    }
}

/// An endpoint that calls can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a VpcEndpoint, ApiError> {
    account.ec2.vpc_endpoints.get(id, account.now).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    super::unknown("InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id", id)
}
