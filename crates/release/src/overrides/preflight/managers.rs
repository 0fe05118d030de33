//! Others that write Applications: those that would fight for the same field, and parents that may take it back.

use crate::{
    application::{Application, ApplicationKey},
    overrides::{SourceIdentity, Wanted, leaf, patch, source::source_at},
    refusal::Refusal,
};

/// Annotations of programs that set image values themselves, and whose they are.
const RIVALS: [(&str, &str); 2] = [
    ("argocd-image-updater.argoproj.io/image-list", "Argo CD Image Updater"),
    ("kargo.akuity.io/authorized-stage", "Kargo"),
];

/// Which of them manage this Application.
pub(super) fn refuse<'a>(
    application: &'a Application,
    key: &'a ApplicationKey,
) -> impl Iterator<Item = Refusal> + 'a {
    RIVALS.into_iter().filter_map(|(annotation, manager)| {
        let value = application.metadata.annotations.get(annotation)?;
        Some(Refusal::ManagedBy {
            application: key.clone(),
            manager: manager.to_owned(),
            evidence: format!("annotation {annotation}: {value}"),
        })
    })
}

/// What to know about the Application that this one is deployed by, if there is one.
///
/// A parent keeps what it never set, unless it replaces objects. What it did set it takes back: `parameters` as a whole
/// within seconds if it heals itself, otherwise at its next sync.
pub(super) fn parent(
    application: &Application,
    key: &ApplicationKey,
    wanted: &Wanted,
    identity: &SourceIdentity,
) -> Option<String> {
    let parent = parent_of(application)?;
    let base = identity.pointer();
    let source = source_at(application, identity)?;
    let mut contested: Vec<String> = Vec::new();
    for wanted in &wanted.leaves {
        let pointer = format!("{base}{}", leaf::pointer(wanted.strategy, &wanted.path));
        if patch::get(&source.0, &leaf::keys(wanted.strategy, &wanted.path)).is_some()
            && !contested.contains(&pointer)
        {
            contested.push(pointer);
        }
    }
    if identity.index.is_some() {
        contested = vec!["/spec/sources".to_owned()];
    }
    if contested.is_empty() {
        return Some(format!(
            "Application {key} is deployed by Application {parent}, which keeps the override unless it syncs with Replace=true"
        ));
    }
    Some(format!(
        "Application {key} is deployed by Application {parent}, which may revert the override at its next sync, with self-heal within seconds, where {} stands in its manifests; let it ignore the differences there, with the sync option RespectIgnoreDifferences=true",
        contested.join(" and ")
    ))
}

/// The Application that deploys this one, from the annotation that Argo CD tracks resources by:
/// `<parent>:argoproj.io/Application:<namespace>/<name>`. A copied annotation names another object.
fn parent_of(application: &Application) -> Option<&str> {
    let tracking = application.metadata.annotations.get("argocd.argoproj.io/tracking-id")?;
    let (parent, tracked) = tracking.split_once(':')?;
    let (kind, object) = tracked.split_once(':')?;
    let metadata = &application.metadata;
    let (namespace, name) = object.split_once('/')?;
    (kind == "argoproj.io/Application" && namespace == metadata.namespace && name == metadata.name)
        .then_some(parent)
}
