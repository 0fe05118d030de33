//! Every statement that writes rows, and those that a restart reads.

use super::{Key, Store};
use crate::{
    error::{EngineError, ParkReason},
    flow::Answer,
    journal::Record,
    query,
};
use durable::Failure;
use jiff::Timestamp;
use rusqlite::{Row, params};

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

    /// The id of a workflow by its row.
    pub(crate) fn id_of(&self, key: Key) -> Result<String, EngineError> {
        let id = self.one("select id from workflow where key = ?1", [key], |row| row.get(0))?;
        Ok(id.unwrap_or_default())
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
        for table in ["attempt", "lost"] {
            let sql = format!("delete from {table} where workflow = ?1");
            self.execute("forget the attempts of a workflow", &sql, [key])?;
        }
        Ok(())
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
                for table in ["record", "attempt", "lost"] {
                    let sql = format!("delete from {table} where workflow = ?1");
                    self.execute("forget a workflow", &sql, [key])?;
                }
                self.execute("forget a workflow", "delete from workflow where key = ?1", [key])?;
            }
            forgotten += tree.len();
        }
        Ok(forgotten)
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
