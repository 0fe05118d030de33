//! Text from users and clusters on its way into a pull request. Nothing of it may mention anybody, refer to an issue,
//! become a link, HTML or a row of a table, end a block of ours, or pass for one of our markers.
//!
//! GitHub looks for mentions and references in the text *after* Markdown was read, so a backslash does not stop them: a
//! space of no width behind the sign does.

/// How much of one text is shown, in characters.
const SHOWN: usize = 300;
/// How many bytes a shown character may take on average once it is escaped.
const BYTES: usize = 4;
/// A space that nobody sees, as an entity, so that it can be seen in the source.
const NO_WIDTH: &str = "&#8203;";

/// Text from outside as Markdown of one line, shortened.
pub fn escape(text: &str) -> String {
    escape_to(text, SHOWN)
}

/// The same with so many characters at most.
pub(super) fn escape_to(text: &str, most: usize) -> String {
    let mut escaped = String::new();
    for (place, word) in one_line(text, most).split(' ').enumerate() {
        let space = if place == 0 { "" } else { " " };
        let pieces = match address(word) {
            // Readable and fit to be copied, but no link.
            Some((address, rest)) => format!("`{address}`{}", escaped_word(rest, false)),
            None => escaped_word(word, place == 0),
        };
        if escaped.len() + space.len() + pieces.len() > most * BYTES {
            escaped.push('…');
            break;
        }
        escaped.push_str(space);
        escaped.push_str(&pieces);
    }
    escaped
}

/// The address that a word consists of, and the punctuation behind it.
fn address(word: &str) -> Option<(&str, &str)> {
    let address = word.trim_end_matches([',', ';', '.', ':', '"', '\'', ')', '…']);
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._~:/?=%+".contains(letter);
    (!host.is_empty() && host.chars().all(allowed)).then_some((address, word.get(address.len()..)?))
}

/// `first`: whether it stands where Markdown would take it for the sign of a list.
fn escaped_word(word: &str, first: bool) -> String {
    let letters: Vec<char> = word.chars().collect();
    (0..letters.len()).map(|place| escaped_letter(&letters, place, first)).collect()
}

fn escaped_letter(letters: &[char], place: usize, first: bool) -> String {
    let Some(&letter) = letters.get(place) else { return String::new() };
    let before = letters.get(..place).unwrap_or_default();
    let after = letters.get(place + 1..).unwrap_or_default();
    match letter {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '|' => "&#124;".to_owned(),
        '\\' | '`' | '*' | '[' | ']' | '~' | '$' => format!("\\{letter}"),
        '_' if !inside_a_word(before, after) => "\\_".to_owned(),
        '-' | '+' | '=' if first && before.is_empty() => format!("\\{letter}"),
        '.' | ')' if first && !before.is_empty() && before.iter().all(char::is_ascii_digit) => {
            format!("\\{letter}")
        }
        // Before the dot: what follows `www.` is a link whatever it is.
        '.' if is_sign(letter, before, after) => format!("{NO_WIDTH}."),
        _ if is_sign(letter, before, after) => format!("{letter}{NO_WIDTH}"),
        _ => letter.to_string(),
    }
}

/// Whether GitHub would make a mention, a reference or a link of the text around this letter.
fn is_sign(letter: char, before: &[char], after: &[char]) -> bool {
    match letter {
        '@' | '#' => true,
        ':' => after.starts_with(&['/', '/']),
        '.' => ends_with(before, "www"),
        '-' => ends_with(before, "gh") && after.first().is_some_and(char::is_ascii_digit),
        _ => false,
    }
}

fn ends_with(letters: &[char], word: &str) -> bool {
    let last = letters.len().checked_sub(word.len()).and_then(|start| letters.get(start..));
    last.is_some_and(|last| last.iter().collect::<String>().eq_ignore_ascii_case(word))
}

fn inside_a_word(before: &[char], after: &[char]) -> bool {
    let is_word = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_alphanumeric());
    is_word(before.last()) && is_word(after.first())
}

/// Text from outside for where no Markdown is read, and which is still none where it is: what Markdown or GitHub would
/// read as a sign is shown in its full-width form.
pub(super) fn plain(text: &str, most: usize) -> String {
    let letters: Vec<char> = one_line(text, most).chars().collect();
    letters
        .iter()
        .enumerate()
        .map(|(place, &letter)| {
            let before = letters.get(..place).unwrap_or_default();
            let after = letters.get(place + 1..).unwrap_or_default();
            let means_something = match letter {
                '<' | '>' | '&' | '|' | '\\' | '`' | '*' | '[' | ']' | '~' | '$' => true,
                '_' => !inside_a_word(before, after),
                '-' | '+' | '=' => before.is_empty() || is_sign(letter, before, after),
                _ => is_sign(letter, before, after),
            };
            if means_something { full_width(letter) } else { letter }
        })
        .collect()
}

fn full_width(letter: char) -> char {
    const DISTANCE: u32 = 0xFEE0;
    if letter.is_ascii_graphic() {
        char::from_u32(u32::from(letter) + DISTANCE).unwrap_or(letter)
    } else {
        letter
    }
}

/// A name, a label or a command as code; escaped like any other text if code could not hold it.
pub(super) fn code(text: &str) -> String {
    const LONGEST: usize = 120;
    let holds = |letter: char| (letter.is_ascii_graphic() && !"`|<>&\\".contains(letter)) || letter == ' ';
    let fits = text.len() <= LONGEST && !text.trim().is_empty() && text.chars().all(holds);
    if fits { format!("`{}`", text.trim()) } else { escape_to(text, LONGEST) }
}

/// Lines from outside as a block of their own, as they stand, so many characters of them at most.
pub(super) fn fenced(text: &str, most: usize) -> String {
    let mut body = String::new();
    for line in shortened(text.trim(), most).lines() {
        let seen =
            line.replace('\t', "    ").chars().filter(|letter| !is_unseen(*letter)).collect::<String>();
        // Nothing is read in here, but who looks for one of our markers looks at the raw text.
        body.push_str(seen.trim_end().replace("<!--", "<! --").as_str());
        body.push('\n');
    }
    let longest_run = body.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest_run.max(2) + 1);
    format!("{fence}text\n{body}{fence}\n")
}

/// At most so many characters, the last of them dots if something is missing.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// One line without what cannot be seen, shortened.
fn one_line(text: &str, most: usize) -> String {
    // A text may be of any length, and most of it is not shown.
    let begin = text.chars().take(most.saturating_mul(BYTES));
    let seen: String = begin
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .filter(|letter| !is_unseen(*letter))
        .collect();
    shortened(&seen.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// Whether a character is not seen itself, or changes how others are seen.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}
