//! After a cleanup every Application's spec is what it was before, except what others changed.

use super::Invariant;
use crate::{
    audience::Moment,
    book::{Book, Tenant, ring_images},
    view::News,
};
use release::{report::RunKind, verdict::TenantVerdict};
use sandbox::Model;
use serde_json::Value;

pub(super) const NAME: &str = "restored";

/// Looks at every tenant that a cleanup calls a success, at that moment.
#[derive(Default)]
pub(super) struct GivenBack;

impl Invariant for GivenBack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for news in moment.news {
            let News::Tenant { run, tenant, verdict: TenantVerdict::Success } = news else { continue };
            let Some((run, _)) = moment.ledger.tenant(run, tenant) else { continue };
            if run.kind != RunKind::Cleanup {
                continue;
            }
            let still = moment.ledger.claims.iter().find(|claim| {
                claim.tenant == *tenant
                    && run.service.split(", ").any(|service| service == claim.service)
                    && run.ring.split(", ").any(|ring| ring == claim.ring)
                    && claim.written.is_some()
            });
            // A release of the ring that begins right afterwards may have taken it again.
            if let Some(claim) = still.filter(|claim| claim.run <= run.id) {
                return Err(format!(
                    "cleanup {} of tenant {tenant} succeeded, but claim {claim:?} is left",
                    run.id
                ));
            }
        }
        Ok(())
    }
}

/// Compares all specs with what they were before and what others made of them. For the end, when nobody holds anything.
///
/// # Errors
/// The first difference.
pub(crate) fn compare(model: &Model, book: &Book) -> Result<(), String> {
    book.tenants.iter().try_for_each(|(name, tenant)| given_back(model, name, tenant))
}

fn given_back(model: &Model, name: &str, tenant: &Tenant) -> Result<(), String> {
    let spec = model.get(&tenant.application).map(|object| &object["spec"]);
    match (spec, &tenant.expected) {
        (None, None) => Ok(()),
        (Some(found), Some(expected)) if comparable(found) == comparable(expected) => Ok(()),
        (Some(found), Some(expected)) => {
            let left = ring_images(found).first().map(|value| format!(" (it still says {value:?})"));
            let left = left.unwrap_or_default();
            Err(format!("Application {name} should be {expected} again, but is {found}{left}"))
        }
        (None, Some(_)) => Err(format!("Application {name} is gone, and nobody but Ringway touched it")),
        (Some(found), None) => Err(format!("Application {name} was deleted, but is there again: {found}")),
    }
}

/// A spec for comparing: the order of parameters is of no meaning, as long as no name is there twice.
fn comparable(spec: &Value) -> Value {
    let mut spec = spec.clone();
    sort_parameters(&mut spec);
    spec
}

fn sort_parameters(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::Array(list) if key == "parameters" => list.sort_by_key(ToString::to_string),
                    _ => sort_parameters(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(sort_parameters),
        _ => {}
    }
}
