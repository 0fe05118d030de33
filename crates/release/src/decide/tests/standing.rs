//! What a pull request is to us.

use super::*;
use crate::decide::Standing;
use insta::assert_snapshot;

fn standing(change: impl FnOnce(&mut Observation)) -> (Standing, Vec<String>) {
    let mut observation = labelled();
    change(&mut observation);
    let decision = decide(&observation);
    (decision.standing.clone(), say(&decision))
}

fn not_a_ring(change: impl FnOnce(&mut Observation)) -> String {
    let (Standing::NotARing(why), actions) = standing(change) else { panic!("a ring") };
    assert_eq!(actions, [""; 0]);
    why
}

#[test]
fn an_open_branch_of_the_own_repository_with_the_right_name_and_base_is_a_ring() {
    let (standing, actions) = standing(|_| {});
    assert_eq!(standing, Standing::Ring);
    assert_eq!(actions, ["release alpha beta for cohort:github:path:level-1"]);
}

#[test]
fn a_fork_is_never_a_ring() {
    assert_snapshot!(not_a_ring(|it| it.pull_request.head_repository = Some(12)), @r#"its branch is in another repository, and forks never release; push the branch to "acme/atlas-metastore" and open the pull request from there"#);
    assert_snapshot!(not_a_ring(|it| it.pull_request.head_repository = None), @r#"the repository of its branch is gone; push the branch to "acme/atlas-metastore" and open the pull request from there"#);
}

#[test]
fn another_base_is_no_ring() {
    assert_snapshot!(not_a_ring(|it| it.pull_request.base_branch = "develop".into()), @r#"it merges into "develop" and not into "master"; change its base branch to make it a ring"#);
}

#[test]
fn a_branch_of_another_name_is_no_ring() {
    assert_snapshot!(not_a_ring(|it| it.pull_request.head_branch = "feature-search".into()), @r#"its branch is not called "ring-*"; push it under such a name to make it a ring"#);
}

#[test]
fn the_labels_of_what_is_no_ring_say_why_they_get_nothing() {
    let mut observation = labelled();
    observation.pull_request.base_branch = "develop".into();
    let decision = decide(&observation);
    assert_snapshot!(why(&decision, 0), @r#"the pull request is not a ring: it merges into "develop" and not into "master"; change its base branch to make it a ring"#);
    assert!(decision.gates.is_empty());
}

#[test]
fn a_draft_rests_and_keeps_what_it_has() {
    let mut observation = with(labelled(), &[("gone", holding(past(HEAD)))]);
    observation.labels = vec![label(LEVEL_2, &["alpha"])];
    observation.noticed_gone.insert(LEVEL_1.into(), minute(1));
    observation.pull_request.draft = true;
    let decision = decide(&observation);
    assert!(matches!(decision.standing, Standing::Resting(_)));
    assert_eq!((say(&decision), state(&decision, 0), decision.look_again), (vec![], "blocked", None));
    assert!(decision.noticed_gone.is_empty(), "the grace period begins anew afterwards");
    observation.pull_request.draft = false;
    observation.noticed_gone = decision.noticed_gone;
    let decision = decide(&observation);
    assert_eq!(say(&decision), ["release alpha for cohort:github:path:level-2"]);
    assert_eq!(decision.departures[0].due, minute(NOW + 10));
}

#[test]
fn what_is_over_goes_on_in_another_pull_request_of_the_branch() {
    for state in [PullRequestState::Closed, PullRequestState::Merged, PullRequestState::Gone] {
        let mut observation = with(labelled(), &[("alpha", holding(unfinished(HEAD)))]);
        observation.under_way = vec![run("r1")];
        observation.pull_request.state = state;
        observation.rules.on_merge = OnMerge::Cleanup;
        observation.successor = Some(8);
        let decision = decide(&observation);
        assert_eq!(decision.standing, Standing::Succeeded { by: 8 });
        assert_eq!((say(&decision), decision.look_again), (vec![], None));
    }
    let mut observation = with(ring(), &[("alpha", holding(past(HEAD)))]);
    observation.successor = Some(8);
    observation.pull_request.base_branch = "develop".into();
    assert_eq!(decide(&observation).standing, Standing::Succeeded { by: 8 });
    let (standing, actions) = standing(|it| it.successor = Some(8));
    assert_eq!((standing, actions.len()), (Standing::Ring, 1), "the ring is the one that goes on");
}

fn run(id: &str) -> UnfinishedRelease {
    UnfinishedRelease { run: id.into(), label: Some(LEVEL_1.into()), stopping: false }
}

/// A pull request that is over, with a tenant that holds, one that is being written to, one from the command line, and
/// one that is taken back already.
fn over(state: PullRequestState, on_merge: OnMerge) -> Decision {
    let by_hand = PastRelease { label: None, commit: None, ..past(HEAD) };
    let being_cleaned =
        TenantHistory { cleaned: Some(PastCleanup { unfinished: true, ..cleaned() }), ..holding(past(HEAD)) };
    let mut observation = with(
        labelled(),
        &[
            ("beta", holding(past(HEAD))),
            ("alpha", holding(unfinished(HEAD))),
            ("typed", holding(by_hand)),
            ("leaving", being_cleaned),
            ("free", TenantHistory::default()),
        ],
    );
    observation.under_way = vec![run("r1"), UnfinishedRelease { stopping: true, ..run("r2") }];
    observation.pull_request.state = state;
    observation.rules.on_merge = on_merge;
    decide(&observation)
}

#[test]
fn closed_without_merge_everything_goes_back_at_once() {
    for state in [PullRequestState::Closed, PullRequestState::Gone] {
        let decision = over(state, OnMerge::Keep);
        assert_eq!(decision.standing, Standing::Closed);
        assert_eq!(say(&decision), ["cancel r1 (Over)", "clean alpha beta typed (Closed)"]);
        assert_eq!(decision.look_again, Some(minute(NOW + 1)), "a release is stopping");
    }
}

#[test]
fn merged_everything_stays_by_default() {
    let decision = over(PullRequestState::Merged, OnMerge::Keep);
    assert_eq!((decision.standing.clone(), say(&decision)), (Standing::Merged, vec![]));
    assert_eq!(decision.look_again, None);
}

#[test]
fn merged_everything_goes_back_where_the_service_wants_it() {
    let decision = over(PullRequestState::Merged, OnMerge::Cleanup);
    assert_eq!(decision.standing, Standing::Merged);
    assert_eq!(say(&decision), ["cancel r1 (Over)", "clean alpha beta typed (Merged)"]);
}

#[test]
fn reopened_everything_is_released_again() {
    let back = TenantHistory { cleaned: Some(cleaned()), held: false, ..holding(past(HEAD)) };
    let cut_off = PastRelease { verdict: Some(TenantVerdict::Cancelled), ..past(HEAD) };
    let cut_off = TenantHistory { held: false, ..holding(cut_off) };
    let mut observation = with(labelled(), &[("alpha", back), ("beta", cut_off)]);
    observation.labels[0].set_at = Some(minute(400));
    assert_eq!(say(&decide(&observation)), ["release alpha beta for cohort:github:path:level-1"]);
}

#[test]
fn observe_mode_decides_the_same() {
    let mut observation = labelled();
    observation.rules.mode = Mode::Observe;
    assert_eq!(decide(&observation), decide(&labelled()));
}
