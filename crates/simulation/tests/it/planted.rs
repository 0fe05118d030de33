//! Each invariant finds the bugs that break it, within some seeds.

use simulation::{Bug, Options, simulate};

/// Plays seeds until the bug is found, and says by which invariant.
#[track_caller]
fn found_by(bug: &str, invariants: &[&str]) {
    const SEEDS: u64 = 60;
    let options = Options { bug: Bug::named(bug).unwrap(), ..Options::default() };
    for seed in 0..SEEDS {
        if let Some(broken) = simulate(seed, &options).unwrap().broken {
            assert!(invariants.contains(&broken.invariant), "seed {seed}: {broken}");
            return;
        }
    }
    panic!("{bug} is not found within {SEEDS} seeds");
}

macro_rules! planted {
    ($($bug:ident by $($invariant:literal)|+;)+) => {
        $(
            #[test]
            fn $bug() {
                found_by(stringify!($bug), &[$($invariant),+]);
            }
        )+

        #[test]
        fn every_planted_bug_has_a_test() {
            let tested = [$(stringify!($bug)),+];
            let known: Vec<&str> = Bug::ALL.iter().map(|(name, _)| *name).collect();
            assert_eq!(known, tested);
        }
    };
}

planted! {
    stale_green_believed by "proven_verdict";
    rollout_believed by "proven_verdict";
    digests_painted by "proven_verdict";
    tenant_forgotten by "named_verdict";
    verdict_forgotten by "everything_ends";
    intent_forgotten by "owned_overrides";
    claim_ignored by "claims_once";
    stop_forgotten by "patch_after_cancel";
    stop_of_cleanup_forgotten by "patch_after_cancel";
    slot_kept by "everything_ends";
    inverse_overwritten by "restored";
    nothing_removed by "owned_overrides";
    cleanup_not_awaited by "proven_verdict";
    authority_not_asked by "authorised";
    build_believed by "authorised";
    comment_forgotten by "said";
    close_overlooked by "authorised" | "desired_state";
    milestone_forgotten by "content_budget";
    departure_forgotten by "desired_state";
    freeze_forgotten by "authorised";
    guards_dropped by "restored";
    everything_refused by "can_be_released";
    readiness_hidden by "can_be_released";
}
