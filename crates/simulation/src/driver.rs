//! Moves the model on when it has something to do by itself, and sends what GitHub tells.

use crate::{post, stage::Stage};
use std::{pin::pin, sync::Arc};

/// Never ends.
pub(crate) async fn drive(stage: Arc<Stage>) {
    loop {
        stage.touch();
        post::send(&stage, stage.due_deliveries());
        let next = stage.touch();
        let mut stirred = pin!(stage.stirred.notified());
        match next {
            None => stirred.await,
            Some(at) => tokio::select! {
                biased;
                () = tokio::time::sleep_until(stage.time.instant(at)) => {}
                () = &mut stirred => {}
            },
        }
    }
}
