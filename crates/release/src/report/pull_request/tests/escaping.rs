//! Nothing from outside works in a pull request.

use super::*;
use crate::report::pull_request::escape::{code, fenced, plain};
use proptest::prelude::*;

/// What somebody reads, and what GitHub looks for mentions and references in: the text after Markdown. Code is left out.
fn rendered(markdown: &str) -> String {
    let mut text = String::new();
    let mut letters = markdown.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next()),
            '`' => {
                letters.by_ref().find(|letter| *letter == '`');
            }
            _ => text.push(letter),
        }
    }
    let entities = [("&#8203;", "\u{200b}"), ("&#124;", "|"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    entities.into_iter().fold(text, |text, (entity, letter)| text.replace(entity, letter))
}

fn mentions_or_refers(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let sign = letters.windows(2).any(|pair| matches!(pair, ['@' | '#', after] if after.is_alphanumeric()));
    let lower = text.to_lowercase();
    sign || ["://", "www."].iter().any(|sign| lower.contains(sign))
        || (0..10).any(|digit| lower.contains(&format!("gh-{digit}")))
}

/// Whether the source has a sign that Markdown would act on: one that is neither escaped nor in code.
fn acts(markdown: &str) -> bool {
    let mut letters = markdown.chars();
    let mut code = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if !code => drop(letters.next()),
            '`' => code = !code,
            '<' | '>' | '|' | '\n' | '\r' => return true,
            '[' | ']' | '*' | '~' | '$' if !code => return true,
            _ => {}
        }
    }
    code
}

fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("@everyone"),
        Just("#12"),
        Just("gh-7"),
        Just("example/atlas#3"),
        Just("<!--"),
        Just("-->"),
        Just("</details>"),
        Just("```"),
        Just("`"),
        Just("|"),
        Just("\\"),
        Just("\n"),
        Just("\r\n"),
        Just("[x](y)"),
        Just("![x](https://example.com)"),
        Just("https://example.com/a,b"),
        Just("https://example.com/`@all`"),
        Just("www.example.com"),
        Just("a@b.example"),
        Just("*"),
        Just("_"),
        Just("~~"),
        Just("$"),
        Just("&lt;"),
        Just("\u{202e}"),
        Just("\u{200b}"),
        Just("\u{0}"),
        Just("\u{1b}[31m"),
        Just("- "),
        Just("1. "),
        Just(" "),
        Just("word"),
        Just("ringway:v1"),
        Just("é漢"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn escaped_text_mentions_nobody_and_is_no_markup(text in nasty()) {
        let escaped = escape(&text);
        prop_assert!(!acts(&escaped), "{escaped}");
        prop_assert!(!mentions_or_refers(&rendered(&escaped)), "{escaped}");
        prop_assert!(!escaped.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{escaped}");
    }

    #[test]
    fn any_text_is_escaped_and_bounded(text in any::<String>(), times in 0_usize..200) {
        let long = text.repeat(times);
        let escaped = escape(&long);
        prop_assert!(!acts(&escaped), "{escaped}");
        prop_assert!(escaped.len() <= 1300, "{}", escaped.len());
    }

    #[test]
    fn plain_text_is_harmless_where_markdown_is_read(text in nasty()) {
        let plain = plain(&text, 120);
        prop_assert!(!acts(&plain) && !plain.contains(['`', '\\', '<']), "{plain}");
        prop_assert!(!mentions_or_refers(&plain), "{plain}");
        prop_assert!(plain.chars().count() <= 120);
    }

    #[test]
    fn code_holds_or_is_escaped(text in nasty()) {
        let code = code(&text);
        prop_assert!(!acts(&code), "{code}");
        prop_assert!(!mentions_or_refers(&rendered(&code)), "{code}");
    }

    #[test]
    fn no_text_ends_its_fence_or_passes_for_a_marker(text in nasty()) {
        let block = fenced(&text, 1500);
        let lines: Vec<&str> = block.lines().collect();
        let fence = lines.last().copied().unwrap_or_default();
        let begin = format!("{fence}text");
        prop_assert!(fence.len() >= 3 && lines.first() == Some(&begin.as_str()), "{block}");
        let inside = lines.get(1..lines.len() - 1).unwrap_or_default();
        prop_assert!(inside.iter().all(|line| !line.contains(fence) && !line.contains("<!--")), "{block}");
    }

    #[test]
    fn a_marker_is_one_line_and_says_one_thing(what in nasty(), other in nasty()) {
        let line = marker(7, 12, &what);
        prop_assert_eq!(line.matches("--").count(), 2, "{}", line);
        prop_assert!(line.len() < 220 && !line.contains('\n'), "{}", line);
        prop_assert_eq!(line == marker(7, 12, &other), what == other);
    }
}

#[test]
fn what_people_need_of_a_text_stays_readable() {
    insta::assert_snapshot!(
        [
            "Pod tenant-a/atlas_main-1 cannot pull: see https://example.com/runs/9; then try again",
            "thanks @octocat, fixes #12 and GH-7, example/atlas#3",
            "| a | *b* | <img src=x> & [c](https://evil.example/\"x\")",
            "- one\n- two\u{202e}\u{0}",
            "1. first",
            "a_b and _c_",
        ]
        .map(|text| format!("{}\n{}\n{}", escape(text), plain(text, 120), code(text)))
        .join("\n\n")
    );
}
