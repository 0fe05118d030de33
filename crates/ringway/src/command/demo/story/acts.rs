//! The five acts, each with what is to come out of it.

use super::{
    super::{
        document::began,
        expected::{CLAIMED, Expected, PROVEN, failed},
        following,
        hands::{Hands, advised_deletions},
        scene::{BASE_TAG, EVERYONE, OTHERS, RING, RIVAL, SERVICE, Scene},
    },
    Release, Story, words,
};
use crate::{ledger::Ledger, request::Answer, state::StateFolder};
use jiff::SignedDuration;
use release::{proof::Proof, report::text};
use serde_json::json;

/// Who reverts an override by hand, as the API server knows them.
const NIGHT_SHIFT: &str = "night-shift";

/// "Within seconds", on a machine that has other things to do as well.
const SECONDS: SignedDuration = SignedDuration::from_secs(20);

impl Story<'_> {
    /// Tells all of it.
    pub(crate) async fn tell(&mut self) -> anyhow::Result<()> {
        self.a_release().await?;
        self.a_fix_that_one_tenant_cannot_pull().await?;
        self.another_ring().await?;
        self.somebody_reverts().await?;
        self.everything_back().await?;
        self.as_before().await
    }

    async fn a_release(&mut self) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("1. A release");
        let text = format!(
            "A team develops the search of {SERVICE} on the branch {RING}. It wants to see its newest build on the \
             cohort early-birds: {}, all on {BASE_TAG} so far.",
            text::counted(scene.tenants.len(), "tenant")
        );
        self.narrator.paragraph(&text).await;
        let release =
            Release { heading: "1 release", ring: RING, image: &scene.images.first, cohort: EVERYONE };
        self.release(&release, &Expected::all(&scene.tenants, PROVEN)).await?;
        let (image, pods) = (&scene.images.first, scene.pods_of(&scene.tenants));
        self.check(pods.iter().all(|pod| pod == image), || {
            format!("every pod should run {image}, and they run {}", some(&pods))
        });
        self.narrator
            .paragraph(
                "Proven means: every pod was looked at, is of the new revision, is ready, and runs the digest that \
                 the tag stood for when the release began.",
            )
            .await;
        Ok(())
    }

    async fn a_fix_that_one_tenant_cannot_pull(&mut self) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("2. A fix that one tenant cannot pull");
        let text = format!(
            "The next commit. What nobody knows: since this morning the pull secret of {} does not read the \
             repositories of rings any more.",
            scene.unlucky
        );
        self.narrator.paragraph(&text).await;
        scene.narrow_pull_secret(&scene.unlucky);
        let release = Release { heading: "2 fix", ring: RING, image: &scene.images.fix, cohort: EVERYONE };
        let expected = Expected::all(&scene.tenants, PROVEN).but(&scene.unlucky, failed("image_pull"));
        self.release(&release, &expected).await?;
        self.named_with_pod_and_reason();
        let took = self.time_to_verdict(&scene.unlucky);
        self.check(took.is_some_and(|took| took < SECONDS), || {
            format!(
                "the image that cannot be pulled should be seen within {SECONDS:#}, and was after {took:?}"
            )
        });
        let took = took.unwrap_or_default().as_secs_f64();
        let text = format!(
            "Seen {took:.1} seconds after the patch: pods are watched, so nobody waits for a deadline to pass. The \
             other tenants were not held up."
        );
        self.narrator.paragraph(&text).await;
        Ok(())
    }

    fn named_with_pod_and_reason(&mut self) {
        let unlucky = &self.scene.unlucky;
        let message = self.last_problem(unlucky).map(|problem| problem.message.clone()).unwrap_or_default();
        // Whether the node has just tried or pauses between two attempts, it says which image.
        let image = &self.scene.images.fix;
        for part in [&format!("Pod tenant-{unlucky}/atlas"), "container atlas", "ImagePull", image] {
            self.check(message.contains(part), || format!("{part:?} should be named in: {message}"));
        }
    }

    /// From a tenant's patch to its verdict in the last run.
    fn time_to_verdict(&self, tenant: &str) -> Option<SignedDuration> {
        let report = &self.told.steps.last()?.report;
        let tenant = report.tenants.iter().find(|report| report.tenant == tenant)?;
        Some(tenant.updated_at?.duration_since(began(report, tenant)))
    }

    async fn another_ring(&mut self) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("3. Another ring wants the same tenants");
        self.narrator
            .paragraph("A second team has a ring for the same service, and asks for the same cohort.")
            .await;
        let before = scene.specs();
        let release =
            Release { heading: "3 rival", ring: RIVAL, image: &scene.images.rival, cohort: EVERYONE };
        self.release(&release, &Expected::all(&scene.tenants, CLAIMED)).await?;
        for tenant in &scene.tenants {
            let message =
                self.last_problem(tenant).map(|problem| problem.message.clone()).unwrap_or_default();
            let named = message.contains(RING) && message.contains(" since 2");
            self.check(named, || format!("whose it is and since when should be said in: {message}"));
        }
        self.check(scene.specs() == before, || "nothing should have been written for it".to_owned());
        self.narrator.paragraph("Nothing was written for it.").await;
        Ok(())
    }

    async fn somebody_reverts(&mut self) -> anyhow::Result<()> {
        let scene = self.scene;
        let reverted = &scene.reverted;
        self.narrator.heading("4. Somebody reverts an override by hand");
        let text = format!(
            "One more commit, for all but {}. The pods of {reverted} are slow to start, and whoever is on call there \
             finds values in its Application that they do not know.",
            scene.unlucky
        );
        self.narrator.paragraph(&text).await;
        scene.slow_pods(reverted, true);
        let release =
            Release { heading: "4 reverted", ring: RING, image: &scene.images.next, cohort: OTHERS };
        let answer = self.begin(&release).await?;
        let night_shift = revert_when_applied(scene, self.hands, self.folder, &answer);
        let report = following::follow(self.owner, self.folder, &answer, self.narrator, night_shift).await?;
        scene.slow_pods(reverted, false);
        let others: Vec<String> =
            scene.tenants.iter().filter(|tenant| **tenant != scene.unlucky).cloned().collect();
        let expected = Expected::all(&others, PROVEN).but(reverted, failed("reverted"));
        self.ended(release.heading, report, &expected);
        let message = self.last_problem(reverted).map(|problem| problem.message.clone()).unwrap_or_default();
        self.check(message.contains(&format!("last written by {NIGHT_SHIFT} at 2")), || {
            format!("who reverted it and when should be said in: {message}")
        });
        self.narrator
            .paragraph(
                "Ringway does not write it again: two who overwrite each other help nobody. It says who it was, and \
                 leaves it to people.",
            )
            .await;
        Ok(())
    }

    async fn everything_back(&mut self) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("5. Everything back");
        self.narrator
            .paragraph(
                "The branch is merged. What Ringway wrote is taken back, from what it wrote down before it wrote it, \
                 and every tenant is proven to run what remains.",
            )
            .await;
        let expected = Expected::all(&scene.tenants, PROVEN).but(&scene.unlucky, failed("repair_trap"));
        self.cleanup("5 cleanup", RING, &expected).await?;
        self.do_as_told().await?;
        let unlucky = std::slice::from_ref(&scene.unlucky);
        self.cleanup("6 again", RING, &Expected::all(unlucky, PROVEN)).await
    }

    /// Deletes the pods that the cleanup has named.
    async fn do_as_told(&mut self) -> anyhow::Result<()> {
        let advice = self.last_problem(&self.scene.unlucky).and_then(|problem| problem.advice.clone());
        let deletions = advised_deletions(advice.as_deref().unwrap_or_default());
        self.check(!deletions.is_empty(), || format!("pods to delete should be named in: {advice:?}"));
        self.narrator
            .paragraph(
                "A StatefulSet does not replace a pod that never became ready. Ringway deletes no pods, but it says \
                 which ones. The demo does as told:",
            )
            .await;
        for deletion in deletions {
            self.narrator.command(&deletion.words).await;
            for pod in &deletion.pods {
                self.hands.delete_pod(&deletion.namespace, pod).await?;
                self.narrator.event(&format!("pod {pod} deleted"));
            }
        }
        Ok(())
    }

    /// Compares the fleet with what it was before the first release.
    async fn as_before(&mut self) -> anyhow::Result<()> {
        let scene = self.scene;
        let changed: Vec<String> = changed(scene);
        self.check(changed.is_empty(), || {
            format!("these Applications should be as before: {}", changed.join(", "))
        });
        let pods = scene.pods_of(&scene.tenants);
        let base = Scene::base_image();
        self.check(pods.iter().all(|pod| *pod == base), || {
            format!("every pod should run {base}, and they run {}", some(&pods))
        });
        if changed.is_empty() {
            let text = format!(
                "Compared with the fleet before the first release: the specs of all {} are the same, byte for byte, \
                 and {} run {SERVICE} {BASE_TAG} again.",
                text::counted(scene.tenants.len(), "Application"),
                text::counted(pods.len(), "pod")
            );
            self.narrator.paragraph(&text).await;
        }
        Ok(())
    }
}

