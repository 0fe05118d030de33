//! Observations of all kinds, many of them strange.

use super::*;
use crate::decide::rules::{Authority, AuthorityRule};
use proptest::{
    option,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::{select, subsequence},
};

const TENANTS: [&str; 6] = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];

const LABELS: [&str; 5] =
    [LEVEL_1, LEVEL_2, "cohort:file:type:internal", "cohort:argocd:channel:beta", "cohort:wrong"];

/// Anything that can be observed.
pub(super) fn any_observation() -> impl Strategy<Value = Observation> {
    let pull_request = (any_pull_request(), option::weighted(0.1, Just(8)), any_rules());
    let fleet = (any_past(), option_map(&LABELS, 0_i64..1200));
    let facts = (any_build(), any_images(), option::weighted(0.1, Just("frozen".to_owned())));
    (pull_request, any_labels(), fleet, facts).prop_map(
        |(
            (pull_request, successor, rules),
            labels,
            ((tenants, under_way), noticed),
            (build, images, frozen),
        )| {
            let noticed_gone =
                noticed.into_iter().map(|(label, at)| (label.to_owned(), minute(at))).collect();
            Observation {
                pull_request,
                successor,
                rules,
                labels,
                tenants,
                under_way,
                noticed_gone,
                build,
                images,
                frozen,
                ..ring()
            }
        },
    )
}

/// A pull request with any past, of which all is known, and in whose way nothing is.
pub(super) fn calm() -> impl Strategy<Value = Observation> {
    let state = select(&[PullRequestState::Open, PullRequestState::Open, PullRequestState::Closed][..]);
    let sets = proptest::collection::vec(subsequence(&TENANTS[..], 1..4), 4);
    (state, subsequence(&LABELS[..4], 0..4), sets, any_past()).prop_map(
        |(state, names, sets, (mut tenants, under_way))| {
            let labels = names.iter().zip(&sets).map(|(name, set)| label(name, set)).collect();
            for history in tenants.values_mut() {
                history.held_by = None;
                // What was not released well, what a person took back and what a person released stays as it is.
                if let Some(cleaned) = &mut history.cleaned {
                    cleaned.by_hand = false;
                }
                if let Some(past) = &mut history.released {
                    past.label.get_or_insert_with(|| LEVEL_1.to_owned());
                    past.problem = None;
                    past.verdict = past.verdict.and(Some(TenantVerdict::Success));
                    // A release begins only when cleanups have ended, and what it wrote stays until the next.
                    history.cleaned =
                        history.cleaned.take().filter(|cleaned| cleaned.began_at > past.began_at);
                    history.held |= past.verdict.is_some() && history.cleaned.is_none();
                } else {
                    history.held = false;
                }
            }
            let mut observation = Observation { labels, tenants, under_way, ..ring() };
            // Whoever set them did so after all that went wrong.
            observation.labels.iter_mut().for_each(|facts| facts.set_at = Some(minute(NOW)));
            observation.pull_request.state = state;
            observation
        },
    )
}

fn any_pull_request() -> impl Strategy<Value = PullRequest> {
    use PullRequestState::{Closed, Gone, Merged, Open};
    let state = mostly(Open, &[Closed, Merged, Gone]);
    let head = mostly(Some(11), &[Some(12), None]);
    let base = mostly("master", &["develop"]);
    let branch = mostly("ring-search", &["feature"]);
    let commit = select(&[HEAD, BEFORE][..]);
    (state, head, base, branch, commit, proptest::bool::weighted(0.1)).prop_map(
        |(state, head_repository, base, branch, commit, draft)| PullRequest {
            state,
            head_repository,
            base_branch: base.into(),
            head_branch: branch.into(),
            head_commit: commit.into(),
            draft,
            ..ring().pull_request
        },
    )
}

