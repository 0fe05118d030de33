//! Beginning a release: everything that is decided before the workflow runs, and that it then depends on.

use crate::{
    config::Config,
    error::{RefusedError, UsageError},
    freeze::refuse_if_frozen,
    ledger::Run,
    owner::Owner,
    request::{Answer, ReleaseRequest},
    world::World,
};
use anyhow::Context as _;
use release::{
    image::{Availability, ImageReference, ResolvedImage},
    overrides::preflight::check_repository,
    report::RunKind,
    service::{Service, ServiceImage},
    verdict::Stop,
    workflow::release::ReleaseInput,
};
use tokio::sync::MutexGuard;

/// Begins the release that was asked for, or goes on with the same one if it has not ended.
///
/// # Errors
/// [`UsageError`] if the request names what the configuration does not know, [`RefusedError`] if an image may not be
/// released or the service is frozen, and others if registry, ledger or engine cannot be used. Nothing has begun then.
pub async fn release(owner: &Owner, request: ReleaseRequest) -> anyhow::Result<Answer> {
    let world = owner.world();
    let service = service(&world.config, &request.service)?;
    let assigned = assign(service, &request.images)?;
    // First, because whether a registry answers does not matter then. What is under way goes on all the same.
    if same(world, &request, assigned.iter().map(|(_, reference)| reference))?.is_none() {
        refuse_if_frozen(&world.ledger, &request.service)?;
    }
    let _turn = owner.turn(&request.ring, &request.service).await;
    let resolved = ask(world, service, &assigned).await?;
    let beginning = owner.beginning().await;
    let images = match resolved {
        Ok(images) => images,
        Err(why) => {
            // What has begun knows its digests. Only what begins must know that its images are there.
            let references = assigned.iter().map(|(_, reference)| reference);
            let Some(run) = same(world, &request, references)? else { return Err(RefusedError(why).into()) };
            owner.say(&format!("{why}; release {} goes on with the digests that it began with", run.id));
            return go_on(world, &request, run.id);
        }
    };
    if let Some(run) = unfinished(world, &request, &images)? {
        return go_on(world, &request, run);
    }
    let id = world.ledger.new_run_id(world.clock.now())?;
    let _beginning = supersede(owner, beginning, &request, &id).await?;
    let input = ReleaseInput {
        run: id.clone(),
        ring: request.ring.clone(),
        service: effective(world, service),
        images,
        tenants: request.tenants.clone(),
        max_parallel: request.max_parallel.map(usize::from),
        all_or_nothing: request.all_or_nothing || world.config.limits.all_or_nothing,
        deadlines: world.config.deadlines.clone(),
    };
    owner.begin_release(input, request.cohort, request.origin).await.context("beginning the release")?;
    Ok(Answer::Begun { run: id, continued: false })
}

/// Answers with a release that goes on. The same images go to the same tenants, so what it proves holds for the newer commit
/// and label as well. Otherwise the pull request would look for a release of them, find none, and ask for one again and
/// again. What a person asks for once more stays what the pull request asked for.
fn go_on(world: &World, request: &ReleaseRequest, run: String) -> anyhow::Result<Answer> {
    if let Some(origin) = &request.origin {
        world.ledger.record_origin(&run, origin)?;
    }
    Ok(Answer::Begun { run, continued: true })
}

/// The service by name.
///
/// # Errors
/// [`UsageError`] with the names that there are.
pub fn service<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Service> {
    config.services.get(name).ok_or_else(|| {
        let known: Vec<&str> = config.services.keys().map(String::as_str).collect();
        UsageError(format!(
            "--service: there is no service {name:?} in the configuration; it has {}",
            known.join(", ")
        ))
        .into()
    })
}

/// The service as it can be proven here: without access to tenants' clusters only as far as Argo CD says.
pub fn effective(world: &World, service: &Service) -> Service {
    let mut service = service.clone();
    if world.config.tenant_clusters == crate::config::TenantClusters::None {
        service.verify = release::service::Verify::Argocd;
    }
    service
}

/// Which reference is for which image of the service.
///
/// # Errors
/// [`UsageError`] for a text that is no reference, an unknown name, and an image that is missing or given twice;
/// [`RefusedError`] for a repository that is not allowed.
pub fn assign<'a>(
    service: &'a Service,
    images: &[String],
) -> anyhow::Result<Vec<(&'a ServiceImage, ImageReference)>> {
    let mut given: Vec<(&ServiceImage, ImageReference)> = Vec::new();
    for text in images {
        let (image, reference) = assign_one(service, text)?;
        if given.iter().any(|(other, _)| other.name == image.name) {
            return Err(UsageError(format!("--image {text}: image {} is given twice", image.name)).into());
        }
        check_repository(image, &reference).map_err(|refusal| RefusedError(refusal.to_string()))?;
        given.push((image, reference));
    }
    let missing: Vec<&str> = service
        .images
        .iter()
        .filter(|image| given.iter().all(|(other, _)| other.name != image.name))
        .map(|image| image.name.as_str())
        .collect();
    if !missing.is_empty() {
        let message = format!(
            "--image: service {} has several images built from one commit, and {} is missing; forgetting one would leave tenants on two versions",
            service.name,
            missing.join(", ")
        );
        return Err(UsageError(message).into());
    }
    Ok(given)
}

