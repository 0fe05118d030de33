//! The files that the demo writes: what a person would write who has such a fleet.

use super::{
    github::{COHORTS, FOLDER, JOB, REPOSITORY, WORKFLOW},
    scene::{BASE_REPOSITORY, INSTANCE, REGISTRY, SERVICE},
};
use serde_json::json;
use std::net::SocketAddr;

/// The file with the token of GitHub.
pub(super) const TOKEN: &str = "github-token";
/// The file with the secret of its webhook.
pub(super) const SECRET: &str = "github-webhook-secret";

/// Where the servers of the demo are.
pub(super) struct Places {
    pub(super) registry: SocketAddr,
    pub(super) github: SocketAddr,
}

/// The configuration of the demo.
pub(super) fn configuration(places: &Places) -> String {
    let Places { registry, github } = places;
    format!(
        "\
# The configuration of the demo. What the settings mean is in docs/configuration.md.
argocd:
  instances:
    - name: {INSTANCE}
      kubeconfig: kubeconfig

github:
  api: http://{github}
  token: {{file: {TOKEN}}}
  webhookSecrets: [{{file: {SECRET}}}]

cohorts:
  github: {{kind: github, repository: {COHORTS}, folder: {FOLDER}}}

services:
  {SERVICE}:
    images:
      {SERVICE}:
        repositories:
          - {BASE_REPOSITORY}
          - {BASE_REPOSITORY}-ring-*
        platforms: [linux/amd64, linux/arm64]
    applications:
      - name: \"{{tenant}}\"
        overrides:
          - image: {SERVICE}
            values:
              repository: atlas.atlas.image.repository
              tag: atlas.atlas.image.tag
            workloads:
              - {{kind: StatefulSet, name: atlas, container: atlas}}
          - image: {SERVICE}      # the read path, with the same image
            values:
              repository: atlas-read.atlas.image.repository
              tag: atlas-read.atlas.image.tag
            workloads:
              - {{kind: StatefulSet, name: atlas-read, container: atlas-read}}
    rings:
      repository: {REPOSITORY}
      build: {{workflow: {WORKFLOW}, job: {JOB}}}
      images:
        {SERVICE}: {{repository: \"{BASE_REPOSITORY}-{{branch}}\", tag: \"{{sha7}}abcd\"}}
      cohortLimit: 500

registries:
  - host: {REGISTRY}
    address: {registry}   # the demo's registry has no name of its own
    insecure: true

stateFolder: state
"
    )
}

/// A cohort file.
pub(super) fn cohort(tenants: &[String]) -> String {
    let tenants: Vec<_> = tenants.iter().map(|tenant| json!({"name": tenant})).collect();
    format!("{:#}\n", json!({"tenants": tenants}))
}

#[cfg(test)]
mod tests {
    use super::{super::scene::SERVICE, Places, cohort, configuration};
    use crate::config::{Config, EnvironmentPaths, cohort as cohorts};
    use std::path::Path;

    #[test]
    fn the_configuration_is_one() {
        let [registry, github] = ["127.0.0.1:4711", "127.0.0.1:4712"].map(|text| text.parse().unwrap());
        let text = configuration(&Places { registry, github });
        let none = EnvironmentPaths::default();
        let config = Config::parse(Path::new("/demo/ringway.yaml"), text.as_bytes(), &none).unwrap();
        assert_eq!(config.state_folder, Path::new("/demo/state"));
        assert_eq!(config.services.keys().collect::<Vec<_>>(), [SERVICE]);
        assert_eq!(config.rings.keys().collect::<Vec<_>>(), [SERVICE]);
    }

    #[test]
    fn the_cohort_file_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("early-birds.json");
        let tenants = ["alder-bank", "birch-rail"].map(str::to_owned);
        std::fs::write(&file, cohort(&tenants)).unwrap();
        let read = cohorts::load(&file, 2).unwrap();
        assert_eq!((read.name.as_str(), read.tenants.as_slice()), ("early-birds", tenants.as_slice()));
    }
}
