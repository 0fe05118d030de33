//! When a wait has lasted too long.

use super::{Due, RolloutClock, SyncClock};
use crate::{
    condition::{Awaiting, applied::Pending},
    proof::Proof,
    step::Deadlines,
};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{prop_assert, proptest};

fn minute(minute: i64) -> Timestamp {
    "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn awaiting() -> Awaiting {
    let what = "Argo CD has not compared Application argocd/tenant-a as it stands now".to_owned();
    Awaiting { what, evidence: Vec::new(), by_hand: "kubectl get application".to_owned() }
}

/// When it is due, in minutes, or why it is over.
fn say(due: Due) -> String {
    match due {
        Due::At(at) => format!("{}", at.duration_since(minute(0)).as_mins()),
        Due::Passed(problem) => {
            format!("{}: {} | {}", problem.code, problem.message, problem.advice.unwrap())
        }
    }
}

fn pending(window_closed: bool) -> Pending {
    if window_closed { Pending::Window } else { Pending::Other }
}

fn sync(clock: &mut SyncClock, proof: Proof, window_closed: bool, at: i64) -> String {
    say(clock.update(proof, &awaiting(), pending(window_closed), &Deadlines::default(), minute(at)))
}

fn rollout(clock: &mut RolloutClock, finished: u32, at: i64) -> String {
    say(clock.update(finished, &awaiting(), &Deadlines::default(), minute(at)))
}

#[test]
fn argo_cd_is_asked_to_compare_what_it_seems_to_have_overlooked_and_once_more_every_minute() {
    let second = |second: i64| minute(0) + SignedDuration::from_secs(second);
    let mut clock = SyncClock::new(second(0));
    assert_eq!(clock.ask_at(Pending::Comparison), Some(second(20)));
    assert_eq!((clock.ask_at(Pending::Window), clock.ask_at(Pending::Other)), (None, None));
    clock.asked(second(20));
    assert_eq!(clock.ask_at(Pending::Comparison), Some(second(80)));
    // Another attempt does not begin to ask anew; a clock that was set back puts nothing off.
    let stored = serde_json::to_value(&clock).unwrap();
    let resumed = serde_json::from_value::<SyncClock>(stored).unwrap().resumed(second(-100));
    assert_eq!(resumed.ask_at(Pending::Comparison), Some(second(-40)));
}

#[test]
fn argo_cd_has_five_minutes_to_compare() {
    let mut clock = SyncClock::new(minute(0));
    assert_eq!(sync(&mut clock, Proof::Patched, false, 4), "5");
    assert_snapshot!(sync(&mut clock, Proof::Patched, false, 5), @"deadline: Argo CD did not compare it within 5 min (since 2026-11-23T12:00:00Z): Argo CD has not compared Application argocd/tenant-a as it stands now | see whether Argo CD's argocd-application-controller and argocd-repo-server run and what they log, and begin again when they do; look at it with `kubectl get application`");
}

#[test]
fn who_comes_back_after_the_deadline_asks_argo_cd_before_it_has_passed() {
    let second = |second: i64| minute(0) + SignedDuration::from_secs(second);
    let update = |clock: &mut SyncClock, at: Timestamp| {
        let due = clock.update(Proof::Patched, &awaiting(), Pending::Comparison, &Deadlines::default(), at);
        matches!(due, Due::At(_))
    };
    let mut clock = SyncClock::new(second(0)).resumed(second(400));
    assert!(update(&mut clock, second(401)));
    assert!(clock.ask_at(Pending::Comparison).is_some_and(|at| at <= second(401)));
    clock.asked(second(401));
    assert!(update(&mut clock, second(419)));
    assert!(!update(&mut clock, second(420)));
    // Attempts that follow each other hold nothing off.
    let mut clock = clock.resumed(second(421));
    assert!(!update(&mut clock, second(421)));
}

#[test]
fn a_clock_that_was_set_back_between_two_attempts_holds_no_deadline_off() {
    let mut clock = SyncClock::new(minute(0));
    assert_eq!(sync(&mut clock, Proof::Patched, false, 4), "5");
    let mut clock = clock.resumed(minute(-396));
    assert_eq!(sync(&mut clock, Proof::Patched, false, -396), "-395");
    assert!(sync(&mut clock, Proof::Patched, false, -395).starts_with("deadline"));

    let mut clock = RolloutClock::new(minute(0));
    assert_eq!(rollout(&mut clock, 1, 10), "25");
    let mut resumed = clock.clone().resumed(minute(-390));
    assert_eq!(rollout(&mut resumed, 1, -390), "-375");
    // A clock that went on leaves everything as it was.
    assert_eq!(rollout(&mut clock.resumed(minute(20)), 1, 20), "25");
}

