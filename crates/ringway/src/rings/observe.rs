//! Reading everything that GitHub and the registry say about one pull request. Reads only, and decides nothing.

use super::{
    Rings,
    agenda::Subject,
    cohorts::Cohorts,
    people::{People, last_set},
    repositories::Repository,
};
use crate::{config, github, ledger::KnownPullRequest};
use jiff::Timestamp;
use release::{
    decide::{
        facts::{Build, CohortFacts, ImageFacts, Known, LabelFacts, PullRequest, PullRequestState},
        label::{self, CohortLabel},
    },
    image::Availability,
};

/// What was read about a pull request.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) pull_request: PullRequest,
    /// The same as GitHub has it, and since when it is known; `None` if GitHub does not have it any more.
    pub(super) read: Option<github::PullRequest>,
    pub(super) read_at: Timestamp,
    pub(super) successor: Option<u64>,
    pub(super) labels: Vec<LabelFacts>,
    pub(super) build: Known<Option<Build>>,
    pub(super) images: Known<Vec<ImageFacts>>,
}

impl Rings {
    /// Reads a pull request and what its decision needs.
    ///
    /// # Errors
    /// If the pull request itself cannot be read now. Of the rest, it is noted what is not known.
    pub(super) async fn observe(
        &self,
        subject: Subject,
        repository: &Repository,
        rings: &config::Rings,
        known: Option<&KnownPullRequest>,
    ) -> Result<Seen, github::GithubError> {
        let read_at = self.world().clock.now();
        let read = self.github().pull_request(&repository.name, subject.number).await?;
        let names = read.as_ref().map(|read| read.labels.clone()).unwrap_or_default();
        let pull_request = match read.clone() {
            Some(read) => facts(read, repository),
            None => gone(subject, repository, known),
        };
        let mut seen = Seen {
            pull_request,
            read,
            read_at,
            successor: None,
            labels: Vec::new(),
            build: Known::NotYet("nothing asks for it".to_owned()),
            images: Known::NotYet("nothing asks for it".to_owned()),
        };
        if may_have_a_successor(&seen.pull_request) {
            seen.successor = self.successor(&seen.pull_request).await?;
        }
        if seen.pull_request.state != PullRequestState::Open {
            return Ok(seen);
        }
        seen.labels = self.labels(&seen.pull_request, rings, &names).await?;
        if seen.labels.iter().any(|label| label.label.is_ok()) {
            seen.build = self.build(rings.rules.build.as_ref(), &seen.pull_request, None).await;
            seen.images = self.images(&repository.service, rings, &seen).await;
        }
        Ok(seen)
    }

    /// Another open pull request of the same branch.
    async fn successor(&self, over: &PullRequest) -> Result<Option<u64>, github::GithubError> {
        let open = self.github().pull_requests_of_branch(&over.repository, &over.head_branch).await?;
        let is_ours = |other: &&github::PullRequest| {
            other.number != over.number
                && other.head_repository == Some(over.base_repository)
                && other.base_branch == over.default_branch
        };
        Ok(open.iter().find(is_ours).map(|other| other.number))
    }

    async fn labels(
        &self,
        pull: &PullRequest,
        rings: &config::Rings,
        names: &[String],
    ) -> Result<Vec<LabelFacts>, github::GithubError> {
        let ours: Vec<&String> = names.iter().filter(|name| label::is_ours(name)).collect();
        if ours.is_empty() {
            return Ok(Vec::new());
        }
        let events = self.github().label_events(&pull.repository, pull.number).await?;
        let set = last_set(&events.labels);
        let mut people = People::new(self, &pull.repository, &rings.rules);
        let mut cohorts = Cohorts::new(self, rings.rules.cohort_limit);
        let mut labels = Vec::new();
        for name in ours {
            let set = set.get(name.as_str());
            let parsed = CohortLabel::parse(name);
            let (mut set_by, mut cohort) = (nobody(), unread());
            if let Ok(label) = &parsed {
                if let Some(login) = set.and_then(|set| set.by.as_deref()) {
                    set_by = Known::Yes(people.person(login).await);
                }
                cohort = cohorts.read(label).await;
            }
            let was_set_at = set.map(|set| set.at);
            // What was cut off when it was closed is to be done when it is opened again.
            let set_at = was_set_at.max(was_set_at.and(events.resumed_at));
            // It is compared with when releases began: by a clock that is behind, each would seem to be asked for again.
            let set_at = set_at.map(|at| self.github().in_our_time(at));
            labels
                .push((was_set_at, LabelFacts { name: name.clone(), label: parsed, set_at, set_by, cohort }));
        }
        // In the order in which they were set; what nothing is known of comes last.
        labels.sort_by(|(one_at, one), (other_at, other)| {
            (one_at.is_none(), one_at, &one.name).cmp(&(other_at.is_none(), other_at, &other.name))
        });
        Ok(labels.into_iter().map(|(_, label)| label).collect())
    }

