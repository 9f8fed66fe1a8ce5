//! Over real connections: whatever the network does to one of a run's calls, the run goes on, and
//! makes and removes each resource once.

mod proxy;

use aws_smithy_runtime_api::client::{
    dns::ResolveDnsError,
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
        http_client_fn,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use meshctl::{
    aws::{CallLog, Clients, Endpoint, cx::caller, pace::default_client},
    cli::session::Session,
    config::Config,
    engine::{Events, Interrupt},
    model::{Address, Class, Clock, Depth, Error, Graph},
    simulator::{
        Settings, Simulator,
        serve::{Limits, serve},
    },
};
use proxy::{Break, Proxy};
use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::oneshot,
};

const DEMO: &str = include_str!("../../config/demo.toml");
/// Seconds of AWS's time in one.
const SPEED: f64 = 1000.0;
/// How long an attempt may take here: longer than any of this AWS takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_millis(700);

/// A part of the demonstration: a resource that is made with its tags (EC2's XML), one that is made
/// without any and by no token (an attachment), one of JSON.
const PART: [&str; 4] = [
    "provider/vpc",
    "provider/internet-gateway",
    "provider/internet-gateway/attachment",
    "provider/cluster",
];

/// What is broken: creating calls with tags, without tags or token, and in JSON; a read; a deletion.
const BROKEN: [&str; 5] =
    ["CreateVpc", "AttachInternetGateway", "CreateCluster", "DescribeVpcs", "DeleteVpc"];

/// An AWS on a socket, in a thread of its own.
struct Served {
    simulator: Simulator,
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Served {
    fn start() -> Self {
        let settings = Settings { speed: SPEED, ..Settings::default() };
        let simulator = Simulator::open(&settings).expect("an account in memory");
        let listener = StdListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let served = simulator.clone();
        thread::spawn(move || {
            runtime().block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                serve(listener, served, Limits::default(), async { drop(stopped.await) }).await;
            });
        });
        Self { simulator, address, _stop: stop }
    }
}

async fn clients(url: &str) -> Clients {
    clients_over(default_client(), url).await
}

async fn clients_over(http: SharedHttpClient, url: &str) -> Clients {
    let endpoint = Endpoint {
        region: Some("eu-west-1".into()),
        url: Some(url.into()),
        in_process: Some(http),
        patience: Some(PATIENCE),
        ..Endpoint::default()
    };
    Clients::load(&endpoint, CallLog::default()).await
}

/// The part of the demonstration goes up and down through a proxy, and must be there once, and then
/// not at all.
async fn life(served: &Served, proxy: &Proxy) {
    life_over(default_client(), served, proxy).await;
}

async fn life_over(http: SharedHttpClient, served: &Served, proxy: &Proxy) {
    let home = tempfile::tempdir().expect("a directory");
    let config = Config::parse(DEMO, "test").expect("the demonstration");
    let (stack, clock) = (config.stack.clone(), Clock::started(SPEED));
    let clients = clients_over(http, &format!("http://{}", proxy.address)).await;
    let session = Session::with(clients, Some(config), &stack, home.path().join(&stack), clock);
    let session = session.await.unwrap_or_else(|error| panic!("a session: {error:?}"));
    let whole = session.graph().await.expect("a graph");
    let part = PART.map(|address| {
        let address = Address::new(address);
        let step = whole.get(&address).unwrap_or_else(|| panic!("{address} is in the stack"));
        (address, Rc::clone(step))
    });
    let graph = Graph::from_iter(part);
    graph.check().expect("a part that stands by itself");
    let _lock = session.lock("up").expect("the lock");
    let store = session.store().expect("a state");
    let engine = session.engine(store, Events::nowhere(), Interrupt::default());
    let (outcome, _) = engine.up(&graph, Depth::Listed).await.expect("a run");
    assert!(outcome.is_done(), "{:#?}\n{:#?}", outcome.failures, proxy.log());
    let inventory = served.simulator.inventory();
    for (service, kind) in [("ec2", "Vpc"), ("ec2", "InternetGateway"), ("ecs", "Cluster")] {
        assert_eq!(inventory.count(service, kind), 1, "{kind}: {:#?}", proxy.log());
    }
    drop(engine);

    let store = session.store().expect("a state");
    let engine = session.engine(store, Events::nowhere(), Interrupt::default());
    let outcome = engine.down().await.expect("a run");
    assert!(outcome.is_done(), "{:#?}\n{:#?}", outcome, proxy.log());
    let left = served.simulator.inventory();
    assert!(left.is_empty(), "{:#?}", left.resources);
}

