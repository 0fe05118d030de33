//! What goes back, when, and what stays.

use super::*;
use crate::decide::Stray;

/// A ring that holds two tenants of the first label, which is gone since so many minutes.
fn gone_since(minutes: Option<i64>) -> Observation {
    let mut observation =
        with(ring(), &[("beta", holding(past(HEAD))), ("alpha", holding(unfinished(HEAD)))]);
    let release = |id: &str, label: &str| {
        let label = Some(label.to_owned());
        UnfinishedRelease { run: id.into(), label, stopping: false }
    };
    observation.under_way = vec![release("r1", LEVEL_1), release("r9", LEVEL_2)];
    let since = minutes.map(|minutes| (LEVEL_1.to_owned(), minute(NOW - minutes)));
    observation.noticed_gone = since.into_iter().collect();
    observation
}

#[test]
fn a_label_that_was_removed_is_announced_and_its_tenants_go_back_after_the_grace_period() {
    for (since, due) in [(None, 10), (Some(0), 10), (Some(4), 6), (Some(9), 1)] {
        let decision = decide(&gone_since(since));
        assert_eq!(say(&decision), [""; 0]);
        assert_eq!(decision.look_again, Some(minute(NOW + due)));
        let departure = &decision.departures[0];
        assert_eq!((departure.name.as_str(), departure.due), (LEVEL_1, minute(NOW + due)));
        assert_eq!(departure.tenants, ["alpha", "beta"]);
        assert_eq!(decision.noticed_gone[LEVEL_1], minute(NOW - since.unwrap_or(0)));
    }
    for since in [10, 11] {
        let decision = decide(&gone_since(Some(since)));
        assert_eq!(say(&decision), ["cancel r1 (LabelRemoved)", "clean alpha beta (LabelRemoved)"]);
    }
}

#[test]
fn a_label_that_returns_in_time_calls_it_off() {
    let mut observation = gone_since(Some(9));
    observation.labels = vec![label(LEVEL_1, &["alpha", "beta"])];
    let decision = decide(&observation);
    assert_eq!((say(&decision), decision.departures.len()), (vec![], 0));
    assert!(decision.noticed_gone.is_empty());
}

#[test]
fn a_tenant_that_another_label_wants_stays() {
    let mut observation = gone_since(Some(60));
    observation.under_way.clear();
    observation.tenants.insert("alpha".into(), holding(past(HEAD)));
    observation.labels = vec![label(LEVEL_2, &["alpha"])];
    let decision = decide(&observation);
    assert_eq!(say(&decision), ["clean beta (LabelRemoved)", "release alpha for cohort:github:path:level-2"]);
    // Also if that label may not have anything new.
    observation.labels[0].set_by = Known::Yes(person(Permission::Read));
    assert_eq!(say(&decide(&observation)), ["clean beta (LabelRemoved)"]);
    observation.labels[0].set_by = Known::NotYet("GitHub answered 502".into());
    assert_eq!(say(&decide(&observation)), ["clean beta (LabelRemoved)"]);
}

#[test]
fn nothing_goes_back_while_it_is_unknown_what_another_label_wants() {
    let mut observation = gone_since(Some(60));
    observation.labels = vec![label(LEVEL_2, &[])];
    observation.labels[0].cohort = Known::NotYet("GitHub answered 502".into());
    let decision = decide(&observation);
    assert_eq!((say(&decision), decision.look_again), (vec![], Some(minute(NOW + 1))));
    assert_eq!(decision.departures[0].due, minute(NOW + 1));
    assert_eq!(decision.noticed_gone[LEVEL_1], minute(NOW - 60), "the period is not begun anew");
}

#[test]
fn a_label_that_is_wrong_keeps_nothing_from_going_back() {
    let mut observation = gone_since(Some(60));
    observation.labels = vec![label("cohort:level-1", &[])];
    observation.labels[0].cohort = Known::NotYet("wrong".into());
    assert_eq!(say(&decide(&observation)).len(), 2);
}

#[test]
fn what_a_person_released_from_the_command_line_stays_while_it_is_open() {
    let typed = PastRelease { label: None, commit: None, ..past(HEAD) };
    let mut observation = with(ring(), &[("typed", holding(typed))]);
    let decision = decide(&observation);
    assert_eq!((say(&decision), decision.departures.len(), decision.look_again), (vec![], 0, None));
    observation.pull_request.base_branch = "develop".into();
    assert_eq!(say(&decide(&observation)), [""; 0]);
    observation.pull_request.state = PullRequestState::Closed;
    assert_eq!(say(&decide(&observation)), ["clean typed (Closed)"]);
}

