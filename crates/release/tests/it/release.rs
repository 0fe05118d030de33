//! How a release ends, tenant by tenant.

use crate::fleet::{Begin, Behaviour::*, Fleet, Trouble, check_the_end, verdicts};
use durable_sqlite::MemoryJournal;
use release::{proof::Proof, service::Verify, verdict::ReleaseVerdict};

#[tokio::test(start_paused = true)]
async fn each_tenant_ends_for_its_own_reason_and_the_others_go_on() {
    let fleet = Fleet::new(
        &[
            ("good", Good),
            ("never-applied", NeverApplied),
            ("no-pull", CannotPull),
            ("off", AutomatedSyncOff),
            ("patch-refused", RefusesThePatch),
            ("refused", RefusedAtPreflight),
            ("reverted", RevertedMeanwhile),
            ("second-refused", SecondRefusesThePatch),
            ("unreachable", Unreachable),
        ],
        Trouble::None,
    );
    let result = fleet.run(&MemoryJournal::default(), None, Begin::release(&fleet)).await.unwrap();
    assert_eq!(
        verdicts(&result),
        [
            ("good", "success", ""),
            ("never-applied", "failed", "sync_failed"),
            ("no-pull", "failed", "image_pull"),
            ("off", "skipped", "automated_sync_off"),
            ("patch-refused", "refused", "hydrator"),
            ("refused", "refused", "hydrator"),
            ("reverted", "failed", "reverted"),
            ("second-refused", "failed", "hydrator"),
            ("unreachable", "failed", "unreachable"),
        ]
    );
    assert_eq!(result.verdict, ReleaseVerdict::PartialSuccess);
    check_the_end(&fleet, &result);
    let model = fleet.model();
    assert_eq!(model.verdict, Some(ReleaseVerdict::PartialSuccess));
    assert_eq!(model.results.len(), 9, "every tenant is recorded");
    assert!(!model.claims.contains_key("patch-refused"), "nothing was written, so nothing is held");
    assert!(
        model.claims.contains_key("second-refused"),
        "the first Application is overridden, so the claim stays"
    );
}

#[tokio::test(start_paused = true)]
async fn one_refused_tenant_refuses_them_all_when_asked_to() {
    let fleet = Fleet::new(&[("good", Good), ("refused", RefusedAtPreflight)], Trouble::None);
    let Begin::Release(mut input) = Begin::release(&fleet) else { unreachable!() };
    input.all_or_nothing = true;
    let result = fleet.run(&MemoryJournal::default(), None, Begin::Release(input)).await.unwrap();
    assert_eq!(
        verdicts(&result),
        [("good", "refused", "all_or_nothing"), ("refused", "refused", "hydrator")]
    );
    assert_eq!(result.verdict, ReleaseVerdict::Refused);
    assert!(fleet.model().patches.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_tenant_claimed_by_another_ring_is_refused_and_not_touched() {
    let fleet = Fleet::new(&[("good", Good), ("taken", Good)], Trouble::None);
    fleet.model().claims.insert("taken".into(), "ring-y".into());
    let result = fleet.run(&MemoryJournal::default(), None, Begin::release(&fleet)).await.unwrap();
    assert_eq!(verdicts(&result), [("good", "success", ""), ("taken", "refused", "claimed")]);
    assert_eq!(fleet.model().claims["taken"], "ring-y");
    assert_eq!(fleet.model().patches.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn more_tenants_than_places_take_turns() {
    let names: Vec<String> = (0..20).map(|number| format!("t{number:02}")).collect();
    let tenants: Vec<(&str, crate::fleet::Behaviour)> =
        names.iter().map(|name| (name.as_str(), Good)).collect();
    let fleet = Fleet::new(&tenants, Trouble::None);
    let result = fleet.run(&MemoryJournal::default(), None, Begin::release(&fleet)).await.unwrap();
    assert_eq!(result.verdict, ReleaseVerdict::Success);
    check_the_end(&fleet, &result);
}

#[tokio::test(start_paused = true)]
async fn a_cohort_without_anything_to_do_is_a_success() {
    let fleet = Fleet::new(&[("off", AutomatedSyncOff)], Trouble::None);
    let result = fleet.run(&MemoryJournal::default(), None, Begin::release(&fleet)).await.unwrap();
    assert_eq!(result.verdict, ReleaseVerdict::Success);
    assert!(fleet.model().patches.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_verified_in_the_cluster_is_never_claimed_to_be() {
    for of in [Begin::release as fn(&Fleet) -> Begin, Begin::cleanup] {
        // Nobody looks at the pods, so nobody sees that they cannot pull.
        let fleet = Fleet::new(&[("no-pull", CannotPull)], Trouble::None);
        let mut begin = of(&fleet);
        match &mut begin {
            Begin::Release(input) => input.service.verify = Verify::Argocd,
            Begin::Cleanup(input) => input.tenants[0].verify = Verify::Argocd,
        }
        let result = fleet.run(&MemoryJournal::default(), None, begin).await.unwrap();
        assert_eq!(verdicts(&result), [("no-pull", "success", "")]);
        let tenant = &result.tenants[0];
        assert_eq!(tenant.proof, Proof::Applied);
        assert!(tenant.notes.contains(&"not verified in the cluster".to_owned()), "{:?}", tenant.notes);
        let looked =
            |call: &&String| call.starts_with("await_rollout") || call.starts_with("resolve_applied");
        assert_eq!(fleet.model().calls.iter().find(looked), None);
    }
}
