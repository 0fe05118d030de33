//! What simulations do to pods and nodes.

use super::{kubelet, object};
use crate::{Key, Model, agenda::Controller, oci::Pulled};
use serde_json::{Value, json};
use std::time::Duration;

/// What the pods of a namespace do, whatever their images say. It counts whenever a node does something to a pod: a pod
/// that is ready stays ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// They become ready, if their images can be pulled.
    Healthy,
    /// Their images cannot be pulled: the account of the namespace may not read them.
    PullFails,
    /// Their images cannot be pulled if they are of a ring: the account of the namespace reads no more than released ones.
    RingPullFails,
    /// Their containers start and exit with 1, again and again.
    Crashes,
    /// Their containers run and are not ready.
    NeverReady,
    /// Their node does nothing at all: they neither start nor end.
    Hangs,
    /// They become ready, then not ready, then ready.
    Flaps,
}

/// The form of `imageID`, which depends on the container runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ImageIdForm {
    /// `repository@sha256:…`: containerd, and CRI-O. The testbed has it.
    #[default]
    Repository,
    /// `docker-pullable://repository@sha256:…`: Docker.
    DockerPullable,
    /// The bare digits, as old versions of CRI-O say it: no digest that anybody could compare.
    Bare,
}

/// Lets the pods of a namespace behave in a way from now on, or as their images say again.
pub fn behave(model: &mut Model, namespace: &str, behaviour: Option<Behaviour>) {
    match behaviour {
        Some(behaviour) => model.workloads.behaviours.insert(namespace.to_owned(), behaviour),
        None => model.workloads.behaviours.remove(namespace),
    };
    look_again(model, |key| key.namespace == namespace);
}

/// Stops all nodes: no pod starts, ends or changes until [`start_nodes`]. The scheduler goes on.
pub fn stop_nodes(model: &mut Model) {
    model.workloads.stopped = true;
}

/// Lets the nodes go on. They do at once what they should have done meanwhile.
pub fn start_nodes(model: &mut Model) {
    model.workloads.stopped = false;
    look_again(model, |_| true);
}

/// Evicts a pod from its node, as a kubelet does when the node runs out of something: it fails, and whoever owns it
/// makes another one.
pub fn evict(model: &mut Model, key: &Key) {
    let now = object::now(model);
    let evicted = model.update(key, kubelet::NODE, |pod| kubelet::status::evict(pod, &now));
    if evicted {
        kubelet::forget(model, key);
    }
}

fn look_again(model: &mut Model, is_meant: impl Fn(&Key) -> bool) {
    let meant: Vec<Key> = model.workloads.plans.keys().filter(|key| is_meant(key)).cloned().collect();
    for key in meant {
        model.later(Duration::ZERO, Controller::Kubelet, key);
    }
}

/// What a pod is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    Ready,
    Flaps,
    NeverReady,
    /// Why the image cannot be pulled, and whether it is worth to try again.
    Unpulled(String, Again),
    Unconfigured,
    Crashes(Again),
    Hangs,
}

/// Whether a node goes on with something that fails. What an image's tag says does not change, so as on the testbed a
/// node soon leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Always,
    NotForLong,
}

