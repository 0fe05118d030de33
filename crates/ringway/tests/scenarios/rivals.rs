//! Several who want the same tenant: two rings, two ledgers, two terminals, two releases of one ring.

use crate::{
    harness::{Ringway, configuration, image, release_arguments},
    observe::{Patches, When, fleet, overrides, proven, sources},
};
use serde_json::Value;

#[test]
fn a_tenant_of_another_ring_is_refused_by_name_until_that_ring_gives_it_back() {
    let (tenants, names) = fleet("taken", 1);
    let before = sources(&tenants);
    let ringway = Ringway::new();
    ringway.release("ring-first", "minimal", "1.1.0", &names).expect(0);
    let refused = ringway.release("ring-second", "minimal", "2.0.0", &names).expect(4);
    assert_eq!(refused.verdicts(), "taken-1 refused none claimed");
    let since = since(&ringway, "ring-first");
    let message = refused.message("taken-1");
    assert!(message.contains("ring-first") && message.contains(&since), "{message} (since {since})");
    assert_eq!(overrides(&ringway), "argocd/taken-1 ring-first patched");
    let nothing = ringway.cleanup("ring-second").expect(0);
    assert_eq!(nothing.json()["reason"], "nothing of ring ring-second is written anywhere");
    ringway.cleanup("ring-first").expect(0);
    ringway.release("ring-second", "minimal", "2.0.0", &names).expect(0);
    ringway.cleanup("ring-second").expect(0);
    assert_eq!(sources(&tenants), before);
}

/// Since when a ring holds its first claim, up to the second.
fn since(ringway: &Ringway, ring: &str) -> String {
    let rows = ringway.run(&["override", "list", "-o", "json"]).expect(0).json();
    let row = rows.as_array().unwrap().iter().find(|row| row["ring"] == ring).unwrap();
    row["since"].as_str().unwrap()[.."2026-11-23T02:00:00".len()].to_owned()
}

#[test]
fn a_cohort_of_which_one_tenant_is_taken_succeeds_in_part() {
    let (_tenants, names) = fleet("part", 2);
    let ringway = Ringway::new();
    ringway.release("ring-one", "minimal", "1.1.0", "part-1").expect(0);
    let ran = ringway.release("ring-both", "minimal", "2.0.0", &names).expect(3);
    assert_eq!(ran.verdicts(), "part-1 refused none claimed\npart-2 success digest_verified -");
    ringway.cleanup("ring-both").expect(0);
    ringway.cleanup("ring-one").expect(0);
}

#[test]
fn what_another_ledger_overrides_is_refused_by_name() {
    let (tenants, names) = fleet("ledgers", 1);
    let before = sources(&tenants);
    let (one, other) = (Ringway::new(), Ringway::new());
    one.release("ring-one", "minimal", "1.1.0", &names).expect(0);
    let refused = other.release("ring-other", "minimal", "2.0.0", &names).expect(4);
    let message = refused.message("ledgers-1");
    assert!(message.contains("ring-one") && message.contains(&since(&one, "ring-one")), "{message}");
    assert_eq!(overrides(&other), "");
    // The name of a ring says nothing across ledgers.
    other.release("ring-one", "minimal", "2.0.0", &names).expect(4);
    let orphans = other.run(&["override", "orphans"]).expect(1);
    assert!(orphans.out.contains("argocd/ledgers-1") && orphans.out.contains("ring-one"), "{}", orphans.out);
    one.cleanup("ring-one").expect(0);
    other.release("ring-other", "minimal", "2.0.0", &names).expect(0);
    other.cleanup("ring-other").expect(0);
    assert_eq!(sources(&tenants), before);
}

