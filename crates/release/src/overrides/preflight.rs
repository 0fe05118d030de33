//! Looking at one Application before anything is written to it: every reason not to, each by its name.

mod application_set;
pub mod elsewhere;
mod managers;

use super::{
    Inverse, LeafChange, OverridePlan, SourceIdentity, Wanted, WantedLeaf,
    owner::OwnerAnnotation,
    patch,
    plan::{find_source, plan_in},
    source::source_at,
};
use crate::{
    application::{Application, ApplicationKey, ApplicationSet, Source},
    image::{ImageReference, ResolvedImage},
    refusal::Refusal,
    service::{ImageValues, ServiceApplication, ServiceImage, Strategy, ValuePath},
    step::{ExpectedWorkload, PlannedApplication},
};
use jiff::Timestamp;
use serde_json::Value;

/// The size that an Application may have after the patch, in bytes of JSON: etcd stores at most 1.5 MiB, and Argo CD adds its
/// status of every sync to the same object.
pub const DEFAULT_SIZE_LIMIT: usize = 1_300_000;
/// The size from which a person is warned, in bytes of JSON.
const SIZE_WARNING: usize = 1_000_000;

/// An Application and everything that decides whether it may be overridden.
#[derive(Debug, Clone, Copy)]
pub struct ApplicationUnderTest<'a> {
    /// The Application.
    pub application: &'a Application,
    /// Where it is.
    pub key: &'a ApplicationKey,
    /// How large it is, in bytes of JSON.
    pub size_bytes: usize,
    /// How large it may be after the patch, in bytes of JSON; see [`DEFAULT_SIZE_LIMIT`].
    pub size_limit: usize,
    /// The tenant's name.
    pub tenant: &'a str,
    /// The service's name.
    pub service: &'a str,
    /// What the service says about this Application.
    pub place: &'a ServiceApplication,
    /// The images to release. Images of the service that are not among them are left as they are.
    pub images: &'a [ResolvedImage],
    /// The ApplicationSet that generated it. `None`: it has none, or that is gone.
    pub application_set: Option<&'a ApplicationSet>,
    /// Who is about to override it: our ledger, ring and release.
    pub owner: &'a OwnerAnnotation,
    /// How to take an override back that the ledger knows of already.
    pub recorded: Option<&'a Inverse>,
    /// The claim that the ledger knows of.
    pub claim: Option<ClaimHolder<'a>>,
}

/// Who holds the claim on a service of an Application.
#[derive(Debug, Clone, Copy)]
pub struct ClaimHolder<'a> {
    /// The ring.
    pub ring: &'a str,
    /// Since when.
    pub since: Timestamp,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "made once per Application and taken apart at once")]
pub enum Examined {
    /// It can be overridden.
    Ready {
        /// What is to be done.
        application: PlannedApplication,
        /// How: the patch as it would be now.
        plan: OverridePlan,
        /// What a person should know although nothing is wrong.
        notes: Vec<String>,
    },
    /// It must not be written to, for at least one reason.
    Refused(Vec<Refusal>),
    /// Automated sync is off, so an override would change nothing.
    Skipped {
        /// Which Application says so.
        reason: String,
    },
}

/// Examines one Application.
pub fn examine(facts: &ApplicationUnderTest<'_>) -> Examined {
    let (application, key) = (facts.application, facts.key);
    if !application.is_automated() {
        return Examined::Skipped {
            reason: format!(
                "automated sync of Application {key} is off, so Argo CD would not apply an override by itself"
            ),
        };
    }
    let wanted = wanted(facts.service, facts.place, facts.images);
    let source = about_the_source(facts, &wanted);
    let patch = source.as_ref().map_or(&[][..], |(plan, _)| plan.patch.as_slice());
    let mut refusals = about_the_object(facts, patch::size_after(facts.size_bytes, patch));
    let (plan, mut notes) = match source {
        Ok(found) if refusals.is_empty() => found,
        Ok(_) => return Examined::Refused(refusals),
        Err(more) => {
            refusals.extend(more);
            return Examined::Refused(refusals);
        }
    };
    if facts.size_bytes > SIZE_WARNING {
        notes.push(format!(
            "Application {key} takes {} bytes; with an override that makes it more than {} it would be refused",
            facts.size_bytes, facts.size_limit
        ));
    }
    Examined::Ready { application: planned_application(facts, wanted), plan, notes }
}

