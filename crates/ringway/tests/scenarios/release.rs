//! A release and the way back, on all charts and by both strategies.

use crate::{
    harness::{RING_IMAGE, Recording, Ringway, Tenant, administrator, image, push, release_arguments, until},
    observe::{Patches, fleet, overrides, patched, sources},
};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;

/// The images that the pods of both StatefulSets run, each once.
#[track_caller]
fn images(tenant: &Tenant) -> BTreeSet<String> {
    let running = ["atlas", "atlas-read"].map(|app| tenant.images(app));
    assert!(running.iter().all(|images| !images.is_empty()), "pods of both: {running:?}");
    running.into_iter().flatten().collect()
}

#[test]
fn six_tenants_are_proven_and_given_back_by_parameters_and_by_values_object() {
    let object = r#"{"atlas":{"atlas":{"image":{"repository":"registry.example.com/atlas-metastore","tag":"1.0.0"}}}}"#;
    let plain = [Tenant::new("six-a", &[]), Tenant::new("six-b", &["--set", "ballast=100000"])];
    let several = Tenant::new("six-c", &["--multi-source"]);
    let with_object = [
        Tenant::new("six-d", &["--values-object", object]),
        Tenant::new("six-e", &["--values-object", r#"{"atlas":{"replicas":3}}"#]),
        Tenant::new("six-f", &[]),
    ];
    let before: Vec<_> = plain.iter().chain([&several]).chain(&with_object).map(Tenant::sources).collect();
    let patches: Vec<_> =
        plain.iter().chain([&several]).chain(&with_object).map(Tenant::name).map(patched).collect();
    let ringway = Ringway::new();

    let released = ringway.release("ring-six", "atlas", "e65a995abcd", "six-a,six-b,six-c").expect(0);
    assert_eq!(
        released.verdicts(),
        "six-a success digest_verified -\nsix-b success digest_verified -\nsix-c success digest_verified -"
    );
    let released = ringway.release("ring-six", "atlas-values", "0123456", "six-d,six-e,six-f").expect(0);
    assert_eq!(
        released.verdicts(),
        "six-d success digest_verified -\nsix-e success digest_verified -\nsix-f success digest_verified -"
    );
    for tenant in plain.iter().chain([&several]) {
        assert_eq!(images(tenant), BTreeSet::from([image("e65a995abcd")]));
    }
    for tenant in &with_object {
        assert_eq!(images(tenant), BTreeSet::from([image("0123456")]), "a tag that looks like a number");
    }

    let now: Vec<_> =
        plain.iter().chain([&several]).chain(&with_object).map(Tenant::name).map(patched).collect();
    let each: Vec<_> = now.iter().zip(&patches).map(|(now, before)| now - before).collect();
    assert_eq!(each, [1; 6], "both images in one patch");

    let cleaned = ringway.cleanup("ring-six").expect(0);
    assert_eq!(
        cleaned.verdicts().lines().filter(|line| line.contains("success")).count(),
        6,
        "{}",
        cleaned.verdicts()
    );
    let after: Vec<_> = plain.iter().chain([&several]).chain(&with_object).map(Tenant::sources).collect();
    assert_eq!(after, before, "every source is what it was before");
    for tenant in plain.iter().chain([&several]).chain(&with_object) {
        assert!(images(tenant).iter().all(|running| running.ends_with("/atlas-metastore:1.0.0")));
        let annotations = tenant.application()["metadata"]["annotations"].to_string();
        assert!(!annotations.contains("ringway"), "{annotations}");
    }
    assert_eq!(ringway.run(&["override", "list"]).expect(0).out.trim(), "no overrides");
}

#[test]
fn charts_of_every_shape_take_an_image() {
    let single = Tenant::new("shape-single", &["--chart", "single"]);
    let dotted = Tenant::new("shape-dotted", &["--chart", "dotted"]);
    let deployment = Tenant::new("shape-deployment", &[]);
    let ringway = Ringway::new();
    for (service, tenant, app, tag) in [
        ("single", &single, "atlas", "12e4567"),
        ("dotted", &dotted, "atlas", "0123456"),
        ("heracles", &deployment, "heracles", "12e4567"),
    ] {
        let before = tenant.sources();
        ringway.release("ring-shape", service, tag, tenant.name()).expect(0);
        let running = tenant.images(app);
        assert!(!running.is_empty() && running.iter().all(|running| *running == image(tag)), "{running:?}");
        ringway.cleanup("ring-shape").expect(0);
        assert_eq!(tenant.sources(), before, "{service}");
    }
}

#[test]
fn a_ring_that_fixes_forward_is_taken_back_to_what_was_before_the_first_release() {
    let tenant = Tenant::new("forward", &[]);
    let before = tenant.sources();
    let patches = patched("forward");
    let ringway = Ringway::new();
    ringway.release("ring-forward", "atlas", "1.1.0", "forward").expect(0);
    ringway.release("ring-forward", "atlas", "2.0.0", "forward").expect(0);
    assert!(tenant.images("atlas").iter().all(|running| *running == image("2.0.0")));
    ringway.cleanup("ring-forward").expect(0);
    assert_eq!(tenant.sources(), before);
    assert_eq!(patched("forward") - patches, 3);
}

#[test]
fn pods_that_report_the_platform_digest_are_verified_and_a_wrong_digest_is_named() {
    let good = Tenant::new("digest-platform", &["--chart", "minimal"]);
    let wrong = Tenant::new("digest-wrong", &["--chart", "minimal"]);
    let ringway = Ringway::new();
    ringway.release("ring-digest", "minimal", "platformdigest-1", good.name()).expect(0);
    let ran = ringway.release("ring-digest", "minimal", "wrongdigest-1", wrong.name()).expect(1);
    assert_eq!(ran.verdicts(), "digest-wrong failed applied digest_mismatch");
    ringway.cleanup("ring-digest").expect(0);
}

#[test]
fn a_tag_that_moves_while_a_release_is_unfinished_is_refused_with_both_digests() {
    let tenant = Tenant::new("moves", &["--chart", "minimal"]);
    let first = push(RING_IMAGE, "never-moves", &["--variant", "1"]);
    let ringway = Ringway::with_deadlines("rolloutProgress: 10s");
    let reference = image("never-moves");
    let arguments = release_arguments("ring-moves", "minimal", &reference, tenant.name());
    let running = ringway.starting(&arguments);
    until("the override is written", || tenant.sources().to_string().contains("never-moves"));
    running.ended_by(Signal::KILL);
    let second = push(RING_IMAGE, "never-moves", &["--variant", "2"]);
    let refused = ringway.run(&arguments).expect(4);
    assert!(refused.err.contains(&first) && refused.err.contains(&second), "{}", refused.err);
    // Its pod never gets ready, and the controller replaces no old pod before it is; without one there would be nothing to
    // replace.
    until("its pod is made", || tenant.images("atlas").iter().any(|image| image.contains("never-moves")));
    let stuck = ringway.cleanup("ring-moves").expect(1);
    assert!(stuck.out.contains("kubectl -n tenant-moves delete pod atlas-1"), "{}", stuck.out);
    tenant.delete_pod("atlas-1");
    ringway.cleanup("ring-moves").expect(0);
}

/// The place of a state among all that the API server ever stored.
fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

#[test]
fn one_tenant_at_a_time_is_written_to_only_after_the_pods_of_the_one_before_are_ready() {
    let (tenants, names) = fleet("turn", 3);
    let recordings: Vec<Recording> =
        tenants.iter().map(|tenant| administrator().record(tenant.name())).collect();
    let ringway = Ringway::new();
    let reference = image("1.1.0");
    let arguments = release_arguments("ring-turn", "minimal", &reference, &names);
    ringway.run(&[&arguments[..], &["--max-parallel", "1"]].concat()).expect(0);

    // From the first state with the override to the last state of a pod.
    let mut turns: Vec<(u64, u64)> = Vec::new();
    for (tenant, recording) in tenants.iter().zip(&recordings) {
        let states = recording.states_until(&tenant.application());
        let written = states.iter().find(|state| state["spec"].to_string().contains("1.1.0")).unwrap();
        let pods = tenant.pods("atlas");
        assert!(pods.len() == 2 && tenant.images("atlas").iter().all(|running| *running == reference));
        turns.push((version(written), pods.iter().map(version).max().unwrap()));
    }
    turns.sort_unstable();
    assert!(turns.windows(2).all(|pair| pair[0].1 < pair[1].0), "two tenants at once: {turns:?}");
    ringway.cleanup("ring-turn").expect(0);
}

#[test]
fn a_cleanup_that_is_only_asked_about_changes_nothing_and_the_real_one_does_what_it_said() {
    let (tenants, names) = fleet("dry", 2);
    let before = sources(&tenants);
    let ringway = Ringway::new();
    ringway.release("ring-dry", "minimal", "1.1.0", &names).expect(0);
    let (written, claims, patches) = (sources(&tenants), overrides(&ringway), Patches::of(&tenants));
    let listed = ringway.run(&["override", "list", "-o", "json"]).expect(0).json();
    let runs = || ringway.run(&["release", "list", "-o", "json"]).expect(0).json();
    let begun = runs();

    let one = ["cleanup", "--tenants", "dry-1"];
    let all = ["cleanup", "--ring", "ring-dry"];
    let asked = |cleanup: &[&str], options: &[&str]| {
        ringway.run(&[cleanup, &["--dry-run"], options].concat()).expect(0)
    };
    let said = asked(&all, &[]).out;
    assert!(said.starts_with("would be taken back:\n"), "{said}");
    for tenant in &tenants {
        assert!(
            said.lines().any(|line| line.starts_with(tenant.name()) && line.contains("ring-dry")),
            "{said}"
        );
    }
    assert_eq!(said.matches("\n  image.tag = 1.1.0 (before: not set)").count(), 2, "{said}");
    assert_eq!(
        asked(&all, &["-o", "json"]).json(),
        listed,
        "what would be taken back is all that is written"
    );
    let first = asked(&one, &["-o", "json"]).json();
    assert_eq!(first, Value::from(vec![listed[0].clone()]), "{listed}");
    assert_eq!(first[0]["tenant"], "dry-1");

    patches.are(0, "it was only asked about");
    assert_eq!((sources(&tenants), overrides(&ringway), runs()), (written, claims, begun));

    let cleaned = ringway.run(&[&one[..], &["-o", "json"]].concat()).expect(0);
    assert_eq!(cleaned.verdicts(), "dry-1 success digest_verified -");
    assert_eq!(overrides(&ringway), "argocd/dry-2 ring-dry patched", "the other one was not named");
    assert_eq!(ringway.cleanup("ring-dry").expect(0).verdicts(), "dry-2 success digest_verified -");
    patches.are(1, "one of each, to take it back");
    assert_eq!(sources(&tenants), before);
    let nothing = asked(&all, &[]).out;
    assert_eq!(nothing.trim(), "nothing of ring ring-dry is written anywhere");
}
