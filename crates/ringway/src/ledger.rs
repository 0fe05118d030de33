//! The ledger: what Ringway has to know after a restart, and for as long as an override stands somewhere.
//!
//! Runs and what is proven of their tenants, the claims of rings and how to take their overrides back, the places for
//! tenants under way, what is frozen, what GitHub delivered and what is remembered of pull requests, and who asked for
//! what, in one SQLite file. The engine's journal says how far a workflow has come; the ledger says what is true of the
//! fleet. Every method can be called twice with the same effect, because an activity may be.
//!
//! It decides nothing, reads no clock and talks to nothing but its file. Calls are short and block.

mod audit;
mod backup;
mod claim;
mod column;
mod error;
mod figures;
mod freeze;
mod history;
mod inbox;
mod intent;
mod keep;
mod overriding;
mod pull_request;
mod run;
mod schema;
mod slot;
mod tenant;
#[cfg(test)]
mod tests;
mod waiting;

pub use audit::{Action, Asked, AuditEntry, AuditFilter, AuditOutcome};
pub use backup::back_up;
pub use claim::{Claim, ClaimFilter};
pub use error::LedgerError;
pub use figures::Figures;
pub use freeze::Freeze;
pub use history::RingTenant;
pub use inbox::{Delivery, Hint, Received};
pub use overriding::{Override, OverrideState};
pub use pull_request::{KnownPullRequest, PullRequestOrigin};
pub use run::{NewRun, Run, RunFilter};
pub use slot::SlotHolder;
pub use tenant::TenantState;

use error::Interrupted;
use keep::Keeping;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use waiting::Waiting;

/// How long a call waits for another process that has the file locked. Only a start or a backup ever does.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many statements stay prepared: all that the work on a tenant needs.
const STATEMENTS: usize = 64;

/// An open ledger. Clones share it.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    /// For error texts; `:memory:` without a file.
    path: PathBuf,
    id: String,
    connection: Mutex<Connection>,
    /// Who waits for a place in this process, each with what wakes it.
    waiting: Waiting,
    writes: AtomicU64,
    keeping: Keeping,
}

impl Ledger {
    /// Opens the ledger for its one writer, and creates it if it is not there. Only the owner of the state folder may.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, belongs to another program or a newer version, or is damaged. It is then left as it
    /// was.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        create_private(path)?;
        // Looked at without the right to write: not even SQLite's own housekeeping may touch a file that is not ours.
        let looking = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let found = schema::look(&looking, path)?;
        drop(looking);
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare(&mut connection, found).map_err(|error| LedgerError::storage("open", path, error))?;
        Self::with(connection, path.to_owned(), Keeping::of(Some(path)))
    }

    /// Opens the ledger for looking at it, while its owner writes or when nobody does.
    ///
    /// # Errors
    ///
    /// If there is none yet, and as [`Ledger::open`]; also if it was last written by an older version, which only its
    /// owner can bring up to date.
    pub fn open_read_only(path: &Path) -> Result<Self, LedgerError> {
        if !path.exists() {
            return Err(LedgerError::Missing { path: path.to_owned() });
        }
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::look(&connection, path)?.must_be_current(path)?;
        Self::with(connection, path.to_owned(), Keeping::of(Some(path)))
    }

    /// A ledger that lasts as long as its clones, for tests and simulation. `id` is its identity.
    ///
    /// # Errors
    ///
    /// If SQLite cannot be used.
    pub fn in_memory(id: &str) -> Result<Self, LedgerError> {
        let path = Path::new(":memory:");
        let open = || {
            let mut connection = Connection::open_in_memory()?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            schema::prepare(&mut connection, schema::Found::Empty)?;
            connection.execute("UPDATE identity SET id = ?1", [id])?;
            Ok(connection)
        };
        let connection = open().map_err(|error| LedgerError::storage("open", path, error))?;
        Self::with(connection, path.to_owned(), Keeping::of(None))
    }

    fn with(connection: Connection, path: PathBuf, keeping: Keeping) -> Result<Self, LedgerError> {
        let id = connection
            .query_row("SELECT id FROM identity", [], |row| row.get(0))
            .map_err(|error| LedgerError::storage("read the identity", &path, error))?;
        let waiting = Waiting::default();
        let connection = Mutex::new(connection);
        let writes = AtomicU64::new(0);
        Ok(Self(Arc::new(Shared { path, id, connection, waiting, writes, keeping })))
    }

    /// What tells this ledger from every other: random, made once with it.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// A number that grows whenever the ledger changes, whoever changes it: this process or another.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn data_version(&self) -> Result<i64, LedgerError> {
        self.read("see whether it has changed", |connection| {
            // The pragma counts what other connections did, the function what this one did.
            let others: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
            let ours: i64 = connection.query_row("SELECT total_changes()", [], |row| row.get(0))?;
            Ok(others + ours)
        })
    }

    /// How often something was written through this ledger and its clones. Costs nothing, and knows nothing of others.
    pub fn writes(&self) -> u64 {
        self.0.writes.load(Ordering::Relaxed)
    }

    fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Interrupted>,
    ) -> Result<T, LedgerError> {
        work(&self.lock()).map_err(|interrupted| interrupted.into_error(doing, &self.0.path))
    }

    /// Does all of `work` or nothing of it.
    fn write<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Interrupted>,
    ) -> Result<T, LedgerError> {
        self.0.writes.fetch_add(1, Ordering::Relaxed);
        let mut connection = self.lock();
        let result = (|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })();
        result.map_err(|interrupted: Interrupted| interrupted.into_error(doing, &self.0.path))
    }

    /// The same without waiting for the disk: it survives the process, and the machine after [`Ledger::keep`]. For what
    /// activities write and for what people look at while it lasts; with hundreds of tenants under way, the disk is what
    /// they would all wait for.
    fn write_soon<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Interrupted>,
    ) -> Result<T, LedgerError> {
        self.0.writes.fetch_add(1, Ordering::Relaxed);
        let mut connection = self.lock();
        let result = (|| {
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let written = (|| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let value = work(&transaction)?;
                transaction.commit()?;
                Ok(value)
            })();
            connection.pragma_update(None, "synchronous", "FULL")?;
            written
        })();
        self.0.keeping.committed();
        result.map_err(|interrupted: Interrupted| interrupted.into_error(doing, &self.0.path))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // Whoever panicked had a transaction at most, and that is rolled back.
        self.0.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ledger").field("path", &self.0.path).field("id", &self.0.id).finish()
    }
}

/// Creates the file, readable for its owner alone; SQLite gives its other files the same mode.
fn create_private(path: &Path) -> Result<(), LedgerError> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match created {
        Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(LedgerError::Create { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, LedgerError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    open().map_err(|error| LedgerError::storage("open", path, error))
}
