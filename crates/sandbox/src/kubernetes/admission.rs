//! Admission of changes: the policy that `deploy/` ships for Ringway, and policies that a scenario adds.

use super::{Account, Api, status::Refusal};
use crate::kind::{Key, Kind};
use serde_json::{Map, Value};

/// The account that the policy of `deploy/` is about.
pub(super) const RINGWAY: &str = "system:serviceaccount:ringway:ringway";

/// The policy of `deploy/admission-policy.yaml`.
const POLICY: &str = "ringway-overrides-only";

/// What Ringway may change in an annotation's name.
const OWNER: &str = "owner.ringway.dev/";

/// The annotation that asks Argo CD to compare.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// A ValidatingAdmissionPolicy, with a binding of the same name, that refuses every change of one Application by one
/// account: the testbed's `a_plan_asks_the_api_server_whether_it_would_accept_the_patch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The name of the policy and of its binding.
    pub policy: String,
    /// The account whose changes are refused.
    pub account: String,
    /// The Application.
    pub application: String,
    /// What is said about it.
    pub message: String,
}

impl Api {
    /// Refuses a change of an Application that a policy does not allow.
    pub(super) fn admit(
        &self,
        account: &Account,
        key: &Key,
        old: &Value,
        new: &Value,
    ) -> Result<(), Refusal> {
        if key.kind != Kind::Application {
            return Ok(());
        }
        let why = |policy: &str, message: &str| {
            format!("ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: {message}")
        };
        if account.name == RINGWAY
            && let Err(message) = overrides_only(old, new)
        {
            return Err(Refusal::denied(key.kind, &key.name, 403, "Forbidden", &why(POLICY, message)));
        }
        let denial = self
            .denials
            .iter()
            .find(|denial| denial.account == account.name && denial.application == key.name);
        match denial {
            // A policy that names no reason refuses with Invalid.
            Some(denial) => {
                let why = why(&denial.policy, &denial.message);
                Err(Refusal::denied(key.kind, &key.name, 422, "Invalid", &why))
            }
            None => Ok(()),
        }
    }
}

/// The validations of the shipped policy, in its order and with its messages.
fn overrides_only(before: &Value, now: &Value) -> Result<(), &'static str> {
    let nothing = Map::new();
    let map = |value: &'_ Value, pointer: &str| -> Map<String, Value> {
        value.pointer(pointer).and_then(Value::as_object).unwrap_or(&nothing).clone()
    };
    let check = |holds: bool, message| if holds { Ok(()) } else { Err(message) };
    check(
        same_but(&map(before, ""), &map(now, ""), |key| matches!(key, "metadata" | "spec")),
        "Ringway may change only the spec and annotations of an Application.",
    )?;
    let (metadata_before, metadata_now) = (&before["metadata"], &now["metadata"]);
    let kept = ["labels", "finalizers", "ownerReferences"];
    check(
        kept.iter().all(|key| metadata_before.get(key) == metadata_now.get(key)),
        "Ringway may not change labels, finalizers or owners of an Application.",
    )?;
    let (annotations_before, annotations_now) =
        (map(before, "/metadata/annotations"), map(now, "/metadata/annotations"));
    let asks = annotations_now.get(REFRESH).is_some_and(|value| value == "normal");
    check(
        same_but(&annotations_before, &annotations_now, |key| {
            key.starts_with(OWNER) || (key == REFRESH && asks)
        }),
        "Ringway may change only annotations that begin with owner.ringway.dev/, and set argocd.argoproj.io/refresh to normal.",
    )?;
    check(
        same_but(&map(before, "/spec"), &map(now, "/spec"), |key| matches!(key, "source" | "sources")),
        "Ringway may change only the sources in the spec of an Application.",
    )?;
    let (sources_before, sources_now) = (sources(before), sources(now));
    check(
        sources_before.len() == sources_now.len() && sources_now.len() <= 10,
        "Ringway may not add or remove sources of an Application.",
    )?;
    let mut pairs = sources_before.iter().zip(&sources_now);
    check(
        pairs.clone().all(|(before, now)| same_but(&map(before, ""), &map(now, ""), |key| key == "helm")),
        "Ringway may change nothing but helm in a source of an Application.",
    )?;
    let is_override = |key: &str| matches!(key, "parameters" | "valuesObject");
    check(
        pairs.all(|(before, now)| same_but(&map(before, "/helm"), &map(now, "/helm"), is_override)),
        "Ringway may change only parameters and valuesObject of helm in a source of an Application.",
    )
}

fn sources(application: &Value) -> Vec<&Value> {
    let spec = &application["spec"];
    spec.get("source").into_iter().chain(spec["sources"].as_array().into_iter().flatten()).collect()
}

/// Whether two objects are the same but for some keys.
fn same_but(before: &Map<String, Value>, now: &Map<String, Value>, free: impl Fn(&str) -> bool) -> bool {
    let mut keys = before.keys().chain(now.keys());
    keys.all(|key| free(key) || before.get(key) == now.get(key))
}
