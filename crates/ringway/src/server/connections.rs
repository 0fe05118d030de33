//! Connections over HTTP: not too many, and none that only waits. Whoever can reach the port must not be able to take the
//! file descriptors that the ledger and the clusters need.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

/// At most so many at once; more wait to be accepted. A probe and a scraper need two, and GitHub one for each delivery
/// that is being stored: at 500 a second, which take some milliseconds each, a handful, and after a pause all at once.
const MOST: usize = 256;

/// How long a client may take to send the head of a request, or the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may last: no answer takes long, and a client can connect again.
const LIFETIME: Duration = Duration::from_secs(60);

/// How long what is being answered then may take to its end. Longer than the head and the body of a request may.
const GRACE: Duration = Duration::from_secs(25);

/// How long to leave the listener alone when it cannot accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is dropped; what is being answered then is dropped as well.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MOST));
    let mut connections = JoinSet::new();
    loop {
        // Nobody closes the semaphore.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                connections.spawn(async move {
                    converse(stream, router).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection over HTTP");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, router: Router) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let service = TowerToHyperService::new(router);
    let conversation = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(conversation);
    let ended = match tokio::time::timeout(LIFETIME, conversation.as_mut()).await {
        Ok(ended) => Ok(ended),
        Err(_) => {
            // A delivery that is being stored must get its answer: GitHub would count it as lost.
            conversation.as_mut().graceful_shutdown();
            tokio::time::timeout(GRACE, conversation).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(error = %error, "a client went away"),
        Err(_) => tracing::debug!("a connection over HTTP lasted too long"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn running() -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        let slow = get(async || {
            tokio::time::sleep(LIFETIME / 3 * 2).await;
            "at last"
        });
        let router = Router::new().route("/", get(async || "here")).route("/slow", slow);
        serving.spawn(serve(listener, router));
        (address, serving)
    }

    async fn answer(mut stream: TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_only_waits_is_let_go_and_the_next_one_gets_its_place() {
        let (address, _serving) = running().await;
        let mut idle = Vec::new();
        for _ in 0..MOST {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HT").await.unwrap();
            idle.push(stream);
        }
        let next = TcpStream::connect(address).await.unwrap();
        assert!(answer(next).await.ends_with("here"));
        for mut stream in idle {
            // Closed, with or without a word.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_being_answered_when_a_connection_has_lasted_long_enough_is_answered() {
        let (address, _serving) = running().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        }
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        assert_eq!(answers.matches("at last").count(), 2, "and then it is closed: {answers}");
    }

    #[tokio::test]
    async fn bytes_that_are_no_request_harm_nobody() {
        let (address, _serving) = running().await;
        for bytes in [&b"\x16\x03\x01\x02\x00"[..], b"\r\n\r\n\r\n", b"GET / HTTP/1.1\r\nHost", b""] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
        }
        assert!(answer(TcpStream::connect(address).await.unwrap()).await.ends_with("here"));
    }
}
