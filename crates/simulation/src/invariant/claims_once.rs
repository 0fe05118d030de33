//! No claim is held twice: not in the ledger, not by two rings in one tenant, and nobody writes under another's claim. What
//! stands there is taken out by a cleanup that is about it, and by nobody else.

use super::Invariant;
use crate::{
    audience::Moment,
    book::{Deed, Write},
};
use std::collections::BTreeMap;

pub(super) struct ClaimsOnce;

impl Invariant for ClaimsOnce {
    fn name(&self) -> &'static str {
        "claims_once"
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        let mut rings: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for claim in &moment.ledger.claims {
            let held = rings.insert((&claim.tenant, &claim.service), &claim.ring);
            if held.is_some_and(|ring| ring != claim.ring) {
                let (tenant, service, ring) = (&claim.tenant, &claim.service, &claim.ring);
                return Err(format!(
                    "service {service} of tenant {tenant} is held by {held:?} and by {ring}"
                ));
            }
        }
        moment.writes.iter().try_for_each(|write| match &write.deed {
            Deed::Override { service, owner } => {
                is_held(moment, write, service, owner["ring"].as_str().unwrap_or_default())
            }
            Deed::Removal { service } => is_taken_back(moment, write, service.as_deref()),
            Deed::Nothing => Ok(()),
        })
    }
}

fn is_held(moment: &Moment<'_>, write: &Write, service: &str, ring: &str) -> Result<(), String> {
    let mut claims = moment.ledger.claims.iter();
    let holder =
        claims.find(|claim| claim.application.name == write.application.name && claim.service == service);
    if holder.is_some_and(|claim| claim.ring == ring) {
        return Ok(());
    }
    let (number, application) = (write.number, &write.application);
    let holder = holder.map(|claim| &claim.ring);
    Err(format!(
        "request #{number} writes to {application} for ring {ring}, but the claim is held by {holder:?}"
    ))
}

fn is_taken_back(moment: &Moment<'_>, write: &Write, service: Option<&str>) -> Result<(), String> {
    if moment.ledger.cleanups_of(&write.application.name, service).next().is_some() {
        return Ok(());
    }
    let (number, application) = (write.number, &write.application);
    Err(format!(
        "request #{number} takes values of service {service:?} out of {application}, and no cleanup is about them"
    ))
}
