//! `ringway backup`: the whole state in one file.

use super::OutputFormat;
use crate::{
    config::Config,
    error::{Outcome, UsageError},
    ledger, output,
    state::StateFolder,
};
use serde::Serialize;
use std::path::Path;

/// What was written, and of which state.
#[derive(Serialize)]
struct Backup<'a> {
    file: &'a Path,
    state_folder: &'a Path,
}

pub(super) fn backup(config: &Config, file: &Path, format: OutputFormat) -> anyhow::Result<Outcome> {
    let folder = StateFolder::open(&config.state_folder)?;
    if !folder.ledger().exists() {
        let message = format!("there is nothing to back up: {} has no ledger yet", folder.path().display());
        return Err(UsageError(message).into());
    }
    ledger::back_up(&folder.ledger(), &folder.journal(), file)?;
    output::print(format, &Backup { file, state_folder: folder.path() }, || {
        format!(
            "{} holds the state of {}; docs/backup.md says how to restore it",
            file.display(),
            folder.path().display()
        )
    })?;
    Ok(Outcome::Done)
}
