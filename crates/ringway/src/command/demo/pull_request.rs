//! A pull request of the story, and what people do with it.

use super::{
    github::{BOT, JOB, REPOSITORY, WORKFLOW, title},
    scene::{BASE_REPOSITORY, Scene},
};
use release::report::pull_request::marker;
use sandbox::github::{Github, NewPullRequest, Status};

/// A pull request of the service's repository.
pub(super) struct PullRequest<'a> {
    scene: &'a Scene,
    /// Its number.
    pub(super) number: u64,
    /// The ring.
    pub(super) ring: &'static str,
    /// Whose it is.
    pub(super) by: &'static str,
}

impl<'a> PullRequest<'a> {
    /// Opens one from a branch with one commit.
    pub(super) fn open(scene: &'a Scene, ring: &'static str, by: &'static str) -> anyhow::Result<Self> {
        push(scene, ring, by, "begin")?;
        let new = NewPullRequest { head: ring, title: &title(ring), by, ..Default::default() };
        let number = scene.github(|github| github.open_pull_request(scene.repository, &new))?;
        Ok(Self { scene, number, ring, by })
    }

    /// As people write it.
    pub(super) fn name(&self) -> String {
        format!("{REPOSITORY}#{}", self.number)
    }

    /// The commit that its branch is at.
    pub(super) fn commit(&self) -> String {
        self.scene.github(|github| {
            let repository = github.repository_by_id(self.scene.repository);
            repository.and_then(|repository| repository.head(self.ring)).unwrap_or_default().to_owned()
        })
    }

    /// As much of the commit as people use.
    pub(super) fn short(&self) -> String {
        self.commit().chars().take(7).collect()
    }

    /// The image of that commit.
    pub(super) fn image(&self) -> String {
        format!("{BASE_REPOSITORY}-{}:{}abcd", self.ring, self.short())
    }

    /// Pushes a commit.
    pub(super) fn push(&self, text: &str) -> anyhow::Result<()> {
        push(self.scene, self.ring, self.by, text)
    }

    /// The build of its head begins.
    pub(super) fn begin_build(&self) -> anyhow::Result<()> {
        let commit = self.commit();
        self.change(|github, repository| github.start_build(repository, WORKFLOW, &commit, &[JOB]).map(drop))
    }

    /// The build has pushed the image, and succeeds.
    pub(super) fn end_build(&self) -> anyhow::Result<()> {
        self.scene.push_image(&self.image());
        let commit = self.commit();
        self.change(|github, repository| github.finish_build(repository, WORKFLOW, &commit, "success"))
    }

    /// Sets a label.
    pub(super) fn label(&self, name: &str) -> anyhow::Result<()> {
        self.change(|github, repository| github.set_label(repository, self.number, name, self.by))
    }

    /// Closes it without merging.
    pub(super) fn close(&self) -> anyhow::Result<()> {
        self.change(|github, repository| github.close(repository, self.number, self.by))
    }

    fn change(
        &self,
        change: impl FnOnce(&mut Github, u64) -> Result<(), sandbox::github::Impossible>,
    ) -> anyhow::Result<()> {
        Ok(self.scene.github(|github| change(github, self.scene.repository))?)
    }

    /// The comments of Ringway in it, the oldest first.
    pub(super) fn comments(&self) -> Vec<String> {
        self.scene.github(|github| {
            let bot = github.account_of(BOT).map(|account| account.id);
            let repository = github.repository_by_id(self.scene.repository);
            let pull = repository.and_then(|repository| repository.pull_request(self.number));
            let comments = pull.into_iter().flat_map(|pull| &pull.comments);
            let ours = comments.filter(|comment| Some(comment.author) == bot);
            ours.map(|comment| comment.body.clone()).collect()
        })
    }

    /// The comment of Ringway that is about this.
    pub(super) fn comment(&self, what: &str) -> Option<String> {
        let marker = marker(self.scene.repository, self.number, what);
        self.comments().into_iter().find(|body| body.contains(&marker))
    }

    /// What Ringway last said about the head commit.
    pub(super) fn status(&self) -> Option<Status> {
        let commit = self.commit();
        self.scene.github(|github| {
            let statuses = github.repository_by_id(self.scene.repository)?.statuses();
            statuses.iter().rfind(|status| status.commit == commit).cloned()
        })
    }
}

fn push(scene: &Scene, ring: &str, by: &str, text: &str) -> anyhow::Result<()> {
    let random = scene.chance(&format!("{ring} {text}"));
    scene.github(|github| {
        // Names of commits follow from the seed alone, however many webhooks there were before.
        *github.random() = random;
        github.push(scene.repository, ring, &[("search.txt", text)], by)
    })?;
    Ok(())
}
