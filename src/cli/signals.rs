//! Signals: the first finishes the calls in flight and stops, the second stops waiting.

use crate::engine::Interrupt;
use rustix::process::Signal as Number;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT, SIGTERM and SIGHUP, which from now on do not end the process by themselves.
pub struct Signals(Vec<Signal>);

impl Signals {
    /// Begins to listen.
    pub fn heeded() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        let next = self.0.iter_mut().map(|stream| Box::pin(stream.recv()));
        futures_util::future::select_all(next).await;
    }
}

/// Makes of SIGXFSZ an error of the write that went beyond a limit on the size of files, as a full disk
/// makes one; by itself it ends the process. The handler stays, and nobody waits for the signal.
///
/// # Errors
/// When the system refuses. To be called inside a runtime.
pub fn outlive_file_limits() -> io::Result<()> {
    signal(SignalKind::from_raw(Number::XFSZ.as_raw())).map(drop)
}

/// Passes SIGINT, SIGTERM and SIGHUP on, until dropped.
pub async fn watch(interrupt: Interrupt) {
    let mut signals = Signals::heeded();
    loop {
        signals.next().await;
        interrupt.request();
    }
}