#[test]
fn of_two_ledgers_at_once_one_wins_each_application() {
    let (tenants, names) = fleet("race", 3);
    let before = sources(&tenants);
    let (one, other) = (Ringway::new(), Ringway::new());
    for round in 0..4 {
        let patches = Patches::of(&tenants);
        let running = [
            one.releasing("ring-one", "minimal", "1.1.0", &names),
            other.releasing("ring-other", "minimal", "2.0.0", &names),
        ];
        let [first, second] = running.map(crate::harness::Running::ended);
        let mut wins = [0, 0];
        for tenant in &tenants {
            let verdicts = [&first, &second].map(|ran| ran.tenant(tenant.name())["verdict"].clone());
            let winner = verdicts.iter().position(|verdict| verdict == "success");
            assert!(verdicts.contains(&Value::from("refused")), "round {round}: {verdicts:?}");
            let winner = winner.unwrap_or_else(|| panic!("round {round}: nobody got {}", tenant.name()));
            wins[winner] += 1;
            let tag = ["1.1.0", "2.0.0"][winner];
            assert!(tenant.images("atlas").iter().all(|running| *running == image(tag)), "round {round}");
        }
        for (ran, won) in [(&first, wins[0]), (&second, wins[1])] {
            let code = [4, 3, 3, 0][won];
            assert_eq!(ran.code, code, "round {round}: {ran:#?}");
        }
        patches.are(1, "one patch for the winner, none for the loser");
        assert_eq!(overrides(&one).lines().count(), wins[0], "round {round}: {}", overrides(&one));
        assert_eq!(overrides(&other).lines().count(), wins[1], "round {round}: {}", overrides(&other));
        one.cleanup("ring-one").expect(0);
        other.cleanup("ring-other").expect(0);
        assert_eq!(sources(&tenants), before, "round {round}");
    }
}

#[test]
fn a_newer_release_of_the_ring_takes_over_from_a_running_one() {
    let (tenants, names) = fleet("newest", 2);
    let before = sources(&tenants);
    let ringway = Ringway::new();
    let next = When::next_run(&ringway);
    let older = ringway.releasing("ring-newest", "minimal", "slow5s-1", &names);
    next.reached(&proven("applied", 1));
    // The older process drives it: its own release ends, and it stays for the one that it was asked for.
    let newer = ringway.releasing("ring-newest", "minimal", "2.0.0", &names);
    let (older, newer) = (older.ended().expect(1), newer.ended().expect(0));
    assert_eq!(older.json()["verdict"], "superseded");
    assert_eq!(older.json()["stop"]["by"], newer.json()["id"]);
    assert!(newer.verdicts().lines().all(|line| line.ends_with("success digest_verified -")));
    assert_eq!(
        overrides(&ringway),
        "argocd/newest-1 ring-newest patched\nargocd/newest-2 ring-newest patched"
    );
    for tenant in &tenants {
        assert!(tenant.images("atlas").iter().all(|running| *running == image("2.0.0")));
    }
    ringway.cleanup("ring-newest").expect(0);
    assert_eq!(sources(&tenants), before);
}

#[test]
fn the_same_release_from_many_terminals_at_once_is_one_run() {
    let (tenants, names) = fleet("at-once", 2);
    let patches = Patches::of(&tenants);
    let ringway = Ringway::new();
    let reference = image("1.1.0");
    let arguments = release_arguments("ring-at-once", "minimal", &reference, &names);
    let running: Vec<_> = (0..5).map(|_| ringway.starting(&arguments)).collect();
    let ids: Vec<Value> = running.into_iter().map(|one| one.ended().expect(0).json()["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let runs = ringway.run(&["release", "list", "-o", "json"]).expect(0).json();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs}");
    patches.are(1, "one release");
    ringway.cleanup("ring-at-once").expect(0);
}

#[test]
fn one_place_serialises_the_tenants_of_two_releases() {
    let (tenants, _) = fleet("place", 4);
    let ringway = Ringway::with(&format!("limits: {{tenantsPerInstance: 1}}\n{}", configuration()));
    let next = When::next_run(&ringway);
    let one = ringway.releasing("ring-one", "minimal", "1.1.0", "place-1,place-2");
    next.reached("EXISTS (SELECT 1 FROM slot WHERE held)");
    let other = ringway.releasing("ring-other", "minimal", "2.0.0", "place-3,place-4");
    let ran = [one.ended().expect(0), other.ended().expect(0)];
    // From the patch until the proof: what a tenant's place is held for.
    let mut held: Vec<(jiff::Timestamp, jiff::Timestamp)> = Vec::new();
    for tenant in &tenants {
        let report = ran.iter().find_map(|ran| {
            let json = ran.json();
            json["tenants"].as_array()?.iter().find(|report| report["tenant"] == tenant.name()).cloned()
        });
        let timeline = report.unwrap()["timeline"].clone();
        let at = |index: usize| timeline[index]["at"].as_str().unwrap().parse().unwrap();
        held.push((at(0), at(timeline.as_array().unwrap().len() - 1)));
    }
    held.sort();
    assert!(held.windows(2).all(|pair| pair[0].1 <= pair[1].0), "two tenants at once: {held:?}");
    ringway.cleanup("ring-one").expect(0);
    ringway.cleanup("ring-other").expect(0);
}
