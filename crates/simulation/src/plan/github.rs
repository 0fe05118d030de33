//! The GitHub of a seed: its pull requests, who Ringway is there, and what Ringway is told about it.

pub(super) mod calm;
pub(super) mod storm;
pub(super) mod turn;

use super::configuration::{Family, REGISTRY};
use crate::hub::{COHORTS, HELPER, Hub, JOB, REPOSITORY, WORKFLOW};
use release::decide::rules::ImageTemplate;
use sandbox::{Model, Random};

/// In how many of 100 seeds pull requests drive a service.
const SHARE: u64 = 42;

/// The cohorts, each a file in the repository of cohorts. The last one is none.
pub(super) const COHORT_FILES: [&str; 3] = ["all", "some", "lies"];

/// The labels that people set.
pub(super) const LABELS: [&str; 4] =
    ["cohort:github:path:all", "cohort:github:path:some", "cohort:github:path:lies", "cohort:github:path"];

/// The GitHub of this seed, if it has one.
///
/// # Errors
/// If the model refuses it.
pub(super) fn hub(
    family: Family,
    service: &str,
    model: &mut Model,
    tenants: &[String],
    random: &mut Random,
) -> anyhow::Result<Option<Hub>> {
    if !random.chance(SHARE) {
        return Ok(None);
    }
    let service = match random.chance(60) {
        true => service,
        false => random.pick(family.services()).copied().unwrap_or(service),
    };
    let image = ImageTemplate {
        repository: format!("{REGISTRY}/atlas-{{branch}}"),
        tag: random.pick(&["{sha7}", "{sha7}abcd", "{branch}-{sha}"]).copied().unwrap_or("{sha7}").to_owned(),
    };
    let github = &mut model.github;
    let mut hub = Hub::found(github, service, image, random.chance(50))?;
    let count = 1 + random.below(3);
    for number in 0..count {
        let letter = char::from(b'p' + u8::try_from(number).unwrap_or(0));
        // What becomes of the pods follows from the name.
        let kind = random.pick(&["", "", "", "", "", "", "-crash", "-never", "-slow2s", "-badpull"]);
        hub.add_branch(github, &format!("ring-{letter}{}", kind.copied().unwrap_or_default()))?;
    }
    for (cohort, content) in COHORT_FILES.iter().zip([
        turn::cohort_file(tenants),
        turn::cohort_file(tenants.get(..tenants.len() / 2).unwrap_or_default()),
        "these are no tenants".to_owned(),
    ]) {
        let path = format!("cohorts/{cohort}.json");
        github.push(hub.cohorts, "main", &[(path.as_str(), content.as_str())], HELPER)?;
    }
    // Nobody was there when this was told.
    github.take_due_deliveries();
    Ok(Some(hub))
}

/// What the configuration says about the pull requests: below their service, and at its end.
pub(super) fn configuration(hub: &Hub, random: &mut Random) -> (String, String) {
    let merge = random.pick(&["keep", "cleanup"]).copied().unwrap_or("keep");
    let grace = random.pick(&["0s", "30s", "2m"]).copied().unwrap_or("2m");
    let sweep = random.pick(&["1m", "2m"]).copied().unwrap_or("2m");
    let job = if random.chance(70) { format!(", job: {JOB}") } else { String::new() };
    let (repository, tag) = (&hub.image.repository, &hub.image.tag);
    let of_service = format!(
        "    rings:
      repository: {REPOSITORY}
      branches: ring-*
      build: {{workflow: {WORKFLOW}{job}}}
      images: {{atlas: {{repository: '{repository}', tag: '{tag}'}}}}
      onMerge: {merge}
      grace: {grace}
"
    );
    let at_the_end = format!(
        "github:
  token: {{environment: GITHUB_TOKEN}}
  sweep: {sweep}
cohorts:
  github: {{kind: github, repository: {COHORTS}, ref: main, folder: cohorts}}
"
    );
    (of_service, at_the_end)
}
