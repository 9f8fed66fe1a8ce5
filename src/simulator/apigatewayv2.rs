//! API Gateway V2, of which only the VPC links are here: network interfaces in subnets, through which
//! REST APIs reach load balancers that their integrations name.

use super::{
    account::{Account, Answer, not_built},
    agenda,
    ec2::{NewInterface, PublicAddress, attach_interface, region, release_interface},
    faults::doom::REASON,
    fields::Fields,
    inventory::Item,
    latency::Latency,
    wire::{ApiError, Call, Service},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All that API Gateway V2 holds of the account. Its reads never lag behind its writes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiGatewayV2 {
    /// VPC links, by ID.
    pub links: BTreeMap<String, VpcLink>,
}

/// A VPC link as API Gateway V2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VpcLink {
    /// Six letters and digits.
    pub vpc_link_id: String,
    /// Not unique.
    pub name: String,
    /// Where its network interfaces are. They cannot be changed.
    pub subnet_ids: Vec<String>,
    /// Of its network interfaces. They cannot be changed.
    pub security_group_ids: Vec<String>,
    /// `PENDING`, `AVAILABLE`, `FAILED` or `DELETING`.
    pub vpc_link_status: String,
    /// What the status means.
    pub vpc_link_status_message: String,
    /// `V2`.
    pub vpc_link_version: String,
    /// In seconds since 1970.
    pub created_date: u64,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Its network interfaces.
    #[serde(rename = "_interfaces")]
    pub interfaces: Vec<String>,
}

/// What happens by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A VPC link leaves `PENDING`.
    LinkSettled(String),
    /// A VPC link that was `DELETING` is gone, and its network interfaces with it.
    LinkGone(String),
}

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "CreateVpcLink" => create(account, call),
        "GetVpcLink" => Ok(shape(find(account, call)?)),
        "GetVpcLinks" => list(account, call),
        "UpdateVpcLink" => update(account, call),
        "DeleteVpcLink" => delete(account, call),
        "GetTags" => Ok(json!({ "Tags": tagged(account, call)? })),
        "TagResource" => tag(account, call),
        "UntagResource" => untag(account, call),
        _ => Err(not_built(call)),
    }
}

/// Lets something happen.
pub fn happen(account: &mut Account, event: Event) {
    match event {
        Event::LinkSettled(id) => settle(account, &id),
        Event::LinkGone(id) => forget(account, &id),
    }
}

impl ApiGatewayV2 {
    /// Everything, for the account's inventory.
    pub fn inventory(&self) -> Vec<Item> {
        let items = self.links.iter().map(|(id, link)| Item {
            service: Service::ApiGatewayV2.prefix(),
            kind: "VpcLink",
            id: id.clone(),
            state: link.vpc_link_status.clone(),
            tags: link.tags.clone(),
            remnant: false,
        });
        items.collect()
    }
}

/// A description without what it keeps to itself.
fn shape(link: &VpcLink) -> Value {
    let mut shape = serde_json::to_value(link).unwrap_or(Value::Null);
    if let Some(members) = shape.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
    }
    shape
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new("BadRequestException", message)
}

fn unknown(id: &str) -> ApiError {
    ApiError::new("NotFoundException", format!("Invalid VpcLink identifier specified {id}"))
}

fn find<'a>(account: &'a Account, call: &Call) -> Result<&'a VpcLink, ApiError> {
    let id = call.input.text_or_empty("VpcLinkId");
    account.apigatewayv2.links.get(id).ok_or_else(|| unknown(id))
}

/// `CreateVpcLink`: needs nothing but subnets of one VPC, and security groups there.
fn create(account: &mut Account, call: &Call) -> Answer {
    if account.apigatewayv2.links.len() >= account.quotas.vpc_links_v2 {
        let message = "Maximum number of VPC links for this account has been reached. Please \
                       contact AWS if you need additional ones.";
        return Err(bad_request(message));
    }
    let (subnets, groups) = (owned(call, "SubnetIds"), owned(call, "SecurityGroupIds"));
    place(account, &subnets, &groups)?;
    let id = account.alphanumeric(6);
    let mut interfaces = Vec::new();
    for subnet_id in &subnets {
        let new = NewInterface {
            private_address: None,
            subnet_id: subnet_id.clone(),
            security_groups: groups.clone(),
            description: format!("VPC Link Interface for API Gateway {id}"),
            interface_type: "api_gateway_managed".into(),
            requester: "amazon-apigateway".into(),
            public_address: PublicAddress::None,
        };
        let made = attach_interface(account, new).map_err(|error| bad_request(error.message));
        match made {
            Ok(made) => interfaces.push(made.id),
            Err(refusal) => {
                interfaces.iter().for_each(|interface| release_interface(account, interface));
                return Err(refusal);
            }
        }
    }
    let link = VpcLink {
        vpc_link_id: id.clone(),
        name: call.input.text_or_empty("Name").into(),
        subnet_ids: subnets,
        security_group_ids: groups,
        vpc_link_status: "PENDING".into(),
        vpc_link_status_message: "VPC link is provisioning resources".into(),
        vpc_link_version: "V2".into(),
        created_date: account.now / 1000,
        tags: given(call)?,
        interfaces,
    };
    let answer = shape(&link);
    account.apigatewayv2.links.insert(id.clone(), link);
    account.after(Latency::VpcLinkV2Up, agenda::Event::ApiGatewayV2(Event::LinkSettled(id)));
    Ok(answer)
}

