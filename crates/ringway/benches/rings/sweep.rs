//! Sweeps over ring pull requests that do not change: half of them wait for their build, half for their image.

use crate::{
    apart::Fleet,
    hub::Hub,
    installation::Used,
    served::Size,
    server::Server,
    stage::{Calls, Exchange, REPOSITORY},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, sleep};

/// The default.
const SWEEP: &str = "2m";

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A sweep has ended when nothing is asked for so long.
const PAUSE: Duration = Duration::from_secs(5);

/// What sweeps cost.
pub(crate) struct Swept {
    pub(crate) pull_requests: usize,
    /// From the start of the server until every pull request had its comment, and what was asked until then.
    pub(crate) first: (Duration, Calls),
    /// The sweeps after that.
    pub(crate) next: Vec<Sweep>,
    pub(crate) used: Used,
}

/// One sweep.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// From its first request to its last one.
    pub(crate) lasted: Duration,
    /// Requests between it and the next one: what waits for an image looks again by itself.
    pub(crate) between: usize,
    /// Pages of the list of open pull requests.
    pub(crate) pages: usize,
    /// Requests of it and after it, and how many had each status.
    pub(crate) all: usize,
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// What was asked for that was answered with something new or not at all, by kind.
    pub(crate) not_304: BTreeMap<String, usize>,
}

pub(crate) async fn measure(pull_requests: usize, sweeps: usize) -> Swept {
    let fleet = Fleet::start(Size { tenants: 0, operations: 1 });
    let hub = Hub(&fleet);
    hub.cohort(&["elsewhere".to_owned()]);
    let branches: Vec<String> = (1..=pull_requests).map(|number| format!("ring-{number:04}")).collect();
    hub.open(&branches);
    hub.label(&branches);
    hub.start_builds(&branches);
    hub.finish_builds(&branches[..pull_requests / 2]);
    let began = Instant::now();
    let server = Server::start(&hub, 1, SWEEP).await;
    hub.until_commented(pull_requests).await;
    let first = (began.elapsed(), hub.calls());
    hub.note_exchanges();
    let next = loop {
        let mut seen = divided(&hub.exchanges());
        // The last one may still go on.
        if seen.len() > sweeps {
            seen.truncate(sweeps);
            break seen;
        }
        sleep(LOOK_EVERY).await;
    };
    let (_, used) = server.end().await;
    Swept { pull_requests, first, next, used }
}

/// Each sweep begins with the repository, which is asked for first and only once.
fn divided(exchanges: &[Exchange]) -> Vec<Sweep> {
    let begins: Vec<usize> = (0..exchanges.len()).filter(|place| is_first(&exchanges[*place])).collect();
    let ends = begins.iter().skip(1).copied().chain([exchanges.len()]);
    begins.iter().zip(ends).map(|(begin, end)| sweep(&exchanges[*begin..end])).collect()
}

fn sweep(exchanges: &[Exchange]) -> Sweep {
    let mut sweep = Sweep { all: exchanges.len(), ..Sweep::default() };
    let ended = exchanges.windows(2).position(|two| lies_between(&two[0], &two[1]) >= PAUSE);
    let last = ended.unwrap_or(exchanges.len() - 1);
    sweep.lasted = lies_between(&exchanges[0], &exchanges[last]);
    sweep.between = exchanges.len() - 1 - last;
    for exchange in exchanges {
        sweep.pages += usize::from(is_page(exchange));
        *sweep.statuses.entry(exchange.status).or_default() += 1;
        if exchange.status != 304 {
            *sweep.not_304.entry(kind(exchange)).or_default() += 1;
        }
    }
    sweep
}

fn lies_between(one: &Exchange, next: &Exchange) -> Duration {
    Duration::try_from(next.at.duration_since(one.at)).unwrap()
}

fn is_page(exchange: &Exchange) -> bool {
    let path = exchange.path.split('?').next().unwrap_or_default();
    let is_list = path == format!("/repos/{REPOSITORY}/pulls") || path.starts_with("/repositories/");
    exchange.method == "GET" && is_list && path.ends_with("/pulls")
}

fn is_first(exchange: &Exchange) -> bool {
    exchange.method == "GET" && exchange.path == format!("/repos/{REPOSITORY}")
}

/// What is asked for, without the numbers and digests that only say of which.
fn kind(exchange: &Exchange) -> String {
    let path = exchange.path.split('?').next().unwrap_or_default();
    let is_id = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "…" } else { part }).collect();
    format!("{} {} {}", exchange.status, exchange.method, parts.join("/"))
}
