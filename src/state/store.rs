//! The state on disk: a snapshot, the journal since then, and the rule that nobody relies on an
//! entry before it is synced.

use super::{
    VERSION,
    fold::{Illegal, State},
    journal::{Entry, Line},
};
use crate::disk;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// After so many lines the journal is folded into a snapshot.
const LONG: u64 = 2000;

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{path}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line or the snapshot does not read.
    #[error("{}: not an entry of meshctl's journal: {source}", place(.path, *.line))]
    Damaged {
        /// Where.
        path: PathBuf,
        /// Which line, from 1; 0 for the snapshot.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// A line cannot follow what stands before it.
    #[error("{}: {source}", place(.path, *.line))]
    Illegal {
        /// Where.
        path: PathBuf,
        /// Which line, from 1; 0 for the snapshot or a fresh entry.
        line: usize,
        /// Why.
        source: Illegal,
    },
    /// An earlier entry could not be written: nothing may follow it.
    #[error("{path}: nothing is written after an entry that could not be")]
    Broken {
        /// Where.
        path: PathBuf,
    },
}

fn place(path: &Path, line: usize) -> String {
    match line {
        0 => path.display().to_string(),
        _ => format!("{}, line {line}", path.display()),
    }
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    version: u32,
    serial: u64,
    #[serde(flatten)]
    state: State,
}

/// The state of one stack, in memory and on disk.
#[derive(Debug)]
pub struct Store {
    state: State,
    directory: Option<PathBuf>,
    journal: Option<File>,
    serial: u64,
    lines: u64,
    written: u64,
    synced: u64,
    /// The disk refused once. What follows would stand behind a gap or half a line.
    broken: bool,
}

impl Store {
    /// In memory only: for plans and tests.
    pub fn in_memory(state: State) -> Self {
        Self {
            state,
            directory: None,
            journal: None,
            serial: 0,
            lines: 0,
            written: 0,
            synced: 0,
            broken: false,
        }
    }

    /// Reads what is on record without touching it.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is another stack's.
    pub fn read(directory: &Path, stack: &str) -> Result<Self, StoreError> {
        let mut store = Self::in_memory(State::of(stack));
        store.load_snapshot(&directory.join("snapshot.json"), stack)?;
        store.load_journal(&directory.join("journal.jsonl"))?;
        Ok(store)
    }

    /// Reads what is on record and gets ready to add to it. A torn last line, which nobody can have
    /// relied on, is cut off.
    ///
    /// # Errors
    /// When it cannot be read or written, is damaged, or is another stack's.
    pub fn open(directory: &Path, stack: &str) -> Result<Self, StoreError> {
        make_directory(directory)?;
        let mut store = Self::read(directory, stack)?;
        let path = directory.join("journal.jsonl");
        let refused = |source| StoreError::File { path: path.clone(), source };
        let file = disk::write(&path, OpenOptions::new().append(true)).map_err(refused)?;
        file.set_len(store.written).map_err(refused)?;
        store.synced = store.written;
        store.journal = Some(file);
        store.directory = Some(directory.into());
        if store.lines > LONG {
            store.compact()?;
        }
        Ok(store)
    }

    /// What is on record.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Writes an entry; it is not yet safe to rely on. Returns the position to [`sync`](Self::sync).
    ///
    /// # Errors
    /// When the disk refuses, or the entry cannot follow what is on record.
    pub fn append(&mut self, entry: Entry) -> Result<u64, StoreError> {
        if self.broken {
            return Err(StoreError::Broken { path: self.path() });
        }
        let illegal = |path, source| StoreError::Illegal { path, line: 0, source };
        let next = self.serial.checked_add(1);
        let serial = next.ok_or_else(|| illegal(self.path(), Illegal::Last))?;
        self.state.apply(&entry).map_err(|source| illegal(self.path(), source))?;
        let line = Line { serial, entry };
        let damaged = |source| StoreError::Damaged { path: self.path(), line: 0, source };
        let mut bytes = serde_json::to_vec(&line).map_err(damaged)?;
        self.serial = line.serial;
        bytes.push(b'\n');
        if let Some(journal) = &mut self.journal
            && let Err(source) = journal.write_all(&bytes)
        {
            self.broken = true;
            // Half a line goes; where even that is refused, loading cuts it off.
            let _ = journal.set_len(self.written);
            return Err(StoreError::File { path: self.path(), source });
        }
        self.written += bytes.len() as u64;
        self.lines += 1;
        Ok(self.written)
    }

