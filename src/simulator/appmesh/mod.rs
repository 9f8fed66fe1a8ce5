//! App Mesh: meshes and their parts. All kinds share their life, so the operations are written once:
//! a verb and a kind.

mod object;
mod reference;
mod spec;
mod tag;
#[cfg(test)]
mod tests;

pub use object::{Kind, Metadata, Object};

use super::{
    account::{Account, Answer, not_built},
    fields::Fields,
    iam::service_linked,
    inventory::Item,
    table::Table,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// All that App Mesh holds of the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppMesh {
    /// Meshes and their parts, by the ARN's last part: `mesh/shop/virtualNode/cart`.
    pub objects: Table<Object>,
    /// Whether AWS has shut this account out, as it does with all since 30 September 2026.
    pub closed: bool,
    /// How its host keeps silent, if it does.
    #[serde(default)]
    pub silence: Option<Silence>,
}

/// How a host that AWS has taken away keeps silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Silence {
    /// It takes no connections.
    NoConnection,
    /// Its name does not resolve.
    NoName,
    /// What is left in its place says 503 to everything.
    Unavailable,
}

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    if account.appmesh.closed {
        let message = "AWS App Mesh is no longer available to this account.";
        return Err(refusal("ForbiddenException", message));
    }
    match call.operation {
        "ListTagsForResource" => return tag::list(account, call),
        "TagResource" => return tag::add(account, call),
        "UntagResource" => return tag::remove(account, call),
        _ => {}
    }
    let (verb, noun) = split(call.operation);
    let kind = Kind::ALL.into_iter().find(|kind| match verb {
        "List" => kind.plural() == noun,
        _ => kind.noun() == noun,
    });
    match (verb, kind) {
        ("Create", Some(kind)) => create(account, call, kind),
        ("Describe", Some(kind)) => describe(account, call, kind),
        ("Update", Some(kind)) => update(account, call, kind),
        ("Delete", Some(kind)) => delete(account, call, kind),
        ("List", Some(kind)) => list(account, call, kind),
        _ => Err(not_built(call)),
    }
}

/// `CreateVirtualNode` as `Create` and `VirtualNode`.
fn split(operation: &str) -> (&str, &str) {
    let noun = operation.char_indices().skip(1).find(|(_, letter)| letter.is_ascii_uppercase());
    noun.map_or((operation, ""), |(at, _)| operation.split_at(at))
}

fn create(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let input = &call.input;
    above(account, kind, input)?;
    let path = kind.path(input);
    let token = input.text("clientToken").map(String::from);
    let given = input.get("spec").cloned().unwrap_or_else(|| json!({}));
    if let Some(before) = account.appmesh.objects.known(&path) {
        // The same request, sent again, is answered as before.
        let same = before.token.is_some() && before.token == token && before.given == given;
        return if same {
            Ok(answer(before))
        } else {
            let text = format!("{} already exists", kind.called(input));
            Err(refusal("ConflictException", text))
        };
    }
    let spec = spec::complete(kind, &given);
    spec::check(account, kind, &spec)?;
    reference::check(account, kind, input, &spec)?;
    room(account, kind, input)?;
    let tags = input.tag_list("tags");
    tag::few_enough(&tags)?;
    if kind == Kind::Mesh {
        // The role that reads Cloud Map for Envoy.
        service_linked::ensure(account, "appmesh.amazonaws.com");
    }
    let metadata = Metadata::new(account, &call.region, &path);
    let object = Object { token, given, tags, ..Object::new(kind, input, metadata, spec) };
    let answer = answer(&object);
    let (made, visible) = (account.now, account.visible_at());
    account.appmesh.objects.insert(path, object, made, visible);
    Ok(answer)
}

fn describe(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    above(account, kind, &call.input)?;
    find(account, kind, &call.input).map(answer)
}

fn update(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let input = &call.input;
    above(account, kind, input)?;
    find(account, kind, input)?;
    let now = account.now;
    let given = input.get("spec").cloned().unwrap_or_else(|| json!({}));
    let spec = spec::complete(kind, &given);
    spec::check(account, kind, &spec)?;
    reference::check(account, kind, input, &spec)?;
    let Some(object) = account.appmesh.objects.known_mut(&kind.path(input)) else {
        return Err(unknown(&account.id, kind, input));
    };
    object.spec = spec;
    object.metadata.version += 1;
    object.metadata.last_updated_at = seconds(now);
    Ok(answer(object))
}

