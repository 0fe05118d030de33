//! Freezes: while one stands, no release begins of what it is about.

use super::{
    Ledger, LedgerError,
    audit::{self, Action, Asked, AuditEntry, AuditOutcome},
    column::{At, Word},
};
use crate::asker::{Asker, Origin};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::Serialize;

/// What nothing new may start of, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freeze {
    /// The service; `None` for all of them.
    pub service: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Who wanted it.
    pub by: Asker,
    /// Why, in their words.
    pub reason: Option<String>,
}

impl std::fmt::Display for Freeze {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.service {
            Some(service) => write!(formatter, "service {service} is frozen")?,
            None => formatter.write_str("everything is frozen")?,
        }
        write!(formatter, " since {:.0} by {}", self.since, self.by)?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(formatter, ": {reason}"))
    }
}

impl Freeze {
    /// The command that ends it.
    pub fn end(&self) -> String {
        let service = self.service.as_ref().map(|service| format!(" --service {service}"));
        format!("ringway freeze off{}", service.unwrap_or_default())
    }
}

impl Ledger {
    /// Freezes a service, or all of them. One that is frozen stays as it is. Says whether anything changed.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn freeze(
        &self,
        service: Option<&str>,
        reason: Option<&str>,
        asked: &Asked,
    ) -> Result<bool, LedgerError> {
        self.write("freeze", |transaction| {
            let by = &asked.by;
            let changed = transaction.execute(
                "INSERT INTO freeze (service, since, user, uid, origin, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO NOTHING",
                params![service.unwrap_or(ALL), At(asked.at), by.user, by.uid, Word(by.from), reason],
            )?;
            audit::insert(transaction, &entry(Action::FreezeOn, service, reason, asked, changed > 0))?;
            Ok(changed > 0)
        })
    }

    /// Ends the freeze of a service, or the one of everything; neither ends the other. Says whether there was one.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn unfreeze(
        &self,
        service: Option<&str>,
        reason: Option<&str>,
        asked: &Asked,
    ) -> Result<bool, LedgerError> {
        self.write("end a freeze", |transaction| {
            let changed =
                transaction.execute("DELETE FROM freeze WHERE service = ?1", [service.unwrap_or(ALL)])?;
            audit::insert(transaction, &entry(Action::FreezeOff, service, reason, asked, changed > 0))?;
            Ok(changed > 0)
        })
    }

    /// Everything that is frozen, the freeze of everything first.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn freezes(&self) -> Result<Vec<Freeze>, LedgerError> {
        self.read("list what is frozen", |connection| Ok(select(connection)?))
    }

    /// Why nothing new may start of a service; `None` if it may.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn frozen(&self, service: &str) -> Result<Option<Freeze>, LedgerError> {
        let meant = |freeze: &Freeze| freeze.service.as_deref().is_none_or(|frozen| frozen == service);
        Ok(self.freezes()?.into_iter().find(meant))
    }
}

/// In the column of the service: all of them. No service has an empty name.
const ALL: &str = "";

fn entry(
    action: Action,
    service: Option<&str>,
    reason: Option<&str>,
    asked: &Asked,
    changed: bool,
) -> AuditEntry {
    AuditEntry {
        service: service.map(str::to_owned),
        outcome: if changed { AuditOutcome::Done } else { AuditOutcome::Nothing },
        detail: reason.map(str::to_owned),
        ..AuditEntry::done(asked, action)
    }
}

fn select(connection: &Connection) -> rusqlite::Result<Vec<Freeze>> {
    let mut statement = connection
        .prepare("SELECT service, since, user, uid, origin, reason FROM freeze ORDER BY service")?;
    statement.query_map([], from_row)?.collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Freeze> {
    let service: String = row.get("service")?;
    let Word(from): Word<Origin> = row.get("origin")?;
    Ok(Freeze {
        service: Some(service).filter(|service| service != ALL),
        since: row.get::<_, At>("since")?.0,
        by: Asker { user: row.get("user")?, uid: row.get("uid")?, from },
        reason: row.get("reason")?,
    })
}
