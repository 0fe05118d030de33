//! Why a registry's answer is no answer, and the sentence about it.

use release::image::Availability;
use std::error::Error;

/// Longest part of a registry's text that is shown, in characters.
const LONGEST_QUOTE: usize = 200;

/// Why it is not known whether an image is there.
#[derive(Debug)]
pub(super) enum Failure {
    /// It refused us; asking again will not help.
    Denied(String),
    /// It could not be reached, or said that it cannot answer now; asking again may help.
    Unavailable(String),
    /// It answered what no registry should; asking again will not help.
    Invalid(String),
}

impl Failure {
    /// The transport failed before there was an answer.
    pub(super) fn transport(asked: &str, error: &(dyn Error + 'static)) -> Self {
        let mut reason = format!("{asked}: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            reason = format!("{reason}: {}", quote(&cause.to_string()));
            source = cause.source();
        }
        Self::Unavailable(reason)
    }

    pub(super) fn into_availability(self) -> Availability {
        match self {
            Self::Denied(reason) => Availability::Unknown { reason, denied: true },
            Self::Unavailable(reason) | Self::Invalid(reason) => {
                Availability::Unknown { reason, denied: false }
            }
        }
    }
}

/// The text of a registry or of GitHub as it may be shown: on one line, without control characters, not too long.
pub(crate) fn quote(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut quoted: String = printable.take(LONGEST_QUOTE).collect();
    if text.chars().nth(LONGEST_QUOTE).is_some() {
        quoted.push('…');
    }
    quoted.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_cannot_control_a_terminal_or_fill_it() {
        assert_eq!(quote("a\x1b[31m\r\nb"), "a [31m  b");
        assert_eq!(quote(&"x".repeat(10_000)).chars().count(), LONGEST_QUOTE + 1);
    }
}
