//! Names in which `*` stands for any characters.

/// Whether the whole of `text` is what `pattern` says.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut literals = pattern.split('*');
    let Some(rest) = literals.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = literals.next_back() else { return rest.is_empty() };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    for literal in literals {
        let Some((_, after)) = rest.split_once(literal) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("ring-*", "ring-a", true),
            ("ring-*", "ring-a/b:c\nd", true),
            ("ring-*", "ring-", true),
            ("ring-*", "ring", false),
            ("ring-*", "a-ring-b", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("github:path:*", "github:path:internal-level-1", true),
            ("ring-é*", "ring-ééé", true),
            ("ring.*", "ring-a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern:?} and {text:?}");
        }
    }
}
