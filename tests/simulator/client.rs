//! The simulator's process, and a client that can also do it wrong.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running `meshctl simulator`.
pub struct Served {
    process: Option<Child>,
    /// Where it answers.
    pub address: String,
    /// What it said at its start.
    pub told: String,
    /// From its start until it said where it answers.
    pub took: Duration,
}

/// An answer, read until the connection closed.
pub struct Answer {
    pub status: u16,
    pub text: String,
}

/// How a simulator that did not begin to serve ended.
pub struct Refused {
    pub code: Option<i32>,
    pub error: String,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshctl"));
    command.env_clear().arg("simulator").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Runs a simulator that is expected to refuse.
pub fn refused(arguments: &[&str]) -> Refused {
    let mut command = command(arguments);
    if !arguments.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    let output = command.output().expect("the binary runs");
    Refused { code: output.status.code(), error: String::from_utf8_lossy(&output.stderr).into() }
}

impl Served {
    /// Starts one on a free port, at full speed unless told otherwise.
    pub fn start(arguments: &[&str]) -> Self {
        let speed = if arguments.contains(&"--speed") { &[][..] } else { &["--speed", "max"] };
        let fixed = ["--output", "json"];
        let elsewhere = arguments.contains(&"--listen");
        let listen = if elsewhere { &[][..] } else { &["--listen", "127.0.0.1:0"] };
        let mut served = Self::spawn(&[&fixed, listen, speed, arguments].concat(), 1);
        let line: Value = serde_json::from_str(&served.told).expect("one line of JSON");
        assert_eq!(line["event"], "listening");
        served.address = line["address"].as_str().expect("the address").into();
        served
    }

    /// Starts one that speaks to people.
    pub fn start_for_people() -> Self {
        let mut served = Self::spawn(&["--listen", "127.0.0.1:0"], 10);
        let (_, rest) = served.told.split_once("http://").expect("a URL");
        served.address = rest.split_whitespace().next().expect("an address").into();
        served
    }

    fn spawn(arguments: &[&str], lines: usize) -> Self {
        let begun = Instant::now();
        let mut process = command(arguments).spawn().expect("the binary runs");
        let mut reader = BufReader::new(process.stdout.take().expect("its output"));
        let mut told = String::new();
        for _ in 0..lines {
            reader.read_line(&mut told).expect("a line");
        }
        Self { process: Some(process), address: String::new(), told, took: begun.elapsed() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream
    }

    /// Sends these bytes and reads until the connection closes.
    pub fn send(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request).expect("the request is taken");
        // Without more to come, the connection closes after the answer.
        stream.shutdown(std::net::Shutdown::Write).expect("a half-closed connection");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
        Answer { status: status.unwrap_or_else(|| panic!("a status in {text:?}")), text }
    }

    /// Sends these bytes and closes the connection at once.
    pub fn send_and_leave(&self, request: &[u8]) {
        self.connect().write_all(request).expect("the request is taken");
    }

    /// What one of its own pages says.
    pub fn page(&self, path: &str) -> Value {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        let answer = self.send(request.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text);
        let (_, body) = answer.text.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }

    /// Tells it to stop, and returns its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let mut process = self.process.take().expect("it runs");
        let id = process.id().to_string();
        // The standard library sends no SIGTERM.
        let kill = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(kill.success());
        let begun = Instant::now();
        loop {
            if let Some(status) = process.try_wait().expect("a process") {
                return status.code();
            }
            if begun.elapsed() > Duration::from_secs(10) {
                let _ = process.kill();
                panic!("the simulator did not stop");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A query request as an SDK sends it.
pub fn form(service: &str, body: &str) -> Vec<u8> {
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    signed(service, kind, body.as_bytes())
}

/// A request with a signature, which nobody checks.
pub fn signed(service: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=test/20261124/eu-west-1/{service}/aws4_request, SignedHeaders=host, \
         Signature=00\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}
