//! Every key of the configuration, once: what the reader accepts and what the documentation says.

mod markdown;
mod table;

pub use markdown::markdown;
pub use table::KEYS;

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its path, such as `service.health.interval_seconds`; `*` stands for names that users choose.
    pub path: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What holds when it is absent.
    pub default: Default,
    /// What it does, as a sentence without its full stop.
    pub does: &'static str,
    /// What becomes of an environment that is up when it changes.
    pub change: Change,
}

/// What values a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number, from and to.
    Whole(i64, i64),
    /// A TCP port.
    Port,
    /// One of these numbers.
    OneOf(&'static [i64]),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An IPv4 block.
    Block,
    /// A list of IPv4 blocks.
    Blocks,
}

/// What holds when a key is absent.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// It may not be absent.
    Required,
    /// A value, written as in the file.
    Value(&'static str),
    /// No value of its own; this is what happens.
    Otherwise(&'static str),
}

/// What becomes of an environment that is up when a key changes, with the details.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// Nothing in AWS.
    Nothing(&'static str),
    /// AWS changes what there is.
    InPlace(&'static str),
    /// What cannot be changed is made anew and the old one removed.
    Replacement(&'static str),
}

/// The key at a path.
pub(super) fn find(path: &str) -> &'static Key {
    KEYS.iter()
        .find(|key| key.path == path)
        .unwrap_or_else(|| panic!("the reader asks for {path}, which the table of keys must have"))
}

impl Key {
    /// The default as written in the file, without its quotes; empty when there is none.
    pub(super) fn default_text(&self) -> &'static str {
        match self.default {
            Default::Value(text) => text.trim_matches('"'),
            Default::Required | Default::Otherwise(_) => "",
        }
    }
}

/// The names that a table may have: keys and tables within it.
pub(super) fn names_in(table: &str) -> Vec<&'static str> {
    let mut names: Vec<_> = KEYS
        .iter()
        .filter_map(|key| match table {
            "" => Some(key.path),
            _ => key.path.strip_prefix(table)?.strip_prefix('.'),
        })
        .map(|rest| rest.split('.').next().unwrap_or(rest))
        .collect();
    names.dedup();
    names
}
