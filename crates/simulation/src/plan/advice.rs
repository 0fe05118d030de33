//! Does what a verdict tells a person to do, as far as it is a command.

use super::fleet::send;
use sandbox::Model;
use serde_json::json;

/// Finds the commands in a text and does them.
///
/// # Errors
/// If what is found is no request.
pub(super) fn obey(model: &mut Model, text: &str) -> anyhow::Result<()> {
    for (namespace, pod) in pods_to_delete(text) {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}");
        send(model, "DELETE", &path, "application/json", &serde_json::Value::Null)?;
    }
    for (namespace, name) in operations_to_end(text) {
        let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}");
        // As `argocd app terminate-op` and `testbed/tenant delete` do.
        let patch = json!([
            { "op": "test", "path": "/status/operationState/phase", "value": "Running" },
            { "op": "replace", "path": "/status/operationState/phase", "value": "Terminating" },
        ]);
        send(model, "PATCH", &path, "application/json-patch+json", &patch)?;
    }
    Ok(())
}

/// `kubectl -n NAMESPACE delete pod NAME NAME …`.
fn pods_to_delete(text: &str) -> Vec<(&str, &str)> {
    let mut pods = Vec::new();
    for command in text.split("kubectl -n ").skip(1) {
        let command = command.split(['`', ':', ';', ')', ',']).next().unwrap_or_default();
        let Some((namespace, names)) = command.split_once(" delete pod ") else { continue };
        pods.extend(names.split_whitespace().map(|name| (namespace, name)));
    }
    pods
}

/// `argocd app terminate-op NAMESPACE/NAME`.
fn operations_to_end(text: &str) -> Vec<(&str, &str)> {
    let commands = text.split("argocd app terminate-op ").skip(1);
    let names = commands.filter_map(|rest| rest.split(['`', ';', ' ', ')', ',', ']']).next());
    names.filter_map(|name| name.split_once('/')).collect()
}

#[cfg(test)]
mod tests {
    use super::{operations_to_end, pods_to_delete};

    #[test]
    fn commands_are_found_in_sentences() {
        let text = "`kubectl -n tenant-a delete pod atlas-0 atlas-1`, then give the same command again";
        assert_eq!(pods_to_delete(text), [("tenant-a", "atlas-0"), ("tenant-a", "atlas-1")]);
        assert_eq!(pods_to_delete("kubectl -n tenant-a get pods"), []);
        let text = "--show-operation; to end it: argocd app terminate-op argocd/tenant-a`";
        assert_eq!(operations_to_end(text), [("argocd", "tenant-a")]);
    }
}
