//! No claim is held twice: not in the ledger, not by two rings in one tenant, and nobody writes under another's claim.

use super::Invariant;
use crate::audience::Moment;
use serde_json::Value;
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
        for write in moment.writes {
            let Some((service, owner)) = written_owner(&write.patch) else { continue };
            let ring = owner["ring"].as_str().unwrap_or_default();
            let holder =
                moment.ledger.claims.iter().find(|claim| {
                    claim.application.name == write.application.name && claim.service == service
                });
            if holder.is_none_or(|claim| claim.ring != ring) {
                let holder = holder.map(|claim| &claim.ring);
                return Err(format!(
                    "request #{} writes to {} for ring {ring}, but the claim is held by {holder:?}",
                    write.number, write.application
                ));
            }
        }
        Ok(())
    }
}

/// The owner that a patch writes into an Application, and for which service. `None` for one that takes it out.
pub(super) fn written_owner(patch: &Value) -> Option<(String, Value)> {
    const POINTER: &str = "/metadata/annotations";
    let writes = patch.as_array()?.iter().filter(|operation| operation["op"] != "test");
    for operation in writes {
        let path = operation["path"].as_str().unwrap_or_default();
        let value = &operation["value"];
        let Some(rest) = path.strip_prefix(POINTER) else { continue };
        if let Some(service) = rest.strip_prefix("/owner.ringway.dev~1") {
            return Some((service.to_owned(), serde_json::from_str(value.as_str()?).ok()?));
        }
        for (key, value) in value.as_object().into_iter().flatten() {
            if let Some(service) = key.strip_prefix("owner.ringway.dev/") {
                return Some((service.to_owned(), serde_json::from_str(value.as_str()?).ok()?));
            }
        }
    }
    None
}
