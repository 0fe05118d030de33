//! What is said when the story is over: what to try next, and how to use a fleet that stays.

use super::{
    files,
    github::{DEVELOPER, FIRST, REPOSITORY, label},
    pull_request::PullRequest,
    scene::{BASE_REPOSITORY, RING, SERVICE, Scene},
};
use sandbox::kubernetes::ADMINISTRATOR;
use std::path::Path;

/// The ring of a pull request that is open when the fleet stays.
const OPEN: &str = "ring-facets";

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

/// Opens a pull request, so that something lives in a fleet that stays, and says how to use it.
pub(super) fn how_to_use(program: &str, scene: &Scene) -> anyhow::Result<String> {
    let pull = PullRequest::open(scene, OPEN, DEVELOPER)?;
    pull.begin_build()?;
    pull.label(&label(FIRST))?;
    pull.end_build()?;
    Ok(lines(&Stays {
        program,
        folder: &scene.folder(),
        kubernetes: &scene.api(),
        github: &scene.github_api(),
        pull_request: pull.number,
        held: &scene.unlucky,
        free: &scene.reverted,
    }))
}

/// What stays.
struct Stays<'a> {
    program: &'a str,
    folder: &'a Path,
    kubernetes: &'a str,
    github: &'a str,
    /// The number of the one that is open.
    pull_request: u64,
    /// A tenant of its cohort, and one that is not.
    held: &'a str,
    free: &'a str,
}

fn lines(stays: &Stays<'_>) -> String {
    let Stays { program, folder, kubernetes, github, pull_request, held, free } = stays;
    let config = folder.join("ringway.yaml");
    let config = config.display();
    let token = folder.join(files::TOKEN);
    let token = token.display();
    let tags = TAGS.map(|(tag, meaning)| format!("    {tag:12} {meaning}")).join("\n");
    format!(
        "\
All of it stays up until you press Ctrl-C. {DEVELOPER} has just opened {REPOSITORY}#{pull_request}
from {OPEN}, with the label {label}. In another terminal:
  export RINGWAY_CONFIG={config}
  {program} status
  {program} explain {held}
  {program} override list
  {program} cleanup --pull-request {pull_request} --allow-open
  {program} release start --ring {BY_HAND} --service {SERVICE} --tenants {free} \\
    --image {BASE_REPOSITORY}-{RING}:1.1.0
  {program} release list
  {program} cleanup --ring {BY_HAND}
  {program} freeze on --reason 'to see it'
  {program} audit
  {program} doctor
Other images, in {BASE_REPOSITORY}-{RING}:
{tags}
What is said in the pull request, as it was sent:
  curl -H \"authorization: Bearer $(cat {token})\" \\
    {github}/repos/{REPOSITORY}/issues/{pull_request}/comments
This GitHub answers only what Ringway asks of one. Labels, pushes and closes are made by the
people of the story, inside of this process: nobody else can make them.
By hand, as an administrator of the cluster (kubectl sends no token over HTTP):
  curl -H 'authorization: Bearer {ADMINISTRATOR}' \\
    {kubernetes}/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{held}
  curl -X DELETE -H 'authorization: Bearer {ADMINISTRATOR}' \\
    {kubernetes}/api/v1/namespaces/tenant-{held}/pods/atlas-1",
        label = label(FIRST)
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
    use super::{Stays, lines, what_next};
    use std::path::Path;

    #[test]
    fn what_to_try_next_is_a_list_of_commands() {
        insta::assert_snapshot!(what_next("ringway"));
    }

    #[test]
    fn a_fleet_that_stays_is_used_with_lines_to_copy() {
        insta::assert_snapshot!(lines(&Stays {
            program: "ringway",
            folder: Path::new("/tmp/demo"),
            kubernetes: "http://127.0.0.1:4711",
            github: "http://127.0.0.1:4712",
            pull_request: 3,
            held: "kestrel-rail",
            free: "opal-bikes",
        }));
    }
}
