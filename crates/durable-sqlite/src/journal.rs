//! Records: what a journal consists of, and how it reads in words.

use crate::flow::Answer;
use durable::{Failure, FailureKind};
use jiff::Timestamp;
use std::fmt;

/// What a record answers, or that it is a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordKind {
    /// An activity gave its last answer.
    Activity,
    /// A child workflow ended or was parked.
    Child,
    /// A timer came due.
    Timer,
    /// A message went out to another workflow.
    Send,
    /// A message came in.
    Message,
}

impl RecordKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Child => "child",
            Self::Timer => "timer",
            Self::Send => "send",
            Self::Message => "message",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Activity, Self::Child, Self::Timer, Self::Send, Self::Message];
        all.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One record as it is stored and delivered.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) position: i64,
    pub(crate) at: Timestamp,
    pub(crate) kind: RecordKind,
    /// The number of the operation; a message has none.
    pub(crate) sequence: Option<i64>,
    /// Of the activity, the child's kind, or the mailbox.
    pub(crate) name: String,
    /// The id of the child or of the receiver.
    pub(crate) target: Option<String>,
    pub(crate) answer: Answer,
    /// How many attempts an activity took.
    pub(crate) attempts: u32,
    /// When the operation was asked for.
    pub(crate) began_at: Timestamp,
}

impl Record {
    /// What the record answers, to compare with what the code asked for.
    pub(crate) fn subject(&self) -> String {
        subject(self.kind, &self.name, self.target.as_deref())
    }
}

/// An operation in words that are the same for a record and for the code that asked.
pub(crate) fn subject(kind: RecordKind, name: &str, target: Option<&str>) -> String {
    match (kind, target) {
        (RecordKind::Timer, _) => "a timer".to_owned(),
        (RecordKind::Send, Some(target)) => format!("a message to {name:?} of {target:?}"),
        (kind, Some(target)) => format!("{} {name} {target:?}", kind.as_str()),
        (kind, None) => format!("{} {name}", kind.as_str()),
    }
}

/// One record of a journal for people. `Display` is one sentence.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JournalEntry {
    /// The place in the journal; the first is 1.
    pub position: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What it is about.
    pub kind: RecordKind,
    /// The name of the activity, of the child's kind, or of the mailbox.
    pub name: String,
    /// The id of the child or of the receiver of a message.
    pub target: Option<String>,
    /// Why there was no result.
    pub failure: Option<Failure>,
    /// How many attempts an activity took.
    pub attempts: u32,
    /// When it was asked for.
    pub began_at: Timestamp,
}

impl From<Record> for JournalEntry {
    fn from(record: Record) -> Self {
        Self {
            position: record.position,
            at: record.at,
            kind: record.kind,
            name: record.name,
            target: record.target,
            failure: record.answer.err(),
            attempts: record.attempts,
            began_at: record.began_at,
        }
    }
}

impl fmt::Display for JournalEntry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:>4}  {}  ", self.position, self.at.strftime("%H:%M:%S"))?;
        let (name, target) = (&self.name, self.target.as_deref().unwrap_or_default());
        let took = Took((self.at.as_microsecond() - self.began_at.as_microsecond()).max(0));
        match self.kind {
            RecordKind::Activity => {
                let plural = if self.attempts == 1 { "" } else { "s" };
                let verb = verb(self.failure.as_ref(), "answered");
                write!(out, "activity {name} {verb} ({} attempt{plural}, {took})", self.attempts)?;
            }
            RecordKind::Child => {
                let verb = verb(self.failure.as_ref(), "completed");
                write!(out, "child {name} {target} {verb} ({took})")?;
            }
            RecordKind::Timer => write!(out, "timer came due ({took})")?,
            RecordKind::Send => write!(out, "message sent to mailbox {name} of {target}")?,
            RecordKind::Message => write!(out, "message came into mailbox {name}")?,
        }
        match &self.failure {
            Some(failure) => write!(out, ": {} [{}]", failure.message, failure.code),
            None => Ok(()),
        }
    }
}

fn verb(failure: Option<&Failure>, success: &'static str) -> &'static str {
    match failure {
        None => success,
        Some(failure) if failure.kind == FailureKind::Timeout => "timed out",
        Some(failure) if failure.code == PARKED => "is parked",
        Some(_) => "failed",
    }
}

/// The code of the failure that a parent gets for a parked child.
pub(crate) const PARKED: &str = "parked";

/// A duration in microseconds, as short as people need it.
struct Took(i64);

impl fmt::Display for Took {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (milliseconds, seconds) = (self.0 / 1_000, self.0 / 1_000_000);
        match seconds {
            0 => write!(out, "{milliseconds} ms"),
            1..60 => write!(out, "{seconds}.{} s", milliseconds % 1_000 / 100),
            60..3_600 => write!(out, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(out, "{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        }
    }
}
