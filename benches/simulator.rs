//! How many requests the simulator answers: over loopback, in the process, and how its reads grow
//! with the account. `cargo bench --bench simulator`; without `--bench` it is only tried.

use bytes::Bytes;
use meshctl::simulator::{
    Account, Settings, Simulator,
    serve::{Limits, serve},
    wire::{Call, Service},
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{LazyLock, mpsc},
    thread,
    time::{Duration, Instant},
};

/// Connections that always have one request under way.
const CONNECTIONS: usize = 16;
/// The reads whose growth is measured, and what they are asked for.
const READS: &[(Service, &str, &str)] = &[
    (Service::Ec2, "DescribeVpcs", "{}"),
    (Service::Ec2, "DescribeNetworkInterfaces", r#"{"MaxResults":1000}"#),
    (Service::Ecs, "ListServices", r#"{"cluster":"shop","maxResults":100}"#),
    (Service::Ecs, "DescribeServices", r#"{"cluster":"shop","services":["service-7"]}"#),
    (Service::Ecs, "ListTasks", r#"{"cluster":"shop","serviceName":"service-7"}"#),
    (Service::ServiceDiscovery, "ListServices", r#"{"MaxResults":100}"#),
    (Service::CloudWatchLogs, "DescribeLogGroups", r#"{"logGroupNamePrefix":"/service-7"}"#),
    (Service::Iam, "GetRole", r#"{"RoleName":"service-7"}"#),
];

/// Simple requests, one of each kind of protocol: name, service, method, path, target, body.
const SIMPLE: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("ec2:DescribeVpcs", "ec2", "POST", "/", "", "Action=DescribeVpcs&Version=2016-11-15"),
    ("iam:ListRoles", "iam", "POST", "/", "", "Action=ListRoles&Version=2010-05-08"),
    (
        "ecs:ListClusters",
        "ecs",
        "POST",
        "/",
        "AmazonEC2ContainerServiceV20141113.ListClusters",
        "{}",
    ),
    ("apigateway:GetRestApis", "apigateway", "GET", "/restapis", "", ""),
];

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let span = Duration::from_secs_f64(if measured { 3.0 } else { 0.05 });
    let sizes = if measured { [100, 1000] } else { [10, 20] };

    println!(
        "requests a second of the answering thread's own time, with {} VPCs in the account",
        SMALL
    );
    println!("{:28} {:>12} {:>12}", "", "loopback", "in process");
    for simple in SIMPLE {
        let name = simple.0;
        println!("{name:28} {:>12.0} {:>12.0}", loopback(simple, span), in_process(simple, span));
    }

    println!("\nmicroseconds a read, by the number of services in the account");
    println!("{:44} {:>10} {:>10} {:>8}", "", sizes[0], sizes[1], "growth");
    let mut accounts = sizes.map(account);
    for (service, operation, input) in READS {
        let call = call(*service, operation, serde_json::from_str(input).expect("JSON"));
        let [small, large] = accounts.each_mut().map(|account| read(account, &call, span / 3));
        let name = format!("{}:{operation}", service.prefix());
        println!("{name:44} {small:>10.1} {large:>10.1} {:>7.1}x", large / small);
    }
}

/// How many VPCs a small account has.
const SMALL: usize = 3;

fn simulator() -> Simulator {
    let settings = Settings { instant: true, ..Settings::default() };
    let simulator = Simulator::open(&settings).expect("an account in memory");
    simulator.behind(|account| {
        for index in 0..SMALL {
            let range = format!("10.{index}.0.0/16");
            ask(account, Service::Ec2, "CreateVpc", json!({ "CidrBlock": range }));
        }
    });
    simulator
}

/// Seconds that this thread has had a core: what other processes take does not count. Where the
/// system does not tell, seconds that have passed.
fn busy() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| BEGIN.elapsed().as_secs_f64(), |it| it / 1e9)
}

/// One thread answers; another keeps all connections busy.
fn loopback(simple: &(&str, &str, &str, &str, &str, &str), span: Duration) -> f64 {
    let (addresses, address) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let simulator = simulator();
            addresses.send(listener.local_addr().expect("its address")).expect("a listener");
            let begun = busy();
            let stop = async { stopped.await.unwrap_or_default() };
            serve(listener, simulator, Limits::default(), stop).await;
            busy() - begun
        })
    });
    let address: SocketAddr = address.recv().expect("an address");
    let request = wire(simple);
    let mut connections: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|_| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("an option");
            stream
        })
        .collect();
    let mut buffer = vec![0; 64 * 1024];
    let mut answered = 0;
    let begun = Instant::now();
    connections.iter_mut().for_each(|stream| stream.write_all(&request).expect("it is sent"));
    while begun.elapsed() < span {
        for stream in &mut connections {
            answer(stream, &mut buffer);
            answered += 1;
            stream.write_all(&request).expect("it is sent");
        }
    }
    drop(connections);
    stop.send(()).expect("it serves");
    f64::from(answered) / server.join().expect("it ends")
}

/// Reads one whole answer.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).expect("an answer");
        assert!(read > 0, "the connection closed");
        filled += read;
        let text = &buffer[..filled];
        let Some(head) = text.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let lines = std::str::from_utf8(&text[..head]).expect("a head").lines();
        let mut lengths = lines.filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
        });
        assert!(text.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(text));
        if filled >= head + 4 + lengths.next().expect("a length") {
            return;
        }
    }
}

