//! Places for tenants under way on an Argo CD instance.

use super::{ledger_failure, watching};
use crate::{ledger::SlotHolder, world::World};
use durable::{ActivityContext, Failure};
use release::{
    report::AwaitingReport,
    step::{Evidence, Slot},
};

pub(super) async fn acquire_slot(
    world: &World,
    context: &ActivityContext,
    slot: Slot,
) -> Result<(), Failure> {
    let limit = world.config.limits.tenants_per_instance;
    let holder = holder(slot);
    let place = world.ledger.wait_for_slot(&holder, limit, world.clock.now());
    tokio::pin!(place);
    let mut beat = tokio::time::interval(watching::BEAT_EVERY);
    let mut shown = false;
    loop {
        tokio::select! {
            biased;
            () = context.cancelled() => return Err(watching::given_up()),
            result = &mut place => {
                result.map_err(ledger_failure)?;
                return if shown { show(world, &holder, None) } else { Ok(()) };
            }
            // The first beat comes at once, but only to those who have to wait.
            _ = beat.tick() => {
                context.heartbeat(());
                if !shown {
                    show(world, &holder, Some(&awaiting(world, &holder, limit)))?;
                    shown = true;
                }
            }
        }
    }
}

/// Writes down what the tenant waits for, or that it no longer does.
fn show(world: &World, holder: &SlotHolder, awaiting: Option<&AwaitingReport>) -> Result<(), Failure> {
    let now = world.clock.now();
    world.ledger.record_awaiting(&holder.run, &holder.tenant, awaiting, now).map_err(ledger_failure)
}

fn awaiting(world: &World, holder: &SlotHolder, limit: u32) -> AwaitingReport {
    AwaitingReport {
        what: format!("other tenants of Argo CD {} come first", holder.instance),
        since: world.clock.now(),
        until: None,
        evidence: vec![Evidence {
            object: "configuration".to_owned(),
            field: "limits.tenantsPerInstance".to_owned(),
            value: limit.to_string(),
            since: None,
        }],
        by_hand: "ringway release list".to_owned(),
    }
}

pub(super) async fn release_slot(world: &World, _: &ActivityContext, slot: Slot) -> Result<(), Failure> {
    world.ledger.release_slot(&holder(slot)).map_err(ledger_failure)
}

fn holder(slot: Slot) -> SlotHolder {
    SlotHolder { instance: slot.instance, run: slot.context.run, tenant: slot.context.tenant }
}

#[cfg(test)]
mod tests {
    use super::{acquire_slot, release_slot};
    use crate::world::testing::world;
    use durable::ActivityContext;
    use release::step::{RunContext, Slot};

    fn slot(tenant: &str) -> Slot {
        let context = RunContext { run: "r1".into(), ring: "ring-a".into(), tenant: tenant.into() };
        Slot { instance: "local".into(), context }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_place_says_so_until_it_has_one() {
        let world = world("limits: {tenantsPerInstance: 1}", &[("r1", &["a", "b"])]);
        let context = ActivityContext::detached("r1");
        let awaiting = |tenant| world.ledger.tenant("r1", tenant).unwrap().unwrap().awaiting;

        acquire_slot(&world, &context, slot("a")).await.unwrap();
        assert_eq!(awaiting("a"), None, "it did not have to wait");

        let waiting = acquire_slot(&world, &context, slot("b"));
        tokio::pin!(waiting);
        let minute = std::time::Duration::from_secs(60);
        assert!(tokio::time::timeout(minute, &mut waiting).await.is_err());
        assert_eq!(awaiting("b").unwrap().what, "other tenants of Argo CD local come first");

        release_slot(&world, &context, slot("a")).await.unwrap();
        waiting.await.unwrap();
        assert_eq!(awaiting("b"), None);
    }
}
