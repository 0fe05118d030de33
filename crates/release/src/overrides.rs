//! What is written into an Application, and how it is taken back.
//!
//! Everything here is a function from one snapshot of an Application to a JSON patch guarded by `test` operations, so
//! that the API server refuses it if the object is no longer what we looked at. Nothing is planned without its inverse.

mod draft;
mod leaf;
pub mod owner;
mod patch;
pub mod plan;
pub mod preflight;
mod refresh;
mod source;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod undo;
pub mod writer;

pub use refresh::refresh;

use crate::service::{ExistingValue, SourceSelector, Strategy, ValuePath};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What should stand in an Application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The service it is for; with the Application it identifies the claim.
    pub service: String,
    /// Which source is meant.
    pub source: SourceSelector,
    /// The values.
    pub leaves: Vec<WantedLeaf>,
}

/// One value that should stand in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedLeaf {
    /// How it is written.
    pub strategy: Strategy,
    /// Where it stands.
    pub path: ValuePath,
    /// What should stand there. Always text: a tag such as `0123456` must not become a number.
    pub value: String,
    /// What happens to a value that stands there and is not ours.
    pub existing: ExistingValue,
}

/// Everything needed to take an override back. Recorded once per claim, before the first patch; a later release of the
/// same ring adds leaves but never changes what was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inverse {
    /// The Application that was written to. One of the same name with another uid is not it.
    pub uid: String,
    /// The source that was written to.
    pub source: SourceIdentity,
    /// What was written and what was there before, leaf by leaf.
    pub leaves: Vec<LeafInverse>,
    /// JSON pointers, below the source, of the parents that we created, outermost first; they go away when they are empty.
    pub created_parents: Vec<String>,
}

/// What identifies a source within its Application, so that an index that shifted is noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceIdentity {
    /// The position in `spec.sources`; `None` for `spec.source`.
    pub index: Option<usize>,
    /// `repoURL`.
    pub repository_url: Option<String>,
    /// `chart`.
    pub chart: Option<String>,
    /// `path`.
    pub path: Option<String>,
    /// `ref`.
    pub reference: Option<String>,
}

/// What was written at one leaf and what was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafInverse {
    /// How it was written.
    pub strategy: Strategy,
    /// Where.
    pub path: ValuePath,
    /// What was there before: the value (`valuesObject`) or the whole parameter entry (`parameters`). `None`: nothing.
    pub before: Option<Value>,
    /// What we wrote last; the leaf is ours as long as it still says so.
    pub written: String,
    /// What we wrote before that and might still stand there, because a patch is recorded before it is sent: it is ours
    /// as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
}

/// A planned write.
#[derive(Debug, Clone, PartialEq)]
pub struct OverridePlan {
    /// The guarded JSON patch (RFC 6902); empty if everything already is as wanted.
    pub patch: Vec<Value>,
    /// What takes it back, to be recorded before the patch is sent.
    pub inverse: Inverse,
    /// What changes, for people.
    pub changes: Vec<LeafChange>,
    /// Values of the tenant that no longer have an effect while the override is there.
    pub shadowed: Vec<Shadowed>,
}

/// One leaf that changes, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafChange {
    /// How it is written.
    pub strategy: Strategy,
    /// Where.
    pub path: ValuePath,
    /// What stands there now in the same place. `None`: nothing.
    pub before: Option<String>,
    /// What will stand there.
    pub after: String,
}

/// A value of the tenant that has no effect while an override is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadowed {
    /// Where it stands: `valuesObject` or `values`.
    pub place: String,
    /// Its path.
    pub path: ValuePath,
    /// The value, as text.
    pub value: String,
}

/// Who last wrote a field, from the object's managed fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// The name that the writer gave itself, such as `argocd-server` or `kubectl-patch`.
    pub manager: String,
    /// When it last wrote. The API server keeps one time per writer, not per field.
    pub at: Option<Timestamp>,
}
