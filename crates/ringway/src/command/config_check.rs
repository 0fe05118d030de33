//! `ringway config check`: what the configuration means. What is wrong with it was said when it was read.

use super::OutputFormat;
use crate::{config::Config, error::Outcome, output};
use serde::Serialize;
use std::path::Path;

/// What scripts want to know: which file was read, and the names that it gives.
#[derive(Serialize)]
struct Checked<'a> {
    file: &'a Path,
    instances: Vec<&'a str>,
    services: Vec<&'a str>,
    state_folder: &'a Path,
}

pub(super) fn check(config: &Config, format: OutputFormat) -> anyhow::Result<Outcome> {
    let checked = Checked {
        file: &config.file,
        instances: config.argocd.iter().map(|instance| instance.name.as_str()).collect(),
        services: config.services.keys().map(String::as_str).collect(),
        state_folder: &config.state_folder,
    };
    output::print(format, &checked, || config.report())?;
    Ok(Outcome::Done)
}
