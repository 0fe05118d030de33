//! What can be asked of GitHub about a repository and its pull requests.

use super::{
    Client,
    address::{RepositoryName, encode, is_dots},
    error::GithubError,
    model::{Comment, Identity, IdentityKind, Job, LabelHistory, PullRequest, Repository, WorkflowRun},
    sender::{Question, RAW},
    session::Scope,
    wire::{
        WireApp, WireComment, WireCommit, WireContent, WireEvent, WireFile, WireJobs, WireMembership,
        WirePermission, WirePullRequest, WireRepository, WireRuns, WireUser,
    },
};
use crate::registry::quote;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use release::decide::facts::Permission;
use std::collections::BTreeMap;

impl Client {
    /// Who writes our comments. Asked once.
    ///
    /// # Errors
    /// If GitHub does not say.
    pub async fn identity(&self) -> Result<Identity, GithubError> {
        self.0.identity.get_or_try_init(|| self.ask_identity()).await.cloned()
    }

    async fn ask_identity(&self) -> Result<Identity, GithubError> {
        let asked = "asking GitHub who we are";
        if self.0.session.app().is_none() {
            let user: WireUser = self.read(Scope::Own, "/user", asked).await?;
            return Ok(Identity { login: user.login, kind: IdentityKind::User { id: user.id } });
        }
        let app: WireApp = self.read(Scope::Own, "/app", asked).await?;
        Ok(Identity { login: format!("{}[bot]", app.slug), kind: IdentityKind::App { app_id: app.id } })
    }

