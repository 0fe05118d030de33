//! What each label means: whose tenants it asks for, or why it gets nothing.

use super::{
    CohortState, Observation,
    authority::{self, May},
    facts::{CohortFacts, Known, LabelFacts},
    rules::RingRules,
};
use std::collections::BTreeSet;

/// A label and what it means.
pub(super) struct Cohort<'a> {
    /// The label.
    pub(super) facts: &'a LabelFacts,
    /// Whether it counts.
    pub(super) meaning: Meaning,
    /// Its tenants that no label before it has. Of a label that is refused: none.
    pub(super) tenants: Vec<&'a str>,
}

/// Whether a label counts.
#[derive(PartialEq, Eq)]
pub(super) enum Meaning {
    /// It counts.
    Accepted,
    /// It gets nothing: why, and what to do.
    Refused(String),
    /// It is not known yet: why.
    Unknown(String),
}

impl Cohort<'_> {
    /// Whether it counts.
    pub(super) fn accepted(&self) -> bool {
        self.meaning == Meaning::Accepted
    }

    /// Whether it asks for something, now or as soon as more is known.
    pub(super) fn asks(&self) -> bool {
        !matches!(self.meaning, Meaning::Refused(_))
    }

    /// What a label that does not count shows.
    pub(super) fn answer(&self) -> Option<CohortState> {
        match &self.meaning {
            Meaning::Accepted => None,
            Meaning::Refused(why) => Some(CohortState::Refused(why.clone())),
            Meaning::Unknown(why) => Some(CohortState::Unknown(why.clone())),
        }
    }
}

/// All labels in their order. A tenant in several cohorts belongs to the first that may have it.
pub(super) fn read(observation: &Observation) -> Vec<Cohort<'_>> {
    let mut cohorts: Vec<Cohort<'_>> = observation
        .labels
        .iter()
        .map(|facts| Cohort { facts, meaning: meaning(&observation.rules, facts), tenants: Vec::new() })
        .collect();
    let mut taken = BTreeSet::new();
    // What may be released goes first, so that nobody loses a tenant to a label that does not get it.
    for wanted in [true, false] {
        for cohort in cohorts.iter_mut().filter(|cohort| cohort.asks() && cohort.accepted() == wanted) {
            let listed = listed(cohort.facts).unwrap_or_default();
            cohort.tenants =
                listed.iter().map(String::as_str).filter(|tenant| taken.insert(*tenant)).collect();
        }
    }
    cohorts
}

/// The tenants of the cohort, as far as they are known, whether or not the label counts.
pub(super) fn listed(facts: &LabelFacts) -> Option<&[String]> {
    match (&facts.label, &facts.cohort) {
        (Ok(_), Known::Yes(CohortFacts::Tenants { tenants, .. })) => Some(tenants),
        _ => None,
    }
}

/// Whether it could still turn out that the label wants any tenant.
pub(super) fn may_want_anything(facts: &LabelFacts) -> bool {
    facts.label.is_ok() && matches!(facts.cohort, Known::NotYet(_))
}

fn meaning(rules: &RingRules, facts: &LabelFacts) -> Meaning {
    let label = match &facts.label {
        Ok(label) => label,
        Err(wrong) => return Meaning::Refused(wrong.clone()),
    };
    match authority::may(rules, facts, label) {
        May::Yes => {}
        May::No(why) => return Meaning::Refused(why),
        May::NotYet(why) => return Meaning::Unknown(why),
    }
    match &facts.cohort {
        Known::NotYet(why) => Meaning::Unknown(why.clone()),
        Known::Yes(CohortFacts::Wrong(why)) => Meaning::Refused(why.clone()),
        Known::Yes(CohortFacts::Tenants { tenants, .. }) if tenants.len() > rules.cohort_limit => {
            Meaning::Refused(format!(
                "the cohort has {} tenants, and at most {} are allowed; use a smaller cohort, or raise `cohortLimit` \
                 of the service",
                tenants.len(),
                rules.cohort_limit
            ))
        }
        Known::Yes(CohortFacts::Tenants { .. }) => Meaning::Accepted,
    }
}
