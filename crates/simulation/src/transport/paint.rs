//! Planted bugs on the way from the API server: what a watch says of pods is painted over.

use crate::{book::ring_images, bug::Bug, stage::Stage};
use bytes::Bytes;
use serde_json::{Value, json};

/// A line of a watch as it arrives: as it is, unless a bug is planted.
pub(super) fn over(stage: &Stage, line: Bytes) -> Bytes {
    let paint = match stage.bug() {
        Bug::DigestsPainted => digests,
        Bug::ReadinessHidden => readiness,
        _ => return line,
    };
    let Ok(mut event) = serde_json::from_slice::<Value>(&line) else { return line };
    if event["object"]["kind"] != "Pod" {
        return line;
    }
    paint(stage, &mut event["object"]);
    Bytes::from(format!("{event}\n"))
}

/// Every pod gets the digest that its image was pushed with first.
fn digests(stage: &Stage, pod: &mut Value) {
    for status in pod["status"]["containerStatuses"].as_array_mut().into_iter().flatten() {
        let image = status["image"].as_str().unwrap_or_default().to_owned();
        if let Some(digest) = stage.with(|inner| inner.book.first_digest(&image)) {
            status["imageID"] = json!(format!("painted@{digest}"));
        }
    }
}

/// No pod of a ring is ever ready.
fn readiness(_: &Stage, pod: &mut Value) {
    if ring_images(&pod["spec"]).is_empty() {
        return;
    }
    for condition in pod["status"]["conditions"].as_array_mut().into_iter().flatten() {
        if condition["type"] == "Ready" {
            condition["status"] = json!("False");
        }
    }
}
