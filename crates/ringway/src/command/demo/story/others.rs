//! What others do: a ring that wants the same tenants, and a person who reverts an override.

use super::{
    super::{
        expected::{CLAIMED, Expected, PROVEN, failed},
        following,
        github::{DEVELOPER, FIRST, RIVAL_DEVELOPER, SECOND, WORKFLOW, label},
        pull_request::PullRequest,
        scene::{RING, RIVAL},
    },
    Releases, Story, nobody, words,
};
use release::proof::Proof;
use serde_json::json;

/// Who reverts an override by hand, as the API server knows them.
const NIGHT_SHIFT: &str = "night-shift";

impl Story<'_> {
    pub(super) async fn another_ring(&mut self) -> anyhow::Result<()> {
        let scene = self.scene;
        self.narrator.heading("5. Another ring wants the same tenants");
        let text = format!(
            "{RIVAL_DEVELOPER} has a ring for the same service, with an image that is built, and asks for {FIRST} as well."
        );
        self.narrator.paragraph(&text).await;
        let before = scene.specs();
        let pull = PullRequest::open(scene, RIVAL, RIVAL_DEVELOPER)?;
        pull.begin_build()?;
        pull.end_build()?;
        let text = format!(
            "{RIVAL_DEVELOPER} opens {} from {RIVAL}; {WORKFLOW} builds {}",
            pull.name(),
            pull.short()
        );
        self.narrator.deed(&text).await;
        self.label(&pull, FIRST).await?;
        let expected = vec![(label(FIRST), Expected::all(scene.first(), CLAIMED))];
        self.releases(&pull, Releases { heading: "5 rival", expected }, nobody).await?;
        for tenant in scene.first() {
            let message = self.last_message(tenant);
            let named = message.contains(RING) && message.contains(" since 2");
            self.check(named, || format!("whose it is and since when should be said in: {message}"));
        }
        self.results(&pull).await?;
        self.check(scene.specs() == before, || "nothing should have been written for it".to_owned());
        pull.close()?;
        self.narrator
            .deed(&format!("{RIVAL_DEVELOPER} closes {} and talks to {DEVELOPER}", pull.name()))
            .await;
        self.headline(&pull, "closed: nothing to give back").await.map(drop)
    }

    pub(super) async fn somebody_reverts(&mut self, pull: &PullRequest<'_>) -> anyhow::Result<()> {
        let scene = self.scene;
        let reverted = &scene.reverted;
        self.narrator.heading("6. Somebody reverts an override by hand");
        let text = format!(
            "One more commit. The pods of {reverted} are slow to start this time, and whoever is on call there finds \
             values in its Application that they do not know."
        );
        self.narrator.paragraph(&text).await;
        scene.slow_pods(reverted, true);
        self.push_and_build(pull, "one more").await?;
        let expected = vec![
            (label(FIRST), Expected::all(scene.first(), PROVEN)),
            (label(SECOND), Expected::all(scene.second(), PROVEN).but(reverted, failed("reverted"))),
        ];
        let (ledger, hands) = (self.ledger, self.hands);
        let night_shift = async |runs: &[String]| {
            // The second cohort has it.
            let Some(run) = runs.last() else { return Ok(None) };
            if !following::reached(ledger, run, reverted, Proof::Applied).await? {
                return Ok(None);
            }
            let parameters = scene.parameters_before(reverted);
            let patch =
                json!([{"op": "replace", "path": "/spec/source/helm/parameters", "value": parameters}]);
            hands.patch_application(reverted, &patch, NIGHT_SHIFT).await?;
            let who = ["--field-manager", NIGHT_SHIFT];
            let mut command =
                words(&[&["kubectl -n argocd patch application", reverted], who.as_slice()].concat());
            command.extend(["--type", "json", "--patch", &patch.to_string()].map(str::to_owned));
            Ok(Some(command))
        };
        self.releases(pull, Releases { heading: "6 revert", expected }, night_shift).await?;
        scene.slow_pods(reverted, false);
        let message = self.last_message(reverted);
        self.check(message.contains(&format!("last written by {NIGHT_SHIFT} at 2")), || {
            format!("who reverted it and when should be said in: {message}")
        });
        self.results(pull).await?;
        self.narrator
            .paragraph(
                "Ringway does not write it again: two who overwrite each other help nobody. It says who it was, and \
                 leaves it to people.",
            )
            .await;
        Ok(())
    }
}
