//! Which tenants are released.

use super::*;
use crate::{
    refusal::CLAIMED_FOR_ANOTHER_SERVICE,
    verdict::{NEVER_STARTED, STOPPED_BY_CLEANUP},
};

/// Where a tenant of the first label stands: the action, the state of the label, and in how many minutes to look again.
fn stands(history: TenantHistory) -> (bool, &'static str, Option<i64>) {
    stands_with(history, |_| {})
}

fn stands_with(
    history: TenantHistory,
    change: impl FnOnce(&mut Observation),
) -> (bool, &'static str, Option<i64>) {
    let mut observation = with(ring(), &[("alpha", history)]);
    observation.labels = vec![label(LEVEL_1, &["alpha"])];
    change(&mut observation);
    let decision = decide(&observation);
    let again = decision.look_again.map(|at| at.duration_since(minute(NOW)).as_mins());
    let releases = say(&decision);
    assert!(releases.iter().all(|release| release == "release alpha for cohort:github:path:level-1"));
    (!releases.is_empty(), state(&decision, 0), again)
}

const RELEASED: (bool, &str, Option<i64>) = (true, "due", None);
const ENDED: (bool, &str, Option<i64>) = (false, "ended", None);
const UNDER_WAY: (bool, &str, Option<i64>) = (false, "under way", None);

fn ended(verdict: Option<TenantVerdict>) -> TenantHistory {
    holding(PastRelease { verdict, ..past(HEAD) })
}

/// The label was set at this minute.
fn set_at(at: i64) -> impl FnOnce(&mut Observation) {
    move |observation| observation.labels[0].set_at = Some(minute(at))
}

#[test]
fn a_tenant_that_was_never_released_is_due() {
    assert_eq!(stands(TenantHistory::default()), RELEASED);
}

#[test]
fn a_release_is_due_once_for_each_commit() {
    assert_eq!(stands(holding(past(HEAD))), ENDED);
    assert_eq!(stands(holding(unfinished(HEAD))), UNDER_WAY);
    assert_eq!(stands(holding(past(BEFORE))), RELEASED);
}

#[test]
fn a_push_supersedes_what_runs() {
    assert_eq!(stands(holding(unfinished(BEFORE))), RELEASED);
    let from_the_command_line = PastRelease { commit: None, label: None, ..unfinished(HEAD) };
    assert_eq!(stands(holding(from_the_command_line)), RELEASED);
}

#[test]
fn a_force_push_back_to_an_older_commit_releases_that_again() {
    let back = |observation: &mut Observation| observation.pull_request.head_commit = BEFORE.into();
    assert_eq!(stands_with(holding(past(HEAD)), back), RELEASED);
}

#[test]
fn what_did_not_go_well_is_tried_again_when_the_label_is_set_again() {
    use TenantVerdict::{Cancelled, Failed, Refused, Skipped, Success};
    for (verdict, expected) in [
        (Some(Success), ENDED),
        (Some(Skipped), ENDED),
        (Some(Failed), RELEASED),
        (Some(Refused), RELEASED),
        (Some(Cancelled), RELEASED),
        (None, RELEASED),
    ] {
        assert_eq!(stands(ended(verdict)), ENDED, "{verdict:?}");
        assert_eq!(stands_with(ended(verdict), set_at(201)), expected, "{verdict:?}");
        assert_eq!(stands_with(ended(verdict), set_at(200)), ENDED, "{verdict:?}");
    }
    let nobody_knows = |observation: &mut Observation| observation.labels[0].set_at = None;
    assert_eq!(stands_with(ended(Some(Failed)), nobody_knows), ENDED);
}

#[test]
fn setting_a_label_again_starts_nothing_twice_that_goes_on() {
    assert_eq!(stands_with(holding(unfinished(HEAD)), set_at(300)), UNDER_WAY);
}

#[test]
fn a_tenant_whose_label_moved_is_released_once_more() {
    let of_another = |past: PastRelease| PastRelease { label: Some(LEVEL_2.into()), ..past };
    assert_eq!(stands(holding(of_another(past(HEAD)))), RELEASED);
    assert_eq!(stands(holding(of_another(unfinished(HEAD)))), UNDER_WAY);
}

