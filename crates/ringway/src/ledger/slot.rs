//! Places for tenants under way, a limited number per Argo CD instance: first come, first served.
//!
//! A place is given by whoever changes the queue, not taken by whoever waits: so those who wait look at the file only when
//! they are woken. The queue survives a restart; those in it ask again and keep their position.

use super::{Ledger, LedgerError, column::At};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::BTreeSet;

/// Who holds a place or waits for one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotHolder {
    /// The Argo CD instance.
    pub instance: String,
    /// The run.
    pub run: String,
    /// Its tenant.
    pub tenant: String,
}

impl Ledger {
    /// Asks for a place among at most `limit`, and says whether it is held now. Whoever waits keeps its position when it
    /// asks again.
    ///
    /// # Errors
    ///
    /// If the run is unknown or the ledger cannot be written.
    pub fn acquire_slot(&self, holder: &SlotHolder, limit: u32, at: Timestamp) -> Result<bool, LedgerError> {
        let SlotHolder { instance, run, tenant } = holder;
        let (has_one, given) = self.write_soon("ask for a place", |transaction| {
            transaction.prepare_cached("INSERT INTO slot (instance, run, tenant, instance_limit, asked_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET instance_limit = excluded.instance_limit
                 WHERE instance_limit <> excluded.instance_limit")?.execute(params![instance, run, tenant, limit, At(at)])?;
            let given = promote(transaction, instance)?;
            Ok((is_held(transaction, holder)?, given))
        })?;
        self.give_slots(&given);
        Ok(has_one)
    }

    /// Asks for a place and waits until it is held. Whoever gives up waiting must still call [`Ledger::release_slot`].
    ///
    /// # Errors
    ///
    /// As [`Ledger::acquire_slot`].
    pub async fn wait_for_slot(
        &self,
        holder: &SlotHolder,
        limit: u32,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let waiter = self.0.waiting.begin(holder);
        let mut has_one = self.acquire_slot(holder, limit, at)?;
        while !has_one {
            waiter.woken().await;
            has_one =
                self.read("see whether a place is held", |connection| Ok(is_held(connection, holder)?))?;
        }
        waiter.pass_on();
        Ok(())
    }

    /// Gives a place back, or the position in the queue. Nothing happens if there is none.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn release_slot(&self, holder: &SlotHolder) -> Result<(), LedgerError> {
        let SlotHolder { instance, run, tenant } = holder;
        let given = self.write_soon("give a place back", |transaction| {
            transaction
                .prepare_cached("DELETE FROM slot WHERE instance = ?1 AND run = ?2 AND tenant = ?3")?
                .execute(params![instance, run, tenant])?;
            Ok(promote(transaction, instance)?)
        })?;
        self.give_slots(&given);
        Ok(())
    }

    /// Who holds a place on an instance, in the order they asked.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn slots(&self, instance: &str) -> Result<Vec<SlotHolder>, LedgerError> {
        self.read("list the places", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT instance, run, tenant FROM slot WHERE held AND instance = ?1 ORDER BY number",
            )?;
            Ok(statement.query_map([instance], from_row)?.collect::<Result<_, _>>()?)
        })
    }

    /// Gives back the places of runs that have ended. For the start: nobody else would.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn drop_slots_of_ended_runs(&self) -> Result<(), LedgerError> {
        let given =
            self.write("give back the places of ended runs", |transaction| Ok(drop_ended(transaction)?))?;
        self.give_slots(&given);
        Ok(())
    }

    /// Tells those who wait that they were given a place. Only those of this process hear it.
    pub(super) fn give_slots(&self, given: &[SlotHolder]) {
        self.0.waiting.wake(given);
    }
}

fn is_held(connection: &Connection, holder: &SlotHolder) -> rusqlite::Result<bool> {
    let SlotHolder { instance, run, tenant } = holder;
    let mut statement = connection
        .prepare_cached("SELECT held FROM slot WHERE instance = ?1 AND run = ?2 AND tenant = ?3")?;
    Ok(statement.query_row([instance, run, tenant], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// Takes those out of the queues whose run has ended, and gives their places to the next, whom it names.
pub(super) fn drop_ended(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<SlotHolder>> {
    let instances: BTreeSet<String> = transaction
        .prepare_cached(
            "DELETE FROM slot WHERE run IN (SELECT id FROM run WHERE verdict IS NOT NULL) RETURNING instance",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut given = Vec::new();
    for instance in &instances {
        given.extend(promote(transaction, instance)?);
    }
    Ok(given)
}

/// Gives free places to those who have waited longest, and names them. Each brings the limit that it was told.
fn promote(transaction: &Transaction<'_>, instance: &str) -> rusqlite::Result<Vec<SlotHolder>> {
    let mut given = Vec::new();
    let mut next = transaction.prepare_cached(NEXT)?;
    let mut give = transaction
        .prepare_cached("UPDATE slot SET held = 1 WHERE number = ?1 RETURNING instance, run, tenant")?;
    while let Some(number) = next.query_row([instance], |row| row.get::<_, i64>(0)).optional()? {
        given.push(give.query_row([number], from_row)?);
    }
    Ok(given)
}

/// Whoever is to get a place on an instance, if one is free.
pub(super) const NEXT: &str = "SELECT number FROM slot WHERE number =
         (SELECT min(number) FROM slot WHERE instance = ?1 AND NOT held)
     AND instance_limit > (SELECT count(*) FROM slot WHERE instance = ?1 AND held)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<SlotHolder> {
    Ok(SlotHolder { instance: row.get(0)?, run: row.get(1)?, tenant: row.get(2)? })
}
