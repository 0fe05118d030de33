//! Pull requests and reviews.

use super::{
    reply::{Problem, Reply},
    request::Call,
    route::Answered,
};
use crate::github::{Github, PullRequest, Right, Role};
use serde_json::Value;

const READ: [(&str, Right); 1] = [("pull_requests", Right::Read)];

impl Github {
    /// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>
    pub(super) fn list_pulls(&self, call: &Call<'_>, repository: u64) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let state = call.query("state").unwrap_or("open");
        if !["open", "closed", "all"].contains(&state) {
            return Err(Problem::invalid(
                "PullRequest",
                "state",
                "invalid",
                "state is not open, closed or all",
            ));
        }
        // "user:ref-name"; without the user, GitHub ignores it and gives all of them.
        let head = call.query("head").and_then(|head| head.split_once(':'));
        let owner = head.map(|(owner, _)| self.account_of(owner).map_or(0, |account| account.id));
        let wanted = |pull: &&PullRequest| {
            (state == "all" || pull.open == (state == "open"))
                && head.is_none_or(|(_, branch)| pull.head_branch == branch && Some(pull.head_owner) == owner)
                && call.query("base").is_none_or(|base| pull.base_branch == base)
        };
        let mut pulls: Vec<&PullRequest> = here.pulls.values().filter(wanted).collect();
        let by_update = call.query("sort") == Some("updated");
        pulls.sort_by_key(|pull| (if by_update { pull.updated_at } else { pull.created_at }, pull.number));
        // Newest first, unless something is said about the order.
        if call.query("direction").unwrap_or(if call.query("sort").is_some() { "asc" } else { "desc" })
            == "desc"
        {
            pulls.reverse();
        }
        let shapes = |pulls: Vec<&PullRequest>| {
            pulls.into_iter().map(|pull| self.pull_shape(here, pull, false)).collect::<Value>()
        };
        Ok(self.listed(call, repository, "pulls", pulls, shapes))
    }

    /// The pull request of a number as it stands in a path.
    pub(super) fn pull_here(&self, repository: u64, number: &str) -> Result<&PullRequest, Problem> {
        let number = number.parse().map_err(|_| Problem::not_found())?;
        self.here(repository)?.pulls.get(&number).ok_or_else(Problem::not_found)
    }

    /// <https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request>
    pub(super) fn get_pull(&self, call: &Call<'_>, repository: u64, number: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let pull = self.pull_here(repository, number)?;
        Ok(Reply::found(&self.pull_shape(here, pull, true)))
    }

    /// <https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request>
    pub(super) fn list_reviews(&self, call: &Call<'_>, repository: u64, number: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let pull = self.pull_here(repository, number)?;
        let shapes = |reviews: Vec<_>| {
            reviews.into_iter().map(|review| self.review_shape(here, pull, review, false)).collect::<Value>()
        };
        let rest = format!("pulls/{number}/reviews");
        Ok(self.listed(call, repository, &rest, pull.reviews.iter().collect(), shapes))
    }
}
