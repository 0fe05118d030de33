//! A StatefulSet whose broken pod keeps its controller from replacing it (kubernetes#67250).

use crate::harness::{Ran, Ringway, Tenant, image};

/// Does what Ringway advises.
#[track_caller]
fn follow_advice(ran: &Ran, tenant: &Tenant) {
    let command = format!("kubectl -n {} delete pod atlas-1", tenant.namespace());
    assert_eq!(ran.advice(tenant.name()), format!("`{command}`, then give the same command again"));
    tenant.delete_pod("atlas-1");
}

#[test]
fn a_ring_that_fixes_forward_is_told_which_pod_to_delete() {
    let tenant = Tenant::new("trap-forward", &["--chart", "minimal"]);
    let ringway = Ringway::new();
    let broken = ringway.release("ring-trap", "minimal", "badpull-1", "trap-forward").expect(1);
    assert_eq!(broken.verdicts(), "trap-forward failed applied image_pull");

    let fixed = ringway.release("ring-trap", "minimal", "1.1.0", "trap-forward").expect(1);
    assert_eq!(fixed.verdicts(), "trap-forward failed applied repair_trap");
    let message = fixed.message("trap-forward");
    assert!(
        message.contains("kubernetes#67250")
            && message.contains("ErrImagePull") | message.contains("ImagePullBackOff"),
        "{message}"
    );
    assert!(message.contains(&image("1.1.0")), "{message}");

    follow_advice(&fixed, &tenant);
    ringway.release("ring-trap", "minimal", "1.1.0", "trap-forward").expect(0);
    assert!(tenant.images("atlas").iter().all(|running| *running == image("1.1.0")));
    ringway.cleanup("ring-trap").expect(0);
}

#[test]
fn a_cleanup_is_told_which_pod_to_delete_and_the_same_cleanup_then_succeeds() {
    let tenant = Tenant::new("trap-back", &["--chart", "minimal"]);
    let before = tenant.sources();
    let ringway = Ringway::new();
    ringway.release("ring-back", "minimal", "crash-1", "trap-back").expect(1);

    let trapped = ringway.cleanup("ring-back").expect(1);
    assert_eq!(trapped.verdicts(), "trap-back failed applied repair_trap");
    let message = trapped.message("trap-back");
    assert!(message.contains("kubernetes#67250") && message.contains("CrashLoopBackOff"), "{message}");
    assert_eq!(tenant.sources(), before, "our values are out, although the pods do not show it yet");
    let overrides = ringway.run(&["override", "list"]).expect(0).out;
    assert!(
        overrides.contains("trap-back"),
        "still claimed, because the tenant still runs our image: {overrides}"
    );

    follow_advice(&trapped, &tenant);
    let cleaned = ringway.cleanup("ring-back").expect(0);
    assert!(cleaned.verdicts().starts_with("trap-back success"), "{}", cleaned.verdicts());
    assert!(tenant.images("atlas").iter().all(|running| running.ends_with("/atlas-metastore:1.0.0")));
}

#[test]
fn a_parallel_stateful_set_recovers_by_itself() {
    let tenant = Tenant::new(
        "trap-parallel",
        &["--set", "atlas.podManagementPolicy=Parallel", "--set", "atlas-read.podManagementPolicy=Parallel"],
    );
    let ringway = Ringway::new();
    ringway.release("ring-parallel", "atlas", "badpull-1", "trap-parallel").expect(1);
    ringway.release("ring-parallel", "atlas", "1.1.0", "trap-parallel").expect(0);
    assert!(tenant.images("atlas").iter().all(|running| *running == image("1.1.0")));
    ringway.cleanup("ring-parallel").expect(0);
}
