//! Those who look at every step: what has changed is read once, and every invariant is asked about it.

use crate::{
    book::{Book, Write},
    broken::Broken,
    invariant::{self, Invariant},
    trace::Trace,
    truth::Truth,
    view::{LedgerView, News},
};
use jiff::Timestamp;
use ringway::ledger::Ledger;
use sandbox::Model;

/// Everything that an invariant may look at, at one moment.
pub(crate) struct Moment<'a> {
    /// The true time.
    pub(crate) now: Timestamp,
    /// The model.
    pub(crate) model: &'a Model,
    /// What was and is true of each tenant.
    pub(crate) truth: &'a Truth,
    /// What the ledger says.
    pub(crate) ledger: &'a LedgerView,
    /// What is new in it.
    pub(crate) news: &'a [News],
    /// What Ringway has begun to write since the last moment.
    pub(crate) writes: &'a [Write],
    /// What else is known.
    pub(crate) book: &'a Book,
}

/// The invariants and what they look at.
pub(crate) struct Audience {
    ledger: Ledger,
    view: LedgerView,
    truth: Truth,
    invariants: Vec<Box<dyn Invariant>>,
}

impl Audience {
    /// All invariants.
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger, view: LedgerView::default(), truth: Truth::default(), invariants: invariant::all() }
    }

    /// Looks at what has changed.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub(crate) fn look(
        &mut self,
        now: Timestamp,
        model: &Model,
        book: &mut Book,
        trace: &mut Trace,
        model_changed: bool,
    ) -> Result<(), Broken> {
        let news = self.view.refresh(&self.ledger, now, trace)?;
        if news.is_some() {
            for run in self
                .view
                .runs
                .keys()
                .filter(|run| !book.began.contains_key(*run))
                .cloned()
                .collect::<Vec<_>>()
            {
                book.began.insert(run, now);
            }
        }
        let news_of_model = model_changed && self.truth.observe(now, model, book);
        let writes = std::mem::take(&mut book.writes);
        if news.is_none() && !news_of_model && writes.is_empty() {
            return Ok(());
        }
        let moment = Moment {
            now,
            model,
            truth: &self.truth,
            ledger: &self.view,
            news: news.as_deref().unwrap_or_default(),
            writes: &writes,
            book,
        };
        self.invariants.iter_mut().try_for_each(|invariant| {
            invariant.look(&moment).map_err(|what| Broken::new(invariant.name(), now, what))
        })
    }
}
