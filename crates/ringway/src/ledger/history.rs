//! What a ring did to tenants before: what [`decide`](release::decide) is told about them. A few questions to the file
//! for any number of tenants.

use super::{
    Ledger, LedgerError, PullRequestOrigin,
    column::{At, Json, Word},
};
use release::{
    decide::facts::{OtherRing, PastCleanup, PastRelease, TenantHistory},
    refusal::CLAIMED_FOR_ANOTHER_SERVICE,
    report::RunKind,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, BTreeSet};

/// The newest release and the newest cleanup of each tenant. Found by position first, so that only those are read.
/// A cleanup may be of several rings and services, separated by `, `.
const NEWEST: &str = "
WITH newest AS (
    SELECT tenant.tenant AS name, max(run.position) AS position
    FROM tenant JOIN run ON run.id = tenant.run
    WHERE tenant.tenant IN (SELECT value FROM json_each(?3))
        AND instr(', ' || run.ring || ', ', ', ' || ?1 || ', ') > 0
        AND (run.service = '' OR instr(', ' || run.service || ', ', ', ' || ?2 || ', ') > 0)
    GROUP BY tenant.tenant, run.kind
)
SELECT newest.name, newest.position, run.id, run.kind, run.began_at, run.origin, run.verdict IS NULL AS unfinished,
    tenant.verdict, tenant.problem ->> '$.code' AS problem,
    iif(tenant.problem ->> '$.code' = ?4, tenant.problem ->> '$.evidence[0].value', NULL) AS other_service
FROM newest
    JOIN run ON run.position = newest.position
    JOIN tenant ON tenant.run = run.id AND tenant.tenant = newest.name";

/// Which rings hold each tenant, and since when; the first ones first.
const HOLDING: &str = "
SELECT tenant, ring, min(since) AS since FROM claim
WHERE service = ?1 AND tenant IN (SELECT value FROM json_each(?2))
GROUP BY tenant, ring ORDER BY min(since), ring";

/// Which ring holds a tenant for another service, and since when.
const HOLDING_ANOTHER_SERVICE: &str = "
SELECT ring, since FROM claim WHERE service = ?1 AND tenant = ?2 ORDER BY since, ring LIMIT 1";

/// What rings have in tenants, or are about to have.
const STANDING: &str = "
SELECT claim.ring, claim.service, claim.tenant, run.origin ->> '$.label' AS label
FROM claim JOIN run ON run.id = claim.run
UNION
SELECT run.ring, run.service, tenant.tenant, run.origin ->> '$.label' AS label
FROM run JOIN tenant ON tenant.run = run.id WHERE run.verdict IS NULL AND run.kind = 'release'
ORDER BY 1, 2, 3";

/// That a ring holds a tenant, or that a release of it is under way for the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingTenant {
    /// The ring.
    pub ring: String,
    /// The service.
    pub service: String,
    /// The tenant.
    pub tenant: String,
    /// The label that it was released for last; `None` for a release that a person asked for.
    pub label: Option<String>,
}

impl Ledger {
    /// Every tenant that a ring holds or releases, by ring, service and tenant.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn ring_tenants(&self) -> Result<Vec<RingTenant>, LedgerError> {
        self.read("list the tenants of all rings", |connection| Ok(standing(connection)?))
    }

    /// What this ring ever did to these tenants of a service, and which other ring holds them. Every tenant that was
    /// asked for is in the answer.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn tenant_histories(
        &self,
        ring: &str,
        service: &str,
        tenants: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, TenantHistory>, LedgerError> {
        let mut histories: BTreeMap<String, TenantHistory> =
            tenants.iter().map(|tenant| (tenant.clone(), TenantHistory::default())).collect();
        self.read("read what happened to tenants before", |connection| {
            let mut newest = connection.prepare_cached(NEWEST)?;
            let mut another_service = connection.prepare_cached(HOLDING_ANOTHER_SERVICE)?;
            let mut rows =
                newest.query(params![ring, service, Json(tenants), CLAIMED_FOR_ANOTHER_SERVICE])?;
            while let Some(row) = rows.next()? {
                let name: String = row.get("name")?;
                let Some(history) = histories.get_mut(&name) else { continue };
                add_run(history, row)?;
                if let Some(other) = row.get::<_, Option<String>>("other_service")? {
                    let holder = |row: &Row<'_>| {
                        Ok(OtherRing { ring: row.get("ring")?, since: row.get::<_, At>("since")?.0 })
                    };
                    history.held_by = another_service.query_row([&other, &name], holder).optional()?;
                }
            }
            let mut holding = connection.prepare_cached(HOLDING)?;
            let mut rows = holding.query(params![service, Json(tenants)])?;
            while let Some(row) = rows.next()? {
                if let Some(history) = histories.get_mut(&row.get::<_, String>("tenant")?) {
                    add_holder(history, ring, row)?;
                }
            }
            Ok(())
        })?;
        Ok(histories)
    }

    /// The tenants of a service that a ring holds: those with a claim of it.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn held_tenants(&self, ring: &str, service: &str) -> Result<BTreeSet<String>, LedgerError> {
        self.read("list the tenants of a ring", |connection| Ok(held(connection, ring, service)?))
    }
}

fn standing(connection: &Connection) -> rusqlite::Result<Vec<RingTenant>> {
    let from_row = |row: &Row<'_>| {
        let (ring, service) = (row.get("ring")?, row.get("service")?);
        Ok(RingTenant { ring, service, tenant: row.get("tenant")?, label: row.get("label")? })
    };
    connection.prepare(STANDING)?.query_map([], from_row)?.collect()
}

fn add_run(history: &mut TenantHistory, row: &Row<'_>) -> rusqlite::Result<()> {
    let origin: Option<PullRequestOrigin> =
        row.get::<_, Option<Json<_>>>("origin")?.map(|Json(origin)| origin);
    let run: String = row.get("id")?;
    let At(began_at) = row.get("began_at")?;
    let (place, unfinished) = (row.get("position")?, row.get("unfinished")?);
    let verdict = row.get::<_, Option<Word<_>>>("verdict")?.map(|Word(verdict)| verdict);
    match row.get::<_, Word<RunKind>>("kind")?.0 {
        RunKind::Release => {
            let (commit, label) = origin.map_or((None, None), |origin| (origin.commit, origin.label));
            let problem = row.get("problem")?;
            history.released =
                Some(PastRelease { run, commit, label, place, began_at, unfinished, verdict, problem });
        }
        RunKind::Cleanup => {
            let by_hand = origin.is_none();
            history.cleaned = Some(PastCleanup { run, place, began_at, unfinished, verdict, by_hand });
        }
    }
    Ok(())
}

fn add_holder(history: &mut TenantHistory, ours: &str, row: &Row<'_>) -> rusqlite::Result<()> {
    let ring: String = row.get("ring")?;
    if ring == ours {
        history.held = true;
    } else if history.held_by.is_none() {
        history.held_by = Some(OtherRing { ring, since: row.get::<_, At>("since")?.0 });
    }
    Ok(())
}

fn held(connection: &Connection, ring: &str, service: &str) -> rusqlite::Result<BTreeSet<String>> {
    let sql = "SELECT DISTINCT tenant FROM claim WHERE ring = ?1 AND service = ?2";
    connection.prepare_cached(sql)?.query_map([ring, service], |row| row.get(0))?.collect()
}
