//! What becomes of requests, and what the audit says of them, over a ledger and an engine in memory.

use super::{Gate, Owner};
use crate::{
    activity,
    asker::Asker,
    error::{RefusedError, UsageError},
    ledger::{Action, AuditFilter, AuditOutcome, NewRun, PullRequestOrigin},
    request::{Answer, CleanupRequest, FreezeRequest, ReleaseRequest, Request, Selection},
    start,
    world::testing::{ScriptedRegistry, new_run, with_registry},
};
use durable::{Failure, Flow, Workflow};
use durable_sqlite::{MemoryJournal, Options};
use release::{image::Availability, report::RunKind, verdict::Stop, workflow::STOP_MAILBOX};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

const IMAGES: [&str; 2] = ["ghcr.io/acme/front:1", "ghcr.io/acme/back:1"];

fn release() -> ReleaseRequest {
    ReleaseRequest {
        ring: "ring-a".to_owned(),
        service: "web".to_owned(),
        images: IMAGES.map(str::to_owned).to_vec(),
        tenants: vec!["a".to_owned(), "b".to_owned()],
        cohort: None,
        max_parallel: None,
        all_or_nothing: false,
        origin: None,
    }
}

fn freeze(on: bool, service: Option<&str>) -> Request {
    let reason = on.then(|| "incident 7".to_owned());
    Request::Freeze(FreezeRequest { on, service: service.map(str::to_owned), reason })
}

fn cleanup() -> Request {
    let selection = Selection::Ring("ring-a".to_owned());
    Request::StartCleanup(CleanupRequest { selection, max_parallel: None, origin: None })
}

/// Does `work` with an owner whose registry has the images, for a user of the socket.
async fn with_owner(work: impl AsyncFnOnce(Owner)) {
    with_owner_and_registry(async |owner, _| work(owner).await).await;
}

async fn with_owner_and_registry(work: impl AsyncFnOnce(Owner, Arc<ScriptedRegistry>)) {
    let registry = Arc::new(ScriptedRegistry::default());
    IMAGES.iter().for_each(|image| registry.push(image, "sha256:1"));
    let world = Arc::new(with_registry(Arc::clone(&registry), "", &[]));
    let options = Options { clock: Arc::clone(&world.clock), ..Options::default() };
    let journal = MemoryJournal::default();
    let mut known = activity::registry(&world);
    known.workflow::<HeldUp>();
    let engine = durable_sqlite::open_in_memory(&journal, known, options).unwrap();
    let owner = Owner::over(world, engine.handle(), |_| {}).asked_by(Asker::peer(0));
    tokio::select! {
        biased;
        ended = engine.run(std::future::pending()) => panic!("{ended:?}"),
        () = work(owner, registry) => {}
    }
}

/// A release whose cluster does not answer: told to stop, it ends when it is let go.
struct HeldUp;

impl Workflow for HeldUp {
    const NAME: &'static str = "held_up";
    type Input = ();
    type Output = ();

    async fn run<F: Flow>(flow: F, (): ()) -> Result<(), Failure> {
        flow.receive::<Stop>(STOP_MAILBOX).await?;
        flow.receive::<()>("let_go").await?;
        Err(Failure::permanent("held_up", "let go"))
    }
}

/// Begins one, of the tenants of [`release`].
async fn begin_held_up(owner: &Owner, run: &str) {
    owner.world().ledger.begin_run(&new_run(run, RunKind::Release, "ring-a", &["a", "b"])).unwrap();
    owner.engine.start::<HeldUp>(run, &()).await.unwrap();
}

/// Waits until a release has been told to stop.
async fn told_to_stop(owner: &Owner, run: &str) {
    while owner.world().ledger.stop_of_run(run).unwrap().is_none() {
        tokio::task::yield_now().await;
    }
}

/// `action outcome run`, line by line.
fn audit(owner: &Owner) -> Vec<(Action, AuditOutcome, Option<String>)> {
    let entries = owner.world().ledger.audit(&AuditFilter::default()).unwrap();
    assert!(entries.iter().all(|entry| entry.by == Asker::peer(0)), "{entries:?}");
    entries.into_iter().map(|entry| (entry.action, entry.outcome, entry.run)).collect()
}

