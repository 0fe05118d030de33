//! An activity that kills its process each time it runs, for real.

use crate::harness::journal_in;
use durable::{Activity, ActivityContext, ActivityOptions, Failure, FailureKind, Flow, Workflow};
use durable_sqlite::{Options, Outcome, Reader, Registry};
use std::{
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

/// Where the process that dies finds its folder, and what its activity does.
const FOLDER: &str = "DURABLE_SQLITE_POISON_TEST_FOLDER";
const DEED: &str = "DURABLE_SQLITE_POISON_TEST_DEED";

struct Drink;

impl Activity for Drink {
    const NAME: &'static str = "drink";
    type Input = ();
    type Output = String;
}

struct Guest;

impl Workflow for Guest {
    const NAME: &'static str = "guest";
    type Input = ();
    type Output = String;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<String, Failure> {
        flow.activity::<Drink>((), ActivityOptions::new(Duration::from_secs(10))).await
    }
}

/// Not a test: the process that the tests below start. Its activity aborts it, has it end, or answers.
#[test]
#[ignore = "it is the other half of the tests below, which start it"]
fn the_process_that_dies() {
    let folder = PathBuf::from(std::env::var(FOLDER).expect("the tests below name the folder"));
    let mut registry = Registry::new();
    registry.workflow::<Guest>();
    let (told, ends) = tokio::sync::watch::channel(false);
    registry.activity::<Drink, _>(move |_: ActivityContext, ()| {
        match std::env::var(DEED).as_deref() {
            Ok("abort") => std::process::abort(),
            Ok("end") => drop(told.send_replace(true)),
            _ => {}
        }
        let waits = *told.borrow();
        async move {
            if waits {
                std::future::pending::<()>().await;
            }
            Ok("water".to_owned())
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let path = folder.join("journal.sqlite");
        let engine = durable_sqlite::open(path, registry, Options::default()).expect("the journal opens");
        let handle = engine.handle();
        let mut ends = ends;
        let end = async move {
            handle.start::<Guest>("guest", &()).await.expect("the engine runs");
            tokio::select! {
                outcome = handle.wait("guest") => drop(outcome.expect("the engine runs")),
                told = ends.wait_for(|told| *told) => drop(told.expect("the activity is there")),
            }
        };
        engine.run(end).await.expect("the engine ends well");
    });
}

/// Runs the process to its end.
fn run(folder: &Path, deed: &str) -> ExitStatus {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "poison::the_process_that_dies", "--ignored"])
        .env(FOLDER, folder)
        .env(DEED, deed)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("it starts")
}

fn outcome(folder: &tempfile::TempDir) -> Option<Outcome> {
    let reader = Reader::open(journal_in(folder)).expect("it can be read").expect("it is there");
    reader.status("guest").expect("it can be read").expect("it is known").outcome
}

#[test]
fn an_activity_that_kills_its_process_each_time_is_given_up_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    for kill in 1..=10 {
        assert!(!run(folder.path(), "abort").success(), "it dies the {kill}. time");
        assert_eq!(outcome(&folder), None);
    }
    assert!(run(folder.path(), "abort").success(), "the activity is not begun again");
    let Some(Outcome::Failed(failure)) = outcome(&folder) else { panic!("it was to fail") };
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Engine, "process_killed"));
    let named = ["10 times in a row", "activity drink of \"guest\""];
    assert!(named.iter().all(|part| failure.message.contains(part)), "{failure}");
}

#[test]
fn an_activity_that_is_cut_off_by_ends_on_purpose_is_begun_again_however_often() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..12 {
        assert!(run(folder.path(), "end").success());
        assert_eq!(outcome(&folder), None);
    }
    // Kills are counted as well, and are few.
    assert!(!run(folder.path(), "abort").success());
    assert!(run(folder.path(), "answer").success());
    assert_eq!(outcome(&folder), Some(Outcome::Completed(serde_json::json!("water"))));
}
