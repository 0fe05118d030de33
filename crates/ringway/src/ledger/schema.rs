//! The tables, and whether a file has them.

use super::LedgerError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Marks the file as a ledger: `RWLG` in ASCII.
const APPLICATION_ID: i64 = 0x5257_4c47;

/// Each brings a file of the format of its index to the next one. Only ever appended to.
const MIGRATIONS: &[&str] = &[FIRST, SECOND, THIRD, FOURTH];

/// Times are RFC 3339 texts; what is only ever read as a whole is JSON. An enum's names are those of the domain.
const FIRST: &str = "
CREATE TABLE identity (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    id TEXT NOT NULL
) STRICT;
INSERT INTO identity VALUES (1, lower(hex(randomblob(8))));

CREATE TABLE run_number (
    day TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    ring TEXT NOT NULL,
    service TEXT NOT NULL,
    images TEXT NOT NULL,
    cohort TEXT,
    began_at TEXT NOT NULL,
    stop TEXT,
    verdict TEXT,
    ended_at TEXT,
    CHECK ((verdict IS NULL) = (ended_at IS NULL))
) STRICT;
CREATE INDEX run_unfinished ON run (position) WHERE verdict IS NULL;

CREATE TABLE tenant (
    run TEXT NOT NULL REFERENCES run (id),
    tenant TEXT NOT NULL,
    position INTEGER NOT NULL,
    proof TEXT NOT NULL DEFAULT 'none',
    verdict TEXT,
    notes TEXT NOT NULL DEFAULT '[]',
    problem TEXT,
    awaiting TEXT,
    applications TEXT NOT NULL DEFAULT '[]',
    updated_at TEXT,
    PRIMARY KEY (run, tenant)
) STRICT, WITHOUT ROWID;
CREATE INDEX tenant_by_name ON tenant (tenant);

CREATE TABLE proof_reached (
    run TEXT NOT NULL,
    tenant TEXT NOT NULL,
    proof TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (run, tenant, proof),
    FOREIGN KEY (run, tenant) REFERENCES tenant (run, tenant)
) STRICT, WITHOUT ROWID;

CREATE TABLE claim (
    instance TEXT NOT NULL,
    namespace TEXT NOT NULL,
    application TEXT NOT NULL,
    service TEXT NOT NULL,
    ring TEXT NOT NULL,
    tenant TEXT NOT NULL,
    run TEXT NOT NULL REFERENCES run (id),
    since TEXT NOT NULL,
    PRIMARY KEY (instance, namespace, application, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE override (
    instance TEXT NOT NULL,
    namespace TEXT NOT NULL,
    application TEXT NOT NULL,
    service TEXT NOT NULL,
    destination_namespace TEXT NOT NULL,
    wanted TEXT NOT NULL,
    workloads TEXT NOT NULL,
    inverse TEXT NOT NULL,
    state TEXT NOT NULL,
    intended_at TEXT NOT NULL,
    patched_at TEXT,
    removed_at TEXT,
    PRIMARY KEY (instance, namespace, application, service),
    FOREIGN KEY (instance, namespace, application, service)
        REFERENCES claim (instance, namespace, application, service) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE slot (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    run TEXT NOT NULL REFERENCES run (id),
    tenant TEXT NOT NULL,
    instance_limit INTEGER NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    asked_at TEXT NOT NULL,
    UNIQUE (instance, run, tenant)
) STRICT;
";

/// Who asked for what, and what may not start; how far each Application of a tenant is proven that has several.
const SECOND: &str = "
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    action TEXT NOT NULL,
    user TEXT,
    uid INTEGER,
    origin TEXT NOT NULL,
    run TEXT,
    ring TEXT,
    service TEXT,
    tenants INTEGER,
    outcome TEXT NOT NULL,
    detail TEXT
) STRICT;
CREATE INDEX audit_by_time ON audit (at);

CREATE TABLE part_proven (
    run TEXT NOT NULL,
    tenant TEXT NOT NULL,
    part INTEGER NOT NULL,
    proof TEXT NOT NULL,
    PRIMARY KEY (run, tenant, part),
    FOREIGN KEY (run, tenant) REFERENCES tenant (run, tenant)
) STRICT, WITHOUT ROWID;

CREATE TABLE freeze (
    service TEXT PRIMARY KEY,
    since TEXT NOT NULL,
    user TEXT,
    uid INTEGER,
    origin TEXT NOT NULL,
    reason TEXT
) STRICT, WITHOUT ROWID;
";

/// Which pull request a run is of, what is remembered of pull requests, and what GitHub delivered.
const THIRD: &str = "
ALTER TABLE run ADD COLUMN origin TEXT;
ALTER TABLE audit ADD COLUMN pull_request TEXT;
CREATE INDEX claim_by_tenant ON claim (tenant);
CREATE INDEX claim_by_ring ON claim (ring, service);

CREATE TABLE inbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    hint TEXT NOT NULL,
    received_at TEXT NOT NULL,
    processed_at TEXT
) STRICT;
CREATE INDEX inbox_unprocessed ON inbox (position) WHERE processed_at IS NULL;
CREATE INDEX inbox_processed ON inbox (processed_at) WHERE processed_at IS NOT NULL;

CREATE TABLE pull_request (
    repository INTEGER NOT NULL,
    number INTEGER NOT NULL,
    repository_name TEXT NOT NULL,
    service TEXT NOT NULL,
    ring TEXT NOT NULL,
    over INTEGER NOT NULL,
    comment INTEGER,
    check_run TEXT,
    noticed_gone TEXT NOT NULL,
    told TEXT NOT NULL,
    history TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (repository, number)
) STRICT, WITHOUT ROWID;
";

/// Who holds a place and who is the next to get one, found without looking at all that wait.
const FOURTH: &str = "
CREATE INDEX slot_held ON slot (instance) WHERE held;
CREATE INDEX slot_waiting ON slot (instance, number) WHERE NOT held;
";

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing was ever written to it.
    Empty,
    /// A ledger of this format, at most [`known`].
    Format(i64),
}

