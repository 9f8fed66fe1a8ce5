//! REST JSON: members travel in the path, the query string, headers and the body.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use serde_json::{Map, Value};

use super::error::{self, Fault};
use super::model::{Kind, Location, Member, Model, Operation, ShapeId, TimestampFormat};
use super::route::RestMatch;
use super::{json, scalar};

/// Reads the input of a call from everything that can carry a part of it.
pub(super) fn decode(
    model: &Model,
    shape: ShapeId,
    found: &RestMatch<'_>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, Fault> {
    let Some(structure) = model.shape(shape).structure() else {
        return Ok(Value::Object(Map::new()));
    };
    let mut input = match &structure.payload {
        Some(name) => payload(model, structure.member(name), body)?,
        None if structure.members.iter().any(|it| it.location == Location::Body) => {
            json::decode(model, shape, json::object(body)?)?
        }
        None => Map::new(),
    };
    for member in &structure.members {
        let value = match member.location {
            Location::Body | Location::StatusCode => None,
            Location::Uri => {
                let label = found.labels.iter().find(|(name, _)| *name == member.wire);
                label.map(|(_, text)| scalar_of(model, member, text)).transpose()?
            }
            Location::Query => from_query(model, member, found)?,
            Location::Header => match headers.get(&member.wire).map(HeaderValue::to_str) {
                Some(Ok(text)) => Some(scalar_of(model, member, text)?),
                Some(Err(_)) => return Err(wrong(member, "")),
                None => None,
            },
            Location::Headers => Some(prefixed(&member.wire, headers)),
        };
        if let Some(value) = value {
            input.insert(member.name.clone(), value);
        }
    }
    Ok(Value::Object(input))
}

fn payload(
    model: &Model,
    member: Option<&Member>,
    body: &[u8],
) -> Result<Map<String, Value>, Fault> {
    let Some(member) = member.filter(|_| !body.is_empty()) else { return Ok(Map::new()) };
    let value = match &model.shape(member.shape).kind {
        Kind::Blob => Value::from(aws_smithy_types::base64::encode(body)),
        Kind::Structure(_) => {
            Value::Object(json::decode(model, member.shape, json::object(body)?)?)
        }
        _ => match std::str::from_utf8(body) {
            Ok(text) => Value::from(text),
            Err(_) => return Err(wrong(member, "")),
        },
    };
    Ok(Map::from_iter([(member.name.clone(), value)]))
}

fn from_query(
    model: &Model,
    member: &Member,
    found: &RestMatch<'_>,
) -> Result<Option<Value>, Fault> {
    let mut texts = found.query.iter().filter(|(name, _)| *name == member.wire);
    match &model.shape(member.shape).kind {
        Kind::List { item, .. } => {
            let items: Vec<_> =
                texts.map(|(_, text)| scalar_of(model, item, text)).collect::<Result<_, _>>()?;
            Ok((!items.is_empty()).then_some(Value::Array(items)))
        }
        // A map takes whatever no other member names.
        Kind::Map { .. } => {
            let pairs =
                found.query.iter().map(|(name, text)| (name.to_string(), Value::from(&**text)));
            Ok(Some(Value::Object(pairs.collect())))
        }
        _ => texts.next().map(|(_, text)| scalar_of(model, member, text)).transpose(),
    }
}

fn prefixed(prefix: &str, headers: &HeaderMap) -> Value {
    let prefix = prefix.to_ascii_lowercase();
    let entries = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix(&prefix)?;
        Some((name.to_owned(), Value::from(value.to_str().ok()?)))
    });
    Value::Object(entries.collect())
}

fn scalar_of(model: &Model, member: &Member, text: &str) -> Result<Value, Fault> {
    let kind = &model.shape(member.shape).kind;
    let format = match member.location {
        Location::Header => TimestampFormat::Http,
        _ => TimestampFormat::Iso8601,
    };
    scalar::parse(kind, member.timestamp.or(Some(format)), text).ok_or_else(|| wrong(member, text))
}

fn wrong(member: &Member, text: &str) -> Fault {
    Fault::Invalid { parameter: member.name.clone(), value: text.to_owned() }
}

/// Writes the answer of a call whose output has been checked.
pub(super) fn answer(
    model: &Model,
    operation: &Operation,
    output: &Value,
    request_id: &str,
) -> Response<Bytes> {
    let json = "application/json";
    let structure = operation.output.and_then(|shape| model.shape(shape).structure());
    let (Some(shape), Some(structure)) = (operation.output, structure) else {
        return error::answer(operation.status, json, request_id, Vec::new());
    };
    let body = match &structure.payload {
        None if operation.status == 204 => Vec::new(),
        None => json::encode(model, shape, output),
        Some(name) => match (structure.member(name), output.get(name)) {
            (Some(member), Some(value)) => raw(model, member, value),
            _ => Vec::new(),
        },
    };
    let mut response = error::answer(operation.status, json, request_id, body);
    for (name, value) in output.as_object().into_iter().flatten() {
        let Some(member) = structure.member(name).filter(|_| !value.is_null()) else { continue };
        match member.location {
            Location::StatusCode => set_status(&mut response, value),
            Location::Header => {
                let kind = &model.shape(member.shape).kind;
                let format = member.timestamp.unwrap_or(TimestampFormat::Http);
                set_header(&mut response, &member.wire, &scalar::text(kind, format, value));
            }
            Location::Headers => {
                for (suffix, value) in value.as_object().into_iter().flatten() {
                    let text = scalar::text(&Kind::String, TimestampFormat::Http, value);
                    set_header(&mut response, &format!("{}{suffix}", member.wire), &text);
                }
            }
            Location::Body | Location::Uri | Location::Query => {}
        }
    }
    response
}

/// A payload member is the body itself.
fn raw(model: &Model, member: &Member, value: &Value) -> Vec<u8> {
    match (&model.shape(member.shape).kind, value) {
        (Kind::Blob, Value::String(text)) => {
            aws_smithy_types::base64::decode(text).unwrap_or_default()
        }
        (Kind::String, Value::String(text)) => text.clone().into_bytes(),
        _ => json::encode(model, member.shape, value),
    }
}

fn set_status(response: &mut Response<Bytes>, value: &Value) {
    let status = value.as_u64().and_then(|it| u16::try_from(it).ok());
    if let Some(status) = status.and_then(|it| http::StatusCode::from_u16(it).ok()) {
        *response.status_mut() = status;
    }
}

fn set_header(response: &mut Response<Bytes>, name: &str, text: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(text)) {
        response.headers_mut().insert(name, value);
    }
}
