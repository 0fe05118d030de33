//! No patch begins after it was recorded that the release or the cleanup which it is of is to stop, whoever stops it.

use super::Invariant;
use crate::{
    audience::Moment,
    book::{Deed, Write},
};
use jiff::Timestamp;

#[derive(Default)]
pub(super) struct PatchAfterCancel;

impl Invariant for PatchAfterCancel {
    fn name(&self) -> &'static str {
        "patch_after_cancel"
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for write in moment.writes {
            let (run, stopped) = match &write.deed {
                Deed::Override { owner, .. } => {
                    let release = owner["release"].as_str().unwrap_or_default();
                    (release, stopped_before(moment, release, write))
                }
                Deed::Removal { service } => removal(moment, write, service.as_deref()),
                Deed::Nothing => continue,
            };
            if let Some(stopped) = stopped {
                return Err(format!(
                    "request #{} begins to write to {} for {run}, which was told to stop at {}",
                    write.number,
                    write.application,
                    stopped.strftime("%H:%M:%S%.3f")
                ));
            }
        }
        Ok(())
    }
}

/// When a run was told to stop, if that was before the write began.
fn stopped_before(moment: &Moment<'_>, run: &str, write: &Write) -> Option<Timestamp> {
    // What the ledger says, and that a person was told so: a ledger may have forgotten it.
    let stopped = [moment.ledger.stopped.get(run), moment.book.stopped.get(run)];
    // What begins in the same instant is on its way already.
    stopped.into_iter().flatten().find(|stopped| **stopped < write.at).copied()
}

/// A patch that takes something out does not say for whom: one of the cleanups that are about it may still go on.
fn removal<'a>(moment: &Moment<'a>, write: &Write, service: Option<&str>) -> (&'a str, Option<Timestamp>) {
    let mut last = ("", None);
    for run in moment.ledger.cleanups_of(&write.application.name, service) {
        last = (&run.id, stopped_before(moment, &run.id, write));
        if last.1.is_none() {
            return last;
        }
    }
    last
}
