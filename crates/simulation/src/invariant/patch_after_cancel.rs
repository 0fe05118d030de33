//! No patch of a release begins after it was recorded that the release is to stop, whoever stops it.

use super::{Invariant, claims_once::written_owner};
use crate::audience::Moment;

#[derive(Default)]
pub(super) struct PatchAfterCancel;

impl Invariant for PatchAfterCancel {
    fn name(&self) -> &'static str {
        "patch_after_cancel"
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for write in moment.writes {
            let Some((_, owner)) = written_owner(&write.patch) else { continue };
            let release = owner["release"].as_str().unwrap_or_default();
            // What the ledger says, and that a person was told so: a ledger may have forgotten it.
            let stopped = [moment.ledger.stopped.get(release), moment.book.stopped.get(release)];
            // What begins in the same instant is on its way already.
            if let Some(stopped) = stopped.into_iter().flatten().find(|stopped| **stopped < write.at) {
                return Err(format!(
                    "request #{} begins to write to {} for release {release}, which was told to stop at {}",
                    write.number,
                    write.application,
                    stopped.strftime("%H:%M:%S%.3f")
                ));
            }
        }
        Ok(())
    }
}
