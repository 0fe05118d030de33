//! What must hold at every moment, whatever happens. One file each; [`crate::bug`] has a planted bug for each.

mod authorised;
mod can_be_released;
mod claims_once;
mod content_budget;
pub(crate) mod desired_state;
mod named_verdict;
mod owned_overrides;
mod patch_after_cancel;
mod proven_verdict;
mod restored;
pub(crate) mod said;

pub(crate) use can_be_released::{Case, judge};
pub(crate) use content_budget::excess;
pub(crate) use restored::compare;

use crate::audience::Moment;

/// Ends and time limits are watched by the plan itself, under this name.
pub(crate) const EVERYTHING_ENDS: &str = "everything_ends";
/// What the specs are compared with is known at the end only, so the plan asks for it.
pub(crate) const RESTORED: &str = restored::NAME;

/// What has to become of a release is known in the calm only, so the plan asks for it.
pub(crate) const CAN_BE_RELEASED: &str = can_be_released::NAME;

/// What pull requests ask for has to be so in the calm only, so the plan asks for these too.
pub(crate) const DESIRED_STATE: &str = desired_state::NAME;
pub(crate) const SAID: &str = said::NAME;
pub(crate) const CONTENT_BUDGET: &str = content_budget::NAME;

/// Something that must hold at every moment.
pub(crate) trait Invariant: Send {
    /// Its name, which is the name of its file.
    fn name(&self) -> &'static str;

    /// Looks at a moment at which something has changed.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String>;
}

/// All of them.
pub(crate) fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        // What is wrong in the fleet comes before what is wrongly said of it.
        Box::new(owned_overrides::OwnedOverrides),
        Box::new(proven_verdict::ProvenVerdict),
        Box::new(named_verdict::NamedVerdict),
        Box::new(claims_once::ClaimsOnce),
        Box::<patch_after_cancel::PatchAfterCancel>::default(),
        Box::<restored::GivenBack>::default(),
        Box::<authorised::Authorised>::default(),
    ]
}
