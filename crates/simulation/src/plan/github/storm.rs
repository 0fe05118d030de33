//! What happens on GitHub in a storm.

use super::{
    super::act::Act,
    LABELS,
    turn::{Build, Turn},
};
use crate::{
    hub::Hub,
    weather::{Gone, Weather},
};
use sandbox::{
    Random,
    github::{DeliveryFaults, Fault, FaultChances, Scope},
};
use std::time::Duration;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

/// Acts with their times in milliseconds.
type Acts = Vec<(u64, Act)>;

/// Everything that happens on GitHub, in no order.
pub(in super::super) fn acts(hub: &Hub, tenants: &[String], length: u64, random: &mut Random) -> Acts {
    let mut acts = Vec::new();
    let is_bad = random.chance(60);
    if is_bad {
        acts.push((0, Act::Deliveries(deliveries(random))));
    }
    for branch in 0..hub.branches.len() {
        acts.extend(built(branch, random.below(length / 3), random));
        let label = LABELS.get(pick(random, 2)).copied().unwrap_or(LABELS[0]);
        acts.push((random.below(length / 2), turn(Turn::Label { branch, label, may: random.chance(90) })));
        for _ in 0..2 + random.below(5) {
            let at = random.below(length);
            acts.extend(something(branch, at, length, random));
        }
    }
    for _ in 0..random.below(4) {
        let at = random.below(length);
        acts.extend(around(hub, tenants, at, length, random));
    }
    if is_bad {
        for _ in 0..1 + random.below(4) {
            let at = random.below(length);
            acts.extend(fault(hub, at, length, random));
        }
    }
    acts
}

fn turn(turn: Turn) -> Act {
    Act::Turn(turn)
}

fn pick(random: &mut Random, of: u64) -> usize {
    usize::try_from(random.below(of)).unwrap_or(0)
}

/// The build of a commit, with its image in time, or late, or never.
fn built(branch: usize, at: u64, random: &mut Random) -> Acts {
    let step = |step: Build| turn(Turn::Build { branch, step });
    let begins = at + random.below(10 * SECOND);
    let ends = begins + SECOND + random.below(MINUTE);
    let image =
        if random.chance(75) { begins + random.below(ends - begins) } else { ends + random.below(MINUTE) };
    let mut acts = vec![(begins, step(Build::Begins))];
    if random.chance(95) {
        acts.push((image, step(Build::Image)));
    }
    let conclusion = match random.below(10) {
        0 | 1 => random.pick(&["failure", "cancelled", "skipped", "timed_out"]).copied().unwrap_or("failure"),
        _ => "success",
    };
    acts.push((ends, step(Build::Ends(conclusion))));
    if random.chance(if conclusion == "success" { 10 } else { 60 }) {
        let again = ends + random.below(2 * MINUTE);
        acts.push((again, step(Build::Again)));
        acts.push((again + SECOND + random.below(MINUTE), step(Build::Ends("success"))));
    }
    acts
}

/// Something that people do to one pull request, with what they do afterwards.
fn something(branch: usize, at: u64, length: u64, random: &mut Random) -> Acts {
    let later = at + 1 + random.below(length);
    let label = LABELS.get(pick(random, 6)).copied().unwrap_or(LABELS[0]);
    let with_end = |begin: Turn, end: Option<Turn>| {
        [Some((at, begin)), end.map(|end| (later, end))].into_iter().flatten().map(|(at, it)| (at, turn(it)))
    };
    let often = random.chance(60);
    let (begin, end) = match random.below(16) {
        0 | 1 => (Turn::Label { branch, label, may: random.chance(85) }, None),
        2..5 => {
            let label = LABELS.get(pick(random, 2)).copied().unwrap_or(LABELS[0]);
            (Turn::Unlabel { branch, label }, often.then_some(Turn::Label { branch, label, may: true }))
        }
        5..10 => {
            let push = Turn::Push { branch, forced: random.chance(25), number: random.next() };
            let push = if random.chance(20) { worst_moment(at, push, random) } else { (at, turn(push)) };
            return std::iter::once(push).chain(built(branch, at, random)).collect();
        }
        10 | 11 => (Turn::Close(branch), often.then_some(Turn::Reopen(branch))),
        12 => (Turn::Merge(branch), None),
        13 if often => (Turn::Close(branch), Some(Turn::Another(branch))),
        13 => (Turn::Merge(branch), Some(Turn::Another(branch))),
        14 => (Turn::Draft(branch, true), often.then_some(Turn::Draft(branch, false))),
        _ if often => (Turn::DeleteBranch(branch), None),
        _ => (Turn::Base(branch, false), random.chance(60).then_some(Turn::Base(branch, true))),
    };
    if random.chance(25) {
        let first = worst_moment(at, begin, random);
        return std::iter::once(first).chain(end.map(|end| (later, turn(end)))).collect();
    }
    with_end(begin, end).collect()
}

