//! Files that are not what they should be, disks without room, and readers in other processes.

use crate::{
    harness::{Place, SqliteHarness, journal_in, simulate},
    work::{Order, shop},
};
use durable::conformance::Harness;
use durable_sqlite::{EngineError, Fault, Filter, Options, Outcome, Reader, WorkflowState};
use serde_json::json;
use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A journal with a paid order in it, closed.
async fn closed_journal() -> (SqliteHarness, PathBuf) {
    let mut harness = SqliteHarness::in_a_file();
    harness.open_shop(shop());
    harness.paid_order("order").await;
    harness.crash().await;
    let Place::File(folder) = &harness.place else { panic!("it is in a file") };
    let path = journal_in(folder);
    (harness, path)
}

fn refused(path: &Path) -> EngineError {
    let before = fs::read(path).expect("the file is there");
    let Err(error) = durable_sqlite::open(path, shop(), Options::default()) else {
        panic!("the file was to be refused")
    };
    assert!(fs::read(path).expect("the file is there") == before, "nothing was written to it");
    error
}

fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).expect("the file is there");
    file.seek(SeekFrom::Start(offset)).expect("it is long enough");
    file.write_all(bytes).expect("there is room");
}

#[test]
fn a_file_of_a_newer_version_is_refused_untouched() {
    simulate(async {
        let (_harness, path) = closed_journal().await;
        rusqlite::Connection::open(&path)
            .and_then(|connection| connection.pragma_update(None, "user_version", 99))
            .expect("the version is set");
        let error = refused(&path);
        assert!(matches!(error, EngineError::NewerVersion { found: 99, known: 1, .. }), "{error}");
        assert!(matches!(Reader::open(&path), Err(EngineError::NewerVersion { .. })));
    });
}

#[test]
fn a_database_of_another_program_is_refused_untouched() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = journal_in(&folder);
    rusqlite::Connection::open(&path)
        .and_then(|connection| {
            connection.execute_batch("create table other (x); insert into other values (1);")
        })
        .expect("another program writes its file");
    let error = refused(&path);
    assert!(matches!(error, EngineError::ForeignFile { .. }), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_refused_untouched() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = journal_in(&folder);
    fs::write(&path, "apiVersion: v1\nkind: ConfigMap\n".repeat(200)).expect("there is room");
    let error = refused(&path);
    assert!(matches!(error, EngineError::ForeignFile { .. }), "{error}");
}

#[test]
fn a_damaged_file_is_refused_untouched() {
    simulate(async {
        let (_harness, path) = closed_journal().await;
        // The first page with the marks stays; what follows is overwritten.
        let length = fs::metadata(&path).expect("the file is there").len();
        let garbage = vec![0xA5; usize::try_from(length).expect("it is small") - 4096];
        overwrite(&path, 4096, &garbage);
        let error = refused(&path);
        assert!(matches!(error, EngineError::Corrupt { .. }), "{error}");
    });
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("missing").join("journal.sqlite");
    let error = durable_sqlite::open(&path, shop(), Options::default()).err().expect("no folder, no file");
    assert!(matches!(error, EngineError::Open { .. }), "{error}");
    assert!(error.to_string().contains("missing"), "it names the file: {error}");
}

#[test]
fn an_empty_file_becomes_a_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = journal_in(&folder);
    fs::write(&path, "").expect("there is room");
    assert!(Reader::open(&path).expect("it can be read").is_none());
    assert!(durable_sqlite::open(&path, shop(), Options::default()).is_ok());
    assert!(Reader::open(&path).expect("it can be read").is_some());
}

