//! What refuses or skips tenants of a cohort, and what happens to the others.

use super::{MINIMAL, claims, plan, writable};
use crate::harness::{Ringway, Tenant, image, release_arguments, target};
use serde_json::json;

#[test]
fn a_tenant_without_an_application_is_refused_and_the_others_go_on() {
    let tenant = Tenant::new("refuse-beside", &MINIMAL);
    let ringway = Ringway::new();
    let ran =
        ringway.release("ring-refused", "minimal", "e65a995abcd", "refuse-absent,refuse-beside").expect(3);
    assert_eq!(
        ran.verdicts(),
        "refuse-absent refused none application_missing\nrefuse-beside success digest_verified -"
    );
    assert_eq!(
        ran.json()["tenants"][0]["problem"]["message"],
        "no Application refuse-absent in Argo CD testbed (namespace argocd); check the tenant's name and the \
         service's `applications`"
    );
    let claimed = claims(&ringway);
    assert_eq!(claimed.as_array().unwrap().len(), 1, "{claimed:#}");
    ringway.cleanup("ring-refused").expect(0);

    let image = image("e65a995abcd");
    let arguments = release_arguments("ring-refused", "minimal", &image, "refuse-absent");
    let planned = plan(&ringway, &arguments, &[]).expect(4).json();
    assert_eq!(planned[0]["refusals"][0]["code"], "application_missing");
    assert_eq!(
        ringway.run(&arguments).expect(4).verdicts(),
        "refuse-absent refused none application_missing"
    );

    let before = writable(&tenant);
    let arguments = release_arguments("ring-refused", "minimal", &image, "refuse-beside,refuse-absent");
    let ran = ringway.run(&[&arguments[..], &["--all-or-nothing"]].concat()).expect(4);
    assert_eq!(
        ran.verdicts(),
        "refuse-beside refused none all_or_nothing\nrefuse-absent refused none application_missing"
    );
    assert_eq!(
        ran.json()["tenants"][0]["problem"]["message"],
        "tenant refuse-absent cannot be released, and this release is all or nothing"
    );
    assert_eq!(writable(&tenant), before);
    assert_eq!(claims(&ringway), json!([]));
}

#[test]
fn a_repository_that_is_not_allowed_is_refused_for_all_tenants() {
    let tenant = Tenant::compared("refuse-from", &MINIMAL, |_| {});
    let before = writable(&tenant);
    let ringway = Ringway::new();
    let arguments = release_arguments("ring-refused", "minimal", "ghcr.io/acme/atlas:1.0.0", tenant.name());
    let expected = format!(
        "ringway: image atlas may not come from ghcr.io/acme/atlas, the configuration allows {}/*; push it there, or add the repository to `repositories` of the service\n",
        target().registry()
    );
    for ran in [plan(&ringway, &arguments, &[]), ringway.run(&arguments)] {
        let ran = ran.expect(4);
        assert_eq!((ran.out.as_str(), &ran.err), ("", &expected));
    }
    assert_eq!(writable(&tenant), before);
    assert_eq!(claims(&ringway), json!([]));
}

#[test]
fn without_automated_sync_there_is_nothing_to_do() {
    let tenant = Tenant::unsettled("refuse-manual", &["--chart", "minimal", "--manual-sync"]);
    let before = writable(&tenant);
    let ringway = Ringway::new();
    let image = image("e65a995abcd");
    let mut arguments = release_arguments("ring-refused", "minimal", &image, tenant.name());
    let reason = "automated sync of Application argocd/refuse-manual is off, so Argo CD would not apply an override by \
                  itself";
    let planned = plan(&ringway, &arguments, &[]).expect(0).json();
    assert_eq!((&planned[0]["outcome"], &planned[0]["reasons"]), (&json!("skipped"), &json!([reason])));
    let ran = ringway.run(&arguments).expect(0);
    assert_eq!(ran.verdicts(), "refuse-manual skipped none automated_sync_off");
    assert_eq!(ran.json()["tenants"][0]["problem"]["message"], reason);
    arguments.truncate(arguments.len() - 2);
    let ran = ringway.run(&arguments).expect(0);
    assert!(ran.out.contains("success, nothing to do (1 skipped)"), "{}", ran.out);
    assert_eq!(writable(&tenant), before);
    assert_eq!(claims(&ringway), json!([]));
}
