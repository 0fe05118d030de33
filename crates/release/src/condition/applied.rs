//! Whether Argo CD has compared and applied what stands in an Application.
//!
//! An Application looks green for the old source until its controller has compared the new one, and one operation can
//! run for hours with the sources that it froze when it began. So nothing counts here that does not name its source: the
//! comparison must be of exactly what stands in `spec`, and an operation counts only with our values in its sources.

mod operation;
mod sources;
mod sync;
#[cfg(test)]
mod tests;

use super::{Awaiting, evidence, is_passing, shorten};
use crate::{
    application::{Application, Condition},
    overrides::{
        Writer,
        plan::{leaf_value, shadowed_by, writer_of},
        writer::OUR_NAME,
    },
    proof::Proof,
    service::Strategy,
    step::{Evidence, Expectation, PlannedApplication, Problem},
};
use jiff::Timestamp;

/// What one snapshot of an Application says about our values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncState {
    /// Our values are not in it (release), or are in it again (cleanup).
    Reverted {
        /// Which value, and what stands there now.
        problem: Problem,
        /// Who wrote it, as far as the API server knows.
        writer: Option<Writer>,
    },
    /// Not there yet.
    Waiting {
        /// `Patched` or `Observed`.
        proof: Proof,
        /// What is awaited.
        awaiting: Awaiting,
        /// Whose turn it is.
        pending: Pending,
    },
    /// It will not get there by itself.
    Failed {
        /// How far it is proven.
        proof: Proof,
        /// Why.
        problem: Problem,
    },
    /// All expected workloads are applied as they should be.
    Applied {
        /// What a person should know.
        notes: Vec<String>,
    },
}

/// What a wait for Argo CD depends on, as far as its clock must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// Argo CD has not compared what stands in the Application.
    Comparison,
    /// A closed sync window holds it back.
    Window,
    /// Anything else.
    Other,
}

/// Asks one snapshot of an Application whether Argo CD has applied what should stand in it. `patched_at` is when our
/// patch was accepted, if it is known; since clocks differ, nothing is taken as true because of it.
pub fn examine(
    application: &Application,
    planned: &PlannedApplication,
    expectation: Expectation,
    patched_at: Option<Timestamp>,
) -> SyncState {
    let view = View { application, planned, expectation, patched_at };
    view.other_object()
        .or_else(|| view.reverted())
        .or_else(|| view.unobserved())
        .unwrap_or_else(|| view.sync())
}

/// A problem with when it was noticed: the API server keeps no time of what was taken out.
#[must_use]
pub fn noticed(mut problem: Problem, now: Timestamp) -> Problem {
    for shown in &mut problem.evidence {
        shown.since.get_or_insert(now);
    }
    problem.message.push_str(&format!("; noticed at {now:.0}"));
    problem
}

/// One snapshot and the question asked to it.
struct View<'a> {
    application: &'a Application,
    planned: &'a PlannedApplication,
    expectation: Expectation,
    patched_at: Option<Timestamp>,
}

