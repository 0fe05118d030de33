//! The rules about pull requests, a table for each group, and what holds for all of them together.

mod gates;
mod hostile;
mod labels;
mod properties;
mod releases;
mod returns;
mod standing;

use super::{
    Action, CohortState, Decision, Observation, decide,
    facts::{
        Build, BuildJob, BuildRun, CohortFacts, ImageFacts, Known, LabelFacts, OtherRing, PastCleanup,
        PastRelease, Permission, Person, PullRequest, PullRequestState, TenantHistory, UnfinishedRelease,
    },
    label::CohortLabel,
    rules::{BuildRule, Mode, OnMerge, RingRules},
};
use crate::verdict::TenantVerdict;
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, time::Duration};

/// The head commit.
const HEAD: &str = "e65a995d1c0f4f0e9c8b7a6d5e4f3c2b1a098765";

/// The commit before it.
const BEFORE: &str = "0123456789abcdef0123456789abcdef01234567";

/// The first label.
const LEVEL_1: &str = "cohort:github:path:level-1";

/// The second label.
const LEVEL_2: &str = "cohort:github:path:level-2";

/// When everything is observed, in minutes.
const NOW: i64 = 1000;

fn minute(minute: i64) -> Timestamp {
    "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

/// A ring whose commit is built, without labels and without a past.
fn ring() -> Observation {
    Observation {
        now: minute(NOW),
        service: "atlas-metastore".into(),
        rules: RingRules {
            branches: "ring-*".into(),
            build: Some(BuildRule { workflow: "maven.yml".into(), job: None }),
            on_merge: OnMerge::Keep,
            grace: Duration::from_secs(600),
            mode: Mode::Act,
            cohort_limit: 250,
            authority: Vec::new(),
        },
        pull_request: PullRequest {
            number: 7,
            repository: "acme/atlas-metastore".into(),
            base_repository: 11,
            head_repository: Some(11),
            base_branch: "master".into(),
            default_branch: "master".into(),
            head_branch: "ring-search".into(),
            head_commit: HEAD.into(),
            state: PullRequestState::Open,
            draft: false,
        },
        successor: None,
        labels: Vec::new(),
        build: Known::Yes(Some(Build { workflow: "maven.yml".into(), run: Some(succeeded()) })),
        images: Known::Yes(vec![image()]),
        frozen: None,
        tenants: BTreeMap::new(),
        under_way: Vec::new(),
        noticed_gone: BTreeMap::new(),
    }
}

/// The ring with the first label on two tenants.
fn labelled() -> Observation {
    Observation { labels: vec![label(LEVEL_1, &["alpha", "beta"])], ..ring() }
}

fn succeeded() -> BuildRun {
    BuildRun {
        attempt: 1,
        url: "https://github.com/acme/atlas-metastore/actions/runs/5".into(),
        status: "completed".into(),
        conclusion: Some("success".into()),
        job: None,
    }
}

fn image() -> ImageFacts {
    ImageFacts {
        name: "atlas".into(),
        reference: Ok("ghcr.io/acme/atlas:e65a995abcd".parse().unwrap()),
        present: Known::Yes(Ok("sha256:aaaa".into())),
    }
}

/// A label that somebody with write access set at minute 100.
fn label(name: &str, tenants: &[&str]) -> LabelFacts {
    LabelFacts {
        name: name.into(),
        label: CohortLabel::parse(name),
        set_at: Some(minute(100)),
        set_by: Known::Yes(person(Permission::Write)),
        cohort: Known::Yes(CohortFacts::Tenants {
            tenants: tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
            revision: Some("c0ffee".into()),
        }),
    }
}

fn person(permission: Permission) -> Person {
    Person { login: "octocat".into(), permission: Known::Yes(permission), teams: BTreeMap::new() }
}

/// A release of the first label that has ended well; it began at minute 200.
fn past(commit: &str) -> PastRelease {
    PastRelease {
        run: "r1".into(),
        commit: Some(commit.into()),
        label: Some(LEVEL_1.into()),
        place: 200,
        began_at: minute(200),
        unfinished: false,
        verdict: Some(TenantVerdict::Success),
        problem: None,
    }
}

fn unfinished(commit: &str) -> PastRelease {
    PastRelease { unfinished: true, verdict: None, ..past(commit) }
}

/// A cleanup that a pull request asked for, and that has ended well; it began at minute 300.
fn cleaned() -> PastCleanup {
    PastCleanup {
        run: "c1".into(),
        place: 300,
        began_at: minute(300),
        unfinished: false,
        verdict: Some(TenantVerdict::Success),
        by_hand: false,
    }
}

/// A tenant that a release brought us.
fn holding(released: PastRelease) -> TenantHistory {
    TenantHistory { held: true, released: Some(released), ..TenantHistory::default() }
}

fn other_ring() -> OtherRing {
    OtherRing { ring: "ring-other".into(), since: minute(50) }
}

fn with(mut observation: Observation, tenants: &[(&str, TenantHistory)]) -> Observation {
    observation.tenants.extend(tenants.iter().map(|(tenant, history)| ((*tenant).into(), history.clone())));
    observation
}

/// The actions in one line each.
fn say(decision: &Decision) -> Vec<String> {
    let say = |action: &Action| match action {
        Action::Cancel { run, reason } => format!("cancel {run} ({reason:?})"),
        Action::Cleanup { tenants, reason } => format!("clean {} ({reason:?})", tenants.join(" ")),
        Action::Release { label, tenants, .. } => format!("release {} for {label}", tenants.join(" ")),
    };
    decision.actions.iter().map(say).collect()
}

/// The name of a state without its reason.
fn state(decision: &Decision, index: usize) -> &'static str {
    match &decision.cohorts[index].state {
        CohortState::Refused(_) => "refused",
        CohortState::Unknown(_) => "unknown",
        CohortState::Blocked => "blocked",
        CohortState::Due => "due",
        CohortState::UnderWay => "under way",
        CohortState::Ended => "ended",
    }
}

/// What a label is refused for, or not known for.
fn why(decision: &Decision, index: usize) -> String {
    match &decision.cohorts[index].state {
        CohortState::Refused(why) | CohortState::Unknown(why) => why.clone(),
        other => format!("{other:?}"),
    }
}
