//! Log streams: what is written to a group, by its source.

use super::{done, group_of, invalid, log_event::LogEvent, token};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most streams on one page, and the default.
const PAGE: i64 = 50;

/// A log stream as CloudWatch Logs describes it, with its events.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogStream {
    /// Its name.
    pub log_stream_name: String,
    /// When it was made, in milliseconds.
    pub creation_time: u64,
    /// Its ARN.
    pub arn: String,
    /// Of the latest call that wrote to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_ingestion_time: Option<u64>,
    /// What was written, by the events' own time.
    #[serde(rename = "_events")]
    pub events: Vec<LogEvent>,
}

impl LogStream {
    fn last_event(&self) -> Option<i64> {
        self.events.last().map(|event| event.timestamp)
    }
}

/// `CreateLogStream`.
pub(super) fn create(account: &mut Account, call: &Call) -> Answer {
    let group = group_of(account, call)?.clone();
    let name = call.input.text_or_empty("logStreamName").to_owned();
    let stream = LogStream {
        creation_time: account.now,
        arn: format!("{}:log-stream:{name}", group.log_group_arn),
        log_stream_name: name.clone(),
        last_ingestion_time: None,
        events: Vec::new(),
    };
    let streams = account.logs.streams.entry(group.log_group_name).or_default();
    if streams.contains_key(&name) {
        let message = "The specified log stream already exists";
        return Err(ApiError::new("ResourceAlreadyExistsException", message));
    }
    streams.insert(name, stream);
    done()
}

/// `DescribeLogStreams`: by name, or by the time of the last event.
pub(super) fn describe(account: &mut Account, call: &Call) -> Answer {
    let group = group_of(account, call)?.log_group_name.clone();
    let prefix = call.input.text("logStreamNamePrefix");
    let by_time = call.input.text("orderBy") == Some("LastEventTime");
    if by_time && prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let streams = account.logs.streams.get(&group).into_iter().flat_map(|streams| streams.values());
    let mut found: Vec<&LogStream> = streams
        .filter(|stream| prefix.is_none_or(|prefix| stream.log_stream_name.starts_with(prefix)))
        .collect();
    if by_time {
        found.sort_by_key(|stream| stream.last_event());
    }
    if call.input.flag("descending") == Some(true) {
        found.reverse();
    }
    let start = token(call)?;
    let size = call.input.int("limit").unwrap_or(PAGE).clamp(1, PAGE) as usize;
    let next = (found.len() > start + size).then(|| (start + size).to_string());
    let page: Vec<Value> = found.into_iter().skip(start).take(size).map(public).collect();
    Ok(json!({ "logStreams": page, "nextToken": next }))
}

fn public(stream: &LogStream) -> Value {
    let mut shape = json!(stream);
    if let Some(members) = shape.as_object_mut() {
        members.remove("_events");
        members.insert("storedBytes".into(), 0.into());
        if let (Some(first), Some(last)) = (stream.events.first(), stream.last_event()) {
            members.insert("firstEventTimestamp".into(), first.timestamp.into());
            members.insert("lastEventTimestamp".into(), last.into());
        }
    }
    shape
}

/// `DeleteLogStream`, with its events.
pub(super) fn delete(account: &mut Account, call: &Call) -> Answer {
    let group = group_of(account, call)?.log_group_name.clone();
    let name = call.input.text_or_empty("logStreamName");
    let streams = account.logs.streams.get_mut(&group);
    streams.and_then(|streams| streams.remove(name)).ok_or_else(unknown)?;
    done()
}

/// The stream that a call names.
pub(super) fn find_mut<'a>(
    account: &'a mut Account,
    call: &Call,
) -> Result<&'a mut LogStream, ApiError> {
    let group = group_of(account, call)?.log_group_name.clone();
    let name = call.input.text_or_empty("logStreamName");
    let streams = account.logs.streams.get_mut(&group);
    streams.and_then(|streams| streams.get_mut(name)).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new("ResourceNotFoundException", "The specified log stream does not exist.")
}
