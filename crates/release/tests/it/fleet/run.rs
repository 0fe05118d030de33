//! Runs over the scripted fleet: how they begin, and what must be true when they have ended.

use super::{Fleet, RING, image, planned, service};
use durable_sqlite::{Engine, EngineError, Faults, MemoryJournal, Options, Outcome, TokioClock};
use jiff::Timestamp;
use release::{
    proof::Proof,
    service::Verify,
    step::{Deadlines, RunContext},
    workflow::{
        RunResult,
        cleanup::{Cleanup, CleanupInput},
        release::{Release, ReleaseInput},
        tenant_cleanup::TenantCleanupInput,
    },
};
use std::{collections::BTreeSet, sync::Arc};

impl Fleet {
    /// An engine over this fleet.
    pub(crate) fn engine(&self, journal: &MemoryJournal, options: Options) -> Engine {
        durable_sqlite::open_in_memory(journal, self.registry(), options).unwrap()
    }

    /// Opens an engine over this fleet, starts `begin` on it and waits for its end.
    pub(crate) async fn run(
        &self,
        journal: &MemoryJournal,
        faults: Option<Faults>,
        begin: Begin,
    ) -> Result<RunResult, EngineError> {
        let clock = Arc::new(TokioClock::starting_at(Timestamp::UNIX_EPOCH));
        let options = Options { clock, faults, ..Options::default() };
        let engine = self.engine(journal, options);
        let handle = engine.handle();
        let (done, shutdown) = tokio::sync::oneshot::channel::<()>();
        let commands = async move {
            match begin {
                Begin::Release(input) => {
                    handle.start::<Release>("run", &input).await?;
                }
                Begin::Cleanup(input) => {
                    handle.start::<Cleanup>("run", &input).await?;
                }
            }
            let outcome = handle.wait("run").await;
            done.send(()).unwrap_or_default();
            outcome
        };
        let run = engine.run(async { drop(shutdown.await) });
        let (driven, outcome) = tokio::join!(run, commands);
        driven?;
        Ok(decode(outcome?))
    }
}

fn decode(outcome: Outcome) -> RunResult {
    outcome.decode().unwrap_or_else(|failure| panic!("the run did not end with a result: {failure:?}"))
}

/// What is run.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "one per test")]
pub(crate) enum Begin {
    Release(ReleaseInput),
    Cleanup(CleanupInput),
}

impl Begin {
    pub(crate) fn release(fleet: &Fleet) -> Self {
        let tenants = fleet.model().behaviour.keys().cloned().collect();
        Self::Release(ReleaseInput {
            run: "run".into(),
            ring: RING.into(),
            service: service(),
            images: vec![image()],
            tenants,
            max_parallel: None,
            all_or_nothing: false,
            deadlines: Deadlines::default(),
        })
    }

    /// A cleanup of tenants that are all overridden.
    pub(crate) fn cleanup(fleet: &Fleet) -> Self {
        let mut model = fleet.model();
        let names: Vec<String> = model.behaviour.keys().cloned().collect();
        let tenants = names.iter().map(|name| {
            model.overridden.insert(name.clone());
            model.claims.insert(name.clone(), RING.into());
            TenantCleanupInput {
                context: RunContext { run: "run".into(), ring: RING.into(), tenant: name.clone() },
                applications: vec![planned(name)],
                verify: Verify::Cluster,
                deadlines: Deadlines::default(),
            }
        });
        Self::Cleanup(CleanupInput { run: "run".into(), tenants: tenants.collect(), max_parallel: None })
    }
}

/// What must be true when a run has ended, whatever happened on the way.
pub(crate) fn check_the_end(fleet: &Fleet, result: &RunResult) {
    let model = fleet.model();
    assert_eq!(model.broken_rules, Vec::<String>::new());
    assert_eq!(model.places, BTreeSet::new(), "places were not given back");
    for tenant in &result.tenants {
        let claimed = tenant.verdict == release::verdict::TenantVerdict::Success;
        assert!(
            !claimed || tenant.proof >= Proof::Applied || !tenant.notes.is_empty(),
            "{tenant:?} is not proven"
        );
        assert!(claimed || tenant.problem.is_some(), "{tenant:?} does not say why");
    }
    for (application, patches) in &model.patches {
        assert_eq!(*patches, 1, "{application} was patched more than once");
    }
    for application in &model.overridden {
        assert!(
            model.claims.contains_key(application),
            "{application} is overridden and nobody has the claim"
        );
    }
}

pub(crate) fn verdicts(result: &RunResult) -> Vec<(&str, &str, &str)> {
    result
        .tenants
        .iter()
        .map(|tenant| {
            let code = tenant.problem.as_ref().map_or("", |problem| problem.code.as_str());
            (tenant.tenant.as_str(), tenant.verdict.as_str(), code)
        })
        .collect()
}
