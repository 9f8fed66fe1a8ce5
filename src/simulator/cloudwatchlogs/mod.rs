//! CloudWatch Logs: log groups with their retention, streams and events.

mod log_event;
mod log_stream;

use super::{
    account::{Account, Answer, not_built},
    fields::Fields,
    inventory::Item,
    table::Table,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All that CloudWatch Logs holds of the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CloudWatchLogs {
    /// Log groups, by name.
    pub groups: Table<LogGroup>,
    /// Their streams, by the names of both.
    pub streams: BTreeMap<String, BTreeMap<String, log_stream::LogStream>>,
}

/// A log group as CloudWatch Logs describes it, with the tags that only a call of their own shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogGroup {
    /// Its name.
    pub log_group_name: String,
    /// When it was made, in milliseconds.
    pub creation_time: u64,
    /// After how many days events go; `None` keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_in_days: Option<i64>,
    /// With the `:*` that stands for the streams in it.
    pub arn: String,
    /// Without.
    pub log_group_arn: String,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    pub log_group_class: String,
    /// Tags.
    #[serde(rename = "_tags")]
    pub tags: BTreeMap<String, String>,
    /// Whether a service of AWS made it by itself.
    #[serde(rename = "_ofAws", default)]
    pub of_aws: bool,
}

/// The retentions that there are, in days.
const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
/// The most groups on one page, and the default.
const PAGE: i64 = 50;
/// The most tags of one group.
const TAGS: usize = 50;

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "CreateLogGroup" => create(account, call),
        "DescribeLogGroups" => describe(account, call),
        "CreateLogStream" => log_stream::create(account, call),
        "DescribeLogStreams" => log_stream::describe(account, call),
        "DeleteLogStream" => log_stream::delete(account, call),
        "PutLogEvents" => log_event::put(account, call),
        "GetLogEvents" => log_event::get(account, call),
        "FilterLogEvents" => log_event::filter(account, call),
        "PutRetentionPolicy" => put_retention(account, call),
        "DeleteRetentionPolicy" => {
            named(account, call)?.retention_in_days = None;
            done()
        }
        "DeleteLogGroup" => {
            let name = named(account, call)?.log_group_name.clone();
            account.logs.groups.remove(&name);
            account.logs.streams.remove(&name);
            done()
        }
        "ListTagsForResource" => Ok(json!({ "tags": by_arn(account, call)?.tags })),
        "TagResource" => tag(by_arn(account, call)?, call),
        "UntagResource" => untag(by_arn(account, call)?, &call.input.texts("tagKeys")),
        "ListTagsLogGroup" => Ok(json!({ "tags": named(account, call)?.tags })),
        "TagLogGroup" => tag(named(account, call)?, call),
        "UntagLogGroup" => untag(named(account, call)?, &call.input.texts("tags")),
        _ => Err(not_built(call)),
    }
}

/// Whether tasks and API stages can write to a group of this name.
pub fn exists(account: &Account, name: &str) -> bool {
    account.logs.groups.known(name).is_some()
}

/// Makes a group as a service of AWS does on its own: API Gateway for execution logs. Does nothing
/// when there is one.
pub fn ensure(account: &mut Account, region: &str, name: &str) {
    if !exists(account, name) {
        add(account, region, name, "STANDARD", BTreeMap::new());
        if let Some(group) = account.logs.groups.known_mut(name) {
            group.of_aws = true;
        }
    }
}

impl CloudWatchLogs {
    /// Everything, for the account's inventory.
    pub fn inventory(&self) -> Vec<Item> {
        let items = self.groups.all().map(|(name, group)| Item {
            service: "logs",
            kind: "LogGroup",
            id: name.clone(),
            state: String::new(),
            tags: group.tags.clone(),
            remnant: group.of_aws,
        });
        items.collect()
    }
}

fn create(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text_or_empty("logGroupName");
    if name.starts_with("aws/") {
        return Err(invalid("Log groups starting with AWS/ are reserved for AWS."));
    }
    if exists(account, name) {
        let message = "The specified log group already exists";
        return Err(ApiError::new("ResourceAlreadyExistsException", message));
    }
    let class = call.input.text("logGroupClass").unwrap_or("STANDARD");
    add(account, &call.region, name, class, call.input.map("tags"));
    done()
}

