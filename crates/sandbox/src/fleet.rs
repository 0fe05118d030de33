//! Tenants: the Applications of the testbed's fleet, made with the options of `testbed/tenant` and with the same result.
//!
//! A tenant is an Application of its name in the namespace `argocd`; it deploys to the namespace `tenant-NAME`. Nothing
//! here waits: [`is_settled`] and [`is_gone`] say how far Argo CD has come.

mod manifest;
mod options;

#[cfg(test)]
mod tests;

pub use manifest::manifest;
pub use options::{Options, Owner};

use crate::{Key, Kind, Model, oci::Push};
use serde_json::{Value, json};

/// Where the charts are.
pub const REPOSITORY: &str = "https://git.example.com/fleet.git";

/// The registry that the charts name before [`crate::argocd::repositories::Repositories::publish_fleet`] names another.
pub const EXAMPLE_REGISTRY: &str = "registry.example.com";

/// The tenants that are always there: `testbed/up`, `docs/testbed.md`.
pub const TENANTS: [&str; 6] = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"];

const NAMESPACE: &str = "argocd";
/// Who makes and removes tenants on the testbed.
const MANAGER: &str = "kubectl-create";

/// The images that `testbed/push --all` pushes. The tags that begin with digits look like numbers to YAML.
const IMAGES: [&str; 4] = ["atlas-metastore", "atlas-metastore-ring-demo", "heracles", "heracles-ring-demo"];
const TAGS: [&str; 16] = [
    "1.0.0",
    "1.1.0",
    "2.0.0",
    "e65a995abcd",
    "0123456",
    "12e4567",
    "badpull-1",
    "configerror-1",
    "crash-1",
    "never-1",
    "slow2s-1",
    "slow5s-1",
    "amd64only-1",
    "platformdigest-1",
    "wrongdigest-1",
    "single-1",
];

fn key(kind: Kind, name: String) -> Key {
    Key::new(kind, NAMESPACE, name)
}

fn application(name: &str) -> Key {
    key(Kind::Application, name.to_owned())
}

fn namespace(name: &str) -> Key {
    Key::new(Kind::Namespace, "", format!("tenant-{name}"))
}

fn parent(name: &str) -> Key {
    key(Kind::Application, format!("{name}-parent"))
}

/// Makes a tenant. One that exists, or that is being deleted, is left alone; the answer says whether it was made.
pub fn create(model: &mut Model, name: &str, options: &Options) -> bool {
    if model.get(&application(name)).is_some() || is_deleted(model, &namespace(name)) {
        return false;
    }
    if options.owner == Some(Owner::Application) {
        let url = manifest::parent_repository(name);
        model.argocd.repositories.commit(&url, vec![manifest::child_in_git(name, options)]);
    }
    model.create(manifest(name, options), MANAGER).is_some()
}

/// Changes the manifest of a tenant in the git repository of its parent Application, and lets Argo CD look at it.
/// Nothing happens without a parent.
pub fn change_in_git(model: &mut Model, name: &str, change: impl FnOnce(&mut Value)) {
    let url = manifest::parent_repository(name);
    let Some(mut manifests) = model.argocd.repositories.manifests(&url).map(<[Value]>::to_vec) else {
        return;
    };
    manifests.first_mut().map(change);
    model.argocd.repositories.commit(&url, manifests);
    model.update(&parent(name), "kubectl-annotate", |parent| {
        parent["metadata"]["annotations"]["argocd.argoproj.io/refresh"] = json!("normal");
    });
}

/// Removes a tenant: its owners first, so that nobody makes again what is removed; an operation that hangs is terminated,
/// for it would hold back the deletion; then the Application and its namespace.
pub fn delete(model: &mut Model, name: &str) {
    model.delete(&key(Kind::ApplicationSet, format!("{name}-set")));
    model.delete(&parent(name));
    model.update(&application(name), "kubectl-patch", |found| {
        if found.pointer("/status/operationState/phase").is_some_and(|phase| phase == "Running") {
            found["status"]["operationState"]["phase"] = json!("Terminating");
        }
    });
    model.delete(&application(name));
    model.delete(&namespace(name));
}

/// Whether nothing of a tenant is left.
pub fn is_gone(model: &Model, name: &str) -> bool {
    let set = key(Kind::ApplicationSet, format!("{name}-set"));
    [set, parent(name), application(name), namespace(name)].iter().all(|key| model.get(key).is_none())
}

fn is_deleted(model: &Model, key: &Key) -> bool {
    model.get(key).is_some_and(|object| object.pointer("/metadata/deletionTimestamp").is_some())
}

/// What Argo CD says about a tenant: sync and health, `Unknown` where it says nothing.
pub fn state(model: &Model, name: &str) -> (String, String) {
    let found = model.get(&application(name));
    let word = |pointer: &str| {
        let word = found.and_then(|found| found.pointer(pointer)).and_then(Value::as_str);
        word.unwrap_or("Unknown").to_owned()
    };
    (word("/status/sync/status"), word("/status/health/status"))
}

/// Whether a tenant is Synced and Healthy: old news right after a patch, so no proof of a rollout.
pub fn is_settled(model: &Model, name: &str) -> bool {
    let (sync, health) = state(model, name);
    sync == "Synced" && health == "Healthy"
}

/// Makes the fleet that the testbed has when it is up, with images of the registry at a host, and pushes these.
pub fn install(model: &mut Model, registry: &str) {
    model.argocd.repositories.publish_fleet(registry);
    push_all(model, registry);
    let image = json!({ "repository": format!("{registry}/atlas-metastore"), "tag": "1.0.0" });
    let image = json!({ "atlas": { "atlas": { "image": image } } });
    for name in TENANTS {
        let mut options = Options::default();
        match name {
            "charlie" => options.multi_source = true,
            "delta" => options.values_object = Some(image.clone()),
            "echo" => {
                options.values_object = Some(image.clone());
                options.set.push(("cache.enabled".to_owned(), "true".to_owned()));
            }
            "foxtrot" => options.values_object = Some(json!({ "atlas": { "replicas": 3 } })),
            _ => {}
        }
        create(model, name, &options);
    }
}

/// Pushes what `testbed/push --all` pushes.
pub fn push_all(model: &mut Model, registry: &str) {
    for image in IMAGES {
        for tag in TAGS {
            let push = Push { single: tag == "single-1", ..Push::default() };
            model.registries.push(registry, image, tag, &push);
        }
    }
}

/// Makes tenants of the chart `minimal` for measurements, as `testbed/tenant bench`; the answer is their names: bench-001
/// and so on, with as many digits as are needed.
pub fn many(model: &mut Model, count: usize) -> Vec<String> {
    let digits = count.to_string().len().max(3);
    let options = Options { chart: "minimal".to_owned(), ..Options::default() };
    let names: Vec<_> = (1..=count).map(|number| format!("bench-{number:0digits$}")).collect();
    for name in &names {
        create(model, name, &options);
    }
    names
}
