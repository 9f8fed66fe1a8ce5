//! What stands between a client and its AWS: it passes requests on, and breaks one of them, always in
//! the same way.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    sync::oneshot,
};

/// How a request is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The connection is closed before the request is passed on.
    Close,
    /// It is reset before the request is passed on.
    Reset,
    /// The request has its effect, and the connection is closed without an answer.
    LoseAnswer,
    /// The request has its effect, and the connection is reset.
    ResetAfter,
    /// Half of the answer comes before the connection is closed.
    Half,
    /// No answer comes, and the connection stays.
    Stall,
    /// Half of the answer comes, and then nothing.
    StallInBody,
    /// Nobody listens for a while.
    Refuse,
    /// This status comes with a page of the proxy's, before the request is passed on.
    Page(u16),
    /// Likewise after it has had its effect.
    PageAfter(u16),
    /// The answer's body is cut off, and its length says nothing of it.
    Cut,
    /// The answer has no body.
    Empty,
    /// What comes is no HTTP.
    Noise,
}

/// A proxy in a thread of its own, until it is dropped.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

struct Shared {
    upstream: SocketAddr,
    /// What to break: the request of this operation before which it has seen so many.
    operation: &'static str,
    before: usize,
    how: Option<Break>,
    seen: AtomicUsize,
    broken: AtomicUsize,
    connections: AtomicUsize,
    closed: AtomicUsize,
    closes: bool,
    log: Mutex<Vec<String>>,
}

/// How long nobody listens, where that is how a request is broken.
const ABSENCE: Duration = Duration::from_millis(60);

impl Proxy {
    /// Breaks the `nth` request of an operation, counted from 1, in this way.
    pub fn breaking(upstream: SocketAddr, operation: &'static str, nth: usize, how: Break) -> Self {
        Self::start(upstream, operation, nth - 1, Some(how), false)
    }

    /// Breaks nothing, and closes every connection after one answer, without a word of it.
    pub fn closing(upstream: SocketAddr) -> Self {
        Self::start(upstream, "", 0, None, true)
    }

