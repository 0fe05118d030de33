//! What a StatefulSet says about itself.

use super::{
    super::{
        object::{self, is_deleted, number},
        pod,
    },
    Replaced, Replica, Sync,
};
use crate::Model;
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Sync<'_> {
    /// Writes the status. It is about the pods before this look, but about the generation of now: between a change of
    /// the spec and the first look after it `observedGeneration` lags (docs/measured.md, Workloads).
    pub(super) fn write_status(&self, model: &mut Model, replaced: Replaced) {
        let status = self.status(replaced);
        object::write_status(model, self.key, &status);
    }

    fn status(&self, replaced: Replaced) -> Value {
        let all = || self.replicas.iter().chain(&self.condemned);
        let count = |matches: &dyn Fn(&Replica, &Value) -> bool| {
            let pods = all().filter(|replica| replica.pod.as_ref().is_some_and(|pod| matches(replica, pod)));
            i64::try_from(pods.count()).unwrap_or(i64::MAX)
        };
        let of = |name: &str| count(&|replica, pod| replica.revision() == name && !is_deleted(pod));
        let replicas = count(&|_, _| true);
        let ready = count(&|_, pod| pod::is_running(pod));
        let available =
            count(&|_, pod| pod::is_running(pod) && pod::is_available(pod, self.spec.min_ready, self.now));
        let updated = of(self.update.name());
        let mut current = (of(self.current.name()) - i64::from(replaced == Replaced::Yes)).max(0);
        let mut current_name = self.current.name();
        // `completeRollingUpdate`: only now the revision before is left behind. `OnDelete` never gets here.
        let wanted = self.spec.replicas;
        if !self.spec.is_on_delete && [updated, ready, replicas] == [wanted; 3] {
            (current, current_name) = (updated, self.update.name());
        }
        let mut status = json!({
            "observedGeneration": number(&self.set, "/metadata/generation").unwrap_or(0),
            "replicas": replicas, "availableReplicas": available, "collisionCount": 0,
            "currentRevision": current_name, "updateRevision": self.update.name(),
        });
        object::count(&mut status, "readyReplicas", ready);
        object::count(&mut status, "currentReplicas", current);
        object::count(&mut status, "updatedReplicas", updated);
        status
    }

    /// The revisions that must not be forgotten.
    pub(super) fn live_revisions(&self) -> BTreeSet<String> {
        let pods = self.replicas.iter().chain(&self.condemned).map(Replica::revision);
        pods.chain([self.current.name(), self.update.name()]).map(str::to_owned).collect()
    }
}
