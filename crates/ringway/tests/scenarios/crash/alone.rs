//! Parts of the target that are gone for a while. On the testbed these tests run alone: what they stop, everybody needs.

use crate::{
    harness::{Gone, Part, Ringway},
    observe::{Patches, When, fleet, proven, sources},
};

#[test]
fn alone_a_release_survives_an_api_server_that_is_gone_for_a_minute() {
    let (tenants, names) = fleet("outage", 2);
    let before = sources(&tenants);
    let patches = Patches::of(&tenants);
    // The outage must not use up what a pod has.
    let ringway =
        Ringway::with_deadlines("observed: 5m, applied: 10m, rolloutProgress: 5m, rolloutTotal: 10m");
    let next = When::next_run(&ringway);
    let running = ringway.releasing("ring-outage", "minimal", "slow5s-1", &names);
    next.reached(&proven("applied", 1));
    let outage = Gone::take(Part::ApiServer);
    let said =
        ringway.explained(tenants[0].name(), &["the API server of testbed has been gone for 1 minute"]);
    drop(outage);
    let ran = running.ended().expect(0);
    let verdicts = ran.verdicts();
    assert!(verdicts.lines().all(|line| line.contains("success digest_verified")), "{verdicts}\n{said}");
    patches.are(1, "an outage is no reason to write again");
    ringway.cleanup("ring-outage").expect(0);
    assert_eq!(sources(&tenants), before);
}
