//! Children: many of them, and unhappy ones.

use super::{opened, run};
use crate::{
    FailureKind,
    conformance::{
        Ending, Harness,
        work::{Family, FanOut, FanOutInput, Leaf, Sleeper},
    },
};
use std::time::Duration;

/// A thousand children, a hundred at once: all results arrive, every effect happens once.
pub async fn a_thousand_children_end_under_a_limit<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    let sum = run::<FanOut>(harness, "fan", FanOutInput { children: 1000, limit: 100 }).await;
    assert_eq!(sum, 500_500);
    let mut keys: Vec<String> = world.effects().into_iter().map(|effect| effect.key).collect();
    assert_eq!(keys.len(), 1000);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 1000, "no effect happened twice");
    let effects = world.effects();
    let (first, last) = (effects[0].at, effects[999].at);
    let batches = last.duration_since(first).as_secs_f64() / 1.1;
    assert!(batches >= 8.9, "the limit of 100 needs ten rounds of 1.1 s, these were {batches:.1}");
}

/// A failure and a panic stay in the child where they happened; the parent gets them as answers.
pub async fn a_child_that_fails_or_panics_harms_only_itself<H: Harness>(harness: &mut H) {
    opened(harness).await;
    let answers = run::<Family>(harness, "family", ()).await;
    let [panicked, failed, lived] = answers.try_into().expect("three children");
    let panicked = panicked.expect_err("a panicking child has no result");
    assert_eq!((panicked.kind, panicked.code.as_str()), (FailureKind::Engine, "parked"));
    let failed = failed.expect_err("a failing child has no result");
    assert_eq!((failed.kind, failed.code.as_str()), (FailureKind::Permanent, "fate"));
    assert_eq!(lived.expect("the third child is well"), "alive");
    assert_eq!(harness.finish("panics").await, Ok(Ending::Parked));
    assert!(matches!(harness.finish("fails").await, Ok(Ending::Failed(_))));
}

/// Starting what runs or has ended changes nothing: it keeps its own input.
pub async fn a_second_start_joins_the_first<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    harness.start::<Leaf>("leaf", 7).await.expect("no crash is planned");
    harness.start::<Leaf>("leaf", 8).await.expect("no crash is planned");
    assert_eq!(run::<Leaf>(harness, "leaf", 9).await, 7);
    assert_eq!(run::<Leaf>(harness, "leaf", 10).await, 7);
    assert_eq!(world.effects().len(), 1);
    // And the engine is none the worse for it.
    run::<Sleeper>(harness, "sleeper", Duration::from_secs(1)).await;
}
