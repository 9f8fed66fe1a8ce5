//! What other people do to a stack's resources: they take its tag away, and edit names and settings.

use super::shape::STACK;
use meshctl::{
    model::tags,
    simulator::{
        Account, Item, Simulator,
        wire::{Call, Service},
    },
};
use serde_json::{Value, json};

/// Asks the account as anybody may who has the rights; `None` when it refuses.
fn ask(account: &mut Account, action: &str, input: Value) -> Option<Value> {
    let (prefix, operation) = action.split_once(':').expect("a service and an operation");
    let service = Service::from_prefix(prefix).expect("a service");
    let operation = &service.model().operation(operation).expect("an operation").name;
    let (region, access_key) = ("eu-west-1".into(), "LOCAL".into());
    let request_id = "others".into();
    account.call(&Call { service, operation, input, region, access_key, request_id }).ok()
}

/// What carries the stack's tag, of these kinds.
fn tagged(account: &Account, kinds: &[(&str, &str)]) -> Vec<Item> {
    let items = account.inventory().resources.into_iter();
    let ours = |item: &Item| item.tags.get(tags::STACK).is_some_and(|stack| stack == STACK);
    items.filter(|item| kinds.contains(&(item.service, item.kind)) && ours(item)).collect()
}

fn pick(items: &[Item], which: u64) -> Option<&Item> {
    items.get((which % items.len().max(1) as u64) as usize)
}

/// What others take the tag from. A report names each by the ID that the account gives it.
pub const STRIPPED: [(&str, &str); 6] = [
    ("ec2", "Vpc"),
    ("ec2", "Subnet"),
    ("ec2", "ElasticIp"),
    ("ec2", "InternetGateway"),
    ("ec2", "RouteTable"),
    ("ec2", "SecurityGroup"),
];

/// Takes the stack's tag from one resource. Its ID.
pub fn strip(simulator: &Simulator, which: u64) -> Option<String> {
    simulator.behind(|account| {
        let items = tagged(account, &STRIPPED);
        let id = pick(&items, which)?.id.clone();
        let tag = json!([{ "Key": tags::STACK }]);
        ask(account, "ec2:DeleteTags", json!({ "Resources": [id], "Tags": tag }))?;
        Some(id)
    })
}

/// Gives the stack's tag back to what is still there of these.
pub fn tag_again(simulator: &Simulator, ids: &[String]) {
    simulator.behind(|account| {
        for id in ids {
            let tag = json!([{ "Key": tags::STACK, "Value": STACK }]);
            ask(account, "ec2:CreateTags", json!({ "Resources": [id], "Tags": tag }));
        }
    });
}

/// Which of these are still there.
pub fn there(simulator: &Simulator, ids: &[String]) -> Vec<String> {
    let items = simulator.inventory().resources;
    ids.iter().filter(|id| items.iter().any(|item| item.id == **id)).cloned().collect()
}

/// One of these that is not there any more.
pub fn gone(simulator: &Simulator, ids: &[String]) -> Option<String> {
    let there = there(simulator, ids);
    ids.iter().find(|id| !there.contains(id)).cloned()
}

/// A setting that somebody edited: how to see it, and what it was.
#[derive(Clone, Debug)]
pub struct Edited {
    look: (&'static str, Value),
    pointer: String,
    before: Value,
}

impl Edited {
    /// What it is now, where that is not what it was; nothing when what had it is gone.
    pub fn differs(&self, simulator: &Simulator) -> Option<String> {
        let (action, input) = &self.look;
        let now = simulator.behind(|account| ask(account, action, input.clone()))?;
        let now = now.pointer(&self.pointer).cloned().unwrap_or_default();
        let differs = now != self.before;
        differs.then(|| format!("{action} {input}: {} was edited to {now}", self.before))
    }
}

/// Edits one setting of one resource.
pub fn edit(simulator: &Simulator, which: u64) -> Option<Edited> {
    simulator.behind(|account| {
        let kinds = [
            ("ec2", "Vpc"),
            ("elasticloadbalancing", "TargetGroup"),
            ("logs", "LogGroup"),
            ("ecs", "Service"),
        ];
        let items = tagged(account, &kinds);
        let item = pick(&items, which)?;
        let id = item.id.clone();
        let (look, pointer, change) = match item.kind {
            "Vpc" => (
                (
                    "ec2:DescribeVpcAttribute",
                    json!({ "VpcId": id, "Attribute": "enableDnsHostnames" }),
                ),
                "/EnableDnsHostnames/Value".into(),
                (
                    "ec2:ModifyVpcAttribute",
                    json!({ "VpcId": id, "EnableDnsHostnames": { "Value": false } }),
                ),
            ),
            "TargetGroup" => {
                let key = "deregistration_delay.timeout_seconds";
                let look = json!({ "TargetGroupArn": id });
                let shown = ask(
                    account,
                    "elasticloadbalancing:DescribeTargetGroupAttributes",
                    look.clone(),
                )?;
                let at =
                    shown["Attributes"].as_array()?.iter().position(|one| one["Key"] == key)?;
                let change = json!({
                    "TargetGroupArn": id, "Attributes": [{ "Key": key, "Value": "3000" }],
                });
                (
                    ("elasticloadbalancing:DescribeTargetGroupAttributes", look),
                    format!("/Attributes/{at}/Value"),
                    ("elasticloadbalancing:ModifyTargetGroupAttributes", change),
                )
            }
            "LogGroup" => {
                let name = id.rsplit_once("log-group:").map_or(id.as_str(), |(_, name)| name);
                let name = name.trim_end_matches(":*");
                (
                    ("logs:DescribeLogGroups", json!({ "logGroupNamePrefix": name })),
                    "/logGroups/0/retentionInDays".into(),
                    (
                        "logs:PutRetentionPolicy",
                        json!({ "logGroupName": name, "retentionInDays": 3 }),
                    ),
                )
            }
            _ => {
                let cluster = id.rsplit('/').nth(1)?.to_owned();
                (
                    ("ecs:DescribeServices", json!({ "cluster": cluster, "services": [id] })),
                    "/services/0/desiredCount".into(),
                    (
                        "ecs:UpdateService",
                        json!({ "cluster": cluster, "service": id, "desiredCount": 5 }),
                    ),
                )
            }
        };
        let (action, input) = &look;
        let before = ask(account, action, input.clone())?.pointer(&pointer).cloned()?;
        ask(account, change.0, change.1)?;
        Some(Edited { look, pointer, before })
    })
}