#[test]
fn from_the_comparison_on_it_has_an_hour_to_apply() {
    let mut clock = SyncClock::new(minute(0));
    assert_eq!(sync(&mut clock, Proof::Observed, false, 3), "63");
    // Somebody else's change is compared again; the hour does not begin anew.
    assert_eq!(sync(&mut clock, Proof::Patched, false, 10), "63");
    assert_eq!(sync(&mut clock, Proof::Observed, false, 11), "63");
    assert_snapshot!(sync(&mut clock, Proof::Observed, false, 63), @"deadline: Argo CD did not apply it within 60 min (since 2026-11-23T12:03:00Z): Argo CD has not compared Application argocd/tenant-a as it stands now | look at it with `kubectl get application`");
}

#[test]
fn a_closed_window_stops_the_hour_and_has_a_day_of_its_own() {
    let mut clock = SyncClock::new(minute(0));
    assert_eq!(sync(&mut clock, Proof::Observed, true, 0), "1440");
    assert_eq!(sync(&mut clock, Proof::Observed, true, 600), "1440");
    assert_eq!(sync(&mut clock, Proof::Observed, false, 600), "660");
    assert_eq!(sync(&mut clock, Proof::Observed, true, 630), "1470", "ten hours are used up");
    assert_eq!(sync(&mut clock, Proof::Observed, false, 640), "670");
    assert_eq!(sync(&mut clock, Proof::Observed, true, 650), "1480");
    assert_snapshot!(sync(&mut clock, Proof::Observed, true, 1480), @"deadline: the sync window did not open within 24 h (since 2026-11-23T22:50:00Z): Argo CD has not compared Application argocd/tenant-a as it stands now | look at it with `kubectl get application`");
}

#[test]
fn every_newly_finished_pod_gives_another_quarter_of_an_hour() {
    let mut clock = RolloutClock::new(minute(0));
    assert_eq!(rollout(&mut clock, 0, 0), "15");
    assert_eq!(rollout(&mut clock, 1, 10), "25");
    assert_eq!(rollout(&mut clock, 0, 12), "25", "a pod that fell back");
    assert_eq!(rollout(&mut clock, 1, 14), "25", "is not new when it comes back");
    assert_snapshot!(rollout(&mut clock, 1, 25), @"deadline: no further pod was finished within 15 min (since 2026-11-23T12:10:00Z): Argo CD has not compared Application argocd/tenant-a as it stands now | look at it with `kubectl get application`");
}

#[test]
fn the_whole_rollout_has_two_hours() {
    let mut clock = RolloutClock::new(minute(0));
    for pod in 1..12 {
        let due = rollout(&mut clock, pod, 10 * i64::from(pod));
        assert_eq!(due, (10 * pod + 15).min(120).to_string());
    }
    assert_snapshot!(rollout(&mut clock, 12, 120), @"deadline: the rollout did not end within 2 h (since 2026-11-23T12:00:00Z): Argo CD has not compared Application argocd/tenant-a as it stands now | look at it with `kubectl get application`");
}

#[test]
fn a_clock_survives_being_stored() {
    let mut clock = SyncClock::new(minute(0));
    sync(&mut clock, Proof::Observed, true, 1);
    let stored = serde_json::to_string(&clock).unwrap();
    assert_eq!(serde_json::from_str::<SyncClock>(&stored).unwrap(), clock);
    let clock = RolloutClock::new(minute(0));
    let stored = serde_json::to_string(&clock).unwrap();
    assert_eq!(serde_json::from_str::<RolloutClock>(&stored).unwrap(), clock);
}

proptest! {
    #[test]
    fn a_clock_that_jumps_back_never_gives_more_time(
        events in proptest::collection::vec((0_i64..4000, proptest::bool::ANY, proptest::bool::ANY), 1..20)
    ) {
        let mut clock = SyncClock::new(minute(0));
        let mut rolling = RolloutClock::new(minute(0));
        let (mut latest, mut over) = (0, false);
        for (at, observed, closed) in events {
            let proof = if observed { Proof::Observed } else { Proof::Patched };
            let due = clock.update(proof, &awaiting(), pending(closed), &Deadlines::default(), minute(at));
            latest = latest.max(at);
            if let Due::At(at) = due {
                prop_assert!(at > minute(latest), "a deadline lies ahead");
            }
            let rolled = rolling.update(u32::from(observed), &awaiting(), &Deadlines::default(), minute(at));
            over |= matches!(rolled, Due::Passed(_)) && latest >= 120;
            prop_assert!(!over || matches!(rolled, Due::Passed(_)), "what is over stays over");
        }
    }
}
