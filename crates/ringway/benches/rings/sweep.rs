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
    /// Pages of the list of open pull requests.
    pub(crate) pages: usize,
    /// Requests in all, and how many had each status.
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

/// Each sweep begins with the first page of the list.
fn divided(exchanges: &[Exchange]) -> Vec<Sweep> {
    let begins: Vec<usize> = (0..exchanges.len()).filter(|place| is_first_page(&exchanges[*place])).collect();
    let ends = begins.iter().skip(1).copied().chain([exchanges.len()]);
    begins.iter().zip(ends).map(|(begin, end)| sweep(&exchanges[*begin..end])).collect()
}

fn sweep(exchanges: &[Exchange]) -> Sweep {
    let mut sweep = Sweep { all: exchanges.len(), ..Sweep::default() };
    if let [first, .., last] = exchanges {
        sweep.lasted = Duration::try_from(last.at.duration_since(first.at)).unwrap();
    }
    for exchange in exchanges {
        sweep.pages += usize::from(is_page(exchange));
        *sweep.statuses.entry(exchange.status).or_default() += 1;
        if exchange.status != 304 {
            *sweep.not_304.entry(kind(exchange)).or_default() += 1;
        }
    }
    sweep
}

fn is_page(exchange: &Exchange) -> bool {
    let path = exchange.path.split('?').next().unwrap_or_default();
    let is_list = path == format!("/repos/{REPOSITORY}/pulls") || path.starts_with("/repositories/");
    exchange.method == "GET" && is_list && path.ends_with("/pulls")
}

fn is_first_page(exchange: &Exchange) -> bool {
    is_page(exchange) && !exchange.path.contains("&page=")
}

/// What is asked for, without the numbers and digests that only say of which.
fn kind(exchange: &Exchange) -> String {
    let path = exchange.path.split('?').next().unwrap_or_default();
    let is_id = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "…" } else { part }).collect();
    format!("{} {} {}", exchange.status, exchange.method, parts.join("/"))
}