#[test]
fn a_tenant_does_not_move_while_nothing_is_known_about_its_label() {
    let mut observation = with(ring(), &[("alpha", holding(past(HEAD)))]);
    observation.labels = vec![label(LEVEL_1, &["alpha"]), label(LEVEL_2, &["alpha"])];
    observation.labels[0].set_by = Known::NotYet("GitHub answered 502".into());
    let decision = decide(&observation);
    assert_eq!((say(&decision), state(&decision, 1)), (vec![], "ended"));
    observation.labels[0].set_by = Known::Yes(person(Permission::Read));
    assert_eq!(say(&decide(&observation)), ["release alpha for cohort:github:path:level-2"]);
}

fn claimed(held_by: Option<OtherRing>, began_at: Timestamp) -> TenantHistory {
    let verdict = Some(TenantVerdict::Refused);
    let refused = PastRelease { verdict, problem: Some("claimed".into()), began_at, ..past(HEAD) };
    TenantHistory { held: false, held_by, ..holding(refused) }
}

#[test]
fn a_tenant_of_another_ring_is_refused_once_for_each_commit() {
    let held = TenantHistory { held_by: Some(other_ring()), ..TenantHistory::default() };
    assert_eq!(stands(held), RELEASED, "the release refuses it by name");
    assert_eq!(stands(claimed(Some(other_ring()), minute(200))), (false, "ended", Some(10)));
    assert_eq!(
        stands_with(claimed(Some(other_ring()), minute(200)), set_at(300)),
        (false, "ended", Some(10))
    );
    let mut older = claimed(Some(other_ring()), minute(200));
    older.released.as_mut().unwrap().commit = Some(BEFORE.into());
    assert_eq!(stands(older), RELEASED, "for the next commit again");
}

#[test]
fn a_tenant_that_another_ring_gave_back_is_released() {
    assert_eq!(stands(claimed(None, minute(200))), RELEASED);
}

#[test]
fn a_tenant_that_is_held_for_another_service_is_refused_once_and_released_when_it_is_given_back() {
    let held = |held_by| {
        let mut history = claimed(held_by, minute(200));
        history.released.as_mut().unwrap().problem = Some(CLAIMED_FOR_ANOTHER_SERVICE.into());
        history
    };
    assert_eq!(stands(held(Some(other_ring()))), (false, "ended", Some(10)));
    assert_eq!(stands(held(None)), RELEASED);
}

#[test]
fn what_a_cleanup_of_other_tenants_stopped_is_released_again() {
    let stopped = || {
        let mut history = claimed(None, minute(200));
        let past = history.released.as_mut().unwrap();
        (past.verdict, past.problem) = (Some(TenantVerdict::Cancelled), Some(STOPPED_BY_CLEANUP.into()));
        history
    };
    assert_eq!(stands(stopped()), RELEASED);
    let by_hand = PastCleanup { by_hand: true, ..cleaned() };
    let taken_out = TenantHistory { cleaned: Some(by_hand), ..stopped() };
    assert!(!stands(taken_out).0, "a person took this one out");
    let mut cancelled = stopped();
    cancelled.released.as_mut().unwrap().problem = Some("stopped".into());
    assert!(!stands(cancelled).0, "a person cancelled the release");
}

#[test]
fn what_a_crash_kept_from_starting_is_released() {
    let mut history = claimed(None, minute(200));
    let past = history.released.as_mut().unwrap();
    (past.verdict, past.problem) = (Some(TenantVerdict::Cancelled), Some(NEVER_STARTED.into()));
    assert_eq!(stands(history), RELEASED);
}

#[test]
fn a_claim_that_our_ledger_does_not_know_is_not_tried_again_at_every_look() {
    assert_eq!(stands(claimed(None, minute(NOW - 4))), (false, "ended", Some(6)));
    assert_eq!(stands_with(claimed(None, minute(NOW - 4)), set_at(NOW - 1)), RELEASED, "somebody asked");
}

fn taken_back(by_hand: bool, unfinished: bool) -> TenantHistory {
    let cleaned = PastCleanup { by_hand, unfinished, ..cleaned() };
    TenantHistory { held: unfinished, cleaned: Some(cleaned), ..holding(past(HEAD)) }
}