/// Breaks the first call of each of these in this way, each in a life of its own, some at once.
fn survived(how: Break, operations: &[&'static str]) {
    thread::scope(|scope| {
        for half in operations.chunks(operations.len().div_ceil(2)) {
            scope.spawn(move || {
                let runtime = runtime();
                for operation in half {
                    let served = Served::start();
                    let proxy = Proxy::breaking(served.address, operation, 1, how);
                    runtime.block_on(life(&served, &proxy));
                    assert_eq!(proxy.broken(), 1, "{operation}: {:?}", proxy.log());
                }
            });
        }
    });
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn a_connection_that_is_closed_before_the_request_is_read() {
    survived(Break::Close, &BROKEN);
}

#[test]
fn a_connection_that_is_reset_before_the_request_is_read() {
    survived(Break::Reset, &BROKEN);
}

#[test]
fn an_answer_that_is_lost() {
    survived(Break::LoseAnswer, &BROKEN);
}

#[test]
fn a_connection_that_is_reset_instead_of_an_answer() {
    survived(Break::ResetAfter, &BROKEN);
}

#[test]
fn half_an_answer() {
    survived(Break::Half, &BROKEN);
}

#[test]
fn an_answer_that_never_comes() {
    survived(Break::Stall, &BROKEN);
}

#[test]
fn an_answer_whose_second_half_never_comes() {
    survived(Break::StallInBody, &BROKEN);
}

#[test]
fn nobody_who_listens_for_a_while() {
    survived(Break::Refuse, &BROKEN);
}

#[test]
fn a_page_of_a_proxy_that_did_not_pass_the_request_on() {
    survived(Break::Page(502), &BROKEN);
}

#[test]
fn a_page_of_a_proxy_that_gave_up_on_the_answer() {
    survived(Break::PageAfter(504), &BROKEN);
}

#[test]
fn something_that_is_no_http() {
    survived(Break::Noise, &BROKEN);
}

#[test]
fn a_success_whose_body_is_cut_off_without_a_sign() {
    survived(Break::Cut, &BROKEN);
}

#[test]
fn a_success_without_the_body_that_it_must_have() {
    survived(Break::Empty, &["CreateVpc", "CreateCluster", "DescribeVpcs", "DescribeClusters"]);
}

#[test]
fn connections_that_the_server_closes_when_they_are_idle_are_not_noticed() {
    let served = Served::start();
    let proxy = Proxy::closing(served.address);
    runtime().block_on(async {
        let clients = clients(&format!("http://{}", proxy.address)).await;
        for calls in 1..=3 {
            caller(&clients).await.unwrap_or_else(|error| panic!("call {calls}: {error}"));
            assert_eq!(proxy.connections(), calls);
            // The end of the connection arrives.
            while proxy.closed() < calls {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    });
}

/// What the first call to this URL fails with.
async fn error_at(url: &str) -> Error {
    caller(&clients(url).await).await.expect_err("nobody answers there")
}

/// A listener that answers whatever comes first with these bytes, and then closes.
async fn saying(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    address
}

#[test]
fn what_keeps_a_request_from_its_aws_is_named_and_passes() {
    runtime().block_on(async {
        // The alert "handshake failure", and somebody who does not speak TLS.
        let alert = saying(&[0x15, 3, 3, 0, 2, 2, 40]).await;
        let plain = saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        let nobody = saying(b"").await;
        // A label of a name has 63 characters at the most, so nobody need be asked for this one.
        let nameless = format!("http://{}.example", "x".repeat(64));
        for (url, code, part) in [
            (format!("https://{alert}"), "TlsFailed", "HandshakeFailure"),
            (format!("https://{plain}"), "TlsFailed", "the encrypted connection to https://127"),
            (format!("https://{nobody}"), "ConnectionClosed", "closed the connection"),
            (format!("http://{nobody}"), "ConnectionClosed", "closed the connection"),
            ("http://127.0.0.1:1".into(), "ConnectionRefused", "refuses the connection"),
            (nameless, "NoSuchHost", "has no address"),
        ] {
            let error = error_at(&url).await;
            assert_eq!((error.class, &*error.code), (Class::Transient, code), "{url}: {error}");
            assert!(error.message.contains(part), "{url}: {error}");
            assert!(!error.to_string().contains('{'), "no dump of anything: {error}");
        }
    });
}

/// A client that finds no address for its host, now and then.
#[derive(Clone, Debug)]
struct Nameless {
    connector: SharedHttpConnector,
    calls: Arc<AtomicUsize>,
}

impl HttpConnector for Nameless {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if self.calls.fetch_add(1, Ordering::SeqCst) % 5 == 4 {
            let unknown = io::Error::other("failed to lookup address information");
            let error = ConnectorError::io(ResolveDnsError::new(unknown).into());
            return HttpConnectorFuture::ready(Err(error));
        }
        self.connector.call(request)
    }
}

#[test]
fn a_name_that_has_no_address_now_and_then() {
    let served = Served::start();
    let proxy = Proxy::breaking(served.address, "", 1, Break::Close);
    let calls = Arc::new(AtomicUsize::new(0));
    let (counted, real) = (Arc::clone(&calls), default_client());
    let http = http_client_fn(move |settings, components| {
        let (connector, calls) = (real.http_connector(settings, components), Arc::clone(&counted));
        SharedHttpConnector::new(Nameless { connector, calls })
    });
    runtime().block_on(life_over(http, &served, &proxy));
    let calls = calls.load(Ordering::SeqCst);
    // Every fifth call does not arrive, nor does one that is dropped because its neighbour failed.
    let arrived = proxy.log().len();
    assert!(arrived > 25 && arrived <= calls - calls / 5, "{arrived} of {calls}");
}
