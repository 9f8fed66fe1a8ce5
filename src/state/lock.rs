//! Who holds a stack: one command at a time.
//!
//! On one machine the operating system holds the lock and lets it go with the process, however that
//! ends. Between machines that share the directory the file's text decides: its holder changes it
//! every few seconds, and one that has been silent for longer than that is dead. Whoever holds the
//! lock looks before every call that changes something whether it still does.

use crate::disk;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{JoinHandle, sleep, spawn},
    time::Duration,
};

/// Who holds the stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// The command, such as `up`.
    pub command: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Tells this holder from every other one.
    #[serde(default)]
    pub nonce: String,
    /// Grows while the holder lives.
    #[serde(default)]
    pub beat: u64,
}

/// How a holder shows to other machines that it lives.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// The time between two signs of life.
    pub beat: Duration,
    /// The silence after which a holder on another machine counts as dead.
    pub silence: Duration,
}

impl Default for Lease {
    fn default() -> Self {
        Self { beat: Duration::from_secs(5), silence: Duration::from_secs(20) }
    }
}

/// Why the stack cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("another meshctl holds this stack: {}", describe(.0.as_ref()))]
    Held(Option<Holder>),
    /// The file system refused.
    #[error("{path}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn describe(holder: Option<&Holder>) -> String {
    match holder {
        Some(h) => format!("`{}`, process {} on {}, since {}", h.command, h.pid, h.host, h.since),
        None => "it does not say who".into(),
    }
}

/// The stack is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    pulse: Arc<Pulse>,
    stop: Option<Sender<()>>,
    heart: Option<JoinHandle<()>>,
}

impl Lock {
    /// Takes the lock, or says who has it.
    ///
    /// # Errors
    /// When somebody else holds it, or the file cannot be written.
    pub fn take(path: &Path, command: &str) -> Result<Self, LockError> {
        Self::take_with(path, command, Lease::default())
    }

    /// Takes the lock under another lease. A holder on another machine is watched for the lease's
    /// silence: clocks of two machines differ, so only what it does in that time counts.
    ///
    /// # Errors
    /// When somebody else holds it, or the file cannot be written.
    pub fn take_with(path: &Path, command: &str, lease: Lease) -> Result<Self, LockError> {
        let refused = |source| LockError::File { path: path.into(), source };
        let file = disk::write(path, OpenOptions::new().read(true)).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(holder(path))),
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        let host = host();
        if let Some(before) = holder(path).filter(|before| before.host != host) {
            let mut waited = Duration::ZERO;
            while waited < lease.silence {
                sleep(lease.beat.min(lease.silence));
                waited += lease.beat;
                let now = holder(path);
                if now.is_some() && now.as_ref() != Some(&before) {
                    return Err(LockError::Held(now));
                }
            }
        }
        let holder = Holder {
            pid: std::process::id(),
            host,
            command: command.into(),
            since: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            nonce: format!("{:032x}", rand::random::<u128>()),
            beat: 0,
        };
        let pulse = Arc::new(Pulse { path: path.into(), file, holder });
        pulse.show(0).map_err(refused)?;
        let (stop, stopped) = channel::<()>();
        let heart = Arc::clone(&pulse);
        let heart = spawn(move || {
            let mut beat = 0;
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(lease.beat) {
                beat += 1;
                // A holder that was thought dead and lost its lock must not take it back.
                if heart.holds().is_err() || heart.show(beat).is_err() {
                    break;
                }
            }
        });
        Ok(Self { pulse, stop: Some(stop), heart: Some(heart) })
    }

    /// Says whether the lock is still held, and else why not: to be asked before every call that
    /// changes something.
    pub fn gate(&self) -> Arc<dyn Fn() -> Result<(), String> + Send + Sync> {
        // It must not keep the file: the lock ends with `self`, whoever still asks.
        let (path, nonce) = (self.pulse.path.clone(), self.pulse.holder.nonce.clone());
        Arc::new(move || holds(&path, &nonce))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(heart) = self.heart.take() {
            // It only ever ends by itself.
            let _ = heart.join();
        }
        if self.pulse.holds().is_ok() {
            // An empty file tells other machines at once; a full one would tell them later.
            let _ = self.pulse.file.set_len(0);
        }
    }
}

