//! How much the engine costs: a parent with many children on a file, against what the waits alone would take.
//!
//! Each child makes four calls of an activity that waits 20 ms and sleeps 20 ms. Each row of the table is measured in
//! a process of its own, because peak memory is that of a process. `cargo bench -p durable-sqlite --bench engine`

#![allow(clippy::expect_used, clippy::panic, reason = "a measurement stops at the first surprise")]

use durable::{Activity, ActivityContext, ActivityOptions, Failure, Flow, Workflow, join::bounded_join};
use durable_sqlite::{EngineError, Handle, Options, Outcome, Registry};
use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

const WAIT: Duration = Duration::from_millis(20);
/// Children and how many of them at once.
const ROWS: [(u64, usize); 4] = [(100, 100), (1_000, 100), (4_000, 100), (4_000, 4_000)];

struct Wait;

impl Activity for Wait {
    const NAME: &'static str = "wait";
    type Input = u64;
    type Output = u64;
}

struct Child;

impl Workflow for Child {
    const NAME: &'static str = "child";
    type Input = u64;
    type Output = u64;

    async fn run<F: Flow>(flow: F, number: u64) -> Result<u64, Failure> {
        for _ in 0..4 {
            flow.activity::<Wait>(number, ActivityOptions::new(Duration::from_secs(60))).await?;
        }
        flow.sleep(WAIT).await;
        Ok(number)
    }
}

struct Parent;

impl Workflow for Parent {
    const NAME: &'static str = "parent";
    type Input = (u64, usize);
    type Output = u64;

    async fn run<F: Flow>(flow: F, (children, limit): (u64, usize)) -> Result<u64, Failure> {
        let start = |number| flow.child::<Child>(format!("parent/{number}"), number);
        bounded_join(limit, (1..=children).collect(), start).await.into_iter().sum()
    }
}

/// Counts the attempts that began and lets none of them answer while `frozen`.
#[derive(Clone, Default)]
struct World {
    begun: Arc<AtomicU64>,
    changed: Arc<Notify>,
    frozen: bool,
}

impl World {
    fn registry(&self) -> Registry {
        let mut registry = Registry::new();
        registry.workflow::<Child>();
        registry.workflow::<Parent>();
        let world = self.clone();
        registry.activity::<Wait, _>(move |_: ActivityContext, number: u64| {
            let world = world.clone();
            async move {
                world.begun.fetch_add(1, Ordering::Relaxed);
                world.changed.notify_one();
                if world.frozen {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(WAIT).await;
                Ok(number)
            }
        });
        registry
    }

    /// Waits until this many attempts have begun.
    async fn begun(&self, count: u64) {
        while self.begun.load(Ordering::Relaxed) < count {
            self.changed.notified().await;
        }
    }
}

/// An engine as in production: the driver on a thread of its own, activities on this runtime.
struct Running {
    handle: Handle,
    stop: oneshot::Sender<()>,
    driver: JoinHandle<Result<(), EngineError>>,
}

fn open(path: &Path, world: &World) -> Running {
    let options = Options { activities: Some(tokio::runtime::Handle::current()), ..Options::default() };
    let engine = durable_sqlite::open(path, world.registry(), options).expect("the journal opens");
    let handle = engine.handle();
    let (stop, stopped) = oneshot::channel::<()>();
    let driver = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(engine.run(async { drop(stopped.await) }))
    });
    Running { handle, stop, driver }
}

fn close(running: Running) {
    running.stop.send(()).expect("the engine runs");
    running.driver.join().expect("no panic").expect("the engine ends well");
}

async fn measure(children: u64, limit: usize) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let running = open(&path, &World::default());
    let began = Instant::now();
    running.handle.start::<Parent>("parent", &(children, limit)).await.expect("the engine runs");
    let outcome = running.handle.wait("parent").await.expect("the engine runs");
    let wall = began.elapsed();
    assert_eq!(outcome, Outcome::Completed((children * (children + 1) / 2).into()));
    close(running);
    let memory = peak_memory();
    let records: u32 = rusqlite::Connection::open(&path)
        .and_then(|connection| connection.query_row("select count(*) from record", [], |row| row.get(0)))
        .expect("the journal can be read");
    let ideal = WAIT * 5 * u32::try_from(children.div_ceil(limit as u64)).expect("it is small");
    let restart = restart(children).await;
    format!(
        "{children:>8} {limit:>6} {:>8.2} {:>8.2} {:>7.2} {records:>8} {:>10.0} {memory:>9} {:>9.0}",
        wall.as_secs_f64(),
        ideal.as_secs_f64(),
        wall.as_secs_f64() / ideal.as_secs_f64(),
        f64::from(records) / wall.as_secs_f64(),
        restart.as_secs_f64() * 1_000.0,
    )
}

/// From opening a journal with this many open children until each of them has its activity running again.
async fn restart(children: u64) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let frozen = || World { frozen: true, ..World::default() };
    let world = frozen();
    let running = open(&path, &world);
    let input = (children, usize::MAX);
    running.handle.start::<Parent>("parent", &input).await.expect("the engine runs");
    world.begun(children).await;
    close(running);
    let world = frozen();
    let began = Instant::now();
    let running = open(&path, &world);
    world.begun(children).await;
    let took = began.elapsed();
    close(running);
    took
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown");
    let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>();
    kilobytes.map_or_else(|_| line.to_owned(), |kilobytes| format!("{} MB", kilobytes / 1_000))
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("row") {
        let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        let (children, limit) = (number(), number());
        let limit = usize::try_from(limit).expect("it is small");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().expect("a runtime");
        println!("{}", runtime.block_on(measure(children, limit)));
        return;
    }
    println!("children  limit   wall s  ideal s    over  records  records/s  peak mem  restart ms");
    for (children, limit) in ROWS {
        let program = std::env::current_exe().expect("this program");
        let row = Command::new(program).args(["row", &children.to_string(), &limit.to_string()]).status();
        assert!(row.expect("it starts").success(), "the row was measured");
    }
}