/// What should stand in an Application of the service when these images are released.
pub fn wanted(service: &str, place: &ServiceApplication, images: &[ResolvedImage]) -> Wanted {
    let mut leaves: Vec<WantedLeaf> = Vec::new();
    for place in &place.overrides {
        let Some(image) = images.iter().find(|image| image.name == place.image) else { continue };
        for (path, value) in values(&place.values, &image.reference) {
            let leaf = WantedLeaf { strategy: place.strategy, path, value, existing: place.existing };
            if !leaves.contains(&leaf) {
                leaves.push(leaf);
            }
        }
    }
    Wanted { service: service.to_owned(), source: place.source.clone(), leaves }
}

fn values(places: &ImageValues, reference: &ImageReference) -> Vec<(ValuePath, String)> {
    match places {
        ImageValues::RepositoryAndTag { repository, tag } => vec![
            (repository.clone(), reference.repository().to_owned()),
            (tag.clone(), reference.tag().to_owned()),
        ],
        ImageValues::Reference(path) => vec![(path.clone(), reference.to_string())],
    }
}

/// The workloads of one tenant that prove these images.
pub fn expected_workloads(
    tenant: &str,
    place: &ServiceApplication,
    images: &[ResolvedImage],
) -> Vec<ExpectedWorkload> {
    let mut workloads: Vec<ExpectedWorkload> = Vec::new();
    for place in &place.overrides {
        let Some(image) = images.iter().find(|image| image.name == place.image) else { continue };
        for workload in place.workloads.iter().map(|workload| workload.for_tenant(tenant)) {
            let expected = ExpectedWorkload {
                kind: workload.kind,
                name: workload.name,
                container: workload.container,
                image: image.reference.to_string(),
                digests: Some(image.digests.clone()),
            };
            if !workloads.contains(&expected) {
                workloads.push(expected);
            }
        }
    }
    workloads
}

/// Whether an image may be released from where it comes from.
///
/// # Errors
///
/// If none of the image's allowed repositories is it.
pub fn check_repository(image: &ServiceImage, reference: &ImageReference) -> Result<(), Refusal> {
    if image.repositories.iter().any(|pattern| pattern.matches(reference.repository())) {
        return Ok(());
    }
    let allowed: Vec<&str> = image.repositories.iter().map(|pattern| pattern.0.as_str()).collect();
    Err(Refusal::RepositoryNotAllowed {
        image: image.name.clone(),
        repository: reference.repository().to_owned(),
        allowed: if allowed.is_empty() { "no repository".to_owned() } else { allowed.join(", ") },
    })
}

fn planned_application(facts: &ApplicationUnderTest<'_>, wanted: Wanted) -> PlannedApplication {
    PlannedApplication {
        key: facts.key.clone(),
        uid: facts.application.metadata.uid.clone(),
        namespace: facts.application.spec.destination.namespace.clone(),
        wanted,
        workloads: expected_workloads(facts.tenant, facts.place, facts.images),
    }
}