#[tokio::test]
async fn what_is_begun_and_cancelled_is_in_the_audit_with_who_asked() {
    with_owner(async |owner| {
        let answer = owner.carry_out(Request::StartRelease(release())).await.unwrap();
        let Answer::Begun { run, continued: false } = answer else { panic!("{answer:?}") };
        let again = owner.carry_out(Request::StartRelease(release())).await.unwrap();
        assert_eq!(again, Answer::Begun { run: run.clone(), continued: true });
        owner.carry_out(Request::Cancel { run: run.clone() }).await.unwrap();
        let of_run = Some(run);
        assert_eq!(
            audit(&owner),
            [
                (Action::ReleaseStart, AuditOutcome::Done, of_run.clone()),
                (Action::ReleaseStart, AuditOutcome::Continued, of_run.clone()),
                (Action::Cancel, AuditOutcome::Done, of_run),
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn what_has_begun_goes_on_while_the_registry_cannot_be_asked_and_nothing_else_does() {
    with_owner_and_registry(async |owner, registry| {
        let answer = owner.carry_out(Request::StartRelease(release())).await.unwrap();
        let Answer::Begun { run, continued: false } = answer else { panic!("{answer:?}") };
        let gone = Availability::Unknown { reason: "503 Service Unavailable".into(), denied: false };
        registry.answer(IMAGES[1], gone);
        let again = owner.carry_out(Request::StartRelease(release())).await.unwrap();
        assert_eq!(again, Answer::Begun { run, continued: true });
        let other = ReleaseRequest { tenants: vec!["c".to_owned()], ..release() };
        let error = owner.carry_out(Request::StartRelease(other)).await.unwrap_err();
        assert!(error.is::<RefusedError>() && error.to_string().contains("503"), "{error}");
        registry.answer(IMAGES[1], Availability::Absent);
        let error = owner.carry_out(Request::StartRelease(release())).await.unwrap_err();
        assert!(error.is::<RefusedError>() && error.to_string().contains("does not exist"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_supersedes_in_the_name_of_whoever_asked_for_it() {
    with_owner(async |owner| {
        let older = new_run("r1", RunKind::Release, "ring-a", &["a"]);
        owner.world().ledger.begin_run(&older).unwrap();
        let answer = owner.carry_out(Request::StartRelease(release())).await;
        // Its workflow was never started, which no process leaves so.
        assert!(answer.is_err());
        assert_eq!(
            audit(&owner),
            [
                (Action::Supersede, AuditOutcome::Done, Some("r1".to_owned())),
                (Action::ReleaseStart, AuditOutcome::Failed, None),
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn who_waits_for_an_older_release_to_end_holds_nobody_else_up_and_still_sees_a_freeze() {
    with_owner(async |owner| {
        begin_held_up(&owner, "r1").await;
        let newer = owner.carry_out(Request::StartRelease(release()));
        let others = async {
            told_to_stop(&owner, "r1").await;
            let elsewhere = ReleaseRequest { ring: "ring-b".to_owned(), ..release() };
            let answer = owner.carry_out(Request::StartRelease(elsewhere)).await.unwrap();
            assert!(matches!(answer, Answer::Begun { continued: false, .. }), "{answer:?}");
            let changed = owner.carry_out(freeze(true, None)).await.unwrap();
            assert_eq!(changed, Answer::FreezeSet { changed: true });
            assert!(!owner.world().ledger.has_ended("r1").unwrap());
            owner.engine.send("r1", "let_go", &()).await.unwrap();
        };
        let (refused, ()) = tokio::join!(newer, others);
        let error = refused.unwrap_err();
        assert!(error.is::<RefusedError>() && error.to_string().contains("frozen"), "{error}");
        assert!(owner.world().ledger.has_ended("r1").unwrap());
    })
    .await;
}

#[tokio::test]
async fn of_releases_that_wait_for_an_older_one_the_newest_is_left_and_a_cleanup_ends_them_all() {
    with_owner(async |owner| {
        begin_held_up(&owner, "r1").await;
        let of = |tenants: &[&str]| {
            let tenants = tenants.iter().map(|tenant| (*tenant).to_owned()).collect();
            Request::StartRelease(ReleaseRequest { tenants, ..release() })
        };
        let (second, third) = (owner.carry_out(of(&["a"])), owner.carry_out(of(&["a", "b"])));
        let let_go = async {
            told_to_stop(&owner, "r1").await;
            owner.engine.send("r1", "let_go", &()).await.unwrap();
        };
        let (second, third, ()) = tokio::join!(biased; second, third, let_go);
        let (Answer::Begun { run: second, .. }, Answer::Begun { run: third, .. }) =
            (second.unwrap(), third.unwrap())
        else {
            panic!("both begin");
        };
        let stop = owner.world().ledger.stop_of_run(&second).unwrap();
        assert_eq!(stop, Some(Stop::Supersede { by: third.clone() }));
        owner.carry_out(cleanup()).await.unwrap();
        assert_eq!(owner.world().ledger.stop_of_run(&third).unwrap(), Some(Stop::Cleanup));
        let unfinished = owner.world().ledger.unfinished_runs_of_ring("ring-a", "web").unwrap();
        assert!(unfinished.is_empty(), "{unfinished:?}");
    })
    .await;
}

#[tokio::test]
async fn nothing_new_starts_of_what_is_frozen() {
    with_owner(async |owner| {
        for (service, text) in [(None, "everything is frozen"), (Some("web"), "service web is frozen")] {
            let changed = owner.carry_out(freeze(true, service)).await.unwrap();
            assert_eq!(changed, Answer::FreezeSet { changed: true });
            let error = owner.carry_out(Request::StartRelease(release())).await.unwrap_err();
            assert!(error.is::<RefusedError>(), "{error}");
            for part in [text, "2026-11-23T10:00:00Z", "uid 0", "incident 7", "ringway freeze off"] {
                assert!(error.to_string().contains(part), "{part}: {error}");
            }
            owner.carry_out(freeze(false, service)).await.unwrap();
        }
        owner.carry_out(freeze(true, Some("another"))).await.unwrap();
        let answer = owner.carry_out(Request::StartRelease(release())).await.unwrap();
        assert!(matches!(answer, Answer::Begun { continued: false, .. }), "{answer:?}");
        let refused = (Action::ReleaseStart, AuditOutcome::Refused, None);
        assert_eq!(audit(&owner).into_iter().filter(|entry| *entry == refused).count(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_runs_goes_on_although_it_is_frozen_and_cleanups_are_allowed() {
    with_owner(async |owner| {
        let (world, request) = (owner.world(), release());
        let service = start::service(&world.config, "web").unwrap();
        let assigned = start::assign(service, &request.images).unwrap();
        let images = start::resolve(world, service, &assigned).await.unwrap();
        let run = NewRun { images, ..new_run("r1", RunKind::Release, "ring-a", &["a", "b"]) };
        world.ledger.begin_run(&run).unwrap();
        owner.carry_out(freeze(true, None)).await.unwrap();
        let answer = owner.carry_out(Request::StartRelease(request)).await.unwrap();
        assert_eq!(answer, Answer::Begun { run: "r1".to_owned(), continued: true });
    })
    .await;
    with_owner(async |owner| {
        owner.carry_out(freeze(true, None)).await.unwrap();
        let answer = owner.carry_out(cleanup()).await.unwrap();
        assert!(matches!(answer, Answer::Nothing { .. }), "{answer:?}");
        assert_eq!(audit(&owner).last(), Some(&(Action::Cleanup, AuditOutcome::Nothing, None)));
    })
    .await;
}

#[tokio::test]
async fn a_release_that_a_newer_commit_asks_for_again_goes_on_and_counts_for_that() {
    with_owner(async |owner| {
        let (world, request) = (owner.world(), release());
        let service = start::service(&world.config, "web").unwrap();
        let assigned = start::assign(service, &request.images).unwrap();
        let images = start::resolve(world, service, &assigned).await.unwrap();
        let origin = |commit: &str, label: &str| {
            let (commit, label) = (Some(commit.to_owned()), Some(label.to_owned()));
            Some(PullRequestOrigin { repository: 99, number: 12, commit, label, revision: None })
        };
        let run = new_run("r1", RunKind::Release, "ring-a", &["a", "b"]);
        let run = NewRun { images, origin: origin("one", "cohort:x:y:one"), ..run };
        world.ledger.begin_run(&run).unwrap();
        let recorded = || world.ledger.run("r1").unwrap().unwrap().origin;
        let newer = origin("two", "cohort:x:y:two");
        for (asked, expected) in [(newer.clone(), &newer), (None, &newer)] {
            let request = ReleaseRequest { origin: asked, ..release() };
            let owner = owner.asked_by(Asker::github("octocat"));
            let answer = owner.carry_out(Request::StartRelease(request)).await.unwrap();
            assert_eq!(answer, Answer::Begun { run: "r1".to_owned(), continued: true });
            assert_eq!(&recorded(), expected);
        }
        let audit = world.ledger.audit(&AuditFilter::default()).unwrap();
        let names: Vec<_> = audit.iter().map(|entry| entry.pull_request.as_deref()).collect();
        assert_eq!(names, [Some("repository 99#12"), None]);
    })
    .await;
}

#[test]
fn what_comes_over_the_socket_is_never_of_a_pull_request() {
    let origin = PullRequestOrigin { repository: 99, number: 12, commit: None, label: None, revision: None };
    let request = Request::StartRelease(ReleaseRequest { origin: Some(origin), ..release() });
    let sent = serde_json::to_string(&request).unwrap();
    let received: Request = serde_json::from_str(&sent).unwrap();
    assert_eq!(received, Request::StartRelease(release()));
    let forged = sent.replacen('{', r#"{"origin": {"repository": 99, "number": 12},"#, 1);
    assert_eq!(serde_json::from_str::<Request>(&forged).unwrap(), received);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_asked_for_nothing() {
    with_owner(async |owner| {
        let request = ReleaseRequest { service: "wbe".to_owned(), ..release() };
        let error = owner.carry_out(Request::StartRelease(request)).await.unwrap_err();
        assert!(error.is::<UsageError>(), "{error}");
        assert_eq!(audit(&owner), []);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_end_on_purpose_waits_for_what_is_being_written_but_not_for_ever() {
    with_owner(async |owner| {
        let gate = Gate::default();
        let inside = gate.enter().await;
        let leaving = owner.leave(&gate);
        tokio::pin!(leaving);
        assert!(timeout(Duration::from_secs(10), &mut leaving).await.is_err());
        let late = owner.answer(freeze(true, None)).await;
        assert_eq!(late, Answer::Leaving, "whoever comes too late asks the next owner");
        drop(inside);
        leaving.await;
    })
    .await;
    with_owner(async |owner| {
        let gate = Gate::default();
        let _inside = gate.enter().await;
        timeout(Duration::from_secs(30), owner.leave(&gate)).await.unwrap();
    })
    .await;
}
