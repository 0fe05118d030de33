//! Freezing: nothing new starts. What runs goes on, and taking things back is always allowed.

use crate::{
    error::RefusedError,
    ledger::{Asked, Ledger},
    request::{Answer, FreezeRequest},
};

/// Sets or ends a freeze. The caller is the owner of the state folder.
///
/// # Errors
/// If the ledger cannot be written.
pub fn set(ledger: &Ledger, request: &FreezeRequest, asked: &Asked) -> anyhow::Result<Answer> {
    let (service, reason) = (request.service.as_deref(), request.reason.as_deref());
    let changed = if request.on {
        ledger.freeze(service, reason, asked)?
    } else {
        ledger.unfreeze(service, reason, asked)?
    };
    tracing::info!(on = request.on, service, reason, changed, by = %asked.by, "freeze");
    Ok(Answer::FreezeSet { changed })
}

/// Refuses to begin a release of a service that is frozen.
///
/// # Errors
/// [`RefusedError`] with since when, by whom, why, and how to end it.
pub fn refuse_if_frozen(ledger: &Ledger, service: &str) -> anyhow::Result<()> {
    let Some(freeze) = ledger.frozen(service)? else { return Ok(()) };
    let message = format!(
        "{freeze}. Nothing new starts; what runs goes on, and cleanups are allowed. Whoever may end it uses: {}",
        freeze.end()
    );
    Err(RefusedError(message).into())
}
