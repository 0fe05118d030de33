//! GitHub as the measuring process sees it: what people do there, and what can be read.

use crate::{
    apart::Fleet,
    served,
    stage::{Address, Calls, Comment, Delivery, Exchange, Question},
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

/// How often something is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long nothing is asked of GitHub before a server has nothing left to do there; more than the time between two
/// writes.
const QUIET: Duration = Duration::from_secs(3);

/// The label that asks for the whole fleet.
const LABEL: &str = "cohort:github:path:fleet";

/// GitHub in the process of a fleet.
pub(crate) struct Hub<'a>(pub(crate) &'a Fleet);

impl Hub<'_> {
    fn ask<T: DeserializeOwned>(&self, question: &Question) -> T {
        self.0.ask(&served::Question::Besides(json!(question)))
    }

    pub(crate) fn address(&self) -> Address {
        self.ask(&Question::Address)
    }

    /// Writes the cohort that the label names.
    pub(crate) fn cohort(&self, tenants: &[String]) {
        self.ask(&Question::Cohort(tenants.to_vec()))
    }

    /// Opens a pull request of each branch; the answer is the tags of their images.
    pub(crate) fn open(&self, branches: &[String]) -> Vec<String> {
        self.ask(&Question::Open(branches.to_vec()))
    }

    /// Sets the label; the answer is when it was set.
    pub(crate) fn label(&self, branches: &[String]) -> Timestamp {
        self.ask(&Question::Label(branches.to_vec(), LABEL.to_owned()))
    }

    pub(crate) fn start_builds(&self, branches: &[String]) {
        self.ask(&Question::StartBuilds(branches.to_vec()))
    }

    pub(crate) fn push_image(&self, branch: &str, tag: &str) {
        self.ask(&Question::PushImage(branch.to_owned(), tag.to_owned()))
    }

    /// Ends builds; the answer is when they had ended.
    pub(crate) fn finish_builds(&self, branches: &[String]) -> Timestamp {
        self.ask(&Question::FinishBuilds(branches.to_vec()))
    }

    /// Delivers to a server from now on.
    pub(crate) fn tell(&self, webhook: &str) {
        self.ask(&Question::Tell(webhook.to_owned()))
    }

    pub(crate) fn calls(&self) -> Calls {
        self.ask(&Question::Calls)
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.ask(&Question::Deliveries)
    }

    pub(crate) fn note_exchanges(&self) {
        self.ask(&Question::Note)
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.ask(&Question::Exchanges)
    }

    /// Waits until so many pull requests have a comment.
    pub(crate) async fn until_commented(&self, count: usize) {
        while self.ask::<usize>(&Question::Commented) < count {
            sleep(LOOK_EVERY).await;
        }
    }

    /// The comment of a branch's pull request that says this, if there is one.
    pub(crate) fn comment(&self, branch: &str, part: &str) -> Option<Comment> {
        let comments: Vec<Comment> = self.ask(&Question::Comments(branch.to_owned()));
        comments.into_iter().find(|comment| comment.body.contains(part))
    }

    /// Waits for a comment that says this.
    pub(crate) async fn until_said(&self, branch: &str, part: &str) -> Comment {
        loop {
            if let Some(comment) = self.comment(branch, part) {
                return comment;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until GitHub was asked something, and then nothing for a while.
    pub(crate) async fn until_quiet(&self) {
        let mut before = self.calls();
        loop {
            sleep(QUIET).await;
            let now = self.calls();
            if now.total > 0 && now == before {
                return;
            }
            before = now;
        }
    }
}
