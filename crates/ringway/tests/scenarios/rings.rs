//! Pull requests drive releases: the server with GitHub and a fleet around it.

mod story;

use crate::harness::{Github, Ringway, Running};

/// The server as it is started for pull requests.
pub(crate) const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];

/// The label of a cohort file.
pub(crate) fn label(cohort: &str) -> String {
    format!("cohort:github:path:{cohort}")
}

/// A server that looks after the pull requests of a GitHub, which tells it what happens.
pub(crate) fn serving(github: &Github, more: &str) -> (Ringway, Running) {
    let ringway = Ringway::with(&github.configuration(more));
    let server = ringway.starting(&SERVE);
    github.tells(&server);
    (ringway, server)
}
