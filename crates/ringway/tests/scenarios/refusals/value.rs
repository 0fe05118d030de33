//! What speaks against the values that are there.

use super::assert_refused;
use crate::harness::{Ringway, Tenant};

#[test]
fn a_value_of_another_kind_is_refused() {
    let number = Tenant::compared(
        "refuse-number",
        &["--values-object", r#"{"atlas":{"atlas":{"image":{"tag":5}}}}"#],
        |_| {},
    );
    assert_refused(
        &Ringway::new(),
        "atlas-careful",
        &number,
        "unexpected_value",
        "the value at atlas.atlas.image.tag of Application argocd/refuse-number is a number, text is needed; correct \
         it, or the path in the service's `overrides`",
    );
}

#[test]
fn a_value_of_somebody_else_is_refused_with_who_wrote_it() {
    let parameters =
        Tenant::compared("refuse-foreign", &["--chart", "minimal", "--set", "image.tag=2.0.0"], |_| {});
    assert_refused(
        &Ringway::new(),
        "minimal",
        &parameters,
        "foreign_value",
        "image.tag of Application argocd/refuse-foreign is already set to \"2.0.0\" (written by administrator, which \
         last wrote at TIME); remove it, or set `existing: replace` for this value",
    );
    let object = Tenant::compared(
        "refuse-careful",
        &["--values-object", r#"{"atlas":{"atlas":{"image":{"tag":"1.1.0"}}}}"#],
        |_| {},
    );
    assert_refused(
        &Ringway::new(),
        "atlas-careful",
        &object,
        "foreign_value",
        "atlas.atlas.image.tag of Application argocd/refuse-careful is already set to \"1.1.0\" (written by \
         administrator, which last wrote at TIME); remove it, or set `existing: replace` for this value",
    );
}

#[test]
fn values_as_text_are_not_dropped_for_values_object() {
    let tenant = Tenant::compared("refuse-values", &["--values", "atlas: {replicas: 1}"], |_| {});
    assert_refused(
        &Ringway::new(),
        "atlas-careful",
        &tenant,
        "values_would_be_dropped",
        "Application argocd/refuse-values has `helm.values` and no `helm.valuesObject`: creating the latter would make \
         Argo CD drop the former; use the strategy `parameters`",
    );
}
