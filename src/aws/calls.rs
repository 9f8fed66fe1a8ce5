//! A record of every call: counts for the summary, a trace line for `-v`, and a gate that can stop
//! mutating calls.

use super::{classify::THROTTLING, pace::Pace};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
                FinalizerInterceptorContextRef,
            },
        },
        orchestrator::{HttpResponse, Metadata},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    DateTime,
    config_bag::{ConfigBag, Layer, Storable, StoreReplace},
    date_time::Format,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tokio::time::Instant;

/// How many calls of which operation.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CallCounts {
    /// All calls that were sent.
    pub total: u64,
    /// Those that could change something.
    pub mutating: u64,
    /// Those that AWS refused for their rate.
    pub throttled: u64,
    /// By IAM action, such as `ec2:CreateVpc`.
    pub by_operation: BTreeMap<String, u64>,
}

/// Says before every mutating call whether it may be made, and else why not.
pub type Gate = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Shared by the clients of all services.
#[derive(Clone, Default)]
pub struct CallLog {
    counts: Arc<Mutex<CallCounts>>,
    refusal: Arc<Mutex<Option<String>>>,
    gate: Arc<Mutex<Option<Gate>>>,
    skew: Arc<Mutex<Option<i64>>>,
    /// When each call may be sent.
    pub pace: Pace,
}

impl fmt::Debug for CallLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallLog").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl CallLog {
    /// What was called so far.
    pub fn counts(&self) -> CallCounts {
        self.lock().clone()
    }

    /// From now on no call that could change something is sent; says why.
    pub fn refuse_mutations(&self, why: impl Into<String>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.into());
    }

    /// Asks before every mutating call. Once the answer was no, it stays no.
    pub fn guard_mutations(&self, gate: Gate) {
        *self.gate.lock().unwrap_or_else(PoisonError::into_inner) = Some(gate);
    }

    /// By how many seconds AWS's clock is ahead of this machine's, by the date of its last answer;
    /// `None` while no answer had one.
    pub fn skew(&self) -> Option<i64> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of an answer's date.
    fn tell_time(&self, date: &str) {
        let Ok(date) = DateTime::from_str(date, Format::HttpDate) else { return };
        let skew = date.secs() - DateTime::from(SystemTime::now()).secs();
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
    }

    /// Why no mutating call may be made, if so.
    fn refusal(&self) -> Option<String> {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        if refusal.is_none() {
            let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner).clone();
            *refusal = gate.and_then(|gate| gate().err());
        }
        refusal.clone()
    }

    /// The interceptor for one service's client; `service` is its IAM prefix.
    pub fn interceptor(&self, service: &'static str) -> Recorder {
        Recorder { service, log: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, CallCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an operation only reads, by AWS's own naming.
pub fn is_read(operation: &str) -> bool {
    ["Describe", "List", "Get", "Simulate"].iter().any(|verb| operation.starts_with(verb))
}

/// Whether an answer refuses the call for its rate: the code stands in a header or in the body, as
/// the protocol has it.
fn is_throttled(response: &HttpResponse) -> bool {
    let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let body = response.body().bytes().unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    THROTTLING.iter().any(|code| {
        header == *code
            || body.contains(&format!("<Code>{code}</Code>"))
            || body.contains(&format!("\"{code}\""))
    })
}

/// Sits in one client's calls.
#[derive(Debug)]
pub struct Recorder {
    service: &'static str,
    log: CallLog,
}

#[derive(Debug)]
struct SentAt(Instant);

impl Storable for SentAt {
    type Storer = StoreReplace<Self>;
}

/// A mutating call that was not made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) String);

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "meshctl-calls"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = bag.load::<Metadata>().map_or("", |metadata| metadata.name());
        if let Some(turn) = self.log.pace.turn(self.service, operation) {
            context.request_mut().add_extension(turn);
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = bag.load::<Metadata>().map_or("", |metadata| metadata.name()).to_owned();
        let mutating = !is_read(&operation);
        if mutating && let Some(why) = self.log.refusal() {
            return Err(Refused(why).into());
        }
        let mut layer = Layer::new("meshctl-calls");
        layer.store_put(SentAt(Instant::now()));
        bag.push_layer(layer);
        let mut counts = self.log.lock();
        counts.total += 1;
        counts.mutating += u64::from(mutating);
        *counts.by_operation.entry(format!("{}:{operation}", self.service)).or_default() += 1;
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(sent) = bag.load::<SentAt>() else { return Ok(()) };
        let operation = bag.load::<Metadata>().map_or("", |metadata| metadata.name());
        let response = context.response();
        let status = response.map_or(0, |response| response.status().as_u16());
        let headers = response.map(|response| response.headers());
        if let Some(date) = headers.and_then(|headers| headers.get("date")) {
            self.log.tell_time(date);
        }
        let id = headers
            .and_then(|headers| headers.get("x-amzn-requestid").or(headers.get("x-amz-request-id")))
            .unwrap_or_default();
        let throttled = status >= 400 && response.is_some_and(is_throttled);
        self.log.lock().throttled += u64::from(throttled);
        let answer = match status {
            _ if throttled => "throttled",
            0 => "no answer",
            200..400 => "ok",
            400..500 => "refused",
            _ => "failed",
        };
        tracing::debug!(
            target: "meshctl::call",
            operation = format_args!("{}:{operation}", self.service),
            answer = %answer,
            status,
            request_id = %id,
            milliseconds = sent.0.elapsed().as_millis() as u64,
        );
        Ok(())
    }
}
