//! Keeps calls within AWS's limits: each waits for its turn in its operation's token bucket, so that
//! a large stack is not throttled by its own speed.
//!
//! The turn is taken where the SDK knows the operation, in an interceptor, and waited for where a
//! future can wait, in front of the HTTP client. So the time of an attempt begins after the wait.

use super::limits::{Limit, limit};
use aws_smithy_http_client::{Builder, ConnectorBuilder, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long one attempt may take before it counts as lost. Wall time.
const ATTEMPT: Duration = Duration::from_secs(30);

/// A call may not be sent before this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn(Instant);

/// The buckets of all operations.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    speed: f64,
    buckets: HashMap<String, Bucket>,
}

/// When its next call may be sent, if none were saved up.
#[derive(Debug)]
struct Bucket {
    next: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Inner { speed: 1.0, buckets: HashMap::new() })))
    }
}

impl Pace {
    /// Lets buckets fill in AWS's time, of which so many seconds pass in one.
    pub fn set_speed(&self, speed: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).speed = speed;
    }

    /// Takes the next turn of an operation; `None` when it may go at once.
    pub(super) fn turn(&self, service: &str, operation: &str) -> Option<Turn> {
        let limit = limit(service, operation)?;
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let interval = Duration::from_secs_f64(1.0 / (limit.rate * inner.speed));
        let name = match limit.bucket {
            "" => format!("{service}:{operation}"),
            shared => shared.to_owned(),
        };
        let now = Instant::now();
        let bucket = inner.buckets.entry(name).or_insert(Bucket { next: now });
        let at = bucket.take(now, interval, &limit);
        (at > now).then_some(Turn(at))
    }
}

impl Bucket {
    /// A full bucket lets its burst go at once: each call moves the next moment by an interval, and
    /// that moment may lie as far in the future as the bucket has calls.
    fn take(&mut self, now: Instant, interval: Duration, limit: &Limit) -> Instant {
        self.next = self.next.max(now) + interval;
        let saved = interval.mul_f64(limit.burst);
        self.next.checked_sub(saved).map_or(now, |moment| moment.max(now))
    }
}

/// An HTTP client before which calls wait for their turns.
#[derive(Debug)]
pub struct Paced(SharedHttpClient);

impl Paced {
    /// Before this client, or before the SDK's own.
    pub fn before(client: Option<SharedHttpClient>) -> Self {
        Self(client.unwrap_or_else(default_client))
    }
}

/// The client that the SDK would make for itself.
fn default_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let crypto = tls::rustls_provider::CryptoMode::AwsLc;
        let mut connector = ConnectorBuilder::default().tls_provider(tls::Provider::Rustls(crypto));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}

impl HttpClient for Paced {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Waiting(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Waiting(SharedHttpConnector);

impl HttpConnector for Waiting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.0.clone();
        HttpConnectorFuture::new(async move {
            if let Some(Turn(at)) = request.extension::<Turn>() {
                tokio::time::sleep_until(*at).await;
            }
            let answer = tokio::time::timeout(ATTEMPT, connector.call(request)).await;
            answer.unwrap_or_else(|late| Err(ConnectorError::timeout(late.into())))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let pace = Pace::default();
        let now = Instant::now();
        let wait = |pace: &Pace| {
            let turn = pace.turn("logs", "CreateLogGroup");
            turn.map_or(0, |Turn(at)| (at - now).as_millis())
        };
        let waits: Vec<u128> = (0..8).map(|_| wait(&pace)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 200, 400, 600]);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(pace.turn("logs", "CreateLogGroup").is_none());
    }
}
