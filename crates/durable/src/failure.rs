//! The one failure type that crosses the border between workflows, activities and engines.
//!
//! It is data: it is stored in journals and sent to other processes, so it carries no source error and no backtrace.

use serde::{Deserialize, Serialize};

/// Why an activity or a child workflow did not give a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Who may try again, and whether it helps.
    pub kind: FailureKind,
    /// A stable name in `snake_case` that code can branch on, such as `patch_conflict`.
    pub code: String,
    /// One sentence for people: what we were doing, to what, and why it failed.
    pub message: String,
    /// Evidence that code or people may want to see, small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
}

/// How a failure came about, which decides whether the engine tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The activity failed and may succeed when it is tried again.
    Retryable,
    /// The activity failed, and trying again would not help.
    Permanent,
    /// A timeout of the activity's options ran out.
    Timeout,
    /// The workflow no longer wants the result.
    Cancelled,
    /// The engine could not run or decode it, or the child workflow is parked.
    Engine,
}

impl Failure {
    /// A failure of `kind` with a code to branch on and a sentence to read.
    pub fn new(kind: FailureKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), details: None }
    }

    /// A failure that the retry policy may try again.
    pub fn retryable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Retryable, code, message)
    }

    /// A failure that is final whatever the retry policy says.
    pub fn permanent(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, code, message)
    }

    /// The same failure with evidence attached.
    #[must_use]
    pub fn with_details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use serde_json::json;

    /// Journals and other processes hold failures in this form.
    #[test]
    fn the_stored_form_of_a_failure_does_not_change() {
        let failure = Failure::permanent("patch_conflict", "the application changed under the patch");
        let plain = json!({
            "kind": "permanent",
            "code": "patch_conflict",
            "message": "the application changed under the patch",
        });
        assert_eq!(serde_json::to_value(&failure).unwrap(), plain);
        assert_eq!(serde_json::from_value::<Failure>(plain).unwrap(), failure);
        let detailed = failure.with_details(json!({ "field": "spec" }));
        let stored = serde_json::to_value(&detailed).unwrap();
        assert_eq!(stored["details"], json!({ "field": "spec" }));
        assert_eq!(serde_json::from_value::<Failure>(stored).unwrap(), detailed);
    }
}
