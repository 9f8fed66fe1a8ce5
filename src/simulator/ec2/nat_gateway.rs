//! NAT gateways: minutes to come, minutes to go, and an hour in the listing after that.

use super::{
    Event, NewInterface, PublicAddress, Tag, attach_interface, describe::Describe, elastic_ip, id,
    igw_attached, mismatch, missing, release_interface, seconds, shape, subnet, tags,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    agenda,
    faults::doom::REASON,
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A NAT gateway as EC2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NatGateway {
    /// `nat-…`
    pub nat_gateway_id: String,
    /// Its subnet.
    pub subnet_id: String,
    /// The subnet's VPC.
    pub vpc_id: String,
    /// `pending`, `available`, `failed`, `deleting`, `deleted`.
    pub state: String,
    /// `public` or `private`.
    pub connectivity_type: String,
    /// `zonal`: those that are regional are not simulated.
    pub availability_mode: String,
    /// One.
    pub nat_gateway_addresses: Vec<NatGatewayAddress>,
    /// Why it failed.
    pub failure_code: Option<String>,
    /// Why it failed, in words.
    pub failure_message: Option<String>,
    /// When the call came.
    pub create_time: u64,
    /// When the deletion was asked for.
    pub delete_time: Option<u64>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// What it will turn out to have failed of.
    #[serde(rename = "_fault")]
    pub fault: Option<(String, String)>,
}

/// An address of a NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NatGatewayAddress {
    /// The Elastic IP.
    pub allocation_id: Option<String>,
    /// Its association.
    pub association_id: Option<String>,
    /// `eni-…`
    pub network_interface_id: Option<String>,
    /// In the subnet.
    pub private_ip: Option<String>,
    /// The Elastic IP's address.
    pub public_ip: Option<String>,
    /// There is only this one.
    pub is_primary: bool,
    /// `associating`, `succeeded`, `failed`.
    pub status: String,
}

impl NatGateway {
    /// Whether it holds its network interface, its address, and a place in the quota.
    pub fn is_held(&self) -> bool {
        matches!(&*self.state, "pending" | "available" | "deleting")
    }
}

/// How long AWS lists what was deleted or failed.
const LISTED: Millis = 3_600_000;

/// `CreateNatGateway`. What is wrong with the network shows later, as the state `failed`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    account.once(call, call.input.text("ClientToken"), mismatch, |account| make(account, call))
}

fn make(account: &mut Account, call: &Call) -> Answer {
    let subnet_id = call.input.text("SubnetId").ok_or_else(|| missing("SubnetId"))?;
    let subnet = subnet::find(account, subnet_id)?.clone();
    let private = call.input.text("ConnectivityType") == Some("private");
    let allocation_id = call.input.text("AllocationId");
    if let Some(allocation_id) = allocation_id {
        elastic_ip::find(account, allocation_id)?;
    } else if !private {
        return Err(missing("AllocationId"));
    }
    let in_zone = account.ec2.nat_gateways.all().filter(|(_, nat)| {
        let other = account.ec2.subnets.known(&nat.subnet_id);
        nat.is_held() && other.is_some_and(|it| it.availability_zone == subnet.availability_zone)
    });
    let quota = account.quotas.nat_gateways_per_zone;
    if in_zone.count() >= quota {
        let message =
            format!("Performing this operation would exceed the limit of {quota} NAT gateways");
        return Err(ApiError::new("NatGatewayLimitExceeded", message));
    }
    let nat_id = id(account, "nat");
    let (address, fault) = place(account, &nat_id, &subnet, allocation_id);
    let nat = NatGateway {
        nat_gateway_id: nat_id.clone(),
        subnet_id: subnet.subnet_id,
        vpc_id: subnet.vpc_id,
        state: "pending".into(),
        connectivity_type: if private { "private" } else { "public" }.into(),
        availability_mode: "zonal".into(),
        nat_gateway_addresses: vec![address],
        failure_code: None,
        failure_message: None,
        create_time: seconds(account.now),
        delete_time: None,
        tags: tags::specified(&call.input, "natgateway"),
        fault,
    };
    let answer =
        json!({ "NatGateway": shape(&nat), "ClientToken": call.input.text("ClientToken") });
    let (made, visible) = (account.now, account.visible_at());
    // A failure shows sooner than success.
    let share = if nat.fault.is_some() { 10 } else { 1 };
    account.ec2.nat_gateways.insert(&nat_id, nat, made, visible);
    let settled = account.draw(Latency::NatGatewayUp) / share;
    account.in_millis(settled, agenda::Event::Ec2(Event::NatGatewaySettled(nat_id)));
    Ok(answer)
}

