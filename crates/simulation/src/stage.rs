//! The stage: the model, what is wrong with the ways to it, and those who watch that nothing forbidden happens.
//!
//! Everything that reaches the model goes through here: [`Stage::touch`] moves it to the present, [`Stage::serve`] lets it
//! answer a request. Both look at everything before and after, so that no state of the model and no row of the ledger
//! goes unseen. Nothing here waits.

use crate::{
    Options,
    audience::Audience,
    book::Book,
    broken::Broken,
    bug::Bug,
    kill::{Kill, Killer},
    race::Race,
    time::Time,
    trace::Trace,
    weather::{Asked, Fate, Gone, Instead, Weather},
};
use jiff::Timestamp;
use ringway::{intake::Intake, ledger::Ledger};
use sandbox::{Model, Random, github::Delivery};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Notify;

/// More requests and steps than any sane schedule makes: somebody goes round in circles.
const MOST_REQUESTS: u64 = 60_000;
const MOST_STEPS: u64 = 400_000;

/// One simulation's stage. Shared by everybody in it.
pub(crate) struct Stage {
    inner: Mutex<Inner>,
    /// The true time.
    pub(crate) time: Time,
    /// The model may have something to do earlier than it was thought.
    pub(crate) stirred: Notify,
    /// All connections break, see [`Stage::cut_connections`].
    pub(crate) cut: Notify,
    cuts: AtomicU64,
    bug: Bug,
    /// Where GitHub delivers to, while a process runs.
    door: Mutex<Option<Intake>>,
    /// Something is broken, or Ringway is to be killed now.
    pub(crate) alarm: Notify,
}

/// What is behind the lock.
pub(crate) struct Inner {
    /// The clusters and the registry.
    pub(crate) model: Model,
    /// What is wrong with the way to the API server.
    pub(crate) weather: Weather,
    /// What is wrong with writes alone, if that is something of its own.
    pub(crate) write_weather: Option<Weather>,
    /// What is wrong with the way to the registry.
    pub(crate) registry_weather: Weather,
    /// The API server cannot be reached, and how it shows.
    pub(crate) gone: Option<Gone>,
    /// The registry cannot be reached, and how it shows.
    pub(crate) registry_gone: Option<Gone>,
    /// What is wrong with the way to GitHub.
    pub(crate) github_weather: Weather,
    /// GitHub cannot be reached, and how it shows.
    pub(crate) github_gone: Option<Gone>,
    /// What is known of the plan: who asked for what, and what others changed.
    pub(crate) book: Book,
    /// What happened.
    pub(crate) trace: Trace,
    /// When Ringway is killed.
    pub(crate) killer: Killer,
    /// Who waits until Ringway reads something.
    pub(crate) races: Vec<Race>,
    audience: Audience,
    broken: Option<Broken>,
    random: Random,
    requests: u64,
    steps: u64,
}

/// One request's number and what becomes of it.
pub(crate) struct Request {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// What becomes of it.
    pub(crate) fate: Fate,
    /// Nothing ever comes back.
    pub(crate) silent: bool,
}

