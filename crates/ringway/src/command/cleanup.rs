//! `ringway cleanup`: take overrides back and prove it.

mod chosen;

use super::{
    CleanupArguments, OutputFormat, overrides,
    release::{follow_answer, follow_own, nothing},
};
use crate::{
    config::Config,
    error::Outcome,
    output,
    owner::{self, Reached, reach},
    request::{CleanupRequest, Request, Selection},
    start_cleanup,
    state::StateFolder,
};
use chosen::Chosen;

pub(super) async fn cleanup(
    config: Config,
    arguments: CleanupArguments,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let ledger = || super::ledger(&config);
    let selection = match chosen::choose(
        &arguments.selection,
        arguments.allow_open,
        config.limits.cohort_size,
        ledger,
    )? {
        Chosen::These(selection) => selection,
        Chosen::Nothing(reason) => return nothing(&reason, format),
    };
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
