//! A scripted fleet: the bodies of all steps over a small model, which notes every broken rule.

mod run;

pub(crate) use run::{Begin, check_the_end, verdicts};

use durable::{ActivityContext, Failure};
use durable_sqlite::Registry;
use jiff::Timestamp;
use release::{
    application::ApplicationKey,
    image::{Digest, ResolvedDigests, ResolvedImage},
    overrides::Wanted,
    proof::Proof,
    refusal::Refusal,
    service::{Service, SourceSelector, Verify},
    step::*,
    verdict::{ReleaseVerdict, Stop},
    workflow::{
        cleanup::Cleanup, release::Release, tenant_cleanup::TenantCleanup, tenant_release::TenantRelease,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

pub(crate) const RING: &str = "ring-x";
pub(crate) const PLACES: usize = 3;

/// How a tenant behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Good,
    RefusedAtPreflight,
    AutomatedSyncOff,
    Unreachable,
    /// Two Applications; the second refuses when it is patched.
    SecondRefusesThePatch,
    RefusesThePatch,
    NeverApplied,
    CannotPull,
    RevertedMeanwhile,
    /// Its rollout ends only when it is given up.
    Hangs,
    /// Its API server never answers.
    NeverAnswers,
    /// The Application is gone when it is to be cleaned up.
    GoneAtCleanup,
}

/// What a test does to a call of a step, by the number of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The call with this number fails for good without doing anything.
    FailCall(usize),
    /// The first attempt of every call does its work, and its answer is lost.
    EveryAnswerLostOnce,
}

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) behaviour: BTreeMap<String, Behaviour>,
    pub(crate) claims: BTreeMap<String, String>,
    pub(crate) places: BTreeSet<String>,
    pub(crate) overridden: BTreeSet<String>,
    pub(crate) patches: BTreeMap<String, u32>,
    pub(crate) results: BTreeMap<String, TenantResult>,
    pub(crate) verdict: Option<ReleaseVerdict>,
    pub(crate) broken_rules: Vec<String>,
    pub(crate) calls: Vec<String>,
    pub(crate) stop: Option<Stop>,
    lost_once: BTreeSet<String>,
}

#[derive(Clone)]
pub(crate) struct Fleet {
    model: Arc<Mutex<Model>>,
    trouble: Trouble,
}

impl Fleet {
    pub(crate) fn new(tenants: &[(&str, Behaviour)], trouble: Trouble) -> Self {
        let behaviour = tenants.iter().map(|(name, behaviour)| ((*name).to_owned(), *behaviour)).collect();
        Self { model: Arc::new(Mutex::new(Model { behaviour, ..Model::default() })), trouble }
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }

    /// One call of a step: counts it, makes trouble, and does `work` on the model.
    fn call<T>(
        &self,
        step: &str,
        tenant: &str,
        work: impl FnOnce(&mut Model) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut model = self.model();
        model.calls.push(format!("{step} {tenant}"));
        let number = model.calls.len();
        if self.trouble == Trouble::FailCall(number) {
            return Err(Failure::permanent(
                "planted",
                format!("call {number}, {step} of {tenant}, was made to fail"),
            ));
        }
        let answer = work(&mut model);
        if self.trouble == Trouble::EveryAnswerLostOnce && model.lost_once.insert(format!("{step} {tenant}"))
        {
            return Err(Failure::retryable("lost", "the answer was lost"));
        }
        answer
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::new();
        registry.workflow::<Release>();
        registry.workflow::<TenantRelease>();
        registry.workflow::<Cleanup>();
        registry.workflow::<TenantCleanup>();
        self.register_steps(&mut registry);
        registry
    }

    fn register_steps(&self, registry: &mut Registry) {
        macro_rules! step {
            ($step:ty, $body:ident) => {{
                let fleet = self.clone();
                registry.activity::<$step, _>(move |context: ActivityContext, input| {
                    let fleet = fleet.clone();
                    async move { fleet.$body(context, input).await }
                });
            }};
        }
        step!(PreflightTenant, preflight);
        step!(AcquireSlot, acquire_slot);
        step!(ReleaseSlot, release_slot);
        step!(TakeClaims, take_claims);
        step!(ReleaseClaim, release_claim);
        step!(ApplyOverride, apply_override);
        step!(AwaitApplied, await_applied);
        step!(AwaitRollout, await_rollout);
        step!(WatchOverride, watch_override);
        step!(RemoveOverride, remove_override);
        step!(ResolveApplied, resolve_applied);
        step!(RecordTenant, record_tenant);
        step!(RecordVerdict, record_verdict);
    }

