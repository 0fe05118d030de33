//! Making what was written survive the machine: one wait for the disk for all who wait at the same time.
//!
//! What activities write is in the file at once, and so survives the process. Before a patch is sent, and before an
//! activity says that it is done, it must survive a loss of power as well. Hundreds of tenants that each waited for a
//! write of their own would wait for each other.

use super::{Ledger, LedgerError};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::sync::Mutex;

/// How much is written, and how much of that has reached the disk.
#[derive(Debug)]
pub(super) struct Keeping {
    /// The file that SQLite appends to; `None` without files.
    log: Option<PathBuf>,
    /// How many transactions were committed, each counted after its commit.
    committed: AtomicU64,
    /// How many of them are on the disk.
    kept: AtomicU64,
    /// Whoever holds it waits for the disk.
    turn: Mutex<()>,
}

impl Keeping {
    /// For the database at `path`; `None` for one in memory.
    pub(super) fn of(path: Option<&Path>) -> Self {
        let log = path.map(|path| {
            // https://www.sqlite.org/wal.html#the_wal_file
            let mut log = path.as_os_str().to_owned();
            log.push("-wal");
            log.into()
        });
        Self { log, committed: AtomicU64::new(0), kept: AtomicU64::new(0), turn: Mutex::new(()) }
    }

    /// Another transaction was committed.
    pub(super) fn committed(&self) {
        self.committed.fetch_add(1, Ordering::SeqCst);
    }

    fn has_kept(&self, count: u64) -> bool {
        self.kept.load(Ordering::SeqCst) >= count
    }
}

impl Ledger {
    /// Waits until everything that was written before survives a loss of power.
    ///
    /// # Errors
    ///
    /// If the disk does not take it.
    pub async fn keep(&self) -> Result<(), LedgerError> {
        let keeping = &self.0.keeping;
        let Some(log) = &keeping.log else { return Ok(()) };
        let written = keeping.committed.load(Ordering::SeqCst);
        if keeping.has_kept(written) {
            return Ok(());
        }
        let _turn = keeping.turn.lock().await;
        if keeping.has_kept(written) {
            return Ok(());
        }
        // With everything that others have written while this one waited for its turn.
        let written = keeping.committed.load(Ordering::SeqCst);
        let path = log.clone();
        let synced = tokio::task::spawn_blocking(move || sync(&path)).await;
        synced
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|source| LedgerError::NotKept { path: log.clone(), source })?;
        keeping.kept.fetch_max(written, Ordering::SeqCst);
        Ok(())
    }
}

/// SQLite has written it already; this waits until the disk has it. SQLite holds no lock on this file that closing it
/// here could take away (<https://www.sqlite.org/wal.html#the_wal_index_file_format>: its locks are on another one).
fn sync(log: &Path) -> io::Result<()> {
    File::open(log)?.sync_data()
}
