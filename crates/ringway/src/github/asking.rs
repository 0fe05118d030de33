//! Reading: tried again while GitHub is unavailable, with ETags, page by page.

use super::{
    Client, address::next_page, answer::Answer, cache::Kept, error::GithubError, sender::Question,
    session::Scope,
};
use bytes::Bytes;
use http::{StatusCode, header::ETAG};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::PoisonError;

/// One page of an answer.
struct Page<T> {
    content: T,
    next: Option<String>,
}

impl Client {
    /// Asks for one thing.
    pub(super) async fn read<T>(&self, scope: Scope<'_>, path: &str, asked: &str) -> Result<T, GithubError>
    where
        T: Serialize + DeserializeOwned,
    {
        self.page(scope, self.0.sender.api.address(path), asked).await.map(|page| page.content)
    }

    /// Asks for a list, all pages of it.
    pub(super) async fn list<T, R>(
        &self,
        scope: Scope<'_>,
        path: &str,
        asked: &str,
        rows: fn(T) -> Vec<R>,
    ) -> Result<Vec<R>, GithubError>
    where
        T: Serialize + DeserializeOwned,
    {
        let sender = &self.0.sender;
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut address = sender.api.address(&format!("{path}{joint}per_page=100"));
        let mut all = Vec::new();
        for _ in 0..sender.limits.most_pages {
            let page = self.page(scope, address, asked).await?;
            all.extend(rows(page.content));
            let Some(next) = page.next else { return Ok(all) };
            address = sender.api.onward(&next).map_err(|why| GithubError::malformed(asked, why))?;
        }
        Err(GithubError::TooLarge {
            message: format!(
                "{asked}: there are more than {} pages, which is more than is read; close or remove what is no longer \
                 needed",
                sender.limits.most_pages
            ),
        })
    }

    async fn page<T>(&self, scope: Scope<'_>, address: String, asked: &str) -> Result<Page<T>, GithubError>
    where
        T: Serialize + DeserializeOwned,
    {
        let kept = self.0.cache.lock().unwrap_or_else(PoisonError::into_inner).get(&address);
        let mut question = Question::read(address, asked);
        question.etag = kept.as_ref().map(|kept| kept.etag.clone());
        self.patiently(|| async {
            let answer = self.ask(scope, &question).await?;
            match (answer.status, &kept) {
                (StatusCode::NOT_MODIFIED, Some(kept)) => {
                    let content = serde_json::from_slice(&kept.body).map_err(|error| {
                        GithubError::malformed(asked, format!("what was kept of it: {error}"))
                    })?;
                    Ok(Page { content, next: kept.next.clone() })
                }
                (StatusCode::NOT_MODIFIED, None) => {
                    Err(GithubError::malformed(asked, "it says that nothing changed, and was not asked that"))
                }
                _ => self.taken(&question.address, &answer, asked),
            }
        })
        .await
    }

    /// What we read of an answer, kept for the next time.
    fn taken<T>(&self, address: &str, answer: &Answer, asked: &str) -> Result<Page<T>, GithubError>
    where
        T: Serialize + DeserializeOwned,
    {
        let content: T = answer.json(asked)?;
        let next = next_page(&answer.headers);
        let mut cache = self.0.cache.lock().unwrap_or_else(PoisonError::into_inner);
        match answer.headers.get(ETAG).zip(serde_json::to_vec(&content).ok()) {
            Some((etag, body)) => {
                let kept = Kept { etag: etag.clone(), body: Bytes::from(body), next: next.clone() };
                cache.put(address.to_owned(), kept);
            }
            None => cache.remove(address),
        }
        Ok(Page { content, next })
    }

    /// Tries again while GitHub is unavailable, with pauses that double.
    pub(super) async fn patiently<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, GithubError>
    where
        F: Future<Output = Result<T, GithubError>>,
    {
        let limits = &self.0.sender.limits;
        let mut pause = limits.first_pause;
        for _ in 1..limits.attempts {
            match attempt().await {
                Err(GithubError::Unavailable { message }) => {
                    tracing::debug!(message, ?pause, "GitHub is asked again");
                }
                outcome => return outcome,
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        attempt().await
    }

    /// Asks once; what comes back is a success or says that nothing changed.
    pub(super) async fn ask(&self, scope: Scope<'_>, question: &Question<'_>) -> Result<Answer, GithubError> {
        self.0.session.ask(&self.0.sender, scope, question).await?.judged(question.asked)
    }
}
