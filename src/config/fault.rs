//! Faults of a configuration, as users see them.

use std::{fmt, io};

/// One thing that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key, such as `service "cart".port`.
    pub place: String,
    /// Its line, counted from one; none for a default.
    pub line: Option<usize>,
    /// What the file says there.
    pub value: Option<String>,
    /// What is wrong, to be read after the place and value.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.place)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, " {}; {}", self.problem, self.remedy)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}{}", count(.faults.len()), lines(.faults))]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// Its faults, in the order of its lines.
    pub faults: Vec<Fault>,
}

impl ConfigError {
    pub(super) fn new(file: &str, faults: Vec<Fault>) -> Self {
        Self { file: file.to_string(), faults }
    }

    pub(super) fn unreadable(file: String, error: &io::Error) -> Self {
        let remedy = if error.kind() == io::ErrorKind::NotFound {
            "name another one with --config, or start from a copy of config/demo.toml"
        } else {
            "make it a UTF-8 text that you may read"
        };
        let fault = Fault {
            place: "the file".to_string(),
            line: None,
            value: None,
            problem: format!("cannot be read: {error}"),
            remedy: remedy.to_string(),
        };
        Self { file, faults: vec![fault] }
    }
}

fn count(faults: usize) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let number = WORDS.get(faults).map_or_else(|| faults.to_string(), ToString::to_string);
    format!("{number} fault{}", if faults == 1 { "" } else { "s" })
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}