/// The network interface and its address, or what will be found to be wrong.
fn place(
    account: &mut Account,
    nat_id: &str,
    subnet: &subnet::Subnet,
    allocation_id: Option<&str>,
) -> (NatGatewayAddress, Option<(String, String)>) {
    let mut address = NatGatewayAddress {
        allocation_id: allocation_id.map(String::from),
        association_id: None,
        network_interface_id: None,
        private_ip: None,
        public_ip: None,
        is_primary: true,
        status: "associating".into(),
    };
    if allocation_id.is_some() && !igw_attached(account, &subnet.vpc_id) {
        let message = format!("Network {} has no Internet gateway attached", subnet.vpc_id);
        return (address, Some(("Gateway.NotAttached".into(), message)));
    }
    let new = NewInterface {
        private_address: None,
        subnet_id: subnet.subnet_id.clone(),
        security_groups: Vec::new(),
        description: format!("Interface for NAT Gateway {nat_id}"),
        interface_type: "nat_gateway".into(),
        requester: "amazon-vpc".into(),
        public_address: match allocation_id {
            Some(id) => PublicAddress::Elastic(id.into()),
            None => PublicAddress::None,
        },
    };
    match attach_interface(account, new) {
        Ok(attached) => {
            let interface = account.ec2.network_interfaces.known(&attached.id);
            let association = interface.and_then(|interface| interface.association.as_ref());
            address.association_id = association.and_then(|it| it.association_id.clone());
            address.network_interface_id = Some(attached.id);
            address.private_ip = Some(attached.private_ip);
            address.public_ip = attached.public_ip;
            (address, None)
        }
        Err(error) => (address, Some((error.code.clone(), error.message.clone()))),
    }
}

/// It leaves `pending`.
pub(super) fn settle(account: &mut Account, nat_id: &str) {
    let doomed = account.doomed.remove(nat_id);
    let Some(nat) = account.ec2.nat_gateways.known_mut(nat_id) else { return };
    if nat.state != "pending" {
        return;
    }
    let internal = || ("InternalError".into(), REASON.into());
    let failed = nat.fault.take().or_else(|| doomed.then(internal));
    let status = if failed.is_some() { "failed" } else { "succeeded" };
    nat.nat_gateway_addresses.iter_mut().for_each(|address| address.status = status.into());
    match failed {
        None => nat.state = "available".into(),
        Some((code, message)) => {
            nat.state = "failed".into();
            nat.failure_code = Some(code);
            nat.failure_message = Some(message);
            let forget = Event::NatGatewayForgotten(nat_id.into());
            account.in_millis(LISTED, agenda::Event::Ec2(forget));
        }
    }
}

/// `DescribeNatGateways`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "NatGateways",
        ids: "NatGatewayIds",
        id: "NatGatewayId",
        unknown,
        filters: "Filter",
        special: &[],
    };
    describe.answer(&call.input, account.ec2.nat_gateways.visible(account.now).map(shape))
}

/// `DeleteNatGateway`: its network interface and its address stay with it until it is `deleted`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let id = call.input.text_or_empty("NatGatewayId");
    let time = seconds(account.now);
    let now = account.now;
    let nat = account.ec2.nat_gateways.get_mut(id, now).ok_or_else(|| unknown(id))?;
    let nat_id = nat.nat_gateway_id.clone();
    match &*nat.state {
        "deleted" => return Err(unknown(id)),
        "deleting" => {}
        state => {
            let failed = state == "failed";
            nat.state = "deleting".into();
            nat.delete_time = Some(time);
            let deleted = agenda::Event::Ec2(Event::NatGatewayDeleted(nat_id.clone()));
            // A failed one has nothing to take down.
            let delay = if failed { 0 } else { account.draw(Latency::NatGatewayDown) };
            account.in_millis(delay, deleted);
        }
    }
    Ok(json!({ "NatGatewayId": nat_id }))
}

/// It leaves `deleting`.
pub(super) fn deleted(account: &mut Account, nat_id: &str) {
    let Some(nat) = account.ec2.nat_gateways.known_mut(nat_id) else { return };
    nat.state = "deleted".into();
    let addresses = nat.nat_gateway_addresses.iter();
    let interfaces: Vec<_> = addresses.filter_map(|it| it.network_interface_id.clone()).collect();
    for interface in interfaces {
        release_interface(account, &interface);
    }
    let forget = agenda::Event::Ec2(Event::NatGatewayForgotten(nat_id.into()));
    account.in_millis(LISTED, forget);
}

/// A NAT gateway that a route can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a NatGateway, ApiError> {
    let nat = account.ec2.nat_gateways.get(id, account.now).filter(|nat| nat.is_held());
    nat.ok_or_else(|| super::unknown("InvalidNatGatewayID.NotFound", "natGateway ID", id))
}

fn unknown(id: &str) -> ApiError {
    ApiError::new("NatGatewayNotFound", format!("The Nat Gateway {id} was not found"))
}
