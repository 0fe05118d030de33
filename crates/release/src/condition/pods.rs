//! Why a pod cannot run, from what the kubelet and the scheduler say about it.
//!
//! Trouble is *final* when waiting longer does not help: something has to be changed first. Everything else is *passing*
//! and only told to people. A Ready pod has no trouble, whatever happened to it before.

#[cfg(test)]
mod tests;

use super::{evidence, shorten};
use crate::{
    step::{Evidence, Problem},
    workload::{ContainerStatus, Pod, StatusCondition},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Restarts after which a container that does not become ready has had its chances: one that waits for another service
/// may well fail once or twice.
const CRASHES: u32 = 3;
/// Restarts after which a container that was killed for its memory has had its chances.
const MEMORY_KILLS: u32 = 2;
/// How long a pod may be unschedulable: a cluster that grows needs minutes for a new node.
const UNSCHEDULABLE: SignedDuration = SignedDuration::from_mins(5);
/// A crash before this says nothing about now: the kubelet waits at most five minutes before it starts a container again.
const RECENT_CRASH: SignedDuration = SignedDuration::from_mins(10);

/// What is wrong with a pod that is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Such as `image_pull`, `crash_loop`, `oom_killed`, `config_error`, `container_start`, `unschedulable`, `pod_failed`.
    pub code: &'static str,
    /// Whether waiting longer does not help.
    pub is_final: bool,
    /// The pod.
    pub pod: String,
    /// The container, if it is about one.
    pub container: Option<String>,
    /// The reason and the message, as the cluster says them.
    pub says: String,
    /// The field that says so.
    pub field: String,
    /// Since when, if it says so.
    pub since: Option<Timestamp>,
}

impl Trouble {
    /// One sentence: which pod, which container, what it says.
    pub fn sentence(&self, namespace: &str) -> String {
        let pod = format!("Pod {namespace}/{}", self.pod);
        match &self.container {
            Some(container) => format!("container {container} of {pod} cannot run: {}", self.says),
            None => format!("{pod} cannot run: {}", self.says),
        }
    }

    /// The field that shows it.
    pub fn evidence(&self, namespace: &str) -> Evidence {
        evidence(&format!("Pod {namespace}/{}", self.pod), &self.field, &self.says, self.since)
    }

    /// The problem of a release that cannot go on because of it.
    pub fn problem(&self, namespace: &str) -> Problem {
        Problem {
            code: self.code.to_owned(),
            message: self.sentence(namespace),
            advice: Some(self.advice(namespace)),
            evidence: vec![self.evidence(namespace)],
        }
    }

    fn advice(&self, namespace: &str) -> String {
        let pod = &self.pod;
        let describe = format!("kubectl -n {namespace} describe pod {pod}");
        let container = self.container.as_deref().unwrap_or_default();
        match self.code {
            "image_pull" => format!(
                "check that the image exists and that the pod's pull secret may read it: `{describe}`"
            ),
            "crash_loop" => {
                format!("read its last words: `kubectl -n {namespace} logs {pod} -c {container} --previous`")
            }
            "oom_killed" => format!("it needs more memory than its limit allows: `{describe}`"),
            "config_error" => format!("create the ConfigMap, Secret or key that is missing: `{describe}`"),
            "unschedulable" => format!("no node takes it: `{describe}`"),
            _ => format!("look at it with `{describe}`"),
        }
    }
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready.status == "True")
}

/// What a pod says about being ready.
pub fn readiness(pod: &Pod) -> String {
    let Some(ready) = condition(pod, "Ready") else { return "absent".to_owned() };
    join(&[&ready.status, &ready.reason, &ready.message])
}

/// Since when a pod is ready, or is not.
pub fn ready_since(pod: &Pod) -> Option<Timestamp> {
    condition(pod, "Ready")?.last_transition_time
}

/// Whether a pod was asked to go away.
pub fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// What keeps a pod from running at `now`. Final trouble comes before passing trouble.
pub fn trouble(pod: &Pod, now: Timestamp) -> Option<Trouble> {
    if is_ready(pod) || is_terminating(pod) {
        return None;
    }
    let status = &pod.status;
    let init = status.init_container_statuses.iter().map(|container| ("initContainerStatuses", container));
    let main = status.container_statuses.iter().map(|container| ("containerStatuses", container));
    let mut troubles: Vec<Trouble> =
        init.chain(main).filter_map(|(list, container)| in_container(pod, list, container, now)).collect();
    troubles.extend(ended(pod));
    troubles.extend(unscheduled(pod, now));
    let worst = troubles.iter().position(|trouble| trouble.is_final).unwrap_or(0);
    troubles.into_iter().nth(worst)
}

