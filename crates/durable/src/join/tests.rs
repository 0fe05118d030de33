//! Joins and selects are deterministic.

use super::{Either, bounded_join, select};
use proptest::prelude::*;
use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Ready at the poll with this number, the first being 0; counts its polls.
struct ReadyAt {
    poll: u32,
    polls: Rc<Cell<u32>>,
}

impl ReadyAt {
    fn new(poll: u32) -> Self {
        Self { poll, polls: Rc::default() }
    }
}

impl Future for ReadyAt {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        let polls = self.polls.replace(self.polls.get() + 1);
        if polls >= self.poll { Poll::Ready(self.poll) } else { Poll::Pending }
    }
}

/// Polls like an engine, without ever being woken; the number of passes until it is ready.
fn drive<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for pass in 1..10_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return (output, pass);
        }
    }
    panic!("it never ended");
}

#[test]
fn the_first_of_two_wins_a_tie() {
    assert_eq!(drive(select(ReadyAt::new(3), ReadyAt::new(3))).0, Either::First(3));
    assert_eq!(drive(select(ReadyAt::new(4), ReadyAt::new(3))).0, Either::Second(3));
}

#[test]
fn the_loser_is_dropped_and_not_polled_after_the_winner() {
    let loser = ReadyAt::new(9);
    let (alive, polls) = (Rc::downgrade(&loser.polls), Rc::clone(&loser.polls));
    drive(select(ReadyAt::new(2), loser));
    assert_eq!(polls.get(), 2, "it was not polled in the pass that the first one won");
    drop(polls);
    assert!(alive.upgrade().is_none(), "it was dropped");
}

#[test]
fn nothing_to_do_is_done_at_once() {
    assert_eq!(drive(bounded_join(3, Vec::<u32>::new(), ReadyAt::new)), (vec![], 1));
}

#[test]
fn a_limit_of_zero_still_runs_one_at_a_time() {
    assert_eq!(drive(bounded_join(0, vec![0, 0, 0], ReadyAt::new)).0, [0, 0, 0]);
}

proptest! {
    /// Whatever comes ready in which pass: results in the order of items, starts in the order of items, never more at
    /// once than allowed, and no place is left empty while items wait.
    #[test]
    fn results_are_in_order_and_the_limit_is_kept_and_used(
        polls in prop::collection::vec(0_u32..20, 0..40),
        limit in 1_usize..12,
    ) {
        let running = Rc::new(Cell::new(0_usize));
        let started = RefCell::new(Vec::new());
        let items: Vec<usize> = (0..polls.len()).collect();
        let joined = bounded_join(limit, items.clone(), |item| {
            started.borrow_mut().push(item);
            running.set(running.get() + 1);
            let (running, ready) = (Rc::clone(&running), ReadyAt::new(polls[item]));
            async move {
                ready.await;
                running.set(running.get() - 1);
                item
            }
        });
        let mut joined = pin!(joined);
        let mut context = Context::from_waker(Waker::noop());
        let mut results = None;
        for _ in 0..10_000 {
            if let Poll::Ready(output) = joined.as_mut().poll(&mut context) {
                results = Some(output);
                break;
            }
            let waiting = polls.len() - started.borrow().len();
            prop_assert!(running.get() <= limit);
            prop_assert!(running.get() == limit || waiting == 0, "{} of {limit} run, {waiting} wait", running.get());
        }
        prop_assert_eq!(results, Some(items.clone()));
        prop_assert_eq!(started.borrow().clone(), items);
    }
}
