//! The timings of earlier runs of a stack: one JSON line each, beside its state. Nothing depends on
//! them but estimates, so what cannot be read or written is let go.

use crate::{disk, model::Run};
use std::{io::Write, path::Path};

/// How many runs are kept.
const KEPT: usize = 20;

const FILE: &str = "timings.jsonl";

/// The runs that are kept, oldest first.
pub fn read(directory: &Path) -> Vec<Run> {
    let bytes = disk::read(&directory.join(FILE)).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Adds a run, and lets the oldest go.
///
/// # Errors
/// When the disk refuses.
pub fn add(directory: &Path, run: &Run) -> std::io::Result<()> {
    let mut runs = read(directory);
    runs.push(run.clone());
    let first = runs.len().saturating_sub(KEPT);
    let lines = runs[first..].iter().map(serde_json::to_string);
    let text: String = lines.collect::<Result<Vec<_>, _>>()?.join("\n");
    disk::replace(&directory.join(FILE), |file| file.write_all(format!("{text}\n").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_last_runs_are_kept_and_a_damaged_line_is_let_go() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), "not a run\n").unwrap();
        for number in 0..KEPT + 3 {
            let run = Run { seconds: number as f64, ..Run::default() };
            add(directory.path(), &run).unwrap();
        }
        let runs = read(directory.path());
        assert_eq!(runs.len(), KEPT);
        assert_eq!(runs[0].seconds, 3.0);
    }
}
