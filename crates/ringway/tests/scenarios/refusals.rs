//! Everything that is refused by name before anything is written: by `plan` and by `release start` in the same
//! words.

mod cohort;
mod destination;
mod object;
mod owner;
mod rights;
mod source;
mod value;

use crate::harness::{Ran, Ringway, Tenant, image, release_arguments};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What Ringway may write to: spec and annotations, without the annotation that Argo CD takes away when it has done it.
fn writable(tenant: &Tenant) -> Value {
    let mut application = tenant.application();
    if let Some(annotations) = application["metadata"]["annotations"].as_object_mut() {
        annotations.remove("argocd.argoproj.io/refresh");
    }
    // None and an empty map are the same.
    let annotations = application["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    json!([application["spec"], annotations])
}

/// A message with `TIME` for each moment in it.
fn timeless(message: &str) -> String {
    let word = |word: &str| {
        let moment = word.trim_matches(|end: char| !end.is_ascii_alphanumeric());
        match moment.parse::<Timestamp>() {
            Ok(_) => word.replace(moment, "TIME"),
            Err(_) => word.to_owned(),
        }
    };
    message.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// `plan` with the arguments of a release.
fn plan(ringway: &Ringway, release: &[&str], options: &[&str]) -> Ran {
    let arguments = release.strip_prefix(&["release", "start"]).unwrap();
    ringway.run(&[&["plan"], arguments, options].concat())
}

fn claims(ringway: &Ringway) -> Value {
    ringway.run(&["override", "list", "-o", "json"]).expect(0).json()
}

/// Releases to one tenant and checks that it is refused with this code and message, that `plan` says the same, and that
/// nothing was written or claimed.
#[track_caller]
fn assert_refused(ringway: &Ringway, service: &str, tenant: &Tenant, code: &str, message: &str) {
    let (application, claimed) = (writable(tenant), claims(ringway));
    let image = image("e65a995abcd");
    let arguments = release_arguments("ring-refused", service, &image, tenant.name());

    let planned = plan(ringway, &arguments, &[]).expect(4).json();
    let planned = &planned[0];
    assert_eq!(planned["outcome"], "refused", "{planned:#}");
    assert_eq!(planned["refusals"][0]["code"], code, "{planned:#}");
    let reasons: Vec<&str> =
        planned["reasons"].as_array().unwrap().iter().filter_map(Value::as_str).collect();

    let ran = ringway.run(&arguments).expect(4);
    let report = ran.json();
    let refused = &report["tenants"][0];
    assert_eq!(timeless(refused["problem"]["message"].as_str().unwrap()), message);
    assert_eq!(ran.verdicts(), format!("{} refused none {code}", tenant.name()));
    assert_eq!(report["verdict"], "refused");
    assert_eq!(refused["problem"]["message"], reasons.join("; "), "plan and release differ");

    assert_eq!(writable(tenant), application, "the Application was written to");
    assert_eq!(claims(ringway), claimed, "a claim was left behind");
}

const MINIMAL: [&str; 2] = ["--chart", "minimal"];
