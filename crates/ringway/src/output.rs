//! Printing results: one document on standard output, in the form that was asked for.

use crate::command::OutputFormat;
use serde::Serialize;

/// Prints `value` as JSON or YAML, or `text` for people.
///
/// # Errors
/// If the value cannot be encoded.
pub fn print<T: Serialize>(
    format: OutputFormat,
    value: &T,
    text: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    match format {
        OutputFormat::Text => print_line(text().trim_end()),
        OutputFormat::Json => print_line(&serde_json::to_string_pretty(value)?),
        OutputFormat::Yaml => print_line(serde_saphyr::to_string(value)?.trim_end()),
    }
    Ok(())
}

/// Prints one line (or a block). A reader that went away, such as `head`, is no error.
fn print_line(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        // Nobody reads any more; what the command does goes on.
        tracing::debug!("standard output is closed");
    }
}
