//! How the story is told: lines of a width that fits everywhere, and pauses for whoever reads along on a terminal.

use super::markdown::rendered;
use crate::clock::{Clock, SystemClock};
use jiff::Timestamp;
use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

/// How wide a line of the story is.
const WIDTH: usize = 88;

/// What stands beside a comment.
const BORDER: &str = "  │ ";

/// How long reading one word takes.
const WORD: Duration = Duration::from_millis(120);

/// No pause is longer than this: long texts are there to be read again.
const LONGEST: Duration = Duration::from_secs(4);

/// All pauses together are not longer than this, so that the whole demo stays below a minute.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the story goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listener {
    /// Standard output: the story is what was asked for.
    Output,
    /// Standard error: standard output is for the document alone.
    Error,
}

/// Tells the story.
pub(super) struct Narrator {
    listener: Listener,
    /// What is left of all pauses. Nothing in a pipe.
    patience: Duration,
    /// When the command began that is told about.
    began: Timestamp,
    /// Details that nobody had time to read yet.
    unread: String,
}

impl Narrator {
    /// One that pauses only if a person reads along.
    pub(super) fn new(listener: Listener) -> Self {
        let is_read = listener == Listener::Output && std::io::stdout().is_terminal();
        Self {
            listener,
            patience: if is_read { PATIENCE } else { Duration::ZERO },
            began: SystemClock.now(),
            unread: String::new(),
        }
    }

    /// Whether a person reads along.
    pub(super) fn is_paced(&self) -> bool {
        self.patience > Duration::ZERO
    }

    /// The heading of a step.
    pub(super) fn heading(&self, text: &str) {
        self.print(&format!("\n{text}\n"));
    }

    /// What happens and why, with time to read it.
    pub(super) async fn paragraph(&mut self, text: &str) {
        self.print(&wrapped(text, "", ""));
        self.pause(text).await;
    }

    /// What somebody does. What is told next is timed from here.
    pub(super) async fn deed(&mut self, text: &str) {
        self.print(&wrapped(text, "  » ", "    "));
        self.pause(text).await;
        self.began = SystemClock.now();
    }

    /// A comment as GitHub renders it.
    pub(super) async fn comment(&mut self, author: &str, place: &str, text: &str) {
        let bordered = rendered(text, WIDTH - BORDER.len()).into_iter().map(|line| format!("{BORDER}{line}"));
        let lines: Vec<String> = bordered.map(|line| line.trim_end().to_owned()).collect();
        self.print(&format!("\n  ┌ {author} in {place}\n{}\n  └\n", lines.join("\n")));
        self.pause(text).await;
    }

    /// A command that somebody else gives meanwhile.
    pub(super) fn aside(&self, words: &[String]) {
        self.print(&command(words));
    }

    /// Something that was just seen, with the time since the command.
    pub(super) fn event(&self, text: &str) {
        let time = format!("{:5.1} s  ", SystemClock.now().duration_since(self.began).as_secs_f64());
        self.print(&wrapped(text, &time, "         "));
    }

    /// More about the event before it. What happens goes on meanwhile, so there is time to read it only later.
    pub(super) fn detail(&mut self, text: &str) {
        self.print(&wrapped(text, "         ", "           "));
        self.unread.push_str(text);
    }

    /// Gives time to read the details.
    pub(super) async fn rest(&mut self) {
        let unread = std::mem::take(&mut self.unread);
        self.pause(&unread).await;
    }

    /// Text that is laid out already.
    pub(super) fn block(&self, text: &str) {
        self.print(text);
    }

    /// Gives time to read a text.
    async fn pause(&mut self, text: &str) {
        let words = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
        let pause = WORD.saturating_mul(words).min(LONGEST).min(self.patience);
        self.patience -= pause;
        if pause > Duration::ZERO {
            tokio::time::sleep(pause).await;
        }
    }

    /// A reader that went away is no error: the demo goes on, and its exit code is still worth something.
    fn print(&self, text: &str) {
        let line = text.trim_end();
        let printed = match self.listener {
            Listener::Output => writeln!(std::io::stdout(), "{line}"),
            Listener::Error => writeln!(std::io::stderr(), "{line}"),
        };
        if printed.is_err() {
            tracing::debug!("nobody listens to the story");
        }
    }
}

/// Breaks a text into lines. Words that are longer than a line are left whole: they are names to copy.
pub(super) fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let mut lines = Vec::new();
    for (index, paragraph) in text.lines().enumerate() {
        let mut line = if index == 0 { first.to_owned() } else { rest.to_owned() };
        let mut is_empty = true;
        for word in paragraph.split_whitespace() {
            if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::replace(&mut line, rest.to_owned()));
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// A command with an option and its value together, broken as a shell takes it.
fn command(words: &[String]) -> String {
    let mut lines = Vec::new();
    let mut line = "  $".to_owned();
    let mut words = words.iter().map(|word| quoted(word)).peekable();
    while let Some(mut word) = words.next() {
        if word.starts_with("--")
            && let Some(value) = words.next_if(|next| !next.starts_with("--"))
        {
            word = format!("{word} {value}");
        }
        if line.len() + 1 + word.len() > WIDTH - 2 && line.trim() != "$" {
            line.push_str(" \\");
            lines.push(std::mem::replace(&mut line, "     ".to_owned()));
        }
        line.push(' ');
        line.push_str(&word);
    }
    lines.push(line);
    lines.join("\n")
}

/// As a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:,=@{}".contains(character);
    if word.chars().all(plain) && !word.is_empty() { word.to_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::{WIDTH, command, wrapped};

    #[test]
    fn lines_are_broken_between_words_and_long_words_stay_whole() {
        let text = format!("{} {}", "word ".repeat(30), "x".repeat(120));
        let page = wrapped(&text, "  1.0 s  ", "         ");
        let lines: Vec<&str> = page.lines().collect();
        assert!(lines[0].starts_with("  1.0 s  word word"), "{page}");
        assert!(lines.iter().filter(|line| line.len() > WIDTH).count() == 1, "{page}");
        assert!(lines.last().unwrap().ends_with(&"x".repeat(120)), "{page}");
        assert_eq!(wrapped("a\nb", "- ", "  "), "- a\n  b");
        assert_eq!(wrapped("", "", ""), "");
    }

    #[test]
    fn commands_are_broken_so_that_a_shell_takes_them() {
        let words = [
            "ringway",
            "release",
            "start",
            "--ring",
            "ring-search",
            "--service",
            "atlas-metastore",
            "--cohort",
            "early.json",
            "--image",
            "registry.example.com/atlas-metastore-ring-search:e65a995abcd",
        ]
        .map(str::to_owned);
        assert_eq!(
            command(&words),
            "  $ ringway release start --ring ring-search --service atlas-metastore \\\n      \
             --cohort early.json \\\n      \
             --image registry.example.com/atlas-metastore-ring-search:e65a995abcd"
        );
        assert_eq!(command(&["x", "[{\"a b\"}]"].map(str::to_owned)), "  $ x '[{\"a b\"}]'");
    }
}
