//! In the calm, a release of an image that runs goes onto each tenant that can take it; onto the others it does not, and
//! that is called what it is. Nothing else would notice a Ringway that refuses, skips or fails whatever it is asked for.
//!
//! What has to become of a tenant follows from its objects and from what the service says. Whoever is not at rest before
//! the release begins is not judged.

use crate::{book::ring_images, truth::Facts};
use release::{
    service::{ExistingValue, ImageOverride, ImageValues, Service, Strategy, ValuePath, Verify},
    verdict::TenantVerdict,
};
use ringway::ledger::TenantState;
use sandbox::fleet::Owner;
use serde_json::Value;

pub(super) const NAME: &str = "can_be_released";

/// A tenant before a release, and what it would get.
pub(crate) struct Case<'a> {
    /// Its Application's spec; `None` if somebody has deleted it.
    pub(crate) spec: Option<&'a Value>,
    /// What owns the Application, if something does.
    pub(crate) owner: Option<Owner>,
    /// Its workloads and pods.
    pub(crate) facts: &'a Facts,
    /// What is released.
    pub(crate) service: &'a Service,
    /// Whether its pods come up with the image: that it runs, and may be pulled there.
    pub(crate) comes_up: bool,
    /// Whether the nodes say which digest runs.
    pub(crate) digests_are_known: bool,
}

impl Case<'_> {
    /// How a release has to end; `None` if that cannot be said.
    pub(crate) fn verdict(&self) -> Option<TenantVerdict> {
        let Some(spec) = self.spec else { return Some(TenantVerdict::Refused) };
        if spec.pointer("/syncPolicy/automated").is_none_or(Value::is_null) {
            return Some(TenantVerdict::Skipped);
        }
        if self.owner == Some(Owner::ApplicationSet) || self.overrides().any(|wanted| is_taken(spec, wanted))
        {
            return Some(TenantVerdict::Refused);
        }
        // A parent that compares what is written undoes it, and one that does not leaves it: both is warned of, not refused.
        // And somebody may have put a copy there with an image of a ring in it, of which pods run that never come up.
        let is_as_usual = self.owner.is_none() && ring_images(spec).is_empty();
        if !is_as_usual || !self.facts.is_at_rest() {
            return None;
        }
        let pods = self.facts.may_get_new_pods(self.service);
        match self.service.verify {
            // Argo CD alone is asked, and it is not judged here what it makes of pods that do not come up.
            Verify::Argocd => (self.comes_up || !pods).then_some(TenantVerdict::Success),
            Verify::Cluster if !pods => Some(TenantVerdict::Success),
            Verify::Cluster => {
                let replaced = !self.facts.waits_for_somebody(self.service);
                let proven = self.comes_up && self.digests_are_known && replaced;
                Some(if proven { TenantVerdict::Success } else { TenantVerdict::Failed })
            }
        }
    }

    fn overrides(&self) -> impl Iterator<Item = &ImageOverride> {
        self.service.applications.iter().flat_map(|application| &application.overrides)
    }
}

/// What is otherwise than it has to be.
///
/// # Errors
/// What, and why it has to be otherwise.
pub(crate) fn judge(state: &TenantState, wanted: TenantVerdict, case: &str) -> Result<(), String> {
    if state.verdict == Some(wanted) {
        return Ok(());
    }
    let (tenant, run, found) = (&state.tenant, &state.run, state.verdict);
    let problem = state.problem.as_ref();
    let why = problem.map(|problem| format!("{}: {}", problem.code, problem.message)).unwrap_or_default();
    Err(format!("tenant {tenant} of {run} must be {wanted:?} and is {found:?} ({why}): {case}"))
}

/// Whether somebody else's value stands where one is to be written, or would win over it.
fn is_taken(spec: &Value, wanted: &ImageOverride) -> bool {
    let source = spec.pointer("/sources/0").unwrap_or(&spec["source"]);
    let helm = &source["helm"];
    let is_parameter = |path: &ValuePath| {
        let parameters = helm["parameters"].as_array().into_iter().flatten();
        parameters.filter_map(|one| one["name"].as_str()).any(|name| name == path.to_string())
    };
    let paths: Vec<&ValuePath> = match &wanted.values {
        ImageValues::RepositoryAndTag { repository, tag } => vec![repository, tag],
        ImageValues::Reference(path) => vec![path],
    };
    match wanted.strategy {
        Strategy::Parameters => paths.into_iter().any(is_parameter),
        Strategy::ValuesObject => {
            let stands = |path: &ValuePath| {
                helm["valuesObject"].pointer(&path.pointer("")).is_some_and(|value| !value.is_null())
            };
            let would_be_dropped = helm["valuesObject"].is_null() && !helm["values"].is_null();
            let refuses = wanted.existing == ExistingValue::Refuse;
            would_be_dropped || paths.into_iter().any(|path| is_parameter(path) || refuses && stands(path))
        }
    }
}
