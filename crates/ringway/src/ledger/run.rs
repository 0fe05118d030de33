//! Releases and cleanups.

use super::{
    Ledger, LedgerError, PullRequestOrigin,
    audit::{self, Asked, AuditEntry},
    column::{At, Json, Word},
    error::Interrupted,
    pull_request, slot,
};
use jiff::Timestamp;
use release::{
    image::{ImageReference, ResolvedImage},
    report::RunKind,
    verdict::{ReleaseVerdict, Stop},
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use std::collections::BTreeSet;

/// A release or a cleanup that is about to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// From [`Ledger::new_run_id`].
    pub id: String,
    /// Which of the two it is.
    pub kind: RunKind,
    /// The ring it is for; several, separated by `, `, for a cleanup by tenants.
    pub ring: String,
    /// The service it is for; empty for a cleanup of several.
    pub service: String,
    /// What is released; empty for a cleanup.
    pub images: Vec<ResolvedImage>,
    /// The tenants, in the order they were asked for.
    pub tenants: Vec<String>,
    /// The name of the cohort, if the tenants came from a cohort file.
    pub cohort: Option<String>,
    /// The pull request that asks for it; `None` if a person does.
    pub origin: Option<PullRequestOrigin>,
    /// When it begins.
    pub began_at: Timestamp,
}

/// A release or a cleanup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Which of the two it is.
    pub kind: RunKind,
    /// The ring it is for; several, separated by `, `, for a cleanup by tenants.
    pub ring: String,
    /// The service it is for; empty for a cleanup of several.
    pub service: String,
    /// What is released, with the digests that the tags stood for when it began.
    pub images: Vec<ResolvedImage>,
    /// The tenants, in the order they were asked for.
    pub tenants: Vec<String>,
    /// The name of the cohort, if the tenants came from a cohort file.
    pub cohort: Option<String>,
    /// The pull request that asked for it, as it asked last; `None` if a person did.
    pub origin: Option<PullRequestOrigin>,
    /// When it began.
    pub began_at: Timestamp,
    /// Why it was told to stop, if it was.
    pub stop: Option<Stop>,
    /// How it ended.
    pub verdict: Option<ReleaseVerdict>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Which runs are wanted. What is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// Only of this kind.
    pub kind: Option<RunKind>,
    /// Only of this ring.
    pub ring: Option<String>,
    /// Only of this service.
    pub service: Option<String>,
    /// Only those with this tenant.
    pub tenant: Option<String>,
    /// Only those without a verdict.
    pub unfinished: bool,
    /// At most so many.
    pub limit: Option<u32>,
}

