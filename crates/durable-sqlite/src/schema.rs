//! The tables of a journal, and the check that a file is one before anything is written to it.

use crate::error::EngineError;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::{path::Path, time::Duration};

/// Marks a file as a journal of this engine ("RWJL").
const APPLICATION_ID: i64 = 0x5257_4a4c;
/// The format that this code reads and writes.
const FORMAT: i64 = 1;

/// `generation` is reserved for continue-as-new and always 0 today. The record kind `marker` is reserved for version
/// markers. Times are microseconds since 1970 in UTC. Inputs, answers and messages are JSON.
const TABLES: &str = "
create table engine (
  only_row integer primary key check (only_row = 0),
  last_commit_at integer not null
) strict;
insert into engine values (0, 0);

create table workflow (
  key integer primary key,
  id text not null unique,
  name text not null,
  generation integer not null default 0,
  parent integer,
  input text not null,
  state text not null check (state in ('running', 'parked', 'completed', 'failed')),
  outcome text,
  started_at integer not null,
  changed_at integer not null
) strict;
create index workflow_open on workflow (key) where state in ('running', 'parked');
create index workflow_parent on workflow (parent) where parent is not null;

create table record (
  workflow integer not null,
  generation integer not null default 0,
  position integer not null,
  at integer not null,
  kind text not null check (kind in ('activity', 'child', 'timer', 'send', 'message', 'marker')),
  sequence integer,
  name text not null,
  target text,
  succeeded integer not null,
  body text not null,
  attempts integer not null,
  began_at integer not null,
  primary key (workflow, generation, position)
) strict, without rowid;

create table attempt (
  workflow integer not null,
  sequence integer not null,
  failed integer not null,
  retry_at integer,
  failure text,
  heartbeat text,
  primary key (workflow, sequence)
) strict, without rowid;
";

/// Tables that the first version did not have. Programs that know nothing of them work with the journal all the same, so
/// the format is the same.
const ADDED: &str = "
create table if not exists life (
  only_row integer primary key check (only_row = 0),
  under_way integer not null
) strict;
insert or ignore into life values (0, 0);

create table if not exists lost (
  workflow integer not null,
  sequence integer not null,
  times integer not null,
  primary key (workflow, sequence)
) strict, without rowid;
";

/// Whether there is a journal to open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Journal,
}

/// Looks at the file without changing it: refuses foreign, newer and damaged ones.
pub(crate) fn inspect(path: &Path) -> Result<Found, EngineError> {
    if !path.exists() {
        return Ok(Found::Nothing);
    }
    let connection = open_read_only(path)?;
    let found = identify(&connection, path)?;
    if found == Found::Journal {
        let verdict: Option<String> = connection
            .query_row("pragma quick_check(1)", [], |row| row.get(0))
            .optional()
            .map_err(|error| classify(path, "check the pages", error))?;
        if let Some(problem) = verdict.filter(|verdict| verdict != "ok") {
            return Err(EngineError::Corrupt { path: path.to_owned(), problem });
        }
    }
    Ok(found)
}

/// Opens a journal for reading; a writer may be at work in another process.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, EngineError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| classify_open(path, error))?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(|error| classify(path, "wait", error))?;
    Ok(connection)
}

/// Reads the marks in the header: ours, of a format that we know?
pub(crate) fn identify(connection: &Connection, path: &Path) -> Result<Found, EngineError> {
    let read = |pragma: &str| {
        let value: Result<i64, _> = connection.query_row(pragma, [], |row| row.get(0));
        value.map_err(|error| classify(path, "read the header", error))
    };
    let tables = read("select count(*) from sqlite_master")?;
    let (application, format) = (read("pragma application_id")?, read("pragma user_version")?);
    match (application, format) {
        // A new file, or a creation that died before its commit.
        (0, 0) if tables == 0 => Ok(Found::Nothing),
        (APPLICATION_ID, FORMAT) => Ok(Found::Journal),
        (APPLICATION_ID, found) if found > FORMAT => {
            Err(EngineError::NewerVersion { path: path.to_owned(), found, known: FORMAT })
        }
        _ => Err(EngineError::ForeignFile { path: path.to_owned() }),
    }
}

/// Creates the tables in one transaction.
pub(crate) fn create(connection: &Connection, path: &Path) -> Result<(), EngineError> {
    let script = format!(
        "begin immediate; {TABLES} pragma application_id = {APPLICATION_ID}; \
         pragma user_version = {FORMAT}; commit;"
    );
    connection.execute_batch(&script).map_err(|error| classify(path, "create the tables", error))
}

/// Adds to a journal what the version that created it did not know.
pub(crate) fn add(connection: &Connection, path: &Path) -> Result<(), EngineError> {
    let known = "select count(*) from sqlite_master where type = 'table' and name in ('life', 'lost')";
    let failed = |error| classify(path, "add tables", error);
    if connection.query_row(known, [], |row| row.get::<_, i64>(0)).map_err(failed)? == 2 {
        return Ok(());
    }
    connection.execute_batch(&format!("begin immediate; {ADDED} commit;")).map_err(failed)
}

fn classify_open(path: &Path, source: rusqlite::Error) -> EngineError {
    match source.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            EngineError::Open { path: path.to_owned(), source }
        }
        _ => classify(path, "open the file", source),
    }
}

/// Gives SQLite's error the name that people and code know it by.
pub(crate) fn classify(path: &Path, doing: &'static str, source: rusqlite::Error) -> EngineError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => EngineError::DiskFull { path },
        Some(ErrorCode::NotADatabase) => EngineError::ForeignFile { path },
        Some(ErrorCode::DatabaseCorrupt) => EngineError::Corrupt { path, problem: source.to_string() },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => EngineError::Busy { path },
        Some(ErrorCode::CannotOpen) => EngineError::Open { path, source },
        _ => EngineError::Storage { doing, path, source },
    }
}
