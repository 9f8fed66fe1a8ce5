//! Deployments: snapshots of an API.

use super::{
    bad_request, done, missing, page,
    patch::{self, Holds, Rule},
    reading,
    resource::{self, Resource},
    rest_api::RestApi,
    seconds, shape, stage, writing,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A deployment as API Gateway describes it, with what it is a snapshot of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Six letters and digits.
    pub id: String,
    /// The user's own.
    pub description: Option<String>,
    /// In seconds since 1970.
    pub created_date: u64,
    /// The resources of that moment.
    #[serde(rename = "_resources")]
    pub resources: BTreeMap<String, Resource>,
    /// The policy of that moment.
    #[serde(rename = "_policy")]
    pub policy: Option<String>,
}

const RULES: &[Rule] = &[("/description", Holds::Text)];

/// `CreateDeployment`; with a stage's name it also makes or moves that stage.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let (id, created_date) = (account.alphanumeric(6), seconds(account));
    let most = account.quotas.stages_per_api;
    let api = reading(account, call)?;
    check(account, api)?;
    let deployment = Deployment {
        id: id.clone(),
        description: call.input.text("description").map(String::from),
        created_date,
        resources: api.resources.clone(),
        policy: api.policy.clone(),
    };
    let answer = shape(&deployment);
    let api = writing(account, call)?;
    if let Some(name) = call.input.text("stageName").filter(|name| !name.is_empty()) {
        stage::deploy(api, most, name, &id, created_date, &call.input)?;
    }
    api.deployments.insert(id, deployment);
    Ok(answer)
}

/// Refuses what cannot be deployed. A link that is `PENDING` is no obstacle.
fn check(account: &Account, api: &RestApi) -> Result<(), ApiError> {
    let mut methods = api.resources.values().flat_map(|it| it.resource_methods.values()).peekable();
    if methods.peek().is_none() {
        return Err(bad_request("The REST API doesn't contain any methods"));
    }
    for method in methods {
        let Some(integration) = &method.method_integration else {
            return Err(bad_request("No integration defined for method"));
        };
        let Some(id) = integration.link() else { continue };
        let status = link_status(account, id);
        if !matches!(status, Some("AVAILABLE" | "PENDING")) {
            let status = status.unwrap_or("deleted");
            return Err(bad_request(format!("Vpc link '{id}' cannot be used: it is {status}")));
        }
    }
    Ok(())
}

/// The status of a VPC link of either version.
fn link_status<'a>(account: &'a Account, id: &str) -> Option<&'a str> {
    let first = account.apigateway.links.get(id).map(|link| link.status.as_str());
    first.or_else(|| account.apigatewayv2.links.get(id).map(|link| &*link.vpc_link_status))
}

/// `GetDeployment`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let found = reading(account, call)?.deployments.get(call.input.text_or_empty("deploymentId"));
    found.map(|deployment| public(deployment, call)).ok_or_else(unknown)
}

/// `GetDeployments`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let all = reading(account, call)?.deployments.values();
    page(all.map(|deployment| public(deployment, call)).collect(), &call.input)
}

/// `UpdateDeployment`: its description.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let all = &mut writing(account, call)?.deployments;
    let deployment = all.get_mut(call.input.text_or_empty("deploymentId")).ok_or_else(unknown)?;
    patch::apply(deployment, &patch::steps(&call.input), RULES)?;
    Ok(shape(deployment))
}

/// `DeleteDeployment`: refused while a stage points to it.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let api = writing(account, call)?;
    let id = call.input.text_or_empty("deploymentId");
    if !api.deployments.contains_key(id) {
        return Err(unknown());
    }
    if api.stages.values().any(|stage| stage.deployment_id == id) {
        let message = "Active stages pointing to this deployment must be moved or deleted";
        return Err(bad_request(message));
    }
    api.deployments.remove(id);
    done()
}

fn unknown() -> ApiError {
    missing("Invalid Deployment identifier specified")
}

/// A deployment as it is shown, with a summary of its methods when that is asked for.
fn public(deployment: &Deployment, call: &Call) -> Value {
    let mut shown = shape(deployment);
    if call.input.texts("embed").contains(&"apisummary") {
        for one in deployment.resources.values().filter(|it| !it.resource_methods.is_empty()) {
            let path = resource::path(&deployment.resources, one);
            for (verb, method) in &one.resource_methods {
                shown["apiSummary"][&path][verb] = json!({
                    "authorizationType": method.authorization_type,
                    "apiKeyRequired": method.api_key_required,
                });
            }
        }
    }
    shown
}
