//! What is said when the story is over: what to try next, and how to use a fleet that stays.

use super::scene::{BASE_REPOSITORY, EVERYONE, RING, SERVICE, Scene};
use sandbox::kubernetes::ADMINISTRATOR;
use std::path::Path;

/// What to try next, when the fleet is gone.
pub(super) fn what_next(program: &str) -> String {
    format!(
        "\
What to try next
  {program} demo --keep           the same fleet stays up, for all the other commands
  {program} demo --tenants 100    a larger one
  {program} --help                what else there is
With an Argo CD of your own: copy ringway.example.yaml to ringway.yaml, describe yours
in it, and ask
  {program} doctor                what is reachable, what Ringway may do, what to mend"
    )
}

/// How to use a fleet that stays, in lines to copy.
pub(super) fn how_to_use(program: &str, scene: &Scene) -> String {
    lines(program, &scene.folder(), &scene.api(), &scene.unlucky, &scene.images.first)
}

fn lines(program: &str, folder: &Path, api: &str, unlucky: &str, image: &str) -> String {
    let config = folder.join("ringway.yaml");
    let config = config.display();
    let cohort = folder.join(EVERYONE);
    let cohort = cohort.display();
    let tags = TAGS.map(|(tag, meaning)| format!("    {tag:12} {meaning}")).join("\n");
    format!(
        "\
The fleet stays up until you press Ctrl-C. In another terminal:
  {program} --config {config} doctor
  {program} --config {config} release start --ring {RING} --service {SERVICE} \\
    --image {image} \\
    --cohort {cohort}
  {program} --config {config} explain {unlucky}
  {program} --config {config} override list
  {program} --config {config} release list
  {program} --config {config} cleanup --ring {RING}
Other images, in {BASE_REPOSITORY}-{RING}:
{tags}
The pull secret of {unlucky} reads none of them, as in the story.
By hand, as an administrator, also to delete the pods that a cleanup names (kubectl sends
no token over HTTP):
  curl -H 'authorization: Bearer {ADMINISTRATOR}' {api}/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{unlucky}
  curl -H 'authorization: Bearer {ADMINISTRATOR}' {api}/api/v1/namespaces/tenant-{unlucky}/pods/atlas-1 -X DELETE"
    )
}

/// What is in the ring's repository besides the commits of the story, and what its containers do.
pub(super) const TAGS: [(&str, &str); 4] = [
    ("1.1.0", "starts and is ready"),
    ("slow5s-1", "is ready 5 seconds after it started"),
    ("crash-1", "starts and exits with 1, again and again"),
    ("never-1", "starts and is never ready"),
];

/// The program as it was called, to be called again.
pub(super) fn program() -> String {
    std::env::args().next().filter(|name| !name.is_empty()).unwrap_or_else(|| "ringway".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{lines, what_next};
    use std::path::Path;

    #[test]
    fn what_to_try_next_is_a_list_of_commands() {
        insta::assert_snapshot!(what_next("ringway"));
    }

    #[test]
    fn a_fleet_that_stays_is_used_with_lines_to_copy() {
        let image = "registry.example.com/atlas-metastore-ring-search:e65a995abcd";
        insta::assert_snapshot!(lines(
            "ringway",
            Path::new("/tmp/demo"),
            "http://127.0.0.1:4711",
            "kestrel-rail",
            image
        ));
    }
}
