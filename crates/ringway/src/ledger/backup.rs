//! A backup: one file that holds a copy of the journal and of the ledger, taken while their owner works.

use super::{LedgerError, connect, schema};
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Writes a tar archive to `to` with `journal.sqlite` and `ledger.sqlite`, readable for its owner alone. Restoring is
/// unpacking it into an empty state folder.
///
/// Each copy is consistent in itself. The journal is copied first: then the ledger is as new or newer, which is what a
/// crash between a step and its record leaves as well, and every step can be done twice. The other way round the journal
/// could say that a step was done whose facts the ledger has lost. A journal that does not exist is left out.
///
/// # Errors
///
/// If `to` exists, if there is no ledger to copy, or if a file cannot be read or written. Nothing is left behind then.
pub fn back_up(ledger: &Path, journal: &Path, to: &Path) -> Result<(), LedgerError> {
    if to.exists() {
        return Err(LedgerError::BackupExists { path: to.to_owned() });
    }
    let not_written = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => LedgerError::BackupExists { path: to.to_owned() },
        _ => LedgerError::BackupNotWritten { path: to.to_owned(), source },
    };
    if !ledger.exists() {
        return Err(LedgerError::Missing { path: ledger.to_owned() });
    }
    let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let copies = tempfile::tempdir_in(folder).map_err(not_written)?;
    let mut archive = tar::Builder::new(tempfile::NamedTempFile::new_in(folder).map_err(not_written)?);
    if journal.exists() {
        let copy = copy(journal, copies.path().join("journal.sqlite"))?;
        archive.append_path_with_name(copy, "journal.sqlite").map_err(not_written)?;
    }
    schema::look(&connect(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY)?, ledger)?;
    let copy = copy(ledger, copies.path().join("ledger.sqlite"))?;
    archive.append_path_with_name(copy, "ledger.sqlite").map_err(not_written)?;
    let file = archive.into_inner().map_err(not_written)?;
    file.as_file().sync_all().map_err(not_written)?;
    file.persist_noclobber(to).map_err(|error| not_written(error.error))?;
    Ok(())
}

/// Copies a database in one step, which sees one state of it whatever its owner writes meanwhile.
fn copy(from: &Path, to: PathBuf) -> Result<PathBuf, LedgerError> {
    let copy = || {
        let source = connect(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let not_read = |source| LedgerError::BackupNotRead { path: from.to_owned(), source };
        let mut target = Connection::open(&to).map_err(not_read)?;
        let all_pages = -1;
        let step = Backup::new(&source, &mut target).and_then(|backup| backup.step(all_pages));
        match step.map_err(not_read)? {
            StepResult::Done => Ok(()),
            _ => Err(LedgerError::Busy { doing: "copy what is", path: from.to_owned() }),
        }
    };
    copy().map(|()| to)
}
