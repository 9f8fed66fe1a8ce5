//! Whether App Mesh answers, when parts of it are to be made.

use super::{Asked, Facts, Plan};
use crate::{
    model::{Check, Class},
    stack::mesh::{Choice, Kind},
};

const NAME: &str = "mesh";

/// Says which kind of mesh it will be.
pub fn tell(choice: &Choice) -> Check {
    let Choice { kind, from, why, .. } = choice;
    let kind = match from {
        Some(from) => format!("moves from {from} to {kind}"),
        None => kind.to_string(),
    };
    let end = match choice.kind {
        Kind::AppMesh => "; AWS ended it on 30 September 2026",
        Kind::ServiceConnect => "",
    };
    Check::ok(NAME, format!("{kind} ({why}){end}"))
}

/// Judges only where something of App Mesh is to be made.
pub fn judge(plan: &Plan, facts: &Facts) -> Option<Check> {
    let Asked::Unknown(error) = &facts.meshes else { return None };
    if !plan.has("AWS::AppMesh::Mesh") {
        return None;
    }
    let what = format!("App Mesh, which AWS ended on 30 September 2026, does not answer: {error}");
    let remedy = "set mesh.kind = \"service-connect\", or \"auto\" to let the account decide";
    Some(match error.class {
        Class::Throttled | Class::Transient => Check::warning(NAME, what, remedy),
        _ => Check::failure(NAME, what, remedy),
    })
}
