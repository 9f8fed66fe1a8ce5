//! What a stranger may do, with less patience than the simulator has in earnest.

use super::{Limits, serve};
use crate::simulator::Simulator;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Sends a beginning and waits for what comes of it, until the connection closes.
async fn told(beginning: &str, limits: Limits) -> (String, Simulator) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let simulator = Simulator::seeded(1);
    let stranger = async {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(beginning.as_bytes()).await.expect("the beginning is taken");
        let mut text = String::new();
        let read = stream.read_to_string(&mut text);
        tokio::time::timeout(Duration::from_secs(10), read)
            .await
            .expect("the connection is closed")
            .expect("an answer in UTF-8");
        text
    };
    tokio::select! {
        () = serve(listener, simulator.clone(), limits, std::future::pending()) => unreachable!(),
        text = stranger => (text, simulator),
    }
}

fn hasty() -> Limits {
    let soon = Duration::from_millis(50);
    Limits { headers: soon, body: soon, ..Limits::default() }
}

#[tokio::test]
async fn headers_that_do_not_end_close_the_connection() {
    let (text, _) = told("POST / HTTP/1.1\r\nHost: localhost\r\nX-", hasty()).await;
    assert!(!text.contains("200 OK"), "{text}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_refused_and_noted() {
    let beginning = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\
                     X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n\r\n{";
    let (text, simulator) = told(beginning, hasty()).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(text.contains(r#""__type":"RequestTimeoutException""#), "{text}");
    let calls = simulator.calls();
    assert_eq!((calls.len(), calls[0].status), (1, 408));
    assert_eq!(calls[0].operation, "unsigned:ListClusters");
}
