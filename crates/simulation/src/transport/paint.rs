//! A planted bug: on its way from the API server, every pod gets the digest that its image was pushed with first.

use crate::stage::Stage;
use bytes::Bytes;
use serde_json::{Value, json};

/// A line of a watch as it arrives: as it is, unless the bug is planted.
pub(super) fn over(stage: &Stage, line: Bytes) -> Bytes {
    if !stage.bug().paints() {
        return line;
    }
    let Ok(mut event) = serde_json::from_slice::<Value>(&line) else { return line };
    if event["object"]["kind"] != "Pod" {
        return line;
    }
    if let Some(statuses) = event["object"]["status"]["containerStatuses"].as_array_mut() {
        for status in statuses {
            let image = status["image"].as_str().unwrap_or_default().to_owned();
            if let Some(digest) = stage.with(|inner| inner.book.first_digest(&image)) {
                status["imageID"] = json!(format!("painted@{digest}"));
            }
        }
    }
    Bytes::from(format!("{event}\n"))
}
