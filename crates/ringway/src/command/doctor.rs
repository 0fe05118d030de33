//! `ringway doctor`: what is reachable, what Ringway may do, which versions there are, and how to mend what is wrong.

mod github;
mod tenants;

use super::OutputFormat;
use crate::{
    cluster::{ClusterClient, Clusters, Right},
    config::{ArgocdInstance, Config, TenantClusters},
    error::Outcome,
    ledger::Ledger,
    output,
    registry::Registry,
    state::StateFolder,
    world,
};
use release::image::{Availability, ImageReference};
use serde::Serialize;
use std::collections::BTreeSet;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: String,
    state: State,
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Good,
    /// It may be meant so.
    Notice,
    Problem,
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, state: State, what: impl Into<String>, found: impl Into<String>, advice: Option<&str>) {
        let advice = advice.map(str::to_owned);
        self.0.push(Check { what: what.into(), state, found: found.into(), advice });
    }

    fn error(&mut self, what: impl Into<String>, error: impl Into<anyhow::Error>) {
        // The text of the error says what to do.
        self.add(State::Problem, what, format!("{:#}", error.into()), None);
    }
}

pub(super) async fn doctor(config: Config, format: OutputFormat) -> anyhow::Result<Outcome> {
    let mut checks = Checks::default();
    let services = config.services.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    checks.add(State::Good, "configuration", format!("{}: services {services}", config.file.display()), None);
    state_folder(&mut checks, &config);
    let clusters = Clusters::new(config.argocd.clone(), config.tenant_clusters.clone());
    for instance in &config.argocd {
        match clusters.instance(&instance.name).await {
            Ok(client) => argocd(&mut checks, &config, instance, &client).await,
            Err(error) => checks.error(format!("Argo CD {}", instance.name), error),
        }
    }
    tenants::look(&mut checks, &config, &clusters).await;
    registries(&mut checks, &config).await;
    github::look(&mut checks, &config).await;
    output::print(format, &checks.0, || text(&checks.0))?;
    let good = checks.0.iter().all(|check| check.state != State::Problem);
    Ok(if good { Outcome::Done } else { Outcome::FoundProblems })
}

fn state_folder(checks: &mut Checks, config: &Config) {
    let what = "state folder";
    let folder = match StateFolder::open(&config.state_folder) {
        Ok(folder) => folder,
        Err(error) => return checks.error(what, error),
    };
    let driven = match folder.owner() {
        Some(owner) => {
            format!("driven by `{}` (process {}) since {:.0}", owner.command, owner.process, owner.since)
        }
        None if folder.is_owned() => "driven by a process that is just starting".to_owned(),
        None => "nothing drives releases now".to_owned(),
    };
    let mut frozen = Vec::new();
    let ledger = if folder.ledger().exists() {
        let opened = Ledger::open_read_only(&folder.ledger());
        match opened.and_then(|ledger| Ok((ledger.id().to_owned(), ledger.freezes()?))) {
            Ok((id, freezes)) => {
                frozen = freezes;
                format!("ledger {id}")
            }
            Err(error) => return checks.error(what, error),
        }
    } else {
        "no ledger yet".to_owned()
    };
    checks.add(State::Good, what, format!("{}: {ledger}, {driven}", folder.path().display()), None);
    for freeze in frozen {
        let advice = format!("no release begins; if that is not meant: {}", freeze.end());
        checks.add(State::Notice, "freeze", freeze.to_string(), Some(&advice));
    }
}

async fn argocd(checks: &mut Checks, config: &Config, instance: &ArgocdInstance, client: &ClusterClient) {
    let what = format!("Argo CD {}", instance.name);
    match client.server_version().await {
        Ok(version) => checks.add(State::Good, &what, format!("Kubernetes {version}"), None),
        Err(error) => return checks.error(&what, error),
    }
    match client.has_applications().await {
        Ok(true) => {}
        Ok(false) => {
            let advice = "install Argo CD there, or name the context of the cluster where it is installed";
            return checks.add(
                State::Problem,
                &what,
                "the cluster has no Applications (argoproj.io/v1alpha1)",
                Some(advice),
            );
        }
        Err(error) => return checks.error(&what, error),
    }
    for namespace in &instance.namespaces {
        let applications = ["get", "list", "watch", "patch"]
            .map(|verb| Right::new(verb, "argoproj.io", "applications", namespace));
        rights(
            checks,
            &format!("{what}: Applications in {namespace}"),
            client,
            &applications,
            State::Problem,
        )
        .await;
        let sets = [Right::new("get", "argoproj.io", "applicationsets", namespace)];
        rights(checks, &format!("{what}: ApplicationSets in {namespace}"), client, &sets, State::Problem)
            .await;
        match client.argocd_version(namespace).await {
            Ok(Some(version)) => {
                let bug = known_bug(&version);
                let state = if bug.is_some() { State::Notice } else { State::Good };
                checks.add(state, format!("{what}: version"), version, bug);
            }
            // Only its Helm chart writes it down, and Ringway does not depend on it.
            Ok(None) => {
                let found = "not known: the ConfigMap argocd-cm has no label app.kubernetes.io/version, or may not be read";
                checks.add(State::Good, format!("{what}: version"), found, None);
            }
            Err(error) => checks.error(format!("{what}: version"), error),
        }
    }
    if config.tenant_clusters == TenantClusters::SameCluster {
        let what = format!("{what}: workloads and pods of tenants");
        rights(checks, &what, client, &tenants::needed(), State::Notice).await;
    }
}

