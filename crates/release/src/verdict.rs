//! How a tenant and a release end. Replayed by workflows: what is decided here is a promise to stored journals.

use serde::{Deserialize, Serialize};

/// The code of the problem of a tenant whose release ended because a cleanup takes back what it wrote. What that cleanup
/// was not about is still to be released.
pub const STOPPED_BY_CLEANUP: &str = "stopped_by_cleanup";

/// The code of the problem of a tenant whose release was written down and, because of a crash, never started. It is still
/// to be released.
pub const NEVER_STARTED: &str = "never_started";

/// How one tenant of a release or of a cleanup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantVerdict {
    /// Proven as far as it can be proven for this tenant.
    Success,
    /// Something was tried and did not work, or could not be reached or proven.
    Failed,
    /// Nothing was written, because it would have been wrong to.
    Refused,
    /// Nothing was written, because automated sync is off. The only reason there is.
    Skipped,
    /// Somebody cancelled it.
    Cancelled,
}

/// How a whole release or cleanup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseVerdict {
    /// Every tenant succeeded or was skipped.
    Success,
    /// None succeeded and some failed.
    Failed,
    /// Some succeeded, others failed or were refused.
    PartialSuccess,
    /// All were refused.
    Refused,
    /// Somebody cancelled it before it was done.
    Cancelled,
    /// A newer release of the same ring took its place before it was done.
    Superseded,
}

/// Why a release is told to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stop {
    /// A person asked for it. What was done stays; taking it back is a cleanup.
    Cancel,
    /// A cleanup takes back what it writes, for some of its tenants or for all.
    Cleanup,
    /// A newer release of the same ring and service begins.
    Supersede {
        /// The newer release.
        by: String,
    },
}

impl TenantVerdict {
    /// The name used in texts, on the command line and in stored data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

impl ReleaseVerdict {
    /// The name used in texts, on the command line and in stored data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::PartialSuccess => "partial_success",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }

    /// Folds the verdicts of all tenants into one. `stop` is set if the release was told to stop before it was done.
    ///
    /// A stop counts only if it changed something: when every tenant had ended by itself, their verdicts stand.
    pub fn fold(tenants: &[TenantVerdict], stop: Option<&Stop>) -> Self {
        let count = |wanted| tenants.iter().filter(|verdict| **verdict == wanted).count();
        if let Some(stop) = stop
            && count(TenantVerdict::Cancelled) > 0
        {
            return match stop {
                Stop::Cancel | Stop::Cleanup => Self::Cancelled,
                Stop::Supersede { .. } => Self::Superseded,
            };
        }
        let (succeeded, failed) = (count(TenantVerdict::Success), count(TenantVerdict::Failed));
        let (refused, skipped) = (count(TenantVerdict::Refused), count(TenantVerdict::Skipped));
        match (succeeded > 0, failed > 0, refused > 0, skipped > 0) {
            (_, false, false, _) => Self::Success,
            (true, _, _, _) => Self::PartialSuccess,
            (false, true, _, _) => Self::Failed,
            // Refused and skipped, nothing done: not a success, since a person expected those tenants to change.
            (false, false, true, _) => Self::Refused,
        }
    }

    /// The exit code of a command that waited for this verdict.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed | Self::Cancelled | Self::Superseded => 1,
            Self::PartialSuccess => 3,
            Self::Refused => 4,
        }
    }
}

impl std::fmt::Display for TenantVerdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl std::fmt::Display for ReleaseVerdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{ReleaseVerdict as Release, Stop, TenantVerdict as Tenant};
    use proptest::prelude::*;

    const ALL: [Tenant; 5] =
        [Tenant::Success, Tenant::Failed, Tenant::Refused, Tenant::Skipped, Tenant::Cancelled];

    #[test]
    fn the_table_of_verdicts_holds() {
        use Tenant::{Failed, Refused, Skipped, Success};
        for (tenants, expected, code) in [
            (vec![Success, Success], Release::Success, 0),
            (vec![Success, Skipped], Release::Success, 0),
            (vec![Skipped, Skipped], Release::Success, 0),
            (vec![], Release::Success, 0),
            (vec![Failed, Failed], Release::Failed, 1),
            (vec![Failed, Refused], Release::Failed, 1),
            (vec![Failed, Skipped], Release::Failed, 1),
            (vec![Success, Failed], Release::PartialSuccess, 3),
            (vec![Success, Refused, Skipped], Release::PartialSuccess, 3),
            (vec![Refused, Refused], Release::Refused, 4),
            (vec![Refused, Skipped], Release::Refused, 4),
        ] {
            let verdict = Release::fold(&tenants, None);
            assert_eq!((verdict, verdict.exit_code()), (expected, code), "{tenants:?}");
        }
    }

    #[test]
    fn a_stop_that_came_too_late_changes_nothing() {
        let stop = Stop::Cancel;
        assert_eq!(Release::fold(&[Tenant::Success], Some(&stop)), Release::Success);
        assert_eq!(Release::fold(&[Tenant::Success, Tenant::Cancelled], Some(&stop)), Release::Cancelled);
        let newer = Stop::Supersede { by: "r2".into() };
        assert_eq!(Release::fold(&[Tenant::Cancelled], Some(&newer)), Release::Superseded);
    }

    proptest! {
        #[test]
        fn success_is_never_claimed_with_a_failed_or_refused_tenant(
            tenants in proptest::collection::vec(proptest::sample::select(&ALL[..]), 0..12)
        ) {
            let bad = tenants.iter().any(|verdict| matches!(verdict, Tenant::Failed | Tenant::Refused));
            prop_assert_eq!(Release::fold(&tenants, None) == Release::Success, !bad);
        }

        #[test]
        fn the_order_of_tenants_does_not_matter(
            mut tenants in proptest::collection::vec(proptest::sample::select(&ALL[..]), 0..12)
        ) {
            let verdict = Release::fold(&tenants, None);
            tenants.reverse();
            prop_assert_eq!(Release::fold(&tenants, None), verdict);
        }
    }
}
