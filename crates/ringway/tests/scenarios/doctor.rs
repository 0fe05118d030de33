//! What the doctor says about clusters that are not as they should be. What is wrong with the one of Argo CD is in
//! `bad_input.rs`, and what it says about GitHub in `rings/doctor.rs`.

use crate::harness::{Copied, Identity, Ringway, configuration, target};
use serde_json::{Value, json};

#[test]
fn the_doctor_looks_at_the_cluster_of_each_tenant_that_has_a_context() {
    let mut stranger = Value::Null;
    Copied::of(&target().kubeconfig(Identity::Stranger), |content| {
        stranger = content["users"][0]["user"].clone();
    });
    let kubeconfig = Copied::of(&target().kubeconfig(Identity::Ringway), |content| {
        let add = |content: &mut Value, kind: &str, entry: Value| {
            content[kind].as_array_mut().unwrap().push(entry);
        };
        let known = content["contexts"][0]["context"].clone();
        add(content, "clusters", json!({ "name": "away", "cluster": { "server": "http://127.0.0.1:1" } }));
        add(content, "users", json!({ "name": "stranger", "user": stranger }));
        for (tenant, field, value) in [
            ("near", "user", &known["user"]),
            ("far", "cluster", &json!("away")),
            ("closed", "user", &json!("stranger")),
        ] {
            let mut context = known.clone();
            context[field] = value.clone();
            add(content, "contexts", json!({ "name": format!("of-{tenant}"), "context": context }));
        }
    });
    let doctor = |context: &str, code: i32| {
        let tenants = format!(
            r#"tenantClusters: {{access: contexts, context: "{context}", kubeconfig: "{}"}}"#,
            kubeconfig.path()
        );
        let ringway =
            Ringway::with(&configuration().replace("tenantClusters: {access: sameCluster}", &tenants));
        let checks = ringway.run(&["doctor", "-o", "json"]).expect(code).json();
        let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
        let checks = checks.as_array().unwrap().iter();
        let of_tenants = checks.filter(|check| text(check, "what").contains("of tenant"));
        of_tenants.map(|check| ["state", "what", "found"].map(|field| text(check, field))).collect::<Vec<_>>()
    };

    let said = doctor("of-{tenant}", 1);
    let heads: Vec<_> = said.iter().map(|[state, what, _]| format!("{state} {what}")).collect();
    let expected = [
        "problem cluster of tenant far",
        "good clusters of tenants: near",
        "notice clusters of tenants: closed",
    ];
    assert_eq!(heads, expected, "{said:#?}");
    let found = |index: usize| said[index][2].as_str();
    assert!(
        found(0).starts_with("cluster of-far: could not read the version of the API server"),
        "{said:#?}"
    );
    assert!(found(1).ends_with(": all rights that are needed"), "{said:#?}");
    assert!(found(2).contains(": may not list pods, watch pods, list statefulsets.apps"), "{said:#?}");

    let nobody = doctor("vcluster-{tenant}", 1);
    let found = "the kubeconfig has no context vcluster-{tenant}, for whatever tenant";
    assert_eq!(nobody, [["problem", "clusters of tenants", found].map(str::to_owned)]);
}
