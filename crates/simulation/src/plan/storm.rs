//! The storm: everything that happens until all faults end, and Ringway's processes in it.

use super::{
    Scene, Stopped,
    act::{Act, misbehaviour},
    github,
    mischief::Mischief,
};
use crate::{
    invariant::EVERYTHING_ENDS,
    kill::{Kill, Task},
    machine::Fatal,
    weather::{Gone, Weather},
};
use durable_sqlite::EngineError;
use sandbox::Random;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

impl Scene {
    /// Plays the storm.
    pub(super) async fn storm(&mut self) -> Result<(), Stopped> {
        let began = Instant::now();
        let mut random = self.random.fork("storm");
        let acts = self.acts(&mut random);
        self.machine.start(fatal(&mut random, self.setup.hub.is_some()))?;
        for (number, (at, act)) in (1..).zip(acts) {
            self.pass(began + Duration::from_millis(at), &mut random, true).await?;
            act.happen(self, number)?;
        }
        self.pass(Instant::now() + Duration::from_secs(1), &mut random, true).await
    }

    fn acts(&self, random: &mut Random) -> Vec<(u64, Act)> {
        let length = random.pick(&[2 * MINUTE, 5 * MINUTE, 12 * MINUTE]).copied().unwrap_or(MINUTE);
        let mut all = acts(length, self.setup.rings.len(), self.setup.tenants.len(), random);
        if let Some(hub) = &self.setup.hub {
            let mut random = self.random.fork("github storm");
            if random.chance(60) {
                all.retain(|(_, act)| !matches!(act, Act::Release { .. }));
            }
            let names: Vec<String> = self.setup.tenants.iter().map(|shape| shape.name.clone()).collect();
            all.extend(github::storm::acts(hub, &names, length, &mut random));
        }
        let mut random = self.random.fork("races");
        let races = races(&all, length, self.setup.tenants.len(), &mut random);
        all.extend(races);
        let mut random = self.random.fork("overlooked");
        for _ in 0..random.below(4) {
            let tenant = usize::try_from(random.below(self.setup.tenants.len() as u64)).unwrap_or(0);
            all.push((random.below(length), Act::ArgocdOverlooks(tenant)));
        }
        let mut random = self.random.fork("evictions");
        for _ in 0..random.below(4) {
            let tenant = usize::try_from(random.below(self.setup.tenants.len() as u64)).unwrap_or(0);
            let pod = usize::try_from(random.below(4)).unwrap_or(0);
            all.push((random.below(length), Act::Evict { tenant, pod }));
        }
        let mut random = self.random.fork("cancelled cleanups");
        let cancels = cancelled_cleanups(&all, &mut random);
        all.extend(cancels);
        let mut random = self.random.fork("writes");
        if random.chance(60) {
            let (begins, lasts) = (random.below(length / 4), length / 3 + random.below(length));
            all.push((begins, Act::WriteWeather(Some(Weather::bad_for_writes(&mut random)))));
            all.push((begins + lasts, Act::WriteWeather(None)));
        }
        // Stable, so that what was thought of first comes first.
        all.sort_by_key(|(at, _)| *at);
        all
    }

    /// Lets time pass. A process that ends is started again after a while, as a service manager or a person does.
    pub(super) async fn pass(
        &mut self,
        until: Instant,
        random: &mut Random,
        storm: bool,
    ) -> Result<(), Stopped> {
        loop {
            self.check()?;
            self.tend_process(random, storm).await?;
            let wake = self.restart_at.map_or(until, |at| at.min(until));
            tokio::select! {
                biased;
                () = self.stage.alarm.notified() => {}
                () = tokio::time::sleep_until(wake) => {
                    if wake == until {
                        return self.check();
                    }
                }
            }
        }
    }

