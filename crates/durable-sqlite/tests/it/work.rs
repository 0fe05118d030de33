//! An order in a shop: the workflow of the tests that are about this engine alone, in versions that fit and do not.

use crate::harness::SqliteHarness;
use durable::{
    Activity, ActivityContext, ActivityOptions, Failure, Flow, Workflow,
    join::{Either, select},
};
use durable_sqlite::Registry;
use std::time::Duration;

/// Takes money for an order.
pub(crate) struct Pay;

impl Activity for Pay {
    const NAME: &'static str = "pay";
    type Input = u32;
    type Output = u32;
}

/// Sends the parcel.
pub(crate) struct Ship;

impl Activity for Ship {
    const NAME: &'static str = "ship";
    type Input = u32;
    type Output = String;
}

pub(crate) fn options() -> ActivityOptions {
    ActivityOptions::new(Duration::from_secs(10))
}

/// Pays, waits for the word, ships.
pub(crate) struct Order;

impl Workflow for Order {
    const NAME: &'static str = "order";
    type Input = u32;
    type Output = String;

    async fn run<F: Flow>(flow: F, amount: u32) -> Result<String, Failure> {
        flow.progress(&"paying");
        let paid = flow.activity::<Pay>(amount, options()).await?;
        flow.progress(&"waiting for the word");
        let word = flow.receive::<String>("words").await?;
        let parcel = flow.activity::<Ship>(paid, options()).await?;
        Ok(format!("{parcel}, {word}"))
    }
}

/// The same order as somebody changed it while orders were open: it ships first.
pub(crate) struct ChangedOrder;

impl Workflow for ChangedOrder {
    const NAME: &'static str = Order::NAME;
    type Input = u32;
    type Output = String;

    async fn run<F: Flow>(flow: F, amount: u32) -> Result<String, Failure> {
        flow.activity::<Ship>(amount, options()).await
    }
}

/// The same order with another idea of what it is started with.
pub(crate) struct RenamedOrder;

impl Workflow for RenamedOrder {
    const NAME: &'static str = Order::NAME;
    type Input = Vec<String>;
    type Output = String;

    async fn run<F: Flow>(_: F, _: Vec<String>) -> Result<String, Failure> {
        Ok("never".to_owned())
    }
}

/// The same order with a mistake that only shows after the payment.
pub(crate) struct BrokenOrder;

impl Workflow for BrokenOrder {
    const NAME: &'static str = Order::NAME;
    type Input = u32;
    type Output = String;

    async fn run<F: Flow>(flow: F, amount: u32) -> Result<String, Failure> {
        let paid = flow.activity::<Pay>(amount, options()).await?;
        panic!("paid {paid} and now what?");
    }
}

/// Waits for something that is no operation of its flow.
pub(crate) struct Stray;

impl Workflow for Stray {
    const NAME: &'static str = "stray";
    type Input = ();
    type Output = ();

    async fn run<F: Flow>(_: F, (): ()) -> Result<(), Failure> {
        std::future::pending().await
    }
}

/// Runs an order as its child, at most for an hour.
pub(crate) struct Customer;

impl Workflow for Customer {
    const NAME: &'static str = "customer";
    type Input = String;
    type Output = Result<String, Failure>;

    async fn run<F: Flow>(flow: F, order: String) -> Result<Self::Output, Failure> {
        match select(flow.child::<Order>(order, 7), flow.sleep(Duration::from_secs(3600))).await {
            Either::First(answer) => Ok(answer),
            Either::Second(()) => Err(Failure::permanent("impatient", "the order took longer than an hour")),
        }
    }
}

/// Both activities, without workflows.
pub(crate) fn activities() -> Registry {
    let mut registry = Registry::new();
    registry.activity::<Pay, _>(|_: ActivityContext, amount: u32| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(amount)
    });
    registry.activity::<Ship, _>(|context: ActivityContext, paid: u32| async move {
        if context.attempt() == 1 {
            return Err(Failure::retryable("no_courier", "no courier is free"));
        }
        Ok(format!("parcel for {paid}"))
    });
    registry
}

/// Everything as it should be.
pub(crate) fn shop() -> Registry {
    let mut registry = activities();
    registry.workflow::<Order>();
    registry.workflow::<Customer>();
    registry.workflow::<Stray>();
    registry
}

impl SqliteHarness {
    /// Opens with these workflows and activities, without faults.
    pub(crate) fn open_shop(&mut self, registry: Registry) {
        self.open_with(registry, self.options()).expect("the journal opens");
    }

    /// Starts an order and waits until it is paid.
    pub(crate) async fn paid_order(&mut self, id: &str) {
        self.handle().start::<Order>(id, &7).await.expect("the engine runs");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let journal = self.handle().journal(id).await.expect("the engine runs").expect("it was started");
        assert_eq!(journal.len(), 1, "the payment is recorded");
    }
}
