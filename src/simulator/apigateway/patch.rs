//! Updates as lists of steps: `{op, path, value}`, where all values are texts and a `/` inside a
//! part of a path is `~1`.

use super::bad_request;
use crate::simulator::{fields::Fields, wire::ApiError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// One step.
pub struct Step {
    /// `add`, `remove` or `replace`.
    pub op: String,
    /// The path as it came.
    pub path: String,
    /// Its parts.
    pub parts: Vec<String>,
    /// What to set; for some paths, what to take away.
    pub value: Option<String>,
}

/// What stands at a path.
#[derive(Clone, Copy)]
pub enum Holds {
    /// A text; an empty one takes it away.
    Text,
    /// A text that must be there.
    Name,
    /// A truth value.
    Flag,
    /// A whole number.
    Int,
    /// An entry of a map of texts.
    Entry,
    /// An entry of a map of truth values.
    FlagEntry,
    /// An item of a list, in the path.
    ItemInPath,
    /// An item of a list, in the value.
    ItemInValue,
    /// The only item of a list; the path holds its index or its old value.
    OnlyItem,
    /// A group of members, which can only be removed.
    Group,
}

/// A path that an update accepts; `*` is any part.
pub type Rule = (&'static str, Holds);

/// The steps of a call.
pub fn steps(input: &Value) -> Vec<Step> {
    let steps = input.list("patchOperations").iter().map(|step| {
        let path = step.text_or_empty("path").to_owned();
        let parts = path.trim_start_matches('/').split('/');
        Step {
            op: step.text("op").unwrap_or("replace").into(),
            parts: parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect(),
            path,
            value: step.text("value").map(String::from),
        }
    });
    steps.collect()
}

/// Takes all steps or none.
pub fn apply<T: Serialize + DeserializeOwned>(
    thing: &mut T,
    steps: &[Step],
    rules: &[Rule],
) -> Result<(), ApiError> {
    let mut shape = serde_json::to_value(&*thing).unwrap_or(Value::Null);
    for step in steps {
        take(&mut shape, step, rules)?;
    }
    *thing = serde_json::from_value(shape)
        .map_err(|why| bad_request(format!("Invalid patch: {why}")))?;
    Ok(())
}

fn take(shape: &mut Value, step: &Step, rules: &[Rule]) -> Result<(), ApiError> {
    let rule = rules.iter().find(|(path, _)| fits(path, &step.parts));
    let Some((_, holds)) = rule else { return Err(wrong_path(step, rules)) };
    let removes = step.op == "remove";
    if !removes && !matches!(step.op.as_str(), "add" | "replace") {
        return Err(wrong_path(step, rules));
    }
    let given = step.value.as_deref();
    let text = || given.ok_or_else(|| invalid(step, "a value"));
    let flag = || match text()?.to_ascii_lowercase().as_str() {
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        _ => Err(invalid(step, "a boolean")),
    };
    let (last, before) = step.parts.split_last().ok_or_else(|| wrong_path(step, rules))?;
    match holds {
        Holds::ItemInPath => edit(list(shape, before), last, removes),
        Holds::ItemInValue => edit(list(shape, &step.parts), text()?, removes),
        Holds::OnlyItem => *list(shape, before) = vec![text()?.into()],
        _ if removes => drop(object(shape, before).remove(last)),
        Holds::Group => return Err(wrong_path(step, rules)),
        Holds::Text if given.unwrap_or_default().is_empty() => {
            drop(object(shape, before).remove(last));
        }
        Holds::Name if given.unwrap_or_default().is_empty() => {
            return Err(invalid(step, "a value that is not blank"));
        }
        Holds::Text | Holds::Name | Holds::Entry => set(shape, before, last, text()?.into()),
        Holds::Flag | Holds::FlagEntry => set(shape, before, last, flag()?),
        // An empty number means none, as with the size above which answers are compressed.
        Holds::Int if given.unwrap_or_default().is_empty() => {
            drop(object(shape, before).remove(last));
        }
        Holds::Int => {
            let number: i64 = text()?.parse().map_err(|_| invalid(step, "an integer"))?;
            set(shape, before, last, number.into());
        }
    }
    Ok(())
}

fn fits(rule: &str, parts: &[String]) -> bool {
    let mut wanted = rule.trim_start_matches('/').split('/');
    let fits =
        parts.iter().all(|part| wanted.next().is_some_and(|want| want == "*" || want == part));
    fits && wanted.next().is_none()
}

fn set(shape: &mut Value, before: &[String], last: &str, value: Value) {
    object(shape, before).insert(last.into(), value);
}

/// The object at a path, made on the way where there is none.
fn object<'a>(shape: &'a mut Value, path: &[String]) -> &'a mut Map<String, Value> {
    let place = path
        .iter()
        .fold(shape, |place, part| members(place).entry(part.as_str()).or_insert(Value::Null));
    members(place)
}

fn members(place: &mut Value) -> &mut Map<String, Value> {
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    place.as_object_mut().expect("it was just made an object")
}

fn list<'a>(shape: &'a mut Value, path: &[String]) -> &'a mut Vec<Value> {
    let place = path
        .iter()
        .fold(shape, |place, part| members(place).entry(part.as_str()).or_insert(Value::Null));
    if !place.is_array() {
        *place = Value::Array(Vec::new());
    }
    place.as_array_mut().expect("it was just made a list")
}

fn edit(list: &mut Vec<Value>, item: &str, removes: bool) {
    list.retain(|one| one != item);
    if !removes {
        list.push(item.into());
    }
}

/// API Gateway's refusal of a path that it does not know.
pub fn wrong_path(step: &Step, rules: &[Rule]) -> ApiError {
    let known: Vec<_> = rules.iter().map(|(path, _)| *path).collect();
    let (path, op) = (&step.path, &step.op);
    let known = known.join(", ");
    bad_request(format!(
        "Invalid patch path '{path}' specified for op '{op}'. Must be one of: [{known}]"
    ))
}

/// The refusal of a value that does not suit its path.
pub fn invalid(step: &Step, wanted: &str) -> ApiError {
    let value = step.value.as_deref().unwrap_or_default();
    bad_request(format!(
        "Invalid patch value '{value}' specified for '{}': must be {wanted}",
        step.path
    ))
}
