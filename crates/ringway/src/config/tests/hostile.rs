//! Files that somebody broke, by accident or on purpose: always an answer, never a panic, never a long wait.

use super::{EXAMPLE, environment, parse};
use crate::config::{Config, document::MAXIMUM_BYTES};
use proptest::prelude::*;
use std::path::Path;

#[test]
fn aliases_do_not_multiply() {
    let mut bomb = String::from("a0: &a0 [lol, lol]\n");
    for level in 1..30 {
        let previous = level - 1;
        bomb.push_str(&format!(
            "a{level}: &a{level} [*a{previous}, *a{previous}, *a{previous}, *a{previous}]\n"
        ));
    }
    let errors = parse(&bomb).unwrap_err();
    assert!(errors.to_string().contains("aliases (*name) are not supported"), "{errors}");
    assert!(errors.errors().len() < 200);
}

#[test]
fn depth_has_an_end() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000)] {
        let errors = parse(&text).unwrap_err();
        assert_eq!(errors.errors().len(), 1, "{errors}");
    }
    let mut blocks = String::new();
    for depth in 0..500 {
        blocks.push_str(&format!("{}a:\n", " ".repeat(depth)));
    }
    let errors = parse(&blocks).unwrap_err().to_string();
    assert!(errors.contains("recursion limit"), "{errors}");
}

#[test]
fn very_many_wrong_names_are_answered_in_short() {
    let names: String = (0..120_000).map(|index| format!("{index}:\n")).collect();
    let errors = parse(&names).unwrap_err();
    assert_eq!(errors.errors().len(), 100);
    let said = errors.to_string();
    assert!(said.ends_with("120002 errors in /etc/ringway/ringway.yaml; these are the first 100"), "{said}");
}

#[test]
fn size_has_an_end() {
    let text = format!("# {}", "x".repeat(MAXIMUM_BYTES));
    let errors = parse(&text).unwrap_err().to_string();
    assert!(errors.contains("is larger than 1048576 bytes"), "{errors}");
    let endless = Config::load(Path::new("/dev/zero")).unwrap_err().to_string();
    assert!(endless.contains("is larger than 1048576 bytes"), "{endless}");
}

#[test]
fn what_is_not_utf8_is_found_at_its_place() {
    let bytes = b"argocd:\n  n\xc3\xa4me: \xff";
    let errors = Config::parse(Path::new("r.yaml"), bytes, &environment()).unwrap_err().to_string();
    assert!(errors.starts_with("r.yaml:2:9: is not UTF-8 text\n"), "{errors}");
}

#[test]
fn names_stay_on_their_line_and_long_ones_are_cut() {
    let text = format!("\"a\\nb\\e[31m\": 1\n? {}\n: 2\n", "k".repeat(900));
    let errors = parse(&text).unwrap_err().to_string();
    assert!(!errors.contains('\u{1b}'), "{errors:?}");
    assert!(errors.lines().all(|line| line.len() < 400), "{errors}");
}

/// What happens to a text: a piece of it is removed, doubled, or replaced.
fn break_text(bytes: &mut Vec<u8>, at: prop::sample::Index, length: usize, with: &[u8], double: bool) {
    let start = at.index(bytes.len() + 1);
    let end = (start + length).min(bytes.len());
    let piece: Vec<u8> = if double { bytes[start..end].repeat(2) } else { with.to_vec() };
    bytes.splice(start..end, piece);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_broken_example_is_answered(
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..40, prop::sample::select(PIECES), any::<bool>()),
            1..6,
        ),
    ) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for (at, length, with, double) in changes {
            break_text(&mut bytes, at, length, with.as_bytes(), double);
        }
        if let Err(errors) = Config::parse(Path::new("ringway.yaml"), &bytes, &environment()) {
            prop_assert!(!errors.errors().is_empty());
            let lines = bytes.split(|byte| *byte == b'\n').count();
            for error in errors.errors() {
                prop_assert!(error.at.is_none_or(|at| at.line <= lines + 1), "{:?} of {} lines", error, lines);
                prop_assert!(!error.message.contains('\n'), "{:?}", error);
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in "[ -~\n\t]{0,200}|\\PC{0,100}") {
        prop_assert!(parse(&text).is_err());
    }
}

const PIECES: &[&str] = &[
    "",
    ":",
    "- ",
    "\n",
    "  ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    "*a",
    "&a ",
    "!!int ",
    "'",
    "\"",
    "|",
    ">",
    "? ",
    "#",
    "%",
    "---\n",
    "...\n",
    "null",
    "~",
    "\u{feff}",
    "\u{0}",
    "\u{85}",
    "😀",
    "{tenant}",
    "99999999999999999999",
    "<<: ",
];
