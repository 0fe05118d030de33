//! Who may set which label. A label is a request; whether it counts depends on who made it.

use super::{
    facts::{Known, LabelFacts, Permission, Person},
    label::CohortLabel,
    pattern,
    rules::{Authority, RingRules},
    text::{shown, word},
};

/// What is known about whether somebody may do something.
pub(super) enum May {
    /// They may.
    Yes,
    /// They may not: who, what they have, what is needed, and what to do.
    No(String),
    /// It could not be found out: why.
    NotYet(String),
}

/// Whether whoever set the label may.
pub(super) fn may(rules: &RingRules, facts: &LabelFacts, label: &CohortLabel) -> May {
    let person = match &facts.set_by {
        Known::Yes(person) => person,
        Known::NotYet(why) => return May::NotYet(format!("who set it is not known yet: {why}")),
    };
    match needed(rules, label) {
        Authority::Permission(least) => has(person, least, access(least)),
        Authority::Team(team) => is_in(person, &team),
    }
}

/// What the label asks for: never less than write access, whatever is configured.
fn needed(rules: &RingRules, label: &CohortLabel) -> Authority {
    let cohort = format!("{}:{}:{}", label.source, label.key, label.value);
    let rule = rules.authority.iter().find(|rule| pattern::matches(&rule.cohorts, &cohort));
    match rule.map(|rule| &rule.needs) {
        Some(Authority::Team(team)) => Authority::Team(team.clone()),
        Some(Authority::Permission(permission)) => {
            Authority::Permission((*permission).max(Permission::Write))
        }
        None => Authority::Permission(Permission::Write),
    }
}

/// Whether they have this permission or more. `needs` says what is needed in all.
fn has(person: &Person, least: Permission, needs: &str) -> May {
    match &person.permission {
        Known::Yes(permission) if *permission >= least => May::Yes,
        Known::Yes(permission) => May::No(refusal(person, &format!("has {}", access(*permission)), needs)),
        Known::NotYet(why) => {
            May::NotYet(format!("what {} may do here is not known yet: {why}", word(&person.login)))
        }
    }
}

/// Whether they are in the team and have write access as well.
fn is_in(person: &Person, team: &str) -> May {
    let needs = format!("write access and membership of the team {}", shown(team));
    let not_yet = |why: &str| {
        let login = word(&person.login);
        May::NotYet(format!("whether {login} is in the team {} is not known yet: {why}", shown(team)))
    };
    match (has(person, Permission::Write, &needs), person.teams.get(team)) {
        (no @ May::No(_), _) => no,
        (_, Some(Known::Yes(false))) => {
            May::No(refusal(person, &format!("is not in the team {}", shown(team)), &needs))
        }
        (_, Some(Known::NotYet(why))) => not_yet(why),
        (_, None) => not_yet("nobody has asked GitHub"),
        (permission, Some(Known::Yes(true))) => permission,
    }
}

fn refusal(person: &Person, what: &str, needs: &str) -> String {
    format!(
        "it was set by {}, who {what}; it needs {needs}: let somebody who has that remove it and set it again",
        word(&person.login)
    )
}

fn access(permission: Permission) -> &'static str {
    match permission {
        Permission::None => "no access",
        Permission::Read => "read access",
        Permission::Triage => "triage access",
        Permission::Write => "write access",
        Permission::Maintain => "maintain access",
        Permission::Admin => "admin access",
    }
}
