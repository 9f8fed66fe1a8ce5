//! Policy documents: read as IAM gives them, compared by what they say.

use serde_json::Value;

/// A document from an answer. IAM encodes documents as URLs are (RFC 3986). One that cannot be read
/// is its own text, which equals no document.
pub fn decoded(document: &str) -> Value {
    let json = unescaped(document).and_then(|text| serde_json::from_str(&text).ok());
    json.unwrap_or_else(|| document.into())
}

fn unescaped(text: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(plain).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The same policy in the one form that all its spellings share: the order of a list does not
/// count, a list of one is its element, and a condition's value is a text.
pub fn canonical(policy: &Value) -> Value {
    match policy {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), canonical(value))).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            match <[Value; 1]>::try_from(items) {
                Ok([only]) => only,
                Err(items) => Value::Array(items),
            }
        }
        Value::Bool(_) | Value::Number(_) => policy.to_string().into(),
        Value::String(_) | Value::Null => policy.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_is_compared_by_what_it_says() {
        let terse = json!({ "Statement": { "Effect": "Allow", "Action": ["b:Y", "a:X"],
            "Resource": "*", "Condition": { "Bool": { "aws:SecureTransport": true } } } });
        let wordy = json!({ "Statement": [{ "Effect": "Allow", "Action": ["a:X", "b:Y", "a:X"],
            "Resource": ["*"], "Condition": { "Bool": { "aws:SecureTransport": ["true"] } } }] });
        assert_eq!(canonical(&terse), canonical(&wordy));
        let wider = json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } });
        assert_ne!(canonical(&terse), canonical(&wider));
    }

    #[test]
    fn a_document_is_read_as_iam_encodes_it() {
        assert_eq!(decoded("%7B%22Version%22%3A%20%22%C3%BC%22%7D"), json!({ "Version": "ü" }));
        assert_eq!(decoded("%7B%2"), json!("%7B%2"));
    }
}
