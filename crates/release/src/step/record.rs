//! How tenants and runs end, in the ledger.

use super::Problem;
use crate::{
    proof::Proof,
    verdict::{ReleaseVerdict, TenantVerdict},
};
use durable::Activity;
use serde::{Deserialize, Serialize};

/// Records how a tenant ended.
pub struct RecordTenant;

/// How a tenant ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantResult {
    /// The tenant.
    pub tenant: String,
    /// How it ended.
    pub verdict: TenantVerdict,
    /// How far it is proven.
    pub proof: Proof,
    /// What a person should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it failed, was refused, skipped or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What [`RecordTenant`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordTenantInput {
    /// The release or cleanup.
    pub run: String,
    /// How the tenant ended.
    pub result: TenantResult,
}

impl Activity for RecordTenant {
    const NAME: &'static str = "record_tenant";
    type Input = RecordTenantInput;
    type Output = ();
}

/// Records how a release or a cleanup ended.
pub struct RecordVerdict;

/// What [`RecordVerdict`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordVerdictInput {
    /// The release or cleanup.
    pub run: String,
    /// How it ended.
    pub verdict: ReleaseVerdict,
}

impl Activity for RecordVerdict {
    const NAME: &'static str = "record_verdict";
    type Input = RecordVerdictInput;
    type Output = ();
}