/// What holds the lock and shows that it does.
#[derive(Debug)]
struct Pulse {
    path: PathBuf,
    file: File,
    holder: Holder,
}

impl Pulse {
    fn show(&self, beat: u64) -> io::Result<()> {
        let holder = Holder { beat, ..self.holder.clone() };
        let text = serde_json::to_string(&holder).unwrap_or_default();
        let mut file = &self.file;
        file.rewind()?;
        // In one write, and never shorter than before: a reader sees the old or the new text.
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }

    fn holds(&self) -> Result<(), String> {
        holds(&self.path, &self.holder.nonce)
    }
}

/// Whether the holder with this nonce still holds the lock, and else why not.
fn holds(path: &Path, nonce: &str) -> Result<(), String> {
    match holder(path) {
        Some(now) if now.nonce == nonce => Ok(()),
        Some(now) => Err(format!("this meshctl lost its lock to {}", describe(Some(&now)))),
        None => Err(format!("this meshctl lost its lock: {} is gone", path.display())),
    }
}

/// Who holds the lock by the file's text; nobody when it is empty or gone.
pub fn holder(path: &Path) -> Option<Holder> {
    // A sign of life may be under way: half a text is read again.
    (0..3).find_map(|_| {
        let text = disk::read(path).ok()?;
        serde_json::from_slice(&text).ok()
    })
}

/// This machine's name.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Whether a lock file names a holder on another machine, whose life only time can tell.
pub fn elsewhere(path: &Path) -> Option<Holder> {
    holder(path).filter(|holder| holder.host != host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const QUICK: Lease =
        Lease { beat: Duration::from_millis(10), silence: Duration::from_millis(60) };

    fn held_elsewhere(path: &Path, beat: u64) {
        let holder = Holder {
            pid: 7,
            host: "elsewhere".into(),
            command: "up".into(),
            since: "2026-01-01T00:00:00Z".into(),
            nonce: "n".into(),
            beat,
        };
        fs::write(path, serde_json::to_string(&holder).unwrap()).unwrap();
    }

    #[test]
    fn a_second_holder_learns_who_the_first_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = Lock::take(&path, "up").unwrap();
        let error = Lock::take(&path, "down").unwrap_err().to_string();
        let who = format!("`up`, process {} on {}, since 2", std::process::id(), host());
        assert!(error.contains(&who), "{error}");
        let gate = first.gate();
        drop(first);
        assert!(gate().is_err(), "the gate outlives the lock, and does not keep it");
        drop(Lock::take(&path, "down").unwrap());
        assert_eq!(holder(&path), None, "a released lock names nobody");
    }

    #[test]
    fn a_silent_holder_on_another_machine_is_dead_after_its_lease() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        held_elsewhere(&path, 3);
        assert_eq!(elsewhere(&path).map(|holder| holder.pid), Some(7));
        let lock = Lock::take_with(&path, "up", QUICK).unwrap();
        assert!(lock.gate()().is_ok());
        assert!(Lease::default().silence <= Duration::from_secs(30));
    }

    #[test]
    fn a_holder_on_another_machine_that_shows_life_keeps_its_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        held_elsewhere(&path, 0);
        let (stop, stopped) = channel::<()>();
        let alive = path.clone();
        let other = spawn(move || {
            let mut beat = 0;
            while stopped.recv_timeout(Duration::from_millis(5)).is_err() {
                beat += 1;
                held_elsewhere(&alive, beat);
            }
        });
        let patient = Lease { silence: Duration::from_secs(60), ..QUICK };
        let error = Lock::take_with(&path, "up", patient).unwrap_err().to_string();
        stop.send(()).unwrap();
        other.join().unwrap();
        assert!(error.contains("process 7 on elsewhere"), "{error}");
    }

    #[test]
    fn a_holder_that_lost_its_lock_knows_and_does_not_take_it_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let lock = Lock::take_with(&path, "up", QUICK).unwrap();
        let gate = lock.gate();
        held_elsewhere(&path, 1);
        let why = gate().unwrap_err();
        assert!(why.contains("lost its lock to `up`, process 7 on elsewhere"), "{why}");
        sleep(QUICK.beat * 5);
        drop(lock);
        assert_eq!(holder(&path).map(|holder| holder.pid), Some(7));
        fs::remove_file(&path).unwrap();
        assert!(gate().unwrap_err().contains("is gone"));
    }
}