fn any_rules() -> impl Strategy<Value = RingRules> {
    let needs = prop_oneof![
        select(&[Permission::None, Permission::Write, Permission::Admin][..]).prop_map(Authority::Permission),
        Just(Authority::Team("acme/releasers".into())),
    ];
    let authority = (select(&["*", "github:*", "file:*"][..]), needs)
        .prop_map(|(cohorts, needs)| AuthorityRule { cohorts: cohorts.into(), needs });
    let build = option::weighted(0.7, option::of(Just("build".to_owned())));
    let on_merge = select(&[OnMerge::Keep, OnMerge::Cleanup][..]);
    let grace =
        select(vec![Duration::ZERO, Duration::from_secs(600), Duration::from_secs(6000), Duration::MAX]);
    let authorities = option::weighted(0.3, authority).prop_map(|rule| rule.into_iter().collect());
    (build, on_merge, grace, mostly(6, &[2, 3]), authorities).prop_map(
        |(build, on_merge, grace, cohort_limit, authority)| {
            let build = build.map(|job| BuildRule { workflow: "maven.yml".into(), job });
            RingRules { build, on_merge, grace, cohort_limit, authority, ..ring().rules }
        },
    )
}

fn any_labels() -> impl Strategy<Value = Vec<LabelFacts>> {
    let facts = (option::of(0_i64..=NOW), any_known(any_person()), any_cohort());
    (subsequence(&LABELS[..], 0..4).prop_shuffle(), proptest::collection::vec(facts, 4)).prop_map(
        |(names, facts)| {
            let with_facts = |(name, (set_at, set_by, cohort)): (&&str, (Option<i64>, _, _))| LabelFacts {
                set_at: set_at.map(minute),
                set_by,
                cohort,
                ..label(name, &[])
            };
            names.iter().zip(facts).map(with_facts).collect()
        },
    )
}

fn any_person() -> impl Strategy<Value = Person> {
    use Permission::{Admin, Read, Triage, Write};
    let permission = any_known(mostly(Write, &[Read, Triage, Admin]));
    (permission, option::of(any_known(any::<bool>()))).prop_map(|(permission, member)| {
        let teams = member.map(|member| ("acme/releasers".to_owned(), member)).into_iter().collect();
        Person { login: "octocat".into(), permission, teams }
    })
}

fn any_cohort() -> impl Strategy<Value = Known<CohortFacts>> {
    let tenants = subsequence(&TENANTS[..], 1..5).prop_shuffle().prop_map(|tenants| CohortFacts::Tenants {
        tenants: tenants.into_iter().map(str::to_owned).collect(),
        revision: None,
    });
    any_known(prop_oneof![9 => tenants, 1 => Just(CohortFacts::Wrong("it is not there".into()))])
}

fn any_build() -> impl Strategy<Value = Known<Option<Build>>> {
    let status = || mostly("completed", &["in_progress", "new"]);
    let conclusion = || mostly(Some("success"), &[Some("failure"), Some("skipped"), None]);
    let job = option::weighted(0.9, (status(), conclusion()));
    let run = option::weighted(0.95, (status(), conclusion(), job)).prop_map(|run| {
        run.map(|(status, conclusion, job)| BuildRun {
            status: status.into(),
            conclusion: conclusion.map(str::to_owned),
            job: job.map(|(status, conclusion)| BuildJob {
                status: status.into(),
                conclusion: conclusion.map(str::to_owned),
            }),
            ..succeeded()
        })
    });
    any_known(run.prop_map(|run| Some(Build { workflow: "maven.yml".into(), run })))
}

fn any_images() -> impl Strategy<Value = Known<Vec<ImageFacts>>> {
    let there = || Known::Yes(Ok("sha256:aaaa".to_owned()));
    let present = prop_oneof![
        18 => Just(there()),
        1 => Just(Known::Yes(Err("it is not there".to_owned()))),
        1 => Just(Known::NotYet("ghcr.io answered 503".to_owned())),
    ];
    let reference = prop_oneof![19 => Just(image().reference), 1 => Just(Err("no name".to_owned()))];
    let image =
        (present, reference).prop_map(|(present, reference)| ImageFacts { present, reference, ..image() });
    any_known(prop_oneof![9 => proptest::collection::vec(image, 1..3), 1 => Just(Vec::new())])
}

