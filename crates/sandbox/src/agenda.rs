//! What the controllers of the model are going to do, and when. Equal times go in the order in which they were asked for.

use crate::kind::Key;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Who does something to an object when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Controller {
    /// Argo CD compares an Application, and may ask for an operation.
    ArgocdCompare,
    /// Argo CD goes on with the operation of an Application.
    ArgocdOperation,
    /// Argo CD removes what an Application deployed, after its deletion was asked for.
    ArgocdDeletion,
    /// Argo CD's ApplicationSet controller puts its Applications back.
    ArgocdApplicationSet,
    /// The controller of StatefulSets.
    StatefulSet,
    /// The controller of Deployments.
    Deployment,
    /// The controller of ReplicaSets.
    ReplicaSet,
    /// The controller of Jobs.
    Job,
    /// The scheduler and the kubelet go on with a pod.
    Kubelet,
    /// What outlived its owner or its namespace is removed.
    GarbageCollector,
}

/// What is to be done, in order. Something is at most once on it; asked for twice, it is done at the earlier time.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(Timestamp, u64), (Controller, Key)>,
    places: BTreeMap<(Controller, Key), (Timestamp, u64)>,
    asked: u64,
}

impl Agenda {
    /// Puts something on it.
    pub(crate) fn add(&mut self, at: Timestamp, controller: Controller, key: Key) {
        let task = (controller, key);
        if let Some(place) = self.places.get(&task) {
            if place.0 <= at {
                return;
            }
            self.entries.remove(place);
        }
        self.asked += 1;
        let place = (at, self.asked);
        self.entries.insert(place, task.clone());
        self.places.insert(task, place);
    }

    /// The time of what comes next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes what is due at `now` off it.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, Controller, Key)> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), task) = entry.remove_entry();
        self.places.remove(&task);
        Some((at, task.0, task.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use jiff::ToSpan;

    #[test]
    fn everything_is_done_once_at_its_earliest_time_and_in_the_order_of_asking() {
        let mut agenda = Agenda::default();
        let start = Timestamp::UNIX_EPOCH;
        let pod = |name: &str| Key::new(Kind::Pod, "a", name);
        agenda.add(start + 2.seconds(), Controller::Kubelet, pod("late"));
        agenda.add(start + 5.seconds(), Controller::Kubelet, pod("moved"));
        agenda.add(start + 1.second(), Controller::Kubelet, pod("moved"));
        agenda.add(start + 9.seconds(), Controller::Kubelet, pod("moved"));
        agenda.add(start + 1.second(), Controller::Job, pod("moved"));
        assert_eq!(agenda.next(), Some(start + 1.second()));
        assert!(agenda.take(start).is_none());
        let mut done = Vec::new();
        while let Some((_, controller, key)) = agenda.take(start + 1.minute()) {
            done.push((controller, key.name));
        }
        let expected =
            [(Controller::Kubelet, "moved"), (Controller::Job, "moved"), (Controller::Kubelet, "late")];
        assert_eq!(done, expected.map(|(controller, name)| (controller, name.to_owned())));
    }
}
