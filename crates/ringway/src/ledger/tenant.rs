//! The tenants of a run: how far each is proven, what it waits for, and how it ended.

use super::{
    Ledger, LedgerError, Run,
    column::{At, Json, Word},
    error::Interrupted,
};
use jiff::Timestamp;
use release::{
    application::ApplicationKey,
    proof::Proof,
    report::AwaitingReport,
    step::{Part, Problem, TenantResult},
    verdict::TenantVerdict,
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::{BTreeMap, BTreeSet};

/// One tenant of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantState {
    /// The run.
    pub run: String,
    /// The tenant.
    pub tenant: String,
    /// How far it is proven.
    pub proof: Proof,
    /// How it ended.
    pub verdict: Option<TenantVerdict>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Why it failed, was refused, skipped or cancelled.
    pub problem: Option<Problem>,
    /// What it waits for now.
    pub awaiting: Option<AwaitingReport>,
    /// The Applications that the run looked at.
    pub applications: Vec<ApplicationKey>,
    /// When something last changed; `None` before anything has.
    pub updated_at: Option<Timestamp>,
    /// When each level of proof was reached, from the lowest.
    pub timeline: Vec<(Timestamp, Proof)>,
}

impl Ledger {
    /// The tenants of a run, in the order they were asked for.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn tenants(&self, run: &str) -> Result<Vec<TenantState>, LedgerError> {
        self.read("read the tenants of a run", |connection| {
            let mut statement =
                connection.prepare_cached(&format!("{SELECT} tenant.run = ?1 ORDER BY tenant.position"))?;
            Ok(statement.query_map([run], from_row)?.collect::<Result<_, _>>()?)
        })
    }

    /// The newest run of every ring and service that had this tenant, with what became of the tenant in it; the newest
    /// first.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn latest_of_tenant(&self, tenant: &str) -> Result<Vec<(Run, TenantState)>, LedgerError> {
        let mut seen = BTreeSet::new();
        let mut latest = Vec::new();
        let filter = super::RunFilter { tenant: Some(tenant.to_owned()), ..Default::default() };
        for run in self.runs(&filter)? {
            if !seen.insert((run.ring.clone(), run.service.clone())) {
                continue;
            }
            if let Some(state) = self.tenant(&run.id, tenant)? {
                latest.push((run, state));
            }
        }
        Ok(latest)
    }

    /// One tenant of a run.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn tenant(&self, run: &str, tenant: &str) -> Result<Option<TenantState>, LedgerError> {
        self.read("read a tenant of a run", |connection| read_tenant(connection, run, tenant))
    }

    /// Writes down that an Application of a tenant is proven as far as this. Only ever raises it; the tenant is proven as
    /// far as the least proven of its Applications.
    ///
    /// # Errors
    ///
    /// If the tenant is not one of the run's, or the ledger cannot be written.
    pub fn record_proof(
        &self,
        run: &str,
        tenant: &str,
        part: Part,
        proof: Proof,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.write_soon("record a proof", |transaction| {
            let state = known_tenant(transaction, run, tenant)?;
            let proof = if part.of > 1 { least(transaction, &state, part, proof)? } else { proof };
            Ok(raise_proof(transaction, &state, proof, at)?)
        })
    }

    /// Writes down what a tenant waits for now; `None` if for nothing. A tenant that has ended waits for nothing.
    ///
    /// # Errors
    ///
    /// If the tenant is not one of the run's, or the ledger cannot be written.
    pub fn record_awaiting(
        &self,
        run: &str,
        tenant: &str,
        awaiting: Option<&AwaitingReport>,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.write_soon("record what is awaited", |transaction| {
            let state = known_tenant(transaction, run, tenant)?;
            if state.verdict.is_none() && state.awaiting.as_ref() != awaiting {
                transaction
                    .prepare_cached(
                        "UPDATE tenant SET awaiting = ?3, updated_at = ?4 WHERE run = ?1 AND tenant = ?2",
                    )?
                    .execute(params![run, tenant, awaiting.map(Json), At(at)])?;
            }
            Ok(())
        })
    }

    /// Writes down which Applications of a tenant a run is about.
    ///
    /// # Errors
    ///
    /// If the tenant is not one of the run's, or the ledger cannot be written.
    pub fn record_applications(
        &self,
        run: &str,
        tenant: &str,
        applications: &[ApplicationKey],
    ) -> Result<(), LedgerError> {
        self.write_soon("record the Applications of a tenant", |transaction| {
            if known_tenant(transaction, run, tenant)?.applications != applications {
                transaction
                    .prepare_cached("UPDATE tenant SET applications = ?3 WHERE run = ?1 AND tenant = ?2")?
                    .execute(params![run, tenant, Json(applications)])?;
            }
            Ok(())
        })
    }

    /// Writes down how a tenant ended. The first result stays.
    ///
    /// # Errors
    ///
    /// If the tenant is not one of the run's, or the ledger cannot be written.
    pub fn record_tenant(&self, run: &str, result: &TenantResult, at: Timestamp) -> Result<(), LedgerError> {
        self.write_soon("record how a tenant ended", |transaction| {
            let state = known_tenant(transaction, run, &result.tenant)?;
            if state.verdict.is_some() {
                return Ok(());
            }
            raise_proof(transaction, &state, result.proof, at)?;
            transaction.prepare_cached("UPDATE tenant SET verdict = ?3, notes = ?4, problem = ?5, awaiting = NULL, updated_at = ?6
                 WHERE run = ?1 AND tenant = ?2")?.execute(params![
                    run,
                    result.tenant,
                    Word(result.verdict),
                    Json(&result.notes),
                    result.problem.as_ref().map(Json),
                    At(at)
                ])?;
            Ok(())
        })
    }
}

