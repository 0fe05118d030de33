//! The scheduler: puts pods onto nodes, or says why it cannot.
//!
//! The three nodes of the testbed never fill up; only a pod that asks for more than a whole node finds none
//! (`failures::pods::a_pod_that_no_node_takes_is_told_while_it_is_waited_for_and_at_the_deadline`).

use super::{kubelet::status::condition, object};
use crate::{Key, Model};
use serde_json::{Value, json};

/// Who the scheduler writes as.
const SCHEDULER: &str = "kube-scheduler";

/// How many nodes the testbed has.
const NODES: u64 = 3;

/// What one node has, in thousandths of a processor (`testbed/config/kwok.yaml`: `cpu: 1k`).
const PROCESSORS: f64 = 1_000_000.0;

/// What the scheduler says of a pod that asks for more than a node has.
const TOO_LARGE: &str = "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 \
                         nodes are available: 3 Preemption is not helpful for scheduling.";

/// Puts a pod onto a node; says whether there is one.
pub(super) fn schedule(model: &mut Model, key: &Key, pod: &Value) -> bool {
    let now = object::now(model);
    let fits = processors(pod) <= PROCESSORS;
    let node = format!("node-{}", model.random().below(NODES));
    model.update(key, SCHEDULER, |pod| {
        if fits {
            pod["spec"]["nodeName"] = json!(node);
            condition(&mut pod["status"], "PodScheduled", ("True", "", ""), &now);
        } else {
            condition(&mut pod["status"], "PodScheduled", ("False", "Unschedulable", TOO_LARGE), &now);
        }
    });
    fits
}

/// What the containers of a pod ask for, in thousandths of a processor.
fn processors(pod: &Value) -> f64 {
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array);
    let requests =
        containers.into_iter().flatten().map(|container| &container["resources"]["requests"]["cpu"]);
    requests.map(thousandths).sum()
}

/// A quantity of Kubernetes: `2`, `"1.5"`, `"250m"`, `"1k"`.
fn thousandths(quantity: &Value) -> f64 {
    let Some(text) = quantity.as_str() else { return quantity.as_f64().unwrap_or(0.0) * 1000.0 };
    let (digits, factor) = match text.strip_suffix('m').map(|digits| (digits, 1.0)) {
        Some(parts) => parts,
        None => text.strip_suffix('k').map_or((text, 1000.0), |digits| (digits, 1_000_000.0)),
    };
    digits.parse::<f64>().unwrap_or(0.0) * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_all_their_forms() {
        let read = |quantity: Value| thousandths(&quantity);
        let quantities = [json!(2), json!("1.5"), json!("250m"), json!("1k"), json!(null), json!("5000")];
        let expected = [2000.0, 1500.0, 250.0, 1_000_000.0, 0.0, 5_000_000.0];
        assert_eq!(quantities.map(read), expected);
    }
}
