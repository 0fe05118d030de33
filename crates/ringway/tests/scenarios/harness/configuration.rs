//! What Ringway is told about the target: how to reach it, and the services of its charts.

use super::{kubeconfig::Identity, target::target};

/// The services of the fleet's charts, on its registry, with exactly the rights of `deploy/`.
pub(crate) fn configuration() -> String {
    configuration_of(&target().kubeconfig(Identity::Ringway))
}

/// As [`configuration`], with the identity of `kubeconfig`.
pub(crate) fn configuration_of(kubeconfig: &str) -> String {
    let registry = target().registry();
    format!(
        r#"
argocd:
  instances: [{{name: testbed, kubeconfig: "{kubeconfig}", namespaces: [argocd]}}]
tenantClusters: {{access: sameCluster}}
registries: [{{host: "{registry}", insecure: true}}]
deadlines: {{observed: 1m, applied: 3m, rolloutProgress: 1m, rolloutTotal: 3m}}
stateFolder: state
services:
"#
    ) + &services(&registry)
}

fn services(registry: &str) -> String {
    let images = format!(
        r#"    images: {{atlas: {{repositories: ["{registry}/*"], platforms: [linux/amd64, linux/arm64]}}}}"#
    );
    format!(
        r#"  # Both StatefulSets of the umbrella chart, by parameters.
  atlas:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: atlas.atlas.image.repository, tag: atlas.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
          - image: atlas
            values: {{repository: atlas-read.atlas.image.repository, tag: atlas-read.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas-read, container: atlas-read}}]
  # The same at nested paths of valuesObject.
  atlas-values:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            strategy: valuesObject
            existing: replace
            values: {{repository: atlas.atlas.image.repository, tag: atlas.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
          - image: atlas
            strategy: valuesObject
            existing: replace
            values: {{repository: atlas-read.atlas.image.repository, tag: atlas-read.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas-read, container: atlas-read}}]
  # As atlas-values, but a value that is there is refused.
  atlas-careful:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            strategy: valuesObject
            values: {{repository: atlas.atlas.image.repository, tag: atlas.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
  # A Deployment, flat.
  heracles:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: heracles.image.repository, tag: heracles.image.tag}}
            workloads: [{{kind: Deployment, name: heracles, container: heracles}}]
  # One value holds the whole reference; found by label.
  single:
{images}
    applications:
      - selector: "testbed/tenant={{tenant}}"
        overrides:
          - image: atlas
            values: {{reference: image}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
  # Dots and a slash in a key.
  dotted:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: 'images.example\.com/atlas.repository', tag: 'images.example\.com/atlas.tag'}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
  # The smallest chart.
  minimal:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: image.repository, tag: image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
"#
    )
}
