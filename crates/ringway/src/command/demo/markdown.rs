//! Comments as GitHub renders them, in plain text: what a person sees there, and not what was sent.
//!
//! It knows the Markdown that Ringway writes: headings, tables, lists, fenced blocks, details, and comments in HTML, which
//! nobody sees. As in GitHub's comments, the end of a line is the end of a line.

mod inline;
mod table;

use inline::inline;

/// How far a fenced block stands in.
const FENCED: &str = "    ";

/// How wide the line is that separates parts.
const RULE: usize = 24;

/// The lines of a comment, none wider than `width`.
pub(super) fn rendered(text: &str, width: usize) -> Vec<String> {
    let mut page = Page { lines: Vec::new(), width, indent: String::new() };
    let mut source = text.lines().peekable();
    while let Some(line) = source.next() {
        let line = line.trim_end();
        if line.trim_start().starts_with("<!--") && line.ends_with("-->") {
            continue;
        }
        if let Some(fence) = fence(line) {
            let inside: Vec<&str> = source.by_ref().take_while(|line| line.trim() != fence).collect();
            page.fenced(&inside);
        } else if line.starts_with('|') {
            let mut rows = vec![line];
            while let Some(row) = source.next_if(|next| next.starts_with('|')) {
                rows.push(row);
            }
            page.block(table::table(&rows, page.room()));
        } else {
            page.line(line);
        }
    }
    page.finished()
}

/// The fence that ends a block which begins with this line.
fn fence(line: &str) -> Option<String> {
    let length = line.chars().take_while(|letter| *letter == '`').count();
    (length >= 3).then(|| "`".repeat(length))
}

struct Page {
    lines: Vec<String>,
    width: usize,
    /// What is inside of details stands in.
    indent: String,
}

impl Page {
    fn room(&self) -> usize {
        self.width.saturating_sub(self.indent.chars().count())
    }

    fn line(&mut self, line: &str) {
        if let Some(summary) = line.strip_prefix("<details><summary>") {
            let summary = summary.trim_end_matches("</summary>");
            self.block(vec![format!("▾ {}", inline(summary))]);
            self.indent.push_str("  ");
        } else if line == "</details>" {
            self.indent.truncate(self.indent.len().saturating_sub(2));
        } else if let Some(heading) = line.strip_prefix('#') {
            let heading = inline(heading.trim_start_matches('#').trim());
            let below = "─".repeat(heading.chars().count());
            self.block(vec![heading, below]);
        } else if line == "---" {
            self.block(vec!["─".repeat(RULE)]);
        } else if let Some(item) = line.strip_prefix("- ") {
            self.item(item);
        } else {
            self.block(wrapped(&inline(line), self.room()));
        }
    }

    /// An entry of a list, whose further lines stand below its first word.
    fn item(&mut self, item: &str) {
        let (sign, text) = match item.split_at_checked(4) {
            Some((sign @ ("[x] " | "[ ] "), text)) => (sign, text),
            _ => ("• ", item),
        };
        let hanging = sign.chars().count();
        let lines = wrapped(&inline(text), self.room().saturating_sub(hanging));
        let first = |place: usize| if place == 0 { sign.to_owned() } else { " ".repeat(hanging) };
        self.block(lines.iter().enumerate().map(|(place, line)| first(place) + line).collect());
    }

    /// What stands in a fence is shown as it stands, but no line is wider than the page.
    fn fenced(&mut self, lines: &[&str]) {
        let room = self.room().saturating_sub(FENCED.len());
        let lines = lines.iter().flat_map(|line| wrapped(line, room));
        self.block(lines.map(|line| format!("{FENCED}{line}")).collect());
    }

    fn block(&mut self, lines: Vec<String>) {
        for line in lines {
            self.lines.push(format!("{}{line}", self.indent).trim_end().to_owned());
        }
    }

    /// Without lines at the beginning and the end that have nothing, and never two of them in the middle.
    fn finished(self) -> Vec<String> {
        let mut lines = self.lines;
        lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let empty = lines.iter().take_while(|line| line.is_empty()).count();
        lines.drain(..empty);
        lines
    }
}

/// A text in lines that are no wider than `width`; words that are longer are broken, after a sign where there is one.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        let mut rest = word;
        while rest.chars().count() > width {
            let (head, tail) = rest.split_at(breaking_point(rest, width));
            lines.push(head.to_owned());
            rest = tail;
        }
        line.push_str(rest);
    }
    lines.push(line);
    lines
}

/// Where a word is broken that has no room: after the last sign that has, else where the room ends.
fn breaking_point(word: &str, width: usize) -> usize {
    let end = word.char_indices().nth(width).map_or(word.len(), |(at, _)| at);
    let head = word.get(..end).unwrap_or(word);
    head.rfind([':', '/', '@', '-', ',']).map_or(end, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::{rendered, wrapped};

    #[test]
    fn a_comment_is_shown_as_people_see_it() {
        let comment = "\
ring-x @ 54b6021: internal-level-1 partial success

| cohort | state | done |
|---|---|---|
| `cohort:github:path:internal-level-1` | partial success | 5 of 6 |

### Gates

- [x] **build**: maven.yml for 54b6021 has succeeded (attempt 1).
- [ ] **images** wait for @&#8203;nobody &lt;b&gt; \\*really\\*

<details><summary>What was found about tenant-6</summary>

```text
Pod tenant-6/atlas-1: <b> `ErrImagePull`
```

What to do:

````text
```
look
````

</details>

---
Service `atlas`. Look closer.

<!-- ringway:v1 repository=7 pull_request=12 what=comment -->";
        insta::assert_snapshot!(rendered(comment, 60).join("\n"));
    }

    #[test]
    fn no_line_is_wider_than_there_is_room() {
        let comment =
            format!("{0} {0}\n| a | b |\n|---|---|\n| {0} | {0} |\n```\n{0}\n```\n- {0}", "x".repeat(99));
        for width in [20, 40, 84] {
            let lines = rendered(&comment, width);
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:#?}");
            let text: String = lines.concat();
            assert_eq!(text.matches('x').count(), 6 * 99, "nothing is lost");
        }
    }

    #[test]
    fn long_words_are_broken_after_signs() {
        assert_eq!(wrapped("cohort:github:path:level-1 ok", 14), ["cohort:github:", "path:level-1", "ok"]);
        assert_eq!(wrapped("", 10), [""]);
    }
}