/// What to do about a version of Argo CD that takes overrides out again.
fn known_bug(version: &str) -> Option<&'static str> {
    let number = version.trim_start_matches('v').split(['-', '+']).next()?;
    (number == "3.5.0").then_some(
        "update to 3.5.1: in 3.5.0 an ApplicationSet reverts overrides although it was told to ignore them (argo-cd#29066); tenants without an ApplicationSet are not affected",
    )
}

async fn rights(
    checks: &mut Checks,
    what: &str,
    client: &ClusterClient,
    wanted: &[Right],
    if_missing: State,
) {
    match client.check_rights(wanted).await {
        Ok(missing) if missing.is_empty() => {
            checks.add(State::Good, what, "all rights that are needed", None)
        }
        Ok(missing) => {
            let advice = match if_missing {
                State::Notice => tenants::ADVICE,
                _ => "apply deploy/ringway.yaml, in the namespace of the Applications",
            };
            checks.add(if_missing, what, lacking(&missing), Some(advice));
        }
        Err(error) => checks.error(what, error),
    }
}

fn lacking(missing: &[Right]) -> String {
    let missing: Vec<String> =
        missing.iter().map(|right| format!("{} {}", right.verb, right.qualified_resource())).collect();
    format!("may not {}", missing.join(", "))
}

/// Asks every registry for a tag that nobody has: an answer is enough.
async fn registries(checks: &mut Checks, config: &Config) {
    let registry = match world::registry(config) {
        Ok(registry) => registry,
        Err(error) => return checks.error("registries", error),
    };
    let repositories: BTreeSet<String> = config
        .services
        .values()
        .flat_map(|service| &service.images)
        .flat_map(|image| &image.repositories)
        .map(|pattern| pattern.0.replace('*', "doctor"))
        .collect();
    for repository in repositories {
        let what = format!("registry: {repository}");
        let Ok(reference) = format!("{repository}:ringway-doctor").parse::<ImageReference>() else {
            continue;
        };
        match registry.resolve(&reference, &[]).await {
            Availability::Unknown { reason, denied: true } => {
                // Some registries say so for repositories that do not exist yet.
                checks.add(State::Notice, what, reason, Some("fine if the repository does not exist yet; else set its credentials under `registries`"));
            }
            Availability::Unknown { reason, denied: false } => {
                checks.add(
                    State::Problem,
                    what,
                    reason,
                    Some("check the host, the network, and `registries`"),
                );
            }
            _ => checks.add(State::Good, what, "answers", None),
        }
    }
}

fn text(checks: &[Check]) -> String {
    let mut lines = Vec::new();
    for check in checks {
        let mark = match check.state {
            State::Good => "ok      ",
            State::Notice => "notice  ",
            State::Problem => "PROBLEM ",
        };
        lines.push(format!("{mark}{}: {}", check.what, check.found));
        if let Some(advice) = &check.advice {
            lines.push(format!("        → {advice}"));
        }
    }
    let problems = checks.iter().filter(|check| check.state == State::Problem).count();
    lines.push(match problems {
        0 => "No problems.".to_owned(),
        1 => "1 problem.".to_owned(),
        more => format!("{more} problems."),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::known_bug;

    #[test]
    fn the_version_of_argo_cd_whose_application_sets_revert_overrides_is_known() {
        for version in ["v3.5.0", "3.5.0", "v3.5.0-rc2", "v3.5.0+abc"] {
            assert!(known_bug(version).is_some_and(|advice| advice.contains("argo-cd#29066")), "{version}");
        }
        for version in ["v3.4.9", "v3.5.1", "v3.5.10", "13.5.0", ""] {
            assert_eq!(known_bug(version), None, "{version}");
        }
    }
}
