//! Mailboxes.

use super::{opened, result, run};
use crate::{
    FailureKind,
    conformance::{
        Harness,
        work::{Collector, Dropper, Messenger, Reader},
    },
};
use std::time::Duration;

/// What was sent before a crash is read after it, before what is sent then. No engine has to take messages while nobody
/// runs: where it lives in the process that runs it, there is nobody to take them.
pub async fn messages_of_before_a_crash_come_first_after_it<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    harness.start::<Collector>("collector", 4).await.expect("no crash is planned");
    for number in 1..=2_u32 {
        harness.send("collector", "inbox", number).await.expect("no crash is planned");
    }
    harness.crash().await;
    harness.pass(Duration::from_secs(3600)).await;
    harness.open(&world, None).await;
    harness.send("collector", "another mailbox", 9_u32).await.expect("no crash is planned");
    for number in 3..=4_u32 {
        harness.send("collector", "inbox", number).await.expect("no crash is planned");
    }
    let messages: Vec<u32> = result(harness.finish("collector").await.expect("no crash is planned"));
    assert_eq!(messages, [1, 2, 3, 4]);
}

/// 500 messages without a pause, with a crash in the middle.
pub async fn a_burst_of_messages_keeps_its_order<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    harness.start::<Collector>("collector", 500).await.expect("no crash is planned");
    for number in 0..500_u32 {
        if number == 250 {
            harness.crash().await;
            harness.open(&world, None).await;
        }
        harness.send("collector", "inbox", number).await.expect("no crash is planned");
    }
    let messages: Vec<u32> = result(harness.finish("collector").await.expect("no crash is planned"));
    assert!(messages.into_iter().eq(0..500));
}

/// From one workflow to another: each once, in the order of sending. To nobody: nothing happens.
pub async fn messages_between_workflows_keep_their_order<H: Harness>(harness: &mut H) {
    opened(harness).await;
    harness.start::<Collector>("collector", 5).await.expect("no crash is planned");
    run::<Messenger>(harness, "messenger", "collector".to_owned()).await;
    assert_eq!(run::<Collector>(harness, "collector", 5).await, [1, 2, 3, 4, 5]);
    // It has ended by now: that is nobody as well.
    run::<Messenger>(harness, "late messenger", "collector".to_owned()).await;
}

/// A message of the wrong type fails its reader and is taken out; the next one is read.
pub async fn a_message_that_cannot_be_read_is_a_failure<H: Harness>(harness: &mut H) {
    opened(harness).await;
    harness.start::<Reader>("reader", ()).await.expect("no crash is planned");
    harness.send("reader", "inbox", "no number".to_owned()).await.expect("no crash is planned");
    harness.send("reader", "inbox", 2_u32).await.expect("no crash is planned");
    let read = run::<Reader>(harness, "reader", ()).await;
    let [first, second] = read.try_into().expect("two messages");
    let failure = first.expect_err("the first message is no number");
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Engine, "undecodable_message"));
    assert_eq!(second, Ok(2));
}

/// A reader that gives up takes nothing with it.
pub async fn an_unread_message_stays_when_its_reader_is_dropped<H: Harness>(harness: &mut H) {
    opened(harness).await;
    harness.start::<Dropper>("dropper", ()).await.expect("no crash is planned");
    // In the second second, and while nobody reads.
    harness.pass(Duration::from_millis(1_500)).await;
    harness.send("dropper", "inbox", 1_u32).await.expect("no crash is planned");
    harness.pass(Duration::from_secs(2)).await;
    harness.send("dropper", "inbox", 2_u32).await.expect("no crash is planned");
    harness.send("dropper", "inbox", 3_u32).await.expect("no crash is planned");
    assert_eq!(run::<Dropper>(harness, "dropper", ()).await, [1, 2, 3]);
}
