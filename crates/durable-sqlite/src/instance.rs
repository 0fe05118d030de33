//! One workflow in memory: its future, what it waits for, and the check that records fit the code.
//!
//! The first run and a replay go through the same [`Instance::deliver`], so they cannot differ.

use crate::{
    error::ParkReason,
    flow::{Answer, Core, Operation, SqliteFlow},
    journal::{Record, RecordKind, subject},
    registry::{Registry, WorkflowFuture, panic_message},
    store::WorkflowRow,
};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// What one delivery led to.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The workflow waits again, or had ended before.
    Waits,
    /// The workflow's code returned.
    Ended(Answer),
    /// The workflow cannot go on.
    Broken(ParkReason),
}

/// An operation that has not been answered.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) operation: Operation,
    pub(crate) began_at: Timestamp,
}

/// One workflow in memory.
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) open: BTreeMap<i64, Open>,
    /// The place of the next record.
    pub(crate) next_position: i64,
    /// The engine has rows about attempts of its activities, to be removed at its end.
    pub(crate) has_attempts: bool,
    core: Rc<RefCell<Core>>,
    future: Option<WorkflowFuture>,
    fresh: Vec<i64>,
    given_up: Vec<(i64, Open)>,
}

impl Instance {
    /// Builds the workflow without running it.
    pub(crate) fn new(row: &WorkflowRow, registry: &Registry) -> Result<Self, ParkReason> {
        let (flow, core) = SqliteFlow::new(row.id.clone(), row.started_at);
        let future = registry.begin(&row.name, flow, &row.input)?;
        Ok(Self {
            id: row.id.clone(),
            open: BTreeMap::new(),
            next_position: 1,
            has_attempts: false,
            core,
            future: Some(future),
            fresh: Vec::new(),
            given_up: Vec::new(),
        })
    }

    /// Delivers one record and lets the workflow run until it waits again.
    pub(crate) fn deliver(&mut self, record: &Record) -> Turn {
        if let Err(reason) = self.check(record) {
            return Turn::Broken(reason);
        }
        match record.sequence {
            None => {
                let mut core = self.core.borrow_mut();
                if let Ok(message) = &record.answer {
                    core.mailboxes.entry(record.name.clone()).or_default().push_back(message.clone());
                }
                core.now = record.at;
            }
            Some(sequence) => {
                // Given up by a record before this one in the same commit: the replay sees the same.
                if self.open.remove(&sequence).is_none() {
                    return Turn::Waits;
                }
                let mut core = self.core.borrow_mut();
                core.answers.insert(sequence, record.answer.clone());
                core.now = record.at;
            }
        }
        self.turn()
    }

    /// Lets the workflow run until it waits.
    pub(crate) fn turn(&mut self) -> Turn {
        let Some(future) = self.future.as_mut() else { return Turn::Waits };
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
        self.collect();
        let defect = self.core.borrow_mut().defect.take();
        match (polled, defect) {
            (Err(panic), _) => {
                self.stop();
                Turn::Broken(ParkReason::Panicked { message: panic_message(panic.as_ref()) })
            }
            (Ok(_), Some(reason)) => Turn::Broken(reason),
            (Ok(Poll::Ready(result)), None) => {
                self.stop();
                Turn::Ended(result)
            }
            (Ok(Poll::Pending), None) if self.waits_for_nothing() => {
                Turn::Broken(ParkReason::WaitsForNothing)
            }
            (Ok(Poll::Pending), None) => Turn::Waits,
        }
    }

    /// The place of a record that is being written now.
    pub(crate) fn take_position(&mut self) -> i64 {
        self.next_position += 1;
        self.next_position - 1
    }

    /// Takes over what the workflow asked for and gave up.
    fn collect(&mut self) {
        let mut core = self.core.borrow_mut();
        let began_at = core.now;
        for (sequence, operation) in std::mem::take(&mut core.fresh) {
            self.open.insert(sequence, Open { operation, began_at });
            self.fresh.push(sequence);
        }
        for sequence in std::mem::take(&mut core.given_up) {
            core.answers.remove(&sequence);
            if let Some(open) = self.open.remove(&sequence) {
                self.given_up.push((sequence, open));
            }
        }
    }

    /// Drops the workflow's future; what it still waits for is given up.
    pub(crate) fn stop(&mut self) {
        let Some(future) = self.future.take() else { return };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(future))) {
            let message = panic_message(panic.as_ref());
            tracing::error!(workflow = self.id, message, "a workflow panicked while it was dropped");
        }
        self.collect();
    }

    fn waits_for_nothing(&self) -> bool {
        self.open.is_empty() && self.core.borrow().receiving == 0
    }

    /// The numbers of the operations that are new since the last call; some may be given up already.
    pub(crate) fn take_fresh(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.fresh)
    }

    /// The operations that were given up since the last call.
    pub(crate) fn take_given_up(&mut self) -> Vec<(i64, Open)> {
        std::mem::take(&mut self.given_up)
    }

    pub(crate) fn progress(&self) -> Option<Value> {
        self.core.borrow().progress.clone()
    }

    /// Whether the record answers what the code asked for.
    fn check(&self, record: &Record) -> Result<(), ParkReason> {
        let Some(sequence) = record.sequence else { return Ok(()) };
        let found = match self.open.get(&sequence) {
            Some(open) => open.operation.subject(),
            None if sequence < self.core.borrow().next_sequence => return Ok(()),
            None => "nothing".to_owned(),
        };
        let recorded = record.subject();
        if found == recorded {
            return Ok(());
        }
        Err(ParkReason::JournalMismatch { position: record.position, recorded, found })
    }
}

impl Operation {
    pub(crate) fn kind(&self) -> RecordKind {
        match self {
            Self::Activity { .. } => RecordKind::Activity,
            Self::Child { .. } => RecordKind::Child,
            Self::Timer { .. } => RecordKind::Timer,
            Self::Send { .. } => RecordKind::Send,
        }
    }

    /// The name and the target that a record of the answer carries.
    pub(crate) fn name_and_target(&self) -> (&str, Option<&str>) {
        match self {
            Self::Activity { name, .. } => (name, None),
            Self::Child { id, name, .. } => (name, Some(id)),
            Self::Timer { .. } => ("", None),
            Self::Send { target, mailbox, .. } => (mailbox, Some(target)),
        }
    }

    fn subject(&self) -> String {
        let (name, target) = self.name_and_target();
        subject(self.kind(), name, target)
    }
}
