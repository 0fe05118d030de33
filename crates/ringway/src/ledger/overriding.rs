//! What was written under a claim, and how it is taken back.
//!
//! It is recorded before its patch is sent ([`Ledger::record_intent`]), so that whatever may stand in the fleet can be
//! taken back from here alone.

use super::{
    Ledger, LedgerError,
    claim::read_claim,
    column::{At, Json, Word},
    intent,
};
use jiff::Timestamp;
use release::{application::ApplicationKey, overrides::Inverse, step::PlannedApplication};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

/// What a ring wrote into an Application.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// What was to stand there and which workloads prove it, by the last release.
    pub planned: PlannedApplication,
    /// What takes it back.
    pub inverse: Inverse,
    /// Whether it stands there.
    pub state: OverrideState,
    /// When the last patch was about to be sent.
    pub intended_at: Timestamp,
    /// When the API server last had a patch.
    pub patched_at: Option<Timestamp>,
    /// When it was taken out.
    pub removed_at: Option<Timestamp>,
}

/// How far an override is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideState {
    /// A patch may have been sent; whether it arrived is not known.
    Intended,
    /// The last patch stands in the Application, as far as we did.
    Patched,
    /// It was taken out. The claim stays until the tenant is proven to run what remains.
    Removed,
}

impl Override {
    /// What a new plan must build on: the inverse, unless the override was taken out and a new one begins from nothing.
    pub fn recorded(&self) -> Option<&Inverse> {
        (self.state != OverrideState::Removed).then_some(&self.inverse)
    }
}

impl Ledger {
    /// Writes down, before a patch is sent, what it is to write and how to take it back.
    ///
    /// What was before at a value that is already recorded never changes. What was written there before counts as ours
    /// together with the new value, until [`Ledger::record_patched`] says which of them stands.
    ///
    /// # Errors
    ///
    /// If the ring of `run` does not hold the claim, if something is recorded for another object or source, or if the
    /// ledger cannot be written. The patch must not be sent then.
    pub fn record_intent(
        &self,
        run: &str,
        planned: &PlannedApplication,
        inverse: &Inverse,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let (key, service) = (&planned.key, &planned.wanted.service);
        self.write_soon("record what is about to be written", |transaction| {
            let claim = read_claim(transaction, key, service)?.filter(|claim| claim.run == run);
            let claim = claim.ok_or_else(|| LedgerError::NotClaimed {
                application: key.clone(),
                service: service.clone(),
                run: run.to_owned(),
            })?;
            let inverse = match claim.written.as_ref().and_then(Override::recorded) {
                Some(recorded) => intent::merge(&claim, recorded, inverse)?,
                None => inverse.clone(),
            };
            transaction.prepare_cached("INSERT INTO override (instance, namespace, application, service, destination_namespace, wanted,
                     workloads, inverse, state, intended_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT DO UPDATE SET destination_namespace = excluded.destination_namespace,
                     wanted = excluded.wanted, workloads = excluded.workloads, inverse = excluded.inverse,
                     state = excluded.state, intended_at = excluded.intended_at, removed_at = NULL")?.execute(params![
                    key.instance,
                    key.namespace,
                    key.name,
                    service,
                    planned.namespace,
                    Json(&planned.wanted),
                    Json(&planned.workloads),
                    Json(&inverse),
                    Word(OverrideState::Intended),
                    At(at)
                ])?;
            Ok(())
        })
    }

    /// Forgets an intent of which it is certain that its patch was refused, so that nothing of it stands anywhere.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn forget_intent(&self, key: &ApplicationKey, service: &str) -> Result<(), LedgerError> {
        self.write_soon("forget what was about to be written", |transaction| {
            transaction.prepare_cached("DELETE FROM override WHERE instance = ?1 AND namespace = ?2 AND application = ?3 AND service = ?4
                 AND state = ?5")?.execute(params![key.instance, key.namespace, key.name, service, Word(OverrideState::Intended)])?;
            Ok(())
        })
    }

    /// Writes down that what was intended stands in the Application.
    ///
    /// # Errors
    ///
    /// If nothing was intended, or the ledger cannot be written.
    pub fn record_patched(
        &self,
        key: &ApplicationKey,
        service: &str,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change_override("record a patch", key, service, |written| {
            if written.state == OverrideState::Intended {
                written.state = OverrideState::Patched;
                written.patched_at = Some(at);
                intent::confirm(&mut written.inverse, &written.planned.wanted);
            }
        })
    }

    /// Writes down that none of our values stands in the Application any more. The claim stays.
    ///
    /// # Errors
    ///
    /// If nothing was recorded, or the ledger cannot be written.
    pub fn record_removed(
        &self,
        key: &ApplicationKey,
        service: &str,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change_override("record a removal", key, service, |written| {
            if written.state != OverrideState::Removed {
                written.state = OverrideState::Removed;
                written.removed_at = Some(at);
            }
        })
    }

    fn change_override(
        &self,
        doing: &'static str,
        key: &ApplicationKey,
        service: &str,
        change: impl FnOnce(&mut Override),
    ) -> Result<(), LedgerError> {
        self.write_soon(doing, |transaction| {
            let written = read_claim(transaction, key, service)?.and_then(|claim| claim.written);
            let mut written = written.ok_or_else(|| LedgerError::NoOverride {
                application: key.clone(),
                service: service.to_owned(),
            })?;
            change(&mut written);
            transaction
                .prepare_cached(
                    "UPDATE override SET inverse = ?5, state = ?6, patched_at = ?7, removed_at = ?8
                 WHERE instance = ?1 AND namespace = ?2 AND application = ?3 AND service = ?4",
                )?
                .execute(params![
                    key.instance,
                    key.namespace,
                    key.name,
                    service,
                    Json(&written.inverse),
                    Word(written.state),
                    written.patched_at.map(At),
                    written.removed_at.map(At)
                ])?;
            Ok(())
        })
    }
}

/// The columns of the override in a row of a claim.
pub(super) fn from_row(
    row: &Row<'_>,
    key: &ApplicationKey,
    state: OverrideState,
) -> rusqlite::Result<Override> {
    let inverse: Inverse = row.get::<_, Json<_>>("inverse")?.0;
    let planned = PlannedApplication {
        key: key.clone(),
        uid: inverse.uid.clone(),
        namespace: row.get("destination_namespace")?,
        wanted: row.get::<_, Json<_>>("wanted")?.0,
        workloads: row.get::<_, Json<_>>("workloads")?.0,
    };
    Ok(Override {
        planned,
        inverse,
        state,
        intended_at: row.get::<_, At>("intended_at")?.0,
        patched_at: row.get::<_, Option<At>>("patched_at")?.map(|At(at)| at),
        removed_at: row.get::<_, Option<At>>("removed_at")?.map(|At(at)| at),
    })
}