    /// A repository by its name, as `owner/name`; also by one that it had before.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn repository(&self, name: &str) -> Result<Repository, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("reading repository {name}");
        let found: WireRepository =
            self.read(Scope::Repository(repository), &repository.path(""), &asked).await?;
        Ok(found.into())
    }

    /// All open pull requests, by number.
    ///
    /// # Errors
    /// If they cannot be read, all of them.
    pub async fn open_pull_requests(&self, name: &str) -> Result<Vec<PullRequest>, GithubError> {
        let asked = format!("listing the open pull requests of {name}");
        // In this order a new one comes last, and moves no other to a page that was read already.
        self.pull_requests(name, "state=open&sort=created&direction=asc", &asked).await
    }

    /// The open pull requests of a branch of this repository.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn pull_requests_of_branch(
        &self,
        name: &str,
        branch: &str,
    ) -> Result<Vec<PullRequest>, GithubError> {
        let owner = RepositoryName::read(name)?.owner;
        let asked = format!("listing the pull requests of branch {} of {name}", quote(branch));
        let head = encode(&format!("{owner}:{branch}"));
        let mut found = self.pull_requests(name, &format!("state=open&head={head}"), &asked).await?;
        // A filter that GitHub does not understand gives all pull requests, and a fork may have the same branch.
        found.retain(|found| {
            found.head_branch == branch && found.head_repository == Some(found.base_repository)
        });
        Ok(found)
    }

    async fn pull_requests(
        &self,
        name: &str,
        query: &str,
        asked: &str,
    ) -> Result<Vec<PullRequest>, GithubError> {
        let repository = RepositoryName::read(name)?;
        let path = format!("{}?{query}", repository.path("/pulls"));
        let rows = |rows: Vec<WirePullRequest>| rows;
        let found = self.list(Scope::Repository(repository), &path, asked, rows).await?;
        // Lists move while they are read; nothing is told twice.
        let by_number: BTreeMap<u64, PullRequest> =
            found.into_iter().map(PullRequest::from).map(|found| (found.number, found)).collect();
        Ok(by_number.into_values().filter(|found| found.state == "open").collect())
    }

    /// One pull request; `None` if there is none of this number in a repository that we see.
    ///
    /// # Errors
    /// If it cannot be read, or the repository is hidden from us.
    pub async fn pull_request(&self, name: &str, number: u64) -> Result<Option<PullRequest>, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("reading pull request {name}#{number}");
        let path = repository.path(&format!("/pulls/{number}"));
        let found = self.read::<WirePullRequest>(Scope::Repository(repository), &path, &asked).await;
        Ok(self.there(name, found).await?.map(PullRequest::from))
    }

    /// Nothing, where GitHub says that there is nothing and shows us the repository. Without looking, a right that we lost
    /// would read like something that was deleted.
    async fn there<T>(&self, name: &str, found: Result<T, GithubError>) -> Result<Option<T>, GithubError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(GithubError::Gone { .. }) => Ok(None),
            Err(GithubError::NotFound { .. }) => self.repository(name).await.map(|_| None),
            Err(error) => Err(error),
        }
    }

    /// Who set which label and who took it off, the oldest first.
    ///
    /// # Errors
    /// If the events cannot be read, all of them.
    pub async fn label_events(&self, name: &str, number: u64) -> Result<LabelHistory, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("reading who set the labels of {name}#{number}");
        let path = repository.path(&format!("/issues/{number}/events"));
        let rows = |rows: Vec<WireEvent>| rows;
        let mut events = self.list(Scope::Repository(repository), &path, &asked, rows).await?;
        events.sort_by_key(WireEvent::order);
        let resumed_at = events.iter().filter_map(WireEvent::of_resumption).max();
        let labels = events.into_iter().filter_map(WireEvent::of_label).collect();
        Ok(LabelHistory { labels, resumed_at })
    }

    /// What somebody may do in a repository.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn permission(&self, name: &str, login: &str) -> Result<Permission, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("asking what {} may do in {name}", quote(login));
        let path = repository.path(&format!("/collaborators/{}/permission", segment(login, &asked)?));
        let found = self.read::<WirePermission>(Scope::Repository(repository), &path, &asked).await;
        Ok(self.there(name, found).await?.map_or(Permission::None, |found| permission(&found)))
    }

    /// Whether somebody is in a team, given as `organisation/team`. Whoever was only invited is not.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn is_team_member(&self, team: &str, login: &str) -> Result<bool, GithubError> {
        let asked = format!("asking whether {} is in team {}", quote(login), quote(team));
        let Some((organisation, slug)) = team.split_once('/') else {
            return Err(GithubError::invalid(&asked, "write the team as organisation/team"));
        };
        let (organisation_part, slug, login) =
            (segment(organisation, &asked)?, segment(slug, &asked)?, segment(login, &asked)?);
        let path = format!("/orgs/{organisation_part}/teams/{slug}/memberships/{login}");
        match self.read::<WireMembership>(Scope::Organisation(organisation), &path, &asked).await {
            Ok(membership) => Ok(membership.state == "active"),
            Err(GithubError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The runs of a workflow, named by its file, for a commit.
    ///
    /// # Errors
    /// If they cannot be read, or there is no such workflow.
    pub async fn workflow_runs(
        &self,
        name: &str,
        workflow: &str,
        commit: &str,
    ) -> Result<Vec<WorkflowRun>, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("listing the runs of workflow {} of {name} for commit {commit}", quote(workflow));
        let (workflow, commit) = (segment(workflow, &asked)?, encode(commit));
        let path = repository.path(&format!("/actions/workflows/{workflow}/runs?head_sha={commit}"));
        let rows = |page: WireRuns| page.workflow_runs;
        let found = self.list(Scope::Repository(repository), &path, &asked, rows).await?;
        Ok(found.into_iter().map(WorkflowRun::from).collect())
    }

    /// The jobs of the newest attempt of a run.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn jobs(&self, name: &str, run: u64) -> Result<Vec<Job>, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("listing the jobs of workflow run {run} of {name}");
        let path = repository.path(&format!("/actions/runs/{run}/jobs?filter=latest"));
        let found =
            self.list(Scope::Repository(repository), &path, &asked, |page: WireJobs| page.jobs).await?;
        Ok(found.into_iter().map(Job::from).collect())
    }

    /// A file at a branch, tag or commit; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is a folder or a link.
    pub async fn file(
        &self,
        name: &str,
        path: &str,
        reference: &str,
    ) -> Result<Option<Vec<u8>>, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("reading file {} of {name} at {}", quote(path), quote(reference));
        if path.split('/').any(|part| part.is_empty() || is_dots(part)) {
            return Err(GithubError::invalid(&asked, "this is no path of a file in a repository"));
        }
        let address = repository.path(&format!("/contents/{}?ref={}", encode(path), encode(reference)));
        let found = self.read::<WireContent>(Scope::Repository(repository), &address, &asked).await;
        let file = match self.there(name, found).await? {
            None => return Ok(None),
            Some(WireContent::One(file)) if file.kind == "file" => file,
            Some(WireContent::One(other)) => {
                let why = format!("it is a {} and not a file; name the file itself", quote(&other.kind));
                return Err(GithubError::invalid(&asked, why));
            }
            Some(WireContent::Folder(_)) => {
                return Err(GithubError::invalid(&asked, "it is a folder; name a file in it"));
            }
        };
        match content(&file) {
            Some(decoded) => decoded
                .map(Some)
                .ok_or_else(|| GithubError::malformed(&asked, "its Base64 cannot be decoded")),
            // Larger than a megabyte: GitHub gives the content only alone.
            None => self.raw(repository, &address, &asked).await.map(Some),
        }
    }

    async fn raw(
        &self,
        repository: RepositoryName<'_>,
        path: &str,
        asked: &str,
    ) -> Result<Vec<u8>, GithubError> {
        let mut question = Question::read(self.0.sender.api.address(path), asked);
        question.accept = RAW;
        self.patiently(|| async { Ok(self.ask(Scope::Repository(repository), &question).await?.body) }).await
    }

    /// The commit that a branch, tag or commit stands for; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn commit_of(&self, name: &str, reference: &str) -> Result<Option<String>, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("asking which commit {} of {name} is", quote(reference));
        let path = repository.path(&format!("/commits/{}", segment(reference, &asked)?));
        match self.read::<WireCommit>(Scope::Repository(repository), &path, &asked).await {
            // GitHub's answer to a name that no commit has.
            Err(GithubError::Invalid { .. }) => Ok(None),
            found => Ok(self.there(name, found).await?.map(|commit| commit.sha)),
        }
    }

    /// The comments of a pull request.
    ///
    /// # Errors
    /// If they cannot be read, all of them.
    pub async fn comments(&self, name: &str, number: u64) -> Result<Vec<Comment>, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("reading the comments of {name}#{number}");
        let path = repository.path(&format!("/issues/{number}/comments"));
        let rows = |rows: Vec<WireComment>| rows;
        let found = self.list(Scope::Repository(repository), &path, &asked, rows).await?;
        Ok(found.into_iter().map(Comment::from).collect())
    }
}

