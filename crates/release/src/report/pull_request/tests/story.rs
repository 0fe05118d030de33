//! The developer guide, as it is read in the pull request.

use super::*;
use crate::decide::{Action, CleanupReason, Departure, Stray};

const RUN: &str = "r-20261123-004";
const CLEANUP: &str = "c-20261123-001";

fn under_way(all: Vec<TenantReport>) -> World {
    World::ring(vec![cohort(CohortState::UnderWay, all.len(), &[RUN])]).with(run(
        RUN,
        RunKind::Release,
        None,
        all,
    ))
}

fn after(verdict: ReleaseVerdict, all: Vec<TenantReport>) -> World {
    World::ring(vec![cohort(CohortState::Ended, all.len(), &[RUN])]).with(run(
        RUN,
        RunKind::Release,
        Some(verdict),
        all,
    ))
}

#[test]
fn a_label_before_the_build_is_told_what_it_waits_for() {
    let mut world = World::ring(vec![cohort(CohortState::Blocked, 6, &[])]);
    let mut build = gate("build", GateState::Waiting, "no run yet for 54b6021: maven.yml has not begun");
    build.advice =
        Some("if it does not begin by itself, check that maven.yml runs on pushes to this branch".into());
    let images = gate("images", GateState::Waiting, "they are looked at when the build has succeeded");
    world.decision.gates = vec![build, images, gate("freeze", GateState::Open, "new releases may begin")];
    insta::assert_snapshot!(world.page());
}

#[test]
fn a_build_that_failed_says_what_to_do() {
    let mut world = World::ring(vec![cohort(CohortState::Blocked, 6, &[])]);
    let mut build = gate("build", GateState::Closed, "maven.yml for 54b6021 has failed (attempt 2)");
    build.advice = Some(
        "look at https://github.com/example/atlas/actions/runs/9; run it again, or push a commit that builds"
            .into(),
    );
    world.decision.gates = vec![build];
    insta::assert_snapshot!(world.page());
}

#[test]
fn an_accepted_release_is_said_anew() {
    let world = under_way(tenants(6, 0));
    insta::assert_snapshot!(accepted(&world.report(), &world.runs[RUN]));
}

#[test]
fn a_release_under_way_shows_how_far_it_is() {
    insta::assert_snapshot!(under_way(tenants(124, 50)).page());
}

#[test]
fn a_tenant_that_failed_shows_what_its_cluster_said_and_nothing_of_it_works() {
    insta::assert_snapshot!(under_way(one_failed(3, HOSTILE)).page());
}

#[test]
fn the_result_names_who_is_not_as_it_should_be() {
    let message = "Pod tenant-6/atlas-1 cannot pull the image of container atlas: ErrImagePull: not found";
    let world = after(ReleaseVerdict::PartialSuccess, one_failed(5, message));
    insta::assert_snapshot!(format!("{}\n\n{}", ended(&world.report(), &world.runs[RUN]), world.page()));
}

