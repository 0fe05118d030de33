//! The inbox: what was delivered, what of it is still to be looked into, and what comes a second time.

use super::at;
use crate::ledger::{Delivery, Hint, Ledger, Received};

fn delivery(id: &str, second: i64) -> Delivery {
    Delivery {
        id: id.into(),
        event: "pull_request".into(),
        hint: Hint::PullRequest { repository: 99, number: 12 },
        received_at: at(second),
    }
}

fn waiting(ledger: &Ledger) -> Vec<String> {
    ledger.unprocessed().unwrap().into_iter().map(|delivery| delivery.id).collect()
}

#[test]
fn a_delivery_waits_until_it_is_processed_however_often_it_comes() {
    let ledger = Ledger::in_memory("test").unwrap();
    assert_eq!(ledger.receive(&delivery("one", 1)).unwrap(), Received::New);
    assert_eq!(ledger.receive(&delivery("one", 2)).unwrap(), Received::Again);
    assert_eq!(ledger.unprocessed().unwrap(), [delivery("one", 1)]);
    for _ in 0..2 {
        ledger.processed(&["one".into(), "never came".into()], at(3)).unwrap();
        assert_eq!(ledger.receive(&delivery("one", 4)).unwrap(), Received::Processed);
        assert_eq!(waiting(&ledger), Vec::<String>::new());
    }
}

#[test]
fn deliveries_wait_in_the_order_in_which_they_came() {
    let ledger = Ledger::in_memory("test").unwrap();
    let several = [delivery("b", 5), delivery("a", 1), delivery("b", 6)];
    let received = ledger.receive_all(&several).unwrap();
    assert_eq!(received, [Received::New, Received::New, Received::Again]);
    assert_eq!(waiting(&ledger), ["b", "a"]);
    let figures = ledger.figures().unwrap();
    assert_eq!((figures.unprocessed, figures.oldest_unprocessed), (2, Some(at(1))));
}

#[test]
fn every_hint_comes_back_as_it_went_in() {
    let ledger = Ledger::in_memory("test").unwrap();
    let hints = [
        Hint::PullRequest { repository: u64::MAX, number: 1 },
        Hint::Branch { repository: 7, branch: "ring-'; DROP TABLE inbox; --\u{202e}".into() },
        Hint::Repository { repository: 7 },
        Hint::Nothing,
    ];
    for (number, hint) in hints.iter().enumerate() {
        ledger.receive(&Delivery { hint: hint.clone(), ..delivery(&number.to_string(), 1) }).unwrap();
    }
    let found: Vec<Hint> = ledger.unprocessed().unwrap().into_iter().map(|delivery| delivery.hint).collect();
    assert_eq!(found, hints);
}

#[test]
fn what_was_processed_a_week_ago_is_forgotten_and_what_was_not_never_is() {
    const WEEK: i64 = 7 * 24 * 3600;
    let ledger = Ledger::in_memory("test").unwrap();
    for id in ["old", "young", "open"] {
        ledger.receive(&delivery(id, 0)).unwrap();
    }
    ledger.processed(&["old".into()], at(1)).unwrap();
    ledger.processed(&["young".into()], at(2)).unwrap();
    ledger.processed(&[], at(2 + WEEK)).unwrap();
    for (id, received) in [("old", Received::New), ("young", Received::Processed), ("open", Received::Again)]
    {
        assert_eq!(ledger.receive(&delivery(id, WEEK)).unwrap(), received, "{id}");
    }
}
