//! The tenants: Applications of the forms that the testbed's fleet has.

use super::configuration::{Family, REGISTRY};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Request, StatusCode};
use sandbox::{
    Key, Kind, Model, Random,
    fleet::{self, Owner},
    kubernetes,
    workload::ImageIdForm,
};
use serde_json::{Value, json};

/// What a tenant is like.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Its name.
    pub(super) name: String,
    options: fleet::Options,
}

impl Shape {
    pub(super) fn application(&self) -> Key {
        Key::new(Kind::Application, "argocd", &self.name)
    }

    pub(super) fn namespace(&self) -> String {
        format!("tenant-{}", self.name)
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        self.options.owner
    }

    /// The parameter that is the tag of the image which rings drive most. None where it is no tag alone.
    pub(super) fn tag_parameter(&self) -> Option<&'static str> {
        match self.options.chart.as_str() {
            "umbrella" => Some("atlas.atlas.image.tag"),
            "minimal" => Some("image.tag"),
            "dotted" => Some(r"images\.example\.com/atlas.tag"),
            _ => None,
        }
    }

    /// The Application as a person makes it.
    pub(super) fn manifest(&self) -> Value {
        fleet::manifest(&self.name, &self.options)
    }
}

/// Two to six tenants of a family.
pub(super) fn shapes(family: Family, random: &mut Random) -> Vec<Shape> {
    let count = 2 + random.below(5);
    (0..count).map(|number| shape(family, number, random)).collect()
}

fn shape(family: Family, number: u64, random: &mut Random) -> Shape {
    let letter = char::from(b'a' + u8::try_from(number).unwrap_or(0));
    // In such a namespace no image of a ring can be pulled.
    let name = if random.chance(4) { format!("no-pull-{letter}") } else { format!("tenant-{letter}") };
    let mut options = fleet::Options {
        chart: family.chart().to_owned(),
        manual_sync: random.chance(5),
        self_heal: random.chance(30),
        owner: match random.below(16) {
            0 => Some(Owner::ApplicationSet),
            1 => Some(Owner::Application),
            _ => None,
        },
        ..fleet::Options::default()
    };
    if family == Family::Umbrella {
        values(&mut options, random);
        parameters(&mut options, random);
    }
    Shape { name, options }
}

/// Where the Application has values, beside parameters.
fn values(options: &mut fleet::Options, random: &mut Random) {
    match random.below(10) {
        0 | 1 => {
            let image = json!({ "repository": "registry.example.com/atlas-metastore", "tag": "1.1.0" });
            options.values_object = Some(json!({ "atlas": { "atlas": { "image": image } } }));
        }
        2 => options.values_object = Some(json!({ "atlas": { "replicas": 3 } })),
        3 => options.values = Some("atlas: {replicas: 1}\n".to_owned()),
        4 => options.multi_source = true,
        _ => {}
    }
}

fn parameters(options: &mut fleet::Options, random: &mut Random) {
    for (chance, name, value) in [
        (30, "atlas.podManagementPolicy", "Parallel"),
        (15, "cache.enabled", "true"),
        (5, "atlas.replicas", "0"),
        (5, "atlas.partition", "1"),
        (4, "atlas.updateStrategy", "OnDelete"),
        (10, "atlas.minReadySeconds", "5"),
        (10, "atlas.readyDelay", "5s"),
        (5, "atlas.atlas.image.tag", "1.1.0"),
    ] {
        if random.chance(chance) {
            options.set.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// How the nodes name what a container runs: mostly as containerd does. What an old CRI-O says cannot be compared, so a
/// release is never proven there, and says so; a cleanup is, as far as the registry cannot say what remains.
pub(super) fn image_id(random: &mut Random) -> ImageIdForm {
    match random.below(20) {
        0 | 1 => ImageIdForm::DockerPullable,
        2 => ImageIdForm::Bare,
        _ => ImageIdForm::Repository,
    }
}

/// Makes the fleet.
///
/// # Errors
/// If the model refuses it.
pub(super) fn build(model: &mut Model, shapes: &[Shape]) -> anyhow::Result<()> {
    model.argocd.repositories.publish_fleet(fleet::EXAMPLE_REGISTRY);
    // There, and empty: an image that was not pushed cannot be pulled from it.
    model.registries.at(REGISTRY);
    for shape in shapes {
        ensure!(fleet::create(model, &shape.name, &shape.options), "making {}", shape.name);
    }
    Ok(())
}

/// Makes an object as an administrator.
///
/// # Errors
/// If the model refuses it.
pub(super) fn create(model: &mut Model, object: &Value) -> anyhow::Result<()> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = Kind::of(text("/apiVersion"), text("/kind")).context("an unknown kind")?;
    let path = format!(
        "/apis/{}/{}/namespaces/{}/{}",
        kind.group(),
        kind.version(),
        text("/metadata/namespace"),
        kind.plural()
    );
    let status = send(model, "POST", &path, "application/json", object)?;
    ensure!(status == StatusCode::CREATED, "making {}: {status}", text("/metadata/name"));
    Ok(())
}

/// Sends a request as an administrator who writes by hand.
///
/// # Errors
/// If it is no request.
pub(super) fn send(
    model: &mut Model,
    method: &str,
    path: &str,
    content_type: &str,
    body: &Value,
) -> anyhow::Result<StatusCode> {
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = Request::builder()
        .method(method)
        .uri(format!("{path}?fieldManager=somebody"))
        .header("authorization", format!("Bearer {}", kubernetes::ADMINISTRATOR))
        .header("content-type", content_type)
        .header("user-agent", "somebody")
        .body(bytes)?;
    Ok(kubernetes::handle(model, &request).status())
}
