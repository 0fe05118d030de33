//! What can be asked about workflows, by the engine's handle and by a reader in another process.

use crate::{
    error::{EngineError, ParkReason},
    journal::{JournalEntry, Record, RecordKind},
    schema::classify,
};
use durable::Failure;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

/// Where a workflow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkflowState {
    /// It goes on when the next answer comes.
    Running,
    /// The engine does not go on with it until it is opened again.
    Parked,
    /// It ended with a result.
    Completed,
    /// It ended with a failure.
    Failed,
}

impl WorkflowState {
    /// The state in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Parked => "parked",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing will happen to it any more.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// How a workflow ended, or why it does not go on.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It ended with this result.
    Completed(Value),
    /// It ended with this failure.
    Failed(Failure),
    /// It is parked for this reason.
    Parked(ParkReason),
}

impl Outcome {
    /// The result in its own type; every other outcome is a failure.
    ///
    /// # Errors
    /// The failure that the workflow ended with. A parked workflow, or a result that is no `T`, is one of kind
    /// [`durable::FailureKind::Engine`].
    pub fn decode<T: DeserializeOwned>(self) -> Result<T, Failure> {
        use durable::FailureKind::Engine;
        match self {
            Self::Completed(value) => serde_json::from_value(value)
                .map_err(|error| Failure::new(Engine, "undecodable_answer", error.to_string())),
            Self::Failed(failure) => Err(failure),
            Self::Parked(reason) => Err(Failure::new(Engine, crate::journal::PARKED, reason.to_string())),
        }
    }
}

/// One workflow in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkflowSummary {
    /// Its id.
    pub id: String,
    /// Its kind: [`durable::Workflow::NAME`].
    pub name: String,
    /// The id of the workflow that started it.
    pub parent: Option<String>,
    /// Where it stands.
    pub state: WorkflowState,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it took its present state.
    pub changed_at: Timestamp,
}

/// Everything about one workflow but its journal.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WorkflowStatus {
    /// What a list shows.
    pub summary: WorkflowSummary,
    /// What it was started with.
    pub input: Value,
    /// How it ended or why it is parked; `None` while it runs.
    pub outcome: Option<Outcome>,
}

/// Which workflows to list. The default lists all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<WorkflowState>,
    /// Only those of this kind.
    pub name: Option<String>,
    /// Only the children of the workflow with this id.
    pub parent: Option<String>,
    /// Only those that nobody's workflow started.
    pub roots_only: bool,
}

const SELECT_SUMMARY: &str = "
select w.id, w.name, p.id, w.state, w.started_at, w.changed_at, w.input, w.outcome, w.key
from workflow w left join workflow p on p.key = w.parent";

/// In the order in which they were started.
pub(crate) fn list(
    connection: &Connection,
    path: &Path,
    filter: &Filter,
) -> Result<Vec<WorkflowSummary>, EngineError> {
    let sql = format!(
        "{SELECT_SUMMARY} where (?1 is null or w.state = ?1) and (?2 is null or w.name = ?2)
           and (?3 is null or p.id = ?3) and (not ?4 or w.parent is null) order by w.key"
    );
    let state = filter.state.map(WorkflowState::as_str);
    let values = params![state, filter.name, filter.parent, filter.roots_only];
    connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_map(values, summary)?.collect())
        .map_err(|error| classify(path, "list workflows", error))
}

pub(crate) fn status(
    connection: &Connection,
    path: &Path,
    id: &str,
) -> Result<Option<WorkflowStatus>, EngineError> {
    connection
        .prepare_cached(&format!("{SELECT_SUMMARY} where w.id = ?1"))
        .and_then(|mut statement| statement.query_row([id], full_status).optional())
        .map_err(|error| classify(path, "read a workflow", error))
}

