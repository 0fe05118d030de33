//! The file: made, opened again, and left alone when it is not ours to change.

use super::{at, new_release};
use crate::ledger::{AuditFilter, Ledger, LedgerError, RunFilter};
use release::{proof::Proof, report::AwaitingReport, step::Part};
use rusqlite::Connection;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    (folder, path)
}

/// What makes a file the same one: its content. An empty write-ahead log beside it is SQLite's way of reading it.
struct Content(Vec<u8>);

impl Content {
    fn of(path: &Path) -> Self {
        Self(fs::read(path).unwrap())
    }

    #[track_caller]
    fn is_untouched(&self, path: &Path) {
        assert!(fs::read(path).unwrap() == self.0, "{} was written to", path.display());
        let log = fs::metadata(path.with_extension("sqlite-wal")).map_or(0, |log| log.len());
        assert_eq!(log, 0, "something waits to be written to {}", path.display());
    }
}

#[test]
fn what_was_recorded_survives_a_crash() {
    let (_folder, path) = place();
    let ledger = Ledger::open(&path).unwrap();
    ledger.begin_run(&new_release("r1", "ring-x", &["a"])).unwrap();
    ledger.record_proof("r1", "a", Part::WHOLE, Proof::Patched, at(1)).unwrap();

    // A copy of the files as they are, with the writer still at work, is what a crash leaves.
    let (_other, crashed) = place();
    fs::copy(&path, &crashed).unwrap();
    fs::copy(path.with_extension("sqlite-wal"), crashed.with_extension("sqlite-wal")).unwrap();
    let reopened = Ledger::open(&crashed).unwrap();
    assert_eq!(reopened.id(), ledger.id());
    assert_eq!(reopened.run("r1").unwrap(), ledger.run("r1").unwrap());
    assert_eq!(reopened.tenants("r1").unwrap(), ledger.tenants("r1").unwrap());
    assert_eq!(reopened.tenants("r1").unwrap()[0].proof, Proof::Patched);
}

#[test]
fn two_ledgers_have_two_identities() {
    let ((_one, one), (_other, other)) = (place(), place());
    let (one, other) = (Ledger::open(&one).unwrap(), Ledger::open(&other).unwrap());
    assert_ne!(one.id(), other.id());
    assert_eq!(one.id().len(), 16);
}

#[test]
fn the_file_is_for_its_owner_alone() {
    let (_folder, path) = place();
    let ledger = Ledger::open(&path).unwrap();
    ledger.begin_run(&new_release("r1", "ring-x", &["a"])).unwrap();
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let (_folder, path) = place();
    drop(Ledger::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = Content::of(&path);
    for opened in [Ledger::open(&path), Ledger::open_read_only(&path)] {
        let error = opened.unwrap_err();
        assert!(matches!(error, LedgerError::NewerVersion { found: 99, known: 4, .. }), "{error}");
    }
    before.is_untouched(&path);
}

#[test]
fn a_file_of_an_older_version_is_brought_up_to_date_by_its_owner_alone() {
    for format in [1, 2, 3] {
        let (_folder, path) = place();
        let older = Connection::open(&path).unwrap();
        older.execute_batch(&crate::ledger::schema::older_format(format)).unwrap();
        let run = "INSERT INTO run (id, kind, ring, service, images, began_at)
            VALUES ('r1', 'release', 'ring-x', 'atlas', '[]', '2026-11-23T10:00:00Z')";
        older.execute(run, []).unwrap();
        if format >= 2 {
            let asked = "INSERT INTO audit (at, action, user, uid, origin, run, outcome)
                VALUES ('2026-11-23T10:00:00Z', 'release_start', 'alice', 1000, 'socket', 'r1', 'done')";
            older.execute(asked, []).unwrap();
        }
        drop(older);
        let before = Content::of(&path);
        let error = Ledger::open_read_only(&path).unwrap_err();
        let found = i64::try_from(format).unwrap();
        assert!(
            matches!(error, LedgerError::OlderVersion { found: of, known: 4, .. } if of == found),
            "{error}"
        );
        before.is_untouched(&path);

        let ledger = Ledger::open(&path).unwrap();
        let run = ledger.run("r1").unwrap().unwrap();
        assert_eq!((run.ring.as_str(), run.origin), ("ring-x", None), "nothing of it is lost");
        let audit = ledger.audit(&AuditFilter::default()).unwrap();
        assert_eq!(
            audit.iter().map(|entry| entry.run.as_deref()).collect::<Vec<_>>(),
            vec![Some("r1"); usize::from(format >= 2)]
        );
        assert_eq!(ledger.freezes().unwrap(), []);
        assert_eq!(ledger.unprocessed().unwrap(), []);
        assert_eq!(ledger.pull_requests().unwrap(), []);
        drop(ledger);
        Ledger::open_read_only(&path).unwrap();
        Ledger::open(&path).unwrap();
    }
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let (_folder, path) = place();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let before = Content::of(&path);
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::ForeignFile { .. }), "{error}");
    before.is_untouched(&path);
}

