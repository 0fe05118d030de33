//! The client over a transport without a network, in simulated time: answers that are slow, cut off or without end.

use super::{TAG, both, platforms, unknown};
use bytes::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use release::image::Availability;
use ringway::registry::{AnswerBody, Limits, OciRegistry, Registry, Transport, TransportError};
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// What comes of an answer's body, each piece after a pause.
type Pieces = Vec<(Duration, Result<Bytes, TransportError>)>;

/// A registry with one image that sends bodies as `deliver` says, its heads after a pause.
struct Memory {
    asked: Mutex<Vec<String>>,
    pause: Duration,
    deliver: fn(Vec<u8>) -> Pieces,
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Memory")
    }
}

impl Transport for Memory {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
            sleep(self.pause).await;
            let reference = request.uri().path().rsplit('/').next().unwrap().to_owned();
            let content = both().manifests[&reference].1.clone();
            let pieces = match *request.method() {
                Method::HEAD => Vec::new(),
                _ => (self.deliver)(content.clone()),
            };
            let body = stream::iter(pieces).then(|(pause, piece)| async move {
                sleep(pause).await;
                piece.map(http_body::Frame::data)
            });
            let digest = super::digest_of(&content);
            let response = Response::builder().header("docker-content-digest", digest);
            Ok(response.body(StreamBody::new(body).boxed_unsync())?)
        })
    }
}

fn at_once(content: Vec<u8>) -> Pieces {
    vec![(Duration::ZERO, Ok(content.into()))]
}

/// Resolves both platforms; the answer, how long it took, and how often the registry was asked.
async fn resolve(pause: Duration, deliver: fn(Vec<u8>) -> Pieces) -> (Availability, Duration, Vec<String>) {
    let memory = Arc::new(Memory { asked: Mutex::default(), pause, deliver });
    let registry = OciRegistry::over(Vec::new(), Limits::default(), memory.clone()).unwrap();
    let reference = format!("registry.example.com/acme/atlas:{TAG}").parse().unwrap();
    let begun = Instant::now();
    let answer = registry.resolve(&reference, &platforms(&["linux/amd64", "linux/arm64"])).await;
    let asked = memory.asked.lock().unwrap().clone();
    (answer, begun.elapsed(), asked)
}

#[tokio::test(start_paused = true)]
async fn another_transport_gets_the_requests_that_the_network_would() {
    let (answer, took, asked) = resolve(Duration::ZERO, at_once).await;
    assert!(matches!(answer, Availability::Present(_)), "{answer:?}");
    assert_eq!((took, asked.len()), (Duration::ZERO, 3));
    let repository = "https://registry.example.com/v2/acme/atlas";
    assert_eq!(asked[0], format!("GET {repository}/manifests/{TAG}"));
    assert!(asked[1].starts_with(&format!("HEAD {repository}/manifests/sha256:")), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_waited_for() {
    let in_pieces = |content: Vec<u8>| {
        content.chunks(200).map(|piece| (Duration::from_secs(1), Ok(Bytes::copy_from_slice(piece)))).collect()
    };
    let (answer, took, asked) = resolve(Duration::from_secs(10), in_pieces).await;
    assert!(matches!(answer, Availability::Present(_)), "{answer:?}");
    assert_eq!(asked.len(), 3);
    assert!(took > Duration::from_secs(30) && took < Duration::from_secs(60), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_begin_in_time_is_given_up_three_times() {
    let (answer, took, asked) = resolve(Duration::from_secs(3600), at_once).await;
    let (reason, denied) = unknown(answer);
    assert!(!denied && reason.contains("timed out after 20s"), "{reason}");
    // Three times the limit, and the pauses of half a second and of one between them.
    assert_eq!((took.as_millis(), asked.len()), (61_500, 3));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_trickles_is_given_up_although_something_always_comes() {
    let trickle = |content: Vec<u8>| {
        content.into_iter().map(|byte| (Duration::from_secs(1), Ok(Bytes::from(vec![byte])))).collect()
    };
    let (answer, took, _) = resolve(Duration::ZERO, trickle).await;
    let (reason, denied) = unknown(answer);
    assert!(!denied && reason.contains("timed out after 20s"), "{reason}");
    assert_eq!(took.as_millis(), 61_500);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let broken = |content: Vec<u8>| {
        let half = Bytes::copy_from_slice(&content[..content.len() / 2]);
        vec![(Duration::ZERO, Ok(half)), (Duration::ZERO, Err("connection reset".into()))]
    };
    let (answer, _, asked) = resolve(Duration::ZERO, broken).await;
    let (reason, denied) = unknown(answer);
    assert!(!denied && reason.ends_with("connection reset"), "{reason}");
    assert_eq!(asked.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_ends_too_early_is_not_what_its_digest_says() {
    let short = |content: Vec<u8>| at_once(content[..content.len() / 2].to_vec());
    let (answer, _, asked) = resolve(Duration::ZERO, short).await;
    let (reason, denied) = unknown(answer);
    assert!(!denied && reason.contains("what came is sha256:"), "{reason}");
    assert_eq!(asked.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_end_is_cut_off_at_the_limit() {
    let endless = |_| (0..1_000).map(|_| (Duration::ZERO, Ok(Bytes::from(vec![b' '; 1 << 16])))).collect();
    let (answer, ..) = resolve(Duration::ZERO, endless).await;
    let (reason, denied) = unknown(answer);
    assert!(!denied && reason.contains("larger than 4194304 bytes"), "{reason}");
}
