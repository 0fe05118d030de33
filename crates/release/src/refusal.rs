//! Why a tenant is refused before anything is written, each by its own name.

use crate::{application::ApplicationKey, overrides::Writer, service::ValuePath, step::Evidence};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The code of [`Refusal::ClaimedForAnotherService`], whose first evidence names the service.
pub const CLAIMED_FOR_ANOTHER_SERVICE: &str = "claimed_for_another_service";

/// Why nothing was written. The `Display` text says what was found and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// No Argo CD instance has it.
    #[error(
        "no Application {selector} in {searched}; check the tenant's name and the service's `applications`"
    )]
    ApplicationMissing {
        /// The name or label selector that was looked for.
        selector: String,
        /// Where it was looked for: instances and namespaces.
        searched: String,
    },
    /// More than one Argo CD instance or namespace has it.
    #[error(
        "Application {selector} exists in {found}; make the name unique, or select by labels in the service's `applications`"
    )]
    ApplicationAmbiguous {
        /// The name or label selector that was looked for.
        selector: String,
        /// Where it was found.
        found: String,
    },
    /// It is going away.
    #[error(
        "Application {application} is being deleted (since {since}); leave the tenant out, or start again when it is back"
    )]
    ApplicationBeingDeleted {
        /// Which one.
        application: ApplicationKey,
        /// Since when.
        since: Timestamp,
    },
    /// The source is not rendered by Helm.
    #[error(
        "the source of Application {application} is rendered by {found}, not by Helm, so there is no value to override; check the service's `source`"
    )]
    NotHelm {
        /// Which one.
        application: ApplicationKey,
        /// What Argo CD says it is, or `nothing yet`.
        found: String,
    },
    /// Argo CD has not looked at it yet.
    #[error(
        "Argo CD has not compared Application {application} yet, so it is unknown what renders it; look at its conditions, or try again when it is compared"
    )]
    NotComparedYet {
        /// Which one.
        application: ApplicationKey,
    },
    /// No source is the one meant.
    #[error(
        "no source of Application {application} matches {wanted}; it has {found}; check the service's `source`"
    )]
    NoMatchingSource {
        /// Which one.
        application: ApplicationKey,
        /// What the service says.
        wanted: String,
        /// What sources there are.
        found: String,
    },
    /// Several sources could be meant.
    #[error(
        "several sources of Application {application} match {wanted}: {found}; say more in the service's `source`"
    )]
    SeveralMatchingSources {
        /// Which one.
        application: ApplicationKey,
        /// What the service says.
        wanted: String,
        /// What sources match.
        found: String,
    },
    /// Manifests are rendered into git first.
    #[error(
        "Application {application} uses the source hydrator: its values are rendered into git, so an override would not reach it; change the image in git"
    )]
    Hydrator {
        /// Which one.
        application: ApplicationKey,
    },
    /// Creating `valuesObject` would make Argo CD drop `values`.
    #[error(
        "Application {application} has `helm.values` and no `helm.valuesObject`: creating the latter would make Argo CD drop the former; use the strategy `parameters`"
    )]
    ValuesWouldBeDropped {
        /// Which one.
        application: ApplicationKey,
    },
    /// A value that should be text, or a map on the way to it, is something else.
    #[error(
        "the value at {path} of Application {application} is {found}, {expected} is needed; correct it, or the path in the service's `overrides`"
    )]
    UnexpectedValue {
        /// Which one.
        application: ApplicationKey,
        /// Where.
        path: ValuePath,
        /// What is there, such as `a list`.
        found: String,
        /// What is needed, such as `text`.
        expected: String,
    },
    /// Somebody else's value stands there.
    #[error("{path} of Application {application} is already set to {value:?}{}; remove it, or set `existing: replace` for this value", written_by(.writer.as_ref()))]
    ForeignValue {
        /// Which one.
        application: ApplicationKey,
        /// Where.
        path: ValuePath,
        /// What stands there.
        value: String,
        /// Who wrote it, as far as the API server knows.
        writer: Option<Writer>,
    },
    /// Another ring has the right to override this service here.
    #[error(
        "Application {application} is claimed by {ring} for this service since {since:.0}; use other tenants, or clean that ring up first: ringway cleanup --ring {ring}"
    )]
    Claimed {
        /// Which one.
        application: ApplicationKey,
        /// The ring that holds it.
        ring: String,
        /// Since when.
        since: Timestamp,
    },
    /// A ring has written the same value for another service: what it wrote is not what was there before, and put back by
    /// a cleanup of this service it would stand there without an owner.
    #[error(
        "{ring} has written the same value of Application {application} for service {service}, which it holds since {since:.0}; use other tenants, or clean that up first: ringway cleanup --ring {ring}; services that are released apart need values of their own"
    )]
    ClaimedForAnotherService {
        /// Which one.
        application: ApplicationKey,
        /// The other service.
        service: String,
        /// The ring that holds it; it may be the same.
        ring: String,
        /// Since when.
        since: Timestamp,
    },
    /// The same as [`Refusal::Claimed`], as the annotation on the Application says: of another Ringway with a ledger of its own.
    #[error(
        "Application {application} is claimed by {ring} for this service since {since:.0} by another Ringway (see the annotation owner.ringway.dev on it); use other tenants, or clean that ring up there first"
    )]
    ClaimedElsewhere {
        /// Which one.
        application: ApplicationKey,
        /// The ring that holds it.
        ring: String,
        /// Since when.
        since: Timestamp,
    },
    /// The annotation in our name says something that we do not understand.
    #[error(
        "the annotation {annotation} of Application {application} says {value:?}, which is not an owner that Ringway wrote; remove it if nothing else needs it"
    )]
    UnreadableOwner {
        /// Which one.
        application: ApplicationKey,
        /// The annotation.
        annotation: String,
        /// What it says.
        value: String,
    },
    /// Its ApplicationSet would take the override out again.
    #[error(
        "Application {application} is generated by ApplicationSet {application_set}, which would revert the override at once; add to its spec:\n{mend}"
    )]
    ApplicationSetReverts {
        /// Which one.
        application: ApplicationKey,
        /// The ApplicationSet.
        application_set: String,
        /// The YAML to add.
        mend: String,
    },
    /// Its ApplicationSet is gone. One that may not be read is a [`Refusal::MissingRight`].
    #[error(
        "Application {application} is generated by ApplicationSet {application_set}, which does not exist any more, and Kubernetes deletes what a missing owner has left; make the ApplicationSet again, take the owner reference out of the Application if it is to stay, or leave the tenant out"
    )]
    ApplicationSetUnknown {
        /// Which one.
        application: ApplicationKey,
        /// The ApplicationSet.
        application_set: String,
    },
    /// A writer known to fight for the same field manages it.
    #[error(
        "Application {application} is managed by {manager} ({evidence}), which would write the same field; let it leave this Application alone, or leave the tenant out"
    )]
    ManagedBy {
        /// Which one.
        application: ApplicationKey,
        /// What manages it.
        manager: String,
        /// The label or annotation that says so.
        evidence: String,
    },
    /// Argo CD could no longer store its status.
    #[error(
        "Application {application} takes {bytes} bytes and would take more than the limit of {limit} with the override: Argo CD might no longer be able to store it; lower its `revisionHistoryLimit` or split it"
    )]
    TooLarge {
        /// Which one.
        application: ApplicationKey,
        /// How large it is now, in bytes of JSON.
        bytes: usize,
        /// The limit for what it is with the override, in bytes.
        limit: usize,
    },
    /// The image comes from somewhere else than the service allows.
    #[error(
        "image {image} may not come from {repository}, the configuration allows {allowed}; push it there, or add the repository to `repositories` of the service"
    )]
    RepositoryNotAllowed {
        /// The image's name in the service.
        image: String,
        /// Where it comes from.
        repository: String,
        /// Where it may come from.
        allowed: String,
    },
    /// We may not do what we would have to.
    #[error(
        "Ringway may not {verb} {resource} in namespace {namespace} of cluster {cluster}; grant it (see deploy/)"
    )]
    MissingRight {
        /// Such as `patch`.
        verb: String,
        /// Such as `applications.argoproj.io`.
        resource: String,
        /// Where.
        namespace: String,
        /// Which cluster: an Argo CD instance or a tenant's cluster.
        cluster: String,
    },
    /// The API server does not take the patch, whoever may send it.
    #[error(
        "the API server rejects the override of Application {application}: {message}; change what rejects it, or leave the tenant out"
    )]
    PatchRejected {
        /// Which one.
        application: ApplicationKey,
        /// What the API server said: the admission policy or the rule of the schema.
        message: String,
    },
    /// Its workloads cannot be found without knowing where they are.
    #[error(
        "Application {application} has no `destination.namespace`, so its pods cannot be found; set it, or release the service with `verify: argocd`"
    )]
    NoNamespace {
        /// Which one.
        application: ApplicationKey,
    },
    /// Its workloads are not where they would be looked for.
    #[error(
        "Application {application} deploys to {destination}: {workload}, which Argo CD calls in sync there, is not in the cluster of Argo CD {cluster}, where `tenantClusters` says that tenants run; name the contexts of their clusters with `access: contexts`, or release the service with `verify: argocd`"
    )]
    AnotherCluster {
        /// Which one.
        application: ApplicationKey,
        /// The cluster that it deploys to, by name or address.
        destination: String,
        /// What was looked for.
        workload: String,
        /// The Argo CD instance in whose cluster it was looked for.
        cluster: String,
    },
    /// It was recorded for another object of the same name.
    #[error(
        "Application {application} was deleted and created again since it was overridden; clean the tenant up first with ringway cleanup --tenants"
    )]
    Recreated {
        /// Which one.
        application: ApplicationKey,
    },
    /// What was overridden is not the source that is meant now.
    #[error(
        "Application {application} was overridden in the source {recorded}, and the source that is meant now is {found}; clean the tenant up first with ringway cleanup --tenants"
    )]
    SourceChanged {
        /// Which one.
        application: ApplicationKey,
        /// The source that was written to.
        recorded: String,
        /// The source that would be written to.
        found: String,
    },
}

