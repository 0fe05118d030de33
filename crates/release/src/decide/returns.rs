//! What is given back: tenants of a pull request that is over, and of labels that are gone.

use super::{
    Action, CancelReason, CleanupReason, Departure, LATER_AFTER_FAILURE, Observation, SOON, Stray,
    cohorts::{self},
    facts::{PastRelease, TenantHistory},
    later,
};
use crate::verdict::TenantVerdict;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What is given back, now and later.
#[derive(Default)]
pub(super) struct Returns {
    /// Labels that are gone and still hold tenants.
    pub(super) departures: Vec<Departure>,
    /// Since when they are gone.
    pub(super) noticed_gone: BTreeMap<String, Timestamp>,
    /// Releases to stop, then tenants to take back.
    pub(super) actions: Vec<Action>,
    /// When to look again.
    pub(super) look_again: Option<Timestamp>,
}

impl Returns {
    fn wait(&mut self, until: Timestamp) {
        self.look_again = Some(self.look_again.map_or(until, |earlier| earlier.min(until)));
    }

    /// Stops the releases that `meant` says.
    fn cancel(
        &mut self,
        observation: &Observation,
        reason: CancelReason,
        meant: impl Fn(Option<&str>) -> bool,
    ) {
        for release in observation.under_way.iter().filter(|release| meant(release.label.as_deref())) {
            if !release.stopping {
                self.actions.push(Action::Cancel { run: release.run.clone(), reason });
            }
            // What it is writing at this moment may become held only now.
            self.wait(later(observation.now, SOON));
        }
    }

    /// Takes back what is held of these tenants, unless that goes on already or has just failed.
    fn take_back<'a>(
        &mut self,
        observation: &Observation,
        reason: CleanupReason,
        tenants: impl Iterator<Item = (&'a String, &'a TenantHistory)>,
    ) {
        let mut due = BTreeSet::new();
        for (tenant, history) in tenants.filter(|(_, history)| history.held) {
            match not_before(observation, history) {
                Some(at) if at > observation.now => self.wait(at),
                _ => drop(due.insert(tenant.clone())),
            }
        }
        if !due.is_empty() {
            self.actions.push(Action::Cleanup { tenants: due.into_iter().collect(), reason });
        }
    }
}

/// A tenant that could not be taken back is tried again, but not at every look at the pull request.
fn not_before(observation: &Observation, history: &TenantHistory) -> Option<Timestamp> {
    let cleaned = history.cleaned.as_ref()?;
    if cleaned.unfinished {
        return Some(later(observation.now, SOON));
    }
    // What a person did is no attempt of ours, and what was held since was never tried.
    let ours = !cleaned.by_hand && cleaned.verdict != Some(TenantVerdict::Success);
    let held_since = history.released.as_ref().is_some_and(|past| past.place > cleaned.place);
    let clock_was_set_back = cleaned.began_at > observation.now;
    (ours && !held_since && !clock_was_set_back).then(|| later(cleaned.began_at, LATER_AFTER_FAILURE))
}

/// The pull request is over: everything goes back at once.
pub(super) fn everything(observation: &Observation, reason: CleanupReason) -> Returns {
    let mut returns = Returns::default();
    returns.cancel(observation, CancelReason::Over, |_| true);
    returns.take_back(observation, reason, observation.tenants.iter());
    returns
}

/// A ring: what labels hold that were removed goes back after the grace period, unless another label wants it.
pub(super) fn of_removed_labels(observation: &Observation) -> Returns {
    let present: BTreeSet<&str> = observation.labels.iter().map(|label| label.name.as_str()).collect();
    let wanted = wanted(observation);
    let gone = |tenant: &str, label: &str| !present.contains(label) && !wanted.contains(tenant);
    let unclear = observation.labels.iter().any(cohorts::may_want_anything);
    let not_before = if unclear { later(observation.now, SOON) } else { observation.now };
    departing(observation, gone, not_before, (CancelReason::LabelRemoved, CleanupReason::LabelRemoved))
}

/// Not a ring: what any label holds goes back after the grace period.
pub(super) fn of_all_labels(observation: &Observation) -> Returns {
    let reasons = (CancelReason::NotARing, CleanupReason::NotARing);
    departing(observation, |_, _| true, observation.now, reasons)
}

/// Every tenant that a label names which is there, whether or not that label counts.
fn wanted(observation: &Observation) -> BTreeSet<&str> {
    observation.labels.iter().filter_map(cohorts::listed).flatten().map(String::as_str).collect()
}

/// The tenants for which `gone` says so, by label. None is due before `not_before`.
fn departing(
    observation: &Observation,
    gone: impl Fn(&str, &str) -> bool,
    not_before: Timestamp,
    (cancel, cleanup): (CancelReason, CleanupReason),
) -> Returns {
    let mut by_label: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (tenant, history) in &observation.tenants {
        if let Some(label) = holder(history).filter(|label| gone(tenant, label)) {
            by_label.entry(label).or_default().push(tenant);
        }
    }
    let mut returns = Returns::default();
    let mut due = BTreeSet::new();
    for (label, tenants) in &by_label {
        // A clock that was set back must not make the period longer.
        let noticed =
            observation.noticed_gone.get(*label).map_or(observation.now, |at| (*at).min(observation.now));
        returns.noticed_gone.insert((*label).to_owned(), noticed);
        let at = later(noticed, observation.rules.grace).max(not_before);
        if at <= observation.now {
            due.insert(*label);
        } else {
            returns.wait(at);
        }
        let tenants = tenants.iter().map(|tenant| (*tenant).clone()).collect();
        returns.departures.push(Departure { name: (*label).to_owned(), tenants, due: at });
    }
    returns.cancel(observation, cancel, |label| label.is_some_and(|label| due.contains(label)));
    let tenants = due.iter().filter_map(|label| by_label.get(label)).flatten();
    let histories = tenants.filter_map(|tenant| observation.tenants.get_key_value(*tenant));
    returns.take_back(observation, cleanup, histories);
    returns
}

/// The label for which a tenant is held, or is being written to. What a person released from the command line has none
/// and stays as long as the pull request is open.
fn holder(history: &TenantHistory) -> Option<&str> {
    let past: &PastRelease = history.released.as_ref()?;
    if history.held || past.unfinished { past.label.as_deref() } else { None }
}

/// Tenants that are held for a label that is still there, and that no label names any more.
pub(super) fn strays(observation: &Observation) -> Vec<Stray> {
    let wanted = wanted(observation);
    let known: BTreeSet<&str> = observation
        .labels
        .iter()
        .filter(|label| cohorts::listed(label).is_some())
        .map(|label| label.name.as_str())
        .collect();
    let left = |(tenant, history): (&String, &TenantHistory)| {
        let label = holder(history).filter(|label| history.held && known.contains(label))?;
        let stray = Stray { tenant: tenant.clone(), label: label.to_owned() };
        (!wanted.contains(tenant.as_str())).then_some(stray)
    };
    observation.tenants.iter().filter_map(left).collect()
}
