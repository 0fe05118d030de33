//! Deliveries that come at a rate, whatever becomes of those before, and what of them is in the inbox afterwards.

use crate::{
    apart::Fleet,
    hub::Hub,
    installation::{Installation, Used},
    served::Size,
    server::Server,
    stage::Delivery,
};
use reqwest::{Client, StatusCode};
use rusqlite::{Connection, OpenFlags};
use std::{sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// How many pull requests they are about: those of a repository that has no ring at the moment, so that a look costs one
/// request and nothing is written.
const PULL_REQUESTS: usize = 100;

const SWEEP: &str = "10m";

/// How long GitHub waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What our deliveries are called, to be told from those of the sandbox.
const NAME: &str = "bench-";

/// What became of the deliveries.
pub(crate) struct Taken {
    /// From when each was due until its answer was read, in milliseconds, from the smallest.
    pub(crate) answers: Vec<f64>,
    /// How many were answered with 202.
    pub(crate) accepted: usize,
    /// How many are in the inbox of a server that was killed right after the last answer.
    pub(crate) stored: u32,
    /// From the first to the last.
    pub(crate) lasted: Duration,
    /// The size of a delivery, in bytes.
    pub(crate) size: usize,
    pub(crate) used: Used,
}

pub(crate) async fn measure(count: u32, rate: u32, keeps_connections: bool) -> Taken {
    let fleet = Fleet::start(Size { tenants: 0, operations: 1 });
    let hub = Hub(&fleet);
    let server = Server::start(&hub, 1, SWEEP).await;
    hub.tell(&server.webhook);
    hub.until_quiet().await;
    hub.open(&(1..=PULL_REQUESTS).map(|number| format!("feature-{number}")).collect::<Vec<_>>());
    hub.until_quiet().await;
    let (deliveries, _): (Vec<_>, Vec<_>) = hub
        .deliveries()
        .into_iter()
        .partition(|delivery| header(delivery, "X-GitHub-Event") == "pull_request");
    assert_eq!(deliveries.len(), PULL_REQUESTS);
    let size = deliveries[0].body.len();
    let most_idle = if keeps_connections { usize::MAX } else { 0 };
    let client = Client::builder().no_proxy().pool_max_idle_per_host(most_idle).timeout(PATIENCE);
    let client = client.build().unwrap();
    let began = Instant::now();
    let (answers, accepted) = deliver(&client, &server.webhook, deliveries, count, rate).await;
    let lasted = began.elapsed();
    let (installation, used) = server.kill().await;
    Taken { answers, accepted, stored: stored(&installation), lasted, size, used }
}

/// Sends each when it is due. The answers are how long each took, and how many were accepted.
async fn deliver(
    client: &Client,
    webhook: &str,
    deliveries: Vec<Delivery>,
    count: u32,
    rate: u32,
) -> (Vec<f64>, usize) {
    let deliveries: Vec<Arc<Delivery>> = deliveries.into_iter().map(Arc::new).collect();
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for (number, delivery) in (0..count).zip(deliveries.iter().cycle()) {
        let due = began + Duration::from_secs(1) * number / rate;
        sleep_until(due).await;
        let (client, webhook, delivery) = (client.clone(), webhook.to_owned(), Arc::clone(delivery));
        sending.spawn(async move {
            let status = send(&client, &webhook, &delivery, number).await;
            (due.elapsed().as_secs_f64() * 1_000.0, status)
        });
    }
    let ended = sending.join_all().await;
    let accepted = ended.iter().filter(|(_, status)| *status == Some(StatusCode::ACCEPTED)).count();
    let mut answers: Vec<f64> = ended.into_iter().map(|(lasted, _)| lasted).collect();
    answers.sort_by(f64::total_cmp);
    (answers, accepted)
}

/// Sends one that GitHub signed, under a name of its own.
async fn send(client: &Client, webhook: &str, delivery: &Delivery, number: u32) -> Option<StatusCode> {
    let mut request = client.post(webhook).body(delivery.body.clone());
    for (name, text) in &delivery.headers {
        request = match name.as_str() {
            "X-GitHub-Delivery" => request.header(name, format!("{NAME}{number}")),
            _ => request.header(name, text),
        };
    }
    let answer = request.send().await.ok()?;
    let status = answer.status();
    answer.bytes().await.ok()?;
    Some(status)
}

fn header<'a>(delivery: &'a Delivery, name: &str) -> &'a str {
    delivery.headers.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
}

/// Asks the file, and not the program that wrote it.
fn stored(installation: &Installation) -> u32 {
    // What was written last is not yet in the file itself, and nobody is left who would bring it there.
    let file = installation.file("state/ledger.sqlite");
    let ledger = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let count = "SELECT count(*) FROM inbox WHERE id LIKE ?1 || '%'";
    ledger.query_row(count, [NAME], |row| row.get(0)).unwrap()
}