fn delete(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    let path = kind.path(&call.input);
    let object = account.appmesh.objects.known(&path);
    let object = object.ok_or_else(|| unknown(&account.id, kind, &call.input))?;
    let users = reference::users(account, object);
    if !users.is_empty() {
        let text =
            format!("{} is being referenced in the following: {users}", kind.called(&call.input));
        return Err(refusal("ResourceInUseException", text));
    }
    let mut answer = answer(object);
    answer[kind.member()]["status"]["status"] = "DELETED".into();
    account.appmesh.objects.remove(&path);
    Ok(answer)
}

fn list(account: &mut Account, call: &Call, kind: Kind) -> Answer {
    above(account, kind, &call.input)?;
    let inside = |object: &&Object| {
        let router = call.input.text("virtualRouterName");
        object.kind == kind
            && (kind == Kind::Mesh || object.mesh == call.input.text_or_empty("meshName"))
            && (kind != Kind::Route || object.router.as_deref() == router)
    };
    let all = account.appmesh.objects.visible(account.now).filter(inside);
    let (page, next) = page(all.map(Object::refer).collect(), &call.input, 100)?;
    Ok(json!({ kind.list(): page, "nextToken": next }))
}

fn answer(object: &Object) -> Value {
    json!({ object.kind.member(): object.describe() })
}

/// What calls can name by now.
fn find<'a>(account: &'a Account, kind: Kind, input: &Value) -> Result<&'a Object, ApiError> {
    let object = account.appmesh.objects.get(&kind.path(input), account.now);
    object.ok_or_else(|| unknown(&account.id, kind, input))
}

/// What it stands in must exist.
fn above(account: &Account, kind: Kind, input: &Value) -> Result<(), ApiError> {
    let above: &[Kind] = match kind {
        Kind::Mesh => &[],
        Kind::Route => &[Kind::Mesh, Kind::VirtualRouter],
        _ => &[Kind::Mesh],
    };
    above.iter().try_for_each(|kind| find(account, *kind, input).map(drop))
}

/// There must be room for one more.
fn room(account: &Account, kind: Kind, input: &Value) -> Result<(), ApiError> {
    let most = match kind {
        Kind::Mesh => account.quotas.meshes,
        Kind::Route => account.quotas.routes_per_router,
        _ => account.quotas.parts_per_mesh,
    };
    let beside = Object::new(kind, input, Metadata::default(), Value::Null);
    let all = account.appmesh.objects.all();
    if all.filter(|(_, object)| object.stands_beside(&beside)).count() < most {
        return Ok(());
    }
    let text = format!("The limit of {most} {} has been reached.", kind.plural());
    Err(refusal("LimitExceededException", text))
}

/// An error with the status that App Mesh gives it.
fn refusal(code: &str, message: impl Into<String>) -> ApiError {
    let status = match code {
        "ForbiddenException" => 403,
        "NotFoundException" => 404,
        "ConflictException" | "ResourceInUseException" => 409,
        _ => 400,
    };
    ApiError::new(code, message).status(status)
}

fn unknown(account: &str, kind: Kind, input: &Value) -> ApiError {
    let place = match kind {
        Kind::Mesh => String::new(),
        _ => format!(" under mesh {}", input.text_or_empty("meshName")),
    };
    let text = format!("{} is not present{place} for account {account}", kind.called(input));
    refusal("NotFoundException", text)
}

/// One page by `limit` and `nextToken`.
fn page(
    all: Vec<Value>,
    input: &Value,
    most: i64,
) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let start = match input.text("nextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| {
            refusal("BadRequestException", format!("The token '{token}' is not valid"))
        })?,
    };
    let size = input.int("limit").unwrap_or(most).clamp(1, most) as usize;
    let more = all.len() > start + size;
    let page = all.into_iter().skip(start).take(size).collect();
    Ok((page, more.then(|| (start + size).to_string())))
}

/// A moment as App Mesh writes it.
fn seconds(now: u64) -> f64 {
    now as f64 / 1000.0
}

impl AppMesh {
    /// Everything, for the account's inventory.
    pub fn inventory(&self) -> Vec<Item> {
        // Nobody has access any longer to what an account had.
        let items = self.objects.all().filter(|_| !self.closed).map(|(path, object)| Item {
            service: "appmesh",
            kind: object.kind.noun(),
            id: path.clone(),
            state: "ACTIVE".into(),
            tags: object.tags.clone(),
            remnant: false,
        });
        items.collect()
    }
}
