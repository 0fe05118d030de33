//! No proof without its being true in the model when it was recorded, and no success without the proof that it needs.
//!
//! Judged from the objects: what the templates say, which pods there are, which of them are ready, which digests they
//! run. What an event on its way said is true enough for as long as it may be on its way; and a watch that goes on after
//! its connection was gone is told first what happened meanwhile, as old as it may be.

use super::Invariant;
use crate::{
    audience::Moment,
    truth::{Claimed, Expectation, Known},
    view::News,
};
use jiff::{SignedDuration, Timestamp};
use release::{
    proof::Proof,
    report::RunKind,
    service::{Service, Verify},
    verdict::TenantVerdict,
};
use ringway::ledger::{Claim, Run, TenantState};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct ProvenVerdict;

impl Invariant for ProvenVerdict {
    fn name(&self) -> &'static str {
        "proven_verdict"
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for news in moment.news {
            match news {
                News::Proof { run, tenant, proof } if *proof >= Proof::Observed => {
                    let Some((run, state)) = moment.ledger.tenant(run, tenant) else { continue };
                    is_true(moment, run, state, *proof)?;
                }
                News::Tenant { run, tenant, verdict: TenantVerdict::Success } => {
                    let Some((run, state)) = moment.ledger.tenant(run, tenant) else { continue };
                    is_enough(moment, run, state)?;
                }
                News::Proof { .. } | News::Tenant { .. } | News::Run { .. } => {}
            }
        }
        Ok(())
    }
}

/// Whether the fleet is as the proof says.
fn is_true(moment: &Moment<'_>, run: &Run, state: &TenantState, proof: Proof) -> Result<(), String> {
    let services = services(moment, run);
    let application = moment.truth.of(&state.tenant).and_then(|facts| facts.application.as_ref());
    // Somebody put it back as it was while it was overridden: what they put there is theirs, and remains.
    let is_copied = |image: &str| {
        application.is_some_and(|found| moment.book.is_copied_image(&found.uid, &state.tenant, image))
    };
    let known = |image: &str| Known {
        is_taken_back: !is_copied(image)
            && run.ring.split(", ").any(|ring| image.contains(&format!("/atlas-{ring}:"))),
        digests: digests_of(moment, image),
    };
    let expectation = match run.kind {
        RunKind::Release => Expectation::Released(released(moment, run)),
        RunKind::Cleanup => Expectation::Restored(&known),
    };
    let claimed = Claimed { proof, services, expectation };
    let retold_since = moment.book.retold_since(&state.tenant, moment.now);
    moment.truth.holds(moment.now, &state.tenant, retold_since, &claimed).map_err(|lack| {
        format!(
            "{} {} says that tenant {} is proven {proof}, but {lack}",
            run.kind.as_str(),
            run.id,
            state.tenant
        )
    })
}

/// Whether a success rests on all that can be proven.
fn is_enough(moment: &Moment<'_>, run: &Run, state: &TenantState) -> Result<(), String> {
    let needed = needed(moment, run, state);
    if state.proof >= needed {
        return Ok(());
    }
    Err(format!(
        "{} {} says that tenant {} is a success, but it is proven {} only and {needed} is needed",
        run.kind.as_str(),
        run.id,
        state.tenant,
        state.proof
    ))
}

fn needed(moment: &Moment<'_>, run: &Run, state: &TenantState) -> Proof {
    match run.kind {
        RunKind::Release => of_services(moment, &state.tenant, &services(moment, run)),
        RunKind::Cleanup => of_what_remains(moment, run, state),
    }
}

/// All that can be proven of services in a tenant.
fn of_services(moment: &Moment<'_>, tenant: &str, services: &[&Service]) -> Proof {
    let facts = moment.truth.of(tenant);
    let pods = facts.is_some_and(|facts| services.iter().all(|service| facts.can_be_looked_into(service)));
    let looked_into = services.iter().all(|service| service.verify == Verify::Cluster);
    if looked_into && pods { Proof::DigestVerified } else { Proof::Applied }
}

/// Nothing is to be proven of a tenant into which nothing was written when the cleanup began, nor of an Application that
/// is not the one any more that it was written into.
fn of_what_remains(moment: &Moment<'_>, run: &Run, state: &TenantState) -> Proof {
    let facts = moment.truth.of(&state.tenant);
    let application = facts.and_then(|facts| facts.application.as_ref()).filter(|found| !found.is_going);
    let is_there = |claim: &Claim| {
        let written_into = claim.written.as_ref().map(|written| &written.inverse.uid);
        application.is_some_and(|application| written_into == Some(&application.uid))
    };
    let mut claims = moment.ledger.taken_back(&run.id, &state.tenant);
    if !claims.any(is_there) {
        return Proof::None;
    }
    // How closely a tenant is looked at is one for all that is taken back from it.
    let claims = moment.ledger.taken_back(&run.id, &state.tenant);
    let services: Vec<&Service> =
        claims.filter_map(|claim| moment.book.services.get(&claim.service)).collect();
    // What charts say by themselves is of a registry that nobody can ask for digests.
    of_services(moment, &state.tenant, &services).min(Proof::RolledOut)
}

fn services<'a>(moment: &Moment<'a>, run: &Run) -> Vec<&'a Service> {
    run.service.split(", ").filter_map(|name| moment.book.services.get(name)).collect()
}

/// The references of a release, with what they stood for when it was asked for.
fn released(moment: &Moment<'_>, run: &Run) -> BTreeMap<String, (String, BTreeSet<String>)> {
    // The registry is asked before the run is written down, and may take its time.
    let began = moment.book.began.get(&run.id).copied().unwrap_or(moment.now);
    let asked = began.saturating_sub(SignedDuration::from_mins(5)).unwrap_or(Timestamp::MIN);
    let image = |image: &release::image::ResolvedImage| {
        let reference = image.reference.to_string();
        let digests = moment.book.digests(&reference, asked, began);
        (image.name.clone(), (reference, digests))
    };
    run.images.iter().map(image).collect()
}

/// What an image ever stood for.
fn digests_of(moment: &Moment<'_>, image: &str) -> BTreeSet<String> {
    let mut digests = moment.book.digests(image, Timestamp::MIN, Timestamp::MAX);
    if let sandbox::oci::Pulled::Image(digest) = moment.model.registries.pull(image) {
        digests.insert(digest);
    }
    digests
}
