//! Applications that may deploy to another cluster than the one that their Argo CD runs in.

use crate::{
    application::Application,
    step::{ExpectedWorkload, PlannedApplication},
};

/// The workloads that Argo CD calls in sync in a cluster that may be another one than its own: they exist there. Where none
/// of them is in the cluster that one looks into, that is not the cluster of the Application.
pub fn in_sync<'a>(application: &Application, planned: &'a PlannedApplication) -> Vec<&'a ExpectedWorkload> {
    if application.spec.destination.is_surely_argocds_own() {
        return Vec::new();
    }
    let is_in_sync = |workload: &&ExpectedWorkload| {
        application.status.resources.iter().any(|entry| {
            entry.group == "apps"
                && entry.kind == workload.kind.as_str()
                && entry.name == workload.name
                && entry.namespace == planned.namespace
                && entry.status == "Synced"
        })
    };
    planned.workloads.iter().filter(is_in_sync).collect()
}

#[cfg(test)]
mod tests {
    use super::in_sync;
    use crate::{
        overrides::testing::{document, key, read, wanted},
        service::WorkloadKind,
        step::{ExpectedWorkload, PlannedApplication},
    };
    use serde_json::{Value, json};

    fn planned() -> PlannedApplication {
        let workload = |name: &str| ExpectedWorkload {
            kind: WorkloadKind::StatefulSet,
            name: name.into(),
            container: "main".into(),
            image: "ghcr.io/acme/atlas:1".into(),
            digests: None,
        };
        PlannedApplication {
            key: key(),
            uid: "uid-1".into(),
            namespace: "tenant-a".into(),
            wanted: wanted([]),
            workloads: vec![workload("atlas"), workload("read")],
        }
    }

    /// The workloads for an Application with this destination, if `read` has this status there.
    fn found(destination: Value, status: &str) -> Vec<String> {
        let mut document = document(Value::Null);
        document["spec"]["destination"] = destination;
        let (group, kind, namespace) = ("apps", "StatefulSet", "tenant-a");
        document["status"]["resources"] = json!([
            { "group": group, "kind": kind, "namespace": namespace, "name": "atlas", "status": "OutOfSync" },
            { "group": group, "kind": kind, "namespace": namespace, "name": "read", "status": status },
        ]);
        let planned = planned();
        let found = in_sync(&read(&document), &planned);
        found.into_iter().map(|workload| workload.name.clone()).collect()
    }

    #[test]
    fn what_is_in_sync_in_a_cluster_of_another_name_must_be_looked_for() {
        let named = json!({ "name": "eu-1" });
        assert_eq!(found(named.clone(), "Synced"), ["read"]);
        assert_eq!(found(json!({ "server": "https://10.0.0.1:6443" }), "Synced"), ["read"]);
        assert_eq!(found(named, "OutOfSync"), Vec::<String>::new(), "it may not have been made yet");
    }

    #[test]
    fn the_cluster_of_argo_cd_itself_need_not_be_asked() {
        for own in [
            json!({ "server": "https://kubernetes.default.svc" }),
            json!({ "server": "https://kubernetes.default.svc/" }),
            json!({ "name": "in-cluster" }),
        ] {
            assert_eq!(found(own, "Synced"), Vec::<String>::new());
        }
    }
}
