//! A directory with a configuration in it, in which commands run as if nothing else existed.

use crate::client::Served;
use meshctl::simulator::{Inventory, Settings, Simulator};
use regex::Regex;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// The demonstration, as it is shipped.
pub const DEMO: &str = include_str!("../../config/demo.toml");

/// Where a command runs.
pub struct Home(tempfile::TempDir);

/// How a command ended, and what it said.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    /// With the demonstration as `meshctl.toml`.
    pub fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary directory"));
        home.write("meshctl.toml", DEMO);
        home
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("a file is written");
    }

    /// Changes the configuration's text.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path().join("meshctl.toml");
        let text = fs::read_to_string(&path).expect("the configuration");
        assert!(text.contains(from), "the configuration has {from:?}");
        fs::write(path, text.replacen(from, to, 1)).expect("the configuration is written");
    }

    /// A command with nothing in its environment.
    pub fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_meshctl"));
        command.env_clear().env("HOME", self.path()).current_dir(self.path()).args(arguments);
        command
    }

    /// Runs a command on a served account, at so many times AWS's pace, with more in its environment.
    pub fn on(
        &self,
        served: &Served,
        speed: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Ran {
        let mut command = self.command(arguments);
        command.args(["--endpoint-url", &format!("http://{}", served.address), "--speed", speed]);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        Ran::of(command.env("AWS_REGION", "eu-west-1").envs(environment.iter().copied()))
    }

    /// Runs a command.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs a command on the embedded AWS, without waiting for anything.
    pub fn local(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).args(["--local", "--speed", "max"]))
    }

    /// What the embedded account holds between two commands.
    pub fn account(&self) -> Inventory {
        let directory = self.state();
        let settings = Settings { directory: Some(directory), ..Settings::default() };
        Simulator::open(&settings).expect("the account").inventory()
    }

    /// Where the states of the embedded AWS's stacks are.
    pub fn state(&self) -> PathBuf {
        self.path().join(".meshctl/local")
    }
}

impl Ran {
    pub fn of(command: &mut assert_cmd::Command) -> Self {
        let output = command.output().expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Panics with what it said unless it ended like this.
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// What a person reads in the end, without what is different every time.
    pub fn report(&self) -> String {
        steady(&self.stdout)
    }

    /// Every line of stdout as JSON.
    pub fn json(&self) -> Vec<Value> {
        let line = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        self.stdout.lines().map(line).collect()
    }

    /// The last line.
    pub fn summary(&self) -> Value {
        let last = self.json().pop().expect("a line");
        assert_eq!(last["event"], "summary", "{last}");
        last
    }
}

/// A text without IDs and times.
pub fn steady(text: &str) -> String {
    static CHANGES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"\b(\d+ m \d\d s|\d+(\.\d)? s)\b", "[time]"),
            (r"\b([a-z]+)-[0-9a-f]{17}\b", "$1-[id]"),
            (r"(servicemesh-demo-\w+)-\d+\.", "$1-[id]."),
            (r"(?m)^(  api      )\w{10}$", "$1[id]"),
            (r"https://\w{10}\.", "https://[id]."),
            (r"\b[0-9a-f]{16}\b", "[id]"),
            (r"\b[0-9a-f]{64}\b", "[digest]"),
            (r"\b[0-9a-f]{32}\b", "[task]"),
            // The four slow kinds take times of chance: which three of them are named is chance, too.
            (r"(?m)^(  slowest  )\S+ .time.(?: · \S+ .time.){2}$", "$1[three, with their times]"),
        ]
        .map(|(pattern, with)| (Regex::new(pattern).expect("a pattern"), with))
        .into()
    });
    CHANGES.iter().fold(text.to_owned(), |text, (pattern, with)| {
        pattern.replace_all(&text, *with).into_owned()
    })
}

/// How many resources a served account has.
pub fn resources(served: &Served) -> usize {
    let inventory = served.page("/_meshctl/inventory");
    inventory["resources"].as_array().expect("a list").len()
}
