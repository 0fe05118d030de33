//! Claims, and how tenants and runs end: steps that only touch the ledger.

use super::ledger_failure;
use crate::{ledger::OverrideState, world::World};
use durable::{ActivityContext, Failure};
use release::step::{Claims, ClaimsInput, RecordTenantInput, RecordVerdictInput, RemoveInput};

pub(super) async fn take_claims(
    world: &World,
    _: &ActivityContext,
    input: ClaimsInput,
) -> Result<Claims, Failure> {
    let context = &input.context;
    world
        .ledger
        .record_applications(&context.run, &context.tenant, &input.applications)
        .map_err(ledger_failure)?;
    world.ledger.take_claims(&input, world.clock.now()).map_err(ledger_failure)
}

pub(super) async fn release_claim(
    world: &World,
    _: &ActivityContext,
    input: RemoveInput,
) -> Result<(), Failure> {
    let (key, service) = (&input.application, &input.service);
    let Some(claim) = world.ledger.claim(key, service).map_err(ledger_failure)? else { return Ok(()) };
    // A second attempt must not take the claim from whoever got it in between. A cleanup may be for several rings.
    if !input.context.ring.split(", ").any(|ring| ring == claim.ring) {
        return Ok(());
    }
    if claim.written.is_some_and(|written| written.state != OverrideState::Removed) {
        return Ok(());
    }
    world.ledger.release_claim(key, service, &claim.ring).map_err(ledger_failure)
}

pub(super) async fn record_tenant(
    world: &World,
    _: &ActivityContext,
    input: RecordTenantInput,
) -> Result<(), Failure> {
    let result = &input.result;
    world.ledger.record_tenant(&input.run, result, world.clock.now()).map_err(ledger_failure)?;
    let (verdict, proof) = (result.verdict.as_str(), result.proof.as_str());
    let problem = result.problem.as_ref().map(|problem| problem.message.as_str());
    tracing::info!(run = input.run, tenant = result.tenant, verdict, proof, problem, "tenant ended");
    Ok(())
}

pub(super) async fn record_verdict(
    world: &World,
    _: &ActivityContext,
    input: RecordVerdictInput,
) -> Result<(), Failure> {
    world.ledger.record_verdict(&input.run, input.verdict, world.clock.now()).map_err(ledger_failure)?;
    tracing::info!(run = input.run, verdict = input.verdict.as_str(), "ended");
    Ok(())
}
