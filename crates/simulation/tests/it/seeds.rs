//! Many seeds without a broken invariant.

use release::verdict::TenantVerdict::Success;
use simulation::{Options, play_many};

#[test]
fn three_hundred_seeds_break_nothing() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let summary = play_many(0..300, &Options::default(), threads, |_| {});
    let broken: Vec<String> = summary
        .broken
        .iter()
        .map(|report| format!("seed {}: {}", report.seed, report.broken.as_ref().unwrap()))
        .collect();
    assert!(broken.is_empty() && summary.failed.is_empty(), "{broken:#?} {:#?}", summary.failed);
    assert_eq!(summary.played, 300);
    // Where hardly anything succeeds, hardly anything is shown.
    let verdicts = &summary.verdicts;
    assert!(verdicts.releases.percent(Success) >= 25, "of the tenants of releases: {}", verdicts.releases);
    assert!(verdicts.cleanups.percent(Success) >= 70, "of the tenants of cleanups: {}", verdicts.cleanups);
    assert!(summary.demanded >= 250, "{} successes were demanded", summary.demanded);
}