    /// Buries a process that has ended, and starts another one when it is time.
    async fn tend_process(&mut self, random: &mut Random, storm: bool) -> Result<(), Stopped> {
        let struck = self.stage.with(|inner| inner.killer.has_struck());
        if self.restart_at.is_none() && (struck || !self.machine.is_running()) {
            match self.machine.kill().await {
                None | Some(EngineError::InjectedFault { .. }) => {}
                Some(error) => return Err(self.fail(EVERYTHING_ENDS, format!("the engine ended: {error}"))),
            }
            let pause = if random.chance(50) { random.below(2 * SECOND) } else { random.below(3 * MINUTE) };
            self.restart_at = Some(Instant::now() + Duration::from_millis(pause));
        }
        if self.restart_at.is_some_and(|at| at <= Instant::now()) {
            self.restart_at = None;
            let fatal = if storm { fatal(random, self.setup.hub.is_some()) } else { Fatal::Nothing };
            self.stage.note(&format!("start, with {fatal:?}"));
            self.machine.start(fatal)?;
        }
        Ok(())
    }
}

fn fatal(random: &mut Random, serves: bool) -> Fatal {
    let (mut tasks, mut times) = (random.fork("task"), random.fork("time"));
    match random.below(10) {
        0 => Fatal::Commit(1 + random.below(60), true),
        1 => Fatal::Commit(1 + random.below(60), false),
        2 | 3 => {
            let count = 1 + random.below(400);
            match tasks.below(4) {
                0 | 1 => Fatal::Poll(Task::Engine, count),
                2 if serves => Fatal::Poll(Task::Server, count),
                // They do less, and most of it soon.
                _ => Fatal::Poll(Task::Errand, 1 + count / 8),
            }
        }
        // Mostly in the middle of what it was asked for.
        _ if times.chance(10) => Fatal::After(Duration::from_millis(times.below(MINUTE))),
        _ => Fatal::Nothing,
    }
}

/// Everything that happens beside GitHub, each with its time in milliseconds.
fn acts(length: u64, rings: usize, tenants: usize, random: &mut Random) -> Vec<(u64, Act)> {
    let mut acts = Vec::new();
    for ring in 0..rings {
        acts.push((random.below(length / 3), release(ring, tenants, random)));
    }
    let (calm_seas, count) = (random.chance(15), 4 + random.below(14));
    for _ in 0..count {
        let at = random.below(length);
        acts.extend(something(at, length, rings, tenants, calm_seas, random));
    }
    acts
}

fn release(ring: usize, tenants: usize, random: &mut Random) -> Act {
    let some = |random: &mut Random, of: usize| usize::try_from(random.below(of as u64)).unwrap_or(0);
    Act::Release {
        ring,
        image: some(random, 3),
        tenants: if random.chance(70) { tenants } else { 1 + some(random, tenants) },
        parallel: random.chance(20).then_some(1),
    }
}

/// A release that is told to stop while its requests are slow or get lost: the worst moment for a cancel.
fn cancelled_in_the_middle(at: u64, release: Act, random: &mut Random) -> Vec<(u64, Act)> {
    let weather = Weather { slow: 50, lost_before: 30, lost_after: 10, refused: 30, ..Weather::fair() };
    let begins = at + random.below(200);
    let cancelled = begins + 200 + random.below(15 * SECOND);
    let ends = cancelled + random.below(MINUTE);
    vec![
        (at, release),
        (begins, Act::Weather(weather)),
        (cancelled, Act::Cancel),
        (ends, Act::Weather(Weather::fair())),
    ]
}

/// Somebody cancels a cleanup soon after it was asked for, now and then.
fn cancelled_cleanups(acts: &[(u64, Act)], random: &mut Random) -> Vec<(u64, Act)> {
    let cleanups = acts.iter().filter(|(_, act)| matches!(act, Act::Cleanup { .. } | Act::CleanupTenant(_)));
    let some: Vec<u64> = cleanups.map(|(at, _)| *at).filter(|_| random.chance(30)).collect();
    some.into_iter().map(|at| (at + 100 + random.below(10 * SECOND), Act::Cancel)).collect()
}

