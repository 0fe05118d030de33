//! Who waits for a place in this process, each with what wakes it: with thousands in a queue, whoever gets a place is woken
//! and nobody else. It knows nothing of who holds a place; that stands in the file.

use super::SlotHolder;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Those who wait.
#[derive(Default)]
pub(super) struct Waiting(Mutex<BTreeMap<SlotHolder, Arc<Notify>>>);

/// One of them, until it is dropped.
pub(super) struct Waiter<'a> {
    waiting: &'a Waiting,
    holder: &'a SlotHolder,
    given: Arc<Notify>,
}

impl Waiting {
    /// Begins to wait. What is given from now on is not missed.
    pub(super) fn begin<'a>(&'a self, holder: &'a SlotHolder) -> Waiter<'a> {
        let given = Arc::clone(self.lock().entry(holder.clone()).or_default());
        Waiter { waiting: self, holder, given }
    }

    /// Wakes those who were given a place, in the order in which they were.
    pub(super) fn wake(&self, given: &[SlotHolder]) {
        if given.is_empty() {
            return;
        }
        let waiting = self.lock();
        for notify in given.iter().filter_map(|holder| waiting.get(holder)) {
            notify.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SlotHolder, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter<'_> {
    /// Waits until it is woken, which it also is if that happened since it was woken last.
    pub(super) async fn woken(&self) {
        self.given.notified().await;
    }

    /// Wakes another one that waits for the same: an attempt that was given up may still be there.
    pub(super) fn pass_on(&self) {
        self.given.notify_one();
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        // The map's and ours. Others are only made under the lock.
        if Arc::strong_count(&self.given) <= 2 {
            waiting.remove(self.holder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SlotHolder, Waiting};
    use futures_util::FutureExt;

    fn holder(tenant: &str) -> SlotHolder {
        SlotHolder { instance: "main".into(), run: "r1".into(), tenant: tenant.into() }
    }

    #[test]
    fn only_those_who_were_given_a_place_are_woken() {
        let waiting = Waiting::default();
        let (a, b) = (holder("a"), holder("b"));
        let (one, other) = (waiting.begin(&a), waiting.begin(&b));
        waiting.wake(&[holder("b"), holder("nobody")]);
        assert!(one.woken().now_or_never().is_none());
        assert!(other.woken().now_or_never().is_some());
        assert!(other.woken().now_or_never().is_none(), "once");
    }

    #[test]
    fn two_attempts_for_one_place_both_learn_of_it() {
        let waiting = Waiting::default();
        let a = holder("a");
        let (one, other) = (waiting.begin(&a), waiting.begin(&a));
        waiting.wake(std::slice::from_ref(&a));
        assert!(one.woken().now_or_never().is_some());
        one.pass_on();
        drop(one);
        assert!(other.woken().now_or_never().is_some());
        drop(other);
        assert!(waiting.lock().is_empty(), "nobody is kept in mind who does not wait");
    }
}
