//! No patch of a release begins after it was recorded that the release is to stop.

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
            // What begins in the same instant is on its way already.
            if let Some(stopped) = moment.book.stopped.get(release).filter(|stopped| **stopped < write.at) {
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
