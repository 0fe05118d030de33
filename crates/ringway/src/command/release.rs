//! `ringway release`: begin, list, show, watch, cancel.

use super::{ListArguments, OutputFormat, ShowArguments, StartArguments, ledger, tenants};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    error::{Outcome, UsageError},
    follow::follow,
    ledger::{Ledger, RunFilter},
    output,
    owner::{self, Reached, reach},
    reports,
    request::{Answer, ReleaseRequest, Request},
    start,
    state::StateFolder,
};
use durable_sqlite::Filter;
use release::{
    report::{RunReport, text},
    verdict::Stop,
};

/// Begins a release or goes on with the same one, and waits for its verdict.
pub(super) async fn start(
    config: Config,
    arguments: StartArguments,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let (tenants, cohort) = tenants(&config, &arguments.release)?;
    let request = ReleaseRequest {
        ring: arguments.release.ring,
        service: arguments.release.service,
        images: arguments.release.images,
        tenants,
        cohort,
        max_parallel: arguments.max_parallel,
        all_or_nothing: arguments.release.all_or_nothing,
        origin: None,
    };
    ring(&request.ring)?;
    // What is wrong with the request itself is said before anything is opened or asked.
    start::assign(start::service(&config, &request.service)?, &request.images)?;
    let folder = StateFolder::open(&config.state_folder)?;
    let asking = Request::StartRelease(request);
    match reach(&folder, "ringway release start", &asking).await? {
        Reached::Answered(answer) => follow_answer(&folder, answer, format).await,
        Reached::Owned(ownership) => {
            owner::drive(config, &folder, ownership, async |owner| {
                let answer = owner.carry_out(asking).await?;
                follow_own(&owner, &folder, answer, format).await
            })
            .await
        }
    }
}

/// A ring is stored, shown and written into annotations: no line breaks, no separators of ours.
fn ring(name: &str) -> anyhow::Result<()> {
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/');
    if name.is_empty() || name.len() > 200 || !name.chars().all(allowed) {
        let message =
            format!("--ring: {name:?} may have 1 to 200 letters, digits and - _ . / as in names of branches");
        return Err(UsageError(message).into());
    }
    Ok(())
}

/// Follows a run that this process drives.
pub(super) async fn follow_own(
    owner: &owner::Owner,
    folder: &StateFolder,
    answer: Answer,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let run = match &answer {
        Answer::Nothing { reason } => return nothing(reason, format),
        answer => begun(answer)?,
    };
    let ledger = Ledger::open_read_only(&folder.ledger())?;
    let following = follow(&ledger, run, &SystemClock, None);
    tokio::pin!(following);
    let report = tokio::select! {
        biased;
        report = &mut following => report?,
        // Without a verdict: the workflow failed or is parked, and says why.
        ended = owner.wait(run) => {
            ended?;
            following.await?
        }
    };
    // The workflow ends a moment after its verdict is recorded; until then another start would join it.
    owner.wait(run).await?;
    conclude(&report, format)
}

/// Follows a run that another process drives.
pub(super) async fn follow_answer(
    folder: &StateFolder,
    answer: Answer,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let run = match &answer {
        Answer::Nothing { reason } => return nothing(reason, format),
        answer => begun(answer)?,
    };
    eprintln!("another process drives it; interrupting this command does not stop it");
    follow_other(folder, run, format).await
}

/// Follows a run until it ends, this command is interrupted, or nobody drives the run any more.
async fn follow_other(folder: &StateFolder, run: &str, format: OutputFormat) -> anyhow::Result<Outcome> {
    let ledger = Ledger::open_read_only(&folder.ledger())?;
    tokio::select! {
        report = follow(&ledger, run, &SystemClock, Some(folder)) => conclude(&report?, format),
        interrupted = owner::interrupted() => interrupted.map(|()| Outcome::Interrupted),
    }
}

fn begun(answer: &Answer) -> anyhow::Result<&str> {
    let Answer::Begun { run, continued } = answer else {
        anyhow::bail!("the owner of the state folder gave an answer to another request: {answer:?}");
    };
    if *continued {
        eprintln!(
            "going on with {run}, which is the same and has not ended; it keeps the options it began with"
        );
    }
    Ok(run)
}

/// Why there is nothing to do, also for whoever asked for a document.
#[derive(serde::Serialize)]
struct Nothing<'a> {
    reason: &'a str,
}

pub(super) fn nothing(reason: &str, format: OutputFormat) -> anyhow::Result<Outcome> {
    output::print(format, &Nothing { reason }, || reason.to_owned())?;
    Ok(Outcome::Done)
}

