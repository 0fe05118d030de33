//! Looking into a journal from another process, while its owner runs or while nobody does.

use crate::{
    error::EngineError,
    journal::JournalEntry,
    query::{self, Filter, WorkflowStatus, WorkflowSummary},
    schema,
};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// A journal that is only read.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens a journal for reading; `None` if there is none yet.
    ///
    /// # Errors
    /// The file is foreign, newer, damaged, or cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Option<Self>, EngineError> {
        let path = path.as_ref();
        if !path.exists() {
            return Ok(None);
        }
        let connection = schema::open_read_only(path)?;
        Ok(match schema::identify(&connection, path)? {
            schema::Found::Nothing => None,
            schema::Found::Journal => Some(Self { connection, path: path.to_owned() }),
        })
    }

    /// Lists workflows in the order in which they were started.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<WorkflowSummary>, EngineError> {
        query::list(&self.connection, &self.path, filter)
    }

    /// Where a workflow stands; `None` if there is none with this id.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn status(&self, id: &str) -> Result<Option<WorkflowStatus>, EngineError> {
        query::status(&self.connection, &self.path, id)
    }

    /// What happened to a workflow so far; `None` if there is none with this id.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn journal(&self, id: &str) -> Result<Option<Vec<JournalEntry>>, EngineError> {
        query::journal(&self.connection, &self.path, id)
    }
}
