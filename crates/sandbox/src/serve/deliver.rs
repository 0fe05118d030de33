//! Webhooks of the model's GitHub on their way to whoever listens: one HTTP request each, as small as it can be.

use super::driver::Shared;
use crate::github::Delivery;
use http::Uri;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::timeout,
};

/// How long whoever listens may take
/// (<https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks>). Of tokio's time: programs are
/// not faster because the model's time is.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of an answer is read at most, for its status.
const LONGEST_HEAD: usize = 16 << 10;

/// Delivers what is due, until it is stopped. Nothing waits for another delivery.
pub(super) async fn deliver(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let life = async {
        let mut sending = JoinSet::new();
        loop {
            for delivery in shared.deliveries().await {
                sending.spawn(send(shared.clone(), delivery));
            }
            while sending.try_join_next().is_some() {}
        }
    };
    let stop = async { drop(stopped.wait_for(|stopped| *stopped).await) };
    futures_util::future::select(std::pin::pin!(life), std::pin::pin!(stop)).await;
}

async fn send(shared: Arc<Shared>, delivery: Delivery) {
    // Whoever does not answer in time, or not at all, has not got it.
    let recorded = shared.recorder.get().is_none_or(|recorder| recorder.webhook(&delivery).is_ok());
    let status = match recorded {
        true => timeout(PATIENCE, post(&delivery)).await.ok().and_then(Result::ok),
        // What nobody wrote down must not go unnoticed.
        false => None,
    };
    shared.with(|model| model.github.delivered(delivery.id, status));
}

/// Sends it, and reads the status of the answer.
async fn post(delivery: &Delivery) -> io::Result<u16> {
    let address: Uri = delivery.url.parse().map_err(io::Error::other)?;
    let authority = address.authority().ok_or_else(|| io::Error::other("a webhook without a host"))?;
    let path = address.path_and_query().map_or("/", |path| path.as_str());
    let mut head =
        format!("POST {path} HTTP/1.1\r\nHost: {authority}\r\nAccept: */*\r\nConnection: close\r\n");
    for (name, value) in &delivery.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", delivery.body.len()));
    let mut connection = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(80))).await?;
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(&delivery.body).await?;
    let mut answer = Vec::new();
    while !answer.windows(2).any(|end| end == b"\r\n") && answer.len() < LONGEST_HEAD {
        if connection.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::other("an answer without a status"))
}
