//! The process of the sandbox: a fleet that is settled, served at the pace of the clock on the wall, and the answers to
//! what the measuring process asks on standard input, a line each.

use crate::{figures::Requests, truth::Truth};
use jiff::{SignedDuration, Timestamp};
use sandbox::{
    Model, argocd, fleet,
    kubernetes::Account,
    oci::Push,
    serve::{Listeners, Sandbox},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    io::{BufRead, Write},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The token of Ringway, with the rights that `deploy/` gives it.
pub(crate) const RINGWAY: &str = "ringway";

/// The repositories of what the tenants run before, and of what is released.
const BASE_IMAGE: &str = "atlas-metastore";
pub(crate) const RING_IMAGE: &str = "atlas-metastore-ring-demo";

/// The tags that there are, and which of them the chart names.
const BASE_TAG: &str = "1.0.0";
pub(crate) const RING_TAG: &str = "bench-1";

/// How often the model's history is read.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What fleet it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) tenants: usize,
    /// How many operations Argo CD runs at once; it makes twice as many comparisons, as by default.
    pub(crate) operations: usize,
}

/// What the process says first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Beginning {
    pub(crate) api: SocketAddr,
    pub(crate) registry: SocketAddr,
    pub(crate) tenants: Vec<String>,
    /// What the tenants run.
    pub(crate) base: String,
}

/// What it can be asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// From now on, this image and requests after now are what counts.
    Expect(String),
    /// Waits until all tenants are ready, and says since when.
    Ready,
    /// Ringway's requests, by kind.
    Requests,
    /// Stops Argo CD's controller or starts it.
    Argocd(bool),
    /// What only [`Besides`] knows about.
    Besides(Value),
}

/// What a process has besides its fleet.
pub(crate) trait Besides: Send + 'static {
    /// Puts it into the model, and opens ports for it.
    fn begin(&mut self, listeners: &mut Listeners, model: &mut Model) {
        let _ = (listeners, model);
    }

    /// Answers what it is asked.
    fn answer(&mut self, sandbox: &Arc<Sandbox>, question: Value) -> Value {
        let _ = sandbox;
        panic!("there is nothing besides the fleet: {question}")
    }
}

/// Nothing.
impl Besides for () {}

/// The time by which processes agree.
#[allow(clippy::disallowed_methods, reason = "model and program run in processes of their own")]
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::now()
}

/// Serves until standard input ends.
pub(crate) async fn serve(size: Size, mut besides: impl Besides) {
    let mut listeners = Listeners::bind(1).unwrap();
    let (api, registry) = (listeners.api(), listeners.registry(0).unwrap());
    let (mut model, tenants) = settled(size, &registry.to_string());
    besides.begin(&mut listeners, &mut model);
    let base = format!("{registry}/{BASE_IMAGE}:{BASE_TAG}");
    let mut truth = Truth::default();
    let now = wall_clock();
    for kind in [sandbox::Kind::StatefulSet, sandbox::Kind::Pod] {
        model.list(kind, None).for_each(|(key, object)| truth.take(now, key, Some(object.clone()), now));
    }
    let revision = model.revision();
    let truth = Arc::new(Mutex::new(truth));
    let sandbox = Arc::new(Sandbox::start(listeners, model, 1.0));
    say(&Beginning { api, registry, tenants, base });
    tokio::spawn(look(Arc::clone(&sandbox), Arc::clone(&truth), revision));
    tokio::task::spawn_blocking(move || answer(&sandbox, &truth, besides)).await.unwrap();
}

/// A fleet that is at rest now.
fn settled(size: Size, registry: &str) -> (Model, Vec<String>) {
    // Long enough ago to be settled by now; simulated time passes faster, and this Argo CD is as large as the fleet.
    let mut model = Model::new(1, wall_clock() - SignedDuration::from_secs(40));
    model.timing.operations = size.tenants;
    model.timing.comparisons = size.tenants;
    model.api.grant(RINGWAY, Account::ringway());
    model.argocd.repositories.publish_fleet(registry);
    for (repository, tag) in [(BASE_IMAGE, BASE_TAG), (RING_IMAGE, RING_TAG)] {
        model.registries.push(registry, repository, tag, &Push::default());
    }
    let tenants = fleet::many(&mut model, size.tenants);
    let step = SignedDuration::from_secs(1);
    while !tenants.iter().all(|tenant| fleet::is_settled(&model, tenant)) {
        model.advance(model.now() + step);
    }
    // What Argo CD still does after it has said that it is done.
    model.advance(model.now() + 5 * step);
    while model.now() + step < wall_clock() {
        model.advance(model.now() + step);
    }
    model.advance(wall_clock());
    model.timing.operations = size.operations;
    model.timing.comparisons = 2 * size.operations;
    // The model must not be ahead of those who measure it.
    #[allow(clippy::disallowed_methods, reason = "there is nothing else to wait for")]
    std::thread::sleep(Duration::try_from(model.now().duration_since(wall_clock())).unwrap_or_default());
    (model, tenants)
}

async fn look(sandbox: Arc<Sandbox>, truth: Arc<Mutex<Truth>>, mut revision: u64) {
    let mut interval = tokio::time::interval(LOOK_EVERY);
    loop {
        interval.tick().await;
        let changes: Vec<_> = sandbox.with(|model| {
            let history = model.history_since(revision).expect("it was looked at often enough");
            let changes = history.map(|(at, key, object)| (at, key.clone(), object.cloned())).collect();
            revision = model.revision();
            changes
        });
        let seen = wall_clock();
        let mut truth = truth.lock().unwrap();
        changes.into_iter().for_each(|(at, key, object)| truth.take(at, &key, object, seen));
    }
}

fn answer(sandbox: &Arc<Sandbox>, truth: &Mutex<Truth>, mut besides: impl Besides) {
    let mut since = wall_clock();
    for line in std::io::stdin().lock().lines() {
        match serde_json::from_str(&line.unwrap()).unwrap() {
            Question::Expect(image) => {
                truth.lock().unwrap().expect(image);
                since = wall_clock();
                say(&Value::Null);
            }
            Question::Ready => say(&until_ready(truth)),
            Question::Requests => say(&requests(sandbox, since)),
            Question::Argocd(runs) => {
                sandbox.with(if runs { argocd::fault::start } else { argocd::fault::stop });
                say(&json!(null));
            }
            Question::Besides(question) => say(&besides.answer(sandbox, question)),
        }
    }
}

fn until_ready(truth: &Mutex<Truth>) -> crate::truth::Report {
    loop {
        if let Some(report) = truth.lock().unwrap().report() {
            return report;
        }
        #[allow(clippy::disallowed_methods, reason = "the condition is looked at again right after")]
        std::thread::sleep(LOOK_EVERY);
    }
}

fn requests(sandbox: &Sandbox, since: Timestamp) -> Requests {
    let account = Account::ringway().name;
    let mut requests = Requests::new();
    sandbox.with(|model| {
        let newest = model.api.audit().rev().take_while(|sent| sent.at >= since);
        for sent in newest.filter(|sent| sent.account == account) {
            *requests.entry(format!("{} {}", sent.verb, sent.resource)).or_default() += 1;
        }
    });
    requests
}

fn say(answer: &impl Serialize) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(answer).unwrap()).unwrap();
    out.flush().unwrap();
}
