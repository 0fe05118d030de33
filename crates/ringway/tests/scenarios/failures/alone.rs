//! Argo CD itself is down. On the testbed these stop a part that everybody needs, so nothing else may run at the same
//! time: see `testbed/run`.

use crate::{
    harness::{Gone, Part, Ringway, Tenant, image, until},
    observe::{Patches, asked_to_compare},
};

#[test]
fn alone_without_argo_cd_the_first_deadline_says_that_nothing_was_compared() {
    let _tenant = Tenant::new("alone-late", &["--chart", "minimal"]);
    let ringway = Ringway::with_deadlines("observed: 6s");
    let gone = Gone::take(Part::ApplicationController);
    let running = ringway.releasing("ring-alone", "minimal", "1.1.0", "alone-late");
    let text = ringway.explained("alone-late", &["not done yet", "Argo CD has not compared"]);
    assert!(text.contains("status.sync.comparedTo = another source"), "{text}");
    assert!(text.contains("app.kubernetes.io/name=argocd-application-controller"), "{text}");
    let ran = running.ended().expect(1);
    drop(gone);
    assert_eq!(ran.verdicts(), "alone-late failed patched deadline");
    let message = ran.message("alone-late");
    assert!(message.starts_with("Argo CD did not compare it within 6 s"), "{message}");
    let advice = ran.json()["tenants"][0]["problem"]["advice"].clone();
    let controller = "see whether Argo CD's argocd-application-controller and argocd-repo-server run";
    assert!(advice.as_str().unwrap().starts_with(controller), "{advice}");
}

#[test]
fn alone_a_release_goes_on_when_argo_cd_is_back_before_the_deadline() {
    const REFRESH: &str = "/metadata/annotations/argocd.argoproj.io~1refresh";
    let tenant = Tenant::new("alone-back", &["--chart", "minimal"]);
    let ringway = Ringway::with_deadlines("");
    let patches = Patches::of(std::slice::from_ref(&tenant));
    let gone = Gone::take(Part::ApplicationController);
    let running = ringway.releasing("ring-again", "minimal", "1.1.0", "alone-back");
    ringway.explained("alone-back", &["Argo CD has not compared"]);
    // It could also have overlooked the patch, so it is asked to look.
    until("Argo CD is asked to compare", || asked_to_compare("alone-back") == 1);
    assert_eq!(tenant.application().pointer(REFRESH), Some(&"normal".into()));
    drop(gone);
    running.ended().expect(0);
    assert_eq!(tenant.application().pointer(REFRESH), None, "Argo CD has answered");
    patches.are(1, "being asked to compare is not a patch");
    assert!(tenant.images("atlas").iter().all(|running| *running == image("1.1.0")));
    ringway.cleanup("ring-again").expect(0);
}
