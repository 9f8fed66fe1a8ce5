//! The simulator on a socket, for clients that we did not write.

mod guard;
#[cfg(test)]
mod tests;

pub use guard::Names;

use super::{
    Simulator,
    connector::Lost,
    wire::{self, ApiError},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use std::{pin::pin, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinSet, LocalSet},
};

/// How much of a body that is too long is read and thrown away, so that its sender can read the
/// refusal instead of a broken connection.
const PATIENCE: usize = 8 * wire::LARGEST_BODY;
/// How long the answers under way have when the simulator stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// What strangers may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// By which names they may call.
    pub names: Names,
    /// From the last answer, or the connection's begin, to the end of a request's headers. Clients give
    /// up silent connections earlier: Go's after 90 seconds.
    pub headers: Duration,
    /// From the end of the headers to the end of the body.
    pub body: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let (headers, body) = (Duration::from_secs(100), Duration::from_secs(30));
        Self { names: Names::Loopback, headers, body }
    }
}

/// Answers everyone who connects until `stop` ends, and then lets the answers under way finish.
pub async fn serve(
    listener: TcpListener,
    simulator: Simulator,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    LocalSet::new().run_until(accept(listener, simulator, limits, stop)).await;
}

async fn accept(
    listener: TcpListener,
    simulator: Simulator,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(stream, simulator.clone(), limits, stopped.clone());
                    connections.spawn_local(connection);
                }
                // The client went away, or there are too many: neither is a reason to stop.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
    drop((listener, stopping));
    let farewell = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

async fn connection(
    stream: TcpStream,
    simulator: Simulator,
    limits: Limits,
    mut stopped: watch::Receiver<()>,
) {
    // Answers are small and waited for: they must not wait to be gathered.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, simulator.clone(), limits));
    let mut served = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.headers)
            // What was asked is done and answered, as on AWS, also when no more will be asked.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = &mut served => ended,
        _ = stopped.changed() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Answers one request; an error closes the connection, as a lost answer does.
async fn answer(
    request: Request<Incoming>,
    simulator: Simulator,
    limits: Limits,
) -> Result<Response<Full<Bytes>>, Lost> {
    let (parts, body) = request.into_parts();
    if let Err(error) = guard::admit(limits.names, &parts.uri, &parts.headers) {
        let request = Request::from_parts(parts, Bytes::new());
        return Ok(simulator.refuse(&request, error).map(Full::new));
    }
    if let Some(response) = own(&parts, &simulator) {
        return Ok(response);
    }
    let Ok((body, broken)) = tokio::time::timeout(limits.body, read(body)).await else {
        let request = Request::from_parts(parts, Bytes::new());
        let message = format!("The body was not there within {:?}.", limits.body);
        let error = ApiError::new("RequestTimeout", message).status(408);
        return Ok(simulator.refuse(&request, error).map(Full::new));
    };
    let request = Request::from_parts(parts, body);
    let response = match broken {
        None => simulator.answer(request).await?,
        Some(error) => {
            let message = format!("The body cannot be read: {error}");
            simulator.refuse(&request, ApiError::new("MalformedHttpRequest", message).status(400))
        }
    };
    Ok(response.map(Full::new))
}

/// Reads a body as far as any service takes it and one byte further, and what was wrong with it.
async fn read(mut body: Incoming) -> (Bytes, Option<hyper::Error>) {
    let (mut kept, mut seen) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let data = match frame {
            Ok(frame) => frame.into_data().unwrap_or_default(),
            Err(error) => return (kept.freeze(), Some(error)),
        };
        seen += data.len();
        let room = (wire::LARGEST_BODY + 1).saturating_sub(kept.len());
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if seen > PATIENCE {
            break;
        }
    }
    (kept.freeze(), None)
}

/// What the simulator says of itself.
fn own(request: &Parts, simulator: &Simulator) -> Option<Response<Full<Bytes>>> {
    let (status, value) = match (&request.method, request.uri.path()) {
        (&Method::GET, "/_meshctl/inventory") => (StatusCode::OK, json!(simulator.inventory())),
        (&Method::GET, "/_meshctl/calls") => (StatusCode::OK, json!(simulator.calls())),
        (_, path) if path.starts_with("/_meshctl/") => {
            let pages = ["/_meshctl/inventory", "/_meshctl/calls"];
            (StatusCode::NOT_FOUND, json!({ "message": "no such page", "pages": pages }))
        }
        _ => return None,
    };
    let mut response = Response::new(Full::from(value.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Some(response)
}