impl Ledger {
    /// An id that no run has or will have: `r-`, the day in UTC, and a number that counts up within it, such as
    /// `r-20261123-004`. Up to 999 runs a day they sort as they began.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn new_run_id(&self, at: Timestamp) -> Result<String, LedgerError> {
        let day = at.strftime("%Y%m%d").to_string();
        self.write("number a run", |transaction| {
            let number: i64 = transaction.query_row(
                "INSERT INTO run_number VALUES (?1, 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
                [&day],
                |row| row.get(0),
            )?;
            Ok(format!("r-{day}-{number:03}"))
        })
    }

    /// Writes down that a run begins, with all its tenants. The same run can be begun again.
    ///
    /// # Errors
    ///
    /// If a different run has this id, or the ledger cannot be written.
    pub fn begin_run(&self, new: &NewRun) -> Result<(), LedgerError> {
        self.begin(new, None)
    }

    /// The same, with who asked for it. A second time adds nothing to the audit.
    ///
    /// # Errors
    ///
    /// As [`Ledger::begin_run`].
    pub fn begin_run_asked(&self, new: &NewRun, asked: &Asked) -> Result<(), LedgerError> {
        self.begin(new, Some(asked))
    }

    fn begin(&self, new: &NewRun, asked: Option<&Asked>) -> Result<(), LedgerError> {
        self.write("begin a run", |transaction| {
            if let Some(run) = read_run(transaction, &new.id)? {
                let taken = || LedgerError::RunIdTaken { run: new.id.clone() }.into();
                return if is_same(&run, new) { Ok(()) } else { Err(taken()) };
            }
            transaction
                .prepare_cached(
                    "INSERT INTO run (id, kind, ring, service, images, cohort, origin, began_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    new.id,
                    Word(new.kind),
                    new.ring,
                    new.service,
                    Json(&new.images),
                    new.cohort,
                    new.origin.as_ref().map(Json),
                    At(new.began_at)
                ])?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO tenant (run, tenant, position) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?;
            for (position, tenant) in (0_i64..).zip(&new.tenants) {
                insert.execute(params![new.id, tenant, position])?;
            }
            if let Some(asked) = asked {
                audit::insert(transaction, &began(transaction, new, asked)?)?;
            }
            Ok(())
        })
    }

    /// The run by its id.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn run(&self, id: &str) -> Result<Option<Run>, LedgerError> {
        self.read("read a run", |connection| read_run(connection, id))
    }

    /// Whether a run has a verdict: the cheapest question about one.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn has_ended(&self, run: &str) -> Result<bool, LedgerError> {
        self.read("see whether a run has ended", |connection| {
            let sql = "SELECT count(*) FROM run WHERE id = ?1 AND verdict IS NOT NULL";
            Ok(connection.prepare_cached(sql)?.query_row([run], |row| row.get(0))?)
        })
    }

    /// Why a run was told to stop, if it was; `None` too if there is no such run. Cheap however many tenants the run has:
    /// each of them asks before its patch.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn stop_of_run(&self, run: &str) -> Result<Option<Stop>, LedgerError> {
        self.read("see whether a run is to stop", |connection| {
            let mut statement = connection.prepare_cached("SELECT stop FROM run WHERE id = ?1")?;
            let stop = statement.query_row([run], |row| row.get::<_, Option<Json<_>>>(0)).optional()?;
            Ok(stop.flatten().map(|Json(stop)| stop))
        })
    }

    /// Runs, the newest first.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>, LedgerError> {
        let where_and_limit = "(?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR ring = ?2)
             AND (?3 IS NULL OR service = ?3)
             AND (?4 IS NULL OR EXISTS (SELECT 1 FROM tenant WHERE tenant.run = run.id AND tenant = ?4))
             AND (NOT ?5 OR verdict IS NULL)
             ORDER BY position DESC LIMIT ?6";
        // A negative limit is none (https://www.sqlite.org/lang_select.html#limitoffset).
        let limit = filter.limit.map_or(-1, i64::from);
        let kind = filter.kind.map(Word);
        self.read("list runs", |connection| {
            let parameters =
                params![kind, filter.ring, filter.service, filter.tenant, filter.unfinished, limit];
            Ok(select(connection, where_and_limit, parameters)?)
        })
    }

    /// The unfinished release of the same ring, service, image references and tenants, in whatever order, that was not
    /// told to stop: the one that goes on when it is asked for again.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn unfinished_release(
        &self,
        ring: &str,
        service: &str,
        references: &[ImageReference],
        tenants: &[String],
    ) -> Result<Option<Run>, LedgerError> {
        let references: BTreeSet<_> = references.iter().collect();
        let tenants: BTreeSet<_> = tenants.iter().collect();
        let filter = RunFilter {
            kind: Some(RunKind::Release),
            ring: Some(ring.to_owned()),
            service: Some(service.to_owned()),
            unfinished: true,
            ..RunFilter::default()
        };
        let mut unfinished = self.runs(&filter)?.into_iter();
        Ok(unfinished.find(|run| {
            run.stop.is_none()
                && run.images.iter().map(|image| &image.reference).collect::<BTreeSet<_>>() == references
                && run.tenants.iter().collect::<BTreeSet<_>>() == tenants
        }))
    }

    /// Writes down that the pull request asks for an unfinished run as something else now: what it did and will do is
    /// the same, and counts for that. A run that has ended keeps what it was asked as.
    ///
    /// # Errors
    ///
    /// If there is no such run, or the ledger cannot be written.
    pub fn record_origin(&self, run: &str, origin: &PullRequestOrigin) -> Result<(), LedgerError> {
        self.write("record what a run is asked for as", |transaction| {
            if known_run(transaction, run)?.origin.as_ref() != Some(origin) {
                transaction
                    .prepare_cached("UPDATE run SET origin = ?2 WHERE id = ?1 AND verdict IS NULL")?
                    .execute(params![run, Json(origin)])?;
            }
            Ok(())
        })
    }

    /// Everything unfinished of a ring and service, the newest first, with cleanups of several rings or services that
    /// this may be among.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn unfinished_runs_of_ring(&self, ring: &str, service: &str) -> Result<Vec<Run>, LedgerError> {
        let among = "verdict IS NULL
             AND (ring = '' OR instr(', ' || ring || ', ', ', ' || ?1 || ', ') > 0)
             AND (service = '' OR instr(', ' || service || ', ', ', ' || ?2 || ', ') > 0)
             ORDER BY position DESC";
        self.read("list the unfinished runs of a ring", |connection| {
            Ok(select(connection, among, params![ring, service])?)
        })
    }

    /// Writes down that a run was told to stop, and why. The first reason stays, and a run that has ended does not stop.
    ///
    /// # Errors
    ///
    /// If there is no such run, or the ledger cannot be written.
    pub fn record_stop(&self, run: &str, stop: &Stop) -> Result<(), LedgerError> {
        self.stop(run, stop, None)
    }

    /// The same, with who asked for it.
    ///
    /// # Errors
    ///
    /// As [`Ledger::record_stop`].
    pub fn record_stop_asked(&self, run: &str, stop: &Stop, asked: &Asked) -> Result<(), LedgerError> {
        self.stop(run, stop, Some(asked))
    }

    fn stop(&self, run: &str, stop: &Stop, asked: Option<&Asked>) -> Result<(), LedgerError> {
        self.write("record that a run was told to stop", |transaction| {
            let known = known_run(transaction, run)?;
            let changed = transaction
                .prepare_cached(
                    "UPDATE run SET stop = ?2 WHERE id = ?1 AND stop IS NULL AND verdict IS NULL",
                )?
                .execute(params![run, Json(stop)])?;
            if let Some(asked) = asked {
                let mut entry = AuditEntry::stop(asked, &known, stop, changed > 0);
                if !asked.by.from.is_typed() {
                    entry.pull_request = name_of(transaction, known.origin.as_ref())?;
                }
                audit::insert(transaction, &entry)?;
            }
            Ok(())
        })
    }

    /// Writes down how a run ended, and gives back all places that it still holds or waits for. The first verdict stays.
    ///
    /// # Errors
    ///
    /// If there is no such run, or the ledger cannot be written.
    pub fn record_verdict(
        &self,
        run: &str,
        verdict: ReleaseVerdict,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let given = self.write("record a verdict", |transaction| {
            known_run(transaction, run)?;
            transaction
                .prepare_cached(
                    "UPDATE run SET verdict = ?2, ended_at = ?3 WHERE id = ?1 AND verdict IS NULL",
                )?
                .execute(params![run, Word(verdict), At(at)])?;
            Ok(slot::drop_ended(transaction)?)
        })?;
        self.give_slots(&given);
        Ok(())
    }
}