impl View<'_> {
    /// A release goes on in the object it was planned for, and in no other.
    fn other_object(&self) -> Option<SyncState> {
        let metadata = &self.application.metadata;
        if self.expectation == Expectation::Removed {
            return None;
        }
        let (code, message, field) = if metadata.uid != self.planned.uid {
            let message = format!("{} was deleted and made again since the release began", self.object());
            ("application_replaced", message, self.evidence("metadata.uid", &metadata.uid, None))
        } else {
            let since = metadata.deletion_timestamp?;
            let message = format!("{} is being deleted since {since}", self.object());
            let field = self.evidence("metadata.deletionTimestamp", &since.to_string(), Some(since));
            ("application_deleted", message, field)
        };
        let advice = "release to this tenant again when its Application is there to stay".to_owned();
        Some(self.failed(Proof::None, code, message, Some(advice), vec![field]))
    }

    /// Whether what should stand in the Application does not.
    fn reverted(&self) -> Option<SyncState> {
        let sources = self.application.sources();
        if sources::as_expected(sources, &self.planned.wanted, self.expectation) {
            return None;
        }
        let evidence = self.leaf_evidence();
        let writer = self.writer();
        let by = writer.as_ref().map_or_else(
            || "the API server does not say by whom; its audit log does".to_owned(),
            |writer| {
                let at = writer.at.map_or_else(String::new, |at| format!(" at {at}"));
                format!("last written by {}{at}", writer.manager)
            },
        );
        let found = evidence
            .iter()
            .map(|leaf| format!("{} is {}", leaf.field, leaf.value))
            .collect::<Vec<_>>()
            .join(", ");
        let found =
            if found.is_empty() { "the source that was overridden is not there".to_owned() } else { found };
        let (code, message, advice) = match self.expectation {
            Expectation::Overridden => (
                "reverted",
                format!("somebody took our values out of {} ({by}): {found}", self.object()),
                "find out who writes this field and agree with them, then release again",
            ),
            Expectation::Removed => (
                "override_returned",
                format!("somebody put our values back into {} ({by}): {found}", self.object()),
                "find out who writes this field, then clean up again",
            ),
        };
        let problem = Problem { code: code.to_owned(), message, advice: Some(advice.to_owned()), evidence };
        Some(SyncState::Reverted { problem, writer })
    }

    /// What stands at each of our leaves that is not as it should be.
    fn leaf_evidence(&self) -> Vec<Evidence> {
        let wanted = &self.planned.wanted;
        let mut found = Vec::new();
        for source in sources::meant(self.application.sources(), wanted) {
            for leaf in &wanted.leaves {
                let value = leaf_value(source, leaf);
                let ours = value.as_deref() == Some(leaf.value.as_str());
                if ours == (self.expectation == Expectation::Overridden) {
                    let shadow = shadowed_by(source, leaf).filter(|_| ours);
                    let place = format!("helm.parameters[{}]", leaf.path);
                    found.extend(shadow.map(|value| self.evidence(&place, &format!("{value:?}"), None)));
                    continue;
                }
                let place = match leaf.strategy {
                    Strategy::Parameters => format!("helm.parameters[{}]", leaf.path),
                    Strategy::ValuesObject => format!("helm.valuesObject.{}", leaf.path),
                };
                let value = value.map_or_else(|| "absent".to_owned(), |value| format!("{value:?}"));
                found.push(self.evidence(&place, &value, None));
            }
        }
        found
    }

    /// Who wrote last where our values stood. The API server names writers of what is there, and nobody for what was
    /// removed; a list, such as `parameters` and `sources`, is written as a whole.
    fn writer(&self) -> Option<Writer> {
        if self.application.has_multiple_sources() {
            return writer_of(self.application, "/spec/sources").filter(|writer| writer.manager != OUR_NAME);
        }
        let [source] = self.application.sources() else { return None };
        let present = self.planned.wanted.leaves.iter().filter_map(|leaf| match leaf.strategy {
            Strategy::Parameters => {
                source.helm()?.get("parameters")?;
                Some("/spec/source/helm/parameters".to_owned())
            }
            Strategy::ValuesObject => {
                leaf_value(source, leaf)?;
                Some(leaf.path.pointer("/spec/source/helm/valuesObject"))
            }
        });
        let writers = present.filter_map(|pointer| writer_of(self.application, &pointer));
        // Times are whole seconds, so ours can be as new as that of whoever wrote over it.
        writers.filter(|writer| writer.manager != OUR_NAME).max_by_key(|writer| writer.at)
    }

    /// Whether Argo CD has not compared exactly what stands in the Application.
    fn unobserved(&self) -> Option<SyncState> {
        let status = &self.application.status;
        let error = self.error_condition();
        if !sources::same(status.sync.compared_to.sources(), self.application.sources()) {
            // An error condition may still be about the old source: the comparison of ours can clear it.
            let mut awaiting =
                self.awaiting(format!("Argo CD has not compared {} as it stands now", self.object()));
            awaiting.by_hand.push_str(sync::AND_THE_CONTROLLER);
            awaiting.evidence =
                vec![self.evidence("status.sync.comparedTo", "another source", self.patched_at)];
            awaiting.evidence.extend(error.map(|error| self.condition_evidence(error)));
            return Some(SyncState::Waiting {
                proof: Proof::Patched,
                awaiting,
                pending: Pending::Comparison,
            });
        }
        if let Some(error) = error {
            return Some(self.compared_with_error(error));
        }
        if matches!(status.sync.status.as_str(), "Synced" | "OutOfSync") {
            return None;
        }
        let what = format!("Argo CD does not know yet whether {} is in sync", self.object());
        let mut awaiting = self.awaiting(what);
        awaiting.evidence = vec![self.evidence("status.sync.status", &status.sync.status, None)];
        Some(self.waiting(Proof::Patched, awaiting))
    }

    fn error_condition(&self) -> Option<&Condition> {
        let conditions = &self.application.status.conditions;
        let is_error = |condition: &&Condition| {
            matches!(condition.kind.as_str(), "ComparisonError" | "InvalidSpecError" | "UnknownError")
        };
        conditions.iter().find(is_error)
    }

    /// Argo CD could not compare what stands in the Application. If only a server did not answer, it tries again.
    fn compared_with_error(&self, error: &Condition) -> SyncState {
        let message = format!("Argo CD cannot compare {}: {}", self.object(), shorten(&error.message));
        let field = self.condition_evidence(error);
        if is_passing(&error.message) {
            let mut awaiting = self.awaiting(message);
            awaiting.evidence = vec![field];
            return self.waiting(Proof::Patched, awaiting);
        }
        let code = match error.kind.as_str() {
            "ComparisonError" => "comparison_error",
            "InvalidSpecError" => "invalid_spec",
            _ => "unknown_error",
        };
        let advice = format!("look at it with `{}`", self.get_command());
        self.failed(Proof::Patched, code, message, Some(advice), vec![field])
    }

    fn condition_evidence(&self, condition: &Condition) -> Evidence {
        let field = format!("status.conditions[{}]", condition.kind);
        self.evidence(&field, &condition.message, condition.last_transition_time)
    }

    /// How texts call the Application.
    fn object(&self) -> String {
        format!("Application {}", self.planned.key)
    }

    fn evidence(&self, field: &str, value: &str, since: Option<Timestamp>) -> Evidence {
        evidence(&self.object(), field, value, since)
    }

    fn get_command(&self) -> String {
        let key = &self.planned.key;
        format!("kubectl -n {} get application {} -o yaml", key.namespace, key.name)
    }

    fn awaiting(&self, what: String) -> Awaiting {
        Awaiting { what, evidence: Vec::new(), by_hand: self.get_command() }
    }

    fn waiting(&self, proof: Proof, awaiting: Awaiting) -> SyncState {
        SyncState::Waiting { proof, awaiting, pending: Pending::Other }
    }

    fn failed(
        &self,
        proof: Proof,
        code: &str,
        message: String,
        advice: Option<String>,
        evidence: Vec<Evidence>,
    ) -> SyncState {
        SyncState::Failed { proof, problem: Problem { code: code.to_owned(), message, advice, evidence } }
    }
}
