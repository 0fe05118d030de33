//! `ringway backup`: the whole state in one file.

use crate::{
    config::Config,
    error::{Outcome, UsageError},
    ledger, output,
    state::StateFolder,
};
use std::path::Path;

pub(super) fn backup(config: &Config, file: &Path) -> anyhow::Result<Outcome> {
    let folder = StateFolder::open(&config.state_folder)?;
    if !folder.ledger().exists() {
        let message = format!("there is nothing to back up: {} has no ledger yet", folder.path().display());
        return Err(UsageError(message).into());
    }
    ledger::back_up(&folder.ledger(), &folder.journal(), file)?;
    output::print_line(&format!(
        "{} holds the state of {}; docs/backup.md says how to restore it",
        file.display(),
        folder.path().display()
    ));
    Ok(Outcome::Done)
}
