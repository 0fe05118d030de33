//! Labels: who may set them, what they must look like, and what happens when they go.

use super::{Scene, label, run};
use crate::{
    harness::{HELPER, Tenant, until},
    observe::{Patches, fleet, overrides, sources},
};
use serde_json::json;

#[test]
fn a_label_of_somebody_without_write_access_is_refused_until_somebody_with_it_sets_it() {
    let (tenants, names) = fleet("helper", 2);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.github.ring("ring-helper");
    pull.build();
    pull.label_by(&label("all"), HELPER);
    pull.says(&["triage access", "write access"]);
    assert_eq!(overrides(&scene.ringway), "");
    pull.unlabel(&label("all"));
    pull.label(&label("all"));
    until("the tenants run the image", || run(&tenants, &pull.image()));
    let audit = scene.ringway.run(&["audit", "-o", "json"]).expect(0).json();
    let begun = audit.as_array().unwrap().iter().find(|entry| entry["action"] == "release_start").unwrap();
    assert_eq!((&begun["user"], &begun["from"]), (&"dana".into(), &"pull_request".into()), "{begun}");
}

#[test]
fn a_cohort_that_asks_for_more_is_refused_to_those_who_have_only_write_access() {
    let (_tenants, names) = fleet("strict", 1);
    let more = "      authority: [{cohorts: 'github:path:enterprise-*', permission: maintain}]";
    let scene = Scene::new(more, &[("enterprise-1", &names)]);
    let pull = scene.github.ring("ring-strict");
    pull.build();
    pull.label(&label("enterprise-1"));
    pull.says(&["maintain access"]);
    assert_eq!(overrides(&scene.ringway), "");
}

#[test]
fn a_cohort_that_asks_for_a_team_is_released_for_its_members_only() {
    let (tenants, names) = fleet("team", 1);
    let more = "      authority: [{cohorts: 'github:path:*', team: acme/releasers}]";
    let scene = Scene::new(more, &[("all", &names)]);
    let pull = scene.github.ring("ring-team");
    pull.build();
    pull.label(&label("all"));
    pull.says(&["is not in the team", "acme/releasers"]);
    assert_eq!(overrides(&scene.ringway), "");
    scene.github.with(|github| github.set_team_member("acme", "releasers", "dana", false));
    pull.unlabel(&label("all"));
    pull.label(&label("all"));
    until("the tenants run the image", || run(&tenants, &pull.image()));
}

#[test]
fn labels_that_are_wrong_get_an_answer_each_and_the_right_one_is_released() {
    let (tenants, names) = fleet("wrong", 2);
    let scene = Scene::new("      cohortLimit: 2", &[("all", &names), ("large", "a,b,c")]);
    scene.github.cohort_file("lies", "{\"tenants\": [{\"name\": \"../../etc\"}]}");
    scene.github.cohort_file("empty", "{\"tenants\": []}");
    scene.github.cohort_file("text", "these are no tenants");
    let pull = scene.github.ring("ring-wrong");
    pull.build();
    for wrong in [
        "cohort:github:path",
        "cohort:github:path:",
        "cohort:elsewhere:path:all",
        "cohort:github:type:all",
        "cohort:github:path:../../secrets",
        "cohort:github:path:$(reboot)",
        "cohort:github:path:none",
        &label("large"),
        &label("lies"),
        &label("empty"),
        &label("text"),
    ] {
        pull.label(wrong);
    }
    pull.label(&label("all"));
    pull.says(&["2 of 2"]);
    assert!(run(&tenants, &pull.image()));
    for part in ["elsewhere", "cohorts/none.json", "at most 2", "../../etc"] {
        pull.says(&[part]);
    }
    assert_eq!(overrides(&scene.ringway).lines().count(), 2);
}

