//! The network between meshctl and the simulated account, which can be cut at a call.

use super::steps::{Kill, Moment};
use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::HttpRequest,
};
use meshctl::simulator::Simulator;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::watch;

/// What a listener sees: whether the call has been answered, and its number from 1.
pub type Listener = Box<dyn FnMut(bool, u64) + Send>;

/// One process's connection.
#[derive(Clone)]
pub struct Wire(Arc<Inner>);

struct Inner {
    simulator: Simulator,
    kill: Option<Kill>,
    calls: AtomicU64,
    dead: watch::Sender<bool>,
    listener: Mutex<Option<Listener>>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl Wire {
    pub fn new(simulator: &Simulator, kill: Option<Kill>) -> Self {
        let simulator = simulator.clone();
        let (calls, dead) = (AtomicU64::new(0), watch::Sender::new(false));
        Self(Arc::new(Inner { simulator, kill, calls, dead, listener: Mutex::new(None) }))
    }

    pub fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_settings, _components| connector.clone())
    }

    /// Returns when the process is to die; everybody who waits hears of it.
    pub async fn death(&self) {
        // The sender lives as long as the wire.
        let _ = self.0.dead.subscribe().wait_for(|dead| *dead).await;
    }

    /// Hears of every call, before and after.
    pub fn listen(&self, listener: Listener) {
        *self.0.listener.lock().expect("nobody panics with it") = Some(listener);
    }

    fn tell(&self, answered: bool, call: u64) {
        if let Some(listener) = self.0.listener.lock().expect("nobody panics with it").as_mut() {
            listener(answered, call);
        }
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let number = self.0.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            let last = wire.0.kill.filter(|kill| number >= kill.call);
            if last.is_some_and(|kill| number > kill.call || kill.moment == Moment::Before) {
                wire.0.dead.send_replace(true);
                return std::future::pending().await;
            }
            wire.tell(false, number);
            let answer = HttpConnector::call(&wire.0.simulator, request).await;
            if last.is_some() {
                wire.0.dead.send_replace(true);
                return std::future::pending().await;
            }
            wire.tell(true, number);
            answer
        })
    }
}
