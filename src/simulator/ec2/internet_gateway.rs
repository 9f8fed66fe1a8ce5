//! Internet gateways and their attachment to a VPC.

use super::{
    Tag, describe::Describe, done, id, in_use, invalid, shape, tags, unknown as no_such, vpc,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An internet gateway as EC2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InternetGateway {
    /// `igw-…`
    pub internet_gateway_id: String,
    /// The account.
    pub owner_id: String,
    /// One at most.
    pub attachments: Vec<Attachment>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// An attachment to a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attachment {
    /// The VPC.
    pub vpc_id: String,
    /// `available`: a word that the model's list of states does not have, and EC2 says.
    pub state: String,
}

impl InternetGateway {
    /// Whether it is attached to this VPC.
    pub fn is_attached_to(&self, vpc_id: &str) -> bool {
        self.attachments.iter().any(|attachment| attachment.vpc_id == vpc_id)
    }
}

/// Whether a VPC has an internet gateway.
pub fn igw_attached(account: &Account, vpc_id: &str) -> bool {
    account.ec2.internet_gateways.all().any(|(_, gateway)| gateway.is_attached_to(vpc_id))
}

/// `CreateInternetGateway`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    if account.ec2.internet_gateways.len() >= account.quotas.internet_gateways {
        let message = "The maximum number of internet gateways has been reached.";
        return Err(ApiError::new("InternetGatewayLimitExceeded", message));
    }
    let gateway_id = id(account, "igw");
    let gateway = InternetGateway {
        internet_gateway_id: gateway_id.clone(),
        owner_id: account.id.clone(),
        attachments: Vec::new(),
        tags: tags::specified(&call.input, "internet-gateway"),
    };
    let answer = json!({ "InternetGateway": shape(&gateway) });
    let (made, visible) = (account.now, account.visible_at());
    account.ec2.internet_gateways.insert(gateway_id, gateway, made, visible);
    Ok(answer)
}

/// `DescribeInternetGateways`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "InternetGateways",
        ids: "InternetGatewayIds",
        id: "InternetGatewayId",
        unknown,
        filters: "Filters",
        special: &[
            ("attachment.vpc-id", "Attachments.VpcId"),
            ("attachment.state", "Attachments.State"),
        ],
    };
    describe.answer(&call.input, account.ec2.internet_gateways.visible(account.now).map(shape))
}

/// `AttachInternetGateway`.
pub fn attach(account: &mut Account, call: &Call) -> Answer {
    let (gateway_id, vpc_id) = names(call);
    let gateway = find(account, &gateway_id)?;
    vpc::find(account, &vpc_id)?;
    if let Some(attachment) = gateway.attachments.first() {
        let network = &attachment.vpc_id;
        let message = format!("resource {gateway_id} is already attached to network {network}");
        return Err(ApiError::new("Resource.AlreadyAssociated", message));
    }
    if igw_attached(account, &vpc_id) {
        let message = format!("Network {vpc_id} already has an internet gateway attached");
        return Err(invalid(message));
    }
    if let Some(gateway) = account.ec2.internet_gateways.known_mut(&gateway_id) {
        gateway.attachments.push(Attachment { vpc_id, state: "available".into() });
    }
    done()
}

/// `DetachInternetGateway`: refused while anything in the VPC has a public address.
pub fn detach(account: &mut Account, call: &Call) -> Answer {
    let (gateway_id, vpc_id) = names(call);
    let gateway = find(account, &gateway_id)?;
    vpc::find(account, &vpc_id)?;
    if !gateway.is_attached_to(&vpc_id) {
        let message = format!("resource {gateway_id} is not attached to network {vpc_id}");
        return Err(ApiError::new("Gateway.NotAttached", message));
    }
    let mut interfaces = account.ec2.network_interfaces.all();
    if interfaces.any(|(_, it)| it.vpc_id == vpc_id && it.association.is_some()) {
        let message = format!(
            "Network {vpc_id} has some mapped public address(es). Please unmap those public \
             address(es) before detaching the gateway."
        );
        return Err(ApiError::new("DependencyViolation", message));
    }
    if let Some(gateway) = account.ec2.internet_gateways.known_mut(&gateway_id) {
        gateway.attachments.clear();
    }
    done()
}

/// `DeleteInternetGateway`: refused while it is attached.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let gateway = find(account, call.input.text_or_empty("InternetGatewayId"))?;
    let gateway_id = gateway.internet_gateway_id.clone();
    if !gateway.attachments.is_empty() {
        return Err(in_use("internetGateway", &gateway_id));
    }
    account.ec2.internet_gateways.remove(&gateway_id);
    done()
}

/// An internet gateway that calls can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a InternetGateway, ApiError> {
    account.ec2.internet_gateways.get(id, account.now).ok_or_else(|| unknown(id))
}

fn names(call: &Call) -> (String, String) {
    let name = |member: &str| call.input.text_or_empty(member).to_owned();
    (name("InternetGatewayId"), name("VpcId"))
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidInternetGatewayID.NotFound", "internetGateway ID", id)
}
