//! What can go wrong with the engine as a whole, and why a single workflow is parked.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The engine cannot open its file, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The file could not be opened or created.
    #[error("cannot open the journal {}; check that the folder exists and may be written", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file belongs to another program. Nothing was written to it.
    #[error("{} is not a journal of this program; nothing was changed. Choose another state folder", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version. Nothing was written to it.
    #[error(
        "the journal {} has format {found}, this program knows formats up to {known}; nothing was changed. \
         Run the newer version again",
        path.display()
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that this program reads.
        known: i64,
    },
    /// The file is damaged. Nothing was written to it since that was seen.
    #[error("the journal {} is damaged ({problem}); nothing was repaired. Restore it from a backup", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// There is no room left for the journal. What was recorded is safe.
    #[error(
        "the disk of the journal {} is full; the engine stopped before anything unrecorded was used. \
         Make room and start again",
        path.display()
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the file for writing.
    #[error("the journal {} is in use by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Any other trouble with the file.
    #[error("cannot {doing} in the journal {}", path.display())]
    Storage {
        /// What the engine was about to do.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The store in memory is already used by another engine.
    #[error("the journal in memory is used by another engine")]
    MemoryInUse,
    /// The engine does not run, or it ended before it answered.
    #[error("the workflow engine is not running")]
    Stopped,
    /// No workflow has this id.
    #[error("there is no workflow {id:?}")]
    UnknownWorkflow {
        /// The id that was asked for.
        id: String,
    },
    /// A workflow of another kind has this id.
    #[error("the workflow {id:?} is a {existing}, not a {wanted}; ids are unique for ever")]
    IdTaken {
        /// The id.
        id: String,
        /// The kind that has the id.
        existing: String,
        /// The kind that was to be started.
        wanted: String,
    },
    /// This program was built without this kind of workflow.
    #[error("this program has no workflow named {name:?}")]
    NotRegistered {
        /// [`durable::Workflow::NAME`] of what was to be started.
        name: String,
    },
    /// An input or a message cannot be written as JSON.
    #[error("cannot encode {what} as JSON")]
    Encode {
        /// What was to be encoded.
        what: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// A test asked for a crash at this commit.
    #[error("stopped at commit {commit} because a test asked for it")]
    InjectedFault {
        /// The number of the commit since the engine was opened; the first is 1.
        commit: u64,
    },
}

/// Why the engine does not go on with a workflow. It is tried again whenever the engine is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParkReason {
    /// This program was built without this kind of workflow.
    #[error("this program has no workflow named {name:?}")]
    UnregisteredWorkflow {
        /// The name in the journal.
        name: String,
    },
    /// The workflow called an activity that has no body in this program.
    #[error("this program has no activity named {name:?}")]
    UnregisteredActivity {
        /// The name that was called.
        name: String,
    },
    /// The input that the workflow was started with is not what its code expects now.
    #[error("the input cannot be read: {message}")]
    UndecodableInput {
        /// What serde said.
        message: String,
    },
    /// The workflow's code has changed under an open journal, or is not deterministic.
    #[error("record {position} answers {recorded}, but the code asked for {found} there")]
    JournalMismatch {
        /// The place of the record in the journal.
        position: i64,
        /// What the record answers.
        recorded: String,
        /// What the code asked for under the same number.
        found: String,
    },
    /// A record cannot be read.
    #[error("record {position} cannot be read: {message}")]
    UnreadableRecord {
        /// The place of the record in the journal.
        position: i64,
        /// What is wrong with it.
        message: String,
    },
    /// A message that the workflow sends cannot be written as JSON.
    #[error("a message to mailbox {mailbox:?} cannot be encoded: {message}")]
    UnencodableMessage {
        /// The mailbox it was meant for.
        mailbox: String,
        /// What serde said.
        message: String,
    },
    /// The workflow's code panicked.
    #[error("the workflow's code panicked: {message}")]
    Panicked {
        /// The panic message.
        message: String,
    },
    /// The workflow waits, but for nothing that the engine could ever answer.
    #[error("the workflow waits for something that is not an operation of its flow")]
    WaitsForNothing,
}
