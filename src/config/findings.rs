//! What is found wrong while a file is read and checked, and where in the file everything is.
//!
//! Readers and checks name a key by its path, `service[0].health.interval_seconds`. Only this
//! module knows its line, what the file says there, and how people are told.

use super::fault::Fault;
use std::{collections::BTreeMap, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Longer values are not repeated in a fault.
const SHOWN: usize = 60;

/// One key of the file.
struct Spot {
    line: usize,
    text: Option<String>,
}

/// The faults so far, and the file's map.
pub(super) struct Findings {
    spots: BTreeMap<String, Spot>,
    /// What services are called in faults, in the file's order.
    services: Vec<String>,
    /// Paths and their faults.
    faults: Vec<(String, Fault)>,
}

impl Findings {
    /// Maps a file.
    pub(super) fn new(text: &str, root: &DeTable<'_>) -> Self {
        let mut survey = Survey { text, starts: line_starts(text), spots: BTreeMap::new() };
        survey.table("", root);
        Self { spots: survey.spots, services: service_labels(root), faults: Vec::new() }
    }

    /// Notes a fault of the key at `path`, showing what the file says there.
    pub(super) fn refuse(
        &mut self,
        path: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let value = self.spots.get(path).and_then(|spot| spot.text.clone());
        self.push(path, value, problem.into(), remedy.into());
    }

    /// Notes a fault of the key itself, or one whose value is nobody's business.
    pub(super) fn refuse_key(
        &mut self,
        path: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(path, None, problem.into(), remedy.into());
    }

    fn push(&mut self, path: &str, value: Option<String>, problem: String, remedy: String) {
        // A key with a fault has a default's value from then on: what else is said of it, or of
        // what would be in it, misleads.
        if self.faults.iter().any(|(refused, _)| within(path, refused)) {
            return;
        }
        let fault =
            Fault { place: self.shown(path), line: self.line(path), value, problem, remedy };
        self.faults.push((path.to_string(), fault));
    }

    /// Whether nothing at, under, or above a path is refused, so that rules may build on it.
    pub(super) fn sound(&self, path: &str) -> bool {
        !self.faults.iter().any(|(refused, _)| within(refused, path) || within(path, refused))
    }

    /// Whether the file itself says something there.
    pub(super) fn given(&self, path: &str) -> bool {
        self.spots.contains_key(path)
    }

    /// All faults, by line.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self.faults.into_iter().map(|(_, fault)| fault).collect();
        faults.sort_by_key(|fault| (fault.line.is_none(), fault.line));
        faults
    }

    /// The line of a key, or else of the table that lacks it.
    fn line(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(spot) = self.spots.get(path) {
                return Some(spot.line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// A path as people read it: services by name, other elements by their list.
    fn shown(&self, path: &str) -> String {
        if let Some((index, rest)) = path.strip_prefix("service[").and_then(|p| p.split_once(']')) {
            let label = index.parse().ok().and_then(|index: usize| self.services.get(index));
            return format!("{}{}", label.map_or("service", String::as_str), without_index(rest));
        }
        without_index(path).to_string()
    }
}

fn without_index(path: &str) -> &str {
    match path.rfind('[') {
        Some(at) if path.ends_with(']') => &path[..at],
        _ => path,
    }
}

fn within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What the services are called: by name where there is one, else by position.
fn service_labels(root: &DeTable<'_>) -> Vec<String> {
    let services = root.get("service").and_then(|services| services.get_ref().as_array());
    let label = |(index, service): (usize, &Spanned<DeValue<'_>>)| {
        let name = service.get_ref().get("name").and_then(|name| name.get_ref().as_str());
        match name {
            Some(name) if !name.is_empty() => format!("service {}", quoted(name)),
            _ => format!("service #{}", index + 1),
        }
    };
    services.map(|services| services.iter().enumerate().map(label).collect()).unwrap_or_default()
}

/// A text in quotes, on one line and not too long.
pub(super) fn quoted(text: &str) -> String {
    let kept: String = text.chars().take(SHOWN).collect();
    let dots = if kept.len() < text.len() { "…" } else { "" };
    format!("\"{}{dots}\"", kept.escape_debug())
}

/// The path of a key in a table; a key that TOML would quote is quoted.
pub(super) fn join(table: &str, key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key = if !key.is_empty() && key.chars().all(bare) { key.to_string() } else { quoted(key) };
    if table.is_empty() { key } else { format!("{table}.{key}") }
}

/// "did you mean" the nearest candidate, or else something to start from.
pub(super) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    let near = candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3))
        .min_by_key(|(distance, _)| *distance);
    near.map_or_else(otherwise, |(_, candidate)| format!("did you mean \"{candidate}\"?"))
}

/// How many letters must be put in, taken out, or changed to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(SHOWN).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// Byte offsets of the lines.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// Line and column of a byte offset, both counted from one; columns are characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let starts = line_starts(text);
    let line = starts.partition_point(|start| *start <= offset);
    let before = text.get(starts[line - 1]..offset).unwrap_or_default();
    (line, before.chars().count() + 1)
}

/// Walks the whole file once, noting where everything is.
struct Survey<'t> {
    text: &'t str,
    starts: Vec<usize>,
    spots: BTreeMap<String, Spot>,
}

impl Survey<'_> {
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = join(path, key.get_ref());
            // A table may be opened far from where its key is first mentioned: its header counts.
            let at = if value.get_ref().is_table() { value.span() } else { key.span() };
            self.value(path, at.start, value);
        }
    }

    fn value(&mut self, path: String, start: usize, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(&path, table),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(format!("{path}[{index}]"), item.span().start, item);
                }
            }
            _ => {}
        }
        let line = self.starts.partition_point(|at| *at <= start);
        let text = (!value.get_ref().is_table()).then(|| self.shown(value.span())).flatten();
        self.spots.insert(path, Spot { line, text });
    }

    /// What the file says, if it is short enough to repeat.
    fn shown(&self, span: Range<usize>) -> Option<String> {
        let text = self.text.get(span)?;
        (text.chars().count() <= SHOWN && !text.contains('\n')).then(|| text.to_string())
    }
}
