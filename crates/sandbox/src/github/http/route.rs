//! What a request asks for.

use super::{
    access::Identity,
    reply::{Problem, Reply},
    request::Call,
};
use crate::github::{Github, shape::encoded};
use http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) type Answered = Result<Reply, Problem>;

impl Github {
    pub(super) fn route(&mut self, call: &Call<'_>) -> Answered {
        let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
        let method = if call.method == Method::HEAD { "GET" } else { call.method.as_str() };
        let reply = match (method, parts.as_slice()) {
            (_, ["repos", owner, name, rest @ ..]) => {
                let repository = self.resolve(call, owner, name)?;
                self.in_repository(call, method, repository, rest)
            }
            (_, ["repositories", id, rest @ ..]) => {
                let known = id.parse().ok().and_then(|id| self.repositories.get(&id));
                let known = known.filter(|known| self.sees(&call.identity, known) || is_app(&call.identity));
                let repository = known.map(|known| known.id).ok_or_else(Problem::not_found)?;
                self.in_repository(call, method, repository, rest)
            }
            ("GET", ["orgs", organization, "teams", team, "memberships", login]) => {
                self.membership(call, organization, team, login)
            }
            ("GET", ["orgs", organization, "installation"]) => {
                self.organization_installation(call, organization)
            }
            ("GET", ["user"]) => self.current_user(call),
            ("GET", ["users", login]) => self.get_user(login),
            ("GET", ["rate_limit"]) => self.rate_limit(call),
            (_, ["app", rest @ ..]) => self.as_app(call, method, rest),
            _ => Err(Problem::not_found()),
        }?;
        Ok(if method == "GET" && reply.tag.is_none() { reply.tagged() } else { reply })
    }

    /// The repository of a name. A former name leads on to the address with the id
    /// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>).
    fn resolve(&self, call: &Call<'_>, owner: &str, name: &str) -> Result<u64, Problem> {
        let full_name = format!("{owner}/{name}");
        let known = self.repository_named(&full_name);
        let moved = if known.is_none() { self.repository_once_named(&full_name) } else { None };
        let seen = known.or(moved).filter(|it| self.sees(&call.identity, it) || is_app(&call.identity));
        let Some(repository) = seen else { return Err(Problem::not_found()) };
        if moved.is_none() {
            return Ok(repository.id);
        }
        let rest = call.parts.iter().skip(3).map(|part| format!("/{}", encoded(part))).collect::<String>();
        let query = call.raw_query.map(|query| format!("?{query}")).unwrap_or_default();
        let status = match *call.method {
            Method::GET | Method::HEAD => StatusCode::MOVED_PERMANENTLY,
            _ => StatusCode::TEMPORARY_REDIRECT,
        };
        Err(Problem::moved(status, &format!("{}/repositories/{}{rest}{query}", self.api, repository.id)))
    }

    fn in_repository(&mut self, call: &Call<'_>, method: &str, repository: u64, rest: &[&str]) -> Answered {
        match (method, rest) {
            ("GET", []) => self.get_repository(call, repository),
            ("GET", ["installation"]) => self.repository_installation(call, repository),
            ("GET", ["collaborators", login, "permission"]) => self.permission(call, repository, login),
            ("GET", ["pulls"]) => self.list_pulls(call, repository),
            ("GET", ["pulls", number]) => self.get_pull(call, repository, number),
            ("GET", ["pulls", number, "reviews"]) => self.list_reviews(call, repository, number),
            ("GET", ["issues", number, "events"]) => self.list_events(call, repository, number),
            ("GET", ["issues", "comments", id]) => self.get_comment(call, repository, id),
            ("PATCH", ["issues", "comments", id]) => self.patch_comment(call, repository, id),
            ("GET", ["issues", number, "comments"]) => self.list_comments(call, repository, number),
            ("POST", ["issues", number, "comments"]) => self.post_comment(call, repository, number),
            ("GET", ["actions", "workflows", workflow, "runs"]) => self.list_runs(call, repository, workflow),
            ("GET", ["actions", "runs", run]) => self.get_run(call, repository, run),
            ("GET", ["actions", "runs", run, "jobs"]) => self.list_jobs(call, repository, run),
            ("GET", ["contents", path @ ..]) => self.get_contents(call, repository, &path.join("/")),
            ("GET", ["commits", reference @ .., "check-runs"]) if !reference.is_empty() => {
                self.list_check_runs(call, repository, &reference.join("/"))
            }
            ("GET", ["commits", reference @ .., "statuses"]) if !reference.is_empty() => {
                self.list_statuses(call, repository, &reference.join("/"))
            }
            ("GET", ["commits", reference @ ..]) if !reference.is_empty() => {
                self.get_commit(call, repository, &reference.join("/"))
            }
            ("POST", ["check-runs"]) => self.post_check_run(call, repository),
            ("GET", ["check-runs", id]) => self.get_check_run(call, repository, id),
            ("PATCH", ["check-runs", id]) => self.patch_check_run(call, repository, id),
            ("POST", ["statuses", commit]) => self.post_status(call, repository, commit),
            _ => Err(Problem::not_found()),
        }
    }

    fn rate_limit(&mut self, call: &Call<'_>) -> Answered {
        let left = self.left(&call.identity.key());
        let core = json!({
            "limit": left.limit,
            "remaining": left.remaining,
            "used": left.used,
            "reset": left.resets_at.as_second(),
        });
        Ok(Reply::found(&json!({"resources": {"core": core, "search": core}, "rate": core})))
    }

    /// A list, page by page; the links have the repository's id, as GitHub's have.
    pub(super) fn listed<T>(
        &self,
        call: &Call<'_>,
        repository: u64,
        rest: &str,
        all: Vec<T>,
        shape: impl Fn(Vec<T>) -> Value,
    ) -> Reply {
        let (some, link) = call.page(all, &format!("{}/repositories/{repository}/{rest}", self.api));
        let mut reply = Reply::found(&shape(some));
        reply.link = link;
        reply
    }
}

fn is_app(identity: &Identity) -> bool {
    matches!(identity, Identity::App(_))
}
