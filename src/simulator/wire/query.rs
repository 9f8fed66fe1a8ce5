//! The two query protocols, inwards: a form whose dotted names spell a tree.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::Fault;
use super::model::{Kind, Member, Model, Protocol, Shape, ShapeId};
use super::{DEEPEST, scalar};

/// Parameters that name the call or sign it, and belong to no input.
const COMMON: [&str; 9] = [
    "Action",
    "Version",
    "AWSAccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "Timestamp",
    "Expires",
    "SecurityToken",
];

/// A decoded form.
pub(super) type Form<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Reads the form in a request's address and body.
pub(super) fn form<'a>(query: &'a str, body: &'a [u8]) -> Result<Form<'a>, Fault> {
    let malformed = || Fault::Malformed("The query string contains a syntax error".to_owned());
    let body = std::str::from_utf8(body).map_err(|_| malformed())?;
    let mut form = scalar::pairs(query).ok_or_else(malformed)?;
    // Some clients end the body with a line break.
    form.append(&mut scalar::pairs(body.trim_end()).ok_or_else(malformed)?);
    Ok(form)
}

/// The value of a top-level parameter.
pub(super) fn parameter<'f>(form: &'f Form<'_>, name: &str) -> Option<&'f str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
}

#[derive(Default)]
struct Node<'a> {
    value: Option<&'a str>,
    children: BTreeMap<&'a str, Node<'a>>,
}

/// Reads the input that a form spells.
pub(super) fn decode(model: &Model, shape: ShapeId, form: &Form<'_>) -> Result<Value, Fault> {
    let mut root = Node::default();
    for (name, value) in form {
        if COMMON.contains(&name.as_ref()) || name.starts_with("X-Amz-") {
            continue;
        }
        if name.split('.').nth(DEEPEST).is_some() {
            return Err(Fault::Malformed(format!(
                "A parameter is nested more than {DEEPEST} deep"
            )));
        }
        let leaf =
            name.split('.').fold(&mut root, |node, step| node.children.entry(step).or_default());
        leaf.value = Some(value);
    }
    let reader = Reader { model, ec2: model.protocol == Protocol::Ec2Query };
    reader.structure(model.shape(shape), &root, &mut String::new())
}

/// What a call takes that has no input shape: nothing.
pub(super) fn decode_nothing(model: &Model, form: &Form<'_>) -> Result<Value, Fault> {
    let stray = form
        .iter()
        .find(|(name, _)| !COMMON.contains(&name.as_ref()) && !name.starts_with("X-Amz-"));
    match stray {
        Some((name, _)) if model.protocol == Protocol::Ec2Query => {
            Err(Fault::Unknown(name.clone().into_owned()))
        }
        _ => Ok(Value::Object(Map::new())),
    }
}

struct Reader<'m> {
    model: &'m Model,
    ec2: bool,
}

impl<'m> Reader<'m> {
    fn value(
        &self,
        member: &'m Member,
        node: &Node<'_>,
        path: &mut String,
    ) -> Result<Value, Fault> {
        let shape = self.model.shape(member.shape);
        match &shape.kind {
            Kind::Structure(_) => self.structure(shape, node, path),
            Kind::List { item, flattened } => {
                let flat = self.ec2 || *flattened || member.flattened;
                self.list(item, flat, node, path)
            }
            Kind::Map { key, value, flattened } => {
                self.map((key, value), *flattened || member.flattened, node, path)
            }
            kind => match node.value.filter(|_| node.children.is_empty()) {
                Some(text) => {
                    scalar::parse(kind, member.timestamp, text).ok_or_else(|| invalid(path, node))
                }
                None => Err(self.stray(path, node)),
            },
        }
    }

    fn structure(
        &self,
        shape: &'m Shape,
        node: &Node<'_>,
        path: &mut String,
    ) -> Result<Value, Fault> {
        let mut members = Map::new();
        let Some(structure) = shape.structure() else {
            return Err(invalid(path, node));
        };
        if node.value.is_some_and(|text| !text.is_empty()) {
            return Err(invalid(path, node));
        }
        for (name, child) in &node.children {
            let end = step(path, name);
            match structure.by_query(name).or_else(|| self.renamed(structure, name)) {
                Some(member) => {
                    members.insert(member.name.clone(), self.value(member, child, path)?);
                }
                None if self.ec2 => return Err(Fault::Unknown(path.clone())),
                None => {}
            }
            path.truncate(end);
        }
        Ok(Value::Object(members))
    }

