//! What refers to what: a part can be made only when what it names exists, and nothing goes while
//! it is named.

use super::{Kind, Object, find, spec::targets};
use crate::simulator::{account::Account, fields::Fields, wire::ApiError};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a specification names, of its own mesh. Backends are names that need not exist.
fn named(kind: Kind, spec: &Value) -> Vec<(Kind, &str)> {
    match kind {
        Kind::Route => {
            let nodes = targets(spec).filter_map(|target| target.text("virtualNode"));
            nodes.map(|name| (Kind::VirtualNode, name)).collect()
        }
        Kind::VirtualService => {
            let provided = |kind: Kind| {
                let provider = spec.get("provider")?.get(kind.member())?;
                Some((kind, provider.text(kind.name_member())?))
            };
            [Kind::VirtualNode, Kind::VirtualRouter].into_iter().filter_map(provided).collect()
        }
        _ => Vec::new(),
    }
}

/// What a specification names must exist.
pub fn check(account: &Account, kind: Kind, input: &Value, spec: &Value) -> Result<(), ApiError> {
    let mesh = input.text_or_empty("meshName");
    named(kind, spec).into_iter().try_for_each(|(kind, name)| {
        let names = json!({ "meshName": mesh, kind.name_member(): name });
        find(account, kind, &names).map(drop)
    })
}

/// What stands in an object or names it, as `ROUTE: [one, two]`; empty when nothing does.
pub fn users(account: &Account, object: &Object) -> String {
    let mut users: BTreeMap<Kind, Vec<&str>> = BTreeMap::new();
    for (_, other) in account.appmesh.objects.all() {
        if other.mesh == object.mesh && uses(other, object) {
            users.entry(other.kind).or_default().push(&other.name);
        }
    }
    let groups = users.into_iter();
    let groups = groups.map(|(kind, names)| format!("{}: [{}]", kind.shouted(), names.join(", ")));
    groups.collect::<Vec<_>>().join(", ")
}

fn uses(other: &Object, object: &Object) -> bool {
    match object.kind {
        Kind::Mesh => other.kind != Kind::Mesh,
        Kind::VirtualRouter if other.router.as_ref() == Some(&object.name) => true,
        _ => named(other.kind, &other.spec).contains(&(object.kind, object.name.as_str())),
    }
}
