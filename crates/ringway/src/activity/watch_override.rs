//! Noticing that somebody takes our values out while the rollout is awaited.

use super::{
    argocd,
    await_applied::deleted_problem,
    cluster_failure,
    watching::{Seen, Watching},
};
use crate::{cluster::ApplicationEvent, world::World};
use durable::{ActivityContext, Failure};
use release::{
    condition::applied::{SyncState, examine, noticed},
    step::{Expectation, Reverted, WatchOverrideInput},
};

pub(super) async fn watch_override(
    world: &World,
    context: &ActivityContext,
    input: WatchOverrideInput,
) -> Result<Reverted, Failure> {
    let key = &input.application.key;
    let client = argocd(world, &key.instance).await?;
    let mut watching = Watching::new(world, context, &input.context, client.watch_application(key, None));
    loop {
        match watching.next(None, &()).await? {
            Seen::Event(Ok(ApplicationEvent::Changed(application))) => {
                let state = examine(&application, &input.application, Expectation::Overridden, None);
                if let SyncState::Reverted { problem, writer } = state {
                    return Ok(Reverted { problem: noticed(problem, watching.now()), writer });
                }
            }
            Seen::Event(Ok(ApplicationEvent::Deleted)) => {
                return Ok(Reverted { problem: deleted_problem(key), writer: None });
            }
            Seen::Event(Ok(ApplicationEvent::Interrupted { .. } | ApplicationEvent::Resumed))
            | Seen::Moment => {}
            Seen::Event(Err(error)) => return Err(cluster_failure(error)),
        }
    }
}
