//! The rows: every statement that writes, and those that a restart reads.
//!
//! The driver opens one transaction per pass, so nothing here commits by itself.

use crate::{
    error::{EngineError, ParkReason},
    flow::Answer,
    journal::Record,
    options::{Fault, Faults},
    query, schema,
};
use durable::Failure;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
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

/// A workflow's row as far as the driver needs it.
#[derive(Debug, Clone)]
pub(crate) struct WorkflowRow {
    pub(crate) key: Key,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parent: Option<Key>,
    pub(crate) state: query::WorkflowState,
    pub(crate) input: String,
    pub(crate) outcome: Option<String>,
    pub(crate) started_at: Timestamp,
}

/// What is known of an activity that has not answered yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct AttemptRow {
    pub(crate) failed: u32,
    pub(crate) retry_at: Option<Timestamp>,
    pub(crate) failure: Option<Failure>,
    pub(crate) heartbeat: Option<serde_json::Value>,
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

    pub(crate) fn insert_workflow(
        &self,
        id: &str,
        name: &str,
        parent: Option<Key>,
        input: &str,
        at: Timestamp,
    ) -> Result<Key, EngineError> {
        let sql = "insert into workflow (id, name, parent, input, state, started_at, changed_at)
                   values (?1, ?2, ?3, ?4, 'running', ?5, ?5)";
        self.execute("start a workflow", sql, params![id, name, parent, input, at.as_microsecond()])?;
        Ok(self.connection()?.last_insert_rowid())
    }

    pub(crate) fn workflow_by_id(&self, id: &str) -> Result<Option<WorkflowRow>, EngineError> {
        self.one(&format!("{SELECT_WORKFLOW} where id = ?1"), [id], workflow_row)
    }

    /// All workflows that have not ended, in the order in which they were started.
    pub(crate) fn open_workflows(&self) -> Result<Vec<WorkflowRow>, EngineError> {
        let sql = format!("{SELECT_WORKFLOW} where state in ('running', 'parked') order by key");
        self.all(&sql, [], workflow_row)
    }

    pub(crate) fn end_workflow(&self, key: Key, result: &Answer, at: Timestamp) -> Result<(), EngineError> {
        let (state, outcome) = match result {
            Ok(output) => ("completed", output.clone()),
            Err(failure) => ("failed", json(failure)),
        };
        self.set_state(key, state, Some(outcome), at)
    }

    pub(crate) fn park_workflow(
        &self,
        key: Key,
        reason: &ParkReason,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        self.set_state(key, "parked", Some(json(reason)), at)
    }

    pub(crate) fn unpark_workflow(&self, key: Key, at: Timestamp) -> Result<(), EngineError> {
        self.set_state(key, "running", None, at)
    }

    fn set_state(
        &self,
        key: Key,
        state: &str,
        outcome: Option<String>,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let sql = "update workflow set state = ?2, outcome = ?3, changed_at = ?4 where key = ?1";
        let values = params![key, state, outcome, at.as_microsecond()];
        self.execute("change the state of a workflow", sql, values)
    }

    pub(crate) fn insert_record(&self, key: Key, record: &Record) -> Result<(), EngineError> {
        let sql = "insert into record (workflow, position, at, kind, sequence, name, target, succeeded, body,
                                       attempts, began_at)
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let body = match &record.answer {
            Ok(answer) => answer.clone(),
            Err(failure) => json(failure),
        };
        let values = params![
            key,
            record.position,
            record.at.as_microsecond(),
            record.kind.as_str(),
            record.sequence,
            record.name,
            record.target,
            record.answer.is_ok(),
            body,
            record.attempts,
            record.began_at.as_microsecond(),
        ];
        self.execute("append a record", sql, values)
    }

    /// The whole journal of one workflow; a record that cannot be read is an error of its own.
    pub(crate) fn records(&self, key: Key) -> Result<Vec<Result<Record, ParkReason>>, EngineError> {
        let sql = format!("{} where workflow = ?1 order by generation, position", query::SELECT_RECORD);
        self.all(&sql, [key], query::record)
    }

    pub(crate) fn last_position(&self, key: Key) -> Result<i64, EngineError> {
        let sql = "select coalesce(max(position), 0) from record where workflow = ?1";
        Ok(self.one(sql, [key], |row| row.get(0))?.unwrap_or(0))
    }

    pub(crate) fn save_attempt(&self, key: Key, sequence: i64, row: &AttemptRow) -> Result<(), EngineError> {
        let sql = "insert or replace into attempt (workflow, sequence, failed, retry_at, failure, heartbeat)
                   values (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![
            key,
            sequence,
            row.failed,
            row.retry_at.map(Timestamp::as_microsecond),
            row.failure.as_ref().map(json),
            row.heartbeat.as_ref().map(json),
        ];
        self.execute("note an attempt", sql, values)
    }

    pub(crate) fn attempts(&self, key: Key) -> Result<Vec<(i64, AttemptRow)>, EngineError> {
        let sql = "select sequence, failed, retry_at, failure, heartbeat from attempt where workflow = ?1";
        self.all(sql, [key], |row| {
            let retry_at = row.get::<_, Option<i64>>(2)?.map(|_| query::timestamp(row, 2)).transpose()?;
            // What cannot be read is only a hint: the retry goes on without it.
            let failure = row.get::<_, Option<String>>(3)?.and_then(|text| serde_json::from_str(&text).ok());
            let heartbeat =
                row.get::<_, Option<String>>(4)?.and_then(|text| serde_json::from_str(&text).ok());
            Ok((row.get(0)?, AttemptRow { failed: row.get(1)?, retry_at, failure, heartbeat }))
        })
    }

    pub(crate) fn delete_attempt(&self, key: Key, sequence: i64) -> Result<(), EngineError> {
        let sql = "delete from attempt where workflow = ?1 and sequence = ?2";
        self.execute("forget an attempt", sql, [key, sequence])
    }

    pub(crate) fn delete_attempts(&self, key: Key) -> Result<(), EngineError> {
        self.execute("forget the attempts of a workflow", "delete from attempt where workflow = ?1", [key])
    }

    /// Removes every tree of workflows whose root ended before `before` and that has nothing open. Returns how many
    /// workflows that were.
    pub(crate) fn forget_ended_before(&self, before: Timestamp) -> Result<usize, EngineError> {
        let roots = "select key from workflow
                     where parent is null and state in ('completed', 'failed') and changed_at < ?1";
        let roots = self.all(roots, [before.as_microsecond()], |row| row.get::<_, Key>(0))?;
        let mut forgotten = 0;
        for root in roots {
            let tree = self.all(TREE, [root], |row| Ok((row.get::<_, Key>(0)?, row.get::<_, bool>(1)?)))?;
            if tree.iter().any(|(_, open)| *open) {
                continue;
            }
            for (key, _) in &tree {
                for table in ["record", "attempt"] {
                    let sql = format!("delete from {table} where workflow = ?1");
                    self.execute("forget a workflow", &sql, [key])?;
                }
                self.execute("forget a workflow", "delete from workflow where key = ?1", [key])?;
            }
            forgotten += tree.len();
        }
        Ok(forgotten)
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

const SELECT_WORKFLOW: &str = "select key, id, name, parent, state, input, outcome, started_at from workflow";

const TREE: &str = "
with recursive tree (key, state) as (
  select key, state from workflow where key = ?1
  union all
  select child.key, child.state from workflow child join tree on child.parent = tree.key
)
select key, state in ('running', 'parked') from tree";

fn workflow_row(row: &Row<'_>) -> rusqlite::Result<WorkflowRow> {
    Ok(WorkflowRow {
        key: row.get(0)?,
        id: row.get(1)?,
        name: row.get(2)?,
        parent: row.get(3)?,
        state: query::state(row, 4)?,
        input: row.get(5)?,
        outcome: row.get(6)?,
        started_at: query::timestamp(row, 7)?,
    })
}

/// Failures, reasons and values are trees of strings and numbers: writing them cannot fail.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"unwritable\":{:?}}}", error.to_string()))
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
