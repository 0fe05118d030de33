//! What others put into an Application by making it again from a copy: theirs from then on, and nobody else's.

use super::Book;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is there of a ring in the copy that an Application was made from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Copied {
    /// The texts that name an image of a ring, or its repository.
    images: Vec<String>,
    /// The owner annotations, by service.
    owners: BTreeMap<String, Value>,
}

impl Copied {
    /// What is there of a ring in an object. `None`: nothing, and it is an Application as any other.
    pub(crate) fn read(object: &Value) -> Option<Self> {
        let images: Vec<String> = ring_images(&object["spec"]).into_iter().map(str::to_owned).collect();
        let owners = owners(object);
        (!images.is_empty() || !owners.is_empty()).then_some(Self { images, owners })
    }
}

impl Book {
    /// Whether others put this owner annotation into the Application, in these words.
    pub(crate) fn is_copied_owner(&self, uid: &str, service: &str, owner: &Value) -> bool {
        self.copies.get(uid).is_some_and(|copied| copied.owners.get(service) == Some(owner))
    }

    /// Whether others put this text, which names an image of a ring, into the Application.
    pub(crate) fn is_copied_text(&self, uid: &str, text: &str) -> bool {
        self.copies.get(uid).is_some_and(|copied| copied.images.iter().any(|copied| copied == text))
    }

    /// Whether a workload is to run this image of a ring because others put it into the tenant's Application, which is
    /// to say it in the end as well.
    pub(crate) fn is_copied_image(&self, uid: &str, tenant: &str, image: &str) -> bool {
        let expected = self.tenants.get(tenant).and_then(|tenant| tenant.expected.as_ref());
        let says = |text: &str| expected.is_some_and(|expected| says(expected, text));
        // The tag may stand apart from the repository.
        let (repository, tag) = image.rsplit_once(':').unwrap_or((image, ""));
        self.is_copied_text(uid, image) && says(image)
            || self.is_copied_text(uid, repository) && says(repository) && says(tag)
    }
}

/// The texts that name an image of a ring or its repository; nothing else has one.
pub(crate) fn ring_images(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => text.contains("-ring-").then_some(text.as_str()).into_iter().collect(),
        Value::Array(list) => list.iter().flat_map(ring_images).collect(),
        Value::Object(map) => map.values().flat_map(ring_images).collect(),
        _ => Vec::new(),
    }
}

/// The owner annotations of an Application, by service.
pub(crate) fn owners(object: &Value) -> BTreeMap<String, Value> {
    let annotations = object.pointer("/metadata/annotations").and_then(Value::as_object);
    let owners = annotations.into_iter().flatten().filter_map(|(key, value)| {
        let service = key.strip_prefix("owner.ringway.dev/")?;
        Some((service.to_owned(), serde_json::from_str(value.as_str()?).ok()?))
    });
    owners.collect()
}

/// Whether a spec has exactly this text somewhere.
fn says(spec: &Value, text: &str) -> bool {
    match spec {
        Value::String(found) => found == text,
        Value::Array(list) => list.iter().any(|value| says(value, text)),
        Value::Object(map) => map.values().any(|value| says(value, text)),
        _ => false,
    }
}