/// Six runs, and for each tenant perhaps one of them as the newest.
fn any_past() -> impl Strategy<Value = (BTreeMap<String, TenantHistory>, Vec<UnfinishedRelease>)> {
    (proptest::collection::vec(any_run(), 6), option_map(&TENANTS, any_history())).prop_map(
        |(mut runs, histories)| {
            for (index, run) in runs.iter_mut().enumerate() {
                run.run = format!("r{index}");
            }
            let under_way = runs.iter().enumerate().filter(|(_, run)| run.unfinished).map(|(index, run)| {
                UnfinishedRelease { run: run.run.clone(), label: run.label.clone(), stopping: index % 3 == 0 }
            });
            let under_way = under_way.collect();
            let with_run = |(tenant, (history, newest)): (&str, (TenantHistory, Option<Newest>))| {
                let released = newest.map(|newest| newest.of(&runs));
                (tenant.to_owned(), TenantHistory { released, ..history })
            };
            (histories.into_iter().map(with_run).collect(), under_way)
        },
    )
}

fn any_run() -> impl Strategy<Value = PastRelease> {
    let commit = option::weighted(0.9, select(&[HEAD, BEFORE][..]));
    (commit, select(&LABELS[..]), 0_i64..NOW, any::<bool>()).prop_map(|(commit, label, began, unfinished)| {
        PastRelease {
            commit: commit.map(str::to_owned),
            // What comes from the command line has neither.
            label: commit.map(|_| label.to_owned()),
            place: began,
            began_at: minute(began),
            unfinished,
            verdict: None,
            ..past(HEAD)
        }
    })
}

/// Which run was the newest of a tenant, and how it ended for it.
#[derive(Debug, Clone)]
struct Newest {
    index: usize,
    verdict: Option<TenantVerdict>,
    claimed: bool,
}

impl Newest {
    fn of(self, runs: &[PastRelease]) -> PastRelease {
        let run = runs[self.index].clone();
        if run.unfinished {
            return run;
        }
        PastRelease { verdict: self.verdict, problem: self.claimed.then(|| "claimed".to_owned()), ..run }
    }
}

fn any_verdict() -> impl Strategy<Value = Option<TenantVerdict>> {
    use TenantVerdict::{Cancelled, Failed, Refused, Success};
    option::of(select(&[Success, Failed, Refused, Cancelled][..]))
}

fn any_history() -> impl Strategy<Value = (TenantHistory, Option<Newest>)> {
    let newest = (0_usize..6, any_verdict(), proptest::bool::weighted(0.1))
        .prop_map(|(index, verdict, claimed)| Newest { index, verdict, claimed });
    let cleanup = (0_i64..NOW, any::<bool>(), any::<bool>(), any_verdict()).prop_map(
        |(began, unfinished, by_hand, verdict)| {
            let verdict = verdict.filter(|_| !unfinished);
            PastCleanup { place: began, began_at: minute(began), unfinished, by_hand, verdict, ..cleaned() }
        },
    );
    let held_by = option::weighted(0.2, Just(other_ring()));
    (any::<bool>(), option::weighted(0.3, cleanup), held_by, option::weighted(0.8, newest)).prop_map(
        |(held, cleaned, held_by, newest)| (TenantHistory { held, released: None, cleaned, held_by }, newest),
    )
}

fn any_known<T: std::fmt::Debug + Clone>(known: impl Strategy<Value = T>) -> impl Strategy<Value = Known<T>> {
    (known, proptest::bool::weighted(0.95)).prop_map(|(known, read)| {
        if read { Known::Yes(known) } else { Known::NotYet("GitHub answered 502".to_owned()) }
    })
}

/// Nine times in ten the usual.
fn mostly<T: std::fmt::Debug + Clone + 'static>(usual: T, others: &[T]) -> impl Strategy<Value = T> {
    prop_oneof![9 => Just(usual), 1 => select(others.to_vec())]
}

/// Some of the keys, each with a value.
fn option_map<T: std::fmt::Debug + Clone>(
    keys: &'static [&'static str],
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<(&'static str, T)>> {
    let values = proptest::collection::vec(option::of(value), keys.len());
    values
        .prop_map(|values| keys.iter().zip(values).filter_map(|(key, value)| Some((*key, value?))).collect())
}
