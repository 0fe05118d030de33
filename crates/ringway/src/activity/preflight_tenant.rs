//! Looking at everything that a tenant's override depends on. Reads only; also what `ringway plan` does.

mod reach;

use super::{cluster_failure, told};
use crate::{
    cluster::{ClusterClient, ClusterError, ClusterErrorKind, FoundApplication},
    world::World,
};
use anyhow::Context as _;
use durable::{ActivityContext, Failure};
use jiff::Timestamp;
use release::{
    application::{Application, ApplicationKey, ApplicationSet},
    image::ResolvedImage,
    overrides::{
        owner::OwnerAnnotation,
        preflight::{ApplicationUnderTest, ClaimHolder, Examined, examine},
    },
    refusal::Refusal,
    service::{ApplicationSelector, Service, ServiceApplication, Verify},
    step::{Preflight, PreflightInput, RunContext},
};

pub(super) async fn preflight_tenant(
    world: &World,
    _: &ActivityContext,
    input: PreflightInput,
) -> Result<Preflight, Failure> {
    let preflight = match look(world, &input.context, &input.service, &input.images).await {
        Ok(looked) => Ok(looked.into_preflight()),
        Err(error) => match error.downcast::<ClusterError>() {
            Ok(error) => match denied(&error) {
                Some(refusal) => Ok(Preflight::Refused { refusals: vec![refusal] }),
                // Nothing is written yet, so nothing is lost by telling at once who has to renew them.
                None if matches!(error.kind, ClusterErrorKind::Unauthorized) => {
                    Err(Failure::permanent(error.kind.code(), error.to_failure().message))
                }
                None => Err(cluster_failure(error)),
            },
            Err(error) => Err(Failure::retryable("preflight", format!("{error:#}"))),
        },
    };
    told(world, &input.context, "preflight", preflight)
}

/// The refusal for an API server that does not let us look.
pub fn denied(error: &ClusterError) -> Option<Refusal> {
    match &error.kind {
        ClusterErrorKind::Denied { verb, resource, namespace } => Some(Refusal::MissingRight {
            verb: verb.clone(),
            resource: resource.clone(),
            namespace: namespace.clone(),
            cluster: error.cluster.clone(),
        }),
        _ => None,
    }
}

/// The refusal for an API server that will not take a patch of `key` however often it is sent.
pub fn not_taken(key: &ApplicationKey, error: &ClusterError) -> Option<Refusal> {
    match &error.kind {
        ClusterErrorKind::Rejected { message } => {
            Some(Refusal::PatchRejected { application: key.clone(), message: message.clone() })
        }
        _ => denied(error),
    }
}

/// What was found about a tenant.
#[derive(Default)]
pub struct Looked {
    /// Each Application that was found, and what became of it.
    pub examined: Vec<(ApplicationKey, Examined)>,
    /// What is wrong with the tenant as a whole.
    pub refusals: Vec<Refusal>,
}

impl Looked {
    /// What it means for the tenant: one refused Application refuses it, then one without automated sync skips it.
    pub fn into_preflight(self) -> Preflight {
        let mut refusals = self.refusals;
        let (mut applications, mut notes, mut skipped) = (Vec::new(), Vec::new(), None);
        for (_, examined) in self.examined {
            match examined {
                Examined::Ready { application, notes: more, .. } => {
                    applications.push(application);
                    notes.extend(more);
                }
                Examined::Refused(more) => refusals.extend(more),
                Examined::Skipped { reason } => skipped = Some(reason),
            }
        }
        match skipped {
            _ if !refusals.is_empty() => Preflight::Refused { refusals },
            Some(reason) => Preflight::Skipped { reason },
            None => Preflight::Ready { applications, notes },
        }
    }
}

/// Looks at a tenant.
///
/// # Errors
/// If a cluster does not answer, or the ledger cannot be read.
pub async fn look(
    world: &World,
    context: &RunContext,
    service: &Service,
    images: &[ResolvedImage],
) -> anyhow::Result<Looked> {
    let mut looked = Looked::default();
    for place in &service.applications {
        let found = match find(world, place, &context.tenant).await? {
            Ok(found) => found,
            Err(refusal) => {
                looked.refusals.push(refusal);
                continue;
            }
        };
        for Found { client, key, application } in found {
            let examined =
                examine_one(world, context, service, images, place, &client, &key, &application).await?;
            if let Examined::Ready { application: planned, .. } = &examined {
                if planned.namespace.is_empty() && service.verify == Verify::Cluster {
                    looked.refusals.push(Refusal::NoNamespace { application: key.clone() });
                    continue;
                }
                let missing = reach::missing_rights(world, context, service, &client, planned).await?;
                if missing.is_empty() {
                    let application = &application.application;
                    let elsewhere = reach::another_cluster(world, service, &client, application, planned);
                    looked.refusals.extend(elsewhere.await?);
                }
                looked.refusals.extend(missing);
            }
            looked.examined.push((key, examined));
        }
    }
    Ok(looked)
}