#[test]
fn a_tenant_in_two_cohorts_is_released_once() {
    let (tenants, names) = fleet("both", 3);
    let names: Vec<&str> = names.split(',').collect();
    let scene = Scene::new("", &[("some", &names[..2].join(",")), ("more", &names[1..].join(","))]);
    let pull = scene.github.ring("ring-both");
    pull.label(&label("some"));
    pull.label(&label("more"));
    pull.build();
    until("all of them run the image", || run(&tenants, &pull.image()));
    until("both releases have ended", || scene.status()["under_way"].as_array().unwrap().is_empty());
    let runs = scene.ringway.run(&["release", "list", "-o", "json"]).expect(0).json();
    let mut released: Vec<String> = Vec::new();
    for run in runs.as_array().unwrap() {
        let run =
            scene.ringway.run(&["release", "show", run["id"].as_str().unwrap(), "-o", "json"]).expect(0);
        let run = run.json();
        released.extend(
            run["tenants"].as_array().unwrap().iter().map(|tenant| tenant["tenant"].as_str().unwrap().into()),
        );
    }
    released.sort();
    assert_eq!(released, names);
}

#[test]
fn a_label_that_is_removed_is_announced_called_off_when_it_returns_and_else_given_back() {
    let (tenants, names) = fleet("removed", 2);
    let before = sources(&tenants);
    let grace = crate::harness::patience() * 2;
    let scene = Scene::new(&format!("      grace: {grace}s"), &[("all", &names)]);
    let pull = scene.released("ring-removed", "all", &tenants);
    pull.unlabel(&label("all"));
    pull.says(&["**Label removed**", "set the label again"]);
    pull.label(&label("all"));
    until("it is called off", || scene.noticed_gone(pull.number) == 0);
    assert!(run(&tenants, &pull.image()), "nothing was taken back");
    pull.unlabel(&label("all"));
    until("every tenant has what it had before", || sources(&tenants) == before);
    until("nothing is overridden any more", || overrides(&scene.ringway).is_empty());
    pull.says(&["Service cleanup result"]);
    let said = pull.conversation();
    assert_eq!(said.matches("**Label removed**").count(), 2, "once for each time: {said}");
}

#[test]
fn a_tenant_that_leaves_the_cohort_file_is_kept_and_named_with_the_command_that_gives_it_back() {
    let (tenants, names) = fleet("stray", 2);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.released("ring-stray", "all", &tenants);
    scene.github.cohort("all", &["stray-1"]);
    pull.says(&["ringway cleanup --pull-request", "--tenants stray-2 --allow-open"]);
    assert!(run(&tenants, &pull.image()));
    let said = pull.conversation();
    let command = said.lines().find(|line| line.starts_with("ringway cleanup")).unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
    scene.ringway.run(&words).expect(0);
    assert!(run(&tenants[..1], &pull.image()) && !run(&tenants[1..], &pull.image()), "{command}");
}

#[test]
fn a_label_without_a_cohort_gets_one_answer_however_often_the_cohorts_change() {
    let scene = Scene::new("", &[]);
    let pull = scene.github.ring("ring-nocohort");
    let answers = || pull.conversation().matches("**Label refused**").count();
    pull.label(&label("none"));
    until("it has its answer", || answers() == 1);
    for (number, other) in [(2, "other"), (3, "third")] {
        scene.github.cohort("all", &[other]);
        // Answers come in the order of the labels: the one to this comes after another one to the first would.
        pull.label(&label(other));
        until("the newest label has its answer", || answers() >= number);
        assert_eq!(answers(), number, "{}", pull.conversation());
    }
}

#[test]
fn a_tenant_that_joins_the_cohort_file_is_released_and_the_others_are_left_alone() {
    let (tenants, names) = fleet("joins", 2);
    let scene = Scene::new("", &[("all", "joins-1")]);
    let pull = scene.released("ring-joins", "all", &tenants[..1]);
    let untouched = crate::observe::Patches::of(&tenants[..1]);
    scene.github.cohort("all", &names.split(',').collect::<Vec<_>>());
    until("the new one runs the image", || run(&tenants, &pull.image()));
    untouched.are(0, "another tenant joins");
}

#[test]
fn the_same_branch_of_a_fork_gets_an_answer_and_nothing_else_and_its_close_takes_nothing_back() {
    let (tenants, names) = fleet("fork", 2);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.released("ring-fork", "all", &tenants);
    let foreign = scene.github.fork_of("ring-fork");
    foreign.label(&label("all"));
    foreign.says(&["forks never release"]);
    foreign.close();
    until("the foreign pull request is over", || {
        scene.status()["pull_requests"].as_array().unwrap().len() == 1
    });
    assert!(run(&tenants, &pull.image()));
}