    /// Makes everything up to this position safe to rely on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&mut self, position: u64) -> Result<(), StoreError> {
        if self.synced < position {
            if let Some(journal) = &self.journal
                && let Err(source) = journal.sync_data()
            {
                self.broken = true;
                return Err(StoreError::File { path: self.path(), source });
            }
            self.synced = self.written;
        }
        Ok(())
    }

    /// How much of the journal is safe: a power cut may take what was written since.
    pub fn synced(&self) -> u64 {
        self.synced
    }

    /// Folds the journal into a snapshot. A crash between the two leaves lines that the snapshot
    /// already holds; their serial numbers say so.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        let Some(directory) = self.directory.clone() else { return Ok(()) };
        if self.broken {
            return Err(StoreError::Broken { path: self.path() });
        }
        let path = directory.join("snapshot.json");
        let refused = |source| StoreError::File { path: path.clone(), source };
        let snapshot =
            Snapshot { version: VERSION, serial: self.serial, state: self.state.clone() };
        let bytes = serde_json::to_vec_pretty(&snapshot).map_err(|source| StoreError::Damaged {
            path: path.clone(),
            line: 0,
            source,
        })?;
        let fill = |file: &mut File| file.write_all(&bytes).and_then(|()| file.sync_all());
        disk::replace(&path, fill).map_err(refused)?;
        File::open(&directory).and_then(|folder| folder.sync_all()).map_err(refused)?;
        if let Some(journal) = &self.journal {
            journal.set_len(0).map_err(refused)?;
        }
        (self.lines, self.written, self.synced) = (0, 0, 0);
        Ok(())
    }

    fn load_snapshot(&mut self, path: &Path, stack: &str) -> Result<(), StoreError> {
        let bytes = match disk::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(StoreError::File { path: path.into(), source }),
        };
        let illegal = |source| StoreError::Illegal { path: path.into(), line: 0, source };
        let snapshot: Snapshot = serde_json::from_slice(&bytes).map_err(|source| {
            StoreError::Damaged { path: path.into(), line: source.line(), source }
        })?;
        if snapshot.version != VERSION {
            return Err(illegal(Illegal::Version(snapshot.version)));
        }
        if snapshot.state.stack != stack {
            return Err(illegal(Illegal::Stack(snapshot.state.stack)));
        }
        if snapshot.serial == u64::MAX {
            return Err(illegal(Illegal::Last));
        }
        self.serial = snapshot.serial;
        self.state = snapshot.state;
        Ok(())
    }

    fn load_journal(&mut self, path: &Path) -> Result<(), StoreError> {
        let text = match disk::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(StoreError::File { path: path.into(), source }),
        };
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if !line.ends_with(b"\n") {
                // Torn by a crash in the middle of the write: never synced, never relied on.
                break;
            }
            let number = index + 1;
            let line_at: Line = serde_json::from_slice(line).map_err(|source| {
                StoreError::Damaged { path: path.into(), line: number, source }
            })?;
            self.written += line.len() as u64;
            self.lines += 1;
            if line_at.serial > self.serial {
                let illegal =
                    |source| StoreError::Illegal { path: path.into(), line: number, source };
                // There is a next one, for this one is larger.
                let next = self.serial + 1;
                if line_at.serial != next {
                    return Err(illegal(Illegal::Gap(next, line_at.serial)));
                }
                self.state.apply(&line_at.entry).map_err(illegal)?;
                self.serial = line_at.serial;
            }
        }
        Ok(())
    }

    fn path(&self) -> PathBuf {
        let name = "journal.jsonl";
        self.directory.as_ref().map_or_else(|| name.into(), |directory| directory.join(name))
    }
}

/// Moves what is on record out of the way, whatever it is, and says where to. Nothing is lost: the
/// files get this ending, with a number where earlier files have it already. Whoever calls it holds
/// the stack's lock.
///
/// # Errors
/// When the file system refuses.
pub fn set_aside(directory: &Path, ending: &str) -> Result<Vec<PathBuf>, StoreError> {
    const FILES: [&str; 2] = ["journal.jsonl", "snapshot.json"];
    let aside = |name: &str, number: u32| match number {
        1 => directory.join(format!("{name}.{ending}")),
        _ => directory.join(format!("{name}.{ending}-{number}")),
    };
    let is_free =
        |number: &u32| FILES.iter().all(|name| fs::symlink_metadata(aside(name, *number)).is_err());
    let number = (1..u32::MAX).find(is_free).unwrap_or(u32::MAX);
    let mut moved = Vec::new();
    for name in FILES {
        let path = directory.join(name);
        let to = aside(name, number);
        match fs::rename(&path, &to) {
            Ok(()) => moved.push(to),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(StoreError::File { path, source }),
        }
    }
    Ok(moved)
}

/// Makes a directory that only its owner may read: ARNs and IDs are nobody else's business.
///
/// # Errors
/// When the file system refuses.
pub fn make_directory(directory: &Path) -> Result<(), StoreError> {
    disk::make_directory(directory)
        .map_err(|source| StoreError::File { path: directory.into(), source })
}

#[cfg(test)]
mod tests;