/// That a run was asked for.
fn began(connection: &Connection, new: &NewRun, asked: &Asked) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        pull_request: name_of(connection, new.origin.as_ref())?,
        run: Some(new.id.clone()),
        ring: Some(new.ring.clone()),
        service: Some(new.service.clone()).filter(|service| !service.is_empty()),
        tenants: audit::count(new.tenants.len()),
        ..AuditEntry::done(asked, new.kind.into())
    })
}

fn name_of(connection: &Connection, origin: Option<&PullRequestOrigin>) -> rusqlite::Result<Option<String>> {
    origin.map(|origin| pull_request::name(connection, origin)).transpose()
}

/// Whether a run is the one that is to begin. When is left out: a second attempt comes later.
fn is_same(run: &Run, new: &NewRun) -> bool {
    (&run.kind, &run.ring, &run.service, &run.images) == (&new.kind, &new.ring, &new.service, &new.images)
        && run.tenants.iter().collect::<BTreeSet<_>>() == new.tenants.iter().collect()
}

fn known_run(connection: &Connection, id: &str) -> Result<Run, Interrupted> {
    let found = read_run(connection, id)?;
    found.ok_or_else(|| LedgerError::UnknownRun { run: id.to_owned() }.into())
}

fn read_run(connection: &Connection, id: &str) -> Result<Option<Run>, Interrupted> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} id = ?1"))?;
    Ok(statement.query_row([id], from_row).optional()?)
}

const SELECT: &str =
    "SELECT id, kind, ring, service, images, cohort, origin, began_at, stop, verdict, ended_at,
    (SELECT json_group_array(tenant ORDER BY position) FROM tenant WHERE tenant.run = run.id) AS tenants
    FROM run WHERE";

fn select(connection: &Connection, rest: &str, parameters: &[&dyn ToSql]) -> rusqlite::Result<Vec<Run>> {
    connection.prepare_cached(&format!("{SELECT} {rest}"))?.query_map(parameters, from_row)?.collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: row.get("id")?,
        kind: row.get::<_, Word<_>>("kind")?.0,
        ring: row.get("ring")?,
        service: row.get("service")?,
        images: row.get::<_, Json<_>>("images")?.0,
        tenants: row.get::<_, Json<_>>("tenants")?.0,
        cohort: row.get("cohort")?,
        origin: row.get::<_, Option<Json<_>>>("origin")?.map(|Json(origin)| origin),
        began_at: row.get::<_, At>("began_at")?.0,
        stop: row.get::<_, Option<Json<_>>>("stop")?.map(|Json(stop)| stop),
        verdict: row.get::<_, Option<Word<_>>>("verdict")?.map(|Word(verdict)| verdict),
        ended_at: row.get::<_, Option<At>>("ended_at")?.map(|At(at)| at),
    })
}