impl Stage {
    /// A stage with a fleet on it.
    pub(crate) fn new(seed: u64, time: Time, model: Model, ledger: Ledger, options: &Options) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Inner {
                model,
                weather: Weather::fair(),
                write_weather: None,
                registry_weather: Weather::fair(),
                gone: None,
                registry_gone: None,
                github_weather: Weather::fair(),
                github_gone: None,
                book: Book::default(),
                trace: Trace::new(options.trace),
                killer: Killer::default(),
                races: Vec::new(),
                audience: Audience::new(ledger),
                broken: None,
                random: Random::new(seed).fork("requests"),
                requests: 0,
                steps: 0,
            }),
            time,
            stirred: Notify::new(),
            cut: Notify::new(),
            cuts: AtomicU64::new(0),
            bug: options.bug,
            door: Mutex::default(),
            alarm: Notify::new(),
        })
    }

    /// Moves the model to the present, looking at each of its steps, and says when it will do something next by itself.
    pub(crate) fn touch(&self) -> Option<Timestamp> {
        let mut inner = self.lock();
        self.advance(&mut inner);
        // Watches get their bookmarks although nothing happens.
        let github = inner.model.github.next_delivery();
        [inner.model.next_event(), inner.model.api.next_due(), github].into_iter().flatten().min()
    }

    /// What GitHub sends now.
    pub(crate) fn due_deliveries(&self) -> Vec<Delivery> {
        self.lock().model.github.take_due_deliveries()
    }

    /// How a delivery ended: with this status, or with no answer.
    pub(crate) fn delivered(&self, id: u64, status: Option<u16>) {
        self.lock().model.github.delivered(id, status);
    }

    /// Where GitHub delivers to; `None` while nobody is there.
    pub(crate) fn door(&self) -> Option<Intake> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody is there now, or nobody.
    pub(crate) fn set_door(&self, door: Option<Intake>) {
        *self.door.lock().unwrap_or_else(PoisonError::into_inner) = door;
    }

    /// What of the stage somebody wants to look at or to change, in the present. The audience sees the change.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.lock();
        self.advance(&mut inner);
        let value = act(&mut inner);
        self.look(&mut inner, true);
        self.stirred.notify_one();
        value
    }

    /// As [`Stage::with`], for what may change something on GitHub.
    pub(crate) fn with_github<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        self.with(|inner| {
            let value = act(inner);
            let Inner { model, book, .. } = inner;
            if let Some(history) = &mut book.github {
                history.observe(model, self.time.now());
            }
            value
        })
    }

    /// Numbers a request and decides what becomes of it.
    pub(crate) fn announce(&self, asked: Asked) -> Request {
        let mut inner = self.lock();
        inner.requests += 1;
        let number = inner.requests;
        if number > MOST_REQUESTS {
            let message = format!("more than {MOST_REQUESTS} requests");
            self.fail(&mut inner, Broken::new("everything_ends", self.time.now(), message));
        }
        let mut random = inner.random.fork(&number.to_string());
        let (weather, gone) = match asked {
            Asked::Registry => (&inner.registry_weather, inner.registry_gone),
            Asked::Github => (&inner.github_weather, inner.github_gone),
            Asked::Write => (inner.write_weather.as_ref().unwrap_or(&inner.weather), inner.gone),
            Asked::Read | Asked::Watch => (&inner.weather, inner.gone),
        };
        let mut fate = weather.fate(asked, &mut random);
        match gone {
            Some(Gone::Refuses) => fate.instead = Some(Instead::NoConnection),
            Some(Gone::Unavailable) => fate.instead = Some(Instead::Status(503, None)),
            Some(Gone::Silent) | None => {}
        }
        Request { number, fate, silent: gone == Some(Gone::Silent) }
    }

    /// Lets the model answer, with the audience looking on before and after.
    pub(crate) fn serve<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        self.with(act)
    }

    /// Breaks every watch that is open.
    pub(crate) fn cut_connections(&self) {
        self.cuts.fetch_add(1, Ordering::Relaxed);
        self.cut.notify_waiters();
    }

    /// How often all connections were broken.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }

    /// Notes a line in the trace.
    pub(crate) fn note(&self, line: &str) {
        let now = self.time.now();
        self.lock().trace.note(now, line);
    }

    /// Something that must not be was seen.
    pub(crate) fn report(&self, broken: Broken) {
        let mut inner = self.lock();
        self.fail(&mut inner, broken);
    }

    /// What is planted on the ways.
    pub(crate) fn bug(&self) -> Bug {
        self.bug
    }

    /// What was broken first, if anything was.
    pub(crate) fn broken(&self) -> Option<Broken> {
        self.lock().broken.clone()
    }

    /// Whether Ringway is to be killed by this.
    pub(crate) fn is_killed_by(&self, event: Kill) -> bool {
        let mut inner = self.lock();
        let killed = inner.killer.strikes(event);
        if killed {
            inner.trace.note(self.time.now(), &format!("KILL at {event:?}"));
            self.alarm.notify_one();
        }
        killed
    }

    /// Kills Ringway, whatever it is doing.
    pub(crate) fn kill_now(&self, at: &str) {
        let mut inner = self.lock();
        inner.killer.strike();
        inner.trace.note(self.time.now(), &format!("KILL at {at}"));
        self.alarm.notify_one();
    }

    /// How many requests and steps there were.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.requests, inner.steps)
    }

    fn advance(&self, inner: &mut Inner) {
        self.look(inner, false);
        let now = self.time.now();
        while let Some(next) = inner.model.next_event().filter(|next| *next <= now) {
            inner.model.advance(next);
            inner.steps += 1;
            self.look(inner, true);
            if inner.steps > MOST_STEPS {
                let message = format!("more than {MOST_STEPS} steps of the model");
                self.fail(inner, Broken::new("everything_ends", now, message));
                return;
            }
        }
        inner.model.advance(now);
    }

    /// Lets the audience look. What nobody changed is not looked at again.
    fn look(&self, inner: &mut Inner, model_changed: bool) {
        if inner.broken.is_some() {
            return;
        }
        let now = self.time.now();
        let Inner { model, book, audience, trace, .. } = inner;
        if let Err(broken) = audience.look(now, model, book, trace, model_changed) {
            self.fail(inner, broken);
        }
    }

    fn fail(&self, inner: &mut Inner, broken: Broken) {
        if inner.broken.is_none() {
            inner.trace.note(self.time.now(), &format!("BROKEN {broken}"));
            inner.broken = Some(broken);
        }
        self.alarm.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
