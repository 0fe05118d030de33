//! How names from outside stand in our sentences. Whoever shows a sentence escapes it for the place where it is shown.

/// The most letters of a foreign name that a sentence repeats.
const SHOWN: usize = 80;

/// A name that somebody else chose, in quotes, on one line and not too long.
pub(super) fn shown(name: &str) -> String {
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    }
}

/// A word of GitHub's: as it is if it is one, else as [`shown`].
pub(super) fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
    if !text.is_empty() && text.len() <= SHOWN && text.chars().all(plain) {
        return text.to_owned();
    }
    shown(text)
}

/// The first seven digits of a commit.
pub(super) fn short(commit: &str) -> String {
    word(commit.get(..7).unwrap_or(commit))
}