/// Writes a cohort file on Ringway's machine, in the folder `cohorts` beside its configuration.
fn write_here(scene: &Scene, name: &str, tenants: &[&str]) {
    let folder = scene.ringway.path().join("cohorts");
    std::fs::create_dir_all(&folder).unwrap();
    let tenants: Vec<_> = tenants.iter().map(|name| json!({ "name": name })).collect();
    // At once, so that nobody reads half of it.
    let new = folder.join("new");
    std::fs::write(&new, json!({ "tenants": tenants }).to_string()).unwrap();
    std::fs::rename(new, folder.join(format!("{name}.json"))).unwrap();
}

const HERE: &str = "  here: {kind: file, folder: cohorts}\n";

#[test]
fn a_cohort_file_on_ringways_machine_is_released_when_it_is_there_and_so_is_who_joins_it() {
    let (tenants, names) = fleet("here", 3);
    let names: Vec<&str> = names.split(',').collect();
    let before = sources(&tenants);
    let scene = Scene::with(&[], |configuration| configuration + HERE);
    let pull = scene.github.ring("ring-here");
    pull.build();
    pull.label("cohort:here:path:internal/level-1");
    pull.says(&["there is no cohort", "internal/level-1"]);
    assert_eq!(overrides(&scene.ringway), "");
    std::fs::create_dir_all(scene.ringway.path().join("cohorts/internal")).unwrap();
    write_here(&scene, "internal/level-1", &names[..2]);
    pull.says(&["2 of 2"]);
    assert!(run(&tenants[..2], &pull.image()));
    let untouched = Patches::of(&tenants[..2]);
    write_here(&scene, "internal/level-1", &names);
    until("the new one runs the image", || run(&tenants, &pull.image()));
    untouched.are(0, "another tenant joins");
    pull.close();
    until("every tenant has what it had before", || sources(&tenants) == before);
}

#[test]
fn a_cohort_file_on_ringways_machine_is_refused_if_it_is_too_large_and_waits_while_it_cannot_be_read() {
    let (tenants, names) = fleet("unread", 1);
    let scene = Scene::begin(&[], true, |github| github.configuration("      cohortLimit: 2") + HERE);
    write_here(&scene, "large", &["a", "b", "c"]);
    // Nobody can read a folder as a file, also not who may read everything.
    std::fs::create_dir(scene.ringway.path().join("cohorts/unread.json")).unwrap();
    let pull = scene.github.ring("ring-unread");
    pull.build();
    pull.label("cohort:here:path:large");
    pull.label("cohort:here:path:unread");
    pull.says(&["a label takes at most 2", "raise cohortLimit", "the file of cohort unread cannot be read"]);
    let refused = pull.conversation().matches("**Label refused**").count();
    assert_eq!(refused, 1, "what cannot be read is not called wrong: {}", pull.conversation());
    std::fs::remove_dir(scene.ringway.path().join("cohorts/unread.json")).unwrap();
    write_here(&scene, "unread", &[&names]);
    until("the tenant runs the image", || run(&tenants, &pull.image()));
}

#[test]
fn applications_with_a_label_are_a_cohort_and_one_that_gets_it_later_is_released_as_well() {
    let labelled: &[&str] = &["--chart", "minimal", "--label", "wave=first"];
    let tenants = Tenant::several(&[
        ("wave-1", labelled),
        ("wave-2", labelled),
        ("wave-3", &["--chart", "minimal", "--label", "wave=second"]),
    ]);
    let before = sources(&tenants);
    let scene = Scene::with(&[], |configuration| {
        configuration + "  fleet: {kind: argocd, selector: '{key}={value}', tenantLabel: testbed/tenant}\n"
    });
    let pull = scene.github.ring("ring-wave");
    pull.build();
    pull.label("cohort:fleet:wave:first");
    pull.says(&["2 of 2"]);
    assert!(run(&tenants[..2], &pull.image()));
    assert_eq!(tenants[2].sources(), before[2], "it has another label");
    let untouched = Patches::of(&tenants[..2]);
    tenants[2].patch(&json!([{ "op": "replace", "path": "/metadata/labels/wave", "value": "first" }]));
    until("the new one runs the image", || run(&tenants, &pull.image()));
    untouched.are(0, "another Application gets the label");
    pull.close();
    until("every tenant has what it had before", || sources(&tenants) == before);
}
