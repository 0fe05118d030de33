//! From the label to the fix: what a developer does.

use super::{
    super::{
        document::began,
        expected::{Expected, PROVEN, failed},
        github::{BOT, COHORTS, DEVELOPER, FIRST, SECOND, WORKFLOW, label},
        pull_request::PullRequest,
        scene::{BASE_TAG, RING, SERVICE},
        tenants::namespace,
    },
    Releases, Story, nobody,
};
use jiff::SignedDuration;
use release::report::text::counted;

/// "Within seconds", on a machine that has other things to do as well.
const SECONDS: SignedDuration = SignedDuration::from_secs(20);

impl<'a> Story<'a> {
    pub(super) async fn a_label_before_the_build(&mut self) -> anyhow::Result<PullRequest<'a>> {
        let scene = self.scene;
        self.narrator.heading("1. A label before the build");
        let text = format!(
            "{DEVELOPER} develops the search of {SERVICE} on the branch {RING}, and wants to see it on the cohort \
             {FIRST}: a file in {COHORTS} with {}, all on {BASE_TAG} so far. A label on the pull request asks for it.",
            counted(scene.first().len(), "tenant")
        );
        self.narrator.paragraph(&text).await;
        let pull = PullRequest::open(scene, RING, DEVELOPER)?;
        pull.begin_build()?;
        let text =
            format!("{DEVELOPER} opens {} from {RING}; {WORKFLOW} builds {}", pull.name(), pull.short());
        self.narrator.deed(&text).await;
        self.label(&pull, FIRST).await?;
        let waits = self.headline(&pull, "waits for build").await?;
        self.narrator.comment(BOT, &pull.name(), &waits).await;
        let untouched = scene.specs() == scene.before;
        self.check(untouched, || "nothing should have been written before the build is done".to_owned());
        self.narrator
            .paragraph("This comment is kept up to date. Until the build of exactly this commit is done, nothing is written.")
            .await;
        Ok(pull)
    }

    pub(super) async fn the_build_is_done(&mut self, pull: &PullRequest<'_>) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("2. The build is done, and one tenant cannot pull the image");
        let text = format!(
            "What nobody knows: since this morning the pull secret of {} does not read the repositories of rings any \
             more.",
            scene.unlucky
        );
        self.narrator.paragraph(&text).await;
        scene.pull_secret_reads_rings(&scene.unlucky, false);
        pull.end_build()?;
        self.narrator.deed(&format!("{WORKFLOW} pushes {} and succeeds", pull.image())).await;
        let expected = Expected::all(scene.first(), PROVEN).but(&scene.unlucky, failed("image_pull"));
        let releases = Releases { heading: "2 build", expected: vec![(label(FIRST), expected)] };
        self.releases(pull, releases, nobody).await?;
        self.named_with_pod_and_reason(pull);
        let took = self.time_to_verdict(&scene.unlucky);
        self.check(took.is_some_and(|took| took < SECONDS), || {
            format!(
                "the image that cannot be pulled should be seen within {SECONDS:#}, and was after {took:?}"
            )
        });
        for run in self.last_runs() {
            let result = self.comment(pull, &format!("ended-{run}")).await?;
            self.narrator.comment(BOT, &pull.name(), &result).await;
        }
        self.status(pull).await?;
        let took = took.unwrap_or_default().as_secs_f64();
        let text = format!(
            "Seen {took:.1} seconds after the patch: pods are watched, so nobody waits for a deadline to pass. Proven \
             means: every pod of the others is of the new revision, is ready, and runs the digest that the tag stood \
             for when the release began."
        );
        self.narrator.paragraph(&text).await;
        Ok(())
    }

    pub(super) async fn another_cohort(&mut self, pull: &PullRequest<'_>) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("3. Another cohort");
        let text = format!(
            "The search works where it runs. {SECOND} has {}; those of {FIRST} are left alone.",
            counted(scene.second().len(), "tenant")
        );
        self.narrator.paragraph(&text).await;
        let before = scene.specs();
        self.label(pull, SECOND).await?;
        let expected = vec![(label(SECOND), Expected::all(scene.second(), PROVEN))];
        self.releases(pull, Releases { heading: "3 cohort", expected }, nobody).await?;
        self.results(pull).await?;
        let now = scene.specs();
        let touched: Vec<String> =
            scene.first().iter().filter(|tenant| now.get(*tenant) != before.get(*tenant)).cloned().collect();
        self.check(touched.is_empty(), || {
            format!("these should have been left alone: {}", touched.join(", "))
        });
        Ok(())
    }

    pub(super) async fn a_fix(&mut self, pull: &PullRequest<'_>) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("4. A fix");
        let text = format!(
            "Whoever runs {} has read why, lets its pull secret read them again, and deletes the pods that wait: new \
             ones start. Then {DEVELOPER} pushes a fix, which goes to every cohort that has a label.",
            scene.unlucky
        );
        self.narrator.paragraph(&text).await;
        scene.pull_secret_reads_rings(&scene.unlucky, true);
        self.start_anew(&scene.unlucky, &pull.image()).await?;
        self.push_and_build(pull, "a fix").await?;
        let expected = vec![
            (label(FIRST), Expected::all(scene.first(), PROVEN)),
            (label(SECOND), Expected::all(scene.second(), PROVEN)),
        ];
        self.releases(pull, Releases { heading: "4 fix", expected }, nobody).await?;
        self.results(pull).await?;
        let (image, pods) = (pull.image(), scene.pods_of(&scene.tenants));
        self.check(pods.iter().all(|pod| *pod == image), || {
            format!("every pod should run {image}, and they run {}", some(&pods))
        });
        Ok(())
    }

    /// Deletes pods that wait until all run an image. A node pauses longer and longer between two attempts to pull.
    async fn start_anew(&self, tenant: &str, image: &str) -> anyhow::Result<()> {
        let namespace = namespace(tenant);
        let pods = || -> anyhow::Result<_> {
            let is_there = self.scene.pods_of(&[tenant.to_owned()]).iter().all(|pod| pod == image);
            let waiting = self.scene.waiting_pods(tenant);
            Ok((is_there || !waiting.is_empty()).then_some(waiting))
        };
        loop {
            let waiting = self.until(&format!("the pods of {tenant} run {image}"), pods).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            for pod in waiting {
                self.hands.delete_pod(&namespace, &pod).await?;
            }
        }
    }

    pub(super) async fn label(&mut self, pull: &PullRequest<'_>, cohort: &str) -> anyhow::Result<()> {
        pull.label(&label(cohort))?;
        let text = format!("{} sets the label {} on {}", pull.by, label(cohort), pull.name());
        self.narrator.deed(&text).await;
        Ok(())
    }

    pub(super) async fn push_and_build(&mut self, pull: &PullRequest<'_>, what: &str) -> anyhow::Result<()> {
        pull.push(what)?;
        pull.begin_build()?;
        pull.end_build()?;
        let text = format!("{} pushes {} to {}; {WORKFLOW} builds it", pull.by, pull.short(), pull.ring);
        self.narrator.deed(&text).await;
        Ok(())
    }

    fn named_with_pod_and_reason(&mut self, pull: &PullRequest<'_>) {
        let unlucky = &self.scene.unlucky;
        let message = self.last_message(unlucky);
        // Whether the node has just tried or pauses between two attempts, it says which image.
        for part in [&format!("Pod tenant-{unlucky}/atlas"), "container atlas", "ImagePull", &pull.image()] {
            self.check(message.contains(part), || format!("{part:?} should be named in: {message}"));
        }
    }

    /// From a tenant's patch to its verdict in the last runs.
    fn time_to_verdict(&self, tenant: &str) -> Option<SignedDuration> {
        let report = &self.told.steps.last()?.runs.first()?.report;
        let tenant = report.tenants.iter().find(|report| report.tenant == tenant)?;
        Some(tenant.updated_at?.duration_since(began(report, tenant)))
    }
}

/// The different ones of many.
pub(super) fn some(texts: &[String]) -> String {
    let different: std::collections::BTreeSet<&String> = texts.iter().collect();
    different.into_iter().cloned().collect::<Vec<_>>().join(", ")
}
