//! How long things take in the model. The defaults are what was measured on the testbed at rest (docs/measured.md, Timing).

use std::time::Duration;

/// The delays of the model. Each is drawn anew between half and one and a half of what is said here.
#[derive(Debug, Clone)]
pub struct Timing {
    /// From a write until a controller's cache has it.
    pub informer: Duration,
    /// From the moment that Argo CD sees a changed source until it has compared it.
    pub compare: Duration,
    /// How often Argo CD compares an Application although nothing changed.
    pub resync: Duration,
    /// How long Argo CD needs to apply one wave of resources.
    pub apply: Duration,
    /// How long Argo CD pauses between two sync waves.
    pub wave: Duration,
    /// The first pause before a failed operation is tried again; each further one is twice as long.
    pub retry: Duration,
    /// How many comparisons Argo CD makes at the same time.
    pub comparisons: usize,
    /// How many operations Argo CD runs at the same time.
    pub operations: usize,
    /// How long a workload's controller needs for one step.
    pub controller: Duration,
    /// From a pod's creation until the scheduler has put it onto a node.
    pub schedule: Duration,
    /// From a node until a container runs and is ready.
    pub ready: Duration,
    /// How long a pod takes to end after its deletion was asked for.
    pub terminate: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let milliseconds = Duration::from_millis;
        Self {
            informer: milliseconds(20),
            compare: milliseconds(100),
            resync: Duration::from_secs(150),
            apply: milliseconds(200),
            wave: Duration::from_secs(2),
            retry: Duration::from_secs(5),
            comparisons: 20,
            operations: 10,
            controller: milliseconds(20),
            schedule: milliseconds(20),
            ready: milliseconds(300),
            terminate: milliseconds(200),
        }
    }
}
