//! Log events: written in batches, and read by stream or by what they say.

use super::{group_of, invalid, log_stream, token};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many events of a stream are kept; the oldest make room. AWS keeps all.
const MOST: usize = 10_000;
/// The most events of one answer, and the default.
const PAGE: i64 = 10_000;
const HOUR: i64 = 3_600_000;

/// One event.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// When it happened, in milliseconds, as its source says.
    pub timestamp: i64,
    /// What it says.
    pub message: String,
    /// When it came, in milliseconds.
    pub ingestion_time: u64,
    /// Its ID.
    #[serde(rename = "_id")]
    pub id: String,
}

/// `PutLogEvents`: a batch in the order of time. What is older than 14 days or than the group's
/// retention, or more than two hours ahead, is left out and said.
pub(super) fn put(account: &mut Account, call: &Call) -> Answer {
    let retention = group_of(account, call)?.retention_in_days;
    let (now, count) = (account.now, account.roll());
    log_stream::find_mut(account, call)?;
    let batch = call.input.list("logEvents");
    let times: Vec<i64> = batch.iter().filter_map(|event| event.int("timestamp")).collect();
    if !times.is_sorted() {
        let message = "Log events in a single PutLogEvents request must be in chronological order.";
        return Err(invalid(message));
    }
    if let (Some(first), Some(last)) = (times.first(), times.last())
        && last.saturating_sub(*first) > 24 * HOUR
    {
        let message = "The batch of log events in a single PutLogEvents request cannot span more \
                       than 24 hours.";
        return Err(invalid(message));
    }
    let today = now as i64;
    let before = |limit: i64| times.iter().take_while(|time| **time < limit).count();
    let old = before(today - 14 * 24 * HOUR);
    let expired = retention.map_or(0, |days| before(today - days * 24 * HOUR));
    let new = before(today + 2 * HOUR + 1);
    let kept = old.max(expired).min(new)..new;
    let mut fresh = Vec::new();
    for (at, event) in batch.iter().enumerate().filter(|(at, _)| kept.contains(at)) {
        fresh.push(LogEvent {
            timestamp: event.int("timestamp").unwrap_or_default(),
            message: event.text_or_empty("message").into(),
            ingestion_time: now,
            id: format!("{now:020}{:012}{at:024}", (count * 1e12) as u64),
        });
    }
    let stream = log_stream::find_mut(account, call)?;
    stream.events.extend(fresh);
    stream.events.sort_by_key(|event| event.timestamp);
    let surplus = stream.events.len().saturating_sub(MOST);
    stream.events.drain(..surplus);
    stream.last_ingestion_time = Some(now);
    let mut rejected = serde_json::Map::new();
    let mut reject = |member: &str, at: usize, left_out: bool| {
        left_out.then(|| rejected.insert(member.into(), at.into()));
    };
    reject("tooOldLogEventEndIndex", old, old > 0);
    reject("expiredLogEventEndIndex", expired, expired > 0);
    reject("tooNewLogEventStartIndex", new, new < times.len());
    let rejected = (!rejected.is_empty()).then_some(rejected);
    Ok(json!({ "nextSequenceToken": format!("{now:056}"), "rejectedLogEventsInfo": rejected }))
}

/// `GetLogEvents`: of one stream, from its end unless told otherwise.
pub(super) fn get(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let (from, until) = (input.int("startTime"), input.int("endTime"));
    let all: Vec<LogEvent> = log_stream::find_mut(account, call)?
        .events
        .iter()
        .filter(|event| from.is_none_or(|from| event.timestamp >= from))
        .filter(|event| until.is_none_or(|until| event.timestamp < until))
        .cloned()
        .collect();
    let size = input.int("limit").unwrap_or(PAGE).clamp(1, PAGE) as usize;
    let wrong = || invalid("The specified nextToken is invalid.");
    let (start, end) = match input.text("nextToken").map(|token| token.split_once('/')) {
        None if input.flag("startFromHead") == Some(true) => (0, size.min(all.len())),
        None => (all.len().saturating_sub(size), all.len()),
        Some(Some((way, at))) => {
            let at = at.parse::<usize>().map_err(|_| wrong())?.min(all.len());
            match way {
                "f" => (at, at.saturating_add(size).min(all.len())),
                "b" => (at.saturating_sub(size), at),
                _ => return Err(wrong()),
            }
        }
        Some(None) => return Err(wrong()),
    };
    let events: Vec<Value> = all[start..end].iter().map(public).collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": format!("f/{end}"),
        "nextBackwardToken": format!("b/{start}"),
    }))
}

