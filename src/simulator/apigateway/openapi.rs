//! Whole APIs from OpenAPI documents in JSON: paths, methods, integrations, policy, endpoints.

use super::{
    bad_request, conflict,
    integration::{Integration, IntegrationResponse},
    method::{Method, MethodResponse},
    reading,
    resource::Resource,
    rest_api::{self, RestApi},
    writing,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use aws_smithy_types::base64;
use serde_json::{Map, Value};

/// The keys of a path that are methods.
const VERBS: [&str; 8] =
    ["get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"];

/// `ImportRestApi`.
pub fn import(account: &mut Account, call: &Call) -> Answer {
    let document = document(call)?;
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or_default();
    let mut api = rest_api::fresh(account, title)?;
    fill(account, call, &mut api, &document)?;
    let answer = rest_api::public(&api);
    account.apigateway.apis.insert(api.id.clone(), api);
    Ok(answer)
}

/// `PutRestApi`: `overwrite` begins from an empty API, `merge` from what there is.
pub fn put(account: &mut Account, call: &Call) -> Answer {
    let document = document(call)?;
    let mut api = reading(account, call)?.clone();
    if call.input.text("mode") == Some("overwrite") {
        let root = Resource { id: api.root_resource_id.clone(), ..Resource::default() };
        api.resources = [(root.id.clone(), root)].into();
        if let Some(title) = document.pointer("/info/title").and_then(Value::as_str) {
            api.name = title.into();
        }
    }
    fill(account, call, &mut api, &document)?;
    let answer = rest_api::public(&api);
    let kept = writing(account, call)?;
    api.written = kept.written;
    *kept = api;
    Ok(answer)
}

fn document(call: &Call) -> Result<Value, ApiError> {
    let body = base64::decode(call.input.text_or_empty("body")).unwrap_or_default();
    let document: Value = serde_json::from_slice(&body)
        .map_err(|_| bad_request("Unable to parse the OpenAPI document: it is not JSON"))?;
    let known = document.get("openapi").or(document.get("swagger")).is_some();
    if known { Ok(document) } else { Err(bad_request("Invalid OpenAPI input.")) }
}

fn fill(
    account: &mut Account,
    call: &Call,
    api: &mut RestApi,
    document: &Value,
) -> Result<(), ApiError> {
    if let Some(policy) = document.get("x-amazon-apigateway-policy") {
        api.policy = Some(policy.to_string());
    }
    if let Some(description) = document.pointer("/info/description").and_then(Value::as_str) {
        api.description = Some(description.into());
    }
    let servers = document.list("servers").iter().map(Some);
    let extension = "x-amazon-apigateway-endpoint-configuration";
    for place in servers.chain([Some(document)]).flatten() {
        if let Some(endpoints) = place.get(extension) {
            let ids = endpoints.texts("vpcEndpointIds").into_iter().map(String::from);
            api.endpoint_configuration.vpc_endpoint_ids = Some(ids.collect());
        }
    }
    if let Some(kind) = call.input.map("parameters").get("endpointConfigurationTypes") {
        api.endpoint_configuration.types = vec![kind.clone()];
    }
    let none = Map::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).unwrap_or(&none) {
        let id = resource_at(account, api, path)?;
        for (verb, operation) in item.as_object().unwrap_or(&none) {
            if VERBS.contains(&verb.as_str()) {
                let method = method(account, &id, verb, operation)?;
                let resource = api.resources.get_mut(&id);
                let resource = resource.ok_or_else(|| conflict("Resource is gone"))?;
                resource.resource_methods.insert(method.http_method.clone(), method);
            }
        }
    }
    rest_api::settle(account, call, api)
}

/// The resource at a path, made on the way where there is none.
fn resource_at(account: &mut Account, api: &mut RestApi, path: &str) -> Result<String, ApiError> {
    let mut parent = api.root_resource_id.clone();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let child = api.resources.values().find(|it| {
            it.parent_id.as_ref() == Some(&parent) && it.path_part.as_deref() == Some(part)
        });
        parent = match child {
            Some(child) => child.id.clone(),
            None => {
                if api.resources.len() >= account.quotas.resources_per_api {
                    return Err(super::limit("resources for this API"));
                }
                let resource = Resource {
                    id: account.alphanumeric(6),
                    parent_id: Some(parent),
                    path_part: Some(part.into()),
                    ..Resource::default()
                };
                let id = resource.id.clone();
                api.resources.insert(id.clone(), resource);
                id
            }
        };
    }
    Ok(parent)
}

fn method(
    account: &Account,
    resource_id: &str,
    verb: &str,
    operation: &Value,
) -> Result<Method, ApiError> {
    let any = verb.starts_with("x-");
    let http_method = if any { "ANY".into() } else { verb.to_uppercase() };
    let none = Map::new();
    let answers = operation.get("responses").and_then(Value::as_object).unwrap_or(&none).keys();
    let answers = answers.map(|status_code| {
        let response = MethodResponse { status_code: status_code.clone(), ..Default::default() };
        (status_code.clone(), response)
    });
    let integration = operation.get("x-amazon-apigateway-integration");
    let integration = integration.map(|given| integration_of(account, resource_id, given));
    Ok(Method {
        http_method,
        authorization_type: "NONE".into(),
        operation_name: operation.text("operationId").map(String::from),
        method_responses: Some(answers.collect()),
        method_integration: integration.transpose()?,
        ..Method::default()
    })
}

fn integration_of(
    account: &Account,
    resource_id: &str,
    given: &Value,
) -> Result<Integration, ApiError> {
    let mut plain = given.clone();
    plain["type"] = given.text_or_empty("type").to_uppercase().into();
    let mut integration: Integration = serde_json::from_value(plain)
        .map_err(|why| bad_request(format!("Unable to parse integration: {why}")))?;
    let none = Map::new();
    let responses = given.get("responses").and_then(Value::as_object).unwrap_or(&none);
    let responses = responses.iter().map(|(pattern, response)| {
        let status_code = response.text("statusCode").unwrap_or(pattern).to_owned();
        let mut one: IntegrationResponse =
            serde_json::from_value(response.clone()).unwrap_or_default();
        one.status_code = status_code.clone();
        one.selection_pattern = (pattern != "default").then(|| pattern.clone());
        (status_code, one)
    });
    integration.integration_responses = Some(responses.collect());
    integration.settle(resource_id);
    integration.check(account)?;
    Ok(integration)
}
