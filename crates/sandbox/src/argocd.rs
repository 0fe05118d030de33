//! Argo CD: what its controllers do to Applications and to what they deploy.

pub mod charts;

use crate::{Key, Model, agenda::Controller, store::Change};

/// What Argo CD keeps in memory, what its repositories hold, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Argocd {}

/// Makes what an installed Argo CD has: its namespace, its settings, the project `default`.
pub(crate) fn install(_model: &mut Model) {}

/// Does what is due.
pub(crate) fn reconcile(_model: &mut Model, _controller: Controller, _key: &Key) {}

/// Lets the controllers notice a change, after the delay of their caches.
pub(crate) fn wake(_model: &mut Model, _change: &Change) {}
