//! REST APIs and their resource policies.

use super::{
    bad_request,
    deployment::Deployment,
    done, limit, outside, page, partition,
    patch::{self, Holds, Rule},
    reading,
    resource::Resource,
    seconds, shape,
    stage::Stage,
    tags, writing,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A REST API as API Gateway describes it, with all that is in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RestApi {
    /// Ten letters and digits.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// In seconds since 1970.
    pub created_date: u64,
    /// The user's own.
    pub version: Option<String>,
    /// What is passed on as bytes.
    pub binary_media_types: Option<Vec<String>>,
    /// From what size on answers are compressed.
    pub minimum_compression_size: Option<i64>,
    /// Where keys are looked for.
    pub api_key_source: String,
    /// From where it is reached.
    pub endpoint_configuration: Endpoints,
    /// Who may call; in full ARNs, as plain JSON.
    pub policy: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Whether it is reached by its own name.
    pub disable_execute_api_endpoint: bool,
    /// The resource `/`.
    pub root_resource_id: String,
    /// When it was changed last.
    #[serde(rename = "_written")]
    pub written: Millis,
    /// Its resources, by ID, with their methods.
    #[serde(rename = "_resources")]
    pub resources: BTreeMap<String, Resource>,
    /// Its deployments, by ID.
    #[serde(rename = "_deployments")]
    pub deployments: BTreeMap<String, Deployment>,
    /// Its stages, by name.
    #[serde(rename = "_stages")]
    pub stages: BTreeMap<String, Stage>,
}

/// From where an API is reached.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoints {
    /// `REGIONAL`, `EDGE` or `PRIVATE`.
    pub types: Vec<String>,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: Option<String>,
    /// The endpoints of a private API.
    pub vpc_endpoint_ids: Option<Vec<String>>,
}

/// The longest policy.
const POLICY: usize = 8192;

const RULES: &[Rule] = &[
    ("/name", Holds::Name),
    ("/description", Holds::Text),
    ("/version", Holds::Text),
    ("/policy", Holds::Text),
    ("/apiKeySource", Holds::Name),
    ("/minimumCompressionSize", Holds::Int),
    ("/disableExecuteApiEndpoint", Holds::Flag),
    ("/binaryMediaTypes/*", Holds::ItemInPath),
    ("/endpointConfiguration/types/*", Holds::OnlyItem),
    ("/endpointConfiguration/ipAddressType", Holds::Text),
    ("/endpointConfiguration/vpcEndpointIds", Holds::ItemInValue),
];

/// `CreateRestApi`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let endpoints = input.get("endpointConfiguration").cloned().unwrap_or_else(|| json!({}));
    let mut api = RestApi {
        description: input.text("description").map(String::from),
        version: input.text("version").map(String::from),
        binary_media_types: input
            .get("binaryMediaTypes")
            .map(|_| input.texts("binaryMediaTypes").into_iter().map(String::from).collect()),
        minimum_compression_size: input.int("minimumCompressionSize"),
        endpoint_configuration: serde_json::from_value(endpoints).unwrap_or_default(),
        policy: input.text("policy").filter(|policy| !policy.is_empty()).map(String::from),
        tags: tags::given(input)?,
        disable_execute_api_endpoint: input.flag("disableExecuteApiEndpoint").unwrap_or_default(),
        ..fresh(account, input.text_or_empty("name"))?
    };
    if let Some(source) = input.text("apiKeySource") {
        api.api_key_source = source.into();
    }
    settle(account, call, &mut api)?;
    let answer = public(&api);
    account.apigateway.apis.insert(api.id.clone(), api);
    Ok(answer)
}