#[test]
fn what_is_no_ring_any_more_gives_back_after_the_grace_period() {
    let mut observation = gone_since(None);
    observation.labels = vec![label(LEVEL_1, &["alpha", "beta"])];
    observation.pull_request.base_branch = "develop".into();
    let decision = decide(&observation);
    assert_eq!((say(&decision), decision.departures.len()), (vec![], 1));
    assert_eq!(decision.look_again, Some(minute(NOW + 10)));
    observation.noticed_gone = [(LEVEL_1.to_owned(), minute(NOW - 10))].into();
    assert_eq!(say(&decide(&observation)), ["cancel r1 (NotARing)", "clean alpha beta (NotARing)"]);
    // And called off when it is a ring again.
    observation.pull_request.base_branch = "master".into();
    let decision = decide(&observation);
    assert_eq!((say(&decision), decision.noticed_gone.len()), (vec![], 0));
}

#[test]
fn a_release_that_holds_nothing_yet_is_stopped_with_its_label() {
    let mut observation = gone_since(Some(10));
    observation.tenants.remove("beta");
    observation.tenants.get_mut("alpha").unwrap().held = false;
    let decision = decide(&observation);
    assert_eq!(say(&decision), ["cancel r1 (LabelRemoved)"]);
    assert_eq!(decision.look_again, Some(minute(NOW + 1)), "it may take hold until it stops");
}

#[test]
fn a_tenant_that_left_the_cohort_is_kept_and_listed() {
    let mut observation = with(labelled(), &[("left", holding(past(HEAD))), ("alpha", holding(past(HEAD)))]);
    let stray = Stray { tenant: "left".into(), label: LEVEL_1.into() };
    let decision = decide(&observation);
    assert_eq!(decision.strays, [stray]);
    assert_eq!(say(&decision), ["release beta for cohort:github:path:level-1"]);
    observation.labels.push(label(LEVEL_2, &["left"]));
    assert_eq!(decide(&observation).strays, [], "another label wants it");
    observation.labels.pop();
    for cohort in [Known::NotYet("not read".into()), Known::Yes(CohortFacts::Wrong("not JSON".into()))] {
        observation.labels[0].cohort = cohort;
        let decision = decide(&observation);
        assert_eq!((decision.strays.len(), say(&decision)), (0, vec![]), "nothing is known of the cohort");
    }
}

#[test]
fn what_goes_back_already_is_not_taken_back_twice() {
    let mut observation = gone_since(Some(60));
    observation.under_way.clear();
    let going = PastCleanup { unfinished: true, ..cleaned() };
    for history in observation.tenants.values_mut() {
        history.cleaned = Some(going.clone());
    }
    let decision = decide(&observation);
    assert_eq!((say(&decision), decision.look_again), (vec![], Some(minute(NOW + 1))));
}

/// A closed pull request that holds one tenant, of which a cleanup began before.
fn closed(cleaned: PastCleanup) -> Decision {
    let history = TenantHistory { cleaned: Some(cleaned), ..holding(past(HEAD)) };
    let mut observation = with(ring(), &[("alpha", history)]);
    observation.pull_request.state = PullRequestState::Closed;
    decide(&observation)
}

#[test]
fn what_could_not_be_taken_back_is_tried_again_after_half_an_hour() {
    let failed = |began: i64| PastCleanup {
        verdict: Some(TenantVerdict::Failed),
        began_at: minute(began),
        ..cleaned()
    };
    let decision = closed(failed(NOW - 20));
    assert_eq!((say(&decision), decision.look_again), (vec![], Some(minute(NOW + 10))));
    assert_eq!(say(&closed(failed(NOW - 30))), ["clean alpha (Closed)"]);
    let before_it_was_held = PastCleanup { place: 150, began_at: minute(150), ..failed(0) };
    assert_eq!(say(&closed(before_it_was_held)), ["clean alpha (Closed)"]);
    let by_hand = PastCleanup { by_hand: true, ..failed(NOW - 1) };
    assert_eq!(say(&closed(by_hand)), ["clean alpha (Closed)"], "the pull request has not tried yet");
}

#[test]
fn a_clock_that_was_set_back_does_not_make_the_wait_for_the_next_attempt_longer() {
    let failed =
        PastCleanup { verdict: Some(TenantVerdict::Failed), began_at: minute(NOW + 300), ..cleaned() };
    assert_eq!(say(&closed(failed)), ["clean alpha (Closed)"]);
}

#[test]
fn a_clock_that_was_set_back_does_not_make_the_grace_period_longer() {
    let decision = decide(&gone_since(Some(-600)));
    assert_eq!(decision.departures[0].due, minute(NOW + 10));
}

#[test]
fn a_grace_period_of_any_length_can_be_said() {
    let mut observation = gone_since(None);
    observation.rules.grace = Duration::MAX;
    assert_eq!(decide(&observation).departures[0].due, Timestamp::MAX);
    observation.rules.grace = Duration::ZERO;
    assert_eq!(say(&decide(&observation)).len(), 2);
}
