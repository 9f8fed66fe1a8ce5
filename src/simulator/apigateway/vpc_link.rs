//! VPC links, the first version: an endpoint service on a network load balancer.

use super::{
    Event, bad_request, done, limit, missing, outside, page,
    patch::{self, Holds, Rule},
    shape, tags,
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
use std::collections::BTreeMap;

/// A VPC link as API Gateway describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcLink {
    /// Six letters and digits.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The load balancer.
    pub target_arns: Vec<String>,
    /// `PENDING`, `AVAILABLE`, `FAILED` or `DELETING`.
    pub status: String,
    /// Why it failed.
    pub status_message: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A link that cannot work says so after this long.
const FAILURE: Millis = 20_000;

/// `CreateVpcLink`: what is wrong with the load balancer shows later, as its status.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let targets = call.input.texts("targetArns");
    let [target] = targets[..] else {
        return Err(bad_request(match targets.len() {
            0 => "No target arn specified for vpc link.",
            _ => "More than one target arn specified for vpc link.",
        }));
    };
    if account.apigateway.links.len() >= account.quotas.vpc_links {
        return Err(limit("VPC links for this account"));
    }
    let link = VpcLink {
        id: account.alphanumeric(6),
        name: call.input.text_or_empty("name").into(),
        description: call.input.text("description").map(String::from),
        target_arns: vec![target.into()],
        status: "PENDING".into(),
        status_message: Some("VPC link is provisioning resources".into()),
        tags: tags::given(&call.input)?,
    };
    let failure = obstacle(account, target);
    let answer = shape(&link);
    let id = link.id.clone();
    account.apigateway.links.insert(id.clone(), link);
    match failure {
        None => {
            outside::hold(account, target, &id);
            let settled = Event::LinkSettled(id, None);
            account.after(Latency::VpcLinkUp, agenda::Event::ApiGateway(settled));
        }
        Some(reason) => {
            let delay = if account.instant { 0 } else { FAILURE };
            let settled = Event::LinkSettled(id, Some(reason));
            account.in_millis(delay, agenda::Event::ApiGateway(settled));
        }
    }
    Ok(answer)
}

/// Why a link to this target fails.
fn obstacle(account: &Account, target: &str) -> Option<String> {
    let taken = |link: &VpcLink| link.status != "FAILED" && link.target_arns == [target];
    if !target.contains(":loadbalancer/net/") {
        return Some("NLB ARN is malformed.".into());
    }
    match outside::lb_state(account, target).as_deref() {
        None => Some("NLB does not exist.".into()),
        Some("active") if account.apigateway.links.values().any(taken) => {
            Some("NLB is already associated with another VPC Endpoint Service".into())
        }
        Some("active") => None,
        Some(_) => Some(
            "NLB is not in active state. If you recently created this NLB, please wait for it to \
             become active and try again.."
                .into(),
        ),
    }
}

/// A link leaves `PENDING`, unless it is deleted meanwhile.
pub(super) fn settle(account: &mut Account, id: &str, failure: Option<String>) {
    let doomed = account.doomed.remove(id);
    let failure = failure.or_else(|| doomed.then(|| REASON.into()));
    let link = account.apigateway.links.get_mut(id);
    if let Some(link) = link.filter(|link| link.status == "PENDING") {
        link.status = if failure.is_some() { "FAILED" } else { "AVAILABLE" }.into();
        let works = "Your vpc link is ready for use";
        link.status_message = Some(failure.unwrap_or_else(|| works.into()));
    }
}

/// A deleted link is gone, and lets go of its load balancer.
pub(super) fn forget(account: &mut Account, id: &str) {
    if let Some(link) = account.apigateway.links.remove(id) {
        for target in &link.target_arns {
            outside::release_hold(account, target, id);
        }
    }
}

/// `GetVpcLink`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let found = account.apigateway.links.get(call.input.text_or_empty("vpcLinkId"));
    found.map(shape).ok_or_else(unknown)
}

/// `GetVpcLinks`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    page(account.apigateway.links.values().map(shape).collect(), &call.input)
}

/// `UpdateVpcLink`: name and description.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    const RULES: &[Rule] = &[("/name", Holds::Name), ("/description", Holds::Text)];
    let link = account.apigateway.links.get_mut(call.input.text_or_empty("vpcLinkId"));
    let link = link.ok_or_else(unknown)?;
    let steps = patch::steps(&call.input);
    if steps.iter().any(|step| step.path.starts_with("/targetArns")) {
        return Err(bad_request("Target arns are not allowed to be changed/added"));
    }
    patch::apply(link, &steps, RULES)?;
    Ok(shape(link))
}

/// `DeleteVpcLink`: refused while a stage shows a method that names it.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let id = call.input.text_or_empty("vpcLinkId");
    let link = account.apigateway.links.get(id).ok_or_else(unknown)?;
    if link.status == "DELETING" {
        return done();
    }
    let references = references(account, id);
    if !references.is_empty() {
        return Err(bad_request(format!(
            "Cannot delete vpc link. Vpc link '{id}', is referenced in [{}] in format of \
             [Method:Resource:Stage].",
            references.join(", ")
        )));
    }
    if let Some(link) = account.apigateway.links.get_mut(id) {
        link.status = "DELETING".into();
        link.status_message = Some("VPC link is deleting".into());
    }
    account.after(Latency::VpcLinkDown, agenda::Event::ApiGateway(Event::LinkGone(id.into())));
    done()
}

/// The deployed methods that name a link literally.
fn references(account: &Account, id: &str) -> Vec<String> {
    let mut found = Vec::new();
    for api in account.apigateway.apis.values() {
        for (stage, shown) in &api.stages {
            let resources =
                api.deployments.get(&shown.deployment_id).map(|it| it.resources.values());
            for resource in resources.into_iter().flatten() {
                for (verb, method) in &resource.resource_methods {
                    let link = method.method_integration.as_ref().and_then(|it| it.link());
                    if link == Some(id) {
                        found.push(format!("{verb}:{}:{stage}", resource.id));
                    }
                }
            }
        }
    }
    found
}

fn unknown() -> ApiError {
    missing("Invalid Vpc Link identifier specified")
}
