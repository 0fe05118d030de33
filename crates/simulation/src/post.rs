//! Takes what GitHub tells to the door of whatever process runs.

use crate::stage::Stage;
use http::{HeaderMap, HeaderName, HeaderValue};
use sandbox::github::Delivery;
use std::{sync::Arc, time::Duration};

/// How long a delivery is on its way.
const WAY: Duration = Duration::from_millis(20);

/// Sends each delivery that is due on its way. None waits for another one.
pub(crate) fn send(stage: &Arc<Stage>, due: Vec<Delivery>) {
    for delivery in due {
        let stage = Arc::clone(stage);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(WAY).await;
            let status = hand_over(&stage, &delivery).await;
            let what = format!("{} {}", delivery.event, delivery.action.as_deref().unwrap_or_default());
            let ended = status.map_or_else(|| "nobody is there".to_owned(), |status| status.to_string());
            stage.note(&format!("delivery {} ({}): {ended}", delivery.guid, what.trim_end()));
            stage.delivered(delivery.id, status);
        });
    }
}

/// The status of the answer; `None` if nobody answers.
async fn hand_over(stage: &Stage, delivery: &Delivery) -> Option<u16> {
    let door = stage.door()?;
    let mut headers = HeaderMap::new();
    for (name, value) in &delivery.headers {
        let name = HeaderName::try_from(*name).ok()?;
        headers.insert(name, HeaderValue::from_str(value).ok()?);
    }
    headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(delivery.body.len()));
    Some(match door.take(&headers, delivery.body.clone().into()).await {
        Ok(_) => 202,
        Err(refusal) => refusal.status().as_u16(),
    })
}
