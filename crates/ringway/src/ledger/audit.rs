//! The audit: every action that somebody asked for, in the transaction of its effect.
//!
//! Rows are only ever added. What an activity or a start does of itself is not in it: nobody asked for that.

use super::{
    Ledger, LedgerError, Run,
    column::{At, Word},
};
use crate::asker::{Asker, Origin};
use jiff::Timestamp;
use release::{report::RunKind, verdict::Stop};
use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};

/// That somebody asked for an action, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub by: Asker,
    /// When.
    pub at: Timestamp,
}

/// What somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Begin a release.
    ReleaseStart,
    /// Take overrides back.
    Cleanup,
    /// End a run.
    Cancel,
    /// End a release because a newer one takes over.
    Supersede,
    /// Let nothing new start.
    FreezeOn,
    /// Let things start again.
    FreezeOff,
}

impl Action {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReleaseStart => "release start",
            Self::Cleanup => "cleanup",
            Self::Cancel => "cancel",
            Self::Supersede => "supersede",
            Self::FreezeOn => "freeze on",
            Self::FreezeOff => "freeze off",
        }
    }
}

impl From<RunKind> for Action {
    fn from(kind: RunKind) -> Self {
        match kind {
            RunKind::Release => Self::ReleaseStart,
            RunKind::Cleanup => Self::Cleanup,
        }
    }
}

/// What became of the request. Whether the run succeeds is in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done: a run began, was told to stop, a freeze was set or lifted.
    Done,
    /// The same run was under way already and goes on.
    Continued,
    /// There was nothing to do.
    Nothing,
    /// It must not be done.
    Refused,
    /// It did not work.
    Failed,
}

impl AuditOutcome {
    /// The name used in texts and stored data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Continued => "continued",
            Self::Nothing => "nothing",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// One row of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// When it was asked for.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// Who, and from where.
    #[serde(flatten)]
    pub by: Asker,
    /// The pull request that it was asked for by, such as `acme/web#12`; `None` if a person did.
    pub pull_request: Option<String>,
    /// Which run it began, went on with or ended.
    pub run: Option<String>,
    /// Which ring it is about; several, separated by `, `, for a cleanup by tenants.
    pub ring: Option<String>,
    /// Which service; several, separated by `, `, for a cleanup. `None` for all.
    pub service: Option<String>,
    /// How many tenants.
    pub tenants: Option<u32>,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// Why, or what else there is to know.
    pub detail: Option<String>,
}

impl AuditEntry {
    /// An action that was done, about nothing in particular yet.
    pub fn done(asked: &Asked, action: Action) -> Self {
        Self {
            at: asked.at,
            action,
            by: asked.by.clone(),
            pull_request: None,
            run: None,
            ring: None,
            service: None,
            tenants: None,
            outcome: AuditOutcome::Done,
            detail: None,
        }
    }

    /// That a run was told to stop.
    pub(super) fn stop(asked: &Asked, run: &Run, stop: &Stop, changed: bool) -> Self {
        let (action, detail) = match stop {
            Stop::Cancel => (Action::Cancel, None),
            Stop::Cleanup => (Action::Cancel, Some("a cleanup takes back what it writes".to_owned())),
            Stop::Supersede { by } => (Action::Supersede, Some(format!("{by} takes over"))),
        };
        let outcome = if changed { AuditOutcome::Done } else { AuditOutcome::Nothing };
        let before = || "it had been told to stop before, or had ended".to_owned();
        Self {
            run: Some(run.id.clone()),
            ring: Some(run.ring.clone()),
            service: Some(run.service.clone()).filter(|service| !service.is_empty()),
            tenants: count(run.tenants.len()),
            outcome,
            detail: if changed { detail } else { Some(before()) },
            ..Self::done(asked, action)
        }
    }
}

/// A number of tenants.
pub(super) fn count(tenants: usize) -> Option<u32> {
    Some(u32::try_from(tenants).unwrap_or(u32::MAX))
}

/// Which entries are wanted. What is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only those asked for at this moment or later.
    pub since: Option<Timestamp>,
    /// Only those about this ring.
    pub ring: Option<String>,
}

impl Ledger {
    /// Writes down an action that had no effect on anything else in the ledger.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn record_asked(&self, entry: &AuditEntry) -> Result<(), LedgerError> {
        self.write("record what was asked for", |transaction| Ok(insert(transaction, entry)?))
    }

    /// What was asked for, the oldest first.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, LedgerError> {
        self.read("read the audit", |connection| Ok(select(connection, filter)?))
    }
}

pub(super) fn insert(transaction: &Transaction<'_>, entry: &AuditEntry) -> rusqlite::Result<()> {
    transaction.prepare_cached("INSERT INTO audit (at, action, user, uid, origin, pull_request, run, ring, service, tenants, outcome, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?.execute(params![
            At(entry.at),
            Word(entry.action),
            entry.by.user,
            entry.by.uid,
            Word(entry.by.from),
            entry.pull_request,
            entry.run,
            entry.ring,
            entry.service,
            entry.tenants,
            Word(entry.outcome),
            entry.detail
        ])?;
    Ok(())
}

fn select(connection: &Connection, filter: &AuditFilter) -> rusqlite::Result<Vec<AuditEntry>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, action, user, uid, origin, pull_request, run, ring, service, tenants, outcome, detail FROM audit
         WHERE (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR instr(', ' || ring || ', ', ', ' || ?2 || ', ') > 0)
         ORDER BY number",
    )?;
    statement.query_map(params![filter.since.map(At), filter.ring], from_row)?.collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let Word(from): Word<Origin> = row.get("origin")?;
    Ok(AuditEntry {
        at: row.get::<_, At>("at")?.0,
        action: row.get::<_, Word<_>>("action")?.0,
        by: Asker { user: row.get("user")?, uid: row.get("uid")?, from },
        pull_request: row.get("pull_request")?,
        run: row.get("run")?,
        ring: row.get("ring")?,
        service: row.get("service")?,
        tenants: row.get("tenants")?,
        outcome: row.get::<_, Word<_>>("outcome")?.0,
        detail: row.get("detail")?,
    })
}