#[test]
fn a_success_says_what_was_not_verified() {
    let mut all = tenants(6, 6);
    for tenant in all.iter_mut().take(2) {
        tenant.proof = Proof::Applied;
    }
    let some = after(ReleaseVerdict::Success, all.clone());
    for tenant in &mut all {
        tenant.proof = Proof::Applied;
    }
    let none = after(ReleaseVerdict::Success, all);
    let whole = after(ReleaseVerdict::Success, tenants(6, 6));
    let texts = [&some, &none, &whole]
        .map(|world| format!("{}\n{}", headline(&world.report()), ended(&world.report(), &world.runs[RUN])));
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn what_a_person_took_back_is_not_called_done_any_more() {
    let mut world = after(ReleaseVerdict::Success, tenants(6, 6));
    world.decision.cohorts[0].taken_back = names(2);
    let some = world.page();
    world.decision.cohorts[0].taken_back = names(6);
    insta::assert_snapshot!(format!("{some}\n\n=====\n\n{}", world.page()));
}

#[test]
fn tenants_of_another_ring_are_refused_with_whose_they_are() {
    let whose =
        "ring ring-y holds atlas-metastore of tenant-1 since 2026-11-20 08:00 UTC; take it back there first";
    let all = vec![ended_as("tenant-1", TenantVerdict::Refused, "claimed", whose)];
    let world = after(ReleaseVerdict::Refused, all);
    insta::assert_snapshot!(format!("{}\n\n{}", ended(&world.report(), &world.runs[RUN]), world.page()));
}

#[test]
fn a_wrong_label_gets_an_answer() {
    let name = "cohort:github:<b>@everyone</b>";
    let why = CohortLabel::parse(name).unwrap_err();
    let wrong = CohortDecision {
        name: name.into(),
        label: None,
        set_by: Some("max".into()),
        ..cohort(CohortState::Refused(why), 0, &[])
    };
    let world = World::ring(vec![wrong]);
    let answer = refused_label(&world.report(), &world.decision.cohorts[0]);
    insta::assert_snapshot!(format!("{answer}\n\n{}", world.page()));
}

#[test]
fn a_removed_label_is_announced_and_strays_are_shown_with_the_command() {
    let mut world = after(ReleaseVerdict::Success, tenants(6, 6));
    let departure = Departure { name: "cohort:file:path:pilots".into(), tenants: names(2), due: at(900) };
    world.decision.departures.push(departure.clone());
    let stray = |tenant: &str| Stray { tenant: tenant.into(), label: LABEL.into() };
    world.decision.strays = vec![stray("tenant-7"), stray("tenant-8; rm -rf /"), stray("tenant-9")];
    let announced = departing(&world.report(), &departure);
    insta::assert_snapshot!(format!("{announced}\n\n{}", world.page()));
}

#[test]
fn a_ring_that_is_only_observed_says_what_it_would_do() {
    let mut world = World::ring(vec![cohort(CohortState::Due, 2, &[])]);
    world.mode = Mode::Observe;
    let images = [("atlas".to_owned(), "registry.example.com/atlas-ring-x:54b6021".parse().unwrap())];
    world.decision.actions = vec![
        Action::Cleanup { tenants: names(1), reason: CleanupReason::LabelRemoved },
        Action::Release {
            label: LABEL.into(),
            commit: world.pull_request.head_commit.clone(),
            images: images.into(),
            tenants: names(2),
            revision: Some("0c5d3f1".into()),
        },
    ];
    insta::assert_snapshot!(world.page());
}

#[test]
fn a_merge_that_keeps_says_how_to_finish() {
    let world = World::ring(Vec::new()).now_is(Standing::Merged, PullRequestState::Merged);
    insta::assert_snapshot!(format!("{}\n\n{}", over(&world.report()).unwrap(), world.page()));
}

#[test]
fn a_merge_that_cleans_up_warns_of_the_old_image() {
    let mut world = World::ring(Vec::new()).now_is(Standing::Merged, PullRequestState::Merged);
    world.on_merge = OnMerge::Cleanup;
    world.decision.actions = vec![Action::Cleanup { tenants: names(6), reason: CleanupReason::Merged }];
    insta::assert_snapshot!(format!("{}\n\n{}", over(&world.report()).unwrap(), world.page()));
}

#[test]
fn a_closed_pull_request_says_that_everything_was_given_back() {
    let closed = || World::ring(Vec::new()).now_is(Standing::Closed, PullRequestState::Closed);
    let cleanup = |verdict, all| run(CLEANUP, RunKind::Cleanup, verdict, all);
    let goes_on = closed().with(cleanup(None, tenants(12, 5)));
    let done = closed().with(cleanup(Some(ReleaseVerdict::Success), tenants(12, 12)));
    let failed = closed().with(cleanup(Some(ReleaseVerdict::PartialSuccess), one_failed(5, "no answer")));
    let texts = [
        over(&goes_on.report()).unwrap(),
        headline(&goes_on.report()),
        done.page(),
        ended(&done.report(), &done.runs[CLEANUP]),
        failed.page(),
        ended(&failed.report(), &failed.runs[CLEANUP]),
    ];
    insta::assert_snapshot!(texts.join("\n\n=====\n\n"));
}

#[test]
fn a_pull_request_without_labels_and_one_that_is_no_ring_say_so() {
    let nothing = World::ring(Vec::new());
    let why =
        "its branch is in another repository, and forks never release; push the branch to \"example/atlas\"";
    let fork = World::ring(Vec::new()).now_is(Standing::NotARing(why.into()), PullRequestState::Open);
    let why =
        "it is a draft: nothing new starts and nothing is taken back; mark it as ready for review to go on";
    let draft = World::ring(Vec::new()).now_is(Standing::Resting(why.into()), PullRequestState::Open);
    let next = World::ring(Vec::new()).now_is(Standing::Succeeded { by: 13 }, PullRequestState::Closed);
    insta::assert_snapshot!([&nothing, &fork, &draft, &next].map(World::page).join("\n\n=====\n\n"));
}

#[test]
fn many_cohorts_are_summed_up_and_a_new_push_shows_what_still_ends() {
    let cohorts = (1..=5).map(|number| {
        let name = format!("cohort:github:path:level-{number}");
        CohortDecision {
            label: CohortLabel::parse(&name).ok(),
            name,
            ..cohort(CohortState::UnderWay, 6, &[RUN])
        }
    });
    let world = World::ring(cohorts.collect())
        .with(run(RUN, RunKind::Release, None, one_failed(3, "no answer")))
        .with(run("r-20261123-003", RunKind::Release, None, tenants(6, 2)));
    insta::assert_snapshot!(world.page());
}
