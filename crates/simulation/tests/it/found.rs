//! Bugs that the simulation found, each with the seed that showed it. Once the plan draws other numbers a seed means
//! something else; it still must not break anything.

use simulation::{Options, simulate};

#[track_caller]
fn holds(seed: u64) {
    let report = simulate(seed, &Options::default()).unwrap();
    assert_eq!(report.broken, None, "seed {seed}");
}

/// A parameter of the tenant wins over `valuesObject`: the override had no effect, and was called applied.
#[test]
fn a_value_below_a_parameter_is_not_called_applied() {
    holds(17);
}

/// The stop was looked for before the Application was read, and the read took seconds.
#[test]
fn no_patch_begins_when_a_stop_comes_while_the_application_is_read() {
    holds(126);
}

/// Two services that write the same value: the cleanup of the second put back what the first had written.
#[test]
fn what_another_service_wrote_is_not_what_was_there_before() {
    holds(31);
}

/// A tenant with two Applications was called as far proven as the first of them.
#[test]
fn a_tenant_is_proven_as_far_as_the_least_proven_of_its_applications() {
    holds(436);
}

/// A parameter of one service won over what another had written to `valuesObject`, which was called applied.
#[test]
fn a_service_does_not_win_over_what_another_wrote_at_the_same_path() {
    holds(2079);
}

/// A false alarm of the simulation: the API server was gone while somebody took our values out, and the watch that went on
/// was told first that they had been applied before.
#[test]
fn what_a_watch_is_told_after_a_break_was_true_when_it_happened() {
    holds(4418);
}

/// The clock was behind GitHub's, so each release that failed seemed to be asked for again by a label that was set later:
/// some hundred releases in a few minutes.
#[test]
fn a_clock_that_is_behind_makes_no_label_ask_again_and_again() {
    holds(98);
}

/// GitHub refused to take a completed check run back, and every look at the pull request failed on it from then on.
#[test]
fn a_check_run_that_github_does_not_take_back_gets_a_successor() {
    holds(170);
}

/// The clock was set back by hours while Ringway was down, and the deadline of a rollout was held off by as much.
#[test]
fn a_clock_that_is_set_back_over_a_restart_holds_no_deadline_off() {
    holds(4195);
}

/// The clock was set back by hours while GitHub had asked us to stay away: nothing was asked of it for as long.
#[test]
fn a_clock_that_is_set_back_during_a_rate_limit_does_not_keep_us_away_from_github() {
    holds(712);
}

/// The clock was set back behind the time of a cleanup: each release seemed to be older, and the next one began at once,
/// a thousand times.
#[test]
fn a_clock_that_is_set_back_makes_no_release_begin_again_and_again() {
    holds(4579);
}

/// Two services write the same value, and a ring had it for the other one: the pull request tried every ten minutes.
#[test]
fn a_tenant_that_is_held_for_another_service_is_not_tried_again_and_again() {
    holds(461);
}

/// A closed pull request left everything to another one of its branch, which had no label and did not know of it.
#[test]
fn the_next_pull_request_of_a_branch_gives_back_what_it_has_no_labels_for() {
    holds(4363);
}

/// A crash between writing a release down and starting it: it was called cancelled, and never began.
#[test]
fn a_release_that_a_crash_kept_from_starting_begins() {
    holds(2542);
}

/// A cleanup of one tenant stopped the release of all, and nobody went on with the others.
#[test]
fn a_cleanup_of_one_tenant_does_not_end_the_release_of_the_others() {
    holds(2958);
}

/// A false alarm of the simulation: somebody had made an Application again from a copy with a crashing image in it, so that
/// no cleanup of what was written into the copy could be proven, and the claim was left.
#[test]
fn a_claim_is_left_where_somebody_put_a_crashing_copy() {
    holds(805);
    holds(4913);
}

/// A false alarm of the simulation: a cancel was recorded, and whoever asked for it had an error for an answer.
#[test]
fn what_somebody_asked_to_stop_may_stop_although_nobody_was_told() {
    holds(3039);
}

/// Argo CD had overlooked a change, and Ringway was down for longer than Argo CD may take: a release that was gone on with
/// failed at once, without anybody having asked Argo CD to look.
#[test]
fn who_comes_back_after_the_deadline_asks_argo_cd_first() {
    holds(228);
}
