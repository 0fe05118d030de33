//! Whether one pod of the new revision is finished: ready, and running the right image.

use super::View;
use crate::{
    condition::{evidence, pods},
    image::{Digest, ResolvedDigests},
    step::{Evidence, Problem},
    workload::{ContainerStatus, Pod},
};
use jiff::Timestamp;

/// Where a pod of the new revision stands.
pub(super) enum PodState {
    /// Ready and right, since when.
    Finished(Option<Timestamp>),
    /// Not yet, in one sentence.
    Unfinished(Unfinished),
    /// Never.
    Broken(Problem),
}

/// What a pod still lacks.
pub(super) struct Unfinished {
    /// How much a person wants to know it: trouble before slowness before what has not begun.
    pub(super) weight: u8,
    /// One sentence.
    pub(super) what: String,
    /// The field that shows it.
    pub(super) evidence: Vec<Evidence>,
}

impl View<'_> {
    /// Where a pod of the new revision stands.
    pub(super) fn new_pod(&self, pod: &Pod) -> PodState {
        let object = self.pod_object(pod);
        if let Some(since) = pod.metadata.deletion_timestamp {
            return self.unfinished(
                pod,
                1,
                "is going away",
                "metadata.deletionTimestamp",
                &since.to_string(),
            );
        }
        if let Some(trouble) = pods::trouble(pod, self.now) {
            if trouble.is_final {
                return PodState::Broken(trouble.problem(self.namespace));
            }
            let (what, evidence) = (trouble.sentence(self.namespace), vec![trouble.evidence(self.namespace)]);
            return PodState::Unfinished(Unfinished { weight: 3, what, evidence });
        }
        if !pods::is_ready(pod) {
            let says = pods::readiness(pod);
            return self.unfinished(pod, 2, "is new and not ready yet", "status.conditions[Ready]", &says);
        }
        let Some(digests) = &self.expected.digests else { return self.by_image(pod) };
        match self.container_status(pod).filter(|status| !status.image_id.is_empty()) {
            Some(status) => self.by_digest(pod, &object, status, digests),
            None => {
                let field = format!("status.containerStatuses[{}].imageID", self.expected.container);
                self.unfinished(
                    pod,
                    2,
                    "is ready and does not say yet which digest it runs",
                    &field,
                    "absent",
                )
            }
        }
    }

    /// The digest is what counts: an admission webhook may have put a registry's mirror into the pod.
    fn by_digest(
        &self,
        pod: &Pod,
        object: &str,
        status: &ContainerStatus,
        digests: &ResolvedDigests,
    ) -> PodState {
        let image = &self.expected.image;
        let shown = vec![evidence(
            object,
            &format!("status.containerStatuses[{}].imageID", status.name),
            &status.image_id,
            pods::ready_since(pod),
        )];
        let Some(found) = digest_of(&status.image_id) else {
            return PodState::Broken(Problem {
                code: "digest_unreadable".to_owned(),
                message: format!(
                    "container {} of {object} runs {:?}, which has no digest to compare with {image}",
                    status.name, status.image_id
                ),
                advice: Some(format!(
                    "check the container runtime of its node: kubectl -n {} get pod {} -o wide; where nodes cannot say which digest they run, only `verify: argocd` of the service can succeed",
                    self.namespace, pod.metadata.name
                )),
                evidence: shown,
            });
        };
        if digests.accepts(&found) {
            return PodState::Finished(pods::ready_since(pod));
        }
        PodState::Broken(Problem {
            code: "digest_mismatch".to_owned(),
            message: format!(
                "container {} of {object} is ready and runs {found}, but {image} was {} when the release began",
                status.name, digests.digest
            ),
            advice: Some("the tag was moved, or its node had an older image by this tag: release a tag that is never moved".to_owned()),
            evidence: shown,
        })
    }

    /// Without digests to compare with, the reference in the pod has to do.
    fn by_image(&self, pod: &Pod) -> PodState {
        match self.container(&pod.spec) {
            Some(container) if container.image == self.expected.image => {
                PodState::Finished(pods::ready_since(pod))
            }
            Some(container) => {
                let field = format!("spec.containers[{}].image", container.name);
                let what = format!("is ready but runs {}, not {}", container.image, self.expected.image);
                self.unfinished(pod, 2, &what, &field, &container.image)
            }
            None => self.unfinished(pod, 2, "does not have the container", "spec.containers", "others"),
        }
    }

    fn container_status<'b>(&self, pod: &'b Pod) -> Option<&'b ContainerStatus> {
        let all = pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
        all.into_iter().find(|status| status.name == self.expected.container)
    }

    /// How texts call a pod.
    pub(super) fn pod_object(&self, pod: &Pod) -> String {
        format!("Pod {}/{}", self.namespace, pod.metadata.name)
    }

    fn unfinished(&self, pod: &Pod, weight: u8, what: &str, field: &str, value: &str) -> PodState {
        let object = self.pod_object(pod);
        let shown = evidence(&object, field, value, pods::ready_since(pod));
        PodState::Unfinished(Unfinished { weight, what: format!("{object} {what}"), evidence: vec![shown] })
    }
}

/// The digest in what a runtime says it runs: `repository@sha256:…`, with or without a scheme before it.
fn digest_of(image_id: &str) -> Option<Digest> {
    let digits = &image_id.get(image_id.rfind("sha256:")? + "sha256:".len()..)?;
    let hexadecimal = digits.len() == 64 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    hexadecimal.then(|| Digest(format!("sha256:{digits}")))
}
