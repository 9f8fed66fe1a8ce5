//! API Gateway, REST APIs: one file per kind; this one holds what they share.

pub mod account_role;
pub mod deployment;
pub mod integration;
pub mod invoke;
pub mod method;
pub mod openapi;
pub mod outside;
mod patch;
pub mod resource;
pub mod rest_api;
pub mod settings;
pub mod stage;
pub mod tags;
pub mod vpc_link;

#[cfg(test)]
mod tests;

use super::{
    account::{Account, Answer, Millis, not_built},
    fields::Fields,
    inventory::Item,
    wire::{ApiError, Call},
};
use rest_api::RestApi;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use vpc_link::VpcLink;

/// All that API Gateway holds of the account. Its reads never lag behind its writes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiGateway {
    /// REST APIs with all that is in them, by ID.
    pub apis: BTreeMap<String, RestApi>,
    /// VPC links, by ID.
    pub links: BTreeMap<String, VpcLink>,
    /// The role for logs, if one is set.
    pub role: Option<String>,
}

/// What happens by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A VPC link leaves `PENDING`; with a reason, it has failed.
    LinkSettled(String, Option<String>),
    /// A VPC link that was `DELETING` is gone.
    LinkGone(String),
}

/// Two writes of one API within this time overlap, so the second is refused. Shorter than any
/// request is under way: who waits for an answer never meets it.
const OVERLAP: Millis = 5;

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "CreateRestApi" => rest_api::create(account, call),
        "GetRestApi" => rest_api::get(account, call),
        "GetRestApis" => rest_api::list(account, call),
        "UpdateRestApi" => rest_api::update(account, call),
        "DeleteRestApi" => rest_api::delete(account, call),
        "ImportRestApi" => openapi::import(account, call),
        "PutRestApi" => openapi::put(account, call),
        "CreateResource" => resource::create(account, call),
        "GetResource" => resource::get(account, call),
        "GetResources" => resource::list(account, call),
        "UpdateResource" => resource::update(account, call),
        "DeleteResource" => resource::delete(account, call),
        "PutMethod" => method::put(account, call),
        "GetMethod" => method::get(account, call),
        "UpdateMethod" => method::update(account, call),
        "DeleteMethod" => method::delete(account, call),
        "PutMethodResponse" => method::put_response(account, call),
        "GetMethodResponse" => method::get_response(account, call),
        "UpdateMethodResponse" => method::update_response(account, call),
        "DeleteMethodResponse" => method::delete_response(account, call),
        "PutIntegration" => integration::put(account, call),
        "GetIntegration" => integration::get(account, call),
        "UpdateIntegration" => integration::update(account, call),
        "DeleteIntegration" => integration::delete(account, call),
        "PutIntegrationResponse" => integration::put_response(account, call),
        "GetIntegrationResponse" => integration::get_response(account, call),
        "UpdateIntegrationResponse" => integration::update_response(account, call),
        "DeleteIntegrationResponse" => integration::delete_response(account, call),
        "CreateDeployment" => deployment::create(account, call),
        "GetDeployment" => deployment::get(account, call),
        "GetDeployments" => deployment::list(account, call),
        "UpdateDeployment" => deployment::update(account, call),
        "DeleteDeployment" => deployment::delete(account, call),
        "CreateStage" => stage::create(account, call),
        "GetStage" => stage::get(account, call),
        "GetStages" => stage::list(account, call),
        "UpdateStage" => stage::update(account, call),
        "DeleteStage" => stage::delete(account, call),
        "CreateVpcLink" => vpc_link::create(account, call),
        "GetVpcLink" => vpc_link::get(account, call),
        "GetVpcLinks" => vpc_link::list(account, call),
        "UpdateVpcLink" => vpc_link::update(account, call),
        "DeleteVpcLink" => vpc_link::delete(account, call),
        "GetAccount" => account_role::get(account),
        "UpdateAccount" => account_role::update(account, call),
        "GetTags" => tags::get(account, call),
        "TagResource" => tags::add(account, call),
        "UntagResource" => tags::remove(account, call),
        _ => Err(not_built(call)),
    }
}

/// Lets something happen.
pub fn happen(account: &mut Account, event: Event) {
    match event {
        Event::LinkSettled(id, failure) => vpc_link::settle(account, &id, failure),
        Event::LinkGone(id) => vpc_link::forget(account, &id),
    }
}

