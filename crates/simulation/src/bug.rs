//! Planted bugs: each breaks one thing that an invariant watches, from outside, without a switch in the product.
//!
//! A bug replaces the body of a step, lets the ledger's own file forget something, or lies on the way from the API server or from GitHub.
//! `tests/it/planted.rs` says which invariant finds which.

mod github;
mod guards;
mod ledger;
mod naive;

use durable::{ActivityContext, Failure};
use durable_sqlite::Registry;
use release::step;
use ringway::{ledger::Ledger, world::World};
use std::sync::Arc;
use tempfile::TempDir;

/// A bug that is planted into a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bug {
    /// None: the product as it is.
    #[default]
    None,
    /// Argo CD's `Synced` and `Healthy` are believed although they are about the time before the patch.
    StaleGreenBelieved,
    /// A rollout counts as proven when it begins.
    RolloutBelieved,
    /// The API server shows the digest that is wanted in every pod.
    DigestsPainted,
    /// How a tenant ended is not written down.
    TenantForgotten,
    /// How a run ended is not written down.
    VerdictForgotten,
    /// What is about to be written is not written down, nor how to take it back.
    IntentForgotten,
    /// Nobody asks whether another ring holds the claim.
    ClaimIgnored,
    /// It is not written down that a release is to stop.
    StopForgotten,
    /// It is not written down that a cleanup is to stop.
    StopOfCleanupForgotten,
    /// A place is never given back.
    SlotKept,
    /// What was there before is overwritten by what is there now.
    InverseOverwritten,
    /// A cleanup gives the claim back without taking anything out.
    NothingRemoved,
    /// A cleanup does not wait for what it took out to be gone.
    CleanupNotAwaited,
    /// Everybody may do everything.
    AuthorityNotAsked,
    /// A build counts although it has not succeeded.
    BuildBelieved,
    /// What was written into a pull request before is not found there again.
    CommentForgotten,
    /// A pull request that is over is taken for an open one.
    CloseOverlooked,
    /// What the comment of a pull request says is forgotten.
    MilestoneForgotten,
    /// Since when a label is gone is not written down.
    DepartureForgotten,
    /// That something is frozen is not written down.
    FreezeForgotten,
    /// A patch is sent without what must be there for it.
    GuardsDropped,
    /// Every tenant is refused, whatever is found there.
    EverythingRefused,
    /// The API server shows no pod of a ring as ready.
    ReadinessHidden,
}

impl Bug {
    /// All that there are, by their names.
    pub const ALL: [(&'static str, Self); 23] = [
        ("stale_green_believed", Self::StaleGreenBelieved),
        ("rollout_believed", Self::RolloutBelieved),
        ("digests_painted", Self::DigestsPainted),
        ("tenant_forgotten", Self::TenantForgotten),
        ("verdict_forgotten", Self::VerdictForgotten),
        ("intent_forgotten", Self::IntentForgotten),
        ("claim_ignored", Self::ClaimIgnored),
        ("stop_forgotten", Self::StopForgotten),
        ("stop_of_cleanup_forgotten", Self::StopOfCleanupForgotten),
        ("slot_kept", Self::SlotKept),
        ("inverse_overwritten", Self::InverseOverwritten),
        ("nothing_removed", Self::NothingRemoved),
        ("cleanup_not_awaited", Self::CleanupNotAwaited),
        ("authority_not_asked", Self::AuthorityNotAsked),
        ("build_believed", Self::BuildBelieved),
        ("comment_forgotten", Self::CommentForgotten),
        ("close_overlooked", Self::CloseOverlooked),
        ("milestone_forgotten", Self::MilestoneForgotten),
        ("departure_forgotten", Self::DepartureForgotten),
        ("freeze_forgotten", Self::FreezeForgotten),
        ("guards_dropped", Self::GuardsDropped),
        ("everything_refused", Self::EverythingRefused),
        ("readiness_hidden", Self::ReadinessHidden),
    ];

    /// The bug of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, bug)| bug)
    }

    /// Replaces bodies of activities.
    pub(crate) fn alter(self, registry: &mut Registry, world: &Arc<World>) {
        macro_rules! instead {
            ($step:ident, $body:path) => {{
                let world = Arc::clone(world);
                registry.activity::<step::$step, _>(move |_: ActivityContext, input| {
                    let world = Arc::clone(&world);
                    async move { $body(&world, input).await }
                });
            }};
        }
        match self {
            Self::StaleGreenBelieved => instead!(AwaitApplied, naive::await_applied),
            Self::RolloutBelieved => instead!(AwaitRollout, naive::await_rollout),
            Self::EverythingRefused => instead!(PreflightTenant, naive::refuse),
            Self::ClaimIgnored => {
                instead!(TakeClaims, naive::take_claims);
                instead!(ApplyOverride, naive::apply_override);
            }
            Self::NothingRemoved => instead!(RemoveOverride, naive::remove_override),
            Self::CleanupNotAwaited => registry.workflow::<naive::HastyCleanup>(),
            Self::TenantForgotten => registry.activity::<step::RecordTenant, _>(forget),
            Self::VerdictForgotten => registry.activity::<step::RecordVerdict, _>(forget),
            Self::SlotKept => registry.activity::<step::ReleaseSlot, _>(forget),
            Self::None
            | Self::DigestsPainted
            | Self::ReadinessHidden
            | Self::IntentForgotten
            | Self::StopForgotten
            | Self::StopOfCleanupForgotten
            | Self::InverseOverwritten
            | Self::AuthorityNotAsked
            | Self::BuildBelieved
            | Self::CommentForgotten
            | Self::CloseOverlooked
            | Self::MilestoneForgotten
            | Self::DepartureForgotten
            | Self::FreezeForgotten
            | Self::GuardsDropped => {}
        }
    }

    /// The ledger that this bug is planted in, and the folder that it lies in.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn ledger(self) -> anyhow::Result<(Ledger, Option<TempDir>)> {
        let trigger = match self {
            Self::IntentForgotten => ledger::INTENT_FORGOTTEN,
            Self::StopForgotten => ledger::STOP_FORGOTTEN,
            Self::StopOfCleanupForgotten => ledger::STOP_OF_CLEANUP_FORGOTTEN,
            Self::InverseOverwritten => ledger::INVERSE_OVERWRITTEN,
            Self::MilestoneForgotten => ledger::MILESTONE_FORGOTTEN,
            Self::DepartureForgotten => ledger::DEPARTURE_FORGOTTEN,
            Self::FreezeForgotten => ledger::FREEZE_FORGOTTEN,
            _ => return Ok((Ledger::in_memory("simulation")?, None)),
        };
        ledger::with_trigger(trigger).map(|(ledger, folder)| (ledger, Some(folder)))
    }
}

/// Does nothing and says that it is done.
async fn forget<Input>(_: ActivityContext, _: Input) -> Result<(), Failure> {
    Ok(())
}