fn owned(call: &Call, member: &str) -> Vec<String> {
    call.input.texts(member).into_iter().map(String::from).collect()
}

/// Refuses subnets and security groups that are not there, or not in one VPC.
fn place(account: &Account, subnets: &[String], groups: &[String]) -> Result<(), ApiError> {
    let mut vpc = None;
    for id in subnets {
        let subnet = account.ec2.subnets.get(id, account.now);
        let subnet = subnet.ok_or_else(|| bad_request(format!("Invalid subnet ID: {id}")))?;
        if *vpc.get_or_insert(&subnet.vpc_id) != &subnet.vpc_id {
            return Err(bad_request("All subnets of a VPC link must be in the same VPC"));
        }
        let (zone, zone_id) = (&subnet.availability_zone, &subnet.availability_zone_id);
        if !region::has_links_v2(zone_id) {
            let message = format!("VPC links are not supported in {zone} ({zone_id}): {id}");
            return Err(bad_request(message));
        }
    }
    for id in groups {
        let group = account.ec2.security_groups.get(id, account.now);
        if group.is_none_or(|group| Some(&group.vpc_id) != vpc) {
            return Err(bad_request(format!("Invalid security group ID: {id}")));
        }
    }
    Ok(())
}

fn given(call: &Call) -> Result<BTreeMap<String, String>, ApiError> {
    let tags = call.input.map("Tags");
    match tags.keys().any(|key| key.starts_with("aws:")) {
        true => Err(bad_request("Invalid tag key. Tag keys must not start with 'aws:'")),
        false => Ok(tags),
    }
}

/// A link leaves `PENDING`, unless it is deleted meanwhile.
fn settle(account: &mut Account, id: &str) {
    let failed = account.doomed.remove(id);
    let link = account.apigatewayv2.links.get_mut(id);
    if let Some(link) = link.filter(|link| link.vpc_link_status == "PENDING") {
        let (status, message) = match failed {
            true => ("FAILED", REASON),
            false => ("AVAILABLE", "VPC link is ready to route traffic"),
        };
        link.vpc_link_status = status.into();
        link.vpc_link_status_message = message.into();
    }
}

fn forget(account: &mut Account, id: &str) {
    if let Some(link) = account.apigatewayv2.links.remove(id) {
        link.interfaces.iter().for_each(|interface| release_interface(account, interface));
    }
}

/// `GetVpcLinks`, a page by `MaxResults` and `NextToken`.
fn list(account: &mut Account, call: &Call) -> Answer {
    let number = |member: &str| match call.input.text(member).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text
            .parse::<usize>()
            .map(Some)
            .map_err(|_| bad_request(format!("Invalid {member}: {text}"))),
    };
    let (start, size) = (number("NextToken")?.unwrap_or(0), number("MaxResults")?.unwrap_or(25));
    let links = account.apigatewayv2.links.values();
    let items: Vec<_> = links.clone().skip(start).take(size).map(shape).collect();
    let next = (links.len() > start + size).then(|| (start + size).to_string());
    Ok(json!({ "Items": items, "NextToken": next }))
}

/// `UpdateVpcLink`: only the name can change.
fn update(account: &mut Account, call: &Call) -> Answer {
    let id = call.input.text_or_empty("VpcLinkId");
    let link = account.apigatewayv2.links.get_mut(id).ok_or_else(|| unknown(id))?;
    if let Some(name) = call.input.text("Name") {
        link.name = name.into();
    }
    Ok(shape(link))
}

/// `DeleteVpcLink`: nothing that uses it holds it.
fn delete(account: &mut Account, call: &Call) -> Answer {
    let id = call.input.text_or_empty("VpcLinkId");
    let link = account.apigatewayv2.links.get_mut(id).ok_or_else(|| unknown(id))?;
    if link.vpc_link_status != "DELETING" {
        link.vpc_link_status = "DELETING".into();
        link.vpc_link_status_message = "VPC link is deleting".into();
        let gone = agenda::Event::ApiGatewayV2(Event::LinkGone(id.into()));
        account.after(Latency::VpcLinkV2Down, gone);
    }
    Ok(json!({}))
}

/// The tags of the link that an ARN without an account names.
fn tagged<'a>(
    account: &'a mut Account,
    call: &Call,
) -> Result<&'a mut BTreeMap<String, String>, ApiError> {
    let arn = call.input.text_or_empty("ResourceArn");
    let id = arn.rsplit_once(":/vpclinks/").map_or("", |(_, id)| id);
    let link = account.apigatewayv2.links.get_mut(id);
    link.map(|link| &mut link.tags).ok_or_else(|| unknown(arn))
}

fn tag(account: &mut Account, call: &Call) -> Answer {
    let tags = given(call)?;
    tagged(account, call)?.extend(tags);
    Ok(json!({}))
}

fn untag(account: &mut Account, call: &Call) -> Answer {
    let tags = tagged(account, call)?;
    call.input.texts("TagKeys").into_iter().for_each(|key| drop(tags.remove(key)));
    Ok(json!({}))
}