/// The tables of an older format, for a file as an older version left it.
#[cfg(test)]
pub(super) fn older_format(format: usize) -> String {
    let tables = MIGRATIONS[..format].concat();
    format!("{tables} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {format};")
}

/// The newest format.
pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

impl Found {
    /// For those who may not bring it up to date.
    pub(super) fn must_be_current(self, path: &Path) -> Result<(), LedgerError> {
        match self {
            Self::Format(format) if format == known() => Ok(()),
            Self::Format(found) => {
                Err(LedgerError::OlderVersion { path: path.to_owned(), found, known: known() })
            }
            Self::Empty => Err(LedgerError::Missing { path: path.to_owned() }),
        }
    }
}

/// Looks at a file without changing it.
///
/// # Errors
///
/// If it is not a ledger that this version can use.
pub(super) fn look(connection: &Connection, path: &Path) -> Result<Found, LedgerError> {
    let storage = |error| LedgerError::storage("look at what is", path, error);
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(storage);
    let application = number("PRAGMA application_id")?;
    let format = number("PRAGMA user_version")?;
    match (application, format) {
        (0, 0) if number("SELECT count(*) FROM sqlite_schema")? == 0 => return Ok(Found::Empty),
        (APPLICATION_ID, 1..) => {}
        _ => return Err(LedgerError::ForeignFile { path: path.to_owned() }),
    }
    if format > known() {
        return Err(LedgerError::NewerVersion { path: path.to_owned(), found: format, known: known() });
    }
    let problem: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(storage)?;
    if problem != "ok" {
        return Err(LedgerError::Corrupt { path: path.to_owned(), problem });
    }
    Ok(Found::Format(format))
}

/// Makes a connection fit for writing, and brings the tables to the newest format.
pub(super) fn prepare(connection: &mut Connection, found: Found) -> rusqlite::Result<()> {
    // A verdict that somebody was told must survive the machine, not only the process: FULL.
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    let done = match found {
        Found::Empty => 0,
        Found::Format(format) => usize::try_from(format).unwrap_or(usize::MAX),
    };
    for (format, migration) in (1_i64..).zip(MIGRATIONS).skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", format)?;
        transaction.commit()?;
    }
    Ok(())
}
