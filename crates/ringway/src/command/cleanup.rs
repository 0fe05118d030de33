//! `ringway cleanup`: take overrides back and prove it.

use super::{
    CleanupArguments, CleanupSelection, OutputFormat, overrides,
    release::{follow_answer, follow_own, nothing},
};
use crate::{
    config::{Config, cohort},
    error::{Outcome, UsageError},
    output,
    owner::{self, Reached, reach},
    request::{CleanupRequest, Request, Selection},
    start_cleanup,
    state::StateFolder,
};

pub(super) async fn cleanup(
    config: Config,
    arguments: CleanupArguments,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let selection = selection(&config, arguments.selection)?;
    if arguments.dry_run {
        return dry_run(&config, &selection, format);
    }
    let folder = StateFolder::open(&config.state_folder)?;
    if !folder.ledger().exists() {
        return nothing(
            &format!("nothing of {selection} is written anywhere: nothing was ever begun"),
            format,
        );
    }
    let request = CleanupRequest { selection, max_parallel: arguments.max_parallel, origin: None };
    let asking = Request::StartCleanup(request);
    match reach(&folder, "ringway cleanup", &asking).await? {
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

fn selection(config: &Config, selection: CleanupSelection) -> anyhow::Result<Selection> {
    match selection {
        CleanupSelection { ring: Some(ring), .. } => Ok(Selection::Ring(ring)),
        CleanupSelection { release: Some(release), .. } => Ok(Selection::Release(release)),
        CleanupSelection { tenants: Some(list), .. } => {
            let cohort = cohort::parse_tenants(&list, config.limits.cohort_size);
            let cohort = cohort.map_err(|error| UsageError(format!("{:#}", anyhow::Error::from(error))))?;
            Ok(Selection::Tenants(cohort.tenants))
        }
        _ => Err(UsageError("say what to take back: --ring, --release or --tenants".to_owned()).into()),
    }
}

/// Says what the ledger would have taken back.
fn dry_run(config: &Config, selection: &Selection, format: OutputFormat) -> anyhow::Result<Outcome> {
    let claims = match super::ledger(config)? {
        Some(ledger) => start_cleanup::select(&ledger, selection)?,
        None => Vec::new(),
    };
    let rows = overrides::rows(&claims);
    output::print(format, &rows, || {
        if rows.is_empty() {
            return format!("nothing of {selection} is written anywhere");
        }
        format!("would be taken back:\n{}", overrides::table(&rows))
    })?;
    Ok(Outcome::Done)
}
