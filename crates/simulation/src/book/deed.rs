//! What a patch of Ringway does to an Application, read from the patch alone.

use serde_json::Value;

/// What a patch does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It writes values of a service.
    Override {
        /// Which service.
        service: String,
        /// Whose they are, as its annotation says.
        owner: Value,
    },
    /// It takes values out.
    Removal {
        /// Of which service; `None` if somebody has taken its annotation out already.
        service: Option<String>,
    },
    /// It touches no value: it asks Argo CD to look again.
    Nothing,
}

impl Deed {
    /// Reads a JSON patch.
    ///
    /// Each patch of a release says whose its values are: it sets the annotation, or, if that is right already, is guarded
    /// by it.
    pub(crate) fn read(patch: &Value) -> Self {
        let operations = patch.as_array().map(Vec::as_slice).unwrap_or_default();
        let removed = operations.iter().filter(|operation| operation["op"] == "remove");
        if let Some(service) = removed.filter_map(|operation| service_of(path(operation))).next() {
            return Self::Removal { service: Some(service.to_owned()) };
        }
        // What is written counts before what it is guarded by, which may be of an earlier release.
        let (guards, writes): (Vec<_>, Vec<_>) =
            operations.iter().partition(|operation| operation["op"] == "test");
        if let Some((service, owner)) = writes.iter().chain(&guards).find_map(|operation| owner(operation)) {
            return Self::Override { service, owner };
        }
        let touches = |operation: &&Value| !path(operation).starts_with("/metadata/annotations");
        if writes.iter().any(touches) { Self::Removal { service: None } } else { Self::Nothing }
    }
}

fn path(operation: &Value) -> &str {
    operation["path"].as_str().unwrap_or_default()
}

/// The service that an annotation is about, by its JSON pointer.
fn service_of(pointer: &str) -> Option<&str> {
    pointer.strip_prefix("/metadata/annotations/owner.ringway.dev~1")
}

/// The owner that an operation sets or looks for, and of which service.
fn owner(operation: &Value) -> Option<(String, Value)> {
    let value = &operation["value"];
    let (service, owner) = match service_of(path(operation)) {
        Some(service) => (service, value),
        // The first annotation comes with the map that it is in.
        None => value
            .as_object()
            .filter(|_| path(operation) == "/metadata/annotations")?
            .iter()
            .find_map(|(key, value)| Some((key.strip_prefix("owner.ringway.dev/")?, value)))?,
    };
    Some((service.to_owned(), serde_json::from_str(owner.as_str()?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::Deed;
    use serde_json::json;

    const ANNOTATION: &str = "/metadata/annotations/owner.ringway.dev~1atlas";

    #[test]
    fn what_a_patch_does_is_read_from_it() {
        let owner = json!({ "ring": "ring-a" });
        let text = owner.to_string();
        let value = || json!({ "op": "replace", "path": "/spec/source/helm/parameters", "value": [] });
        let test = |value| json!({ "op": "test", "path": ANNOTATION, "value": value });
        let writes = Deed::Override { service: "atlas".to_owned(), owner };
        let first = json!({ "op": "add", "path": "/metadata/annotations", "value": { "owner.ringway.dev/atlas": text } });
        assert_eq!(Deed::read(&json!([value(), first])), writes, "the first annotation");
        let added = json!({ "op": "add", "path": ANNOTATION, "value": text });
        assert_eq!(Deed::read(&json!([test(json!(null)), value(), added])), writes, "one more annotation");
        assert_eq!(
            Deed::read(&json!([test(json!(text)), value()])),
            writes,
            "the annotation is right already"
        );
        let replaced = json!({ "op": "replace", "path": ANNOTATION, "value": text });
        let earlier = json!(json!({ "ring": "ring-b" }).to_string());
        assert_eq!(Deed::read(&json!([test(earlier), value(), replaced])), writes, "another one was there");
        let gone = json!({ "op": "remove", "path": ANNOTATION });
        let removal = |service: Option<&str>| Deed::Removal { service: service.map(str::to_owned) };
        assert_eq!(Deed::read(&json!([test(json!(text)), value(), gone])), removal(Some("atlas")));
        assert_eq!(Deed::read(&json!([value()])), removal(None), "somebody stripped the annotation");
        let refresh = json!({ "op": "add", "path": "/metadata/annotations/argocd.argoproj.io~1refresh", "value": "normal" });
        assert_eq!(Deed::read(&json!([refresh])), Deed::Nothing);
    }
}