struct Found {
    client: ClusterClient,
    key: ApplicationKey,
    application: FoundApplication,
}

/// Looks for the Applications in all instances.
async fn find(
    world: &World,
    place: &ServiceApplication,
    tenant: &str,
) -> anyhow::Result<Result<Vec<Found>, Refusal>> {
    let selector = place.select.for_tenant(tenant);
    let mut found = Vec::new();
    for instance in &world.config.argocd {
        let client = world.clusters.instance(&instance.name).await?;
        let applications = client.find_applications(&instance.namespaces, &selector).await;
        for application in
            applications.with_context(|| format!("looking for the Applications of tenant {tenant}"))?
        {
            let metadata = &application.application.metadata;
            let key = ApplicationKey {
                instance: instance.name.clone(),
                namespace: metadata.namespace.clone(),
                name: metadata.name.clone(),
            };
            found.push(Found { client: client.clone(), key, application });
        }
    }
    let text = match &selector {
        ApplicationSelector::Name(name) => name.clone(),
        ApplicationSelector::Labels(labels) => format!("with labels {labels}"),
    };
    if found.is_empty() {
        return Ok(Err(Refusal::ApplicationMissing { selector: text, searched: searched(world) }));
    }
    if matches!(selector, ApplicationSelector::Name(_)) && found.len() > 1 {
        let places: Vec<String> =
            found.iter().map(|found| format!("{} ({})", found.key, found.key.instance)).collect();
        return Ok(Err(Refusal::ApplicationAmbiguous { selector: text, found: places.join(", ") }));
    }
    Ok(Ok(found))
}

fn searched(world: &World) -> String {
    let instances = world.config.argocd.iter();
    instances
        .map(|instance| format!("Argo CD {} (namespace {})", instance.name, instance.namespaces.join(", ")))
        .collect::<Vec<_>>()
        .join(", ")
}

#[expect(clippy::too_many_arguments, reason = "everything that decides about one Application")]
async fn examine_one(
    world: &World,
    context: &RunContext,
    service: &Service,
    images: &[ResolvedImage],
    place: &ServiceApplication,
    client: &ClusterClient,
    key: &ApplicationKey,
    found: &FoundApplication,
) -> anyhow::Result<Examined> {
    let application_set = application_set(client, &found.application).await?;
    let claim = world.ledger.claim(key, &service.name)?;
    let now = world.clock.now();
    Ok(examine(&ApplicationUnderTest {
        application: &found.application,
        key,
        size_bytes: found.bytes,
        size_limit: world.config.limits.application_size_bytes,
        tenant: &context.tenant,
        service: &service.name,
        place,
        images,
        application_set: application_set.as_ref(),
        owner: &owner(world, context, claim.as_ref().map_or(now, |claim| claim.since)),
        recorded: claim.as_ref().and_then(|claim| claim.written.as_ref()?.recorded()),
        claim: claim.as_ref().map(|claim| ClaimHolder { ring: &claim.ring, since: claim.since }),
    }))
}

/// What we write into the Application about ourselves.
pub(super) fn owner(world: &World, context: &RunContext, since: Timestamp) -> OwnerAnnotation {
    OwnerAnnotation {
        ledger: world.ledger.id().to_owned(),
        ring: context.ring.clone(),
        release: context.run.clone(),
        since,
    }
}

/// The ApplicationSet that generated it, if it has one and that still exists.
async fn application_set(
    client: &ClusterClient,
    application: &Application,
) -> anyhow::Result<Option<ApplicationSet>> {
    let Some(owner) = application.application_set() else { return Ok(None) };
    let namespace = &application.metadata.namespace;
    let Some(found) = client.get_application_set(namespace, &owner.name).await? else { return Ok(None) };
    let read = serde_json::from_value(found);
    Ok(Some(read.with_context(|| format!("ApplicationSet {namespace}/{} has an unknown form", owner.name))?))
}
