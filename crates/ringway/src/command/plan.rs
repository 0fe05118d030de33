//! `ringway plan`: what a release would change, tenant by tenant. Writes nothing.

use super::{OutputFormat, PlanArguments, tenants};
use crate::{
    activity::preflight_tenant::{self, Looked},
    clock::SystemClock,
    cluster::ClusterError,
    config::Config,
    error::Outcome,
    ledger::Ledger,
    output, start,
    state::StateFolder,
    world::World,
};
use release::{
    application::ApplicationKey,
    image::ResolvedImage,
    overrides::{LeafChange, OverridePlan, Shadowed, preflight::Examined},
    refusal::Refusal,
    report::text::counted,
    service::Service,
    step::RunContext,
    verdict::{ReleaseVerdict, TenantVerdict},
};
use serde::Serialize;
use std::{fmt::Write, sync::Arc};

/// What would happen to a tenant.
#[derive(Debug, Serialize)]
struct TenantPlan {
    tenant: String,
    outcome: PlanOutcome,
    applications: Vec<ApplicationPlan>,
    refusals: Vec<Refusal>,
    reasons: Vec<String>,
    notes: Vec<String>,
}

impl TenantPlan {
    fn verdict(&self) -> TenantVerdict {
        match self.outcome {
            PlanOutcome::Refused => TenantVerdict::Refused,
            PlanOutcome::Skipped => TenantVerdict::Skipped,
            PlanOutcome::Failed => TenantVerdict::Failed,
            PlanOutcome::Ready | PlanOutcome::NothingToChange => TenantVerdict::Success,
        }
    }
}

/// What would happen to a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum PlanOutcome {
    Ready,
    NothingToChange,
    Skipped,
    Refused,
    /// It could not be looked at.
    Failed,
}

impl PlanOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NothingToChange => "nothing to change",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
            Self::Failed => "would fail",
        }
    }
}

/// What would change in an Application.
#[derive(Debug, Serialize)]
struct ApplicationPlan {
    application: ApplicationKey,
    changes: Vec<LeafChange>,
    shadowed: Vec<Shadowed>,
    /// `accepted`, or what the API server says to the patch; only with `--server-check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_check: Option<String>,
}

pub(super) async fn plan(
    config: Config,
    arguments: PlanArguments,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let (tenants, _) = tenants(&config, &arguments.release)?;
    start::assign(start::service(&config, &arguments.release.service)?, &arguments.release.images)?;
    let folder = StateFolder::open(&config.state_folder)?;
    // Without a ledger nothing is claimed, and nobody has to own the folder only to look.
    let ledger = if folder.ledger().exists() {
        Ledger::open_read_only(&folder.ledger())?
    } else {
        Ledger::in_memory("none")?
    };
    let world = World::new(config, ledger, Arc::new(SystemClock))?;
    let service = start::service(&world.config, &arguments.release.service)?;
    let images = start::resolve(&world, service, &start::assign(service, &arguments.release.images)?).await?;
    let service = start::effective(&world, service);
    let mut plans = Vec::new();
    for tenant in tenants {
        let context = RunContext { run: "plan".to_owned(), ring: arguments.release.ring.clone(), tenant };
        plans.push(plan_tenant(&world, &context, &service, &images, arguments.server_check).await?);
    }
    if arguments.release.all_or_nothing || world.config.limits.all_or_nothing {
        refuse_all_if_one_is(&mut plans);
    }
    output::print(format, &plans, || text(&images, &plans))?;
    // As the release would end if nothing went wrong.
    let verdicts: Vec<TenantVerdict> = plans.iter().map(TenantPlan::verdict).collect();
    Ok(Outcome::Verdict(ReleaseVerdict::fold(&verdicts, None)))
}

/// As a release does that is all or nothing.
fn refuse_all_if_one_is(plans: &mut [TenantPlan]) {
    let stands_in_the_way =
        |plan: &&TenantPlan| matches!(plan.verdict(), TenantVerdict::Refused | TenantVerdict::Failed);
    let Some(culprit) = plans.iter().find(stands_in_the_way).map(|plan| plan.tenant.clone()) else { return };
    for plan in plans {
        if plan.verdict() == TenantVerdict::Success {
            plan.outcome = PlanOutcome::Refused;
            plan.reasons
                .push(format!("tenant {culprit} cannot be released, and this release is all or nothing"));
        }
    }
}

