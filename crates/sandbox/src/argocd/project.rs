//! The AppProject of an Application.

use super::{resource::text, window};
use crate::{Key, Kind, Model};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// An AppProject that exists.
pub(super) struct Project(Arc<Value>);

/// The project of an Application.
///
/// # Errors
/// What Argo CD says if there is none: nothing is compared then, and nothing deleted (docs/measured.md, Operations;
/// `failures::operation` removes its projects last for that).
pub(super) fn of(model: &Model, application: &Value) -> Result<Project, String> {
    let name = match text(application, "/spec/project") {
        "" => "default",
        name => name,
    };
    let project = model.get(&Key::new(Kind::AppProject, super::resource::NAMESPACE, name));
    let project =
        project.ok_or_else(|| format!("Application referencing project {name} which does not exist"))?;
    Ok(Project(Arc::clone(project)))
}

impl Project {
    /// Whether its sync windows let an Application be synced now.
    pub(super) fn lets_sync(&self, application: &Value, is_manual: bool, now: Timestamp) -> bool {
        window::can_sync(&self.0, application, is_manual, now)
    }
}
