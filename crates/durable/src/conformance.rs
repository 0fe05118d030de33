//! The scenarios that every engine must pass, and the little that an engine has to bring for them.
//!
//! An engine implements [`Harness`], in which time is simulated and a crash is nothing but the end of everything in
//! memory. [`for_each_scenario!`](crate::for_each_scenario) hands the names of all scenarios to a macro of the
//! engine's tests, so that none can be forgotten.
//!
//! The scenarios know only what [`crate::flow`] promises. What an engine promises beyond that is tested next to it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "this module is a test: it stops at the first surprise"
)]

mod harness;
mod program;
pub mod scenarios;
mod work;
mod world;

pub use harness::{CrashPoint, Crashed, Ending, Harness, Registrar};
pub use world::{Effect, World};

/// Calls the macro `$callback` with the names of all scenarios: `callback!(first, second, …)`. Each is an
/// `async fn(&mut impl Harness)` in [`conformance::scenarios`](crate::conformance::scenarios).
#[macro_export]
macro_rules! for_each_scenario {
    ($callback:ident) => {
        $callback!(
            a_thousand_children_end_under_a_limit,
            a_child_that_fails_or_panics_harms_only_itself,
            a_flaky_activity_is_tried_again_after_its_pauses,
            attempts_and_pauses_survive_a_crash,
            a_permanent_failure_is_not_tried_again,
            attempts_run_out,
            a_panic_in_an_activity_is_a_failure,
            start_to_close_ends_an_attempt,
            schedule_to_close_ends_all_attempts,
            silence_ends_an_attempt_and_the_next_one_knows_how_far_it_came,
            a_heartbeat_survives_a_crash,
            heartbeats_keep_a_long_attempt_alive,
            a_cancel_at_any_moment_cleans_up,
            a_cancel_survives_a_crash_at_any_moment,
            an_activity_that_is_given_up_is_told,
            a_crash_at_any_step_changes_nothing,
            two_crashes_in_a_row_change_nothing,
            any_program_ends_the_same_through_any_crashes,
            messages_of_before_a_crash_come_first_after_it,
            a_burst_of_messages_keeps_its_order,
            messages_between_workflows_keep_their_order,
            a_message_that_cannot_be_read_is_a_failure,
            an_unread_message_stays_when_its_reader_is_dropped,
            a_timer_goes_on_while_nobody_runs,
            timers_fire_in_the_order_of_their_times,
            time_is_the_same_in_every_replay,
            a_second_start_joins_the_first,
        );
    };
}
