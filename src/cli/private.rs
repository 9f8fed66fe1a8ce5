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
            Err(CliError::new(Exit::Refused, message)
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
    Err(CliError::new(Exit::Refused, message)
        .hint(format!("chmod o-w {place}, or give another directory")))
}

/// Closes a directory that the user named if nothing but an account of ours is in it, and refuses it
/// if it is open and has more in it.
///
/// # Errors
/// When it is open to others, and not ours to close.
pub fn close_if_ours(directory: &Path) -> Result<(), CliError> {
    let is_empty = fs::read_dir(directory).map_or(true, |mut names| names.next().is_none());
    if is_empty || directory.join("account.json").exists() {
        return close(directory);
    }
    if !disk::is_closed(directory) {
        let place = directory.display();
        let message = format!("others may look into {place}, and more than an account is in there");
        return Err(CliError::new(Exit::Refused, message)
            .hint("give a directory that is empty or not there yet: it will be yours alone"));
    }
    Ok(())
}