/// A text as one part of a path.
pub(super) fn segment(text: &str, asked: &str) -> Result<String, GithubError> {
    match text.is_empty() || is_dots(text) {
        true => Err(GithubError::invalid(asked, format!("{text:?} is no name that GitHub knows"))),
        false => Ok(encode(text)),
    }
}

/// The finer word first: `permission` knows neither triage nor maintain. A role of the organisation's own is as much as
/// the word it is built on.
fn permission(found: &WirePermission) -> Permission {
    let known = |word: &str| match word {
        "admin" => Some(Permission::Admin),
        "maintain" => Some(Permission::Maintain),
        "write" | "push" => Some(Permission::Write),
        "triage" => Some(Permission::Triage),
        "read" | "pull" => Some(Permission::Read),
        "none" => Some(Permission::None),
        _ => None,
    };
    let words = [found.role_name.as_deref(), found.permission.as_deref()];
    words.into_iter().flatten().find_map(known).unwrap_or(Permission::None)
}

/// The content that stands in the answer itself, if it does; nothing in it if that cannot be decoded.
fn content(file: &WireFile) -> Option<Option<Vec<u8>>> {
    let content = file.content.as_deref().filter(|_| file.encoding.as_deref() == Some("base64"))?;
    let packed: Vec<u8> = content.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some(STANDARD.decode(packed).ok())
}
