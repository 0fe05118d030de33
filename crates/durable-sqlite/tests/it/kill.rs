//! A process that is killed, for real and again and again, while it drives a fan-out on a file.

use crate::harness::journal_in;
use durable::{Activity, ActivityContext, ActivityOptions, Failure, Flow, Workflow, join::bounded_join};
use durable_sqlite::{Options, Outcome, Reader, Registry};
use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

const CHILDREN: u32 = 60;
/// Where the process that is killed finds its folder.
const FOLDER: &str = "DURABLE_SQLITE_KILL_TEST_FOLDER";

struct Mark;

impl Activity for Mark {
    const NAME: &'static str = "mark";
    type Input = String;
    type Output = String;
}

struct Many;

impl Workflow for Many {
    const NAME: &'static str = "many";
    type Input = ();
    type Output = Vec<String>;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<Vec<String>, Failure> {
        let one = |number: u32| flow.child::<One>(format!("one-{number}"), number);
        bounded_join(8, (0..CHILDREN).collect(), one).await.into_iter().collect()
    }
}

struct One;

impl Workflow for One {
    const NAME: &'static str = "one";
    type Input = u32;
    type Output = String;

    async fn run<F: Flow>(flow: F, number: u32) -> Result<String, Failure> {
        let options = || ActivityOptions::new(Duration::from_secs(10));
        let first = flow.activity::<Mark>(format!("{number} first"), options()).await?;
        flow.sleep(Duration::from_millis(1)).await;
        flow.activity::<Mark>(format!("after {first}"), options()).await
    }
}

fn effects_in(folder: &Path) -> PathBuf {
    folder.join("effects")
}

/// Not a test: the process that the test below starts and kills. Every effect goes into a file, as it would into a
/// cluster, and is then said on standard output.
#[test]
#[ignore = "it is the other half of the test below, which starts it"]
fn the_process_that_is_killed() {
    let folder = PathBuf::from(std::env::var(FOLDER).expect("the test below names the folder"));
    let mut registry = Registry::new();
    registry.workflow::<Many>();
    registry.workflow::<One>();
    let effects = effects_in(&folder);
    registry.activity::<Mark, _>(move |_: ActivityContext, key: String| {
        let effects = effects.clone();
        async move {
            let mut file =
                OpenOptions::new().create(true).append(true).open(effects).expect("the file opens");
            file.write_all(format!("{key}\n").as_bytes()).expect("there is room");
            println!("effect {key}");
            Ok(key)
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let path = folder.join("journal.sqlite");
        let engine = durable_sqlite::open(path, registry, Options::default()).expect("the journal opens");
        let handle = engine.handle();
        let end = async move {
            handle.start::<Many>("many", &()).await.expect("the engine runs");
            handle.wait("many").await.expect("the engine runs");
        };
        engine.run(end).await.expect("the engine ends well");
    });
}

fn start_process(folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "kill::the_process_that_is_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// Waits until the process has had this many effects; fewer if it ends before. Whoever drops the output while the process
/// lives breaks its pipe.
fn watch_effects(process: &mut Child, count: usize) -> Option<BufReader<ChildStdout>> {
    let mut output = BufReader::new(process.stdout.take()?);
    let effects = output.by_ref().lines().map_while(Result::ok).filter(|line| line.contains("effect "));
    effects.take(count).for_each(drop);
    Some(output)
}

#[test]
fn a_process_that_is_killed_again_and_again_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for count in [1, 7, 12, 19, 5, 23] {
        let mut process = start_process(folder.path());
        let output = watch_effects(&mut process, count);
        // On Unix this is SIGKILL.
        process.kill().expect("it can be killed");
        process.wait().expect("it ends");
        drop(output);
    }
    let mut last = start_process(folder.path());
    drop(watch_effects(&mut last, usize::MAX));
    assert!(last.wait().expect("it ends").success(), "the last process comes to the end");
    let reader = Reader::open(journal_in(&folder)).expect("it can be read").expect("it is there");
    let status = reader.status("many").expect("it can be read").expect("it is known");
    let Some(Outcome::Completed(result)) = status.outcome else { panic!("it was to complete: {status:?}") };
    let expected: Vec<String> = (0..CHILDREN).map(|number| format!("after {number} first")).collect();
    assert_eq!(result, serde_json::json!(expected));
    let mut counts = BTreeMap::<String, usize>::new();
    for key in std::fs::read_to_string(effects_in(folder.path())).expect("it is there").lines() {
        *counts.entry(key.to_owned()).or_default() += 1;
    }
    assert_eq!(counts.len(), 2 * CHILDREN as usize, "every effect happened, and no other");
    // At most the eight that ran at each of the six kills.
    let repeated: usize = counts.values().map(|count| count - 1).sum();
    assert!(repeated <= 6 * 8, "{repeated} effects were repeated");
}
