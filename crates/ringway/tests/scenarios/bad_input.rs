//! What a person gets wrong, or what is wrong around the program: each is named, with what to do, and nothing is
//! written.
//!
//! Command lines, cohort files and configurations need no cluster: `tests/it/cli.rs`.

use crate::{
    harness::{
        APPLICATION, Administrator, Change, Copied, Identity, RING_IMAGE, Ran, Ringway, Tenant,
        administrator, configuration, configuration_of, image, release_arguments, target,
    },
    observe::{lost_races, patched},
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

/// The tenant that these tests only look at.
fn seen() -> Value {
    let application = administrator().get(APPLICATION, "argocd", target().resident());
    json!([application["spec"], application["metadata"]["annotations"]])
}

fn ringways_kubeconfig() -> String {
    target().kubeconfig(Identity::Ringway)
}

/// Ringway whose Argo CD instance is reached with `kubeconfig`, with further settings of the instance.
fn reaching(kubeconfig: &str, more: &str) -> Ringway {
    let given = format!("kubeconfig: \"{kubeconfig}\"");
    Ringway::with(&configuration_of(kubeconfig).replace(&given, &format!("{given}{more}")))
}

/// What the doctor finds out about the Argo CD instance.
#[track_caller]
fn diagnosis(ringway: &Ringway) -> String {
    let checks = ringway.run(&["doctor", "-o", "json"]).expect(1).json();
    let checks = checks.as_array().unwrap().iter();
    let problems: Vec<&Value> = checks.filter(|check| check["state"] == "problem").collect();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0]["what"], "Argo CD testbed");
    problems[0]["found"].as_str().unwrap().to_owned()
}

/// Releases to the tenant of [`seen`], which cannot be looked at: `release start` and `plan` name the reason in the same words.
#[track_caller]
fn assert_unreachable(ringway: &Ringway, code: &str, message: &str) {
    let (before, tenant) = (seen(), target().resident());
    let image = image("e65a995abcd");
    let arguments = release_arguments("ring-bad", "atlas", &image, tenant);
    let ran = ringway.run(&arguments).expect(1);
    assert_eq!(ran.verdicts(), format!("{tenant} failed none {code}"));
    assert_eq!(ran.message(tenant), message);
    let planned = ringway.run(&[&["plan"], &arguments[2..]].concat()).expect(1).json();
    assert_eq!((&planned[0]["outcome"], &planned[0]["reasons"][0]), (&json!("failed"), &json!(message)));
    assert_eq!(ringway.run(&["override", "list", "-o", "json"]).expect(0).json(), json!([]));
    assert_eq!(seen(), before);
}

#[test]
fn a_kubeconfig_that_is_not_there_is_named() {
    let ringway = reaching("/no/such/kubeconfig", "");
    let message = "cluster testbed: could not connect: there is no kubeconfig /no/such/kubeconfig; set `kubeconfig` in \
                   the configuration or KUBECONFIG";
    assert_unreachable(&ringway, "kubeconfig_missing", message);
    assert_eq!(diagnosis(&ringway), message);
}

#[test]
fn a_context_that_is_not_there_is_named_with_those_that_are() {
    let kubeconfig = ringways_kubeconfig();
    let ringway = reaching(&kubeconfig, ", context: production");
    let message = format!(
        "cluster testbed: could not connect: the kubeconfig {kubeconfig} has no context \"production\"; it has testbed"
    );
    assert_unreachable(&ringway, "context_missing", &message);
    assert_eq!(diagnosis(&ringway), message);
}

#[test]
fn a_token_that_expired_is_named_at_once() {
    let ringway = reaching(&target().kubeconfig(Identity::Expired), "");
    let reason =
        "the API server does not accept our credentials, they may have expired; renew those of this context";
    let tenant = target().resident();
    let message = format!("cluster testbed: could not read Application argocd/{tenant}: {reason}");
    assert_unreachable(&ringway, "unauthorized", &message);
    assert!(diagnosis(&ringway).ends_with(reason));
}

