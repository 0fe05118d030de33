//! The file by which programs find the Kubernetes API of a sandbox.

use serde_json::json;
use std::net::SocketAddr;

/// A kubeconfig for the API at `address`, as an account with a token. All `contexts` lead there; the first is current.
pub fn kubeconfig(address: SocketAddr, token: &str, contexts: &[&str]) -> String {
    let all = contexts.iter().map(|name| {
        let context = json!({"cluster": "sandbox", "user": "sandbox"});
        json!({"name": name, "context": context})
    });
    let server = format!("http://{address}");
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": {"server": server}}],
        "users": [{"name": "sandbox", "user": {"token": token}}],
        "contexts": all.collect::<Vec<_>>(),
        "current-context": contexts.first().copied().unwrap_or_default(),
    });
    // Every JSON document is a YAML document.
    format!("{document:#}\n")
}
