//! Keeps calls within AWS's limits: each waits for its turn in its operation's token bucket, so that
//! a large stack is not throttled by its own speed.
//!
//! The turn is taken where the SDK knows the operation, in an interceptor, and waited for where a
//! future can wait, in front of the HTTP client. So the time of an attempt begins after the wait.

use super::{
    calls::is_read,
    limits::{Limit, limit},
    transport::exchange,
};
use aws_smithy_http_client::{Builder, ConnectorBuilder, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long one attempt may take, until the last byte of its answer, before it counts as lost. Wall
/// time.
pub const ATTEMPT: Duration = Duration::from_secs(30);

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
pub struct Paced {
    client: SharedHttpClient,
    patience: Duration,
}

impl Paced {
    /// Before this client, or before the SDK's own. An attempt may take as long as `patience`.
    pub fn before(client: Option<SharedHttpClient>, patience: Duration) -> Self {
        Self { client: client.unwrap_or_else(default_client), patience }
    }
}

/// The client that the SDK would make for itself.
pub fn default_client() -> SharedHttpClient {
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
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(Waiting { connector, patience: self.patience })
    }
}

#[derive(Debug)]
struct Waiting {
    connector: SharedHttpConnector,
    patience: Duration,
}

impl HttpConnector for Waiting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connector, patience) = (self.connector.clone(), self.patience);
        HttpConnectorFuture::new(async move {
            if let Some(Turn(at)) = request.extension::<Turn>() {
                tokio::time::sleep_until(*at).await;
            }
            let (place, asks) = (place(request.uri()), asks(&request));
            exchange(connector.call(request), &place, patience, asks).await
        })
    }
}

/// A URL's scheme and authority.
fn place(url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    url[..end].to_owned()
}

/// Whether a request shows by its head that it only reads: then its answer has a body.
fn asks(request: &HttpRequest) -> bool {
    let target = request.headers().get("x-amz-target");
    let operation = target.and_then(|target| target.rsplit_once('.'));
    operation.map_or(request.method() == "GET", |(_, operation)| is_read(operation))
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
