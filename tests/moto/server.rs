//! moto's process and the Python that runs it.

use serde_json::Value;
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// How many tasks moto claims to run for each service: the demonstration's `desired`.
const TASKS: &str = "2";

/// A virtual environment with what `requirements.txt` names.
pub struct Python(PathBuf);

impl Python {
    /// Makes the environment in this directory, or takes the one that is there when it was made of
    /// the same requirements. Fails with the reason where there is no Python to make it.
    pub fn with_requirements(directory: &Path) -> Result<Self, String> {
        let requirements =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/moto/requirements.txt");
        let wanted = fs::read_to_string(&requirements).map_err(|error| error.to_string())?;
        let python = Self(directory.join("bin/python"));
        // Written last: an environment that was left half made is made anew.
        let stamp = directory.join("made-of");
        if fs::read_to_string(&stamp).is_ok_and(|made_of| made_of == wanted) {
            return Ok(python);
        }
        let _ = fs::remove_dir_all(directory);
        let venv = Command::new("python3").args(["-m", "venv"]).arg(directory).output();
        succeeded("python3 -m venv", venv)?;
        let pip = Command::new(&python.0)
            .args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--no-compile"])
            .args(["--disable-pip-version-check", "--requirement"])
            .arg(&requirements)
            .output();
        succeeded("pip install -r tests/moto/requirements.txt", pip)?;
        fs::write(&stamp, &wanted).map_err(|error| error.to_string())?;
        Ok(python)
    }

    fn run(&self, script: &str, argument: &str) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/moto").join(script);
        Command::new(&self.0).arg(script).arg(argument).output().expect("python runs")
    }
}

fn succeeded(what: &str, output: std::io::Result<Output>) -> Result<(), String> {
    let output = output.map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(format!("{what}: {}", error.trim()))
}

/// Says something that is also seen when the test succeeds, whose output is otherwise kept back.
pub fn tell(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// A running `moto_server`.
pub struct Moto {
    process: Child,
    log: PathBuf,
    /// Where it answers.
    pub url: String,
}

impl Moto {
    /// Starts one on a free port.
    pub fn start(python: &Python, directory: &Path) -> Self {
        let log = directory.join("moto.log");
        let written = File::create(&log).expect("a log");
        let process = Command::new(&python.0)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .env("MOTO_ECS_SERVICE_RUNNING", TASKS)
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdin(Stdio::null())
            .stdout(written.try_clone().expect("a log"))
            .stderr(written)
            .spawn()
            .expect("moto's server starts");
        let mut moto = Self { process, log, url: String::new() };
        moto.url = moto.address();
        moto
    }

    /// Waits until it says where it answers.
    fn address(&mut self) -> String {
        let begun = Instant::now();
        loop {
            let log = self.log();
            let line = log.lines().find_map(|line| line.split_once("Running on "));
            // Until the line's end is written it may be cut short.
            if let (Some((_, url)), true) = (line, log.contains("CTRL+C")) {
                return url.trim().into();
            }
            let ended = self.process.try_wait().expect("a process");
            assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(120), "{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The last that it said.
    pub fn log(&self) -> String {
        let all = String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned();
        let lines: Vec<&str> = all.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// What its account holds, as boto3 sees it.
    pub fn census(&self, python: &Python) -> Value {
        let output = python.run("census.py", &self.url);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}\nmoto:\n{}", self.log());
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