impl ApiGateway {
    /// Everything, for the account's inventory. A root resource belongs to its API, and a setting
    /// that names a role that is gone is nobody's.
    pub fn inventory(&self, role_exists: impl Fn(&str) -> bool) -> Vec<Item> {
        let none = BTreeMap::new;
        let mut items = Vec::new();
        for (id, api) in &self.apis {
            items.push(item("RestApi", id, "", api.tags.clone()));
            for resource in api.resources.values() {
                let name = format!("{id}/{}", resource.id);
                if resource.parent_id.is_some() {
                    items.push(item("Resource", &name, "", none()));
                }
                let verbs = resource.resource_methods.keys();
                items.extend(
                    verbs.map(|verb| item("Method", &format!("{name}/{verb}"), "", none())),
                );
            }
            let deployments = api.deployments.keys();
            items.extend(
                deployments.map(|it| item("Deployment", &format!("{id}/{it}"), "", none())),
            );
            let stages = api.stages.iter();
            items.extend(stages.map(|(name, stage)| {
                item("Stage", &format!("{id}/{name}"), "", stage.tags.clone())
            }));
        }
        let links = self.links.iter();
        items.extend(links.map(|(id, link)| item("VpcLink", id, &link.status, link.tags.clone())));
        items.extend(
            self.role
                .iter()
                .map(|arn| Item { remnant: !role_exists(arn), ..item("Account", arn, "", none()) }),
        );
        items
    }
}

fn item(kind: &'static str, id: &str, state: &str, tags: BTreeMap<String, String>) -> Item {
    Item { service: "apigateway", kind, id: id.into(), state: state.into(), tags, remnant: false }
}

/// The API that a call reads.
fn reading<'a>(account: &'a Account, call: &Call) -> Result<&'a RestApi, ApiError> {
    let id = call.input.text_or_empty("restApiId");
    account.apigateway.apis.get(id).ok_or_else(|| unknown_api(account, id))
}

/// The API that a call changes. Of two changes that overlap the later is refused.
fn writing<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut RestApi, ApiError> {
    let written = reading(account, call)?.written;
    if !account.instant && account.now < written + OVERLAP {
        let message = "Unable to complete operation due to concurrent modification. Please try \
                       again later.";
        return Err(ApiError::new("ConflictException", message));
    }
    let (id, now) = (call.input.text_or_empty("restApiId"), account.now);
    let known = account.apigateway.apis.get_mut(id);
    let api = known.ok_or_else(|| missing("Invalid API identifier specified"))?;
    api.written = now;
    Ok(api)
}

fn unknown_api(account: &Account, id: &str) -> ApiError {
    missing(&format!("Invalid API identifier specified {}:{id}", account.id))
}

/// `NotFoundException`.
fn missing(message: &str) -> ApiError {
    ApiError::new("NotFoundException", message)
}

/// `BadRequestException`.
fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new("BadRequestException", message)
}

/// `ConflictException`.
fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new("ConflictException", message)
}

/// `LimitExceededException` of a quota, such as of `resources for this API`.
fn limit(of: &str) -> ApiError {
    let message = format!(
        "Maximum number of {of} has been reached. Please contact AWS if you need additional ones."
    );
    ApiError::new("LimitExceededException", message)
}

/// The answer of an operation that only says yes.
fn done() -> Answer {
    Ok(json!({}))
}

/// A description as API Gateway gives it: without what it keeps to itself.
fn shape(thing: &impl Serialize) -> Value {
    let mut shape = serde_json::to_value(thing).unwrap_or(Value::Null);
    if let Some(members) = shape.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
    }
    shape
}

/// One page by `limit` and `position`: 25 unless asked, 500 at most.
fn page(found: Vec<Value>, input: &Value) -> Answer {
    let start = match input.text("position").filter(|position| !position.is_empty()) {
        None => 0,
        Some(position) => position
            .parse::<usize>()
            .map_err(|_| bad_request(format!("Invalid position parameter: {position}")))?,
    };
    let size = match input.int("limit").unwrap_or(25) {
        size @ 1..=500 => size as usize,
        _ => return Err(bad_request("Invalid limit parameter")),
    };
    let more = found.len() > start + size;
    let items: Vec<_> = found.into_iter().skip(start).take(size).collect();
    Ok(json!({ "items": items, "position": more.then(|| (start + size).to_string()) }))
}

/// Now, as API Gateway writes times.
fn seconds(account: &Account) -> u64 {
    account.now / 1000
}

/// The partition of a region.
fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
