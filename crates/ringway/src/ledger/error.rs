//! What can go wrong with the ledger.

use release::application::ApplicationKey;
use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// The ledger cannot be opened, or cannot do what it was asked to. Whatever it could not do, it did nothing of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The file could not be created.
    #[error("cannot create the ledger {}; check that the state folder exists and may be written", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// What was written may be lost if the machine loses its power now.
    #[error("the disk does not keep what was written to {}; check its health and its room", path.display())]
    NotKept {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Nobody has written a ledger yet.
    #[error("there is no ledger {}: nothing was released from this state folder yet", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{} is not a ledger of Ringway; nothing was changed. Choose another state folder", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version.
    #[error(
        "the ledger {} has format {found}, this program knows formats up to {known}; nothing was changed. \
         Run the newer version again",
        path.display()
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// The file was written by an older version, and may only be looked at.
    #[error(
        "the ledger {} still has format {found}, this program reads format {known}; start `ringway serve` or a \
         release once with this version, which brings it up to date",
        path.display()
    )]
    OlderVersion {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The format that this program reads.
        known: i64,
    },
    /// The file is damaged.
    #[error("the ledger {} is damaged ({problem}); nothing was repaired. Restore it from a backup", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// There is no room left. What was recorded before is safe.
    #[error("cannot {doing} in the ledger {}: the disk is full. Make room and try again", path.display())]
    DiskFull {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Another process keeps the file locked.
    #[error("cannot {doing} in the ledger {}: another process keeps it locked", path.display())]
    Busy {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Something in it is not what this version would have written.
    #[error("cannot {doing} in the ledger {}: a stored value cannot be read", path.display())]
    Unreadable {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Which value, and why.
        source: rusqlite::Error,
    },
    /// Any other trouble with the file.
    #[error("cannot {doing} in the ledger {}", path.display())]
    Storage {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// No run has this id.
    #[error(
        "there is no release or cleanup {run:?} in the ledger; `ringway release list` shows those there are"
    )]
    UnknownRun {
        /// The id that was asked for.
        run: String,
    },
    /// The tenant is not one of the run's.
    #[error("tenant {tenant} does not belong to {run}, or {run} is not in the ledger")]
    UnknownTenant {
        /// The run.
        run: String,
        /// The tenant.
        tenant: String,
    },
    /// Another run has this id.
    #[error("{run} is already the id of another release or cleanup")]
    RunIdTaken {
        /// The id.
        run: String,
    },
    /// An override was to be recorded without the right to it.
    #[error(
        "Application {application} is not claimed for service {service} by the ring of {run}; nothing may be written to it"
    )]
    NotClaimed {
        /// The Application.
        application: ApplicationKey,
        /// The service.
        service: String,
        /// The run that was about to write.
        run: String,
    },
    /// The claim stands for an override of another object or source, which must be taken back first.
    #[error(
        "an override of service {service} is recorded for another {what} of Application {application}; clean it up first: \
         ringway cleanup --tenants {tenant}"
    )]
    RecordedElsewhere {
        /// The Application.
        application: ApplicationKey,
        /// The service.
        service: String,
        /// The tenant.
        tenant: String,
        /// `object` or `source`.
        what: &'static str,
    },
    /// There is no override that could be confirmed or removed.
    #[error("no override of service {service} is recorded for Application {application}")]
    NoOverride {
        /// The Application.
        application: ApplicationKey,
        /// The service.
        service: String,
    },
    /// A backup never replaces a file.
    #[error("{} exists already; choose another name for the backup", path.display())]
    BackupExists {
        /// The file.
        path: PathBuf,
    },
    /// The backup could not be written.
    #[error("cannot write the backup {}; check that its folder exists, may be written and has room", path.display())]
    BackupNotWritten {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file could not be copied into the backup.
    #[error("cannot copy {} into the backup", path.display())]
    BackupNotRead {
        /// The file that was to be copied.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl LedgerError {
    /// What SQLite said, by its name where it has one.
    pub(super) fn storage(doing: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType, QueryReturnedNoRows};
        let path = path.to_owned();
        match (source.sqlite_error_code(), &source) {
            (Some(ErrorCode::NotADatabase), _) => Self::ForeignFile { path },
            (Some(ErrorCode::DatabaseCorrupt), _) => Self::Corrupt { path, problem: source.to_string() },
            (Some(ErrorCode::DiskFull), _) => Self::DiskFull { doing, path },
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => Self::Busy { doing, path },
            (None, FromSqlConversionFailure(..) | InvalidColumnType(..) | QueryReturnedNoRows) => {
                Self::Unreadable { doing, path, source }
            }
            _ => Self::Storage { doing, path, source },
        }
    }
}

/// Why the work of one call ended early: SQLite, or a rule of the ledger. Either way its transaction is rolled back.
pub(super) enum Interrupted {
    Sqlite(rusqlite::Error),
    Rule(LedgerError),
}

impl Interrupted {
    pub(super) fn into_error(self, doing: &'static str, path: &Path) -> LedgerError {
        match self {
            Self::Sqlite(error) => LedgerError::storage(doing, path, error),
            Self::Rule(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Interrupted {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<LedgerError> for Interrupted {
    fn from(error: LedgerError) -> Self {
        Self::Rule(error)
    }
}
