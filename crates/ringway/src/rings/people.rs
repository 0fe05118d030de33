//! Who set the labels of a pull request, and what they may do. A label is a request; whether it counts depends on them.

use super::Rings;
use crate::github::{GithubError, LabelEvent};
use jiff::Timestamp;
use release::decide::{
    facts::{Known, Person},
    rules::{Authority, RingRules},
};
use std::collections::{BTreeMap, BTreeSet};

/// Who last set a label, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LastSet {
    pub(super) at: Timestamp,
    pub(super) by: Option<String>,
}

/// When each label was last set, from the events of a pull request, the oldest first.
pub(super) fn last_set(events: &[LabelEvent]) -> BTreeMap<&str, LastSet> {
    let set = events.iter().filter(|event| event.set);
    set.map(|event| {
        (event.label.as_str(), LastSet { at: event.at, by: event.by.as_ref().map(|by| by.login.clone()) })
    })
    .collect()
}

/// Looks people up for one look at a pull request, each once.
pub(super) struct People<'a> {
    rings: &'a Rings,
    repository: &'a str,
    teams: BTreeSet<&'a str>,
    known: BTreeMap<String, Person>,
}

impl<'a> People<'a> {
    /// People who set labels in a repository with these rules.
    pub(super) fn new(rings: &'a Rings, repository: &'a str, rules: &'a RingRules) -> Self {
        let team = |needs: &'a Authority| match needs {
            Authority::Team(team) => Some(team.as_str()),
            Authority::Permission(_) => None,
        };
        let teams = rules.authority.iter().filter_map(|rule| team(&rule.needs)).collect();
        Self { rings, repository, teams, known: BTreeMap::new() }
    }

    /// What is known about somebody.
    pub(super) async fn person(&mut self, login: &str) -> Person {
        if let Some(known) = self.known.get(login) {
            return known.clone();
        }
        let github = self.rings.github();
        let permission = known(github.permission(self.repository, login).await);
        let mut teams = BTreeMap::new();
        for team in &self.teams {
            teams.insert((*team).to_owned(), known(github.is_team_member(team, login).await));
        }
        let person = Person { login: login.to_owned(), permission, teams };
        self.known.insert(login.to_owned(), person.clone());
        person
    }
}

fn known<T>(result: Result<T, GithubError>) -> Known<T> {
    match result {
        Ok(value) => Known::Yes(value),
        Err(error) => Known::NotYet(error.to_string()),
    }
}