async fn plan_tenant(
    world: &World,
    context: &RunContext,
    service: &Service,
    images: &[ResolvedImage],
    server_check: bool,
) -> anyhow::Result<TenantPlan> {
    // As in a release: one tenant that cannot be looked at does not keep the others from being planned.
    let mut failures = Vec::new();
    let looked = match preflight_tenant::look(world, context, service, images).await {
        Ok(looked) => looked,
        Err(error) => match error.downcast::<ClusterError>() {
            Ok(error) => {
                let refusal = preflight_tenant::denied(&error);
                if refusal.is_none() {
                    failures.push(error.to_failure().message);
                }
                Looked { refusals: refusal.into_iter().collect(), ..Looked::default() }
            }
            Err(error) => return Err(error),
        },
    };
    let mut plan = TenantPlan {
        tenant: context.tenant.clone(),
        outcome: PlanOutcome::Ready,
        applications: Vec::new(),
        refusals: looked.refusals,
        reasons: Vec::new(),
        notes: Vec::new(),
    };
    let mut skipped = false;
    for (key, examined) in looked.examined {
        match examined {
            Examined::Ready { plan: planned, notes, .. } => {
                plan.notes.extend(notes);
                let server_check = match server_check {
                    true => Some(match check(world, &key, &planned).await {
                        Ok(answer) => answer.to_owned(),
                        Err(error) => {
                            let message = error.to_failure().message;
                            match preflight_tenant::not_taken(&key, &error) {
                                Some(refusal) => plan.refusals.push(refusal),
                                None => failures.push(message.clone()),
                            }
                            message
                        }
                    }),
                    false => None,
                };
                plan.applications.push(ApplicationPlan {
                    application: key,
                    changes: planned.changes,
                    shadowed: planned.shadowed,
                    server_check,
                });
            }
            Examined::Refused(refusals) => plan.refusals.extend(refusals),
            Examined::Skipped { reason } => {
                skipped = true;
                plan.reasons.push(reason);
            }
        }
    }
    plan.reasons.extend(plan.refusals.iter().map(ToString::to_string));
    plan.outcome = match () {
        () if !failures.is_empty() => PlanOutcome::Failed,
        () if !plan.refusals.is_empty() => PlanOutcome::Refused,
        () if skipped => PlanOutcome::Skipped,
        () if plan.applications.iter().all(|application| application.changes.is_empty()) => {
            PlanOutcome::NothingToChange
        }
        () => PlanOutcome::Ready,
    };
    plan.reasons.extend(failures);
    Ok(plan)
}

/// Asks the API server whether it would accept the patch. It stores nothing.
async fn check(
    world: &World,
    key: &ApplicationKey,
    plan: &OverridePlan,
) -> Result<&'static str, ClusterError> {
    if plan.patch.is_empty() {
        return Ok("nothing to send");
    }
    let client = world.clusters.instance(&key.instance).await?;
    client.patch_application(key, &plan.patch, true).await?;
    Ok("accepted")
}

fn text(images: &[ResolvedImage], plans: &[TenantPlan]) -> String {
    let mut text = String::new();
    for image in images {
        let platforms: Vec<String> = image.digests.platforms.keys().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "{}: {} is {} ({})",
            image.name,
            image.reference,
            image.digests.digest,
            platforms.join(", ")
        );
    }
    for plan in plans {
        let _ = writeln!(text, "{}: {}", plan.tenant, plan.outcome.as_str());
        for reason in &plan.reasons {
            let _ = writeln!(text, "  {}", reason.replace('\n', "\n  "));
        }
        for application in &plan.applications {
            let _ = writeln!(text, "  Application {}", application.application);
            for change in &application.changes {
                let before = change.before.as_deref().unwrap_or("not set");
                let _ = writeln!(text, "    {}: {before} → {}", change.path, change.after);
            }
            for shadowed in &application.shadowed {
                let _ = writeln!(
                    text,
                    "    has no effect meanwhile: {} in {} ({})",
                    shadowed.path, shadowed.place, shadowed.value
                );
            }
            if let Some(check) = &application.server_check {
                let _ = writeln!(text, "    the API server says: {check}");
            }
        }
        for note in &plan.notes {
            let _ = writeln!(text, "  note: {note}");
        }
    }
    let count = |outcome| plans.iter().filter(|plan| plan.outcome == outcome).count();
    let _ = write!(
        text,
        "{}: {} ready, {} with nothing to change, {} skipped, {} refused, {} would fail. Nothing was written.",
        counted(plans.len(), "tenant"),
        count(PlanOutcome::Ready),
        count(PlanOutcome::NothingToChange),
        count(PlanOutcome::Skipped),
        count(PlanOutcome::Refused),
        count(PlanOutcome::Failed)
    );
    text
}
