//! Applications that may deploy to another cluster than the one that is looked into. On the testbed this stops Argo CD's
//! controller, which everybody needs, so nothing else may run at the same time: see `testbed/run`.

use super::{MINIMAL, assert_refused, plan};
use crate::harness::{
    APPLICATION, Gone, Part, Ringway, STATEFUL_SET, Tenant, administrator, image, release_arguments,
};
use serde_json::{Value, json};

/// A tenant whose Application names another cluster until this is dropped.
struct Moved<'a>(&'a Tenant, Value);

impl<'a> Moved<'a> {
    fn to(tenant: &'a Tenant, server: &str) -> Self {
        let moved = Self(tenant, tenant.application()["spec"]["destination"]["server"].clone());
        moved.set(&json!(server));
        moved
    }

    fn set(&self, server: &Value) {
        let patch = json!({ "spec": { "destination": { "server": server } } });
        administrator().merge(APPLICATION, "argocd", self.0.name(), &patch);
    }
}

impl Drop for Moved<'_> {
    fn drop(&mut self) {
        self.set(&self.1);
    }
}

#[test]
fn alone_an_application_of_another_cluster_is_refused_and_one_of_another_address_is_not() {
    let tenant = Tenant::new("refuse-elsewhere", &MINIMAL);
    // What it says of the Application stays, as if it were about the other cluster.
    let _gone = Gone::take(Part::ApplicationController);
    let _moved = Moved::to(&tenant, "https://eu-1.example.com");
    let ringway = Ringway::new();
    let image = image("e65a995abcd");
    let planned = plan(&ringway, &release_arguments("r", "minimal", &image, tenant.name()), &[]);
    assert_eq!(
        planned.expect(0).json()[0]["outcome"],
        "ready",
        "Argo CD's own cluster may have that address"
    );

    administrator().remove(STATEFUL_SET, &tenant.namespace(), "atlas");
    assert_refused(
        &ringway,
        "minimal",
        &tenant,
        "another_cluster",
        "Application argocd/refuse-elsewhere deploys to https://eu-1.example.com: StatefulSet \
         tenant-refuse-elsewhere/atlas, which Argo CD calls in sync there, is not in the cluster of Argo CD testbed, where \
         `tenantClusters` says that tenants run; name the contexts of their clusters with `access: contexts`, or release \
         the service with `verify: argocd`",
    );
}