/// The controller replaces a pod that has ended, so one alone does not condemn a rollout.
fn ended(pod: &Pod) -> Option<Trouble> {
    let status = &pod.status;
    let says = [&status.phase, &status.reason, &status.message].map(String::as_str);
    (status.phase == "Failed").then(|| Trouble {
        code: "pod_failed",
        is_final: false,
        pod: pod.metadata.name.clone(),
        container: None,
        says: join(&says),
        field: "status.phase".to_owned(),
        since: None,
    })
}

fn unscheduled(pod: &Pod, now: Timestamp) -> Option<Trouble> {
    let scheduled = condition(pod, "PodScheduled").filter(|condition| condition.status == "False")?;
    let since = scheduled.last_transition_time;
    let for_long = since.is_some_and(|since| now.duration_since(since) >= UNSCHEDULABLE);
    Some(Trouble {
        code: "unschedulable",
        is_final: scheduled.reason == "Unschedulable" && for_long,
        pod: pod.metadata.name.clone(),
        container: None,
        says: join(&[&scheduled.reason, &scheduled.message]),
        field: "status.conditions[PodScheduled]".to_owned(),
        since,
    })
}

fn in_container(pod: &Pod, list: &str, container: &ContainerStatus, now: Timestamp) -> Option<Trouble> {
    let waiting = container.state.get("waiting");
    let (reason, message) = (text(waiting, "reason"), text(waiting, "message"));
    let field = format!("status.{list}[{}].state.waiting.reason", container.name);
    let trouble = |code, is_final| Trouble {
        code,
        is_final,
        pod: pod.metadata.name.clone(),
        container: Some(container.name.clone()),
        says: join(&[reason, message]),
        field: field.clone(),
        since: None,
    };
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull"
        | "ImageInspectError" => Some(trouble("image_pull", true)),
        "RegistryUnavailable" => Some(trouble("image_pull", false)),
        // The kubelet's own copy of a ConfigMap or Secret can be late.
        "CreateContainerConfigError" => Some(trouble("config_error", !message.contains("failed to sync"))),
        "CreateContainerError" | "RunContainerError" | "PostStartHookError" => {
            Some(trouble("container_start", true))
        }
        "CrashLoopBackOff" => Some(crashed(container, trouble("crash_loop", false))),
        _ => {
            let recently = exit(container).is_some_and(|exit| is_recent(exit, now));
            let failing = !container.ready && container.restart_count > 0 && recently;
            failing.then(|| crashed(container, trouble("crash_loop", false)))
        }
    }
}

/// How a container ended last: in its present state, or in the one before.
fn exit(container: &ContainerStatus) -> Option<&Value> {
    [&container.state, &container.last_state].into_iter().find_map(|state| state.get("terminated"))
}

fn is_recent(exit: &Value, now: Timestamp) -> bool {
    // A container that ended well is an init container that is done.
    let failed = exit.get("exitCode").and_then(Value::as_i64) != Some(0);
    let finished = exit.get("finishedAt").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
    failed && finished.is_some_and(|at| now.duration_since(at) < RECENT_CRASH)
}

fn crashed(container: &ContainerStatus, trouble: Trouble) -> Trouble {
    let exit = exit(container);
    let (reason, message) = (text(exit, "reason"), text(exit, "message"));
    let code = exit.and_then(|exit| exit.get("exitCode")).and_then(Value::as_i64);
    let ended = code.map_or_else(String::new, |code| format!("exit code {code}"));
    let restarts = format!("{} restarts", container.restart_count);
    let out_of_memory = reason == "OOMKilled";
    Trouble {
        code: if out_of_memory { "oom_killed" } else { trouble.code },
        is_final: container.restart_count >= if out_of_memory { MEMORY_KILLS } else { CRASHES },
        says: join(&[&trouble.says, &restarts, reason, &ended, message]),
        field: format!("{}, restartCount, lastState.terminated", trouble.field),
        ..trouble
    }
}

fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a StatusCondition> {
    pod.status.conditions.iter().find(|condition| condition.kind == kind)
}

fn text<'a>(value: Option<&'a Value>, field: &str) -> &'a str {
    value.and_then(|value| value.get(field)).and_then(Value::as_str).unwrap_or_default()
}

/// Joins what is not empty with colons.
fn join(parts: &[&str]) -> String {
    shorten(&parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(": "))
}
