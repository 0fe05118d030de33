//! How much is known about a tenant.

use serde::{Deserialize, Serialize};

/// What has been proven about a tenant so far. Each level includes those before it; the one enum for it everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Nothing yet.
    #[default]
    None,
    /// The API server accepted our patch.
    Patched,
    /// Argo CD has compared exactly the source that carries our value.
    Observed,
    /// Argo CD has applied our workloads with our value.
    Applied,
    /// Every pod that should be new is new and ready.
    RolledOut,
    /// Every such pod runs one of the digests that the tag stood for when the release began.
    DigestVerified,
}

impl Proof {
    /// The name used in texts, on the command line and in stored data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patched => "patched",
            Self::Observed => "observed",
            Self::Applied => "applied",
            Self::RolledOut => "rolled_out",
            Self::DigestVerified => "digest_verified",
        }
    }
}

impl std::fmt::Display for Proof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}
