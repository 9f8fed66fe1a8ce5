//! Resource policies of REST APIs, compared by meaning.

use serde_json::Value;

/// A policy in one fixed form. API Gateway answers with escaped quotes, writes the API's full ARN
/// where `execute-api:/…` was given, and may turn a single entry into a list or back.
pub(super) fn canonical(text: &str) -> Value {
    parse(text).map_or(Value::Null, |policy| settled(policy, ""))
}

fn parse(text: &str) -> Option<Value> {
    let plain = serde_json::from_str(text).ok();
    plain.or_else(|| {
        let unescaped: String = serde_json::from_str(&format!("\"{text}\"")).ok()?;
        serde_json::from_str(&unescaped).ok()
    })
}

fn settled(value: Value, member: &str) -> Value {
    match value {
        Value::Object(members) => {
            let anyone = member == "Principal" && members.len() == 1;
            if anyone && members.get("AWS").is_some_and(|who| who == "*") {
                return "*".into();
            }
            let each = members.into_iter().map(|(name, value)| {
                let value = settled(value, &name);
                (name, value)
            });
            Value::Object(each.collect())
        }
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(|item| settled(item, member)).collect();
            items.sort_by_cached_key(Value::to_string);
            match items.len() {
                1 => items.remove(0),
                _ => Value::Array(items),
            }
        }
        Value::String(text) if member == "Resource" => within_api(&text).into(),
        other => other,
    }
}

/// The part of an execution ARN that follows the API: `stage/VERB/path`.
fn within_api(resource: &str) -> &str {
    let last = resource.rsplit(':').next().unwrap_or(resource);
    last.split_once('/').map_or(resource, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_api_gateway_makes_of_a_policy_still_means_the_same() {
        let given = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
            "Resource": "execute-api:/*",
        }]});
        let kept = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["execute-api:Invoke"],
            "Resource": "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/*",
        }});
        let escaped = kept.to_string().replace('"', "\\\"").replace('/', "\\/");
        assert_eq!(canonical(&given.to_string()), canonical(&escaped));
        assert_eq!(canonical(&given.to_string()), canonical(&kept.to_string()));
    }

    #[test]
    fn another_condition_is_another_policy() {
        let of = |endpoint: &str| {
            let condition = json!({"StringNotEquals": {"aws:SourceVpce": endpoint}});
            canonical(&json!({"Statement": [{"Condition": condition}]}).to_string())
        };
        assert_ne!(of("vpce-1"), of("vpce-2"));
    }
}