fn conclude(report: &RunReport, format: OutputFormat) -> anyhow::Result<Outcome> {
    output::print(format, report, || text::run(report, SystemClock.now()))?;
    Ok(report.verdict.map_or(Outcome::Interrupted, Outcome::Verdict))
}

/// Lists releases and cleanups, the newest first.
pub(super) fn list(
    config: &Config,
    arguments: &ListArguments,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let reports = match ledger(config)? {
        None => Vec::new(),
        Some(ledger) => {
            let driven = StateFolder::open(&config.state_folder)?.is_owned();
            let filter = RunFilter {
                ring: arguments.ring.clone(),
                limit: Some(arguments.limit),
                ..RunFilter::default()
            };
            let read = |run: crate::ledger::Run| {
                let tenants = ledger.tenants(&run.id)?;
                Ok(reports::report(run, tenants, driven))
            };
            ledger.runs(&filter)?.into_iter().map(read).collect::<anyhow::Result<Vec<_>>>()?
        }
    };
    output::print(format, &reports, || {
        if reports.is_empty() {
            return "no releases yet".to_owned();
        }
        let now = SystemClock.now();
        let rows = reports.iter().map(|report| text::row(report, now));
        std::iter::once(text::row_heading()).chain(rows).collect::<Vec<_>>().join("\n")
    })?;
    Ok(Outcome::Done)
}

/// Shows a run.
pub(super) fn show(
    config: &Config,
    arguments: &ShowArguments,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let report = known(config, &arguments.id)?;
    if arguments.journal {
        return journal(config, &arguments.id, format);
    }
    output::print(format, &report, || text::run(&report, SystemClock.now()))?;
    Ok(Outcome::Done)
}

/// Shows what happened to a run and to each of its tenants, record by record.
fn journal(config: &Config, id: &str, format: OutputFormat) -> anyhow::Result<Outcome> {
    let folder = StateFolder::open(&config.state_folder)?;
    let mut lines: Vec<String> = Vec::new();
    if let Some(reader) = durable_sqlite::Reader::open(folder.journal())? {
        let children = Filter { parent: Some(id.to_owned()), ..Filter::default() };
        let children = reader.list(&children)?.into_iter().map(|child| child.id);
        for workflow in std::iter::once(id.to_owned()).chain(children) {
            let Some(entries) = reader.journal(&workflow)? else { continue };
            lines.push(workflow);
            lines.extend(entries.iter().map(|entry| format!("  {entry}")));
        }
    }
    if lines.is_empty() {
        lines.push(format!("the journal of {id} is no longer kept"));
    }
    output::print(format, &lines, || lines.join("\n"))?;
    Ok(Outcome::Done)
}

fn known(config: &Config, id: &str) -> anyhow::Result<RunReport> {
    let driven = StateFolder::open(&config.state_folder)?.is_owned();
    match ledger(config)? {
        Some(ledger) => reports::run(&ledger, id, driven),
        None => {
            Err(UsageError(format!("there is no release or cleanup {id:?}: nothing was ever begun")).into())
        }
    }
}

/// Follows a run until it ends.
pub(super) async fn watch(config: &Config, id: &str, format: OutputFormat) -> anyhow::Result<Outcome> {
    let report = known(config, id)?;
    if report.verdict.is_some() {
        return conclude(&report, format);
    }
    if !report.driven {
        output::print(format, &report, || text::run(&report, SystemClock.now()))?;
        return Ok(Outcome::Interrupted);
    }
    follow_other(&StateFolder::open(&config.state_folder)?, id, format).await
}

/// Tells a run to stop, and waits until it has.
pub(super) async fn cancel(config: Config, id: String, format: OutputFormat) -> anyhow::Result<Outcome> {
    let report = known(&config, &id)?;
    if report.verdict.is_some() {
        eprintln!("{id} has ended already");
        return cancelled(&report, format);
    }
    let folder = StateFolder::open(&config.state_folder)?;
    let ledger = Ledger::open_read_only(&folder.ledger())?;
    let asking = Request::Cancel { run: id.clone() };
    match reach(&folder, "ringway release cancel", &asking).await? {
        Reached::Answered(_) => cancelled(&follow(&ledger, &id, &SystemClock, Some(&folder)).await?, format),
        Reached::Owned(ownership) => {
            owner::drive(config, &folder, ownership, async |owner| {
                owner.stop_and_wait(&id, &Stop::Cancel).await?;
                cancelled(&reports::run(&ledger, &id, false)?, format)
            })
            .await
        }
    }
}

/// A cancel that worked is a success, whatever the verdict says about the release.
fn cancelled(report: &RunReport, format: OutputFormat) -> anyhow::Result<Outcome> {
    output::print(format, report, || text::run(report, SystemClock.now()))?;
    Ok(if report.verdict.is_some() { Outcome::Done } else { Outcome::Interrupted })
}
