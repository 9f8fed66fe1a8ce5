//! Integrations: where methods lead, and how answers come back.

use super::{
    bad_request, done,
    method::{change, find, given, no_status},
    missing,
    patch::{self, Holds, Rule},
    shape,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An integration as API Gateway describes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Integration {
    /// `HTTP`, `HTTP_PROXY`, `MOCK`, `AWS` or `AWS_PROXY`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The verb towards the backend.
    pub http_method: Option<String>,
    /// Through a VPC link, only scheme, port and path count.
    pub uri: Option<String>,
    /// `INTERNET` or `VPC_LINK`.
    pub connection_type: Option<String>,
    /// The link, or `${stageVariables.…}`.
    pub connection_id: Option<String>,
    /// The role that calls AWS's own services.
    pub credentials: Option<String>,
    /// What is passed on.
    pub request_parameters: Option<BTreeMap<String, String>>,
    /// How bodies are changed.
    pub request_templates: Option<BTreeMap<String, String>>,
    /// What happens to bodies without a template.
    pub passthrough_behavior: String,
    /// Bytes or text.
    pub content_handling: Option<String>,
    /// How long the backend has.
    pub timeout_in_millis: i64,
    /// Whose answers are kept together.
    pub cache_namespace: Option<String>,
    /// What tells kept answers apart.
    pub cache_key_parameters: Option<Vec<String>>,
    /// What comes back, by status.
    pub integration_responses: Option<BTreeMap<String, IntegrationResponse>>,
    /// How certificates are checked.
    pub tls_config: Option<TlsConfig>,
    /// `BUFFERED` or `STREAM`.
    pub response_transfer_mode: Option<String>,
    /// The load balancer behind a VPC link V2.
    pub integration_target: Option<String>,
}

/// How certificates are checked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsConfig {
    /// Whether any will do.
    pub insecure_skip_verification: Option<bool>,
}

/// What comes back for one status.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IntegrationResponse {
    /// Three digits.
    pub status_code: String,
    /// Which of the backend's answers; none is all that no other takes.
    pub selection_pattern: Option<String>,
    /// Its headers.
    pub response_parameters: Option<BTreeMap<String, String>>,
    /// How bodies are changed.
    pub response_templates: Option<BTreeMap<String, String>>,
    /// Bytes or text.
    pub content_handling: Option<String>,
}

const RULES: &[Rule] = &[
    ("/type", Holds::Name),
    ("/httpMethod", Holds::Text),
    ("/uri", Holds::Text),
    ("/connectionType", Holds::Name),
    ("/connectionId", Holds::Text),
    ("/credentials", Holds::Text),
    ("/passthroughBehavior", Holds::Name),
    ("/contentHandling", Holds::Text),
    ("/timeoutInMillis", Holds::Int),
    ("/cacheNamespace", Holds::Text),
    ("/cacheKeyParameters/*", Holds::ItemInPath),
    ("/requestParameters/*", Holds::Entry),
    ("/requestTemplates/*", Holds::Entry),
    ("/tlsConfig/insecureSkipVerification", Holds::Flag),
    ("/responseTransferMode", Holds::Text),
    ("/integrationTarget", Holds::Text),
];

const RESPONSE_RULES: &[Rule] = &[
    ("/selectionPattern", Holds::Text),
    ("/contentHandling", Holds::Text),
    ("/responseParameters/*", Holds::Entry),
    ("/responseTemplates/*", Holds::Entry),
];

/// `PutIntegration`: overwrites, responses and all.
pub fn put(account: &mut Account, call: &Call) -> Answer {
    let mut integration: Integration = given(call);
    integration.http_method = call.input.text("integrationHttpMethod").map(String::from);
    integration.settle(call.input.text_or_empty("resourceId"));
    find(account, call)?;
    integration.check(account)?;
    let answer = shape(&integration);
    change(account, call)?.method_integration = Some(integration);
    Ok(answer)
}

impl Integration {
    /// Fills in what AWS fills in.
    pub fn settle(&mut self, resource_id: &str) {
        if self.passthrough_behavior.is_empty() {
            self.passthrough_behavior = "WHEN_NO_MATCH".into();
        }
        if self.timeout_in_millis == 0 {
            self.timeout_in_millis = 29_000;
        }
        self.cache_namespace.get_or_insert_with(|| resource_id.into());
        if self.cache_key_parameters.is_none() {
            self.cache_key_parameters = Some(Vec::new());
        }
        if self.kind != "MOCK" && self.connection_type.is_none() {
            self.connection_type = Some("INTERNET".into());
        }
    }