#[test]
fn what_a_pull_request_gave_back_and_wants_again_is_released_again() {
    assert_eq!(stands(taken_back(false, false)), RELEASED);
}

#[test]
fn a_tenant_that_is_being_taken_back_waits() {
    for by_hand in [true, false] {
        assert_eq!(stands(taken_back(by_hand, true)), (false, "blocked", Some(1)));
        let older = |observation: &mut Observation| observation.pull_request.head_commit = BEFORE.into();
        assert_eq!(stands_with(taken_back(by_hand, true), older), (false, "blocked", Some(1)));
    }
}

#[test]
fn what_a_person_took_back_stays_clean_until_a_new_commit_or_the_label_is_set_again() {
    assert_eq!(stands(taken_back(true, false)), ENDED);
    let said = |history| {
        let mut observation = with(ring(), &[("alpha", history)]);
        observation.labels = vec![label(LEVEL_1, &["alpha"])];
        decide(&observation).cohorts[0].taken_back.clone()
    };
    assert_eq!(said(taken_back(true, false)), ["alpha"]);
    assert!(said(holding(past(HEAD))).is_empty());
    assert_eq!(stands_with(taken_back(true, false), set_at(300)), ENDED);
    assert_eq!(stands_with(taken_back(true, false), set_at(301)), RELEASED);
    let pushed = |observation: &mut Observation| observation.pull_request.head_commit = BEFORE.into();
    assert_eq!(stands_with(taken_back(true, false), pushed), RELEASED);
}

#[test]
fn a_cleanup_before_the_release_says_nothing_about_it() {
    let cleaned = PastCleanup { place: 150, began_at: minute(150), ..cleaned() };
    let history = TenantHistory { cleaned: Some(cleaned), ..holding(past(HEAD)) };
    assert_eq!(stands(history), ENDED);
}

#[test]
fn a_clock_that_was_set_back_does_not_make_an_older_cleanup_newer() {
    let before_that = PastCleanup { place: 150, began_at: minute(NOW + 300), ..cleaned() };
    let history = TenantHistory { cleaned: Some(before_that), ..holding(past(HEAD)) };
    assert_eq!(stands(history), ENDED, "else it would be released again at every look, for hours");
}

#[test]
fn a_clock_that_was_set_back_does_not_make_the_wait_for_a_free_tenant_longer() {
    assert_eq!(stands(claimed(None, minute(NOW + 300))), RELEASED);
}

#[test]
fn a_tenant_that_joined_the_cohort_is_released_alone() {
    let observation = with(labelled(), &[("alpha", holding(unfinished(HEAD)))]);
    let decision = decide(&observation);
    assert_eq!(say(&decision), ["release beta for cohort:github:path:level-1"]);
    assert_eq!(state(&decision, 0), "due");
}

#[test]
fn another_label_leaves_the_tenants_of_the_first_alone() {
    let mut observation = with(labelled(), &[("alpha", holding(past(HEAD))), ("beta", holding(past(HEAD)))]);
    observation.labels.push(label(LEVEL_2, &["gamma"]));
    let decision = decide(&observation);
    assert_eq!(say(&decision), ["release gamma for cohort:github:path:level-2"]);
    assert_eq!((state(&decision, 0), state(&decision, 1)), ("ended", "due"));
}

#[test]
fn the_runs_of_a_label_are_those_of_the_head_commit_the_newest_first() {
    let newer = PastRelease { run: "r2".into(), place: 400, began_at: minute(400), ..past(HEAD) };
    let older = PastRelease { run: "r0".into(), ..past(BEFORE) };
    let elsewhere = PastRelease { run: "r3".into(), label: Some(LEVEL_2.into()), ..past(HEAD) };
    let observation = with(
        labelled(),
        &[
            ("alpha", holding(past(HEAD))),
            ("beta", holding(newer)),
            ("gamma", holding(older)),
            ("delta", holding(elsewhere)),
        ],
    );
    assert_eq!(decide(&observation).cohorts[0].runs, ["r2", "r1"]);
}
