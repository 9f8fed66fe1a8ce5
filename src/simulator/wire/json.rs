//! JSON both ways, as both JSON protocols carry it in bodies.

use serde_json::{Map, Value};

use super::error::Fault;
use super::model::{Kind, Location, Member, Model, Shape, ShapeId, TimestampFormat};
use super::{DEEPEST, scalar};

/// Reads a body as an object; an empty one counts as empty.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Fault::Malformed("Start of structure or map expected".to_owned())),
        Err(error) => Err(Fault::Malformed(format!("The body is not JSON: {error}"))),
    }
}

/// Reads the body members of a structure under the model's names.
pub(super) fn decode(
    model: &Model,
    shape: ShapeId,
    body: Map<String, Value>,
) -> Result<Map<String, Value>, Fault> {
    Reader { model, depth: 0, path: Vec::new() }.structure(model.shape(shape), body)
}

struct Reader<'m> {
    model: &'m Model,
    depth: usize,
    path: Vec<String>,
}

impl<'m> Reader<'m> {
    fn structure(
        &mut self,
        shape: &'m Shape,
        body: Map<String, Value>,
    ) -> Result<Map<String, Value>, Fault> {
        let Some(structure) = shape.structure() else { return Err(self.wrong("an object")) };
        let mut members = Map::new();
        for (name, value) in body {
            // Unknown members are newer than the model, and null means absent.
            let member = structure.by_wire(&name).filter(|it| it.location == Location::Body);
            if let Some(member) = member.filter(|_| !value.is_null()) {
                let value = self.within(name, member, value)?;
                members.insert(member.name.clone(), value);
            }
        }
        Ok(members)
    }

    fn within(&mut self, step: String, member: &'m Member, value: Value) -> Result<Value, Fault> {
        if self.depth >= DEEPEST {
            let why = format!("The body is nested more than {DEEPEST} deep");
            return Err(Fault::Malformed(why));
        }
        self.depth += 1;
        self.path.push(step);
        let value = self.value(member, value)?;
        self.path.pop();
        self.depth -= 1;
        Ok(value)
    }

    fn value(&mut self, member: &'m Member, value: Value) -> Result<Value, Fault> {
        let shape = self.model.shape(member.shape);
        if shape.document {
            return Ok(value);
        }
        match (&shape.kind, value) {
            (Kind::Structure(_), Value::Object(body)) => {
                self.structure(shape, body).map(Value::Object)
            }
            (Kind::List { item, .. }, Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(index, value)| self.item(index.to_string(), item, value))
                .collect(),
            (Kind::Map { value: of, .. }, Value::Object(entries)) => entries
                .into_iter()
                .map(|(name, value)| Ok((name.clone(), self.item(name, of, value)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            (Kind::String, value @ Value::String(_)) | (Kind::Boolean, value @ Value::Bool(_)) => {
                Ok(value)
            }
            (Kind::Blob, Value::String(text)) => {
                scalar::parse(&Kind::Blob, None, &text).ok_or_else(|| self.wrong("base64"))
            }
            (Kind::Integer, Value::Number(number)) => match whole(&number) {
                Some(whole) if i32::try_from(whole).is_ok() => Ok(Value::from(whole)),
                _ => Err(self.wrong("a 32-bit integer")),
            },
            (Kind::Long, Value::Number(number)) => {
                whole(&number).map(Value::from).ok_or_else(|| self.wrong("a 64-bit integer"))
            }
            (Kind::Float | Kind::Double, Value::String(text))
                if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") =>
            {
                Ok(Value::String(text))
            }
            (Kind::Float | Kind::Double | Kind::Timestamp, value @ Value::Number(_)) => Ok(value),
            (Kind::Timestamp, Value::String(text)) => {
                let format = member.timestamp.unwrap_or(TimestampFormat::Iso8601);
                scalar::timestamp(&text, format).ok_or_else(|| self.wrong("a timestamp"))
            }
            (kind, _) => Err(self.wrong(noun(kind))),
        }
    }

    /// A null in a list stays, so that validation can refuse it.
    fn item(&mut self, step: String, member: &'m Member, value: Value) -> Result<Value, Fault> {
        if value.is_null() { Ok(Value::Null) } else { self.within(step, member, value) }
    }

    fn wrong(&self, wanted: &str) -> Fault {
        Fault::Malformed(format!("{} must be {wanted}", self.path.join(".")))
    }
}

fn noun(kind: &Kind) -> &'static str {
    match kind {
        Kind::Structure(_) | Kind::Map { .. } => "an object",
        Kind::List { .. } => "an array",
        Kind::String | Kind::Blob => "a string",
        Kind::Integer | Kind::Long => "an integer",
        Kind::Float | Kind::Double => "a number",
        Kind::Boolean => "a boolean",
        Kind::Timestamp => "a timestamp",
    }
}

/// `3.0` is an integer to AWS, as it is to JSON.
fn whole(number: &serde_json::Number) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)]
    let from_float =
        |float: f64| (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64);
    number.as_i64().or_else(|| number.as_f64().and_then(from_float))
}

/// Writes an output that has been checked, its body members only.
pub(super) fn encode(model: &Model, shape: ShapeId, value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    write_shape(model, shape, None, value, &mut out);
    out
}

fn write_shape(
    model: &Model,
    shape: ShapeId,
    format: Option<TimestampFormat>,
    value: &Value,
    out: &mut Vec<u8>,
) {
    let shape = model.shape(shape);
    match (&shape.kind, value) {
        _ if shape.document => write_scalar(value, out),
        (Kind::Structure(structure), Value::Object(members)) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            let known = members.filter_map(|(name, value)| Some((structure.member(name)?, value)));
            let body = known.filter(|(member, _)| member.location == Location::Body);
            write_object(
                body.map(|(member, value)| (member.wire.as_str(), member, value)),
                model,
                out,
            );
        }
        (Kind::Map { value: of, .. }, Value::Object(entries)) => {
            write_object(
                entries.iter().map(|(name, value)| (name.as_str(), of, value)),
                model,
                out,
            );
        }
        (Kind::List { item, .. }, Value::Array(items)) => {
            out.push(b'[');
            for (index, value) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_shape(model, item.shape, item.timestamp, value, out);
            }
            out.push(b']');
        }
        (Kind::Timestamp, value) => match format {
            None | Some(TimestampFormat::Epoch) => write_scalar(value, out),
            Some(format) => write_scalar(&Value::from(scalar::written(value, format)), out),
        },
        (_, value) => write_scalar(value, out),
    }
}

fn write_object<'v>(
    entries: impl Iterator<Item = (&'v str, &'v Member, &'v Value)>,
    model: &Model,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (index, (name, member, value)) in entries.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
        write_shape(model, member.shape, member.timestamp, value, out);
    }
    out.push(b'}');
}

/// JSON text of any value.
pub(super) fn text(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_scalar(value, &mut out);
    out
}

fn write_scalar(value: &Value, out: &mut Vec<u8>) {
    // Writing a value with string keys into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, text);
}
