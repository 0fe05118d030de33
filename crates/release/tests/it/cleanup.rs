//! The way back.

use crate::fleet::{Begin, Behaviour::*, Fleet, Trouble, check_the_end, verdicts};
use durable_sqlite::MemoryJournal;
use release::verdict::ReleaseVerdict;

#[tokio::test(start_paused = true)]
async fn claims_are_given_back_only_where_the_tenant_is_proven() {
    let fleet =
        Fleet::new(&[("gone", GoneAtCleanup), ("good", Good), ("no-pull", CannotPull)], Trouble::None);
    let result = fleet.run(&MemoryJournal::default(), None, Begin::cleanup(&fleet)).await.unwrap();
    assert_eq!(
        verdicts(&result),
        [("gone", "success", ""), ("good", "success", ""), ("no-pull", "failed", "image_pull")]
    );
    assert_eq!(result.verdict, ReleaseVerdict::PartialSuccess);
    check_the_end(&fleet, &result);
    let held: Vec<String> = fleet.model().claims.keys().cloned().collect();
    assert_eq!(held, ["no-pull"], "the next cleanup proves it again");
    assert!(fleet.model().overridden.is_empty());
}
