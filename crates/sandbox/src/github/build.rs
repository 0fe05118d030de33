//! Builds: workflows by their files, their runs, and the jobs of each attempt.

use super::{Github, Impossible};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A workflow.
#[derive(Debug, Clone)]
pub(super) struct Workflow {
    pub(super) id: u64,
    /// The name of its file in `.github/workflows`.
    pub(super) file: String,
    pub(super) created_at: Timestamp,
}

/// A run of a workflow.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id, the same for all attempts.
    pub id: u64,
    /// The workflow's id.
    pub workflow: u64,
    /// Counts the runs of the workflow.
    pub run_number: u64,
    /// Counts the attempts of the run.
    pub attempt: u64,
    /// The commit that it builds.
    pub head_commit: String,
    /// The branch that the commit was pushed to.
    pub head_branch: String,
    /// The repository of that branch: a fork, perhaps.
    pub head_repository: u64,
    /// What started it, such as `push`.
    pub event: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended, such as `success`.
    pub conclusion: Option<String>,
    /// Who started it.
    pub actor: u64,
    /// The jobs of all attempts.
    pub jobs: Vec<Job>,
    pub(super) suite: u64,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A job of a run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The attempt that it belongs to.
    pub attempt: u64,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended, such as `skipped`.
    pub conclusion: Option<String>,
    pub(super) started_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
}

/// A run that is to be started.
#[derive(Debug, Clone)]
pub struct NewRun<'a> {
    /// The name of the workflow's file, such as `maven.yml`.
    pub workflow: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// The branch.
    pub branch: &'a str,
    /// The repository of the branch, if it is another one.
    pub head_repository: Option<u64>,
    /// Such as `push`, `pull_request` or `workflow_dispatch`.
    pub event: &'a str,
    /// The names of the jobs.
    pub jobs: &'a [&'a str],
    /// Who started it.
    pub by: &'a str,
}

impl Github {
    /// Starts a run: it is queued, and then in progress. The answer is its id.
    ///
    /// # Errors
    ///
    /// When there is no such repository.
    pub fn start_run(&mut self, repository: u64, new: &NewRun<'_>) -> Result<u64, Impossible> {
        self.known_repository(repository)?;
        let workflow = self.workflow(repository, new.workflow);
        let (id, suite, actor, now) = (self.id(), self.id(), self.user(new.by), self.now);
        let runs = &self.known_repository(repository)?.runs;
        let before = runs.values().filter(|run| run.workflow == workflow).map(|run| run.run_number).max();
        let mut run = Run {
            id,
            workflow,
            run_number: before.unwrap_or(0) + 1,
            attempt: 1,
            head_commit: new.commit.to_owned(),
            head_branch: new.branch.to_owned(),
            head_repository: new.head_repository.unwrap_or(repository),
            event: new.event.to_owned(),
            status: "queued".to_owned(),
            conclusion: None,
            actor,
            jobs: Vec::new(),
            suite,
            created_at: now,
            started_at: now,
            updated_at: now,
        };
        run.jobs = new.jobs.iter().map(|name| self.job(name, 1)).collect();
        self.with_repository(repository, |repository| {
            repository.runs.insert(id, run);
        });
        self.announce_run(repository, id, "requested", actor);
        self.begin(repository, id, actor);
        Ok(id)
    }

    /// Starts the run that a push of a commit starts, with the branch that the commit is the head of. The answer is its id.
    ///
    /// # Errors
    ///
    /// When no branch is at the commit.
    pub fn start_build(
        &mut self,
        repository: u64,
        workflow: &str,
        commit: &str,
        jobs: &[&str],
    ) -> Result<u64, Impossible> {
        let known = self.known_repository(repository)?;
        let found = known.branches.iter().find(|(_, head)| *head == commit).map(|(name, _)| name.clone());
        let branch =
            found.ok_or_else(|| Impossible(format!("no branch is at {commit}: nothing is built")))?;
        let author = self.commits.get(commit).and_then(|commit| self.accounts.get(&commit.author));
        let by = author.map_or_else(|| "ghost".to_owned(), |author| author.login.clone());
        let event = "push";
        let (branch, by) = (branch.as_str(), by.as_str());
        self.start_run(
            repository,
            &NewRun { workflow, commit, branch, head_repository: None, event, jobs, by },
        )
    }

    /// Ends the newest run of a workflow for a commit, and those of its jobs that have not ended, all in the same way.
    ///
    /// # Errors
    ///
    /// When there is no such run.
    pub fn finish_build(
        &mut self,
        repository: u64,
        workflow: &str,
        commit: &str,
        conclusion: &str,
    ) -> Result<(), Impossible> {
        let known = self.known_repository(repository)?;
        let id = known.workflows.values().find(|it| it.file == workflow).map(|it| it.id);
        let mut runs = known.runs.values().rev();
        let run = runs.find(|run| Some(run.workflow) == id && run.head_commit == commit).map(|run| run.id);
        let run = run.ok_or_else(|| Impossible(format!("{workflow} has no run for {commit} to finish")))?;
        self.finish_run(repository, run, conclusion)
    }

