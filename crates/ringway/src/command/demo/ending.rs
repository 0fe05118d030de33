//! What is said when the story is over: what to try next, and how to use a fleet that stays.

use super::{
    files,
    github::REPOSITORY,
    scene::{BASE_REPOSITORY, EVERYONE, RING, SERVICE, Scene},
};
use sandbox::kubernetes::ADMINISTRATOR;
use std::path::Path;

/// A ring that no pull request is about.
const BY_HAND: &str = "ring-by-hand";

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
    let places = Places { folder: &scene.folder(), kubernetes: &scene.api(), github: &scene.github_api() };
    lines(program, &places, &scene.unlucky)
}

struct Places<'a> {
    folder: &'a Path,
    kubernetes: &'a str,
    github: &'a str,
}

fn lines(program: &str, places: &Places<'_>, tenant: &str) -> String {
    let Places { folder, kubernetes, github } = places;
    let config = folder.join("ringway.yaml");
    let ringway = format!("{program} --config {}", config.display());
    let cohort = folder.join(EVERYONE);
    let cohort = cohort.display();
    let token = folder.join(files::TOKEN);
    let token = token.display();
    let tags = TAGS.map(|(tag, meaning)| format!("    {tag:12} {meaning}")).join("\n");
    format!(
        "\
The fleet, GitHub and Ringway stay up until you press Ctrl-C. In another terminal:
  {ringway} status
  {ringway} doctor
  {ringway} release start --ring {BY_HAND} --service {SERVICE} \\
    --image {BASE_REPOSITORY}-{RING}:1.1.0 --cohort {cohort}
  {ringway} explain {tenant}
  {ringway} override list
  {ringway} release list
  {ringway} audit
  {ringway} cleanup --ring {BY_HAND}
Other images, in {BASE_REPOSITORY}-{RING}:
{tags}
What is in the pull requests (the people of the story live in this process: nobody else can
set labels, push or close there, because this GitHub answers only what Ringway asks of one):
  curl -H \"authorization: Bearer $(cat {token})\" \\
    {github}/repos/{REPOSITORY}/issues/1/comments
By hand, as an administrator (kubectl sends no token over HTTP):
  curl -H 'authorization: Bearer {ADMINISTRATOR}' {kubernetes}/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{tenant}
  curl -H 'authorization: Bearer {ADMINISTRATOR}' {kubernetes}/api/v1/namespaces/tenant-{tenant}/pods/atlas-1 -X DELETE"
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
    use super::{Places, lines, what_next};
    use std::path::Path;

    #[test]
    fn what_to_try_next_is_a_list_of_commands() {
        insta::assert_snapshot!(what_next("ringway"));
    }

    #[test]
    fn a_fleet_that_stays_is_used_with_lines_to_copy() {
        let folder = Path::new("/tmp/demo");
        let (kubernetes, github) = ("http://127.0.0.1:4711", "http://127.0.0.1:4712");
        let places = Places { folder, kubernetes, github };
        insta::assert_snapshot!(lines("ringway", &places, "kestrel-rail"));
    }
}
