//! Resources: the paths of an API.

use super::{
    bad_request, conflict, done, limit,
    method::Method,
    missing, page,
    patch::{self, Holds, Rule},
    reading,
    rest_api::RestApi,
    shape, writing,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A resource as API Gateway describes it; its path is put together when it is shown.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Six letters and digits; ten for a root.
    pub id: String,
    /// The resource above; none for a root.
    pub parent_id: Option<String>,
    /// The last part of its path.
    pub path_part: Option<String>,
    /// Its methods, by verb.
    pub resource_methods: BTreeMap<String, Method>,
}

const RULES: &[Rule] = &[("/pathPart", Holds::Name), ("/parentId", Holds::Name)];

/// `CreateResource`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let (id, most) = (account.alphanumeric(6), account.quotas.resources_per_api);
    let api = writing(account, call)?;
    let (parent, part) =
        (call.input.text_or_empty("parentId"), call.input.text_or_empty("pathPart"));
    if api.resources.len() >= most {
        return Err(limit("resources for this API"));
    }
    let resource = Resource {
        id: id.clone(),
        parent_id: Some(parent.into()),
        path_part: Some(part.into()),
        ..Resource::default()
    };
    check(api, &resource)?;
    api.resources.insert(id.clone(), resource);
    Ok(public(api, &api.resources[&id], false))
}

/// Refuses a name that is taken or malformed, and a parent that is not there.
fn check(api: &RestApi, resource: &Resource) -> Result<(), ApiError> {
    let (parent, part) = (&resource.parent_id, resource.path_part.as_deref().unwrap_or_default());
    if !parent.as_ref().is_some_and(|parent| api.resources.contains_key(parent)) {
        return Err(missing("Invalid Resource identifier specified"));
    }
    let plain = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let plain = plain.map_or(part, |name| name.strip_suffix('+').unwrap_or(name));
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-:".contains(letter);
    if plain.is_empty() || !plain.chars().all(allowed) {
        return Err(bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and \
             curly braces at the beginning and the end.",
        ));
    }
    let mut others = api.resources.values().filter(|other| other.id != resource.id);
    if others.any(|other| other.parent_id == *parent && other.path_part.as_deref() == Some(part)) {
        let message = "Another resource with the same parent already has this name: ";
        return Err(conflict(format!("{message}{part}")));
    }
    Ok(())
}

/// `GetResource`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let api = reading(account, call)?;
    Ok(public(api, find(api, call)?, embeds(call)))
}

/// `GetResources`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let api = reading(account, call)?;
    let all = api.resources.values().map(|resource| public(api, resource, embeds(call)));
    page(all.collect(), &call.input)
}

/// `UpdateResource`: another name, another parent.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let api = writing(account, call)?;
    let mut resource = find(api, call)?.clone();
    if resource.parent_id.is_none() {
        return Err(bad_request("Root resource cannot be updated"));
    }
    patch::apply(&mut resource, &patch::steps(&call.input), RULES)?;
    check(api, &resource)?;
    let id = resource.id.clone();
    api.resources.insert(id.clone(), resource);
    Ok(public(api, &api.resources[&id], false))
}

/// `DeleteResource`: with all below it.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let api = writing(account, call)?;
    let resource = find(api, call)?;
    if resource.parent_id.is_none() {
        return Err(bad_request("Root resource cannot be deleted"));
    }
    let mut gone = vec![resource.id.clone()];
    while let Some(id) = gone.pop() {
        api.resources.remove(&id);
        let below = api.resources.values().filter(|other| other.parent_id.as_ref() == Some(&id));
        gone.extend(below.map(|other| other.id.clone()));
    }
    done()
}

fn find<'a>(api: &'a RestApi, call: &Call) -> Result<&'a Resource, ApiError> {
    let found = api.resources.get(call.input.text_or_empty("resourceId"));
    found.ok_or_else(|| missing("Invalid Resource identifier specified"))
}

/// The resource that a call changes.
pub fn find_mut<'a>(api: &'a mut RestApi, call: &Call) -> Result<&'a mut Resource, ApiError> {
    let found = api.resources.get_mut(call.input.text_or_empty("resourceId"));
    found.ok_or_else(|| missing("Invalid Resource identifier specified"))
}

fn embeds(call: &Call) -> bool {
    call.input.texts("embed").contains(&"methods")
}

/// A resource as it is shown; its methods are mere names unless asked for.
fn public(api: &RestApi, resource: &Resource, embed: bool) -> Value {
    let mut shown = shape(resource);
    shown["path"] = path(&api.resources, resource).into();
    if resource.resource_methods.is_empty() {
        shown["resourceMethods"] = Value::Null;
    } else if !embed {
        let verbs = resource.resource_methods.keys().map(|verb| (verb.clone(), json!({})));
        shown["resourceMethods"] = Value::Object(verbs.collect::<Map<_, _>>());
    }
    shown
}

/// The whole path of a resource.
pub fn path(all: &BTreeMap<String, Resource>, resource: &Resource) -> String {
    let mut parts = Vec::new();
    let mut place = Some(resource);
    while let Some(Resource { path_part: Some(part), parent_id, .. }) = place {
        parts.push(part.as_str());
        place = parent_id.as_ref().and_then(|parent| all.get(parent));
    }
    parts.reverse();
    format!("/{}", parts.join("/"))
}