/// How far a tenant is proven of which this part is proven now.
fn least(
    transaction: &Transaction<'_>,
    state: &TenantState,
    part: Part,
    proof: Proof,
) -> rusqlite::Result<Proof> {
    let mut statement =
        transaction.prepare_cached("SELECT part, proof FROM part_proven WHERE run = ?1 AND tenant = ?2")?;
    let known = statement.query_map([&state.run, &state.tenant], |row| {
        Ok((row.get::<_, u32>(0)?, row.get::<_, Word<Proof>>(1)?.0))
    })?;
    let mut parts = known.collect::<Result<BTreeMap<u32, Proof>, _>>()?;
    let of_part = parts.entry(part.number).or_default();
    if *of_part < proof {
        *of_part = proof;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO part_proven VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![state.run, state.tenant, part.number, Word(proof)])?;
    }
    let all = (0..part.of).map(|number| parts.get(&number).copied().unwrap_or_default());
    Ok(all.min().unwrap_or_default())
}

fn raise_proof(
    transaction: &Transaction<'_>,
    state: &TenantState,
    proof: Proof,
    at: Timestamp,
) -> rusqlite::Result<()> {
    if proof <= state.proof {
        return Ok(());
    }
    transaction
        .prepare_cached("UPDATE tenant SET proof = ?3, updated_at = ?4 WHERE run = ?1 AND tenant = ?2")?
        .execute(params![state.run, state.tenant, Word(proof), At(at)])?;
    transaction.prepare_cached("INSERT INTO proof_reached VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        state.run,
        state.tenant,
        Word(proof),
        At(at)
    ])?;
    Ok(())
}

fn known_tenant(connection: &Connection, run: &str, tenant: &str) -> Result<TenantState, Interrupted> {
    read_tenant(connection, run, tenant)?
        .ok_or_else(|| LedgerError::UnknownTenant { run: run.to_owned(), tenant: tenant.to_owned() }.into())
}

fn read_tenant(connection: &Connection, run: &str, tenant: &str) -> Result<Option<TenantState>, Interrupted> {
    let sql = format!("{SELECT} tenant.run = ?1 AND tenant.tenant = ?2");
    Ok(connection.prepare_cached(&sql)?.query_row([run, tenant], from_row).optional()?)
}

const SELECT: &str = "SELECT run, tenant, proof, verdict, notes, problem, awaiting, applications, updated_at,
    (SELECT json_group_array(json_array(at, proof_reached.proof)) FROM proof_reached
     WHERE proof_reached.run = tenant.run AND proof_reached.tenant = tenant.tenant) AS timeline
    FROM tenant WHERE";

fn from_row(row: &Row<'_>) -> rusqlite::Result<TenantState> {
    let mut timeline: Vec<(Timestamp, Proof)> = row.get::<_, Json<_>>("timeline")?.0;
    // By level and not by time: a clock may have jumped.
    timeline.sort_by_key(|(_, proof)| *proof);
    Ok(TenantState {
        run: row.get("run")?,
        tenant: row.get("tenant")?,
        proof: row.get::<_, Word<_>>("proof")?.0,
        verdict: row.get::<_, Option<Word<_>>>("verdict")?.map(|Word(verdict)| verdict),
        notes: row.get::<_, Json<_>>("notes")?.0,
        problem: row.get::<_, Option<Json<_>>>("problem")?.map(|Json(problem)| problem),
        awaiting: row.get::<_, Option<Json<_>>>("awaiting")?.map(|Json(awaiting)| awaiting),
        applications: row.get::<_, Json<_>>("applications")?.0,
        updated_at: row.get::<_, Option<At>>("updated_at")?.map(|At(at)| at),
        timeline,
    })
}