/// What a pod is to do: by its namespace, by the registry, by the tag of its first container's image, in this order
/// (`testbed/config/kwok.yaml`). Shown by the scenarios in `failures::pods`, but for what only simulations do: [`Behaviour`].
pub(super) fn fate(model: &Model, key: &Key, pod: &Value) -> Fate {
    let image = object::text(pod, "/spec/containers/0/image");
    let behaviour = model.workloads.behaviours.get(&key.namespace).copied();
    match behaviour {
        Some(Behaviour::Hangs) => return Fate::Hangs,
        Some(Behaviour::PullFails) => return Fate::Unpulled(denied(image), Again::Always),
        Some(Behaviour::RingPullFails) if is_of_ring(image) => {
            return Fate::Unpulled(denied(image), Again::NotForLong);
        }
        None if is_without_account(key, image) => return Fate::Unpulled(denied(image), Again::NotForLong),
        None if image.contains("badpull") => return Fate::Unpulled(absent(image), Again::NotForLong),
        _ => {}
    }
    match model.registries.pull(image) {
        Pulled::Image(_) => {}
        Pulled::Absent => return Fate::Unpulled(absent(image), Again::Always),
        Pulled::Denied => return Fate::Unpulled(denied(image), Again::Always),
        Pulled::Unreachable => return Fate::Unpulled(unreachable(image), Again::Always),
    }
    match behaviour {
        Some(Behaviour::Crashes) => Fate::Crashes(Again::Always),
        Some(Behaviour::NeverReady) => Fate::NeverReady,
        Some(Behaviour::Flaps) => Fate::Flaps,
        Some(_) => Fate::Ready,
        None if image.contains("configerror") => Fate::Unconfigured,
        None if image.contains("crash") => Fate::Crashes(Again::NotForLong),
        None if image.contains("never") => Fate::NeverReady,
        None => Fate::Ready,
    }
}

/// One tenant of a release whose pull secret does not reach far enough
/// (`failures::pods::an_image_that_one_tenant_cannot_pull_is_named_in_seconds_while_the_others_succeed`).
fn is_without_account(key: &Key, image: &str) -> bool {
    key.namespace.starts_with("tenant-no-pull") && is_of_ring(image)
}

fn is_of_ring(image: &str) -> bool {
    image.contains("-ring-")
}

fn denied(image: &str) -> String {
    unresolved(image, "pull access denied, repository does not exist or may require authorization")
}

fn absent(image: &str) -> String {
    unresolved(image, &format!("{image}: not found"))
}

fn unreachable(image: &str) -> String {
    let host = image.split('/').next().unwrap_or_default();
    unresolved(image, &format!("failed to do request: dial tcp {host}: connect: connection refused"))
}

/// As containerd says it.
fn unresolved(image: &str, why: &str) -> String {
    format!("failed to pull and unpack image {image:?}: failed to resolve reference {image:?}: {why}")
}

/// What a node says that a container runs.
pub(super) fn image_id(model: &Model, image: &str) -> String {
    let unpinned = image.split_once('@').map_or(image, |(name, _)| name);
    let repository = match unpinned.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => unpinned,
    };
    let digest = match model.registries.pull(image) {
        Pulled::Image(digest) => digest,
        // Only the first container's image decides whether a pod runs; the others run whatever happens.
        _ => kubelet::digest_of_name(image),
    };
    match model.workloads.image_id {
        ImageIdForm::Repository => format!("{repository}@{digest}"),
        ImageIdForm::DockerPullable => format!("docker-pullable://{repository}@{digest}"),
        ImageIdForm::Bare => digest.trim_start_matches("sha256:").to_owned(),
    }
}

/// The annotation and the tag by which the testbed makes pods slow: `testbed/ready-delay: 5s`, `slow5s-1`
/// (`failures::workloads::slow_pods_are_waited_for_and_explained_with_evidence`).
pub(super) fn ready_delay(pod: &Value) -> Option<Duration> {
    let annotation = pod["metadata"]["annotations"]["testbed/ready-delay"].as_str();
    let delay = annotation.or_else(|| slow_tag(object::text(pod, "/spec/containers/0/image")))?;
    delay.parse::<jiff::SignedDuration>().ok()?.try_into().ok()
}

/// `5s` of `slow5s`.
fn slow_tag(image: &str) -> Option<&str> {
    let (_, rest) = image.split_once("slow")?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).filter(|end| *end > 0)?;
    rest.get(digits..)?.starts_with('s').then(|| rest.get(..=digits))?
}

/// A Job whose pod never completes
/// (`failures::operation::a_hook_that_hangs_in_our_operation_is_named`).
pub(super) fn completes(pod: &Value) -> bool {
    let is_job = object::controller(pod).is_some_and(|owner| owner.kind == crate::Kind::Job);
    is_job && pod["metadata"]["annotations"]["testbed/hang"] != json!("true")
}