    /// Whether the images of the head commit can be pulled. The registry is asked only once the build has succeeded: an
    /// image of that name may be from a build before.
    pub(super) async fn images(
        &self,
        service: &str,
        rings: &config::Rings,
        seen: &Seen,
    ) -> Known<Vec<ImageFacts>> {
        if !has_succeeded(&seen.build, rings) {
            return Known::NotYet("the build comes first".to_owned());
        }
        let Some(service) = self.config().services.get(service) else {
            return Known::NotYet(format!("the configuration has no service {service}"));
        };
        let pull = &seen.pull_request;
        let mut images = Vec::new();
        for image in &service.images {
            let Some(template) = rings.images.get(&image.name) else { continue };
            let reference = template.render(&pull.head_branch, &pull.head_commit);
            let present = match &reference {
                Err(why) => Known::Yes(Err(why.clone())),
                Ok(reference) => match self.world().registry.resolve(reference, &image.platforms).await {
                    Availability::Present(digests) => Known::Yes(Ok(digests.digest.0)),
                    unknown @ Availability::Unknown { .. } => Known::NotYet(unknown.explain(reference)),
                    other => Known::Yes(Err(other.explain(reference))),
                },
            };
            images.push(ImageFacts { name: image.name.clone(), reference, present });
        }
        Known::Yes(images)
    }
}

/// The ring that a pull request is, as the ledger knows it. A branch of a fork may be called like one of ours, and must
/// never be taken for it: no branch has a colon in its name
/// (<https://git-scm.com/docs/git-check-ref-format>).
pub(super) fn ring_of(pull: &PullRequest) -> String {
    match pull.head_repository {
        Some(head) if head == pull.base_repository => pull.head_branch.clone(),
        _ => format!("fork:{}", pull.head_branch),
    }
}

/// Whether the branch may be that of another pull request, which is the ring: this one is over, or goes elsewhere.
fn may_have_a_successor(pull: &PullRequest) -> bool {
    let is_of_a_fork = pull.head_repository.is_some_and(|head| head != pull.base_repository);
    let is_elsewhere = pull.state != PullRequestState::Open || pull.base_branch != pull.default_branch;
    is_elsewhere && !is_of_a_fork
}

/// Whether the registry is worth asking. Whether the gate is open is decided elsewhere.
fn has_succeeded(build: &Known<Option<Build>>, rings: &config::Rings) -> bool {
    let success = |conclusion: &Option<String>| conclusion.as_deref() == Some("success");
    match build {
        Known::Yes(None) => rings.rules.build.is_none(),
        Known::Yes(Some(build)) => build.run.as_ref().is_some_and(|run| {
            success(&run.conclusion) && run.job.as_ref().is_none_or(|job| success(&job.conclusion))
        }),
        Known::NotYet(_) => false,
    }
}

fn facts(read: github::PullRequest, repository: &Repository) -> PullRequest {
    let state = match (read.state.as_str(), read.merged) {
        (_, true) => PullRequestState::Merged,
        ("open", false) => PullRequestState::Open,
        _ => PullRequestState::Closed,
    };
    PullRequest {
        number: read.number,
        repository: repository.name.clone(),
        base_repository: repository.id,
        head_repository: read.head_repository,
        base_branch: read.base_branch,
        default_branch: repository.default_branch.clone(),
        head_branch: read.head_branch,
        head_commit: read.head_commit,
        state,
        draft: read.draft,
    }
}

/// A pull request that GitHub does not have any more, as it was known before.
fn gone(subject: Subject, repository: &Repository, known: Option<&KnownPullRequest>) -> PullRequest {
    PullRequest {
        number: subject.number,
        repository: repository.name.clone(),
        base_repository: repository.id,
        head_repository: None,
        base_branch: String::new(),
        default_branch: repository.default_branch.clone(),
        head_branch: known.map(|known| known.ring.clone()).unwrap_or_default(),
        head_commit: String::new(),
        // What is still held is given back by the name of the ring.
        state: PullRequestState::Gone,
        draft: false,
    }
}

fn nobody() -> Known<release::decide::facts::Person> {
    Known::NotYet("no event says who set it; set it again".to_owned())
}

fn unread() -> Known<CohortFacts> {
    Known::NotYet("the label is wrong".to_owned())
}
