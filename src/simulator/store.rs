//! The account on disk, so that `up`, `status` and `down` in separate processes see one account. It
//! holds the environment of every container, so it is its owner's alone.

use super::{Account, Settings};
use crate::disk;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Why an account cannot be kept or read.
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
    /// The file holds something else.
    #[error("{path} is not a simulated account of this version: {source}")]
    Content {
        /// Where.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::File { .. } => "make room, mend the permissions or give another directory",
            Self::Content { .. } => {
                "remove the file to begin with an empty account, or give another directory"
            }
        }
    }
}

/// One directory with one account.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// Reads the account that is kept there, or begins one.
    ///
    /// # Errors
    /// When the directory cannot be made or read, or holds something else.
    pub fn open(directory: &Path, settings: &Settings) -> Result<(Self, Account), StoreError> {
        let file = |source| StoreError::File { path: directory.into(), source };
        disk::make_directory(directory).map_err(file)?;
        let path = directory.join("account.json");
        let account = match disk::read(&path) {
            Ok(bytes) => {
                let mut account: Account = serde_json::from_slice(&bytes)
                    .map_err(|source| StoreError::Content { path: path.clone(), source })?;
                account.instant = settings.instant;
                account.consistent = settings.consistent;
                account.appmesh.closed |= settings.without_app_mesh;
                if let Some(quotas) = &settings.quotas {
                    account.quotas = quotas.clone();
                }
                account
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Account::new(settings),
            Err(source) => return Err(StoreError::File { path, source }),
        };
        Ok((Self { path }, account))
    }

    /// Writes the account, whole or not at all.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn save(&mut self, account: &Account) -> Result<(), StoreError> {
        let file = |source| StoreError::File { path: self.path.clone(), source };
        let bytes = serde_json::to_vec(account)
            .map_err(|source| StoreError::Content { path: self.path.clone(), source })?;
        disk::replace(&self.path, |kept| kept.write_all(&bytes)).map_err(file)
    }
}
