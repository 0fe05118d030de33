//! What the installations of our App were granted. GitHub says all of it, so nothing has to be tried.

use super::{
    super::{Checks, State},
    needs::{Need, OF_APP, OF_COHORTS, OF_SERVICE, OF_TEAM, cohort_repositories, organisations},
};
use crate::{
    config::{Config, GithubCredentials},
    github::{Client, GithubError, Installation},
};
use std::collections::{BTreeMap, BTreeSet};

/// An installation, for what it is needed, and what it needs for that.
struct Needed<'a> {
    installation: Installation,
    places: BTreeSet<&'a str>,
    needs: BTreeSet<Need>,
}

/// Looks at the installation of every repository and organisation that the configuration names.
pub(super) async fn permissions(checks: &mut Checks, config: &Config, client: &Client) {
    let mut all = BTreeMap::new();
    for rings in config.rings.values() {
        let found = client.installation_of_repository(&rings.repository).await;
        let needs: Vec<Need> = OF_SERVICE.into_iter().chain([OF_APP]).collect();
        note(checks, &mut all, &rings.repository, &needs, found);
    }
    for repository in cohort_repositories(config) {
        let found = client.installation_of_repository(repository).await;
        note(checks, &mut all, repository, &[OF_COHORTS], found);
    }
    for organisation in organisations(config) {
        let found = client.installation_of_organisation(organisation).await;
        note(checks, &mut all, organisation, &[OF_TEAM], found);
    }
    for needed in all.values() {
        installation(checks, configured(config), needed);
    }
}

fn note<'a>(
    checks: &mut Checks,
    all: &mut BTreeMap<u64, Needed<'a>>,
    place: &'a str,
    needs: &[Need],
    found: Result<Installation, GithubError>,
) {
    let installation = match found {
        Ok(installation) => installation,
        Err(error) => return checks.error(format!("GitHub: App in {place}"), error),
    };
    let needed = all.entry(installation.id).or_insert_with(|| Needed {
        installation,
        places: BTreeSet::new(),
        needs: BTreeSet::new(),
    });
    needed.places.insert(place);
    needed.needs.extend(needs);
}

fn installation(checks: &mut Checks, configured: Option<u64>, needed: &Needed<'_>) {
    let Needed { installation, places, needs } = needed;
    let id = installation.id;
    let places: Vec<&str> = places.iter().copied().collect();
    let what = format!("GitHub: installation {id} of the App, for {}", places.join(", "));
    if let Some(configured) = configured.filter(|configured| *configured != id) {
        let found = format!("not used: the configuration names installation {configured}");
        let advice = "leave github.app.installation out: then the one that has the repository is used";
        return checks.add(State::Problem, what, found, Some(advice));
    }
    if installation.is_suspended {
        let advice = "let an owner of where it is installed end that, in the settings under GitHub Apps";
        return checks.add(State::Problem, what, "suspended: GitHub refuses everything", Some(advice));
    }
    let granted = |need: &Need| installation.permissions.get(need.name).map(String::as_str);
    let missing: Vec<String> =
        needs.iter().filter(|need| !need.is_met_by(granted(need))).map(ToString::to_string).collect();
    if missing.is_empty() {
        return checks.add(State::Good, what, "all permissions that are needed", None);
    }
    let advice = "grant them in the settings of the App under Permissions & events, and let an owner of where it is \
                  installed accept them";
    checks.add(State::Problem, what, format!("lacks {}", missing.join(", ")), Some(advice));
}

fn configured(config: &Config) -> Option<u64> {
    match config.github.as_ref()?.credentials {
        GithubCredentials::App { installation, .. } => installation,
        GithubCredentials::Token(_) => None,
    }
}
