//! `ringway config check`: what the configuration means. What is wrong with it was said when it was read.

use crate::{config::Config, error::Outcome, output};

pub(super) fn check(config: &Config) -> Outcome {
    output::print_line(config.report().trim_end());
    Outcome::Done
}
