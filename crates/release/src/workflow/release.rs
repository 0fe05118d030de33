//! A release: the whole cohort is looked at first, then every tenant that may be written to is worked on.

use super::{
    RunResult, options,
    stop::Stopping,
    tenant_release::{TenantRelease, TenantReleaseInput},
    tenants,
};
use crate::{
    image::ResolvedImage,
    proof::Proof,
    refusal::Refusal,
    service::Service,
    step::{Deadlines, Preflight, PreflightInput, PreflightTenant, Problem, RunContext, TenantResult},
    verdict::TenantVerdict,
};
use durable::{Failure, Flow, Workflow, join};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One image (or several of one commit) of one ring onto one cohort.
pub struct Release;

/// Everything a release depends on, fixed when it begins: a configuration that changes later does not change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseInput {
    /// The release.
    pub run: String,
    /// The ring it is for.
    pub ring: String,
    /// What is released.
    pub service: Service,
    /// Its images with the digests that they stood for.
    pub images: Vec<ResolvedImage>,
    /// The tenants of the cohort.
    pub tenants: Vec<String>,
    /// How many tenants at once, if somebody asked for fewer than the instances have places for.
    pub max_parallel: Option<usize>,
    /// Whether one refused tenant refuses them all.
    pub all_or_nothing: bool,
    /// How long a tenant may take.
    pub deadlines: Deadlines,
}

impl Workflow for Release {
    const NAME: &'static str = "release";
    type Input = ReleaseInput;
    type Output = RunResult;

    async fn run<F: Flow>(flow: F, input: ReleaseInput) -> Result<RunResult, Failure> {
        let stopping = Stopping::default();
        let tenants = stopping.listen(&flow, release_cohort(&flow, &input, &stopping)).await;
        let verdict = tenants::conclude(&flow, &input.run, &tenants, stopping.stop().as_ref()).await?;
        Ok(RunResult { verdict, tenants })
    }
}

/// What is known of a tenant after the look at the whole cohort.
enum Planned {
    Ready(Box<TenantReleaseInput>),
    Ended(TenantResult),
}

async fn release_cohort<F: Flow>(flow: &F, input: &ReleaseInput, stopping: &Stopping) -> Vec<TenantResult> {
    let mut planned = preflight_cohort(flow, input, stopping).await;
    if input.all_or_nothing {
        refuse_all_if_one_is(&mut planned);
    }
    let mut ready = Vec::new();
    let mut ended = Vec::new();
    for plan in planned {
        match plan {
            Planned::Ready(tenant) => ready.push((tenant.context.tenant.clone(), *tenant)),
            Planned::Ended(result) => ended.push(tenants::record(flow, &input.run, result).await),
        }
    }
    let limit = tenants::parallel(input.max_parallel);
    let released = tenants::run_children::<F, TenantRelease>(flow, &input.run, stopping, limit, ready).await;
    ended.extend(released);
    in_order(&input.tenants, ended)
}

async fn preflight_cohort<F: Flow>(flow: &F, input: &ReleaseInput, stopping: &Stopping) -> Vec<Planned> {
    join::bounded_join(PREFLIGHTS_AT_ONCE, input.tenants.clone(), |tenant| async move {
        let look = preflight_tenant(flow, input, tenant.clone());
        match stopping.unless_stopped(look).await {
            Ok(planned) => planned,
            Err(stop) => Planned::Ended(tenants::cancelled(tenant, Proof::None, &stop)),
        }
    })
    .await
}

/// Each preflight holds one full Application in memory, which may be a megabyte.
const PREFLIGHTS_AT_ONCE: usize = 10;

async fn preflight_tenant<F: Flow>(flow: &F, input: &ReleaseInput, tenant: String) -> Planned {
    let context = RunContext { run: input.run.clone(), ring: input.ring.clone(), tenant: tenant.clone() };
    let preflight = PreflightInput {
        context: context.clone(),
        service: input.service.clone(),
        images: input.images.clone(),
    };
    match flow.activity::<PreflightTenant>(preflight, options::once()).await {
        Ok(Preflight::Ready { applications, notes }) => Planned::Ready(Box::new(TenantReleaseInput {
            context,
            service: input.service.name.clone(),
            applications,
            notes,
            verify: input.service.verify,
            deadlines: input.deadlines.clone(),
        })),
        Ok(Preflight::Refused { refusals }) => Planned::Ended(refused(tenant, &refusals)),
        Ok(Preflight::Skipped { reason }) => Planned::Ended(skipped(tenant, reason)),
        Err(failure) => Planned::Ended(tenants::failed(tenant, failure)),
    }
}

/// A tenant that must not be written to.
pub(super) fn refused(tenant: String, refusals: &[Refusal]) -> TenantResult {
    let messages: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    let code = refusals.first().map_or("refused", Refusal::code);
    let evidence = refusals.first().map(Refusal::evidence).unwrap_or_default();
    ended(tenant, TenantVerdict::Refused, Problem { evidence, ..problem(code, messages.join("; ")) })
}

fn skipped(tenant: String, reason: String) -> TenantResult {
    ended(tenant, TenantVerdict::Skipped, problem("automated_sync_off", reason))
}

fn problem(code: &str, message: String) -> Problem {
    Problem { code: code.into(), message, advice: None, evidence: Vec::new() }
}

fn ended(tenant: String, verdict: TenantVerdict, problem: Problem) -> TenantResult {
    TenantResult { tenant, verdict, proof: Proof::None, notes: Vec::new(), problem: Some(problem) }
}

fn refuse_all_if_one_is(planned: &mut [Planned]) {
    let stands_in_the_way = |plan: &Planned| match plan {
        Planned::Ended(result)
            if matches!(result.verdict, TenantVerdict::Refused | TenantVerdict::Failed) =>
        {
            Some(result.tenant.clone())
        }
        _ => None,
    };
    let Some(culprit) = planned.iter().find_map(stands_in_the_way) else { return };
    for plan in planned {
        if let Planned::Ready(tenant) = plan {
            let message = format!("tenant {culprit} cannot be released, and this release is all or nothing");
            let tenant = tenant.context.tenant.clone();
            let problem = problem("all_or_nothing", message);
            *plan = Planned::Ended(ended(tenant, TenantVerdict::Refused, problem));
        }
    }
}

/// The results in the order in which the tenants were asked for.
fn in_order(tenants: &[String], mut results: Vec<TenantResult>) -> Vec<TenantResult> {
    let places: BTreeMap<&str, usize> = tenants.iter().map(String::as_str).zip(0..).collect();
    results.sort_by_key(|result| places.get(result.tenant.as_str()).copied());
    results
}