fn authorization(service: &str) -> String {
    let scope = format!("TEST/20260101/eu-west-1/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00")
}

fn wire(
    &(_, service, method, path, target, body): &(&str, &str, &str, &str, &str, &str),
) -> Vec<u8> {
    let target =
        if target.is_empty() { String::new() } else { format!("x-amz-target: {target}\r\n") };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {}\r\n{target}\
         content-length: {}\r\n\r\n{body}",
        authorization(service),
        body.len()
    )
    .into_bytes()
}

fn in_process(
    &(_, service, method, path, target, body): &(&str, &str, &str, &str, &str, &str),
    span: Duration,
) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let simulator = simulator();
        let mut answered = 0;
        let (begun, busy_before) = (Instant::now(), busy());
        while begun.elapsed() < span {
            let mut request = http::Request::builder().method(method).uri(path);
            request = request.header("authorization", authorization(service));
            if !target.is_empty() {
                request = request.header("x-amz-target", target);
            }
            let request = request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request");
            let response = simulator.answer(request).await.expect("an answer");
            assert_eq!(response.status(), 200);
            answered += 1;
        }
        f64::from(answered) / (busy() - busy_before)
    })
}

/// Microseconds of one read.
fn read(account: &mut Account, call: &Call, span: Duration) -> f64 {
    let (begun, busy_before) = (Instant::now(), busy());
    let mut reads = 0;
    while begun.elapsed() < span {
        account.call(call).expect("an answer");
        reads += 1;
    }
    (busy() - busy_before) * 1e6 / f64::from(reads)
}

/// An account with so many services, each with a task, a role, a log group and a name in Cloud Map.
fn account(services: usize) -> Account {
    let mut account = Account::new(&Settings { instant: true, ..Settings::default() });
    account.quotas.roles = 2 * services;
    let account_ref = &mut account;
    let vpc = ask(account_ref, Service::Ec2, "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
    let vpc = &vpc["Vpc"]["VpcId"];
    let gateway = ask(account_ref, Service::Ec2, "CreateInternetGateway", json!({}));
    let gateway = &gateway["InternetGateway"]["InternetGatewayId"];
    let attach = json!({ "VpcId": vpc, "InternetGatewayId": gateway });
    ask(account_ref, Service::Ec2, "AttachInternetGateway", attach);
    let tables = ask(account_ref, Service::Ec2, "DescribeRouteTables", json!({}));
    let table = &tables["RouteTables"][0]["RouteTableId"];
    let way_out =
        json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
    ask(account_ref, Service::Ec2, "CreateRoute", way_out);
    let subnet = json!({ "VpcId": vpc, "CidrBlock": "10.0.0.0/18" });
    let subnet = ask(account_ref, Service::Ec2, "CreateSubnet", subnet);
    let subnet = &subnet["Subnet"]["SubnetId"];
    ask(account_ref, Service::Ecs, "CreateCluster", json!({ "clusterName": "shop" }));
    let namespace = json!({ "Name": "shop", "CreatorRequestId": "1" });
    ask(account_ref, Service::ServiceDiscovery, "CreateHttpNamespace", namespace);
    let namespaces = ask(account_ref, Service::ServiceDiscovery, "ListNamespaces", json!({}));
    let namespace = &namespaces["Namespaces"][0]["Id"];
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    for index in 0..services {
        let name = format!("service-{index}");
        let group = json!({ "logGroupName": format!("/{name}") });
        ask(account_ref, Service::CloudWatchLogs, "CreateLogGroup", group);
        let role = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust });
        ask(account_ref, Service::Iam, "CreateRole", role);
        let discovery = json!({ "Name": name, "NamespaceId": namespace });
        ask(account_ref, Service::ServiceDiscovery, "CreateService", discovery);
        let definition = json!({
            "family": name, "cpu": "256", "memory": "512", "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{ "name": "app", "image": "app" }],
        });
        ask(account_ref, Service::Ecs, "RegisterTaskDefinition", definition);
        let awsvpc = json!({ "subnets": [subnet], "assignPublicIp": "ENABLED" });
        let service = json!({
            "cluster": "shop", "serviceName": name, "taskDefinition": name, "desiredCount": 1,
            "launchType": "FARGATE", "networkConfiguration": { "awsvpcConfiguration": awsvpc },
        });
        ask(account_ref, Service::Ecs, "CreateService", service);
    }
    let later = account.now + 1000;
    account.advance(later);
    let tasks = account.ecs.tasks.all().filter(|(_, task)| task.last_status == "RUNNING").count();
    assert_eq!(tasks, services, "every service has its task");
    account
}

fn call(service: Service, operation: &str, input: Value) -> Call {
    let operation = &service.model().operation(operation).expect("a simulated operation").name;
    let (region, access_key) = ("eu-west-1".into(), "TEST".into());
    Call { service, operation, input, region, access_key, request_id: "request".into() }
}

fn ask(account: &mut Account, service: Service, operation: &str, input: Value) -> Value {
    let answer = account.call(&call(service, operation, input));
    let now = account.now;
    account.advance(now);
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
}