/// Puts the values of an Application back to what they were before any release, once Argo CD has applied ours. The answer
/// is the command that was given.
async fn revert_when_applied(
    scene: &Scene,
    hands: &Hands,
    folder: &StateFolder,
    answer: &Answer,
) -> anyhow::Result<Option<Vec<String>>> {
    let tenant = &scene.reverted;
    let Answer::Begun { run, .. } = answer else { return Ok(None) };
    let ledger = Ledger::open_read_only(&folder.ledger())?;
    if !following::reached(&ledger, run, tenant, Proof::Applied).await? {
        return Ok(None);
    }
    let parameters = scene.parameters_before(tenant);
    let patch = json!([{"op": "replace", "path": "/spec/source/helm/parameters", "value": parameters}]);
    hands.patch_application(tenant, &patch, NIGHT_SHIFT).await?;
    let mut command = words(&["kubectl -n argocd patch application", tenant, "--field-manager", NIGHT_SHIFT]);
    command.extend(["--type", "json", "--patch", &patch.to_string()].map(str::to_owned));
    Ok(Some(command))
}

/// Applications whose spec differs from before, or that still carry our annotation.
fn changed(scene: &Scene) -> Vec<String> {
    let now = scene.specs();
    scene.tenants.iter().filter(|tenant| now.get(*tenant) != scene.before.get(*tenant)).cloned().collect()
}

/// The different ones of many.
fn some(texts: &[String]) -> String {
    let different: std::collections::BTreeSet<&String> = texts.iter().collect();
    different.into_iter().cloned().collect::<Vec<_>>().join(", ")
}