/// SQLite itself says that there is no room: the engine stops with that name, nothing unrecorded was delivered, and
/// it goes on when there is room again.
#[test]
fn a_full_disk_stops_the_engine_and_loses_nothing() {
    simulate(async {
        let mut harness = SqliteHarness::in_a_file();
        let mut options = harness.options();
        options.faults = Some(Arc::new(|commit| match commit {
            // The order is started and paid.
            2 => Fault::DiskFullFromNowOn,
            _ => Fault::None,
        }));
        harness.open_with(shop(), options).expect("the journal opens");
        harness.paid_order("order").await;
        let handle = harness.handle().clone();
        let mut recorded = 0;
        let error = loop {
            let word = format!("{recorded} {}", "x".repeat(2_000));
            match handle.send("order", "other words", &word).await {
                Ok(_) => recorded += 1,
                Err(error) => break error,
            }
            assert!(recorded < 1_000, "the disk was to be full");
        };
        assert!(matches!(error, EngineError::Stopped), "{error}");
        let end = harness.end().await;
        assert!(matches!(end, Err(EngineError::DiskFull { .. })), "{end:?}");
        harness.open_shop(shop());
        let journal = harness.handle().journal("order").await.expect("the engine runs").expect("it is known");
        assert_eq!(journal.len(), 1 + recorded, "what was answered is there, and nothing else");
        harness.handle().send("order", "words", &"thanks").await.expect("the engine runs");
        let outcome = harness.handle().wait("order").await.expect("the engine runs");
        assert_eq!(outcome, Outcome::Completed(json!("parcel for 7, thanks")));
    });
}

#[test]
fn a_reader_sees_what_the_owner_commits() {
    simulate(async {
        let mut harness = SqliteHarness::in_a_file();
        harness.open_shop(shop());
        harness.paid_order("order").await;
        let Place::File(folder) = &harness.place else { panic!("it is in a file") };
        let reader = Reader::open(journal_in(folder)).expect("it can be read").expect("it is there");
        let status = reader.status("order").expect("it can be read").expect("it is known");
        assert_eq!((status.summary.state, status.input), (WorkflowState::Running, json!(7)));
        harness.handle().send("order", "words", &"thanks").await.expect("the engine runs");
        harness.handle().wait("order").await.expect("the engine runs");
        let status = reader.status("order").expect("it can be read").expect("it is known");
        assert_eq!(status.outcome, Some(Outcome::Completed(json!("parcel for 7, thanks"))));
        assert_eq!(reader.journal("order").expect("it can be read").map(|journal| journal.len()), Some(3));
    });
}

#[test]
fn a_reader_needs_no_owner() {
    simulate(async {
        let (_harness, path) = closed_journal().await;
        let reader = Reader::open(&path).expect("it can be read").expect("it is there");
        let listed = reader.list(&Filter::default()).expect("it can be read");
        assert_eq!(listed.into_iter().map(|workflow| workflow.id).collect::<Vec<_>>(), ["order"]);
        assert_eq!(reader.status("never was").expect("it can be read"), None);
        let nothing = Reader::open(path.with_file_name("other")).expect("no file is no error");
        assert!(nothing.is_none());
    });
}

/// What `kill -9` leaves: the write-ahead log is still there, and no process has it open.
#[test]
fn a_reader_sees_what_a_killed_owner_had_committed() {
    simulate(async {
        let mut harness = SqliteHarness::in_a_file();
        harness.open_shop(shop());
        harness.paid_order("order").await;
        let Place::File(folder) = &harness.place else { panic!("it is in a file") };
        let (from, to) = (journal_in(folder), folder.path().join("left behind"));
        for suffix in ["", "-wal"] {
            let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            fs::copy(name(&from), name(&to)).expect("both files are there");
        }
        let reader = Reader::open(&to).expect("it can be read").expect("it is there");
        assert_eq!(reader.journal("order").expect("it can be read").map(|journal| journal.len()), Some(1));
        drop(reader);
        assert!(durable_sqlite::open(&to, shop(), Options::default()).is_ok());
    });
}

#[test]
fn the_order_of_another_process_is_kept_with_its_time() {
    simulate(async {
        let (mut harness, _) = closed_journal().await;
        harness.open_shop(shop());
        let status = harness.handle().status("order").await.expect("the engine runs").expect("it is known");
        assert_eq!(status.summary.name, <Order as durable::Workflow>::NAME);
        assert_eq!(status.summary.started_at.to_string(), "2026-11-23T00:00:00Z");
    });
}