impl Refusal {
    /// A stable name to branch on; the same as in stored data.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ApplicationMissing { .. } => "application_missing",
            Self::ApplicationAmbiguous { .. } => "application_ambiguous",
            Self::ApplicationBeingDeleted { .. } => "application_being_deleted",
            Self::NotHelm { .. } => "not_helm",
            Self::NotComparedYet { .. } => "not_compared_yet",
            Self::NoMatchingSource { .. } => "no_matching_source",
            Self::SeveralMatchingSources { .. } => "several_matching_sources",
            Self::Hydrator { .. } => "hydrator",
            Self::ValuesWouldBeDropped { .. } => "values_would_be_dropped",
            Self::UnexpectedValue { .. } => "unexpected_value",
            Self::ForeignValue { .. } => "foreign_value",
            Self::Claimed { .. } => "claimed",
            Self::ClaimedForAnotherService { .. } => CLAIMED_FOR_ANOTHER_SERVICE,
            Self::ClaimedElsewhere { .. } => "claimed_elsewhere",
            Self::UnreadableOwner { .. } => "unreadable_owner",
            Self::ApplicationSetReverts { .. } => "application_set_reverts",
            Self::ApplicationSetUnknown { .. } => "application_set_unknown",
            Self::ManagedBy { .. } => "managed_by",
            Self::TooLarge { .. } => "too_large",
            Self::RepositoryNotAllowed { .. } => "repository_not_allowed",
            Self::MissingRight { .. } => "missing_right",
            Self::PatchRejected { .. } => "patch_rejected",
            Self::NoNamespace { .. } => "no_namespace",
            Self::AnotherCluster { .. } => "another_cluster",
            Self::Recreated { .. } => "recreated",
            Self::SourceChanged { .. } => "source_changed",
        }
    }

    /// What shows it, where that is more than the sentence says.
    pub fn evidence(&self) -> Vec<Evidence> {
        match self {
            Self::ClaimedForAnotherService { application, service, since, .. } => vec![Evidence {
                object: format!("Application {application}"),
                field: "service".to_owned(),
                value: service.clone(),
                since: Some(*since),
            }],
            _ => Vec::new(),
        }
    }
}

fn written_by(writer: Option<&Writer>) -> String {
    match writer {
        Some(Writer { manager, at: Some(at) }) => {
            format!(" (written by {manager}, which last wrote at {at})")
        }
        Some(Writer { manager, at: None }) => format!(" (written by {manager})"),
        None => String::new(),
    }
}