/// An API with nothing but its root.
pub fn fresh(account: &mut Account, name: &str) -> Result<RestApi, ApiError> {
    if name.trim().is_empty() {
        return Err(bad_request("Invalid API name specified"));
    }
    if account.apigateway.apis.len() >= account.quotas.rest_apis {
        return Err(limit("APIs for this account"));
    }
    let root = Resource { id: account.alphanumeric(10), ..Resource::default() };
    Ok(RestApi {
        id: account.alphanumeric(10),
        name: name.into(),
        created_date: seconds(account),
        api_key_source: "HEADER".into(),
        root_resource_id: root.id.clone(),
        written: account.now,
        resources: BTreeMap::from([(root.id.clone(), root)]),
        ..RestApi::default()
    })
}

/// Checks endpoints and policy, and writes the policy in full.
pub fn settle(account: &Account, call: &Call, api: &mut RestApi) -> Result<(), ApiError> {
    let endpoints = &mut api.endpoint_configuration;
    if endpoints.types.is_empty() {
        endpoints.types = vec!["EDGE".into()];
    }
    if endpoints.types.len() > 1 {
        return Err(bad_request("Only one endpoint type can be specified."));
    }
    let private = endpoints.types[0] == "PRIVATE";
    for id in endpoints.vpc_endpoint_ids.iter().flatten() {
        if !private {
            let message = "VPC endpoints can be specified only for APIs of type PRIVATE.";
            return Err(bad_request(message));
        }
        if !outside::vpc_endpoint_exists(account, id) {
            return Err(bad_request(format!("Invalid VPC Endpoint Id: {id}")));
        }
    }
    if let Some(policy) = &api.policy {
        let (id, region) = (&account.id, &call.region);
        let full = format!("arn:{}:execute-api:{region}:{id}:{}/", partition(region), api.id);
        api.policy = Some(expanded(policy, &full)?);
    }
    Ok(())
}

/// A policy with the API's own ARN for `execute-api:/`.
fn expanded(policy: &str, full: &str) -> Result<String, ApiError> {
    let invalid = || {
        bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals \
             are valid.",
        )
    };
    if policy.len() > POLICY {
        return Err(limit("characters in a resource policy"));
    }
    let mut policy: Value = serde_json::from_str(policy).map_err(|_| invalid())?;
    let statements = match policy.get_mut("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_mut_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_mut(one),
        _ => return Err(invalid()),
    };
    for statement in statements {
        let effect = statement.text("Effect").unwrap_or_default();
        let named = statement.get("Principal").or(statement.get("NotPrincipal")).is_some();
        if !matches!(effect, "Allow" | "Deny") || !named || statement.get("Action").is_none() {
            return Err(invalid());
        }
        let resources = match statement.get_mut("Resource") {
            Some(Value::Array(resources)) => resources.as_mut_slice(),
            Some(one @ Value::String(_)) => std::slice::from_mut(one),
            _ => return Err(invalid()),
        };
        for resource in resources {
            let rest = resource.as_str().and_then(|text| text.strip_prefix("execute-api:/"));
            if let Some(rest) = rest {
                *resource = format!("{full}{rest}").into();
            }
        }
    }
    Ok(policy.to_string())
}

/// `GetRestApi`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    reading(account, call).map(public)
}

/// `GetRestApis`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    page(account.apigateway.apis.values().map(public).collect(), &call.input)
}

/// `UpdateRestApi`.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let mut api = writing(account, call)?.clone();
    patch::apply(&mut api, &patch::steps(&call.input), RULES)?;
    settle(account, call, &mut api)?;
    let answer = public(&api);
    account.apigateway.apis.insert(api.id.clone(), api);
    Ok(answer)
}

/// `DeleteRestApi`: with all that is in it.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let id = writing(account, call)?.id.clone();
    account.apigateway.apis.remove(&id);
    done()
}

/// An API as it is shown: the quotes and slashes of its policy are escaped.
pub fn public(api: &RestApi) -> Value {
    let mut shown = shape(api);
    if let Some(policy) = &api.policy {
        shown["policy"] = policy.replace('"', "\\\"").replace('/', "\\/").into();
    }
    shown
}
