//! Tenants: an Application each, and what it deploys.

use super::{
    administrator::{APPLICATION, Change, POD},
    target::{administrator, target},
    wait::until,
};
use serde_json::Value;

/// A tenant of the target that goes away with the test.
pub(crate) struct Tenant(String);

impl Tenant {
    /// Makes a tenant, with the options of `testbed/tenant`, and waits until Argo CD calls it synced and healthy.
    #[track_caller]
    pub(crate) fn new(name: &str, options: &[&str]) -> Self {
        let tenant = Self::unsettled(name, options);
        tenant.settle();
        tenant
    }

    /// Makes a tenant that will not get synced and healthy, or need not.
    pub(crate) fn unsettled(name: &str, options: &[&str]) -> Self {
        target().create(name, options);
        Self(name.to_owned())
    }

    /// Makes a tenant that somebody else keeps as it is, and waits until that one has made it.
    #[track_caller]
    pub(crate) fn owned_by(owner: &str, name: &str, options: &[&str]) -> Self {
        let tenant = Self::unsettled(name, &[options, &["--owner", owner]].concat());
        until("its owner has made it", || administrator().find(APPLICATION, "argocd", name).is_some());
        tenant.settle();
        tenant
    }

    /// Makes a tenant whose Application is what `edit` makes of it, and waits until Argo CD has compared it.
    pub(crate) fn compared(name: &str, options: &[&str], edit: impl FnOnce(&mut Value)) -> Self {
        let tenant = Self::edited(name, options, edit);
        until("Argo CD knows what renders it", || {
            let status = &tenant.application()["status"];
            status["sourceType"].is_string() || status["sourceTypes"].is_array()
        });
        tenant
    }

    /// Makes a tenant whose Application is what `edit` makes of it.
    pub(crate) fn edited(name: &str, options: &[&str], edit: impl FnOnce(&mut Value)) -> Self {
        let mut manifest = target().manifest(name, options);
        edit(&mut manifest);
        // What an earlier run of the same test may have left.
        target().delete(name);
        administrator().create(&manifest);
        Self(name.to_owned())
    }

    /// Makes several at once, and waits for all: `(name, options)`.
    #[track_caller]
    pub(crate) fn several(wanted: &[(&str, &[&str])]) -> Vec<Self> {
        let tenants = wanted.iter().map(|(name, options)| Self::unsettled(name, options)).collect();
        let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
        target().settle(&names);
        tenants
    }

    /// Waits until Argo CD calls it synced and healthy.
    #[track_caller]
    pub(crate) fn settle(&self) {
        target().settle(&[&self.0]);
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Where it deploys to.
    pub(crate) fn namespace(&self) -> String {
        format!("tenant-{}", self.0)
    }

    /// Its Application as it is now.
    #[track_caller]
    pub(crate) fn application(&self) -> Value {
        administrator().get(APPLICATION, "argocd", &self.0)
    }

    /// Changes its Application as the administrator, by a JSON patch.
    #[track_caller]
    pub(crate) fn patch(&self, patch: &Value) -> Value {
        self.patch_with(patch, Change::default()).unwrap_or_else(|answer| panic!("{answer}"))
    }

    /// As [`Self::patch`], in another way; `Err` is what the API server answers instead.
    pub(crate) fn patch_with(&self, patch: &Value, change: Change<'_>) -> Result<Value, String> {
        administrator().patch((APPLICATION, "argocd", &self.0), patch, change)
    }

    /// Lets Argo CD compare it again.
    #[track_caller]
    pub(crate) fn refresh(&self) {
        administrator().refresh(&self.0);
    }

    /// Deletes it and all that it deployed, and waits until that is gone.
    pub(crate) fn delete(self) {
        target().delete(&self.0);
    }

    /// The part of its Application's spec that Ringway writes to.
    pub(crate) fn sources(&self) -> Value {
        let spec = &self.application()["spec"];
        serde_json::json!([spec["source"], spec["sources"]])
    }

    /// The pods of a workload, without those that are on their way out.
    #[track_caller]
    pub(crate) fn pods(&self, label: &str) -> Vec<Value> {
        let pods = administrator().list(POD, &self.namespace(), &format!("app={label}"));
        pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect()
    }

    /// The images that they run.
    #[track_caller]
    pub(crate) fn images(&self, label: &str) -> Vec<String> {
        let image =
            |pod: &Value| pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default().to_owned();
        self.pods(label).iter().map(image).collect()
    }

    /// Deletes a pod and waits until it is gone.
    #[track_caller]
    pub(crate) fn delete_pod(&self, name: &str) {
        administrator().remove(POD, &self.namespace(), name);
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        target().forget(&self.0);
    }
}