/// `None`: there is no such workflow.
pub(crate) fn journal(
    connection: &Connection,
    path: &Path,
    id: &str,
) -> Result<Option<Vec<JournalEntry>>, EngineError> {
    let failed = |error| classify(path, "read a journal", error);
    let key: Option<i64> = connection
        .prepare_cached("select key from workflow where id = ?1")
        .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
        .map_err(failed)?;
    let Some(key) = key else { return Ok(None) };
    let sql = format!("{SELECT_RECORD} where workflow = ?1 order by generation, position");
    let records: Vec<Result<Record, ParkReason>> = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_map([key], record)?.collect())
        .map_err(failed)?;
    let entries: Result<Vec<JournalEntry>, ParkReason> =
        records.into_iter().map(|record| record.map(JournalEntry::from)).collect();
    let damaged =
        |reason: ParkReason| EngineError::Corrupt { path: path.to_owned(), problem: reason.to_string() };
    entries.map(Some).map_err(damaged)
}

pub(crate) const SELECT_RECORD: &str =
    "select position, at, kind, sequence, name, target, succeeded, body, attempts, began_at from record";

/// A row of [`SELECT_RECORD`].
pub(crate) fn record(row: &Row<'_>) -> rusqlite::Result<Result<Record, ParkReason>> {
    let position: i64 = row.get(0)?;
    let (kind, body): (String, String) = (row.get(2)?, row.get(7)?);
    let Some(kind) = RecordKind::parse(&kind) else {
        let message = format!("its kind {kind:?} is unknown");
        return Ok(Err(ParkReason::UnreadableRecord { position, message }));
    };
    let answer = if row.get(6)? {
        Ok(body)
    } else {
        match serde_json::from_str::<Failure>(&body) {
            Ok(failure) => Err(failure),
            Err(error) => {
                return Ok(Err(ParkReason::UnreadableRecord { position, message: error.to_string() }));
            }
        }
    };
    Ok(Ok(Record {
        position,
        at: timestamp(row, 1)?,
        kind,
        sequence: row.get(3)?,
        name: row.get(4)?,
        target: row.get(5)?,
        answer,
        attempts: row.get(8)?,
        began_at: timestamp(row, 9)?,
    }))
}

fn summary(row: &Row<'_>) -> rusqlite::Result<WorkflowSummary> {
    Ok(WorkflowSummary {
        id: row.get(0)?,
        name: row.get(1)?,
        parent: row.get(2)?,
        state: state(row, 3)?,
        started_at: timestamp(row, 4)?,
        changed_at: timestamp(row, 5)?,
    })
}

fn full_status(row: &Row<'_>) -> rusqlite::Result<WorkflowStatus> {
    let summary = summary(row)?;
    let outcome = outcome(summary.state, row.get::<_, Option<String>>(7)?.as_deref())
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(7, Type::Text, Box::new(error)))?;
    let input: String = row.get(6)?;
    let input = serde_json::from_str(&input)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(6, Type::Text, Box::new(error)))?;
    Ok(WorkflowStatus { summary, input, outcome })
}

/// The outcome column, read by the state next to it.
pub(crate) fn outcome(
    state: WorkflowState,
    text: Option<&str>,
) -> Result<Option<Outcome>, serde_json::Error> {
    let text = text.unwrap_or("null");
    Ok(match state {
        WorkflowState::Running => None,
        WorkflowState::Parked => Some(Outcome::Parked(serde_json::from_str(text)?)),
        WorkflowState::Completed => Some(Outcome::Completed(serde_json::from_str(text)?)),
        WorkflowState::Failed => Some(Outcome::Failed(serde_json::from_str(text)?)),
    })
}

pub(crate) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<WorkflowState> {
    use WorkflowState::{Completed, Failed, Parked, Running};
    let text: String = row.get(column)?;
    let known = [Running, Parked, Completed, Failed].into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| rusqlite::Error::InvalidColumnType(column, text, Type::Text))
}

pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let microseconds = row.get(column)?;
    Timestamp::from_microsecond(microseconds)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}