/// What speaks against the object as a whole, which would have `size_after` bytes of JSON after the patch.
fn about_the_object(facts: &ApplicationUnderTest<'_>, size_after: usize) -> Vec<Refusal> {
    let application = || facts.key.clone();
    let mut refusals = Vec::new();
    if let Some(since) = facts.application.metadata.deletion_timestamp {
        refusals.push(Refusal::ApplicationBeingDeleted { application: application(), since });
    }
    if let Some(claim) = facts.claim.filter(|claim| claim.ring != facts.owner.ring) {
        let (ring, since) = (claim.ring.to_owned(), claim.since);
        refusals.push(Refusal::Claimed { application: application(), ring, since });
    }
    if size_after > facts.size_limit {
        refusals.push(Refusal::TooLarge {
            application: application(),
            bytes: facts.size_bytes,
            limit: facts.size_limit,
        });
    }
    refusals.extend(managers::refuse(facts.application, facts.key));
    refusals
}

/// What speaks against the source that would be written to; if nothing does, the plan and what to know about it.
fn about_the_source(
    facts: &ApplicationUnderTest<'_>,
    wanted: &Wanted,
) -> Result<(OverridePlan, Vec<String>), Vec<Refusal>> {
    let (application, key) = (facts.application, facts.key);
    if application.spec.source_hydrator.is_some() {
        return Err(vec![Refusal::Hydrator { application: key.clone() }]);
    }
    let identity = find_source(application, key, &wanted.source).map_err(|refusal| vec![refusal])?;
    let mut refusals: Vec<Refusal> = not_helm(application, key, &identity).into_iter().collect();
    let mut notes = Vec::new();
    match application_set::examine(facts, wanted, &identity) {
        Ok(found) => notes.extend(found),
        Err(refusal) => refusals.push(refusal),
    }
    match plan_in(application, key, wanted, &identity, facts.recorded, facts.owner) {
        Ok(plan) if refusals.is_empty() => {
            notes.extend(managers::parent(application, key, wanted, &identity));
            notes.extend(about_the_values(application, key, wanted, &identity, &plan));
            Ok((plan, notes))
        }
        Ok(_) => Err(refusals),
        Err(more) => {
            refusals.extend(more);
            Err(refusals)
        }
    }
}

fn not_helm(application: &Application, key: &ApplicationKey, identity: &SourceIdentity) -> Option<Refusal> {
    let status = &application.status;
    let kind = match identity.index {
        Some(index) => status.source_types.get(index).map_or("", String::as_str),
        None => status.source_type.as_str(),
    };
    match kind {
        "Helm" => None,
        "" => Some(Refusal::NotComparedYet { application: key.clone() }),
        other => Some(Refusal::NotHelm { application: key.clone(), found: other.to_owned() }),
    }
}

/// What a person should know about the tenant's own values.
fn about_the_values(
    application: &Application,
    key: &ApplicationKey,
    wanted: &Wanted,
    identity: &SourceIdentity,
    plan: &OverridePlan,
) -> Vec<String> {
    let mut notes: Vec<String> =
        plan.changes.iter().filter_map(|change| replaced(key, change, plan)).collect();
    let helm = source_at(application, identity).and_then(Source::helm);
    let has_text =
        helm.and_then(|helm| helm.get("values")).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if has_text && helm.is_some_and(|helm| patch::child(helm, "valuesObject").is_some()) {
        notes.push(format!(
            "Application {key} has `helm.values` next to `helm.valuesObject`; Argo CD ignores the former"
        ));
    } else if has_text && wanted.leaves.iter().any(|leaf| leaf.strategy == Strategy::Parameters) {
        notes.push(format!(
            "Application {key} has `helm.values`, which is not looked into; what it says about the overridden values has no effect while the override is there"
        ));
    }
    notes
}

/// A value of the tenant that is replaced, for people.
fn replaced(key: &ApplicationKey, change: &LeafChange, plan: &OverridePlan) -> Option<String> {
    let before = change.before.as_ref()?;
    let leaf = plan.inverse.leaves.iter().find(|leaf| leaf.is_for(change.strategy, &change.path))?;
    // Without something before, what is replaced is an earlier value of ours.
    leaf.before.as_ref()?;
    Some(format!(
        "{} of Application {key} is {before:?} and is replaced; the cleanup restores what was there first",
        change.path
    ))
}

#[cfg(test)]
mod tests;