/// Something right after the next request of a kind, so between two of Ringway's.
fn worst_moment(at: u64, turn: Turn, random: &mut Random) -> (u64, Act) {
    let scopes = [
        Scope::Any,
        Scope::Writes,
        Scope::Path("/pulls"),
        Scope::Path("/issues"),
        Scope::Path("/events"),
        Scope::Path("/actions"),
        Scope::Path("/contents"),
        Scope::Path("/permission"),
    ];
    let scope = random.pick(&scopes).copied().unwrap_or(Scope::Any);
    (at, Act::AfterNext(scope, turn))
}

/// Something that is about more than one pull request.
fn around(hub: &Hub, tenants: &[String], at: u64, length: u64, random: &mut Random) -> Acts {
    let later = at + 1 + random.below(length);
    let branch = pick(random, hub.branches.len() as u64);
    match random.below(10) {
        0..4 => {
            let file = random.pick(&["all", "some"]).copied().unwrap_or("some");
            let kept: Vec<String> = tenants.iter().filter(|_| random.chance(65)).cloned().collect();
            vec![(at, turn(Turn::Cohort { file, tenants: kept }))]
        }
        what @ (4 | 5) => {
            let all = what == 4;
            vec![(at, Act::Freeze { on: true, all }), (later, Act::Freeze { on: false, all })]
        }
        6 | 7 => vec![(at, Act::CleanupBranch(branch))],
        8 => vec![(at, turn(Turn::MayPush(false))), (later, turn(Turn::MayPush(true)))],
        _ => vec![(at, turn(Turn::MayPush(false)))],
    }
}

/// Something that goes wrong with GitHub.
fn fault(hub: &Hub, at: u64, length: u64, random: &mut Random) -> Acts {
    let until = at + 1 + random.below(length.min(6 * MINUTE));
    let gone = random.pick(&[Gone::Refuses, Gone::Silent, Gone::Unavailable]).copied();
    match random.below(10) {
        0 => {
            vec![
                (at, Act::GithubWeather(Weather::foul(random))),
                (until, Act::GithubWeather(Weather::fair())),
            ]
        }
        // What was written, and nobody heard of it.
        1 => vec![(at, Act::NextFault(Scope::WritesTo("/comments"), Fault::FailsAfter(502)))],
        2 => vec![(at, Act::Github(gone)), (until, Act::Github(None))],
        3 | 4 => {
            let mut percent = |most: u64| if random.chance(50) { random.below(most + 1) } else { 0 };
            let chances = FaultChances {
                fails_before: percent(20),
                fails_after: percent(30),
                secondary_limit: percent(8),
                unauthorized: percent(5),
                truncated: percent(15),
                slow: percent(20),
            };
            vec![(at, Act::Chances(chances)), (until, Act::Chances(FaultChances::default()))]
        }
        5 if hub.is_app() => vec![(at, Act::RevokeTokens)],
        _ => {
            let faults = [
                (Scope::WritesTo("/comments"), Fault::FailsAfter(502)),
                (Scope::WritesTo("/comments"), Fault::Truncated),
                (Scope::WritesTo("/check-runs"), Fault::FailsAfter(502)),
                (Scope::Writes, Fault::FailsBefore(500)),
                (Scope::Writes, Fault::SecondaryLimit(Some(60))),
                (Scope::Writes, Fault::SecondaryLimit(None)),
                (Scope::Any, Fault::TooManyRequests(Some(30))),
                (Scope::Reads, Fault::Truncated),
                (Scope::Any, Fault::Slow(Duration::from_secs(25))),
                (Scope::Any, Fault::Unauthorized),
                (Scope::Any, Fault::PrimaryLimit),
            ];
            let fault = random.pick(&faults).copied();
            fault.map(|(scope, fault)| (at, Act::NextFault(scope, fault))).into_iter().collect()
        }
    }
}

fn deliveries(random: &mut Random) -> DeliveryFaults {
    let latest = Duration::from_secs(1 + random.below(300));
    let mut percent = |most: u64| if random.chance(60) { random.below(most + 1) } else { 0 };
    DeliveryFaults { lost: percent(100), doubled: percent(60), late: percent(80), latest }
}
