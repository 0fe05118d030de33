//! What is answered in each phase of a life, and when the engine no longer answers.

use super::Server;
use crate::{
    activity,
    intake::{Intake, Secrets},
    owner::{Owner, Phase},
    state::StateFolder,
    world::testing::world,
};
use axum::{body::Body, http::Request};
use durable_sqlite::{Engine, MemoryJournal, Options};
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

/// A server in a phase, with an engine that does not run yet.
fn server(phase: Phase) -> (tempfile::TempDir, watch::Sender<Phase>, Server, Engine) {
    let world = Arc::new(world("", &[("r1", &["a"])]));
    let options = Options { clock: Arc::clone(&world.clock), ..Options::default() };
    let engine =
        durable_sqlite::open_in_memory(&MemoryJournal::default(), activity::registry(&world), options);
    let engine = engine.unwrap();
    let (sender, receiver) = watch::channel(phase);
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::open(folder.path()).unwrap();
    let secrets = Secrets::new(["a secret"]).unwrap();
    let (ledger, clock) = (world.ledger.clone(), Arc::clone(&world.clock));
    let intake = Some(Intake::new(ledger, clock, secrets, Arc::default()));
    let server = Server::new(Owner::over(world, engine.handle(), |_| {}), receiver, &state, intake, None);
    (folder, sender, server, engine)
}

async fn get(server: &Server, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = server.clone().routes().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_server_is_ready_from_when_it_knows_what_is_under_way_until_it_is_told_to_end() {
    let (_folder, phase, server, engine) = server(Phase::Starting);
    let asking = async {
        let (status, why) = get(&server, "/readyz").await;
        assert_eq!((status, why.as_str()), (503, "starting: it looks at what is unfinished\n"));
        assert_eq!(get(&server, "/healthz").await, (200, "ok\n".to_owned()));
        phase.send_replace(Phase::Ready);
        assert_eq!(get(&server, "/readyz").await, (200, "ready\n".to_owned()));
        phase.send_replace(Phase::Stopping);
        let (status, why) = get(&server, "/readyz").await;
        assert_eq!((status, why.as_str()), (503, "stopping: it was told to end\n"));
        assert_eq!(get(&server, "/healthz").await, (200, "ok\n".to_owned()));
    };
    tokio::select! {
        biased;
        ended = engine.run(std::future::pending()) => panic!("{ended:?}"),
        () = asking => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_engine_does_not_answer_is_not_ready() {
    let (_folder, _phase, server, engine) = server(Phase::Ready);
    let (status, why) = get(&server, "/readyz").await;
    assert_eq!((status, why.as_str()), (503, "the engine has not answered for 5 s\n"));
    drop(engine);
    let (status, why) = get(&server, "/readyz").await;
    assert_eq!(status, 503);
    assert!(why.contains("engine"), "{why}");
}

#[tokio::test]
async fn figures_are_there_in_every_phase() {
    for phase in [Phase::Starting, Phase::Ready, Phase::Stopping] {
        let (_folder, _phase, server, _engine) = server(phase);
        let (status, page) = get(&server, "/metrics").await;
        assert_eq!(status, 200);
        assert!(page.contains("ringway_runs_unfinished{kind=\"release\"} 1\n"), "{page}");
        let refused = "ringway_webhook_deliveries_total{outcome=\"wrong_signature\",verified=\"no\"} 0\n";
        assert!(page.contains(refused), "{page}");
    }
}

#[tokio::test]
async fn deliveries_are_taken_in_every_phase_and_only_with_a_signature() {
    for phase in [Phase::Starting, Phase::Ready, Phase::Stopping] {
        let (_folder, _phase, server, _engine) = server(phase);
        let request = Request::post("/webhooks/github").body(Body::from("{}")).unwrap();
        let response = server.clone().routes().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 401, "{phase:?}");
    }
}

#[tokio::test]
async fn nothing_can_be_changed_from_here() {
    let (_folder, _phase, server, _engine) = server(Phase::Ready);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for path in ["/healthz", "/readyz", "/metrics"] {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let response = server.clone().routes().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 405, "{method} {path}");
        }
    }
}
