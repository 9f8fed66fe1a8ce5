//! Policy documents: what IAM takes, how it gives them back, and what they allow.

use crate::simulator::{faults::matches, fields::Fields, wire::ApiError};
use serde_json::Value;

/// A document as IAM answers it: encoded as in URLs, by RFC 3986.
pub fn encoded(document: &str) -> String {
    let mut text = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Refuses what is no trust policy.
pub fn check_trust(document: &str) -> Result<(), ApiError> {
    for statement in statements(document, "This policy contains invalid Json")? {
        effect(&statement)?;
        if statement.get("Resource").is_some() || statement.get("NotResource").is_some() {
            return Err(malformed("Has prohibited field Resource"));
        }
        let principal = statement.get("Principal").or(statement.get("NotPrincipal"));
        let Some(principal) = principal else {
            return Err(malformed("Missing required field Principal"));
        };
        if many(&statement, "Action").is_empty() && many(&statement, "NotAction").is_empty() {
            return Err(malformed("Missing required field Action"));
        }
        for service in many(principal, "Service") {
            if !service.ends_with(".amazonaws.com") && !service.ends_with(".amazonaws.com.cn") {
                let message = format!("Invalid principal in policy: \"SERVICE\":\"{service}\"");
                return Err(malformed(message));
            }
        }
    }
    Ok(())
}

/// Refuses what is no policy of a role.
pub fn check_identity(document: &str) -> Result<(), ApiError> {
    for statement in statements(document, "Syntax errors in policy.")? {
        effect(&statement)?;
        if statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some() {
            return Err(malformed("Policy document should not specify a principal."));
        }
        let actions = [many(&statement, "Action"), many(&statement, "NotAction")].concat();
        if actions.is_empty() {
            return Err(malformed("Policy statement must contain actions."));
        }
        if actions.iter().any(|action| *action != "*" && !action.contains(':')) {
            let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, \
                           etc.";
            return Err(malformed(message));
        }
        if many(&statement, "Resource").is_empty() && many(&statement, "NotResource").is_empty() {
            return Err(malformed("Policy statement must contain resources."));
        }
    }
    Ok(())
}

/// Whether a trust policy lets a service assume the role. Conditions count as met.
pub fn trusts(document: &str, service: &str) -> bool {
    decides(document, |statement| {
        let principal = statement.get("Principal");
        let named = principal.is_some_and(|one| many(one, "Service").contains(&service));
        named && covers(&many(statement, "Action"), "sts:AssumeRole")
    })
}

/// Whether a policy lets the role do this. Resources are not looked at, conditions count as met.
pub fn allows(document: &str, action: &str) -> bool {
    decides(document, |statement| covers(&many(statement, "Action"), action))
}

/// Whether an applicable statement allows and none denies.
fn decides(document: &str, applies: impl Fn(&Value) -> bool) -> bool {
    let all = statements(document, "").unwrap_or_default();
    let effects: Vec<_> = all
        .iter()
        .filter(|statement| applies(statement))
        .map(|statement| statement.text_or_empty("Effect"))
        .collect();
    effects.contains(&"Allow") && !effects.contains(&"Deny")
}

/// Actions are compared without regard to case.
fn covers(patterns: &[&str], action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    patterns.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
}

fn statements(document: &str, broken: &str) -> Result<Vec<Value>, ApiError> {
    let policy: Value = serde_json::from_str(document).map_err(|_| malformed(broken))?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement @ Value::Object(_)) => vec![statement.clone()],
        _ => return Err(malformed("Missing required field Statement")),
    };
    if statements.is_empty() || !statements.iter().all(Value::is_object) {
        return Err(malformed("Missing required field Statement"));
    }
    Ok(statements)
}

fn effect(statement: &Value) -> Result<(), ApiError> {
    match statement.text("Effect") {
        Some("Allow" | "Deny") => Ok(()),
        Some(other) => Err(malformed(format!("Invalid effect: {other}"))),
        None => Err(malformed("Missing required field Effect")),
    }
}

/// The texts of a member that may be one text or a list.
fn many<'a>(value: &'a Value, member: &str) -> Vec<&'a str> {
    match value.text(member) {
        Some(text) => vec![text],
        None => value.texts(member),
    }
}

/// A document's length by IAM's count: white space is free.
pub fn size(document: &str) -> usize {
    document.chars().filter(|letter| !letter.is_whitespace()).count()
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new("MalformedPolicyDocument", message).status(400)
}