    fn start(
        upstream: SocketAddr,
        operation: &'static str,
        before: usize,
        how: Option<Break>,
        closes: bool,
    ) -> Self {
        let shared = Arc::new(Shared {
            upstream,
            operation,
            before,
            how,
            seen: AtomicUsize::new(0),
            broken: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            closes,
            log: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let ours = Arc::clone(&shared);
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                tell.send(listener.local_addr().expect("an address")).expect("a listener");
                tokio::select! {
                    () = accept(listener, ours) => {}
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("it listens");
        Self { address, shared, _stop: stop }
    }

    /// How many requests it has broken.
    pub fn broken(&self) -> usize {
        self.shared.broken.load(Ordering::SeqCst)
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many of them are closed.
    pub fn closed(&self) -> usize {
        self.shared.closed.load(Ordering::SeqCst)
    }

    /// The operations that it has seen.
    pub fn log(&self) -> Vec<String> {
        self.shared.log.lock().expect("a log").clone()
    }
}

async fn accept(mut listener: TcpListener, shared: Arc<Shared>) {
    let address = listener.local_addr().expect("an address");
    let (absent, mut absence) = tokio::sync::mpsc::unbounded_channel();
    loop {
        tokio::select! {
            biased;
            _ = absence.recv() => {
                drop(listener);
                tokio::time::sleep(ABSENCE).await;
                listener = TcpListener::bind(address).await.expect("the same port");
            }
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("a connection");
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, absent) = (Arc::clone(&shared), absent.clone());
                tokio::spawn(async move {
                    serve(stream, &shared, &absent).await;
                    shared.closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        }
    }
}

/// Serves one connection until either side closes it.
async fn serve(
    mut stream: TcpStream,
    shared: &Shared,
    absent: &tokio::sync::mpsc::UnboundedSender<()>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut rest = Vec::new();
    loop {
        let request = message(&mut stream, &mut rest).await?;
        let operation = operation(&request);
        shared.log.lock().expect("a log").push(operation.clone());
        let how = if operation == shared.operation {
            let seen = shared.seen.fetch_add(1, Ordering::SeqCst);
            shared.how.filter(|_| seen == shared.before)
        } else {
            None
        };
        if how.is_some() {
            shared.broken.fetch_add(1, Ordering::SeqCst);
        }
        match how {
            Some(Break::Close) => return None,
            Some(Break::Reset) => return stream.set_zero_linger().ok(),
            Some(Break::Refuse) => return absent.send(()).ok(),
            Some(Break::Page(status)) => {
                stream.write_all(&page(status)).await.ok()?;
                continue;
            }
            Some(Break::Noise) => {
                stream.write_all(b"220 mail.example ESMTP ready\r\n").await.ok()?;
                return None;
            }
            _ => {}
        }
        let answer = passed_on(shared.upstream, &request).await?;
        let (head, body) = split(&answer);
        let half = &answer[..answer.len() - body.len().div_ceil(2).max(1)];
        match how {
            None => stream.write_all(&answer).await.ok()?,
            Some(Break::LoseAnswer) => return None,
            Some(Break::ResetAfter) => return stream.set_zero_linger().ok(),
            Some(Break::Half) => return stream.write_all(half).await.ok(),
            Some(Break::PageAfter(status)) => stream.write_all(&page(status)).await.ok()?,
            Some(Break::Cut) => {
                let cut = sized(head, &body[..body.len() / 2]);
                stream.write_all(&cut).await.ok()?;
            }
            Some(Break::Empty) => stream.write_all(&sized(head, b"")).await.ok()?,
            Some(Break::Stall) => return std::future::pending().await,
            Some(Break::StallInBody) => {
                stream.write_all(half).await.ok()?;
                return std::future::pending().await;
            }
            Some(other) => unreachable!("{other:?} comes before the request is passed on"),
        }
        if shared.closes {
            return None;
        }
    }
}

/// Asks the real one, over a connection for this request alone.
async fn passed_on(upstream: SocketAddr, request: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(upstream).await.ok()?;
    stream.write_all(request).await.ok()?;
    message(&mut stream, &mut Vec::new()).await
}

/// Reads one message, whose head says how long its body is. `rest` is what came after the last.
async fn message(stream: &mut TcpStream, rest: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = head_end(rest) {
            let whole = end + length(&rest[..end]);
            if rest.len() >= whole {
                let after = rest.split_off(whole);
                return Some(std::mem::replace(rest, after));
            }
        }
        let mut buffer = [0; 16 * 1024];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => rest.extend_from_slice(&buffer[..read]),
        }
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn split(message: &[u8]) -> (&[u8], &[u8]) {
    message.split_at(head_end(message).expect("a head"))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head);
    header(&head, "content-length").map_or(0, |length| length.parse().expect("a length"))
}

/// The same head over another body.
fn sized(head: &[u8], body: &[u8]) -> Vec<u8> {
    let head = String::from_utf8_lossy(head);
    let lines = head.lines().filter(|line| {
        !line.is_empty() && !line.to_ascii_lowercase().starts_with("content-length:")
    });
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.push(format!("content-length: {}\r\n\r\n", body.len()));
    [lines.join("\r\n").as_bytes(), body].concat()
}

fn page(status: u16) -> Vec<u8> {
    let body = format!("<html>\n<head><title>{status}</title></head>\n<body><hr>nginx</body>\n");
    let head = format!("HTTP/1.1 {status} Bad\r\nContent-Type: text/html\r\n\r\n");
    sized(head.as_bytes(), body.as_bytes())
}

/// What a request asks for: `CreateVpc`, or `GET /restapis` where only method and path say it.
fn operation(request: &[u8]) -> String {
    let (head, body) = split(request);
    let (head, body) = (String::from_utf8_lossy(head), String::from_utf8_lossy(body));
    if let Some((_, operation)) = header(&head, "x-amz-target").and_then(|it| it.rsplit_once('.')) {
        return operation.into();
    }
    let form = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    form.map_or_else(|| head.split(" HTTP/").next().unwrap_or_default().into(), Into::into)
}
