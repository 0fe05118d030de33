//! What a pull request is to us: a ring, or why not.

use super::{
    Observation, Standing,
    facts::{PullRequest, PullRequestState},
    pattern,
    rules::RingRules,
    text::shown,
};

/// What the pull request is to us.
pub(super) fn of(observation: &Observation) -> Standing {
    let pull_request = &observation.pull_request;
    let standing = match pull_request.state {
        PullRequestState::Closed | PullRequestState::Gone => Standing::Closed,
        PullRequestState::Merged => Standing::Merged,
        PullRequestState::Open => open(pull_request, &observation.rules),
    };
    match (observation.successor, &standing) {
        // Both pull requests are the same ring: what this one had is now the other's.
        (Some(by), Standing::Closed | Standing::Merged | Standing::NotARing(_)) => Standing::Succeeded { by },
        _ => standing,
    }
}

fn open(pull_request: &PullRequest, rules: &RingRules) -> Standing {
    if let Some(why) = not_a_ring(pull_request, rules) {
        return Standing::NotARing(why);
    }
    if pull_request.draft {
        return Standing::Resting(
            "it is a draft: nothing new starts and nothing is taken back; mark it as ready for review to go on"
                .to_owned(),
        );
    }
    Standing::Ring
}

/// Why its labels do not count. By ids: names change, and a fork may have the same ones.
fn not_a_ring(pull_request: &PullRequest, rules: &RingRules) -> Option<String> {
    let repository = shown(&pull_request.repository);
    match pull_request.head_repository {
        Some(head) if head == pull_request.base_repository => {}
        Some(_) => {
            return Some(format!(
                "its branch is in another repository, and forks never release; push the branch to {repository} and \
                 open the pull request from there"
            ));
        }
        None => {
            return Some(format!(
                "the repository of its branch is gone; push the branch to {repository} and open the pull request \
                 from there"
            ));
        }
    }
    let (base, default) = (&pull_request.base_branch, &pull_request.default_branch);
    if base != default {
        return Some(format!(
            "it merges into {} and not into {}; change its base branch to make it a ring",
            shown(base),
            shown(default)
        ));
    }
    (!pattern::matches(&rules.branches, &pull_request.head_branch)).then(|| {
        format!(
            "its branch is not called {}; push it under such a name to make it a ring",
            shown(&rules.branches)
        )
    })
}