#[test]
fn a_cluster_without_argo_cd_is_named() {
    // Below a path that it does not serve, an API server answers as one that has never heard of the kind.
    let elsewhere = Copied::of(&target().kubeconfig(Identity::Administrator), |content| {
        let server = &mut content["clusters"][0]["cluster"]["server"];
        *server = json!(format!("{}/without-argo-cd", server.as_str().unwrap()));
    });
    assert_unreachable(
        &reaching(&elsewhere.path(), ""),
        "crd_absent",
        "cluster testbed: could not read Application argocd/alpha: the cluster does not know applications.argoproj.io; \
         check that Argo CD is installed there and that this is its context",
    );
}

#[test]
fn a_tenant_whose_cluster_has_no_context_fails_and_the_others_go_on() {
    let there = Tenant::new("bad-there", &["--chart", "minimal"]);
    let absent = Tenant::compared("bad-absent", &["--chart", "minimal"], |_| {});
    let before = absent.sources();
    let contexts = Copied::with_context(&ringways_kubeconfig(), there.name());
    let file = contexts.path();
    let tenants =
        format!(r#"tenantClusters: {{access: contexts, context: "{{tenant}}", kubeconfig: "{file}"}}"#);
    let ringway = Ringway::with(&configuration().replace("tenantClusters: {access: sameCluster}", &tenants));

    let image = image("e65a995abcd");
    let arguments = release_arguments("ring-bad", "minimal", &image, "bad-there,bad-absent");
    let planned = ringway.run(&[&["plan"], &arguments[2..]].concat()).expect(3).json();
    assert_eq!((&planned[0]["outcome"], &planned[1]["outcome"]), (&json!("ready"), &json!("failed")));
    let ran = ringway.run(&arguments).expect(3);
    assert_eq!(ran.verdicts(), "bad-there success digest_verified -\nbad-absent failed none context_missing");
    assert_eq!(ran.message("bad-absent"), planned[1]["reasons"][0]);
    assert_eq!(
        ran.message("bad-absent"),
        format!(
            "cluster bad-absent: could not connect: the kubeconfig {file} has no context \"bad-absent\"; it \
             has bad-there, testbed"
        )
    );
    assert_eq!(absent.sources(), before);
    ringway.cleanup("ring-bad").expect(0);
}

/// Releases an image that is not released; the answer is what stands on standard error, from `plan` as well.
#[track_caller]
fn not_released(ringway: &Ringway, reference: &str) -> String {
    let before = seen();
    let arguments = release_arguments("ring-bad", "atlas", reference, target().resident());
    let planned = ringway.run(&[&["plan"], &arguments[2..]].concat());
    let Ran { code, out, err } = ringway.run(&arguments);
    assert_eq!((code, out.as_str()), (4, ""), "{err}");
    assert_eq!((planned.code, &planned.out, &planned.err), (code, &out, &err), "plan says something else");
    assert_eq!(ringway.run(&["release", "list", "-o", "json"]).expect(0).json(), json!([]));
    assert_eq!(seen(), before);
    err
}

#[test]
fn a_tag_that_is_absent_or_lacks_a_platform_is_not_released() {
    let ringway = Ringway::new();
    let absent = image("never-pushed");
    assert_eq!(
        not_released(&ringway, &absent),
        format!(
            "ringway: service atlas: {absent} does not exist: the registry knows no such repository or tag. Check both \
             for a slip, or wait until the build has pushed it, and start again\n"
        )
    );
    let half = image("amd64only-1");
    let told = not_released(&ringway, &half);
    assert!(told.starts_with(&format!("ringway: service atlas: {half} is sha256:")), "{told}");
    assert!(
        told.ends_with(
            " and lacks linux/arm64: a node of that platform could not pull it. Build and push it for every platform, \
             or take the platform out of the service's `platforms`\n"
        ),
        "{told}"
    );
}

/// Ringway that releases from the registry that wants an account, with `credentials` or none.
fn with_private_registry(credentials: &str) -> Ringway {
    let configuration = configuration().replace(&target().registry(), &target().private_registry());
    Ringway::with(&configuration.replace("insecure: true", &format!("insecure: true{credentials}")))
}

#[test]
fn an_image_that_the_registry_does_not_show_us_is_not_released() {
    let private = target().private_registry();
    let reference = format!("{private}/{RING_IMAGE}:e65a995abcd");
    let refused = format!(
        "ringway: service atlas: the registry refuses to say whether {reference} exists: asking \
         http://{private}/v2/{RING_IMAGE} for tag e65a995abcd: 401 Unauthorized: UNAUTHORIZED (authentication required); "
    );
    let the_same = "; registries give the same answer for a private repository that does not exist\n";
    assert_eq!(
        not_released(&with_private_registry(""), &reference),
        format!(
            "{refused}no credentials are configured for this registry: add them under `registries`{the_same}"
        )
    );

    let (user, password) = target().reader();
    let credentials =
        format!(", credentials: {{username: {user}, passwordEnvironment: RINGWAY_TEST_PASSWORD}}");
    let ringway = with_private_registry(&credentials);
    let arguments = release_arguments("ring-bad", "atlas", &reference, target().resident());
    let planned = |password: &str| {
        let mut command = ringway.command(&[&["plan"], &arguments[2..]].concat());
        Ran::from(command.env("RINGWAY_TEST_PASSWORD", password).output().unwrap())
    };
    let unset = ringway.run(&arguments);
    let asked_for = format!(
        "ringway: the password of registry {private} should be in the environment variable \
         RINGWAY_TEST_PASSWORD, which is not set; set it\n"
    );
    assert_eq!((unset.code, unset.out.as_str(), unset.err), (2, "", asked_for));
    let wrong = planned("not-the-password").expect(4);
    assert_eq!(
        (wrong.out.as_str(), wrong.err),
        (
            "",
            format!(
                "{refused}check the password of user \"{user}\" and that it may pull this repository{the_same}"
            )
        )
    );
    let right = planned(&password).expect(0).json();
    assert_eq!(right[0]["outcome"], "ready");
}

/// Gives an Application `helm` and takes it away again, as fast as the API server goes, until somebody else has written
/// parameters there or `stop` is set. Well-behaved: like Ringway it guards each write with what it has seen.
fn toggle_helm(administrator: &Administrator, name: &str, stop: &AtomicBool) {
    let helm = "/spec/source/helm";
    let given = json!([
        {"op": "test", "path": helm, "value": null},
        {"op": "add", "path": helm, "value": {"valuesObject": {"replicas": 2}}},
    ]);
    let taken = json!([
        {"op": "test", "path": format!("{helm}/parameters"), "value": null},
        {"op": "remove", "path": helm},
    ]);
    for patch in [given, taken].iter().cycle() {
        let sent = administrator.patch((APPLICATION, "argocd", name), patch, Change::default());
        if stop.load(Ordering::Relaxed) || sent.is_err() {
            return;
        }
    }
}

/// Releases while somebody else writes to the Application, takes it back, and says whether a race was lost.
#[track_caller]
fn release_in_a_race(ringway: &Ringway, tenant: &Tenant) -> bool {
    let (written, lost, stop) = (patched(tenant.name()), lost_races(tenant.name()), AtomicBool::new(false));
    let administrator = administrator();
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| toggle_helm(&administrator, tenant.name(), &stop));
        let ran = ringway.release("ring-bad", "minimal", "e65a995abcd", tenant.name());
        stop.store(true, Ordering::Relaxed);
        ran
    });
    assert_eq!(ran.expect(0).verdicts(), "bad-racing success digest_verified -");
    assert_eq!(patched(tenant.name()) - written, 1, "however many races were lost");
    let lost = lost_races(tenant.name()) - lost;
    assert!(tenant.images("atlas").iter().all(|running| *running == image("e65a995abcd")));
    let mut expected = tenant.sources();
    ringway.cleanup("ring-bad").expect(0);
    let helm = expected[0]["helm"].as_object_mut().unwrap();
    helm.remove("parameters");
    if helm.is_empty() {
        expected[0].as_object_mut().unwrap().remove("helm");
    }
    assert_eq!(tenant.sources(), expected, "what the other one wrote stays");
    lost > 0
}

#[test]
fn an_application_that_changes_between_reading_and_writing_is_read_again() {
    let tenant = Tenant::new("bad-racing", &["--chart", "minimal"]);
    let ringway = Ringway::new();
    // Ringway may be the faster one, but not every time.
    let lost = (0..10).any(|_| {
        administrator().merge(
            APPLICATION,
            "argocd",
            tenant.name(),
            &json!({ "spec": { "source": { "helm": null } } }),
        );
        release_in_a_race(&ringway, &tenant)
    });
    assert!(lost, "no race was lost in ten releases");
}
