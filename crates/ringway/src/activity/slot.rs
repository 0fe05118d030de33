//! Places for tenants under way on an Argo CD instance.

use super::{ledger_failure, watching};
use crate::{ledger::SlotHolder, world::World};
use durable::{ActivityContext, Failure};
use release::step::Slot;

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
    loop {
        tokio::select! {
            biased;
            () = context.cancelled() => return Err(watching::given_up()),
            result = &mut place => return result.map_err(ledger_failure),
            _ = beat.tick() => context.heartbeat(()),
        }
    }
}

pub(super) async fn release_slot(world: &World, _: &ActivityContext, slot: Slot) -> Result<(), Failure> {
    world.ledger.release_slot(&holder(slot)).map_err(ledger_failure)
}

fn holder(slot: Slot) -> SlotHolder {
    SlotHolder { instance: slot.instance, run: slot.context.run, tenant: slot.context.tenant }
}