    async fn preflight(self, _: ActivityContext, input: PreflightInput) -> Result<Preflight, Failure> {
        let tenant = input.context.tenant;
        let behaviour = self.model().behaviour[&tenant];
        if behaviour == Behaviour::NeverAnswers {
            std::future::pending::<()>().await;
        }
        self.call("preflight", &tenant, |model| match model.behaviour[&tenant] {
            Behaviour::Unreachable => {
                Err(Failure::permanent("unreachable", "the API server does not answer"))
            }
            Behaviour::RefusedAtPreflight => Ok(Preflight::Refused { refusals: vec![refusal(&tenant)] }),
            Behaviour::AutomatedSyncOff => Ok(Preflight::Skipped { reason: "automated sync is off".into() }),
            Behaviour::SecondRefusesThePatch => Ok(Preflight::Ready {
                applications: vec![planned(&tenant), planned(&format!("{tenant}-2"))],
                notes: vec![],
            }),
            _ => Ok(Preflight::Ready { applications: vec![planned(&tenant)], notes: vec![] }),
        })
    }

    async fn acquire_slot(self, _: ActivityContext, slot: Slot) -> Result<(), Failure> {
        loop {
            let tenant = slot.context.tenant.clone();
            let free = self.call("acquire_slot", &tenant, |model| {
                let free = model.places.contains(&tenant) || model.places.len() < PLACES;
                if free {
                    model.places.insert(tenant.clone());
                }
                Ok(free)
            })?;
            if free {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn release_slot(self, _: ActivityContext, slot: Slot) -> Result<(), Failure> {
        self.call("release_slot", &slot.context.tenant, |model| {
            model.places.remove(&slot.context.tenant);
            Ok(())
        })
    }

    async fn take_claims(self, _: ActivityContext, input: ClaimsInput) -> Result<Claims, Failure> {
        self.call("take_claims", &input.context.tenant, |model| {
            let other = input
                .applications
                .iter()
                .find(|key| model.claims.get(&key.name).is_some_and(|ring| *ring != input.context.ring));
            if let Some(key) = other {
                let ring = model.claims[&key.name].clone();
                let refusal =
                    Refusal::Claimed { application: key.clone(), ring, since: Timestamp::UNIX_EPOCH };
                return Ok(Claims::Refused { refusal });
            }
            for key in &input.applications {
                model.claims.insert(key.name.clone(), input.context.ring.clone());
            }
            Ok(Claims::Held)
        })
    }

    async fn release_claim(self, _: ActivityContext, input: RemoveInput) -> Result<(), Failure> {
        self.call("release_claim", &input.context.tenant, |model| {
            if !model.overridden.contains(&input.application.name) {
                model.claims.remove(&input.application.name);
            }
            Ok(())
        })
    }

    async fn apply_override(self, _: ActivityContext, input: ApplyInput) -> Result<Applied, Failure> {
        let name = input.application.key.name.clone();
        let tenant = input.context.tenant.clone();
        self.call("apply_override", &name, |model| {
            if let Some(stop) = model.stop.clone() {
                return Ok(Applied::Stopped { stop });
            }
            if model.claims.get(&name) != Some(&input.context.ring) {
                model.broken_rules.push(format!("{name} was patched without a claim"));
            }
            if !model.places.contains(&tenant) {
                model.broken_rules.push(format!("{name} was patched without a place"));
            }
            match model.behaviour[&tenant] {
                Behaviour::RefusesThePatch => return Ok(Applied::Refused { refusal: refusal(&name) }),
                Behaviour::SecondRefusesThePatch if name.ends_with("-2") => {
                    return Ok(Applied::Refused { refusal: refusal(&name) });
                }
                _ => {}
            }
            let changed = model.overridden.insert(name.clone());
            if changed {
                *model.patches.entry(name.clone()).or_default() += 1;
            }
            Ok(Applied::Patched { at: Timestamp::UNIX_EPOCH, changed })
        })
    }

    async fn await_applied(self, _: ActivityContext, input: AwaitAppliedInput) -> Result<Awaited, Failure> {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let name = input.application.key.name.clone();
        self.call("await_applied", &name, |model| {
            let wanted = input.expectation == Expectation::Overridden;
            if model.overridden.contains(&name) != wanted {
                model.broken_rules.push(format!("{name} was awaited before it was written"));
            }
            Ok(match model.behaviour[&input.context.tenant] {
                Behaviour::NeverApplied if wanted => {
                    Awaited::Failed { proof: Proof::Observed, problem: problem("sync_failed") }
                }
                _ => Awaited::Proven { proof: Proof::Applied, notes: vec![] },
            })
        })
    }

    async fn await_rollout(self, _: ActivityContext, input: AwaitRolloutInput) -> Result<Awaited, Failure> {
        let tenant = input.context.tenant.clone();
        let behaviour = self.model().behaviour[&tenant];
        let overridden = self.model().overridden.contains(&tenant);
        match behaviour {
            Behaviour::Hangs => std::future::pending::<()>().await,
            // Its end is not waited for: before that somebody takes our values out. In a cleanup nobody does.
            Behaviour::RevertedMeanwhile if overridden => tokio::time::sleep(Duration::from_secs(3600)).await,
            _ => tokio::time::sleep(Duration::from_secs(30)).await,
        }
        self.call("await_rollout", &tenant, |_| {
            Ok(match behaviour {
                Behaviour::CannotPull => {
                    Awaited::Failed { proof: Proof::Applied, problem: problem("image_pull") }
                }
                _ => Awaited::Proven { proof: Proof::DigestVerified, notes: vec![] },
            })
        })
    }

    async fn watch_override(
        self,
        context: ActivityContext,
        input: WatchOverrideInput,
    ) -> Result<Reverted, Failure> {
        let tenant = input.context.tenant.clone();
        if self.model().behaviour[&tenant] == Behaviour::RevertedMeanwhile {
            tokio::time::sleep(Duration::from_secs(10)).await;
            return Ok(Reverted { problem: problem("reverted"), writer: None });
        }
        context.cancelled().await;
        Err(Failure::permanent("given_up", "nobody waits any more"))
    }

    async fn remove_override(self, _: ActivityContext, input: RemoveInput) -> Result<Removed, Failure> {
        let name = input.application.name.clone();
        self.call("remove_override", &name, |model| {
            if let Some(stop) = model.stop.clone() {
                return Ok(Removed::Stopped { stop });
            }
            model.overridden.remove(&name);
            Ok(match model.behaviour[&input.context.tenant] {
                Behaviour::GoneAtCleanup => {
                    Removed::Gone { reason: format!("Application {name} does not exist any more") }
                }
                _ => Removed::Removed {
                    namespace: name.clone(),
                    at: Timestamp::UNIX_EPOCH,
                    left_alone: vec![],
                },
            })
        })
    }

    async fn resolve_applied(
        self,
        _: ActivityContext,
        input: ResolveAppliedInput,
    ) -> Result<Vec<ExpectedWorkload>, Failure> {
        self.call("resolve_applied", &input.context.tenant, |_| Ok(input.workloads))
    }

    async fn record_tenant(self, _: ActivityContext, input: RecordTenantInput) -> Result<(), Failure> {
        let tenant = input.result.tenant.clone();
        self.call("record_tenant", &tenant, |model| {
            model.results.entry(tenant.clone()).or_insert(input.result);
            Ok(())
        })
    }

    async fn record_verdict(self, _: ActivityContext, input: RecordVerdictInput) -> Result<(), Failure> {
        self.call("record_verdict", "", |model| {
            model.verdict.get_or_insert(input.verdict);
            Ok(())
        })
    }
}

fn service() -> Service {
    Service { name: "atlas".into(), images: vec![], applications: vec![], verify: Verify::Cluster }
}

fn image() -> ResolvedImage {
    let digests = ResolvedDigests { digest: Digest("sha256:00".into()), platforms: BTreeMap::new() };
    ResolvedImage {
        name: "atlas".into(),
        reference: "registry.example.com/atlas:1".parse().unwrap(),
        digests,
    }
}

fn planned(name: &str) -> PlannedApplication {
    PlannedApplication {
        key: ApplicationKey { instance: "main".into(), namespace: "argocd".into(), name: name.into() },
        uid: format!("uid-{name}"),
        namespace: name.into(),
        wanted: Wanted { service: "atlas".into(), source: SourceSelector::default(), leaves: vec![] },
        workloads: vec![],
    }
}

fn refusal(name: &str) -> Refusal {
    Refusal::Hydrator { application: planned(name).key }
}

fn problem(code: &str) -> Problem {
    Problem { code: code.into(), message: format!("planted {code}"), advice: None, evidence: vec![] }
}
