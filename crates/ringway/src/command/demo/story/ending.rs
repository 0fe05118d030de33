//! How it ends: everything given back, and everything as before.

use super::{
    super::{
        expected::{Expected, PROVEN},
        following,
        github::{BOT, DEVELOPER},
        pull_request::PullRequest,
        scene::{BASE_TAG, SERVICE, Scene},
    },
    Ended, Step, Story,
    labels::some,
};
use release::report::{RunKind, text::counted};

impl Story<'_> {
    pub(super) async fn closed_without_merge(&mut self, pull: &PullRequest<'_>) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("7. Closed without merge");
        let text = format!(
            "{DEVELOPER} has seen enough, and closes the pull request. What Ringway wrote is taken back, from what it \
             wrote down before it wrote it, and every tenant is proven to run what remains."
        );
        self.narrator.paragraph(&text).await;
        self.told.pull_request = (pull.number, pull.commit());
        pull.close()?;
        self.narrator.deed(&format!("{DEVELOPER} closes {}", pull.name())).await;
        let any = |_: &_| true;
        let run = self.until("a cleanup begins", || self.run(pull, RunKind::Cleanup, any)).await?;
        let runs = [run];
        let reports = following::follow(self.ledger, &runs, self.narrator, std::future::pending()).await?;
        for report in reports {
            self.compare(&report, &Expected::all(&scene.tenants, PROVEN));
            let runs = vec![Ended { pull_request: pull.number, commit: None, report }];
            self.told.steps.push(Step { heading: "7 close".to_owned(), runs });
        }
        let [run] = runs;
        let result = self.comment(pull, &format!("ended-{run}")).await?;
        self.narrator.comment(BOT, &pull.name(), &result).await;
        self.until("nothing can happen to the pull requests any more", || {
            let known = self.ledger.pull_requests()?;
            Ok(known.iter().all(crate::ledger::KnownPullRequest::is_settled).then_some(()))
        })
        .await
    }

    /// Compares the fleet with what it was before the first release.
    pub(super) async fn as_before(&mut self) -> anyhow::Result<()> {
        let scene = self.scene;
        let changed = changed(scene);
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
                counted(scene.tenants.len(), "Application"),
                counted(pods.len(), "pod")
            );
            self.narrator.paragraph(&text).await;
        }
        Ok(())
    }
}

/// Applications whose spec differs from before, or that still carry our annotation.
fn changed(scene: &Scene) -> Vec<String> {
    let now = scene.specs();
    scene.tenants.iter().filter(|tenant| now.get(*tenant) != scene.before.get(*tenant)).cloned().collect()
}
