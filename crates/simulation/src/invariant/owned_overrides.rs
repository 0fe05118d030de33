//! No override in the fleet without an owner in the ledger that knows how to take it back, unless others made a copy of
//! an Application with our values in it: Ringway refuses that one by name and never owned it. An Application that is being
//! deleted takes what stands in it along.

use super::Invariant;
use crate::audience::Moment;
use release::overrides::owner::OwnerAnnotation;
use serde_json::Value;

pub(super) struct OwnedOverrides;

impl Invariant for OwnedOverrides {
    fn name(&self) -> &'static str {
        "owned_overrides"
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for (name, tenant) in &moment.book.tenants {
            let Some(application) = moment.truth.of(name).and_then(|facts| facts.application.as_ref()) else {
                continue;
            };
            if application.is_going || moment.book.copies.contains(&application.uid) {
                continue;
            }
            let claims: Vec<_> = moment
                .ledger
                .claims
                .iter()
                .filter(|claim| claim.application.name == tenant.application.name && claim.written.is_some())
                .collect();
            for (service, owner) in &application.owners {
                let owned =
                    claims.iter().any(|claim| claim.service == *service && owner["ring"] == claim.ring);
                if !owned {
                    return Err(format!(
                        "Application {name} has the annotation {} of ring {}, and the ledger knows nothing of it",
                        OwnerAnnotation::key(service),
                        owner["ring"]
                    ));
                }
            }
            if let Some(value) = ring_image(&application.sources).filter(|_| claims.is_empty()) {
                return Err(format!("Application {name} says {value:?}, and the ledger knows nothing of it"));
            }
        }
        Ok(())
    }
}

/// A repository of a ring somewhere in a source; nothing else has one.
pub(crate) fn ring_image(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => text.contains("-ring-").then_some(text),
        Value::Array(list) => list.iter().find_map(ring_image),
        Value::Object(map) => map.values().find_map(ring_image),
        _ => None,
    }
}
