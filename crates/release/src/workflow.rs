//! A release from top to bottom, and the way back.
//!
//! [`release`] looks at the whole cohort and then runs one [`tenant_release`] per tenant; [`cleanup`] runs one
//! [`tenant_cleanup`] per tenant that has something of ours. Each tenant ends with a verdict that is recorded, whatever
//! happens to the others.
//!
//! REPLAYED: what stands in this folder runs again from the journal after a restart. The order in which it calls the
//! steps of [`crate::step`] is a promise to journals that are open; it may not look at anything but its input and
//! their answers.

pub mod cleanup;
pub mod release;
pub mod tenant_cleanup;
pub mod tenant_release;

mod options;
mod prove;
mod stop;
mod tenants;

pub use stop::STOP_MAILBOX;
pub use tenants::USUALLY_PARALLEL;

use crate::step::{Problem, TenantResult};
use crate::verdict::ReleaseVerdict;
use serde::{Deserialize, Serialize};

/// How a release or a cleanup ended, tenant by tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResult {
    /// How it ended as a whole.
    pub verdict: ReleaseVerdict,
    /// How each tenant ended, in the order they were asked for.
    pub tenants: Vec<TenantResult>,
}

impl From<durable::Failure> for Problem {
    /// A step that could not be done after all its attempts.
    fn from(failure: durable::Failure) -> Self {
        Self { code: failure.code, message: failure.message, advice: None, evidence: Vec::new() }
    }
}
