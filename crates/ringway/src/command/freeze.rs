//! `ringway freeze`: let nothing new start, or let things start again.

use super::OutputFormat;
use crate::{
    asker::Asker,
    clock::{Clock, SystemClock},
    config::Config,
    error::{Outcome, UsageError},
    freeze,
    ledger::{Asked, Freeze, Ledger},
    output,
    owner::{Reached, reach},
    request::{Answer, FreezeRequest, Request},
    start,
    state::StateFolder,
};
use clap::{Args, Subcommand};
use serde::Serialize;

/// What can be frozen.
#[derive(Debug, Subcommand)]
pub enum FreezeCommand {
    /// Let no release begin. What runs goes on, and cleanups are allowed.
    On(FreezeArguments),
    /// Let releases begin again.
    Off(FreezeArguments),
}

/// What is frozen or no longer so.
#[derive(Debug, Args)]
pub struct FreezeArguments {
    /// Only this service.
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Why; shown to whoever is refused, and in the audit.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// A reason is shown in one line.
const LONGEST_REASON: usize = 300;

/// What changed, and what is frozen now.
#[derive(Serialize)]
struct Frozen {
    changed: bool,
    frozen: Vec<Freeze>,
}

pub(super) async fn freeze(
    config: &Config,
    command: FreezeCommand,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let (on, FreezeArguments { service, reason }) = match command {
        FreezeCommand::On(arguments) => (true, arguments),
        FreezeCommand::Off(arguments) => (false, arguments),
    };
    // A service that the configuration no longer has can still be unfrozen.
    if let (true, Some(service)) = (on, &service) {
        start::service(config, service)?;
    }
    if let Some(reason) = &reason {
        check(reason)?;
    }
    let folder = StateFolder::open(&config.state_folder)?;
    let request = FreezeRequest { on, service, reason };
    let asking = Request::Freeze(request.clone());
    let answer = match reach(&folder, "ringway freeze", &asking).await? {
        Reached::Answered(answer) => answer,
        Reached::Owned(_ownership) => {
            // Nobody drives anything: the ledger alone is enough.
            let asked = Asked { by: Asker::process(), at: SystemClock.now() };
            freeze::set(&Ledger::open(&folder.ledger())?, &request, &asked)?
        }
    };
    let Answer::FreezeSet { changed } = answer else {
        anyhow::bail!("the owner of the state folder gave an answer to another request: {answer:?}");
    };
    let frozen = Ledger::open_read_only(&folder.ledger())?.freezes()?;
    let text = text(&request, changed, &frozen);
    output::print(format, &Frozen { changed, frozen }, || text)?;
    Ok(Outcome::Done)
}

fn check(reason: &str) -> anyhow::Result<()> {
    if reason.trim().is_empty()
        || reason.chars().count() > LONGEST_REASON
        || reason.contains(char::is_control)
    {
        let message =
            format!("--reason: found {reason:?}; allowed: one line of 1 to {LONGEST_REASON} characters");
        return Err(UsageError(message).into());
    }
    Ok(())
}

fn text(request: &FreezeRequest, changed: bool, frozen: &[Freeze]) -> String {
    let subject =
        request.service.as_ref().map_or("everything".to_owned(), |service| format!("service {service}"));
    let mut lines = match (request.on, changed) {
        (true, true) => {
            vec!["no release begins any more; what runs goes on, and cleanups are allowed".to_owned()]
        }
        (true, false) => vec!["it was frozen before; nothing changed".to_owned()],
        (false, true) => vec![format!("{subject} is no longer frozen")],
        (false, false) => vec![format!("{subject} was not frozen")],
    };
    lines.extend(frozen.iter().map(|freeze| format!("{freeze}; end it with: {}", freeze.end())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        assert!(check("incident 7: the metastore ✗").is_ok());
        for bad in ["", "  ", "two\nlines", "\u{1b}[31m", &"x".repeat(301)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
