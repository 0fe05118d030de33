//! Requests for releases of one ring and service take turns, in the order they came: a newer one waits until an older one
//! has begun, so that it takes over from it and not the other way round. Nobody else waits for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as Short, PoisonError, Weak},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A ring and a service.
type RingService = (String, String);

/// Who is at it.
#[derive(Default)]
pub(super) struct Turns(Short<HashMap<RingService, Weak<Mutex<()>>>>);

impl Turns {
    /// Waits for the turn of a request. It lasts as long as the guard.
    pub(super) async fn take(&self, ring: &str, service: &str) -> OwnedMutexGuard<()> {
        self.of(ring, service).lock_owned().await
    }

    fn of(&self, ring: &str, service: &str) -> Arc<Mutex<()>> {
        // The map is whole after each of the lines below.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, turn| turn.strong_count() > 0);
        let key = (ring.to_owned(), service.to_owned());
        known.get(&key).and_then(Weak::upgrade).unwrap_or_else(|| {
            let turn = Arc::default();
            known.insert(key, Arc::downgrade(&turn));
            turn
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn who_came_first_is_first_and_only_the_same_ring_and_service_wait() {
        let turns = Turns::default();
        let first = turns.take("ring-a", "web").await;
        let (second, third) = (turns.take("ring-a", "web"), turns.take("ring-a", "web"));
        tokio::pin!(second, third);
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        assert!(turns.take("ring-a", "atlas").now_or_never().is_some());
        assert!(turns.take("ring-b", "web").now_or_never().is_some());
        drop(first);
        assert!(third.as_mut().now_or_never().is_none(), "it came later");
        let second = second.now_or_never().unwrap();
        drop(second);
        assert!(third.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_turn_that_nobody_has_is_forgotten() {
        let turns = Turns::default();
        drop(turns.take("ring-a", "web").await);
        let _other = turns.take("ring-b", "web").await;
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
