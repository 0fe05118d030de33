//! One release more, when everything is over and all is as it was: now nothing is in the way of an image that runs.

use super::{Scene, Stopped, configuration};
use crate::{
    invariant::{CAN_BE_RELEASED, Case, judge},
    stage::Inner,
    truth::Facts,
};
use release::verdict::{ReleaseVerdict, TenantVerdict};
use ringway::{
    ledger::{Run, RunFilter},
    request::{ReleaseRequest, Request},
};
use sandbox::{Random, workload::ImageIdForm};

/// A ring that nobody has had anything to do with.
const RING: &str = "ring-last";

/// How often it is asked for: the process of the storm may still have its end before it.
const ATTEMPTS: u32 = 3;

/// What has to become of a tenant.
struct Wanted {
    tenant: String,
    verdict: Option<TenantVerdict>,
    /// What that follows from.
    case: String,
}

impl Scene {
    /// Releases an image to all tenants, and looks at what became of each.
    pub(super) async fn last_release(&mut self, random: &mut Random) -> Result<(), Stopped> {
        let service = random.pick(&self.setup.rings).map(|ring| ring.service.clone()).unwrap_or_default();
        let kind = if random.chance(75) { "good" } else { "badpull" };
        let image = format!("{}/atlas-{RING}:{kind}-1", configuration::REGISTRY);
        let now = self.stage.time.now();
        self.stage.with(|inner| configuration::push(inner, now, &image, 1));
        let mut all = self.stage.with(|inner| self.wanted(inner, &service, kind == "good"));
        // One that is refused may keep it from all others.
        let all_or_nothing = self.setup.config.limits.all_or_nothing;
        all.retain(|wanted| match wanted.verdict {
            Some(TenantVerdict::Refused) => !all_or_nothing,
            Some(_) => true,
            None => false,
        });
        if all.is_empty() {
            return Ok(());
        }
        let request = ReleaseRequest {
            ring: RING.to_owned(),
            service,
            images: vec![image],
            tenants: all.iter().map(|wanted| wanted.tenant.clone()).collect(),
            cohort: None,
            max_parallel: None,
            all_or_nothing: false,
            origin: None,
        };
        for _ in 0..ATTEMPTS {
            self.process_runs(random).await?;
            self.machine.ask(Request::StartRelease(request.clone()));
            self.everything_ends(random).await?;
            if let Some(run) = self.last_run()? {
                return self.is_as_wanted(&run, &all);
            }
        }
        Err(self.fail(CAN_BE_RELEASED, "the last release did not begin"))
    }

    /// The release, if it began: nobody cancels it, but a crash right before its first step.
    fn last_run(&self) -> Result<Option<Run>, Stopped> {
        let filter = RunFilter { ring: Some(RING.to_owned()), ..RunFilter::default() };
        let newest = self.machine.ledger().runs(&filter)?.into_iter().next();
        Ok(newest.filter(|run| run.verdict != Some(ReleaseVerdict::Cancelled)))
    }

    fn wanted(&self, inner: &Inner, service: &str, runs: bool) -> Vec<Wanted> {
        let Some(service) = inner.book.services.get(service) else { return Vec::new() };
        let digests_are_known = inner.model.workloads.image_id != ImageIdForm::Bare;
        let tenants = inner.book.tenants.iter().map(|(name, tenant)| {
            let spec = inner.model.get(&tenant.application).map(|object| &object["spec"]);
            let facts = Facts::read(&inner.model, tenant);
            let comes_up = runs && !tenant.namespace.contains("no-pull");
            let case =
                Case { spec, owner: tenant.owner, facts: &facts, service, comes_up, digests_are_known };
            let text = format!(
                "comes_up {comes_up}, digests_are_known {digests_are_known}, owner {:?}, {spec:?}, {facts:?}",
                tenant.owner
            );
            Wanted { tenant: name.clone(), verdict: case.verdict(), case: text }
        });
        tenants.collect()
    }

    fn is_as_wanted(&self, run: &Run, all: &[Wanted]) -> Result<(), Stopped> {
        let states = self.machine.ledger().tenants(&run.id)?;
        let mut demanded = 0;
        for wanted in all {
            let Some(verdict) = wanted.verdict else { continue };
            let Some(state) = states.iter().find(|state| state.tenant == wanted.tenant) else {
                return Err(self.fail(CAN_BE_RELEASED, format!("{} has no {}", run.id, wanted.tenant)));
            };
            judge(state, verdict, &wanted.case).map_err(|what| self.fail(CAN_BE_RELEASED, what))?;
            demanded += u64::from(verdict == TenantVerdict::Success);
        }
        self.stage.with(|inner| inner.book.demanded += demanded);
        Ok(())
    }
}
