//! What the owner of the state folder can be asked for over its socket, by other commands on the same machine.

use crate::ledger::PullRequestOrigin;
use serde::{Deserialize, Serialize};

/// A request to the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Begin a release or go on with the same one.
    StartRelease(ReleaseRequest),
    /// Begin a cleanup or go on with the same one.
    StartCleanup(CleanupRequest),
    /// Stop a run.
    Cancel {
        /// Which one.
        run: String,
    },
    /// Let nothing new start, or let things start again.
    Freeze(FreezeRequest),
}

/// What is frozen or no longer so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeRequest {
    /// Whether it is to be frozen.
    pub on: bool,
    /// The service; `None` for everything.
    pub service: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A release as it was asked for, with cohort files already read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRequest {
    /// The ring.
    pub ring: String,
    /// The service.
    pub service: String,
    /// The images, as given: `REF` or `NAME=REF`.
    pub images: Vec<String>,
    /// The tenants.
    pub tenants: Vec<String>,
    /// The name of the cohort, if they came from a cohort file.
    pub cohort: Option<String>,
    /// At most so many tenants at once.
    pub max_parallel: Option<u16>,
    /// Whether one refused tenant refuses them all.
    pub all_or_nothing: bool,
    /// The pull request that asks for it. Never over the socket: what comes from there, a person asks for.
    #[serde(skip)]
    pub origin: Option<PullRequestOrigin>,
}

/// A cleanup as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupRequest {
    /// Which overrides.
    pub selection: Selection,
    /// At most so many tenants at once.
    pub max_parallel: Option<u16>,
    /// The pull request that asks for it. Never over the socket: what comes from there, a person asks for.
    #[serde(skip)]
    pub origin: Option<PullRequestOrigin>,
}

/// Which overrides a cleanup takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Everything of this ring.
    Ring(String),
    /// Everything that this release wrote last.
    Release(String),
    /// Everything of these tenants.
    Tenants(Vec<String>),
    /// What one ring has of one service in these tenants, and nothing of any other.
    RingTenants {
        /// The ring.
        ring: String,
        /// The service.
        service: String,
        /// The tenants.
        tenants: Vec<String>,
    },
}

impl std::fmt::Display for Selection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ring(ring) => write!(formatter, "ring {ring}"),
            Self::Release(release) => write!(formatter, "release {release}"),
            Self::Tenants(tenants) => write!(formatter, "tenants {}", tenants.join(", ")),
            Self::RingTenants { ring, service, tenants } => {
                write!(formatter, "ring {ring}, service {service}, tenants {}", tenants.join(", "))
            }
        }
    }
}

/// What the owner answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The run is under way.
    Begun {
        /// Its id.
        run: String,
        /// Whether it had begun before.
        continued: bool,
    },
    /// There is nothing to do.
    Nothing {
        /// Why.
        reason: String,
    },
    /// It was told to stop.
    Stopping,
    /// It is frozen, or no longer so, as was asked.
    FreezeSet {
        /// Whether it was otherwise before.
        changed: bool,
    },
    /// The owner is about to end and takes no more requests.
    Leaving,
    /// It cannot be done.
    Error {
        /// Whose fault it is.
        kind: ErrorKind,
        /// What and why.
        message: String,
    },
}

/// Which exit code an error leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request is wrong.
    Usage,
    /// It must not be carried out.
    Refused,
    /// It did not work.
    Failed,
}
