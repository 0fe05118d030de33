//! Asking Argo CD to look at an Application. Not needed for our changes as such; only when Argo CD has overlooked one.

use super::{
    owner,
    patch::{self, GuardedPatch},
};
use crate::application::Application;
use serde_json::Value;

/// The annotation that asks Argo CD for a comparison; it removes it when it is done.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/annotations-and-labels/>
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// The JSON patch that asks for a comparison. Empty if somebody has asked already: the same once more would change
/// nothing, and no cache would hear of it. `normal` and not `hard`: nothing that Argo CD rendered is thrown away.
#[must_use]
pub fn refresh(application: &Application) -> Vec<Value> {
    if application.metadata.annotations.contains_key(REFRESH) {
        return Vec::new();
    }
    let mut patch = GuardedPatch::default();
    patch.guard("/metadata/uid", application.metadata.uid.clone().into());
    owner::change(&mut patch, application, REFRESH, |annotations, key| {
        patch::set(annotations, key, "normal".into());
    });
    patch.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overrides::testing::{apply, document, read};
    use serde_json::json;

    #[test]
    fn it_is_asked_for_once_and_nothing_else_changes() {
        for annotations in [Value::Null, json!({ "a/b": "c" })] {
            let mut before = document(Value::Null);
            if !annotations.is_null() {
                before["metadata"]["annotations"] = annotations;
            }
            let mut wanted = before.clone();
            wanted["metadata"]["annotations"][REFRESH] = "normal".into();
            let after = apply(&before, &refresh(&read(&before))).unwrap();
            assert_eq!(after, wanted);
            assert!(refresh(&read(&after)).is_empty());
        }
    }

    #[test]
    fn another_object_of_the_same_name_is_left_alone() {
        let seen = read(&document(Value::Null));
        let mut other = document(Value::Null);
        other["metadata"]["uid"] = "uid-2".into();
        assert!(apply(&other, &refresh(&seen)).is_err());
    }
}