#[test]
fn a_text_file_is_left_alone() {
    let (_folder, path) = place();
    fs::write(&path, "not a database, but long enough to have a header of one. ".repeat(100)).unwrap();
    let before = Content::of(&path);
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::ForeignFile { .. }), "{error}");
    before.is_untouched(&path);
}

#[test]
fn a_damaged_file_is_left_alone() {
    let (_folder, path) = place();
    drop(Ledger::open(&path).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    // The header stays as it is: only what is behind it is damaged.
    bytes[4096..8192].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let before = Content::of(&path);
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Corrupt { .. }), "{error}");
    before.is_untouched(&path);
}

#[test]
fn a_file_cut_off_is_damaged() {
    let (_folder, path) = place();
    drop(Ledger::open(&path).unwrap());
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Corrupt { .. }), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Ledger::open(Path::new("/nonexistent/ledger.sqlite")).unwrap_err();
    assert!(matches!(error, LedgerError::Create { .. }), "{error}");
    assert!(error.to_string().contains("/nonexistent/ledger.sqlite"), "{error}");
}

#[test]
fn a_full_disk_loses_nothing_that_was_recorded() {
    let (_folder, path) = place();
    let ledger = Ledger::open(&path).unwrap();
    ledger.begin_run(&new_release("r1", "ring-x", &["a"])).unwrap();
    let pages = |count: i64| {
        let set = format!("PRAGMA max_page_count = {count}");
        ledger.lock().query_row(&set, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    pages(pages(1));
    let awaiting = AwaitingReport {
        what: "a very long text ".repeat(10_000),
        since: at(1),
        until: None,
        evidence: Vec::new(),
        by_hand: String::new(),
    };
    let error = ledger.record_awaiting("r1", "a", Some(&awaiting), at(1)).unwrap_err();
    assert!(matches!(error, LedgerError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("record what is awaited"), "{error}");
    assert_eq!(ledger.tenants("r1").unwrap()[0].awaiting, None);

    pages(10_000);
    ledger.record_awaiting("r1", "a", Some(&awaiting), at(2)).unwrap();
    drop(ledger);
    let reopened = Ledger::open(&path).unwrap();
    assert_eq!(reopened.tenants("r1").unwrap()[0].awaiting.as_ref(), Some(&awaiting));
}

#[test]
fn others_read_while_the_owner_writes() {
    let (_folder, path) = place();
    let error = Ledger::open_read_only(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Missing { .. }), "{error}");

    let owner = Ledger::open(&path).unwrap();
    let reader = Ledger::open_read_only(&path).unwrap();
    let versions = || (owner.data_version().unwrap(), reader.data_version().unwrap());
    let before = versions();
    assert_eq!(versions(), before);
    owner.begin_run(&new_release("r1", "ring-x", &["a"])).unwrap();
    let after = versions();
    assert!(after.0 > before.0 && after.1 > before.1, "both see it: {before:?}, {after:?}");
    assert_eq!(reader.runs(&RunFilter::default()).unwrap(), owner.runs(&RunFilter::default()).unwrap());
    assert_eq!(reader.runs(&RunFilter::default()).unwrap().len(), 1);

    let error = reader.record_proof("r1", "a", Part::WHOLE, Proof::Patched, at(1)).unwrap_err();
    assert!(matches!(error, LedgerError::Storage { .. }), "{error}");
    drop(owner);
    assert_eq!(Ledger::open_read_only(&path).unwrap().runs(&RunFilter::default()).unwrap().len(), 1);
}

#[test]
fn a_value_from_elsewhere_is_named_and_not_guessed() {
    let (_folder, path) = place();
    let ledger = Ledger::open(&path).unwrap();
    ledger.begin_run(&new_release("r1", "ring-x", &["a"])).unwrap();
    ledger.lock().execute("UPDATE run SET kind = 'experiment'", []).unwrap();
    let error = ledger.run("r1").unwrap_err();
    assert!(matches!(error, LedgerError::Unreadable { .. }), "{error}");
}
