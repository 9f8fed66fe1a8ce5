//! Scalars as text, as forms, addresses, headers and XML carry them.

use std::borrow::Cow;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;

use super::model::{Kind, TimestampFormat};

/// Reads a scalar; none when the text is not one of that kind.
pub(super) fn parse(kind: &Kind, format: Option<TimestampFormat>, text: &str) -> Option<Value> {
    match kind {
        Kind::String => Some(Value::from(text)),
        Kind::Blob => aws_smithy_types::base64::decode(text).ok().map(|_| Value::from(text)),
        Kind::Integer => text.parse::<i32>().ok().map(Value::from),
        Kind::Long => text.parse::<i64>().ok().map(Value::from),
        Kind::Float | Kind::Double => text.parse::<f64>().ok().map(float),
        Kind::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        Kind::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        Kind::Timestamp => timestamp(text, format.unwrap_or(TimestampFormat::Iso8601)),
        Kind::Boolean | Kind::Structure(_) | Kind::List { .. } | Kind::Map { .. } => None,
    }
}

/// Reads a timestamp as seconds since the epoch.
pub(super) fn timestamp(text: &str, format: TimestampFormat) -> Option<Value> {
    let time = DateTime::from_str(text, format.into()).ok()?;
    Some(if time.has_subsec_nanos() { float(time.as_secs_f64()) } else { time.secs().into() })
}

/// JSON has no number for these three; the protocols spell them.
pub(super) fn float(number: f64) -> Value {
    if number.is_finite() {
        Value::from(number)
    } else if number.is_nan() {
        Value::from("NaN")
    } else {
        Value::from(if number > 0.0 { "Infinity" } else { "-Infinity" })
    }
}

/// Writes a scalar; `format` is how a timestamp is to look.
pub(super) fn text<'v>(kind: &Kind, format: TimestampFormat, value: &'v Value) -> Cow<'v, str> {
    match (kind, value) {
        (Kind::Timestamp, value) => Cow::Owned(written(value, format)),
        (_, Value::String(text)) => Cow::Borrowed(text),
        (_, other) => Cow::Owned(other.to_string()),
    }
}

/// Writes seconds since the epoch as a timestamp.
pub(super) fn written(value: &Value, format: TimestampFormat) -> String {
    let time = match value.as_i64() {
        Some(seconds) => DateTime::from_secs(seconds),
        None => DateTime::from_secs_f64(value.as_f64().unwrap_or_default()),
    };
    let format = match format {
        TimestampFormat::Iso8601 => Format::DateTime,
        other => other.into(),
    };
    // A year beyond 9999 has no text; the output check has let it pass as a number.
    time.fmt(format).unwrap_or_else(|_| value.to_string())
}

/// Decodes `%xx`, and `+` as a space in forms; none when the text is malformed or not UTF-8.
pub(super) fn unescape(text: &str, form: bool) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| byte == b'%' || (form && byte == b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' if form => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Splits `a=1&b=2` and decodes both sides; none when an escape is malformed.
pub(super) fn pairs(text: &str) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let mut found = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        found.push((unescape(name, true)?, unescape(value, true)?));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_or_refused() {
        assert_eq!(unescape("a%2Fb+c", true).as_deref(), Some("a/b c"));
        assert_eq!(unescape("a%2Fb+c", false).as_deref(), Some("a/b+c"));
        for malformed in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(unescape(malformed, true), None, "{malformed}");
        }
    }

    #[test]
    fn timestamps_are_seconds_inside_and_text_outside() {
        let time = timestamp("2026-01-02T03:04:05Z", TimestampFormat::Iso8601).expect("ISO 8601");
        assert_eq!(time, Value::from(1_767_323_045));
        assert_eq!(written(&time, TimestampFormat::Iso8601), "2026-01-02T03:04:05Z");
        assert_eq!(written(&time, TimestampFormat::Http), "Fri, 02 Jan 2026 03:04:05 GMT");
        assert_eq!(written(&Value::from(0.5), TimestampFormat::Iso8601), "1970-01-01T00:00:00.5Z");
    }
}
