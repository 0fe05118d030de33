//! The inbox: deliveries of GitHub from when they were verified until somebody looked at what they are about.
//!
//! A delivery is kept by the id that GitHub gives it, which a redelivery has as well. Only one that was *processed* is
//! not done again: one that was merely seen may have been lost in a crash.

use super::{
    Ledger, LedgerError,
    column::{At, Json},
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};

/// How long a processed delivery is known: longer than GitHub offers to send it again.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A delivery that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same when it is sent again.
    pub id: String,
    /// The name of the event, as GitHub has it.
    pub event: String,
    /// What to look at because of it.
    pub hint: Hint,
    /// When it came.
    pub received_at: Timestamp,
}

/// What to look at. All that is believed of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// One pull request.
    PullRequest {
        /// The id of its repository.
        repository: u64,
        /// Its number.
        number: u64,
    },
    /// Whatever pull requests are of this branch.
    Branch {
        /// The id of the repository.
        repository: u64,
        /// The name of the branch, without `refs/heads/`.
        branch: String,
    },
    /// Everything of a repository.
    Repository {
        /// Its id.
        repository: u64,
    },
    /// Nothing of ours.
    Nothing,
}

/// What the inbox knew of a delivery that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Nothing: it is in the inbox now.
    New,
    /// It was in the inbox and not processed yet.
    Again,
    /// It was processed: there is nothing to do.
    Processed,
}

impl Ledger {
    /// Puts a delivery into the inbox. It survives the machine when this comes back.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written. The delivery is not in the inbox then.
    pub fn receive(&self, delivery: &Delivery) -> Result<Received, LedgerError> {
        self.write("receive a delivery", |transaction| Ok(receive(transaction, delivery)?))
    }

    /// The same for several, which wait for the disk only once. All of them or none.
    ///
    /// # Errors
    ///
    /// As [`Ledger::receive`].
    pub fn receive_all(&self, deliveries: &[Delivery]) -> Result<Vec<Received>, LedgerError> {
        self.write("receive deliveries", |transaction| {
            let received = deliveries.iter().map(|delivery| receive(transaction, delivery));
            Ok(received.collect::<Result<_, _>>()?)
        })
    }

    /// Deliveries that nobody has looked into yet, the oldest first.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn unprocessed(&self) -> Result<Vec<Delivery>, LedgerError> {
        self.read("list deliveries that are not processed", |connection| Ok(unprocessed(connection)?))
    }

    /// Writes down that what these deliveries are about was looked at. Those that were processed long ago are forgotten.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written. They are looked at again then.
    pub fn processed(&self, ids: &[String], at: Timestamp) -> Result<(), LedgerError> {
        self.write("record that deliveries are processed", |transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE inbox SET processed_at = ?2 WHERE id = ?1 AND processed_at IS NULL",
            )?;
            for id in ids {
                statement.execute(params![id, At(at)])?;
            }
            let before = at.saturating_sub(KNOWN_FOR).unwrap_or(Timestamp::MIN);
            transaction.execute("DELETE FROM inbox WHERE processed_at < ?1", [At(before)])?;
            Ok(())
        })
    }
}

fn receive(transaction: &Transaction<'_>, delivery: &Delivery) -> rusqlite::Result<Received> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO inbox (id, event, hint, received_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    let Delivery { id, event, hint, received_at } = delivery;
    if insert.execute(params![id, event, Json(hint), At(*received_at)])? > 0 {
        return Ok(Received::New);
    }
    let mut look = transaction.prepare_cached("SELECT processed_at IS NOT NULL FROM inbox WHERE id = ?1")?;
    let is_processed = look.query_row([id], |row| row.get(0))?;
    Ok(if is_processed { Received::Processed } else { Received::Again })
}

fn unprocessed(connection: &Connection) -> rusqlite::Result<Vec<Delivery>> {
    let sql = "SELECT id, event, hint, received_at FROM inbox WHERE processed_at IS NULL ORDER BY position";
    connection.prepare_cached(sql)?.query_map([], from_row)?.collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        event: row.get("event")?,
        hint: row.get::<_, Json<_>>("hint")?.0,
        received_at: row.get::<_, At>("received_at")?.0,
    })
}
