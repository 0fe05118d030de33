//! The text of one line: emphasis, code, what was escaped.

/// What stands for signs that would mean something. `&amp;` last, so that nothing is decoded twice.
const ENTITIES: [(&str, &str); 5] =
    [("&#8203;", ""), ("&#124;", "|"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];

/// What a person sees of a line of Markdown.
pub(super) fn inline(text: &str) -> String {
    let (mut seen, mut plain, mut is_code) = (String::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '`' => {
                seen.push_str(&decoded(&std::mem::take(&mut plain)));
                is_code = !is_code;
            }
            // Code is shown as it stands.
            _ if is_code => seen.push(letter),
            '\\' => plain.push(letters.next_if(char::is_ascii_punctuation).unwrap_or(letter)),
            '*' if letters.next_if_eq(&'*').is_some() => {}
            _ => plain.push(letter),
        }
    }
    seen.push_str(&decoded(&plain));
    seen
}

fn decoded(text: &str) -> String {
    ENTITIES.into_iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
}

#[cfg(test)]
mod tests {
    use super::inline;

    #[test]
    fn nothing_of_the_markup_is_seen() {
        let text = "**Label**: `cohort:<b>` of @&#8203;max &lt;i&gt; \\*a\\* \\`b\\` x\\y";
        assert_eq!(inline(text), "Label: cohort:<b> of @max <i> *a* `b` x\\y");
        assert_eq!(inline("&amp;lt; a&#124;b `&lt;`"), "&lt; a|b &lt;");
    }
}
