//! XML, outwards: the answers and errors of the two query protocols.

use std::fmt::Write as _;

use serde_json::Value;

use super::error::ApiError;
use super::model::{Kind, Member, Model, Operation, Protocol, ShapeId, TimestampFormat};
use super::scalar;

const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes the answer of a call whose output has been checked.
pub(super) fn answer(
    model: &Model,
    operation: &Operation,
    output: &Value,
    request_id: &str,
) -> Vec<u8> {
    let mut writer = Writer { model, out: String::with_capacity(1024) };
    let name = &operation.name;
    writer.out.push_str(PROLOGUE);
    let namespace = model.xml_namespace.as_deref().unwrap_or_default();
    let _ = write!(writer.out, "<{name}Response xmlns=\"{namespace}\">");
    if model.protocol == Protocol::Ec2Query {
        writer.element("requestId", request_id);
        match operation.output {
            Some(shape) => writer.members(shape, output),
            // The model leaves out that EC2 answers these calls with a bare success.
            None => writer.element("return", "true"),
        }
    } else {
        if let (Some(shape), Some(wrapper)) = (operation.output, &operation.result_wrapper) {
            writer.open(wrapper);
            writer.members(shape, output);
            writer.close(wrapper);
        }
        writer.open("ResponseMetadata");
        writer.element("RequestId", request_id);
        writer.close("ResponseMetadata");
    }
    let _ = write!(writer.out, "</{name}Response>");
    writer.out.into_bytes()
}

struct Writer<'m> {
    model: &'m Model,
    out: String,
}

impl Writer<'_> {
    fn members(&mut self, shape: ShapeId, value: &Value) {
        let structure = self.model.shape(shape).structure();
        let (Some(structure), Some(members)) = (structure, value.as_object()) else { return };
        for (name, value) in members {
            if let Some(member) = structure.member(name).filter(|_| !value.is_null()) {
                self.member(&member.wire, member, value);
            }
        }
    }

    fn member(&mut self, name: &str, member: &Member, value: &Value) {
        let shape = self.model.shape(member.shape);
        match (&shape.kind, value) {
            (Kind::Structure(_), _) => {
                self.open(name);
                self.members(member.shape, value);
                self.close(name);
            }
            (Kind::List { item, flattened }, Value::Array(items)) => {
                let flat = *flattened || member.flattened;
                let each = match (item.named, flat) {
                    (true, _) => item.wire.as_str(),
                    (false, true) => name,
                    (false, false) => "member",
                };
                self.wrapped(name, flat, |writer| {
                    for value in items {
                        writer.member(each, item, value);
                    }
                });
            }
            (Kind::Map { key, value: of, flattened }, Value::Object(entries)) => {
                let flat = *flattened || member.flattened;
                let each = if flat { name } else { "entry" };
                self.wrapped(name, flat, |writer| {
                    for (entry, value) in entries {
                        writer.open(each);
                        writer.element(&key.wire, entry);
                        writer.member(&of.wire, of, value);
                        writer.close(each);
                    }
                });
            }
            (kind, value) => {
                let format = member.timestamp.unwrap_or(TimestampFormat::Iso8601);
                let text = scalar::text(kind, format, value);
                self.element(name, &text);
            }
        }
    }

    fn wrapped(&mut self, name: &str, flat: bool, write: impl FnOnce(&mut Self)) {
        if flat {
            return write(self);
        }
        self.open(name);
        write(self);
        self.close(name);
    }

    fn element(&mut self, name: &str, text: &str) {
        self.open(name);
        escape(text, &mut self.out);
        self.close(name);
    }

    fn open(&mut self, name: &str) {
        let _ = write!(self.out, "<{name}>");
    }

    fn close(&mut self, name: &str) {
        let _ = write!(self.out, "</{name}>");
    }
}

/// Writes an error as EC2 does.
pub(super) fn ec2_error(error: &ApiError, request_id: &str) -> Vec<u8> {
    let mut out = format!("{PROLOGUE}<Response><Errors><Error>");
    body(error, &mut out);
    out.push_str("</Error></Errors><RequestID>");
    escape(request_id, &mut out);
    out.push_str("</RequestID></Response>");
    out.into_bytes()
}

/// Writes an error as the other query services do.
pub(super) fn query_error(
    error: &ApiError,
    status: u16,
    namespace: Option<&str>,
    request_id: &str,
) -> Vec<u8> {
    let fault = if status >= 500 { "Receiver" } else { "Sender" };
    let namespace = namespace.map(|it| format!(" xmlns=\"{it}\"")).unwrap_or_default();
    let mut out = format!("<ErrorResponse{namespace}><Error><Type>{fault}</Type>");
    body(error, &mut out);
    out.push_str("</Error><RequestId>");
    escape(request_id, &mut out);
    out.push_str("</RequestId></ErrorResponse>");
    out.into_bytes()
}

/// Writes an error as S3 does.
pub(super) fn s3_error(error: &ApiError, request_id: &str) -> Vec<u8> {
    let mut out = format!("{PROLOGUE}<Error>");
    body(error, &mut out);
    out.push_str("<RequestId>");
    escape(request_id, &mut out);
    out.push_str("</RequestId></Error>");
    out.into_bytes()
}

fn body(error: &ApiError, out: &mut String) {
    let fields = error.fields.iter().filter_map(|(name, value)| Some((&**name, value.as_str()?)));
    let own = [("Code", error.code.as_str()), ("Message", error.message.as_str())];
    for (name, text) in own.into_iter().chain(fields) {
        let _ = write!(out, "<{name}>");
        escape(text, out);
        let _ = write!(out, "</{name}>");
    }
}

/// Writes text so that every XML reader takes it; what XML cannot say becomes U+FFFD.
fn escape(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // A bare carriage return would be read as a line feed.
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(char),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}
