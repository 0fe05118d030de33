//! The state folder: where the journal, the ledger and the socket of their one owner are.
//!
//! Whoever drives releases owns the folder and answers on its socket; everybody else asks the owner, or looks at the
//! files read-only. What is in the files is the business of the ledger and of the engine.

mod ownership;
pub mod socket;

pub use ownership::{Owner, Ownership};

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// An existing state folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder {
    path: PathBuf,
}

/// The state folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It cannot be created or looked at.
    #[error("cannot use the state folder {}; it must be a folder that you may write to", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The lock file cannot be used.
    #[error("cannot lock the state folder with {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process owns it. Every command but `serve` can ask that process instead.
    #[error("the state folder {} is in use by {}; wait until it ends, stop it, or choose another state folder", path.display(), describe(owner.as_ref()))]
    OwnedBy {
        /// The folder.
        path: PathBuf,
        /// Who owns it, if the owner has said so yet.
        owner: Option<Owner>,
    },
}

fn describe(owner: Option<&Owner>) -> String {
    let unknown = || "another process, which is just starting".to_owned();
    owner.map_or_else(unknown, |Owner { process, command, since }| {
        format!("process {process} (`{command}`, since {since})")
    })
}

impl StateFolder {
    /// Opens the folder, and creates it and its parents, for nobody else to look into, if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be created or is not a folder.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let not_usable = |source| StateError::Folder { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(not_usable)?;
        // Absolute, so that the name means the same for whoever reads it in a message.
        let path = path.canonicalize().map_err(not_usable)?;
        Ok(Self { path })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The engine's file.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.sqlite")
    }

    /// The ledger's file.
    pub fn ledger(&self) -> PathBuf {
        self.path.join("ledger.sqlite")
    }

    /// Where the owner answers.
    pub fn socket(&self) -> PathBuf {
        self.path.join("owner.sock")
    }
}
