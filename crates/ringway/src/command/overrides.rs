//! `ringway override`: what is written where, and what nobody knows of.

use super::{OutputFormat, ledger};
use crate::{
    clock::{Clock, SystemClock},
    cluster::Clusters,
    config::Config,
    error::Outcome,
    ledger::{Claim, ClaimFilter, OverrideState},
    output,
};
use jiff::Timestamp;
use release::{
    overrides::owner::{OwnerAnnotation, PREFIX},
    report::text::ago,
    service::ApplicationSelector,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// One claim, as it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    tenant: String,
    instance: String,
    application: String,
    service: String,
    ring: String,
    release: String,
    state: &'static str,
    since: Timestamp,
    values: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct Value {
    path: String,
    before: Option<serde_json::Value>,
    written: String,
}

pub(super) fn list(config: &Config, format: OutputFormat) -> anyhow::Result<Outcome> {
    let claims = match ledger(config)? {
        Some(ledger) => ledger.claims(&ClaimFilter::default())?,
        None => Vec::new(),
    };
    let rows = rows(&claims);
    output::print(format, &rows, || if rows.is_empty() { "no overrides".to_owned() } else { table(&rows) })?;
    Ok(Outcome::Done)
}

pub(super) fn rows(claims: &[Claim]) -> Vec<Row> {
    let row = |claim: &Claim| Row {
        tenant: claim.tenant.clone(),
        instance: claim.application.instance.clone(),
        application: claim.application.to_string(),
        service: claim.service.clone(),
        ring: claim.ring.clone(),
        release: claim.run.clone(),
        state: match claim.written.as_ref().map(|written| written.state) {
            None => "claimed",
            Some(OverrideState::Intended) => "intended",
            Some(OverrideState::Patched) => "patched",
            Some(OverrideState::Removed) => "removed",
        },
        since: claim.since,
        values: claim.written.as_ref().map_or_else(Vec::new, |written| {
            let value = |leaf: &release::overrides::LeafInverse| Value {
                path: leaf.path.to_string(),
                before: leaf.before.clone(),
                written: leaf.written.clone(),
            };
            written.inverse.leaves.iter().map(value).collect()
        }),
    };
    claims.iter().map(row).collect()
}

pub(super) fn table(rows: &[Row]) -> String {
    let now = SystemClock.now();
    let mut text = format!(
        "{:20}  {:20}  {:24}  {:20}  {:16}  {:9}  SINCE",
        "TENANT", "SERVICE", "APPLICATION", "RING", "RELEASE", "STATE"
    );
    for row in rows {
        text.push_str(&format!(
            "\n{:20}  {:20}  {:24}  {:20}  {:16}  {:9}  {} ago",
            row.tenant,
            row.service,
            row.application,
            row.ring,
            row.release,
            row.state,
            ago(row.since, now)
        ));
        for value in &row.values {
            let before = value.before.as_ref().map_or_else(|| "not set".to_owned(), ToString::to_string);
            text.push_str(&format!("\n  {} = {} (before: {before})", value.path, value.written));
        }
    }
    text
}

/// An annotation of Ringway that the ledger does not know.
#[derive(Debug, Serialize)]
struct Orphan {
    instance: String,
    application: String,
    annotation: String,
    value: String,
    reason: String,
}

/// Finds annotations of Ringway that the ledger does not know: of another ledger, or of one that was lost.
pub(super) async fn orphans(config: Config, format: OutputFormat) -> anyhow::Result<Outcome> {
    let ledger = ledger(&config)?;
    let id = ledger.as_ref().map(|ledger| ledger.id().to_owned());
    let known: BTreeSet<_> = match &ledger {
        Some(ledger) => ledger.claims(&ClaimFilter::default())?,
        None => Vec::new(),
    }
    .into_iter()
    .map(|claim| {
        (claim.application.instance, claim.application.namespace, claim.application.name, claim.service)
    })
    .collect();
    let clusters = Clusters::new(config.argocd.clone(), config.tenant_clusters.clone());
    let mut orphans = Vec::new();
    for instance in &config.argocd {
        let client = clusters.instance(&instance.name).await?;
        let everything = ApplicationSelector::Labels(String::new());
        for found in client.find_applications(&instance.namespaces, &everything).await? {
            let metadata = &found.application.metadata;
            for (annotation, value) in &metadata.annotations {
                let Some(service) = annotation.strip_prefix(PREFIX) else { continue };
                let place = (
                    instance.name.clone(),
                    metadata.namespace.clone(),
                    metadata.name.clone(),
                    service.to_owned(),
                );
                let owner = OwnerAnnotation::read(&found.application, service).and_then(Result::ok);
                let reason = match owner {
                    None => "it cannot be read".to_owned(),
                    Some(owner) if Some(&owner.ledger) != id.as_ref() => {
                        format!("another ledger ({}) says that {} overrides it", owner.ledger, owner.ring)
                    }
                    Some(_) if known.contains(&place) => continue,
                    Some(owner) => format!("this ledger has no claim of {} any more", owner.ring),
                };
                orphans.push(Orphan {
                    instance: instance.name.clone(),
                    application: format!("{}/{}", metadata.namespace, metadata.name),
                    annotation: annotation.clone(),
                    value: value.clone(),
                    reason,
                });
            }
        }
    }
    output::print(format, &orphans, || orphans_text(&orphans))?;
    Ok(if orphans.is_empty() { Outcome::Done } else { Outcome::FoundProblems })
}

fn orphans_text(orphans: &[Orphan]) -> String {
    if orphans.is_empty() {
        return "no orphans: every annotation of Ringway is in the ledger".to_owned();
    }
    let lines = orphans.iter().map(|orphan| {
        format!(
            "{} ({})  {}: {}\n  {}",
            orphan.application, orphan.instance, orphan.annotation, orphan.reason, orphan.value
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
