//! Where one tenant of a label that counts stands, and whether a release of it is due.

use super::{
    LATER,
    facts::{OtherRing, PastCleanup, PastRelease, TenantHistory},
    later,
};
use crate::{
    refusal::CLAIMED_FOR_ANOTHER_SERVICE,
    verdict::{NEVER_STARTED, STOPPED_BY_CLEANUP, TenantVerdict},
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What is asked for a tenant.
pub(super) struct Asked<'a> {
    /// The label that it counts for.
    pub(super) label: &'a str,
    /// When that was last set.
    pub(super) set_at: Option<Timestamp>,
    /// The head commit.
    pub(super) commit: &'a str,
    /// Labels that are there, and of which it is not known yet what they mean.
    pub(super) unknown: &'a BTreeSet<&'a str>,
    /// When it was observed.
    pub(super) now: Timestamp,
}

/// Where a tenant stands with the head commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is to be released.
    Due,
    /// A release of the head commit goes on.
    UnderWay,
    /// It is being taken back; it is released again afterwards.
    InCleanup,
    /// Another ring has it, or had it a moment ago; when to look again.
    Claimed(Timestamp),
    /// A person took it back after the release of the head commit.
    TakenBack,
    /// A release of the head commit has ended.
    Ended,
}

/// Where a tenant stands.
pub(super) fn progress(asked: &Asked<'_>, history: &TenantHistory) -> Progress {
    if history.cleaned.as_ref().is_some_and(|cleaned| cleaned.unfinished) {
        return Progress::InCleanup;
    }
    let Some(past) = &history.released else { return Progress::Due };
    // An older release that goes on is superseded: the patch under way ends, then comes the new image.
    if past.commit.as_deref() != Some(asked.commit) {
        return Progress::Due;
    }
    if past.unfinished {
        return Progress::UnderWay;
    }
    if let Some(cleaned) = cleaned_since(past, history.cleaned.as_ref()) {
        return match asked_for_after(asked, cleaned) {
            true => unless_held(asked, history.held_by.as_ref()),
            // What could not be taken back is still there.
            false if history.held => Progress::Ended,
            false => Progress::TakenBack,
        };
    }
    if moved(asked, past) || tried_again(asked, past) {
        return unless_held(asked, history.held_by.as_ref());
    }
    match past.problem.as_deref() {
        // It ended before the tenant had it, and nobody asked for that.
        Some(STOPPED_BY_CLEANUP | NEVER_STARTED) => unless_held(asked, history.held_by.as_ref()),
        // Something else had the tenant that our ledger knows.
        Some("claimed" | CLAIMED_FOR_ANOTHER_SERVICE) => freed(asked, past, history.held_by.as_ref()),
        _ => Progress::Ended,
    }
}

fn cleaned_since<'a>(past: &PastRelease, cleaned: Option<&'a PastCleanup>) -> Option<&'a PastCleanup> {
    cleaned.filter(|cleaned| cleaned.place > past.place)
}

/// What a pull request gave back is wanted again because the label is there again. What a person took back stays clean
/// until the label is set again: else nobody could take a tenant out of a ring by hand.
fn asked_for_after(asked: &Asked<'_>, cleaned: &PastCleanup) -> bool {
    !cleaned.by_hand || asked.set_at.is_some_and(|set_at| set_at > cleaned.began_at)
}

/// It was released for another label: once more, so that the ledger knows whose it is. Not while it may turn out that the
/// other label has it still, or every hiccup of GitHub would make a release.
fn moved(asked: &Asked<'_>, past: &PastRelease) -> bool {
    past.label.as_deref().is_none_or(|label| label != asked.label && !asked.unknown.contains(label))
}

/// It did not go well, and somebody set the label again to try it once more.
fn tried_again(asked: &Asked<'_>, past: &PastRelease) -> bool {
    let went_well = matches!(past.verdict, Some(TenantVerdict::Success | TenantVerdict::Skipped));
    !went_well && asked.set_at.is_some_and(|set_at| set_at > past.began_at)
}

/// What another ring has is refused once for each commit, not again and again.
fn unless_held(asked: &Asked<'_>, held_by: Option<&OtherRing>) -> Progress {
    if held_by.is_some() { Progress::Claimed(later(asked.now, LATER)) } else { Progress::Due }
}

/// It was refused because another ring had it. If nobody seems to have it now, it is tried again, but not at once: the
/// claim may be one that our ledger does not know.
fn freed(asked: &Asked<'_>, past: &PastRelease, held_by: Option<&OtherRing>) -> Progress {
    let again = later(past.began_at, LATER);
    let clock_was_set_back = past.began_at > asked.now;
    if held_by.is_none() && asked.now < again && !clock_was_set_back {
        return Progress::Claimed(again);
    }
    unless_held(asked, held_by)
}
