//! Specifications: what AWS fills in, and what it refuses beyond its model.

use super::{Kind, refusal};
use crate::simulator::{account::Account, fields::Fields, wire::ApiError};
use serde_json::{Value, json};

/// The protocols of a route.
const ROUTES: [&str; 4] = ["httpRoute", "http2Route", "grpcRoute", "tcpRoute"];

/// The specification with AWS's defaults.
pub fn complete(kind: Kind, given: &Value) -> Value {
    let mut spec = given.clone();
    match kind {
        Kind::Mesh => default(&mut spec, "egressFilter", json!({ "type": "DROP_ALL" })),
        Kind::VirtualNode => {
            default(&mut spec, "backends", json!([]));
            default(&mut spec, "listeners", json!([]));
            let listeners = spec["listeners"].as_array_mut().into_iter().flatten();
            for listener in listeners {
                let port = listener["portMapping"]["port"].clone();
                if listener.get("healthCheck").is_some() {
                    default(&mut listener["healthCheck"], "port", port);
                }
            }
        }
        _ => {}
    }
    spec
}

fn default(object: &mut Value, member: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.entry(member).or_insert(value);
    }
}

/// Refuses what contradicts itself or is too much.
pub fn check(account: &Account, kind: Kind, spec: &Value) -> Result<(), ApiError> {
    match kind {
        Kind::VirtualNode => node(account, spec),
        Kind::VirtualRouter if spec.list("listeners").is_empty() => {
            Err(bad("A virtual router must have a listener."))
        }
        Kind::Route => route(spec),
        _ => Ok(()),
    }
}

fn node(account: &Account, spec: &Value) -> Result<(), ApiError> {
    if !spec.list("listeners").is_empty() && spec.get("serviceDiscovery").is_none() {
        return Err(bad("Service discovery must be specified when a listener is specified."));
    }
    let most = account.quotas.backends_per_node;
    if spec.list("backends").len() > most {
        let text = format!("The limit of {most} backends has been reached.");
        return Err(refusal("LimitExceededException", text));
    }
    Ok(())
}

fn route(spec: &Value) -> Result<(), ApiError> {
    if ROUTES.iter().filter(|protocol| spec.get(**protocol).is_some()).count() != 1 {
        return Err(bad(
            "Exactly one of httpRoute, http2Route, grpcRoute and tcpRoute is required.",
        ));
    }
    let total: i64 = targets(spec).map(|target| target.int("weight").unwrap_or_default()).sum();
    if total > 100 {
        return Err(bad(format!("The weights of the targets add up to {total}, beyond 100.")));
    }
    Ok(())
}

/// The targets of a route, whatever its protocol.
pub fn targets(spec: &Value) -> impl Iterator<Item = &Value> {
    let routes = ROUTES.iter().filter_map(|protocol| spec.get(*protocol)?.get("action"));
    routes.flat_map(|action| action.list("weightedTargets"))
}

fn bad(message: impl Into<String>) -> ApiError {
    refusal("BadRequestException", message)
}
