//! StatefulSets, Deployments, Jobs and their pods: what Kubernetes' controllers, scheduler and kubelet do.

use crate::{Key, Model, agenda::Controller, store::Change};

/// What happens to pods beyond what their images say.
#[derive(Debug, Default)]
pub struct Workloads {}

/// Does what is due.
pub(crate) fn reconcile(_model: &mut Model, _controller: Controller, _key: &Key) {}

/// Lets the controllers notice a change, after the delay of their caches.
pub(crate) fn wake(_model: &mut Model, _change: &Change) {}