    /// Ends a run, and those of its jobs that have not ended, all in the same way.
    ///
    /// # Errors
    ///
    /// When there is no such run, or it has ended: what ends again is a new attempt.
    pub fn finish_run(&mut self, repository: u64, run: u64, conclusion: &str) -> Result<(), Impossible> {
        let known = self.known_run(repository, run)?;
        let (now, actor) = (self.now, known.actor);
        if known.status == "completed" {
            return Err(Impossible(format!("run {run} has ended, and is not run again yet")));
        }
        self.with_run(repository, run, |run| {
            "completed".clone_into(&mut run.status);
            run.conclusion = Some(conclusion.to_owned());
            for job in run.jobs.iter_mut().filter(|job| job.conclusion.is_none()) {
                job.end(conclusion, now);
            }
        });
        self.announce_run(repository, run, "completed", actor);
        Ok(())
    }

    /// Ends one job of the last attempt of a run, which goes on.
    ///
    /// # Errors
    ///
    /// When there is no such job.
    pub fn finish_job(
        &mut self,
        repository: u64,
        run: u64,
        job: &str,
        conclusion: &str,
    ) -> Result<(), Impossible> {
        let (now, attempt) = (self.now, self.known_run(repository, run)?.attempt);
        let mut found = false;
        self.with_run(repository, run, |run| {
            for job in run.jobs.iter_mut().filter(|it| it.name == job && it.attempt == attempt) {
                found = true;
                job.end(conclusion, now);
            }
        });
        if found { Ok(()) } else { Err(Impossible(format!("run {run} has no job {job:?} to finish"))) }
    }

    /// Runs a run again: a new attempt with the same id and the same names of jobs
    /// (<https://docs.github.com/en/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs>).
    ///
    /// # Errors
    ///
    /// When there is no such run.
    pub fn rerun(&mut self, repository: u64, run: u64, by: &str) -> Result<(), Impossible> {
        let known = self.known_run(repository, run)?;
        let attempt = known.attempt + 1;
        let last = known.jobs.iter().filter(|job| job.attempt == known.attempt);
        let names: Vec<String> = last.map(|job| job.name.clone()).collect();
        let jobs: Vec<Job> = names.iter().map(|name| self.job(name, attempt)).collect();
        let (now, sender) = (self.now, self.user(by));
        self.with_run(repository, run, |run| {
            "queued".clone_into(&mut run.status);
            (run.attempt, run.conclusion, run.started_at) = (attempt, None, now);
            run.jobs.extend(jobs);
        });
        self.announce_run(repository, run, "requested", sender);
        self.begin(repository, run, sender);
        Ok(())
    }

    /// A run.
    ///
    /// # Errors
    ///
    /// When there is none of this id.
    pub fn known_run(&self, repository: u64, run: u64) -> Result<&Run, Impossible> {
        let known = self.known_repository(repository)?;
        known.runs.get(&run).ok_or_else(|| Impossible(format!("there is no run {run}")))
    }

    fn begin(&mut self, repository: u64, run: u64, sender: u64) {
        self.with_run(repository, run, |run| {
            "in_progress".clone_into(&mut run.status);
            for job in run.jobs.iter_mut().filter(|job| job.conclusion.is_none()) {
                "in_progress".clone_into(&mut job.status);
            }
        });
        self.announce_run(repository, run, "in_progress", sender);
    }

    fn job(&mut self, name: &str, attempt: u64) -> Job {
        Job {
            id: self.id(),
            name: name.to_owned(),
            attempt,
            status: "queued".to_owned(),
            conclusion: None,
            started_at: self.now,
            completed_at: None,
        }
    }

    /// The workflow of a file, which is made if there is none. The answer is its id.
    pub fn workflow(&mut self, repository: u64, file: &str) -> u64 {
        let known = self.repositories.get(&repository).and_then(|it| it.workflow(file)).map(|it| it.id);
        known.unwrap_or_else(|| {
            let workflow = Workflow { id: self.id(), file: file.to_owned(), created_at: self.now };
            let id = workflow.id;
            self.with_repository(repository, |repository| {
                repository.workflows.insert(id, workflow);
            });
            id
        })
    }

    fn with_run(&mut self, repository: u64, run: u64, change: impl FnOnce(&mut Run)) {
        let now = self.now;
        self.with_repository(repository, |repository| {
            if let Some(run) = repository.runs.get_mut(&run) {
                run.updated_at = now;
                change(run);
            }
        });
    }

    /// Tells of a run (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run>).
    fn announce_run(&mut self, repository: u64, run: u64, action: &str, sender: u64) {
        let Some(known) = self.repositories.get(&repository) else { return };
        let Some(run) = known.runs.get(&run) else { return };
        let workflow = known.workflows.get(&run.workflow);
        let workflow = workflow.map(|workflow| self.workflow_shape(known, workflow)).unwrap_or(Value::Null);
        let payload = json!({"workflow": workflow, "workflow_run": self.run_shape(known, run)});
        self.announce(repository, "workflow_run", Some(action), sender, payload);
    }
}

impl super::Repository {
    /// A workflow by the name of its file or by its id.
    pub(super) fn workflow(&self, file_or_id: &str) -> Option<&Workflow> {
        let id = file_or_id.parse().ok();
        self.workflows.values().find(|it| it.file == file_or_id || Some(it.id) == id)
    }
}

impl Job {
    fn end(&mut self, conclusion: &str, now: Timestamp) {
        "completed".clone_into(&mut self.status);
        (self.conclusion, self.completed_at) = (Some(conclusion.to_owned()), Some(now));
    }
}
