//! The journal as a file or in memory: opening, transactions, and the faults that tests ask for.
//!
//! The driver opens one transaction per pass; the statements in [`rows`] never commit by themselves.

mod lives;
mod rows;

pub(crate) use rows::{AttemptRow, WorkflowRow};

use crate::{
    error::EngineError,
    options::{Fault, Faults},
    query, schema,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The row number of a workflow, by which all other rows refer to it.
pub(crate) type Key = i64;

/// A journal in memory, for simulations. Clones share it; it survives the engine that uses it, as a file would.
#[derive(Clone, Default)]
pub struct MemoryJournal {
    resting: Arc<Mutex<Resting>>,
}

#[derive(Default)]
enum Resting {
    #[default]
    Untouched,
    InUse,
    Here(Connection),
}

/// One open journal.
pub(crate) struct Store {
    // `None` only while it is being dropped.
    connection: Option<Connection>,
    path: PathBuf,
    home: Option<MemoryJournal>,
    faults: Option<Faults>,
    commits: u64,
}

impl Store {
    pub(crate) fn open_file(path: &Path, faults: Option<Faults>) -> Result<Self, EngineError> {
        let found = schema::inspect(path)?;
        let failed = |source| EngineError::Open { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        connection
            .pragma_update(None, "journal_mode", "wal")
            .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
            .map_err(|error| schema::classify(path, "switch to a write-ahead log", error))?;
        Self::prepare(connection, path.to_owned(), None, found, faults)
    }

    pub(crate) fn open_memory(home: &MemoryJournal, faults: Option<Faults>) -> Result<Self, EngineError> {
        let path = PathBuf::from(":memory:");
        let resting = std::mem::replace(&mut *home.lock(), Resting::InUse);
        let (connection, found) = match resting {
            Resting::InUse => return Err(EngineError::MemoryInUse),
            Resting::Here(connection) => (connection, schema::Found::Journal),
            Resting::Untouched => {
                let failed = |source| EngineError::Open { path: path.clone(), source };
                (Connection::open_in_memory().map_err(failed)?, schema::Found::Nothing)
            }
        };
        Self::prepare(connection, path, Some(home.clone()), found, faults)
    }

    fn prepare(
        connection: Connection,
        path: PathBuf,
        home: Option<MemoryJournal>,
        found: schema::Found,
        faults: Option<Faults>,
    ) -> Result<Self, EngineError> {
        connection.set_prepared_statement_cache_capacity(64);
        if found == schema::Found::Nothing {
            schema::create(&connection, &path)?;
        }
        schema::add(&connection, &path)?;
        Ok(Self { connection: Some(connection), path, home, faults, commits: 0 })
    }

    pub(crate) fn connection(&self) -> Result<&Connection, EngineError> {
        self.connection.as_ref().ok_or(EngineError::Stopped)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The time of the last commit, which time must not fall behind.
    pub(crate) fn last_commit_at(&self) -> Result<Timestamp, EngineError> {
        let read = self.one("select last_commit_at from engine", [], |row| query::timestamp(row, 0))?;
        Ok(read.unwrap_or(Timestamp::UNIX_EPOCH))
    }

    pub(crate) fn begin(&self) -> Result<(), EngineError> {
        self.execute("begin a transaction", "begin immediate", [])
    }

    /// Makes everything since [`Store::begin`] durable.
    pub(crate) fn commit(&mut self, at: Timestamp) -> Result<(), EngineError> {
        let moment = at.as_microsecond();
        self.execute("note the time", "update engine set last_commit_at = ?1", [moment])?;
        self.commits += 1;
        let commit = self.commits;
        let fault = self.faults.as_ref().map_or(Fault::None, |faults| faults(commit));
        if fault == Fault::BeforeCommit {
            return Err(EngineError::InjectedFault { commit });
        }
        self.execute("commit", "commit", [])?;
        match fault {
            Fault::AfterCommit => Err(EngineError::InjectedFault { commit }),
            Fault::DiskFullFromNowOn => self.stop_growing(),
            Fault::None | Fault::BeforeCommit => Ok(()),
        }
    }

    /// From now on SQLite itself answers "full" to whatever needs another page.
    fn stop_growing(&self) -> Result<(), EngineError> {
        let pages = self.one("pragma page_count", [], |row| row.get::<_, i64>(0))?.unwrap_or(1);
        self.one(&format!("pragma max_page_count = {pages}"), [], |_| Ok(())).map(drop)
    }

    fn execute(&self, doing: &'static str, sql: &str, values: impl Params) -> Result<(), EngineError> {
        self.connection()?
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(drop)
            .map_err(|error| schema::classify(&self.path, doing, error))
    }

    fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, EngineError> {
        self.connection()?
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, read).optional())
            .map_err(|error| schema::classify(&self.path, "read", error))
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, EngineError> {
        self.connection()?
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(values, read)?.collect())
            .map_err(|error| schema::classify(&self.path, "read", error))
    }
}

impl MemoryJournal {
    fn lock(&self) -> std::sync::MutexGuard<'_, Resting> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let (Some(home), Some(connection)) = (&self.home, self.connection.take()) else { return };
        // What was not committed is lost, as it would be with a file.
        let clean = connection.is_autocommit() || connection.execute_batch("rollback").is_ok();
        let unlimited = connection.execute_batch("pragma max_page_count = 4294967294").is_ok();
        *home.lock() = if clean && unlimited { Resting::Here(connection) } else { Resting::InUse };
    }
}
