//! What `ringway cleanup` is to take back, from what was typed and what the ledger knows. It writes nothing, and asks
//! nobody: whether a pull request is over is what the server read last.

use crate::{
    command::CleanupSelection,
    config::cohort,
    error::{RefusedError, UsageError},
    ledger::{KnownPullRequest, Ledger, RingTenant},
    request::Selection,
};
use std::collections::{BTreeMap, BTreeSet};

/// What was chosen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// These overrides.
    These(Selection),
    /// There is nothing to take back: why.
    Nothing(String),
}

/// Chooses. `ledger` is opened only if what was typed makes sense; `None` if nothing was ever begun.
///
/// # Errors
/// [`UsageError`] if what was typed makes no sense or names what nobody knows, [`RefusedError`] for what an open pull
/// request has without `allow_open`, and others if the ledger cannot be read.
pub(super) fn choose(
    typed: &CleanupSelection,
    allow_open: bool,
    most: usize,
    ledger: impl FnOnce() -> anyhow::Result<Option<Ledger>>,
) -> anyhow::Result<Chosen> {
    let tenants = typed.tenants.as_deref().map(|list| tenants(list, most)).transpose()?;
    let selection = match (typed, tenants) {
        (
            CleanupSelection { pull_request: Some(_), .. } | CleanupSelection { cohort: Some(_), .. },
            tenants,
        ) => {
            let Some(ledger) = ledger()? else {
                return Ok(Chosen::Nothing("nothing is written anywhere: nothing was ever begun".to_owned()));
            };
            return of_pull_requests(&ledger, typed, tenants, allow_open);
        }
        (CleanupSelection { ring: Some(ring), .. }, _) => Selection::Ring(ring.clone()),
        (CleanupSelection { release: Some(release), .. }, _) => Selection::Release(release.clone()),
        (_, Some(tenants)) => Selection::Tenants(tenants),
        _ => {
            let ways = "--ring, --release, --tenants, --pull-request or --cohort";
            return Err(UsageError(format!("say what to take back: {ways}")).into());
        }
    };
    if !allow_open && let Some(ledger) = ledger()? {
        let known = ledger.pull_requests()?;
        for (ring, service) in rings_of(&ledger, &selection)? {
            must_be_over(&known, &ring, &service)?;
        }
    }
    Ok(Chosen::These(selection))
}

/// Each ring and service of which something would be taken back, or a release cancelled.
fn rings_of(ledger: &Ledger, selection: &Selection) -> anyhow::Result<BTreeSet<(String, String)>> {
    if let Selection::Release(id) = selection {
        let release = ledger.run(id)?;
        return Ok(release.into_iter().map(|run| (run.ring, run.service)).collect());
    }
    let is_meant = |standing: &RingTenant| match selection {
        Selection::Ring(ring) => standing.ring == *ring,
        Selection::Tenants(tenants) => tenants.contains(&standing.tenant),
        Selection::Release(_) | Selection::RingTenants { .. } => false,
    };
    let standing = ledger.ring_tenants()?.into_iter().filter(is_meant);
    Ok(standing.map(|standing| (standing.ring, standing.service)).collect())
}

fn tenants(list: &str, most: usize) -> anyhow::Result<Vec<String>> {
    let cohort = cohort::parse_tenants(list, most);
    let cohort = cohort.map_err(|error| UsageError(format!("{:#}", anyhow::Error::from(error))))?;
    Ok(cohort.tenants)
}

/// What a pull request has, what a label has, or both.
fn of_pull_requests(
    ledger: &Ledger,
    typed: &CleanupSelection,
    tenants: Option<Vec<String>>,
    allow_open: bool,
) -> anyhow::Result<Chosen> {
    let known = ledger.pull_requests()?;
    let pull_request = typed.pull_request.as_deref().map(|text| find(&known, text)).transpose()?;
    let is_meant = |standing: &RingTenant| {
        pull_request.is_none_or(|of| (&of.ring, &of.service) == (&standing.ring, &standing.service))
            && typed.cohort.as_ref().is_none_or(|label| standing.label.as_ref() == Some(label))
            && tenants.as_ref().is_none_or(|tenants| tenants.contains(&standing.tenant))
    };
    let mut meant: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for standing in ledger.ring_tenants()?.into_iter().filter(is_meant) {
        meant.entry((standing.ring, standing.service)).or_default().insert(standing.tenant);
    }
    if meant.len() > 1 {
        return Err(UsageError(several(&known, &meant)).into());
    }
    let Some(((ring, service), tenants)) = meant.pop_first() else {
        let what = [pull_request.map(KnownPullRequest::name), typed.cohort.clone()];
        let what = what.into_iter().flatten().collect::<Vec<_>>().join(", ");
        return Ok(Chosen::Nothing(format!("nothing of {what} is written anywhere")));
    };
    if !allow_open {
        must_be_over(&known, &ring, &service)?;
    }
    Ok(Chosen::These(Selection::RingTenants { ring, service, tenants: tenants.into_iter().collect() }))
}

/// The pull request that is meant by `12`, `#12` or `owner/repository#12`.
fn find<'a>(known: &'a [KnownPullRequest], text: &str) -> anyhow::Result<&'a KnownPullRequest> {
    let (repository, number) = text.rsplit_once('#').unwrap_or(("", text));
    let number: u64 = number.parse().map_err(|_| {
        UsageError(format!("--pull-request: found {text:?}; allowed: 12, #12 or owner/repository#12"))
    })?;
    let is_meant = |known: &&KnownPullRequest| {
        known.number == number
            && (repository.is_empty() || known.repository_name.eq_ignore_ascii_case(repository))
    };
    let mut found = known.iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => {
            let names = names(known.iter());
            let names = if names.is_empty() { "it has none".to_owned() } else { format!("it has {names}") };
            Err(UsageError(format!("--pull-request: {text} is not in the ledger; {names}")).into())
        }
        (Some(_), Some(_)) => {
            let names = names(known.iter().filter(is_meant));
            Err(UsageError(format!("--pull-request: which one is meant by {text}? Write one of {names}"))
                .into())
        }
    }
}

fn names<'a>(pull_requests: impl Iterator<Item = &'a KnownPullRequest>) -> String {
    const MOST: usize = 20;
    let mut names: Vec<String> = pull_requests.map(KnownPullRequest::name).collect();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let names = names.join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}

/// That a label has tenants in several rings or services, and how to say which.
fn several(known: &[KnownPullRequest], meant: &BTreeMap<(String, String), BTreeSet<String>>) -> String {
    let each = meant.iter().map(|((ring, service), tenants)| {
        let of = |known: &&KnownPullRequest| (&known.ring, &known.service) == (ring, service);
        let pull_requests = names(known.iter().filter(of));
        format!("ring {ring} of service {service} ({} tenants; {pull_requests})", tenants.len())
    });
    let each = each.collect::<Vec<_>>().join(", ");
    format!("--cohort: several rings have tenants of it: {each}; say which with --pull-request as well")
}

/// # Errors
/// [`RefusedError`] if a pull request of the ring is open, as far as the ledger knows.
fn must_be_over(known: &[KnownPullRequest], ring: &str, service: &str) -> anyhow::Result<()> {
    let of = |known: &&KnownPullRequest| known.ring == ring && known.service == service;
    match known.iter().filter(of).find(|known| !known.over) {
        None => Ok(()),
        Some(open) => Err(RefusedError(format!(
            "pull request {} is open, as far as the ledger knows. Close it or take its labels off: then its tenants are given back without this command. To take them back all the same, add --allow-open",
            open.name()
        ))
        .into()),
    }
}

#[cfg(test)]
mod tests;
