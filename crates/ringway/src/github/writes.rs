//! What we write: comments, check runs and commit statuses, one after the other through the queue.
//!
//! When the answer to a write is lost, nobody knows whether it happened. Before it is repeated, GitHub is asked for what
//! it would have left behind; an edit leaves the same however often it is made.

use super::{
    Client,
    address::{RepositoryName, encode},
    edits::Entered,
    error::GithubError,
    model::{CheckRun, CheckStatus, Edited, StatusState},
    queue::{Priority, Turn},
    sender::Question,
    session::Scope,
    wire::{WireCheck, WireChecks, WireCreated, WireStatus},
};
use crate::registry::quote;
use http::Method;
use serde_json::{Value, json};
use std::future::ready;

impl Client {
    /// Writes a new comment into a pull request. `marker` is a part of `body` that no other comment of ours has.
    ///
    /// # Errors
    /// If it could not be written. After [`GithubError::Unavailable`] it is not known whether it was.
    pub async fn create_comment(
        &self,
        name: &str,
        number: u64,
        body: &str,
        marker: &str,
    ) -> Result<u64, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("writing a comment into {name}#{number}");
        let mut turn = self.turn(Priority::Comment, &asked).await?;
        let address = self.0.sender.api.address(&repository.path(&format!("/issues/{number}/comments")));
        let question = Question::write(Method::POST, address, &json!({ "body": body }), &asked);
        let recognise = || async {
            let (identity, comments) = (self.identity().await?, self.comments(name, number).await?);
            let ours = |comment: &&super::Comment| comment.body.contains(marker) && identity.wrote(comment);
            Ok(comments.iter().rev().find(ours).map(|comment| comment.id))
        };
        self.write(&mut turn, repository, &question, recognise, |created: WireCreated| created.id).await
    }

    /// Gives a comment another text. While it waits for its turn, a newer edit of the same comment takes its place, and
    /// both end as that one does.
    ///
    /// # Errors
    /// If it could not be written. After [`GithubError::Unavailable`] it is not known whether it was.
    pub async fn edit_comment(&self, name: &str, id: u64, body: &str) -> Result<Edited, GithubError> {
        let key = (name.to_owned(), id);
        let number = self.0.edits.number();
        loop {
            let carrier = match self.0.edits.enter(&key, number, body) {
                Entered::Carries(carrier) => carrier,
                Entered::Joined(outcome) => match outcome.await {
                    Ok(outcome) => return outcome,
                    // Whoever carried it was given up.
                    Err(_) => continue,
                },
            };
            let asked = format!("editing comment {id} of {name}");
            let mut turn = self.turn(Priority::Edit, &asked).await?;
            let (newest, joined) = carrier.take();
            let outcome = self.edit_now(&mut turn, name, id, &newest, &asked).await;
            for other in joined {
                // Whoever asked may have gone.
                drop(other.send(outcome.clone()));
            }
            return outcome;
        }
    }

    async fn edit_now(
        &self,
        turn: &mut Turn<'_>,
        name: &str,
        id: u64,
        body: &str,
        asked: &str,
    ) -> Result<Edited, GithubError> {
        let repository = RepositoryName::read(name)?;
        let address = self.0.sender.api.address(&repository.path(&format!("/issues/comments/{id}")));
        let question = Question::write(Method::PATCH, address, &json!({ "body": body }), asked);
        match self.write(turn, repository, &question, || ready(Ok(None)), |_: WireCreated| Edited::Done).await
        {
            Err(GithubError::NotFound { .. } | GithubError::Gone { .. }) => Ok(Edited::Gone),
            outcome => outcome,
        }
    }

    /// Makes a check run say this: the one of `known` if it still can, else a new one. Gives the id of the one that does.
    /// Only an App may.
    ///
    /// # Errors
    /// If it could not be written. After [`GithubError::Unavailable`] it is not known whether it was.
    pub async fn set_check_run(
        &self,
        name: &str,
        check: &CheckRun,
        known: Option<u64>,
    ) -> Result<u64, GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("setting check {} of commit {} of {name}", quote(&check.name), check.head_commit);
        let Some(app) = self.0.session.app() else {
            return Err(GithubError::invalid(
                &asked,
                "a token may not write check runs; use a GitHub App (github.app), or commit statuses",
            ));
        };
        let mut turn = self.turn(Priority::Check, &asked).await?;
        let mut body = check_body(check);
        let written = |written: WireCheck| written;
        if let Some(known) = known {
            let address = self.0.sender.api.address(&repository.path(&format!("/check-runs/{known}")));
            let question = Question::write(Method::PATCH, address, &body, &asked);
            match self.write(&mut turn, repository, &question, || ready(Ok(None)), written).await {
                // GitHub takes no completed run back to where it goes on.
                Ok(written) if says(&written, check) => return Ok(written.id),
                // It says so with the run as it was, or with an error.
                Ok(_)
                | Err(
                    GithubError::NotFound { .. } | GithubError::Gone { .. } | GithubError::Invalid { .. },
                ) => turn.again().await,
                Err(error) => return Err(error),
            }
        }
        body["head_sha"] = json!(check.head_commit);
        let address = self.0.sender.api.address(&repository.path("/check-runs"));
        let question = Question::write(Method::POST, address, &body, &asked);
        let recognise = || async {
            let found = self.check_runs(repository, check, app, &asked).await?;
            Ok(found
                .into_iter()
                .find(|found| says(found, check) && found.title() == Some(check.title.as_str())))
        };
        self.write(&mut turn, repository, &question, recognise, written).await.map(|written| written.id)
    }

    /// The check runs of a commit that are ours, the newest first. Another App's with our name is not.
    async fn check_runs(
        &self,
        repository: RepositoryName<'_>,
        check: &CheckRun,
        app: u64,
        asked: &str,
    ) -> Result<Vec<WireCheck>, GithubError> {
        let (commit, name) = (encode(&check.head_commit), encode(&check.name));
        let path = repository
            .path(&format!("/commits/{commit}/check-runs?check_name={name}&app_id={app}&filter=all"));
        let rows = |page: WireChecks| page.check_runs;
        let mut found = self.list(Scope::Repository(repository), &path, asked, rows).await?;
        found.retain(|found| {
            found.app() == Some(app)
                && found.name == check.name
                && found.external_id.as_deref() == Some(check.external_id.as_str())
        });
        found.sort_by_key(|found| std::cmp::Reverse(found.id));
        Ok(found)
    }

    /// Sets a status of a commit.
    ///
    /// # Errors
    /// If it could not be written. After [`GithubError::Unavailable`] it is not known whether it was.
    pub async fn set_status(
        &self,
        name: &str,
        commit: &str,
        context: &str,
        state: StatusState,
        description: &str,
        url: Option<&str>,
    ) -> Result<(), GithubError> {
        let repository = RepositoryName::read(name)?;
        let asked = format!("setting status {} of commit {commit} of {name}", quote(context));
        let mut turn = self.turn(Priority::Check, &asked).await?;
        let mut body = json!({ "state": state.as_str(), "context": context, "description": description });
        if let Some(url) = url {
            body["target_url"] = json!(url);
        }
        let path = repository.path(&format!("/statuses/{}", encode(commit)));
        let question = Question::write(Method::POST, self.0.sender.api.address(&path), &body, &asked);
        let recognise = || async {
            let path = repository.path(&format!("/commits/{}/statuses", encode(commit)));
            let rows = |rows: Vec<WireStatus>| rows;
            let found = self.list(Scope::Repository(repository), &path, &asked, rows).await?;
            // The newest comes first, and only that one counts.
            let newest = found.into_iter().find(|found| found.context == context);
            let is_ours = |found: &WireStatus| {
                found.state == state.as_str() && found.description.as_deref() == Some(description)
            };
            Ok(newest.filter(is_ours).map(|_| ()))
        };
        self.write(&mut turn, repository, &question, recognise, |_: WireStatus| ()).await
    }

    /// Waits until we may write; fails at once while a rate limit holds.
    async fn turn(&self, priority: Priority, asked: &str) -> Result<Turn<'_>, GithubError> {
        let sender = &self.0.sender;
        self.0.queue.turn(priority, || sender.budget.check(sender.clock.now(), asked)).await
    }

    /// Writes, and after a lost answer looks whether it was written before it does so again.
    async fn write<A, T, F>(
        &self,
        turn: &mut Turn<'_>,
        repository: RepositoryName<'_>,
        question: &Question<'_>,
        recognise: impl Fn() -> F,
        read: impl Fn(A) -> T,
    ) -> Result<T, GithubError>
    where
        A: serde::de::DeserializeOwned,
        F: Future<Output = Result<Option<T>, GithubError>>,
    {
        let limits = &self.0.sender.limits;
        let mut pause = limits.first_pause;
        let mut attempt = 1;
        loop {
            let lost = match self.ask(Scope::Repository(repository), question).await {
                Ok(answer) => match answer.json(question.asked) {
                    Ok(content) => return Ok(read(content)),
                    // It was accepted, and only what it is called now is not known.
                    Err(error) => error,
                },
                Err(error @ (GithubError::Unavailable { .. } | GithubError::TooLarge { .. })) => error,
                Err(error) => return Err(error),
            };
            tracing::debug!(%lost, ?pause, "the answer to a write was lost");
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
            if let Some(written) = recognise().await? {
                return Ok(written);
            }
            if attempt >= limits.attempts {
                return Err(lost);
            }
            attempt += 1;
            turn.again().await;
        }
    }
}

fn check_body(check: &CheckRun) -> Value {
    let (status, conclusion) = words(check.status);
    let mut body = json!({
        "name": check.name,
        "external_id": check.external_id,
        "status": status,
        "output": { "title": check.title, "summary": check.summary },
    });
    if let Some(conclusion) = conclusion {
        body["conclusion"] = json!(conclusion);
    }
    if let Some(url) = &check.url {
        body["details_url"] = json!(url);
    }
    body
}

fn words(status: CheckStatus) -> (&'static str, Option<&'static str>) {
    match status {
        CheckStatus::InProgress => ("in_progress", None),
        CheckStatus::Completed(conclusion) => ("completed", Some(conclusion.as_str())),
    }
}

/// Whether a check run stands where it should.
fn says(found: &WireCheck, check: &CheckRun) -> bool {
    let (status, conclusion) = words(check.status);
    found.status == status && found.conclusion.as_deref() == conclusion
}
