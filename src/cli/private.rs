//! The state is its owner's alone: it names everything that there is, and the simulated account holds
//! the environment of the services.

use super::{CliError, Exit};
use crate::{disk, report::text::err};
use std::{fs, path::Path};

/// Closes a directory of ours to others, with a word; one that is not there yet is made closed.
///
/// # Errors
/// When it is open to others and cannot be closed.
pub fn close(directory: &Path) -> Result<(), CliError> {
    let place = directory.display();
    match disk::close_directory(directory) {
        Ok(None) => Ok(()),
        Ok(Some(mode)) => {
            err!("note: {place} was open to others (mode {mode:04o}), and is closed to them now");
            Ok(())
        }
        Err(error) => {
            let message = format!("{place} is open to others, and cannot be closed: {error}");
            Err(CliError::new(Exit::Failed, message)
                .hint(format!("chmod go= {place}, or give another directory")))
        }
    }
}

/// Refuses a directory of somebody's in which anybody could put other states in the place of ours.
///
/// # Errors
/// When it is such a one.
pub fn guard(directory: &Path) -> Result<(), CliError> {
    if !disk::is_anybodys(directory) {
        return Ok(());
    }
    let place = directory.display();
    let message = format!("anybody may write to {place}, and so put another state in there");
    Err(CliError::new(Exit::Failed, message)
        .hint(format!("chmod o-w {place}, or give another directory")))
}

/// What a simulator keeps in its directory.
const ACCOUNT: [&str; 3] = ["account.json", "account.new", "lock"];

/// Closes a directory that the user named for an account if nothing else is in it, and refuses it if
/// it is open and has more in it.
///
/// # Errors
/// When it is open to others, and cannot be closed or is not ours to close.
pub fn close_if_ours(directory: &Path) -> Result<(), CliError> {
    let mut entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let is_ours = entries.all(|entry| ACCOUNT.iter().any(|name| entry.file_name() == *name));
    if is_ours || disk::is_closed(directory) {
        return close(directory);
    }
    let place = directory.display();
    let message = format!("others may look into {place}, and more than an account is in there");
    Err(CliError::new(Exit::Failed, message)
        .hint("give a directory that is empty or not there yet: it will be yours alone"))
}
