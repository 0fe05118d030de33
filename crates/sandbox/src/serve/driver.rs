//! Who moves the model's time: whoever asks it something, and a task that sleeps until its next event.

use super::{clock::Clock, record::Recorder};
use crate::{Model, github::Delivery};
use jiff::Timestamp;
use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::timeout_at,
};

/// The model, and what its users share.
#[derive(Debug)]
pub(super) struct Shared {
    world: Mutex<World>,
    clock: Clock,
    /// The driver sleeps too long.
    sooner: Notify,
    /// A webhook is to be delivered.
    post: Notify,
    /// Who writes down what is said to and by GitHub.
    pub(super) recorder: OnceLock<Recorder>,
}

#[derive(Debug)]
struct World {
    model: Model,
    /// The event that the driver sleeps for.
    awaited: Option<Timestamp>,
}

impl Shared {
    pub(super) fn new(model: Model, clock: Clock) -> Self {
        Self {
            world: Mutex::new(World { model, awaited: None }),
            clock,
            sooner: Notify::new(),
            post: Notify::new(),
            recorder: OnceLock::new(),
        }
    }

    /// Looks at the model of this moment, or changes it.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Model) -> T) -> T {
        let mut world = self.world();
        world.model.advance(self.clock.present());
        let result = change(&mut world.model);
        let next = next(&world.model);
        if world.model.github.next_delivery().is_some() {
            self.post.notify_one();
        }
        // Most requests ask for nothing new, and then the driver is left alone.
        if next.is_some_and(|next| world.awaited.is_none_or(|awaited| next < awaited)) {
            world.awaited = next;
            drop(world);
            self.sooner.notify_one();
        }
        result
    }

    /// A test that panicked while it looked at the model leaves it as usable as it was.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a duration of the model lasts.
    pub(super) fn lasts(&self, duration: Duration) -> Duration {
        self.clock.lasts(duration)
    }

    /// The webhooks that are to be delivered, of which there is one at least.
    pub(super) async fn deliveries(&self) -> Vec<Delivery> {
        loop {
            let (due, next) = {
                let mut world = self.world();
                world.model.advance(self.clock.present());
                (world.model.github.take_due_deliveries(), world.model.github.next_delivery())
            };
            if !due.is_empty() {
                return due;
            }
            // Whether it was the time or a change: the model says what is due.
            drop(timeout_at(self.clock.wake(next), self.post.notified()).await);
        }
    }

    /// Does what is due; the answer is when something will be due again.
    pub(super) fn step(&self) -> Option<Timestamp> {
        let mut world = self.world();
        world.model.advance(self.clock.present());
        world.awaited = next(&world.model);
        world.awaited
    }
}

/// When something is due, in the model or on its watches.
fn next(model: &Model) -> Option<Timestamp> {
    model.next_event().into_iter().chain(model.api.next_due()).min()
}

/// Lets the model's events happen at their time, until it is stopped.
pub(super) async fn drive(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let life = async {
        loop {
            let wake = shared.clock.wake(shared.step());
            // Whether it was the time or a change: the model says what is due.
            drop(timeout_at(wake, shared.sooner.notified()).await);
        }
    };
    let stop = async { drop(stopped.wait_for(|stopped| *stopped).await) };
    futures_util::future::select(std::pin::pin!(life), std::pin::pin!(stop)).await;
}