/// Those who are faster than Ringway: about when something is asked of it, and now and then.
fn races(acts: &[(u64, Act)], length: u64, tenants: usize, random: &mut Random) -> Vec<(u64, Act)> {
    let asks = acts
        .iter()
        .filter(|(_, act)| matches!(act, Act::Release { .. } | Act::Cleanup { .. } | Act::CleanupTenant(_)));
    let mut times: Vec<u64> = asks.map(|(at, _)| *at).filter(|_| random.chance(40)).collect();
    times.extend((0..random.below(4)).map(|_| random.below(length)));
    let race = |at| {
        let tenant = usize::try_from(random.below(tenants as u64)).unwrap_or(0);
        let passes = u32::try_from(random.below(4)).unwrap_or(0);
        // More than the races of one attempt, now and then.
        let times = random.pick(&[1, 1, 2, 3, 8]).copied().unwrap_or(1);
        (at, Act::Race { tenant, mischief: Mischief::rival(random), passes, times })
    };
    times.into_iter().map(race).collect()
}

/// One thing, with its end if it has one.
fn something(
    at: u64,
    length: u64,
    rings: usize,
    tenants: usize,
    calm_seas: bool,
    random: &mut Random,
) -> Vec<(u64, Act)> {
    let ring = usize::try_from(random.below(rings as u64)).unwrap_or(0);
    let tenant = usize::try_from(random.below(tenants as u64)).unwrap_or(0);
    let until = at + 1 + random.below(length.min(6 * MINUTE));
    let gone = random.pick(&[Gone::Refuses, Gone::Silent, Gone::Unavailable]).copied();
    let lasting = |begin: Act, end: Act| vec![(at, begin), (until, end)];
    match random.below(33) {
        30..=32 => cancelled_in_the_middle(at, release(ring, tenants, random), random),
        0..4 => vec![(at, release(ring, tenants, random))],
        4 | 5 => vec![(at, Act::Cleanup { ring })],
        6 => vec![(at, Act::CleanupTenant(tenant))],
        7 | 8 => vec![(at, Act::Cancel)],
        9 => vec![(at, Act::Kill(Kill::BeforeRequest, 1 + random.below(30)))],
        10 => vec![(at, Act::Kill(Kill::AfterRequest, 1 + random.below(30)))],
        11..18 => vec![(at, Act::Mischief(tenant, Mischief::any(random)))],
        18 | 19 => lasting(Act::Behave(tenant, Some(misbehaviour(random))), Act::Behave(tenant, None)),
        20 => lasting(Act::Nodes(false), Act::Nodes(true)),
        21 => vec![(
            at,
            Act::MoveTag { ring, image: usize::try_from(random.below(3)).unwrap_or(0), variant: 2 },
        )],
        22 if random.chance(50) => vec![(at, Act::ArgocdRestarts(random.below(120)))],
        22 => {
            lasting(Act::ArgocdIsSlow(2 + u32::try_from(random.below(30)).unwrap_or(0)), Act::ArgocdIsSlow(1))
        }
        23 => lasting(Act::ArgocdStalls(true), Act::ArgocdStalls(false)),
        // What follows is about connections; some storms have none of it, so that others are not drowned in it.
        _ if calm_seas => Vec::new(),
        24 | 25 => lasting(Act::Weather(Weather::foul(random)), Act::Weather(Weather::fair())),
        26 => lasting(Act::RegistryWeather(Weather::foul(random)), Act::RegistryWeather(Weather::fair())),
        27 => lasting(Act::Api(gone), Act::Api(None)),
        28 => lasting(Act::Registry(gone), Act::Registry(None)),
        _ => match random.below(3) {
            0 => vec![(at, Act::CutConnections)],
            1 => vec![(at, Act::Compact), (at, Act::CutConnections)],
            _ => {
                let seconds = i64::try_from(random.below(8 * 3_600)).unwrap_or(0);
                vec![(at, Act::Jump(if random.chance(50) { seconds } else { -seconds }))]
            }
        },
    }
}