fn add(
    account: &mut Account,
    region: &str,
    name: &str,
    class: &str,
    tags: BTreeMap<String, String>,
) {
    let arn = format!("arn:aws:logs:{region}:{}:log-group:{name}", account.id);
    let group = LogGroup {
        log_group_name: name.into(),
        creation_time: account.now,
        retention_in_days: None,
        arn: format!("{arn}:*"),
        log_group_arn: arn,
        log_group_class: class.into(),
        tags,
        of_aws: false,
    };
    account.logs.groups.insert(name, group, account.now, account.now);
}

fn describe(account: &mut Account, call: &Call) -> Answer {
    let prefix = call.input.text("logGroupNamePrefix");
    let pattern = call.input.text("logGroupNamePattern");
    if prefix.is_some() && pattern.is_some() {
        let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive \
                       parameters.";
        return Err(invalid(message));
    }
    let class = call.input.text("logGroupClass");
    let identifiers = call.input.texts("logGroupIdentifiers");
    let wanted = |group: &&LogGroup| {
        let name = group.log_group_name.as_str();
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && pattern.is_none_or(|part| name.to_lowercase().contains(&part.to_lowercase()))
            && class.is_none_or(|class| class == group.log_group_class)
            && (identifiers.is_empty()
                || identifiers.iter().any(|one| *one == name || *one == group.log_group_arn))
    };
    let start = token(call)?;
    let size = call.input.int("limit").unwrap_or(PAGE).clamp(1, PAGE) as usize;
    let found: Vec<Value> =
        account.logs.groups.visible(account.now).filter(wanted).map(public).collect();
    let next = (found.len() > start + size).then(|| (start + size).to_string());
    let page: Vec<Value> = found.into_iter().skip(start).take(size).collect();
    Ok(json!({ "logGroups": page, "nextToken": next }))
}

/// The group that a call about streams names, by its name, or by name or ARN.
fn group_of<'a>(account: &'a Account, call: &Call) -> Result<&'a LogGroup, ApiError> {
    let identifier = call.input.text("logGroupIdentifier");
    let name = call.input.text("logGroupName").or(identifier).unwrap_or_default();
    let known = |group: &&LogGroup| group.log_group_name == name || group.log_group_arn == name;
    account.logs.groups.visible(account.now).find(known).ok_or_else(unknown)
}

/// Where a page begins.
fn token(call: &Call) -> Result<usize, ApiError> {
    let Some(token) = call.input.text("nextToken") else { return Ok(0) };
    token.parse().map_err(|_| invalid("The specified nextToken is invalid."))
}

fn put_retention(account: &mut Account, call: &Call) -> Answer {
    let days = call.input.int("retentionInDays").unwrap_or_default();
    let group = named(account, call)?;
    if !RETENTIONS.contains(&days) {
        let message = format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy \
             constraint: Member must satisfy enum value set: {RETENTIONS:?}"
        );
        return Err(invalid(message));
    }
    group.retention_in_days = Some(days);
    done()
}

fn tag(group: &mut LogGroup, call: &Call) -> Answer {
    let mut tags = group.tags.clone();
    tags.extend(call.input.map("tags"));
    if tags.len() > TAGS {
        let message = "The number of tags exceeds the limit of 50 for the resource.";
        return Err(ApiError::new("TooManyTagsException", message)
            .field("resourceName", group.log_group_arn.as_str()));
    }
    group.tags = tags;
    done()
}

fn untag(group: &mut LogGroup, keys: &[&str]) -> Answer {
    group.tags.retain(|key, _| !keys.contains(&key.as_str()));
    done()
}

/// The group that a call names.
fn named<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut LogGroup, ApiError> {
    let name = call.input.text_or_empty("logGroupName");
    account.logs.groups.known_mut(name).ok_or_else(unknown)
}

/// The group whose ARN a call gives.
fn by_arn<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut LogGroup, ApiError> {
    let arn = call.input.text_or_empty("resourceArn");
    let mut all = account.logs.groups.all_mut().map(|(_, group)| group);
    all.find(|group| group.log_group_arn == arn).ok_or_else(unknown)
}

fn public(group: &LogGroup) -> Value {
    let mut shape = serde_json::to_value(group).unwrap_or(Value::Null);
    if let Some(members) = shape.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
        members.insert("storedBytes".into(), 0.into());
        members.insert("metricFilterCount".into(), 0.into());
    }
    shape
}

/// The answer of an operation that only says yes.
fn done() -> Answer {
    Ok(Value::Null)
}

fn unknown() -> ApiError {
    ApiError::new("ResourceNotFoundException", "The specified log group does not exist.")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}
