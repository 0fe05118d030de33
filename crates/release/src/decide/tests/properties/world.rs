//! What becomes of the facts when a decision is carried out, and all goes well.

use super::*;

/// Carries out the actions: cleanups end at once, releases as well, and what another ring holds is refused.
pub(super) fn carry_out(observation: &mut Observation, decision: &Decision) {
    observation.noticed_gone = decision.noticed_gone.clone();
    for action in &decision.actions {
        match action {
            Action::Cancel { run, .. } => end(observation, run, TenantVerdict::Cancelled),
            Action::Cleanup { tenants, .. } => {
                stop_those_with(observation, tenants);
                for tenant in tenants {
                    give_back(observation, tenant);
                }
            }
            Action::Release { label, commit, tenants, .. } => {
                stop_those_with(observation, tenants);
                for tenant in tenants {
                    release(observation, label, commit, tenant);
                }
            }
        }
    }
}

/// All that goes on ends: releases well, cleanups as well.
pub(super) fn end_all(observation: &mut Observation) {
    for release in std::mem::take(&mut observation.under_way) {
        end(observation, &release.run, TenantVerdict::Success);
    }
    for history in observation.tenants.values_mut() {
        if let Some(cleaned) = history.cleaned.as_mut().filter(|cleaned| cleaned.unfinished) {
            cleaned.unfinished = false;
            cleaned.verdict = Some(TenantVerdict::Success);
            history.held = false;
        }
    }
}

fn end(observation: &mut Observation, run: &str, verdict: TenantVerdict) {
    observation.under_way.retain(|release| release.run != run);
    for history in observation.tenants.values_mut() {
        if let Some(past) = history.released.as_mut().filter(|past| past.run == run) {
            past.unfinished = false;
            past.verdict = past.verdict.or(Some(verdict));
            history.held |= verdict == TenantVerdict::Success;
        }
    }
}

/// A run that has one of these tenants gives way.
fn stop_those_with(observation: &mut Observation, tenants: &[String]) {
    let histories = tenants.iter().filter_map(|tenant| observation.tenants.get(tenant));
    let past = histories.filter_map(|history| history.released.as_ref()).filter(|past| past.unfinished);
    let runs: BTreeSet<String> = past.map(|past| past.run.clone()).collect();
    for run in runs {
        end(observation, &run, TenantVerdict::Cancelled);
    }
}

fn give_back(observation: &mut Observation, tenant: &str) {
    let place = next_place(observation);
    let history = observation.tenants.entry(tenant.to_owned()).or_default();
    history.held = false;
    history.cleaned = Some(PastCleanup { run: "c9".into(), place, began_at: observation.now, ..cleaned() });
}

/// A place after all that began before.
fn next_place(observation: &Observation) -> i64 {
    let places = observation.tenants.values().flat_map(|history| {
        let released = history.released.as_ref().map(|past| past.place);
        released.into_iter().chain(history.cleaned.as_ref().map(|past| past.place))
    });
    places.max().unwrap_or_default() + 1
}

fn release(observation: &mut Observation, label: &str, commit: &str, tenant: &str) {
    let place = next_place(observation);
    let history = observation.tenants.entry(tenant.to_owned()).or_default();
    let refused = history.held_by.is_some();
    history.held |= !refused;
    let verdict = if refused { TenantVerdict::Refused } else { TenantVerdict::Success };
    history.released = Some(PastRelease {
        run: format!("r-{label}"),
        commit: Some(commit.to_owned()),
        label: Some(label.to_owned()),
        place,
        began_at: observation.now,
        unfinished: false,
        verdict: Some(verdict),
        problem: refused.then(|| "claimed".to_owned()),
    });
}
