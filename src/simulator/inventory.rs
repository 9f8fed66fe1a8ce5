//! What an account holds, for tests and for people.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::collections::BTreeMap;

/// One resource, or what is left of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The service's IAM prefix.
    pub service: &'static str,
    /// AWS's noun, such as `Vpc`.
    pub kind: &'static str,
    /// Its ID, name or ARN.
    pub id: String,
    /// AWS's word for its state, where it has one.
    pub state: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether it is a leftover that AWS shows for a while and then forgets (an INACTIVE cluster, a
    /// deleted NAT gateway), or that AWS made by itself (a service-linked role, the log group of
    /// execution logs), or a setting that names what is gone.
    pub remnant: bool,
}

/// A resource has an `id`; what is left of one has only a `name`, so that nobody takes it for one.
impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut item = serializer.serialize_struct("Item", 5)?;
        item.serialize_field("service", self.service)?;
        item.serialize_field("kind", self.kind)?;
        item.serialize_field(if self.remnant { "name" } else { "id" }, &self.id)?;
        item.serialize_field("state", &self.state)?;
        item.serialize_field("tags", &self.tags)?;
        item.end()
    }
}

/// The whole account.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Inventory {
    /// What exists.
    pub resources: Vec<Item>,
    /// What is gone and still shown, or AWS's own.
    pub remnants: Vec<Item>,
}

impl Inventory {
    pub(super) fn of(items: Vec<Item>) -> Self {
        let (remnants, resources) = items.into_iter().partition(|item| item.remnant);
        Self { resources, remnants }
    }

    /// Whether nothing exists.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// How many resources there are of a kind, such as `("ec2", "Vpc")`.
    pub fn count(&self, service: &str, kind: &str) -> usize {
        let of_kind = |item: &&Item| item.service == service && item.kind == kind;
        self.resources.iter().filter(of_kind).count()
    }
}

#[cfg(test)]
mod tests {
    use crate::simulator::{Settings, account::Account, cloudwatchlogs};
    use serde_json::json;

    #[test]
    fn what_aws_leaves_behind_has_a_name_and_no_id() {
        let mut account = Account::new(&Settings::default());
        let gone = "arn:aws:iam::000000000000:role/gone";
        account.apigateway.role = Some(gone.into());
        cloudwatchlogs::ensure(&mut account, "eu-west-1", "API-Gateway-Execution-Logs_a/b");
        let remnant = |service: &str, kind: &str, name: &str| json!({ "service": service, "kind": kind, "name": name, "state": "", "tags": {} });
        let inventory = account.inventory();
        assert!(inventory.is_empty());
        let expected = json!({
            "resources": [],
            "remnants": [
                remnant("logs", "LogGroup", "API-Gateway-Execution-Logs_a/b"),
                remnant("apigateway", "Account", gone),
            ],
        });
        assert_eq!(json!(inventory), expected);
    }
}
