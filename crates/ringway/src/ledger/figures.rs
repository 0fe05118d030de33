//! Counts over the ledger, for those who watch from outside. Cheap: nothing is read that is not counted.

use super::{
    Ledger, LedgerError,
    column::{At, Word},
};
use jiff::Timestamp;
use release::{report::RunKind, verdict::ReleaseVerdict};
use rusqlite::Connection;

/// How much of what there is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Runs ever begun, by kind and verdict; without one, those that have not ended.
    pub runs: Vec<(RunKind, Option<ReleaseVerdict>, u32)>,
    /// When the oldest run began that has not ended.
    pub oldest_unfinished: Option<Timestamp>,
    /// Per Argo CD instance with any: tenants that hold a place, and tenants that wait for one.
    pub places: Vec<(String, u32, u32)>,
    /// Applications that are claimed.
    pub claims: u32,
    /// Freezes that stand.
    pub freezes: u32,
    /// Deliveries of GitHub that nobody has looked into yet.
    pub unprocessed: u32,
    /// When the oldest of them came.
    pub oldest_unprocessed: Option<Timestamp>,
}

impl Ledger {
    /// Counts what there is.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn figures(&self) -> Result<Figures, LedgerError> {
        self.read("count what there is", |connection| Ok(count(connection)?))
    }
}

fn count(connection: &Connection) -> rusqlite::Result<Figures> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, u32>(0));
    let runs = connection
        .prepare("SELECT kind, verdict, count(*) FROM run GROUP BY kind, verdict ORDER BY kind, verdict")?
        .query_map([], |row| {
            let verdict: Option<Word<_>> = row.get(1)?;
            Ok((row.get::<_, Word<_>>(0)?.0, verdict.map(|Word(verdict)| verdict), row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    let places = connection
        .prepare("SELECT instance, sum(held), sum(NOT held) FROM slot GROUP BY instance ORDER BY instance")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let oldest = |sql| {
        let at: Option<At> = connection.query_row(sql, [], |row| row.get(0))?;
        Ok::<_, rusqlite::Error>(at.map(|At(at)| at))
    };
    Ok(Figures {
        runs,
        oldest_unfinished: oldest("SELECT min(began_at) FROM run WHERE verdict IS NULL")?,
        places,
        claims: number("SELECT count(*) FROM claim")?,
        freezes: number("SELECT count(*) FROM freeze")?,
        unprocessed: number("SELECT count(*) FROM inbox WHERE processed_at IS NULL")?,
        oldest_unprocessed: oldest("SELECT min(received_at) FROM inbox WHERE processed_at IS NULL")?,
    })
}
