//! What is said about a pull request that is over, or that is no ring any more.

use super::{PullRequestReport, escape::escape, headline::given_back, progress, words};
use crate::{
    decide::{Standing, facts::PullRequestState, rules::OnMerge},
    report::text::counted,
};

/// The end of the headline.
pub(super) fn headline(report: &PullRequestReport) -> String {
    match &report.decision.standing {
        Standing::Succeeded { by } => {
            format!("over: pull request {by} of the same branch goes on with its tenants")
        }
        Standing::Merged if report.on_merge == OnMerge::Keep => format!(
            "merged: tenants keep the image until ringway cleanup --pull-request {}{}",
            report.pull_request.number,
            given_back(report)
        ),
        Standing::Merged => format!("merged: {}", taken_back(report)),
        _ if report.pull_request.state == PullRequestState::Gone => format!("gone: {}", taken_back(report)),
        _ => format!("closed: {}", taken_back(report)),
    }
}

fn taken_back(report: &PullRequestReport) -> String {
    let cleanups = progress::of_cleanups(report);
    let under_way = progress::other_releases(report).len();
    if words::observes(report) {
        return match cleanups.total() {
            0 => "there would be nothing to give back".to_owned(),
            total => format!("{} would be given back", counted(total, "tenant")),
        };
    }
    match (cleanups.total(), under_way) {
        (0, 0) => "nothing to give back".to_owned(),
        (0, _) => format!("{} ends first, then its tenants are given back", counted(under_way, "release")),
        (_, 0) => {
            let unproven = cleanups.unproven().map(|what| format!(" ({what})")).unwrap_or_default();
            format!("{}{unproven}", cleanups.words("given back"))
        }
        _ => format!("{}; {} ends first", cleanups.words("given back"), counted(under_way, "release")),
    }
}

/// What becomes of the tenants now, and what a person has to do. `None` while the pull request is open.
pub(super) fn text(report: &PullRequestReport) -> Option<String> {
    let observed =
        if words::observes(report) { "Ringway observes: nothing is written. Otherwise: " } else { "" };
    let number = report.pull_request.number;
    let text = match &report.decision.standing {
        Standing::Ring | Standing::Resting(_) => return None,
        Standing::NotARing(why) => format!(
            "**Not a ring**: {}. Its labels do not count, and what it still holds is given back.",
            escape(why).trim_end_matches('.')
        ),
        Standing::Succeeded { by } => format!(
            "**Over**: pull request {by} is open for the same branch and goes on with the tenants. Nothing is given back."
        ),
        Standing::Merged => merged(report),
        Standing::Closed => {
            let what = match report.pull_request.state {
                PullRequestState::Gone => {
                    "**Gone**: the pull request, or its repository, cannot be found any more"
                }
                _ => "**Closed without merge**",
            };
            format!(
                "{what}. {} Reopening does not stop it; after it the labels that are still there count again. If \
                 something is left: `ringway cleanup --pull-request {number}`.",
                going_back(report)
            )
        }
    };
    Some(format!("{observed}{text}"))
}

fn merged(report: &PullRequestReport) -> String {
    let number = report.pull_request.number;
    match report.on_merge {
        OnMerge::Keep => format!(
            "**Merged**: the tenants of this ring keep its image, because what was merged is not released to them yet. \
             To finish, once the image that contains the merge is the default of these tenants:\n\n\
             ```sh\nringway cleanup --pull-request {number}\n```\n\n\
             Until then no other ring can have these tenants."
        ),
        OnMerge::Cleanup => format!(
            "**Merged**. {} **Beware**: until the image that contains the merge is their default, these tenants go back to \
             the old default image, without what was merged.",
            going_back(report)
        ),
    }
}

fn going_back(report: &PullRequestReport) -> String {
    const NAMED: usize = 20;
    let cleanups = progress::of_cleanups(report);
    if cleanups.total() == 0 {
        return match progress::other_releases(report).len() {
            0 => "Nothing of this ring is left to be given back.".to_owned(),
            under_way => format!(
                "What this ring holds is given back as soon as what is under way has ended ({}).",
                counted(under_way, "release")
            ),
        };
    }
    if cleanups.ended() == cleanups.total() {
        return format!("{}.", cleanups.words("given back"));
    }
    let list: Vec<String> = cleanups.members.iter().map(|member| member.name.to_owned()).collect();
    format!(
        "{} back to the image that {} had before, each with proof: {}.",
        if list.len() == 1 { "1 tenant goes".to_owned() } else { format!("{} tenants go", list.len()) },
        if list.len() == 1 { "it" } else { "they" },
        words::names(list.iter(), NAMED)
    )
}
