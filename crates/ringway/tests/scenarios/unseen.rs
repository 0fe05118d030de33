//! Tenants into whose clusters Ringway does not look: what Argo CD applied is all that is proven, and every text says so.

use crate::harness::{Ringway, Tenant, configuration, image, target, until};
use serde_json::json;

/// What is said of the weaker proof, wherever it is named.
const NOT_VERIFIED: &str = "not verified in the cluster";

fn without_verification() -> String {
    configuration().replace("  minimal:\n", "  minimal:\n    verify: argocd\n")
}

fn without_access() -> String {
    configuration().replace("access: sameCluster", "access: none")
}

#[test]
fn what_is_not_looked_into_is_proven_to_applied_and_every_text_says_that_it_was_not_verified() {
    for (name, configuration) in
        [("unseen-service", without_verification()), ("unseen-access", without_access())]
    {
        let tenant = Tenant::new(name, &["--chart", "minimal"]);
        let before = tenant.sources();
        let asked = || target().requests_in(&tenant.namespace());
        let asked_before = asked();
        let ringway = Ringway::with(&configuration);
        let checked = ringway.run(&["config", "check"]).expect(0).out;
        let meant = format!("minimal: proven to what Argo CD applied; {NOT_VERIFIED}");
        assert!(checked.contains(&meant), "{checked}");

        let released = ringway.release("ring-unseen", "minimal", "1.1.0", name).expect(0);
        assert_eq!(released.verdicts(), format!("{name} success applied -"));
        assert_eq!(released.tenant(name)["notes"], json!([NOT_VERIFIED]));
        let document = released.json();
        let run = document["id"].as_str().unwrap();
        for command in [&["release", "show", run][..], &["explain", name]] {
            let said = ringway.run(command).expect(0).out;
            assert!(said.contains("applied") && said.contains(NOT_VERIFIED), "{command:?}: {said}");
        }
        let cleaned = ringway.cleanup("ring-unseen").expect(0);
        assert_eq!(cleaned.verdicts(), format!("{name} success applied -"));
        assert_eq!(cleaned.tenant(name)["notes"], json!([NOT_VERIFIED]));
        assert_eq!(tenant.sources(), before);
        assert_eq!(asked(), asked_before, "no pod and no workload was read");

        // The same log shows whoever does look.
        let looking = Ringway::new();
        let released = looking.release("ring-seen", "minimal", "2.0.0", name).expect(0);
        assert_eq!(released.verdicts(), format!("{name} success digest_verified -"));
        assert!(asked() > asked_before);
        looking.cleanup("ring-seen").expect(0);
    }
}

#[test]
fn a_pod_that_never_gets_ready_is_not_noticed_where_nobody_looks() {
    let tenant = Tenant::new("unseen-sick", &["--chart", "minimal"]);
    let ringway = Ringway::with(&without_verification());
    let released = ringway.release("ring-sick", "minimal", "never-1", tenant.name()).expect(0);
    assert_eq!(released.verdicts(), "unseen-sick success applied -");
    assert_eq!(released.tenant(tenant.name())["notes"], json!([NOT_VERIFIED]));
    until("its pod is made", || tenant.images("atlas").contains(&image("never-1")));
}
