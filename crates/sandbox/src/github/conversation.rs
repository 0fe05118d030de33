//! A pull request as people read it, in plain text: for the demo, and for tests that fail.

use super::{Github, Impossible, written};
use std::fmt::Write;

impl Github {
    /// The conversation of a pull request: what it is, and then labels, comments and the rest in the order of their times.
    ///
    /// # Errors
    ///
    /// When there is no such pull request.
    pub fn conversation(&self, repository: u64, number: u64) -> Result<String, Impossible> {
        let known = self.known_repository(repository)?;
        let pull = self.known_pull(repository, number)?;
        let login = |id: u64| self.accounts.get(&id).map_or("ghost", |account| account.login.as_str());
        let state = match (pull.open, &pull.merged) {
            (true, _) if pull.draft => "draft",
            (true, _) => "open",
            (false, Some(_)) => "merged",
            (false, None) => "closed",
        };
        let names = pull.labels.iter().filter_map(|id| known.labels.get(id)).map(|label| label.name.as_str());
        let names: Vec<&str> = names.collect();
        let mut text = format!(
            "{} #{number} · {} ({state})\n{} → {}, by {}\n",
            self.full_name(known),
            pull.title,
            pull.head_branch,
            pull.base_branch,
            login(pull.author)
        );
        // Writing to a String cannot fail.
        if !names.is_empty() {
            let _ = writeln!(text, "labels: {}", names.join(", "));
        }
        let mut entries = Vec::new();
        for event in &pull.events {
            let label = event.more["label"]["name"].as_str().unwrap_or_default();
            let line = format!("{} {} {label}", login(event.actor), event.event.replace('_', " "));
            entries.push((event.at, event.id, format!("· {}\n", line.trim_end())));
        }
        for comment in &pull.comments {
            let edited = if comment.edits > 0 { ", edited" } else { "" };
            let author = login(comment.author);
            let head = format!("{author} at {}{edited}", written(comment.created_at));
            entries.push((
                comment.created_at,
                comment.id,
                format!("\n── {head}\n{}\n", comment.body.trim_end()),
            ));
        }
        for review in &pull.reviews {
            let line = format!("· {} reviewed: {}\n", login(review.author), review.state);
            entries.push((review.at, review.id, line));
        }
        entries.sort();
        text.extend(entries.into_iter().map(|(_, _, entry)| entry));
        Ok(text)
    }
}
