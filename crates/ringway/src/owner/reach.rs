//! Asking the owner of the state folder, or becoming it.

use crate::{
    clock::{Clock, SystemClock},
    error::{RefusedError, UsageError},
    request::{Answer, ErrorKind, Request},
    state::{Ownership, StateError, StateFolder, socket},
};
use std::{io, time::Duration};

/// Who does what was asked for.
pub enum Reached {
    /// Another process, and this is its answer.
    Answered(Answer),
    /// Nobody yet: it is for us to do.
    Owned(Ownership),
}

/// Asks the owner of the state folder, or becomes it if there is none. An owner that is just starting does not listen
/// yet, and one that is ending still holds the folder: both are over soon.
///
/// # Errors
/// If the owner answers with an error or not at all, or if the folder cannot be used.
pub async fn reach(folder: &StateFolder, command: &str, request: &Request) -> anyhow::Result<Reached> {
    const ATTEMPTS: u32 = 200;
    const PAUSE: Duration = Duration::from_millis(50);
    for _ in 0..ATTEMPTS {
        if let Some(answer) = ask(folder, request).await? {
            return Ok(Reached::Answered(answer));
        }
        match folder.own(command, SystemClock.now()) {
            Ok(ownership) => return Ok(Reached::Owned(ownership)),
            Err(StateError::OwnedBy { .. }) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Reached::Owned(folder.own(command, SystemClock.now())?))
}

/// Asks the owner. `None` if there is none, or one that goes away: every request can be made again.
async fn ask(folder: &StateFolder, request: &Request) -> anyhow::Result<Option<Answer>> {
    /// Resolving images and waiting for a superseded release can take this long.
    const PATIENCE: Duration = Duration::from_secs(120);
    match socket::ask::<_, Answer>(&folder.socket(), request, PATIENCE).await {
        Ok(Answer::Leaving) | Err(socket::SocketError::NobodyListens { .. }) => Ok(None),
        Err(socket::SocketError::Broken { source, .. }) if is_hung_up(&source) => Ok(None),
        Ok(Answer::Error { kind: ErrorKind::Usage, message }) => Err(UsageError(message).into()),
        Ok(Answer::Error { kind: ErrorKind::Refused, message }) => Err(RefusedError(message).into()),
        Ok(Answer::Error { kind: ErrorKind::Failed, message }) => anyhow::bail!(message),
        Ok(answer) => Ok(Some(answer)),
        Err(error) => Err(error.into()),
    }
}

/// Whether the owner ended before it answered.
fn is_hung_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}
