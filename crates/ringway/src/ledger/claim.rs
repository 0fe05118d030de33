//! Claims: which ring may override which service in which Application.

use super::{
    Ledger, LedgerError, Override,
    column::{At, Json, Word},
    error::Interrupted,
    overriding,
};
use jiff::Timestamp;
use release::{
    application::ApplicationKey,
    refusal::Refusal,
    step::{Claims, ClaimsInput},
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

/// The exclusive right of a ring to override a service in an Application.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The Application.
    pub application: ApplicationKey,
    /// The service.
    pub service: String,
    /// Who holds it.
    pub ring: String,
    /// The tenant that the Application belongs to.
    pub tenant: String,
    /// The release that took it last.
    pub run: String,
    /// Since when the ring holds it.
    pub since: Timestamp,
    /// What was written, or was about to be.
    pub written: Option<Override>,
}

/// Which claims are wanted. What is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimFilter {
    /// Only of this ring.
    pub ring: Option<String>,
    /// Only of this service.
    pub service: Option<String>,
    /// Only those that this release took last.
    pub run: Option<String>,
    /// Only of these tenants.
    pub tenants: Option<Vec<String>>,
}

impl Ledger {
    /// Takes the claims on all Applications of a tenant, or none. A ring takes its own claims again: the release
    /// changes, since when does not.
    ///
    /// # Errors
    ///
    /// If the release is unknown or the ledger cannot be written. That another ring holds one is no error.
    pub fn take_claims(&self, input: &ClaimsInput, at: Timestamp) -> Result<Claims, LedgerError> {
        let (context, service) = (&input.context, &input.service);
        self.write_soon("take the claims of a tenant", |transaction| {
            for key in &input.applications {
                if let Some(other) =
                    read_claim(transaction, key, service)?.filter(|claim| claim.ring != context.ring)
                {
                    let refusal =
                        Refusal::Claimed { application: key.clone(), ring: other.ring, since: other.since };
                    return Ok(Claims::Refused { refusal });
                }
            }
            let mut insert = transaction.prepare_cached(
                "INSERT INTO claim (instance, namespace, application, service, ring, tenant, run, since)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT DO UPDATE SET tenant = excluded.tenant, run = excluded.run",
            )?;
            for ApplicationKey { instance, namespace, name } in &input.applications {
                let (ring, tenant, run) = (&context.ring, &context.tenant, &context.run);
                insert.execute(params![instance, namespace, name, service, ring, tenant, run, At(at)])?;
            }
            Ok(Claims::Held)
        })
    }

    /// The claim on a service in an Application, with what was written.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn claim(&self, key: &ApplicationKey, service: &str) -> Result<Option<Claim>, LedgerError> {
        self.read("read a claim", |connection| read_claim(connection, key, service))
    }

    /// What stands in an Application for a service, or may stand there.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn override_of(&self, key: &ApplicationKey, service: &str) -> Result<Option<Override>, LedgerError> {
        Ok(self.claim(key, service)?.and_then(|claim| claim.written))
    }

    /// Claims, ordered by tenant, Application and service. A cleanup works on these.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn claims(&self, filter: &ClaimFilter) -> Result<Vec<Claim>, LedgerError> {
        let tenants = filter.tenants.as_ref().map(Json);
        let (conditions, parameters) = conditions(filter, tenants.as_ref());
        let order = "ORDER BY tenant, instance, namespace, application, service";
        let sql = format!("{SELECT} {conditions} {order}");
        self.read("list claims", |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(parameters.as_slice(), from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Gives a claim of `ring` back and forgets what was written under it. Nothing happens if the ring has none.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn release_claim(&self, key: &ApplicationKey, service: &str, ring: &str) -> Result<(), LedgerError> {
        self.write_soon("release a claim", |transaction| {
            // With the ring: a second attempt must not take the claim from whoever got it in between.
            transaction.prepare_cached("DELETE FROM claim WHERE instance = ?1 AND namespace = ?2 AND application = ?3 AND service = ?4
                 AND ring = ?5")?.execute(params![key.instance, key.namespace, key.name, service, ring])?;
            Ok(())
        })
    }
}

/// Only what is asked for: a condition such as `?1 IS NULL OR ring = ?1` would keep SQLite from using an index, and each
/// tenant of a large fleet asks for its own claims.
fn conditions<'a>(
    filter: &'a ClaimFilter,
    tenants: Option<&'a Json<&'a Vec<String>>>,
) -> (String, Vec<&'a dyn ToSql>) {
    let text = |value: &'a Option<String>| value.as_ref().map(|value| value as &dyn ToSql);
    let wanted = [
        ("ring = ?", text(&filter.ring)),
        ("service = ?", text(&filter.service)),
        ("run = ?", text(&filter.run)),
        ("tenant IN (SELECT value FROM json_each(?))", tenants.map(|tenants| tenants as &dyn ToSql)),
    ];
    let asked = wanted.into_iter().filter_map(|(condition, value)| Some((condition, value?)));
    let (conditions, parameters): (Vec<&str>, Vec<_>) = asked.unzip();
    let conditions = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    (conditions, parameters)
}

pub(super) fn read_claim(
    connection: &Connection,
    key: &ApplicationKey,
    service: &str,
) -> Result<Option<Claim>, Interrupted> {
    let sql = format!("{SELECT} instance = ?1 AND namespace = ?2 AND application = ?3 AND service = ?4");
    let mut statement = connection.prepare_cached(&sql)?;
    let key = params![key.instance, key.namespace, key.name, service];
    Ok(statement.query_row(key, from_row).optional()?)
}

const SELECT: &str = "SELECT instance, namespace, application, service, ring, tenant, run, since,
    destination_namespace, wanted, workloads, inverse, state, intended_at, patched_at, removed_at
    FROM claim LEFT JOIN override USING (instance, namespace, application, service) WHERE";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Claim> {
    let application = ApplicationKey {
        instance: row.get("instance")?,
        namespace: row.get("namespace")?,
        name: row.get("application")?,
    };
    let state: Option<Word<_>> = row.get("state")?;
    let written = state.map(|Word(state)| overriding::from_row(row, &application, state)).transpose()?;
    Ok(Claim {
        application,
        service: row.get("service")?,
        ring: row.get("ring")?,
        tenant: row.get("tenant")?,
        run: row.get("run")?,
        since: row.get::<_, At>("since")?.0,
        written,
    })
}
