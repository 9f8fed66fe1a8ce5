//! Errors as people and CI jobs see them: what, where, why, what to do next, and an exit code.

use super::summary;
use crate::{
    config::ConfigError,
    model::Error,
    report::{
        Output,
        text::{err, out},
    },
    state::{StoreError, fold::Illegal},
};
use serde_json::json;

/// What helps when the state's files say what cannot be.
const REBUILD: &str = "AWS knows it all: `meshctl adopt` sets these files aside and rebuilds the state \
                       from the tags of what exists";

/// How a command ended. The codes are public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// A resource failed, or something is left.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// `plan --check` found changes.
    Changes,
    /// Another meshctl holds the stack.
    Locked,
    /// A guard refused: the wrong account, or no answer to a question.
    Refused,
    /// The user stopped it; the state is safe.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Changes => 3,
            Self::Locked => 4,
            Self::Refused => 5,
            Self::Interrupted => 130,
        }
    }
}

impl Exit {
    /// The word for it in a summary.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done | Self::Changes => "done",
            Self::Failed | Self::Usage => "failed",
            Self::Locked => "locked",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
        }
    }
}

/// An error at the edge.
#[derive(Debug)]
pub struct CliError {
    /// How the command ends.
    pub exit: Exit,
    /// What happened, where, and AWS's own words.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
}

impl CliError {
    /// An error without advice.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hints: Vec::new() }
    }

    /// Adds what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Prints it and returns how the command ends.
    pub fn show(&self, output: Output, command: &str) -> Exit {
        match output {
            Output::Human => {
                err!("error: {}", self.message);
                for hint in &self.hints {
                    err!("  hint: {hint}");
                }
            }
            Output::Json => {
                let line = json!({
                    "event": "error",
                    "outcome": self.exit.word(),
                    "exit": self.exit.code(),
                    "message": self.message,
                    "hints": self.hints,
                });
                out!("{line}");
                summary::unbegun(command, self.exit);
            }
        }
        self.exit
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        let exit = match error.class {
            crate::model::Class::Interrupted => Exit::Interrupted,
            crate::model::Class::Credentials => Exit::Refused,
            _ => Exit::Failed,
        };
        let hints = error.remedy().into_iter().collect();
        Self { exit, message: error.to_string(), hints }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Illegal { source: Illegal::Last, .. } => {
                Self::new(Exit::Usage, format!("the state cannot be used: {error}")).hint(REBUILD)
            }
            StoreError::Illegal { .. } | StoreError::Damaged { .. } => {
                Self::new(Exit::Failed, format!("the state cannot be used: {error}")).hint(REBUILD)
            }
            StoreError::File { .. } | StoreError::Broken { .. } => {
                Self::new(Exit::Failed, error.to_string())
                    .hint("make room, mend the permissions or give another directory with --state")
            }
        }
    }
}
