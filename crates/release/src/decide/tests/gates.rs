//! What must be so before anything is released.

use super::*;
use crate::decide::{Gate, GateState};
use insta::assert_snapshot;

fn text(gate: &Gate) -> String {
    let advice = gate.advice.as_ref().map(|advice| format!(" → {advice}")).unwrap_or_default();
    format!("{} {:?}: {}{advice}", gate.name, gate.state, gate.found)
}

fn gates(change: impl FnOnce(&mut Observation)) -> (Decision, Vec<String>) {
    let mut observation = labelled();
    change(&mut observation);
    let decision = decide(&observation);
    let open = decision.gates.iter().all(|gate| gate.state == GateState::Open);
    assert_eq!(state(&decision, 0), if open { "due" } else { "blocked" });
    assert_eq!(decision.actions.is_empty(), !open);
    let texts = decision.gates.iter().map(text).collect();
    (decision, texts)
}

/// What the gate of the build says about a run.
fn build(job: Option<&str>, run: Option<BuildRun>) -> String {
    let change = |it: &mut Observation| {
        it.rules.build = Some(BuildRule { workflow: "maven.yml".into(), job: job.map(str::to_owned) });
        it.build = Known::Yes(Some(Build { workflow: "maven.yml".into(), run }));
    };
    gates(change).1.remove(0)
}

fn run(status: &str, conclusion: Option<&str>) -> Option<BuildRun> {
    let conclusion = conclusion.map(str::to_owned);
    Some(BuildRun { attempt: 2, status: status.into(), conclusion, ..succeeded() })
}

fn job(status: &str, conclusion: Option<&str>) -> Option<BuildRun> {
    let job = BuildJob { status: status.into(), conclusion: conclusion.map(str::to_owned) };
    Some(BuildRun { job: Some(job), ..succeeded() })
}