fn assign_one<'a>(service: &'a Service, text: &str) -> anyhow::Result<(&'a ServiceImage, ImageReference)> {
    let names = || service.images.iter().map(|image| image.name.as_str()).collect::<Vec<_>>().join(", ");
    let (name, reference) = match text.split_once('=') {
        Some((name, reference)) => (Some(name), reference),
        None => (None, text),
    };
    let reference: ImageReference =
        reference.parse().map_err(|error| UsageError(format!("--image {text}: {error}")))?;
    let image = match (name, service.images.as_slice()) {
        (Some(name), images) => images.iter().find(|image| image.name == name).ok_or_else(|| {
            UsageError(format!(
                "--image {text}: service {} has no image {name:?}; it has {}",
                service.name,
                names()
            ))
        })?,
        (None, [only]) => only,
        (None, images) => {
            let mut matching = images.iter().filter(|image| {
                image.repositories.iter().any(|pattern| pattern.matches(reference.repository()))
            });
            match (matching.next(), matching.next()) {
                (Some(image), None) => image,
                _ => {
                    let message = format!(
                        "--image {text}: which image of service {} is it? Write NAME={text} with one of {}",
                        service.name,
                        names()
                    );
                    return Err(UsageError(message).into());
                }
            }
        }
    };
    Ok((image, reference))
}

/// Asks the registry what the references stand for. Only what is present goes on.
///
/// # Errors
/// [`RefusedError`] with what the registry said, or that it cannot say, and what to do.
pub async fn resolve(
    world: &World,
    service: &Service,
    images: &[(&ServiceImage, ImageReference)],
) -> anyhow::Result<Vec<ResolvedImage>> {
    ask(world, service, images).await?.map_err(|why| RefusedError(why).into())
}

/// Asks the registry what the references stand for. Only what is present goes on; why the registry cannot say is given
/// back, since that is no word about the images.
///
/// # Errors
/// [`RefusedError`] with what the registry said and what to do.
async fn ask(
    world: &World,
    service: &Service,
    images: &[(&ServiceImage, ImageReference)],
) -> anyhow::Result<Result<Vec<ResolvedImage>, String>> {
    let mut resolved = Vec::new();
    for (image, reference) in images {
        match world.registry.resolve(reference, &image.platforms).await {
            Availability::Present(digests) => {
                resolved.push(ResolvedImage {
                    name: image.name.clone(),
                    reference: reference.clone(),
                    digests,
                });
            }
            other => {
                let message = format!("service {}: {}", service.name, other.explain(reference));
                return match other {
                    Availability::Unknown { .. } => Ok(Err(message)),
                    _ => Err(RefusedError(message).into()),
                };
            }
        }
    }
    // In the order of the service, so that the same images always make the same release.
    resolved.sort_by_key(|image| service.images.iter().position(|known| known.name == image.name));
    Ok(Ok(resolved))
}

/// The unfinished release of the same ring, service, references and tenants.
fn same<'a>(
    world: &World,
    request: &ReleaseRequest,
    references: impl Iterator<Item = &'a ImageReference>,
) -> anyhow::Result<Option<Run>> {
    let references: Vec<ImageReference> = references.cloned().collect();
    Ok(world.ledger.unfinished_release(&request.ring, &request.service, &references, &request.tenants)?)
}

/// The same, if its tags still stand for what was recorded.
fn unfinished(
    world: &World,
    request: &ReleaseRequest,
    images: &[ResolvedImage],
) -> anyhow::Result<Option<String>> {
    let found = same(world, request, images.iter().map(|image| &image.reference))?;
    let Some(run) = found else { return Ok(None) };
    for (recorded, now) in run.images.iter().zip(images) {
        if let Some(moved) = release::image::compare(recorded, &now.digests) {
            let message = format!(
                "release {} of the same things is unfinished, and {moved}; cancel it first: ringway release cancel {}",
                run.id, run.id
            );
            return Err(RefusedError(message).into());
        }
    }
    Ok(Some(run.id))
}

/// Tells unfinished releases of the same ring and service, for tenants of this one, that this one takes over, and
/// waits until they have ended: two releases never write to one tenant at the same time. Gives back the right to begin.
async fn supersede<'a>(
    owner: &'a Owner,
    mut beginning: MutexGuard<'a, ()>,
    request: &ReleaseRequest,
    by: &str,
) -> anyhow::Result<MutexGuard<'a, ()>> {
    let stop = Stop::Supersede { by: by.to_owned() };
    loop {
        refuse_if_frozen(&owner.world().ledger, &request.service)?;
        let older = in_the_way(owner.world(), request)?;
        if older.is_empty() {
            return Ok(beginning);
        }
        for run in &older {
            owner.say(&format!("release {run} of the same ring ends: this one takes over"));
        }
        beginning = owner.make_way(beginning, &older, &stop).await?;
    }
}

/// The unfinished releases of the same ring and service for tenants of this one.
///
/// # Errors
/// [`RefusedError`] if a cleanup of some of these tenants is under way.
fn in_the_way(world: &World, request: &ReleaseRequest) -> anyhow::Result<Vec<String>> {
    let mut releases = Vec::new();
    for run in world.ledger.unfinished_runs_of_ring(&request.ring, &request.service)? {
        match run.kind {
            _ if !run.tenants.iter().any(|tenant| request.tenants.contains(tenant)) => {}
            RunKind::Cleanup => return Err(RefusedError(crate::start_cleanup::in_the_way(&run)).into()),
            RunKind::Release => releases.push(run.id),
        }
    }
    Ok(releases)
}

#[cfg(test)]
mod tests;
