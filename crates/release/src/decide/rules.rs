//! How pull requests drive a service: what its configuration says.

use super::facts::Permission;
use crate::image::ImageReference;
use serde::Serialize;
use std::time::Duration;

/// How pull requests drive a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RingRules {
    /// Which branches are rings: a name in which `*` stands for any characters.
    pub branches: String,
    /// The build that must have succeeded; `None` if only the images count.
    pub build: Option<BuildRule>,
    /// What happens to tenants when the pull request is merged.
    pub on_merge: OnMerge,
    /// How long tenants keep the image after their label was removed.
    pub grace: Duration,
    /// Whether anything is written to the fleet.
    pub mode: Mode,
    /// How many tenants a cohort may have.
    pub cohort_limit: usize,
    /// Who may set which labels. The first that matches counts; without one, write access is needed.
    pub authority: Vec<AuthorityRule>,
}

/// The build that must have succeeded before its image is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildRule {
    /// The file of the workflow in `.github/workflows`, such as `maven.yml`.
    pub workflow: String,
    /// The job in it that must have succeeded as well, by its name. `None`: the whole run.
    pub job: Option<String>,
}

/// What happens to tenants when the pull request is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMerge {
    /// They keep the image until somebody takes it back: what was merged is not released yet.
    #[default]
    Keep,
    /// They go back to the image they had, at once.
    Cleanup,
}

/// Whether anything is written to the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What is decided is done.
    #[default]
    Act,
    /// What is decided is said in the pull request, and nothing is done.
    Observe,
}

/// Who may set which cohort labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthorityRule {
    /// Which labels: `source:key:value` in which `*` stands for any characters.
    pub cohorts: String,
    /// What whoever sets it must be.
    pub needs: Authority,
}

/// What whoever sets a label must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// Somebody with this permission or more in the repository. Never less than write.
    Permission(Permission),
    /// A member of this team, as `organisation/team`, who has write access as well.
    Team(String),
}

/// What an image of a commit is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageTemplate {
    /// The repository, in which `{branch}` stands for the branch.
    pub repository: String,
    /// The tag, in which `{sha}` stands for the commit, `{sha7}` for its first seven digits and `{branch}` for the branch.
    pub tag: String,
}

impl ImageTemplate {
    /// The image of a commit.
    ///
    /// # Errors
    ///
    /// Why branch and commit make no image reference, in one sentence.
    pub fn render(&self, branch: &str, commit: &str) -> Result<ImageReference, String> {
        let fill = |template: &str| {
            let short = commit.get(..7).unwrap_or(commit);
            template.replace("{sha7}", short).replace("{sha}", commit).replace("{branch}", branch)
        };
        let text = format!("{}:{}", fill(&self.repository), fill(&self.tag));
        text.parse().map_err(|error: crate::image::InvalidImageReference| error.to_string())
    }
}