#[test]
fn all_gates_are_open_when_the_commit_is_built() {
    assert_snapshot!(gates(|_| {}).1.join("\n"), @r"
    build Open: maven.yml for e65a995 has succeeded (attempt 1)
    image atlas Open: ghcr.io/acme/atlas:e65a995abcd is there for all platforms (sha256:aaaa)
    freeze Open: new releases may begin
    ");
}

#[test]
fn a_label_before_the_build_waits_for_it() {
    let (decision, texts) = gates(|it| {
        it.build = Known::Yes(Some(Build { workflow: "maven.yml".into(), run: None }));
        it.images = Known::NotYet("not looked at".into());
    });
    assert_snapshot!(texts.join("\n"), @r"
    build Waiting: no run yet for e65a995: maven.yml has not begun → if it does not begin by itself, check that maven.yml runs on pushes to this branch
    images Waiting: they are looked at when the build has succeeded
    freeze Open: new releases may begin
    ");
    assert_eq!(decision.look_again, None, "GitHub says when it begins");
}

#[test]
fn only_a_run_that_has_succeeded_opens_the_gate() {
    assert_snapshot!(build(None, run("queued", None)), @"build Waiting: maven.yml for e65a995 is queued (attempt 2) → follow it at https://github.com/acme/atlas-metastore/actions/runs/5");
    assert_snapshot!(build(None, run("completed", Some("failure"))), @"build Closed: maven.yml for e65a995 has failed (attempt 2) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds");
    assert_snapshot!(build(None, run("completed", Some("skipped"))), @"build Closed: maven.yml for e65a995 was skipped, which is not a success (attempt 2) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds");
    assert_snapshot!(build(None, run("completed", Some("cancelled"))), @"build Closed: maven.yml for e65a995 was cancelled (attempt 2) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds");
    assert_snapshot!(build(None, run("completed", Some("timed_out"))), @"build Closed: maven.yml for e65a995 took too long (attempt 2) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds");
    assert_snapshot!(build(None, run("completed", Some("neutral"))), @"build Closed: maven.yml for e65a995 has ended with neutral, which is not a success (attempt 2) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds");
    assert_snapshot!(build(None, run("completed", Some("stale \u{7}word"))), @r#"build Closed: maven.yml for e65a995 has ended with "stale \u{7}word", which is not a success (attempt 2) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds"#);
    assert_snapshot!(build(None, run("completed", None)), @"build Closed: maven.yml for e65a995 has ended and does not say how (attempt 2) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds");
    assert_snapshot!(build(None, run("a word of 2031", Some("success"))), @r#"build Waiting: maven.yml for e65a995 is "a word of 2031" (attempt 2) → follow it at https://github.com/acme/atlas-metastore/actions/runs/5"#);
}

#[test]
fn a_run_that_goes_on_again_closes_the_gate() {
    assert_snapshot!(build(None, run("in_progress", Some("success"))), @"build Waiting: maven.yml for e65a995 is in_progress (attempt 2) → follow it at https://github.com/acme/atlas-metastore/actions/runs/5");
}

#[test]
fn the_job_that_counts_must_have_succeeded_as_well() {
    assert_snapshot!(build(Some("build"), job("completed", Some("success"))), @r#"build Open: job "build" of maven.yml for e65a995 has succeeded (attempt 1)"#);
    assert_snapshot!(build(Some("build"), job("completed", Some("skipped"))), @r#"build Closed: job "build" of maven.yml for e65a995 was skipped, which is not a success (attempt 1) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds"#);
    assert_snapshot!(build(Some("build"), job("completed", Some("failure"))), @r#"build Closed: job "build" of maven.yml for e65a995 has failed (attempt 1) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds"#);
    assert_snapshot!(build(Some("build"), job("in_progress", None)), @r#"build Waiting: job "build" of maven.yml for e65a995 is in_progress (attempt 1) → follow it at https://github.com/acme/atlas-metastore/actions/runs/5"#);
    assert_snapshot!(build(Some("build"), Some(succeeded())), @r#"build Closed: maven.yml for e65a995 has succeeded without a job "build" (attempt 1) → look at https://github.com/acme/atlas-metastore/actions/runs/5; correct the name of the job in `build` of the service, or let it run"#);
    assert_snapshot!(build(Some("build"), run("completed", Some("failure"))), @"build Closed: maven.yml for e65a995 has failed (attempt 2) → look at https://github.com/acme/atlas-metastore/actions/runs/5; run it again, or push a commit that builds");
}

#[test]
fn a_build_that_could_not_be_read_waits() {
    let (decision, texts) = gates(|it| it.build = Known::NotYet("GitHub answered 502".into()));
    assert_snapshot!(texts[0], @"build Waiting: GitHub answered 502");
    assert_eq!(decision.look_again, Some(minute(NOW + 1)));
    let (_, texts) = gates(|it| it.build = Known::Yes(None));
    assert_snapshot!(texts[0], @"build Waiting: maven.yml was not looked at yet");
}

#[test]
fn a_service_without_a_build_waits_for_its_images_only() {
    let (_, texts) = gates(|it| {
        it.rules.build = None;
        it.build = Known::Yes(None);
    });
    assert_eq!(texts.len(), 2);
    assert!(texts[0].starts_with("image atlas Open"));
}

/// What the gates of the images say, and in how many minutes to look again.
fn images(images: Known<Vec<ImageFacts>>) -> (String, Option<i64>) {
    let (decision, texts) = gates(|it| it.images = images);
    let minutes = decision.look_again.map(|at| at.duration_since(minute(NOW)).as_mins());
    (texts[1..texts.len() - 1].join("\n"), minutes)
}

#[test]
fn every_image_must_be_there() {
    let read = ImageFacts {
        name: "read".into(),
        reference: Ok("ghcr.io/acme/read:e65a995abcd".parse().unwrap()),
        present: Known::Yes(Err("ghcr.io/acme/read:e65a995abcd lacks linux/arm64".into())),
    };
    let (text, again) = images(Known::Yes(vec![image(), read]));
    assert_snapshot!(text, @r"
    image atlas Open: ghcr.io/acme/atlas:e65a995abcd is there for all platforms (sha256:aaaa)
    image read Closed: ghcr.io/acme/read:e65a995abcd lacks linux/arm64 → look at what the build has pushed; it is looked for again every ten minutes
    ");
    assert_eq!(again, Some(10));
}

#[test]
fn an_image_of_which_nothing_is_known_waits() {
    let unknown = ImageFacts { present: Known::NotYet("ghcr.io answered 503".into()), ..image() };
    let (text, again) = images(Known::Yes(vec![unknown]));
    assert_snapshot!(text, @"image atlas Waiting: whether ghcr.io/acme/atlas:e65a995abcd is there is not known yet: ghcr.io answered 503");
    assert_eq!(again, Some(1));
    let (text, again) = images(Known::NotYet("nobody has looked".into()));
    assert_snapshot!(text, @"images Waiting: nobody has looked");
    assert_eq!(again, Some(1));
}

#[test]
fn a_branch_that_makes_no_image_name_closes_the_gate() {
    let nameless = ImageFacts { reference: Err("the path may have lower-case letters".into()), ..image() };
    let (text, again) = images(Known::Yes(vec![nameless]));
    assert_snapshot!(text, @"image atlas Closed: the path may have lower-case letters → correct `images` in `rings` of the service, or push the branch under another name");
    assert_eq!(again, None);
}

#[test]
fn a_service_without_images_releases_nothing() {
    assert_snapshot!(images(Known::Yes(Vec::new())).0, @"images Closed: the service names no image that a commit is built into → add `images` to `rings` of the service");
}

#[test]
fn nothing_begins_while_it_is_frozen() {
    let (decision, texts) =
        gates(|it| it.frozen = Some("frozen by ana since 11:00: ringway freeze off".into()));
    assert_snapshot!(texts[2], @"freeze Closed: frozen by ana since 11:00: ringway freeze off");
    assert_eq!(decision.look_again, Some(minute(NOW + 10)));
}

#[test]
fn there_are_no_gates_where_nothing_is_asked_for() {
    assert!(decide(&ring()).gates.is_empty());
    let mut observation = labelled();
    observation.labels[0].set_by = Known::Yes(person(Permission::Read));
    assert!(decide(&observation).gates.is_empty());
    observation.labels[0].set_by = Known::NotYet("not read".into());
    assert_eq!(decide(&observation).gates.len(), 3, "it may turn out to be asked for");
}

#[test]
fn what_goes_on_is_not_stopped_by_a_gate_that_closes() {
    let mut observation = with(labelled(), &[("alpha", holding(unfinished(HEAD)))]);
    observation.frozen = Some("frozen".into());
    let decision = decide(&observation);
    assert_eq!((say(&decision), state(&decision, 0)), (vec![], "under way"));
}