    /// A flattened list of awsQuery goes under its items' name instead of its own.
    fn renamed(&self, structure: &'m super::model::Structure, name: &str) -> Option<&'m Member> {
        structure.members.iter().find(|member| match &self.model.shape(member.shape).kind {
            Kind::List { item, flattened } => {
                !self.ec2 && (*flattened || member.flattened) && item.named && item.wire == name
            }
            _ => false,
        })
    }

    fn list(
        &self,
        item: &'m Member,
        flat: bool,
        node: &Node<'_>,
        path: &mut String,
    ) -> Result<Value, Fault> {
        let wrapper = if item.named { item.wire.as_str() } else { "member" };
        let Some(node) = wrapped(node, flat, wrapper).map_err(|()| invalid(path, node))? else {
            return Ok(Value::Array(Vec::new()));
        };
        let mut items = Vec::with_capacity(node.children.len());
        for (index, child) in self.indexed(node, path)? {
            let end = step(path, index);
            items.push(self.value(item, child, path)?);
            path.truncate(end);
        }
        Ok(Value::Array(items))
    }

    fn map(
        &self,
        (key, value): (&'m Member, &'m Member),
        flat: bool,
        node: &Node<'_>,
        path: &mut String,
    ) -> Result<Value, Fault> {
        let Some(node) = wrapped(node, flat, "entry").map_err(|()| invalid(path, node))? else {
            return Ok(Value::Object(Map::new()));
        };
        let mut entries = Map::new();
        for (index, child) in self.indexed(node, path)? {
            let end = step(path, index);
            let name = child.children.get(key.wire.as_str()).and_then(|it| it.value);
            let Some(name) = name else { return Err(invalid(path, child)) };
            if let Some(child) = child.children.get(value.wire.as_str()) {
                entries.insert(name.to_owned(), self.value(value, child, path)?);
            }
            path.truncate(end);
        }
        Ok(Value::Object(entries))
    }

    /// The children in the order of their numbers; AWS minds no gaps.
    fn indexed<'n, 'a>(
        &self,
        node: &'n Node<'a>,
        path: &str,
    ) -> Result<Vec<(&'a str, &'n Node<'a>)>, Fault> {
        let mut found = Vec::with_capacity(node.children.len());
        for (name, child) in &node.children {
            match name.parse::<u64>() {
                Ok(index) => found.push((index, *name, child)),
                Err(_) => return Err(self.stray(&format!("{path}.{name}"), node)),
            }
        }
        found.sort_by_key(|(index, ..)| *index);
        Ok(found.into_iter().map(|(_, name, child)| (name, child)).collect())
    }

    fn stray(&self, path: &str, node: &Node<'_>) -> Fault {
        if self.ec2 { Fault::Unknown(path.to_owned()) } else { invalid(path, node) }
    }
}

/// The node that holds the items. An empty list is sent as its name with an empty value.
fn wrapped<'n, 'a>(
    node: &'n Node<'a>,
    flat: bool,
    wrapper: &str,
) -> Result<Option<&'n Node<'a>>, ()> {
    match (node.value, node.children.is_empty()) {
        (Some(""), true) => Ok(None),
        (Some(_), _) => Err(()),
        (None, _) if flat => Ok(Some(node)),
        (None, _) => node.children.get(wrapper).map(Some).ok_or(()),
    }
}

fn invalid(path: &str, node: &Node<'_>) -> Fault {
    let value = node.value.unwrap_or_default().to_owned();
    Fault::Invalid { parameter: path.to_owned(), value }
}

fn step(path: &mut String, name: &str) -> usize {
    let end = path.len();
    if end > 0 {
        path.push('.');
    }
    path.push_str(name);
    end
}
