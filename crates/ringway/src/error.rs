//! What a command can fail with, and the one place that turns it into an exit code.

use release::verdict::ReleaseVerdict;

/// How a command ended that did what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to complain about.
    Done,
    /// It looked, and found something wrong that it has printed.
    FoundProblems,
    /// It waited for this verdict.
    Verdict(ReleaseVerdict),
    /// It was interrupted before the verdict.
    Interrupted,
}

/// The request itself is wrong: a person has to change the command or the configuration. Nothing was begun.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The request was understood and must not be carried out. Nothing was begun.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RefusedError(pub String);

/// The exit code of a command. Codes are listed in the README; scripts depend on them.
pub fn exit_code(result: &anyhow::Result<Outcome>) -> u8 {
    match result {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::FoundProblems) => 1,
        Ok(Outcome::Verdict(verdict)) => verdict.exit_code(),
        Ok(Outcome::Interrupted) => 130,
        Err(error) if error.is::<UsageError>() => 2,
        Err(error) if error.is::<RefusedError>() => ReleaseVerdict::Refused.exit_code(),
        Err(_) => 1,
    }
}

/// The whole chain of an error, one cause per line; printed once, here. A cause whose text its parent already tells is
/// left out.
pub fn print(error: &anyhow::Error) {
    let mut told = String::new();
    for (depth, cause) in error.chain().enumerate() {
        let text = cause.to_string();
        if told.contains(&text) {
            continue;
        }
        if depth == 0 {
            eprintln!("ringway: {text}");
        } else {
            eprintln!("  because: {text}");
        }
        told.push_str(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_readme() {
        for (result, code) in [
            (Ok(Outcome::Done), 0),
            (Ok(Outcome::FoundProblems), 1),
            (Ok(Outcome::Verdict(ReleaseVerdict::PartialSuccess)), 3),
            (Ok(Outcome::Verdict(ReleaseVerdict::Refused)), 4),
            (Ok(Outcome::Interrupted), 130),
            (Err(UsageError("x".into()).into()), 2),
            (Err(RefusedError("x".into()).into()), 4),
            (Err(anyhow::anyhow!("x")), 1),
            (Err(anyhow::Error::from(UsageError("x".into())).context("y")), 2),
        ] {
            assert_eq!(exit_code(&result), code, "{result:?}");
        }
    }
}
