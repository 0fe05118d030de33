//! Backup and restore.

use super::{at, new_release};
use crate::ledger::{Ledger, LedgerError, back_up};
use release::{proof::Proof, step::Part};
use rusqlite::Connection;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Stands for the engine's file: what is in it does not matter here.
fn journal(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE record (a); INSERT INTO record VALUES (42)")
        .unwrap();
    connection
}

#[test]
fn a_restored_backup_is_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let at_path = |name: &str| folder.path().join(name);
    let (ledger_path, journal_path, to) =
        (at_path("ledger.sqlite"), at_path("journal.sqlite"), at_path("b.tar"));
    // Both stay open, with what was written last still in their write-ahead logs.
    let owner = Ledger::open(&ledger_path).unwrap();
    owner.begin_run(&new_release("r1", "ring-x", &["a"])).unwrap();
    owner.record_proof("r1", "a", Part::WHOLE, Proof::Patched, at(1)).unwrap();
    let _engine = journal(&journal_path);
    back_up(&ledger_path, &journal_path, &to).unwrap();
    assert_eq!(to.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    owner.record_proof("r1", "a", Part::WHOLE, Proof::Observed, at(2)).unwrap();

    let state = at_path("restored");
    tar::Archive::new(fs::File::open(&to).unwrap()).unpack(&state).unwrap();
    let restored = Ledger::open(&state.join("ledger.sqlite")).unwrap();
    assert_eq!(restored.id(), owner.id());
    assert_eq!(restored.run("r1").unwrap(), owner.run("r1").unwrap());
    assert_eq!(restored.tenants("r1").unwrap()[0].proof, Proof::Patched);
    let journal = Connection::open(state.join("journal.sqlite")).unwrap();
    assert_eq!(journal.query_row("SELECT a FROM record", [], |row| row.get::<_, i64>(0)).unwrap(), 42);
}

#[test]
fn a_backup_never_replaces_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let _ledger = Ledger::open(&path).unwrap();
    let to = folder.path().join("precious");
    fs::write(&to, "precious").unwrap();
    let error = back_up(&path, &folder.path().join("journal.sqlite"), &to).unwrap_err();
    assert!(matches!(error, LedgerError::BackupExists { .. }), "{error}");
    assert_eq!(fs::read_to_string(&to).unwrap(), "precious");
}

#[test]
fn a_backup_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (path, journal) = (folder.path().join("ledger.sqlite"), folder.path().join("journal.sqlite"));
    let target = tempfile::tempdir().unwrap();
    let to = target.path().join("b.tar");
    let error = back_up(&path, &journal, &to).unwrap_err();
    assert!(matches!(error, LedgerError::Missing { .. }), "{error}");

    drop(Ledger::open(&path).unwrap());
    fs::write(&journal, "this is no database".repeat(100)).unwrap();
    let error = back_up(&path, &journal, &to).unwrap_err();
    assert!(matches!(error, LedgerError::BackupNotRead { .. }), "{error}");
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);

    let error = back_up(&path, &journal, Path::new("/nonexistent/b.tar")).unwrap_err();
    assert!(matches!(error, LedgerError::BackupNotWritten { .. }), "{error}");
}

#[test]
fn before_the_first_release_there_is_no_journal_to_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let _ledger = Ledger::open(&path).unwrap();
    let to = folder.path().join("b.tar");
    back_up(&path, &folder.path().join("journal.sqlite"), &to).unwrap();
    let mut archive = tar::Archive::new(fs::File::open(&to).unwrap());
    let names: Vec<_> =
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(names, [Path::new("ledger.sqlite")]);
}
