//! Conditions: pure questions to one snapshot of an object. Activities ask them on every watch event.
//!
//! Nothing here waits, reads a clock or remembers. An answer is either final (true, or never true any more) or says in
//! one sentence what is awaited, with the fields that show it and how to look by hand.

pub mod applied;
pub mod deadline;
pub mod pods;
pub mod rollout;
#[cfg(test)]
mod testing;

use crate::step::Evidence;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a wait waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaiting {
    /// One sentence without a full stop: what is not true yet, of which object.
    pub what: String,
    /// The fields that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Commands with which a person can look at it.
    pub by_hand: String,
}

/// The longest text of somebody else that is passed on, in characters.
const LONGEST_QUOTE: usize = 400;

/// Makes one line of at most [`LONGEST_QUOTE`] characters: messages of other programs can have many.
fn shorten(text: &str) -> String {
    let mut characters = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = characters.char_indices().nth(LONGEST_QUOTE) {
        characters.truncate(end);
        characters.push('…');
    }
    characters
}

fn evidence(object: &str, field: &str, value: &str, since: Option<Timestamp>) -> Evidence {
    Evidence { object: object.to_owned(), field: field.to_owned(), value: shorten(value), since }
}

/// Whether a message tells of something that often goes away by itself: a server that did not answer, a conflict.
fn is_passing(message: &str) -> bool {
    const SIGNS: [&str; 10] = [
        "code = unavailable",
        "code = deadlineexceeded",
        "context deadline exceeded",
        "connection refused",
        "connection reset",
        "i/o timeout",
        "failed calling webhook",
        "the object has been modified",
        "too many requests",
        "etcdserver:",
    ];
    let message = message.to_lowercase();
    SIGNS.iter().any(|sign| message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_becomes_one_short_line() {
        assert_eq!(shorten("a\n  b\tc"), "a b c");
        let short = shorten(&"é".repeat(1000));
        assert_eq!(short.chars().count(), LONGEST_QUOTE + 1);
        assert!(short.ends_with('…'));
    }

    #[test]
    fn a_server_that_does_not_answer_is_told_from_one_that_refuses() {
        assert!(is_passing("rpc error: code = Unavailable desc = connection error"));
        assert!(is_passing("Operation cannot be fulfilled: the object has been modified"));
        assert!(!is_passing("StatefulSet.apps \"atlas\" is invalid: spec: Forbidden"));
        assert!(!is_passing(
            "rpc error: code = Unknown desc = Manifest generation error (cached): helm template failed"
        ));
    }
}