/// `FilterLogEvents`: of a group, by streams, time and words.
pub(super) fn filter(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let group = group_of(account, call)?.log_group_name.clone();
    let (names, prefix) = (input.texts("logStreamNames"), input.text("logStreamNamePrefix"));
    if !names.is_empty() && prefix.is_some() {
        let message = "LogStreamNames and LogStreamNamePrefix are mutually exclusive parameters.";
        return Err(invalid(message));
    }
    let pattern = Pattern::parse(input.text_or_empty("filterPattern"))?;
    let (from, until) = (input.int("startTime"), input.int("endTime"));
    let streams = account.logs.streams.get(&group).into_iter().flat_map(|streams| streams.values());
    let wanted = streams.filter(|stream| {
        let name = stream.log_stream_name.as_str();
        (names.is_empty() || names.contains(&name)) && prefix.is_none_or(|it| name.starts_with(it))
    });
    let mut found = Vec::new();
    for stream in wanted {
        let events = stream.events.iter().filter(|event| {
            from.is_none_or(|from| event.timestamp >= from)
                && until.is_none_or(|until| event.timestamp <= until)
                && pattern.fits(&event.message)
        });
        found.extend(events.map(|event| (event, &stream.log_stream_name)));
    }
    found.sort_by_key(|(event, _)| event.timestamp);
    let start = token(call)?;
    let size = input.int("limit").unwrap_or(PAGE).clamp(1, PAGE) as usize;
    let next = (found.len() > start + size).then(|| (start + size).to_string());
    let page = found.into_iter().skip(start).take(size).map(|(event, stream)| {
        let mut shape = public(event);
        shape["eventId"] = event.id.as_str().into();
        shape["logStreamName"] = stream.as_str().into();
        shape
    });
    let page: Vec<Value> = page.collect();
    Ok(json!({ "events": page, "searchedLogStreams": [], "nextToken": next }))
}

fn public(event: &LogEvent) -> Value {
    json!({
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingestion_time,
    })
}

/// A pattern of words: all of them, none of those with `-`, and one of those with `?`.
#[derive(Debug, Default)]
struct Pattern {
    all: Vec<String>,
    none: Vec<String>,
    any: Vec<String>,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let text = text.trim();
        if text.starts_with(['{', '[', '%']) {
            let message = "the simulator does not have filter patterns of JSON, columns or regular \
                           expressions, only of words";
            return Err(ApiError::new("NotImplemented", message).status(501));
        }
        let mut pattern = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (words, behind) = match rest.strip_prefix(['-', '?']) {
                Some(behind) if rest.starts_with('-') => (&mut pattern.none, behind),
                Some(behind) => (&mut pattern.any, behind),
                None => (&mut pattern.all, rest),
            };
            let (word, behind) = match behind.strip_prefix('"') {
                Some(quoted) => {
                    quoted.split_once('"').ok_or_else(|| invalid("Invalid filter pattern"))?
                }
                None => behind.split_once(char::is_whitespace).unwrap_or((behind, "")),
            };
            words.push(word.to_owned());
            rest = behind.trim_start();
        }
        Ok(pattern)
    }

    fn fits(&self, message: &str) -> bool {
        let says = |word: &String| message.contains(word.as_str());
        self.all.iter().all(says)
            && !self.none.iter().any(says)
            && (self.any.is_empty() || self.any.iter().any(says))
    }
}
