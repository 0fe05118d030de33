//! No override in the fleet without an owner in the ledger that knows how to take it back, except what others put there by
//! making an Application again from a copy: that very image and that very annotation are theirs. An Application that is
//! being deleted takes what stands in it along.

use super::Invariant;
use crate::{audience::Moment, book::ring_images};
use release::overrides::owner::OwnerAnnotation;

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
            if application.is_going {
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
                if !owned && !moment.book.is_copied_owner(&application.uid, service, owner) {
                    return Err(format!(
                        "Application {name} has the annotation {} of ring {}, and the ledger knows nothing of it",
                        OwnerAnnotation::key(service),
                        owner["ring"]
                    ));
                }
            }
            let is_nobodys = |text: &&str| {
                let is_owned = claims.iter().any(|claim| is_of_ring(text, &claim.ring));
                !is_owned && !moment.book.is_copied_text(&application.uid, text)
            };
            if let Some(value) = ring_images(&application.sources).into_iter().find(is_nobodys) {
                return Err(format!("Application {name} says {value:?}, and the ledger knows nothing of it"));
            }
        }
        Ok(())
    }
}

/// Whether a reference or a repository is of a ring, such as `127.0.0.1:15000/atlas-ring-a:good-1`.
fn is_of_ring(text: &str, ring: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or(text);
    let repository = name.split([':', '@']).next().unwrap_or(name);
    repository.strip_suffix(ring).is_some_and(|rest| rest.ends_with('-'))
}
