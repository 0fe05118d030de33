//! Places for tenants under way, a limited number per Argo CD instance: first come, first served.
//!
//! A place is given by whoever changes the queue, not taken by whoever waits: so those who wait look at a set in memory
//! and not at the file. The queue survives a restart; those in it ask again and keep their position.

use super::{Ledger, LedgerError, column::At};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::BTreeSet;
use tokio::sync::watch;

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
        let held = self.write_soon("ask for a place", |transaction| {
            transaction.prepare_cached("INSERT INTO slot (instance, run, tenant, instance_limit, asked_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET instance_limit = excluded.instance_limit
                 WHERE instance_limit <> excluded.instance_limit")?.execute(params![instance, run, tenant, limit, At(at)])?;
            promote(transaction, instance)?;
            Ok(held(transaction)?)
        })?;
        let has_one = held.contains(holder);
        self.publish_slots(held);
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
        if self.acquire_slot(holder, limit, at)? {
            return Ok(());
        }
        loop {
            // Not through the channel, which wakes its many readers in an order of chance: the same simulation must do
            // the same twice. Registered before looking, so that no change is missed.
            let mut changed = std::pin::pin!(self.0.slots_changed.notified());
            changed.as_mut().enable();
            if self.0.slots.borrow().contains(holder) {
                return Ok(());
            }
            changed.await;
        }
    }

    /// Gives a place back, or the position in the queue. Nothing happens if there is none.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn release_slot(&self, holder: &SlotHolder) -> Result<(), LedgerError> {
        let SlotHolder { instance, run, tenant } = holder;
        let held = self.write_soon("give a place back", |transaction| {
            transaction
                .prepare_cached("DELETE FROM slot WHERE instance = ?1 AND run = ?2 AND tenant = ?3")?
                .execute(params![instance, run, tenant])?;
            promote(transaction, instance)?;
            Ok(held(transaction)?)
        })?;
        self.publish_slots(held);
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
        let held = self.write("give back the places of ended runs", |transaction| {
            drop_ended(transaction)?;
            Ok(held(transaction)?)
        })?;
        self.publish_slots(held);
        Ok(())
    }

    /// Who holds a place, as it changes. Only changes made by this process are seen.
    pub fn slot_changed(&self) -> watch::Receiver<BTreeSet<SlotHolder>> {
        self.0.slots.subscribe()
    }

    pub(super) fn publish_slots(&self, held: BTreeSet<SlotHolder>) {
        let changed = self.0.slots.send_if_modified(|known| {
            let changed = *known != held;
            *known = held;
            changed
        });
        if changed {
            self.0.slots_changed.notify_waiters();
        }
    }
}

/// Everybody who holds a place.
pub(super) fn held(connection: &Connection) -> rusqlite::Result<BTreeSet<SlotHolder>> {
    connection
        .prepare_cached("SELECT instance, run, tenant FROM slot WHERE held")?
        .query_map([], from_row)?
        .collect()
}

/// Takes those out of the queues whose run has ended, and gives their places to the next.
pub(super) fn drop_ended(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let instances: BTreeSet<String> = transaction
        .prepare_cached(
            "DELETE FROM slot WHERE run IN (SELECT id FROM run WHERE verdict IS NOT NULL) RETURNING instance",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    instances.iter().try_for_each(|instance| promote(transaction, instance))
}

/// Gives free places to those who have waited longest. Each brings the limit that it was told.
fn promote(transaction: &Transaction<'_>, instance: &str) -> rusqlite::Result<()> {
    let mut next = transaction.prepare_cached(
        "SELECT number FROM slot WHERE number =
             (SELECT min(number) FROM slot WHERE instance = ?1 AND NOT held)
         AND instance_limit > (SELECT count(*) FROM slot WHERE instance = ?1 AND held)",
    )?;
    while let Some(number) = next.query_row([instance], |row| row.get::<_, i64>(0)).optional()? {
        transaction.prepare_cached("UPDATE slot SET held = 1 WHERE number = ?1")?.execute([number])?;
    }
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SlotHolder> {
    Ok(SlotHolder { instance: row.get(0)?, run: row.get(1)?, tenant: row.get(2)? })
}