    /// Refuses what cannot work.
    pub fn check(&self, account: &Account) -> Result<(), ApiError> {
        if self.kind != "MOCK" && (self.uri.is_none() || self.http_method.is_none()) {
            return Err(bad_request(match self.uri {
                None => "Invalid integration URI specified",
                Some(_) => "Enumeration value for HttpMethod must be non-empty",
            }));
        }
        if self.kind.starts_with("HTTP") {
            let uri = self.uri.as_deref().unwrap_or_default();
            if !uri.starts_with("http://") && !uri.starts_with("https://") {
                return Err(bad_request("Invalid HTTP endpoint specified for URI"));
            }
        }
        if !(50..=29_000).contains(&self.timeout_in_millis) {
            return Err(bad_request("Timeout should be between 50 ms and 29000 ms"));
        }
        if self.connection_type.as_deref() == Some("VPC_LINK") {
            match self.connection_id.as_deref() {
                None | Some("") => {
                    return Err(bad_request(
                        "ConnectionId is required for VPC_LINK connection type",
                    ));
                }
                Some(id) if variable(id).is_some() => {}
                Some(id) if account.apigateway.links.contains_key(id) => {}
                Some(id) if account.apigatewayv2.links.contains_key(id) => self.check_target()?,
                Some(_) => return Err(missing("Invalid Vpc Link identifier specified")),
            }
        }
        Ok(())
    }

    /// A VPC link V2 leads to no load balancer of its own.
    fn check_target(&self) -> Result<(), ApiError> {
        match self.integration_target.as_deref() {
            None | Some("") => Err(bad_request("IntegrationTarget is required for VpcLinkV2")),
            Some(arn) if arn.contains(":loadbalancer/") => Ok(()),
            Some(arn) => Err(bad_request(format!("Invalid integration target specified: {arn}"))),
        }
    }

    /// The VPC link that it names literally.
    pub fn link(&self) -> Option<&str> {
        let through_link = self.connection_type.as_deref() == Some("VPC_LINK");
        self.connection_id.as_deref().filter(|id| through_link && variable(id).is_none())
    }
}

/// The stage variable that a connection is named by, as in `${stageVariables.vpcLinkId}`.
pub fn variable(connection_id: &str) -> Option<&str> {
    connection_id.strip_prefix("${stageVariables.")?.strip_suffix('}')
}

fn none() -> ApiError {
    missing("No integration defined for method")
}

/// `GetIntegration`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    find(account, call)?.method_integration.as_ref().map(shape).ok_or_else(none)
}

/// `UpdateIntegration`.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let mut integration = find(account, call)?.method_integration.clone().ok_or_else(none)?;
    patch::apply(&mut integration, &patch::steps(&call.input), RULES)?;
    integration.check(account)?;
    let answer = shape(&integration);
    change(account, call)?.method_integration = Some(integration);
    Ok(answer)
}

/// `DeleteIntegration`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    change(account, call)?.method_integration.take().ok_or_else(none)?;
    done()
}

/// `PutIntegrationResponse`: for a status that the method answers.
pub fn put_response(account: &mut Account, call: &Call) -> Answer {
    let method = change(account, call)?;
    let response: IntegrationResponse = given(call);
    let answered = method.method_responses.as_ref();
    let answered = answered.is_some_and(|all| all.contains_key(&response.status_code));
    let integration = method.method_integration.as_mut().ok_or_else(none)?;
    if !answered {
        return Err(no_status());
    }
    let answer = shape(&response);
    let responses = integration.integration_responses.get_or_insert_default();
    responses.insert(response.status_code.clone(), response);
    Ok(answer)
}

/// `GetIntegrationResponse`.
pub fn get_response(account: &mut Account, call: &Call) -> Answer {
    let integration = find(account, call)?.method_integration.as_ref().ok_or_else(none)?;
    let responses = integration.integration_responses.as_ref();
    let found = responses.and_then(|all| all.get(call.input.text_or_empty("statusCode")));
    found.map(shape).ok_or_else(no_status)
}

/// `UpdateIntegrationResponse`.
pub fn update_response(account: &mut Account, call: &Call) -> Answer {
    let integration = change(account, call)?.method_integration.as_mut().ok_or_else(none)?;
    let responses = integration.integration_responses.get_or_insert_default();
    let response = responses.get_mut(call.input.text_or_empty("statusCode"));
    let response = response.ok_or_else(no_status)?;
    patch::apply(response, &patch::steps(&call.input), RESPONSE_RULES)?;
    Ok(shape(response))
}

/// `DeleteIntegrationResponse`.
pub fn delete_response(account: &mut Account, call: &Call) -> Answer {
    let integration = change(account, call)?.method_integration.as_mut().ok_or_else(none)?;
    let responses = integration.integration_responses.get_or_insert_default();
    responses.remove(call.input.text_or_empty("statusCode")).ok_or_else(no_status)?;
    if responses.is_empty() {
        integration.integration_responses = None;
    }
    done()
}
