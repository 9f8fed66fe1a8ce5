//! Methods and what they answer.

use super::{
    conflict, done,
    integration::Integration,
    missing,
    patch::{self, Holds, Rule},
    reading,
    resource::find_mut,
    shape, writing,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A method as API Gateway describes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Method {
    /// The verb.
    pub http_method: String,
    /// `NONE`, `AWS_IAM`, `CUSTOM`, …
    pub authorization_type: String,
    /// Who is asked.
    pub authorizer_id: Option<String>,
    /// Whether callers need a key.
    pub api_key_required: bool,
    /// What is checked.
    pub request_validator_id: Option<String>,
    /// The name in generated clients.
    pub operation_name: Option<String>,
    /// What it takes, and whether it must be given.
    pub request_parameters: Option<BTreeMap<String, bool>>,
    /// The models of its bodies.
    pub request_models: Option<BTreeMap<String, String>>,
    /// What it answers, by status.
    pub method_responses: Option<BTreeMap<String, MethodResponse>>,
    /// Where it leads.
    pub method_integration: Option<Integration>,
    /// What a token must allow.
    pub authorization_scopes: Option<Vec<String>>,
}

/// One answer of a method.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MethodResponse {
    /// Three digits.
    pub status_code: String,
    /// Its headers.
    pub response_parameters: Option<BTreeMap<String, bool>>,
    /// The models of its bodies.
    pub response_models: Option<BTreeMap<String, String>>,
}

const RULES: &[Rule] = &[
    ("/apiKeyRequired", Holds::Flag),
    ("/authorizationType", Holds::Name),
    ("/authorizerId", Holds::Text),
    ("/authorizationScopes", Holds::ItemInValue),
    ("/operationName", Holds::Text),
    ("/requestValidatorId", Holds::Text),
    ("/requestParameters/*", Holds::FlagEntry),
    ("/requestModels/*", Holds::Entry),
];

const RESPONSE_RULES: &[Rule] =
    &[("/responseParameters/*", Holds::FlagEntry), ("/responseModels/*", Holds::Entry)];

/// The members of a request that are the description's own, under the same names.
pub(super) fn given<T: serde::de::DeserializeOwned + Default>(call: &Call) -> T {
    serde_json::from_value(call.input.clone()).unwrap_or_default()
}

/// The method that a call reads.
pub(super) fn find<'a>(account: &'a Account, call: &Call) -> Result<&'a Method, ApiError> {
    let resource = reading(account, call)?.resources.get(call.input.text_or_empty("resourceId"));
    let resource = resource.ok_or_else(|| missing("Invalid Resource identifier specified"))?;
    let method = resource.resource_methods.get(call.input.text_or_empty("httpMethod"));
    method.ok_or_else(|| missing("Invalid Method identifier specified"))
}

/// The method that a call changes.
pub(super) fn change<'a>(
    account: &'a mut Account,
    call: &Call,
) -> Result<&'a mut Method, ApiError> {
    let resource = find_mut(writing(account, call)?, call)?;
    let method = resource.resource_methods.get_mut(call.input.text_or_empty("httpMethod"));
    method.ok_or_else(|| missing("Invalid Method identifier specified"))
}

pub(super) fn no_status() -> ApiError {
    missing("Invalid Response status code specified")
}

/// `PutMethod`.
pub fn put(account: &mut Account, call: &Call) -> Answer {
    let resource = find_mut(writing(account, call)?, call)?;
    let method: Method = given(call);
    if resource.resource_methods.contains_key(&method.http_method) {
        return Err(conflict("Method already exists for this resource"));
    }
    let answer = shape(&method);
    resource.resource_methods.insert(method.http_method.clone(), method);
    Ok(answer)
}

/// `GetMethod`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    find(account, call).map(shape)
}

/// `UpdateMethod`.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let method = change(account, call)?;
    patch::apply(method, &patch::steps(&call.input), RULES)?;
    Ok(shape(method))
}

/// `DeleteMethod`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let resource = find_mut(writing(account, call)?, call)?;
    let gone = resource.resource_methods.remove(call.input.text_or_empty("httpMethod"));
    gone.ok_or_else(|| missing("Invalid Method identifier specified"))?;
    done()
}

/// `PutMethodResponse`.
pub fn put_response(account: &mut Account, call: &Call) -> Answer {
    let responses = change(account, call)?.method_responses.get_or_insert_default();
    let response: MethodResponse = given(call);
    if responses.contains_key(&response.status_code) {
        return Err(conflict("Response already exists for this resource"));
    }
    let answer = shape(&response);
    responses.insert(response.status_code.clone(), response);
    Ok(answer)
}

/// `GetMethodResponse`.
pub fn get_response(account: &mut Account, call: &Call) -> Answer {
    let responses = find(account, call)?.method_responses.as_ref();
    let found = responses.and_then(|all| all.get(call.input.text_or_empty("statusCode")));
    found.map(shape).ok_or_else(no_status)
}

/// `UpdateMethodResponse`.
pub fn update_response(account: &mut Account, call: &Call) -> Answer {
    let responses = change(account, call)?.method_responses.get_or_insert_default();
    let response = responses.get_mut(call.input.text_or_empty("statusCode"));
    let response = response.ok_or_else(no_status)?;
    patch::apply(response, &patch::steps(&call.input), RESPONSE_RULES)?;
    Ok(shape(response))
}

/// `DeleteMethodResponse`.
pub fn delete_response(account: &mut Account, call: &Call) -> Answer {
    let method = change(account, call)?;
    let responses = method.method_responses.get_or_insert_default();
    responses.remove(call.input.text_or_empty("statusCode")).ok_or_else(no_status)?;
    if responses.is_empty() {
        method.method_responses = None;
    }
    done()
}
