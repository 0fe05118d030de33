//! State that is of a newer version, restored from a backup, or on a full disk.

#[cfg(feature = "testbed")]
mod full_disk;

use crate::{
    harness::Ringway,
    observe::{Patches, When, fleet, overrides, proven, sources},
};
use rusqlite::Connection;
use rustix::process::Signal;
use std::{fs::File, path::Path};

#[test]
fn state_of_a_newer_version_is_refused_and_nothing_is_changed() {
    let (tenants, names) = fleet("newer", 1);
    let ringway = Ringway::new();
    ringway.release("ring-newer", "minimal", "1.1.0", &names).expect(0);
    let before = sources(&tenants);
    for file in ["ledger.sqlite", "journal.sqlite"] {
        let path = ringway.path().join("state").join(file);
        let known = set_version(&path, |version| version + 1);
        let content = std::fs::read(&path).unwrap();
        for ran in [
            ringway.release("ring-newer", "minimal", "2.0.0", &names).expect(1),
            ringway.cleanup("ring-newer").expect(1),
        ] {
            assert!(ran.err.contains(file) && ran.err.contains("newer version"), "{}", ran.err);
        }
        assert_eq!(std::fs::read(&path).unwrap(), content, "{file}");
        set_version(&path, |_| known);
    }
    assert_eq!(sources(&tenants), before);
    ringway.cleanup("ring-newer").expect(0);
}

/// Changes the version of a database and gives back the one before.
fn set_version(path: &Path, change: impl Fn(i64) -> i64) -> i64 {
    let connection = Connection::open(path).unwrap();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    connection.pragma_update(None, "user_version", change(version)).unwrap();
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE").ok();
    version
}

#[test]
fn a_release_that_this_version_cannot_go_on_with_is_named_and_can_be_taken_back() {
    let (tenants, names) = fleet("parked", 2);
    let before = sources(&tenants);
    let ringway = Ringway::new();
    let next = When::next_run(&ringway);
    let running = ringway.releasing("ring-parked", "minimal", "slow5s-1", &names);
    let run = next.reached(&proven("patched", 2));
    running.ended_by(Signal::KILL);
    // As if a version had begun it whose first step has another name.
    let journal = Connection::open(ringway.path().join("state/journal.sqlite")).unwrap();
    let renamed = "UPDATE record SET name = 'look_at_tenant' WHERE name = 'preflight_tenant'";
    assert_eq!(journal.execute(renamed, []).unwrap(), 2);
    drop(journal);
    let ran = ringway.release("ring-parked", "minimal", "slow5s-1", &names).expect(1);
    let named = format!("{run} cannot go on with this version of ringway");
    assert!(ran.err.contains(&named) && ran.err.contains(&format!("release cancel {run}")), "{}", ran.err);
    ringway.cleanup("ring-parked").expect(0);
    let shown = ringway.run(&["release", "show", &run, "-o", "json"]).expect(0).json();
    assert_eq!(shown["verdict"], "cancelled");
    assert!(
        shown["tenants"].as_array().unwrap().iter().all(|tenant| !tenant["verdict"].is_null()),
        "{shown}"
    );
    assert_eq!(sources(&tenants), before);
    assert_eq!(overrides(&ringway), "");
}

#[test]
fn a_backup_taken_meanwhile_goes_on_in_another_folder() {
    let (tenants, names) = fleet("backup", 2);
    let before = sources(&tenants);
    let patches = Patches::of(&tenants);
    let ringway = Ringway::new();
    let next = When::next_run(&ringway);
    let running = ringway.releasing("ring-backup", "minimal", "slow5s-1", &names);
    let run = next.reached(&proven("patched", 2));
    ringway.run(&["backup", "state.tar"]).expect(0);
    running.ended_by(Signal::KILL);
    let there = ringway.run(&["backup", "state.tar"]).expect(1);
    assert!(there.err.contains("state.tar"), "{}", there.err);

    let restored = Ringway::new();
    let state = restored.path().join("state");
    let archive = File::open(ringway.path().join("state.tar")).unwrap();
    tar::Archive::new(archive).unpack(&state).unwrap();
    let ran = restored.release("ring-backup", "minimal", "slow5s-1", &names).expect(0);
    assert_eq!(ran.json()["id"], *run);
    patches.are(1, "what the backup knew was written is not written again");
    restored.cleanup("ring-backup").expect(0);
    assert_eq!(sources(&tenants), before);
}
