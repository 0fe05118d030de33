//! What labels mean and who may set them.

use super::*;
use crate::decide::rules::{Authority, AuthorityRule};
use insta::assert_snapshot;

fn decide_label(change: impl FnOnce(&mut Observation, &mut LabelFacts)) -> Decision {
    let mut observation = labelled();
    let mut only = observation.labels.remove(0);
    change(&mut observation, &mut only);
    observation.labels.push(only);
    let decision = decide(&observation);
    let may = matches!(decision.cohorts[0].state, CohortState::Due);
    assert_eq!(decision.actions.is_empty(), !may);
    decision
}

fn answer(change: impl FnOnce(&mut Observation, &mut LabelFacts)) -> String {
    let decision = decide_label(change);
    format!("{}: {}", state(&decision, 0), why(&decision, 0))
}

#[test]
fn a_wrong_label_is_answered() {
    let wrong = |name: &str| {
        answer(|_, it| {
            *it = LabelFacts { cohort: Known::NotYet("wrong".into()), ..label(name, &[]) };
        })
    };
    assert_snapshot!(wrong("cohort:github:level-1"), @"refused: it has 3 parts instead of four; write cohort:<source>:<key>:<value>, such as cohort:github:path:internal-level-1");
    assert_snapshot!(wrong("cohort:github:path:"), @"refused: its value is empty; write cohort:<source>:<key>:<value>, such as cohort:github:path:internal-level-1");
    assert_snapshot!(wrong("Cohort:github:path:level-1"), @r#"refused: its first part is not "cohort" as it is written; write cohort:<source>:<key>:<value>, such as cohort:github:path:internal-level-1"#);
    assert_snapshot!(wrong("cohort:github:path:$(reboot)"), @"refused: its value has '$', and only letters, digits, -, _, . and / are allowed; write cohort:<source>:<key>:<value>, such as cohort:github:path:internal-level-1");
}

#[test]
fn a_label_of_somebody_without_write_access_is_refused() {
    for (permission, expected) in [
        (Permission::None, "refused"),
        (Permission::Read, "refused"),
        (Permission::Triage, "refused"),
        (Permission::Write, "due"),
        (Permission::Maintain, "due"),
        (Permission::Admin, "due"),
    ] {
        let decision = decide_label(|_, it| it.set_by = Known::Yes(person(permission)));
        assert_eq!(state(&decision, 0), expected, "{permission:?}");
        assert_eq!(decision.cohorts[0].set_by.as_deref(), Some("octocat"));
    }
    assert_snapshot!(answer(|_, it| it.set_by = Known::Yes(person(Permission::Triage))), @"refused: it was set by octocat, who has triage access; it needs write access: let somebody who has that remove it and set it again");
}

#[test]
fn who_set_a_label_and_what_they_may_do_must_be_known() {
    assert_snapshot!(answer(|_, it| it.set_by = Known::NotYet("GitHub answered 502".into())), @"unknown: who set it is not known yet: GitHub answered 502");
    assert_snapshot!(answer(|_, it| {
        let unknown = Known::NotYet("GitHub answered 502".into());
        it.set_by = Known::Yes(Person { permission: unknown, ..person(Permission::None) });
    }), @"unknown: what octocat may do here is not known yet: GitHub answered 502");
    let decision = decide_label(|_, it| it.set_by = Known::NotYet("GitHub answered 502".into()));
    assert_eq!(decision.look_again, Some(minute(NOW + 1)));
}

fn rule(cohorts: &str, needs: Authority) -> AuthorityRule {
    AuthorityRule { cohorts: cohorts.into(), needs }
}

#[test]
fn the_first_rule_that_matches_says_what_is_needed() {
    use Permission::{Admin, Maintain, Read, Write};
    let permission = Authority::Permission;
    for (rules, has, expected) in [
        (vec![rule("github:path:*", permission(Maintain))], Write, "refused"),
        (vec![rule("github:path:*", permission(Maintain))], Maintain, "due"),
        (vec![rule("file:*", permission(Admin))], Write, "due"),
        (vec![rule("*", permission(Maintain)), rule("*", permission(Admin))], Maintain, "due"),
        (vec![rule("*", permission(Admin)), rule("*", permission(Write))], Maintain, "refused"),
        // Never less than write access.
        (vec![rule("*", permission(Read))], Read, "refused"),
        (vec![rule("*", permission(Permission::None))], Write, "due"),
    ] {
        let decision = decide_label(|observation, it| {
            observation.rules.authority = rules.clone();
            it.set_by = Known::Yes(person(has));
        });
        assert_eq!(state(&decision, 0), expected, "{rules:?} {has:?}");
    }
}

#[test]
fn a_team_needs_membership_and_write_access() {
    let answer = |permission: Known<Permission>, member: Option<Known<bool>>| {
        answer(|observation, it| {
            observation.rules.authority = vec![rule("*:level-1", Authority::Team("acme/releasers".into()))];
            let teams = member.map(|member| ("acme/releasers".to_owned(), member)).into_iter().collect();
            it.set_by = Known::Yes(Person { permission, teams, ..person(Permission::None) });
        })
    };
    let write = || Known::Yes(Permission::Write);
    let not_yet = || Known::NotYet("GitHub answered 502".into());
    assert_snapshot!(answer(write(), Some(Known::Yes(true))), @"due: Due");
    assert_snapshot!(answer(write(), Some(Known::Yes(false))), @r#"refused: it was set by octocat, who is not in the team "acme/releasers"; it needs write access and membership of the team "acme/releasers": let somebody who has that remove it and set it again"#);
    assert_snapshot!(answer(Known::Yes(Permission::Read), Some(Known::Yes(true))), @r#"refused: it was set by octocat, who has read access; it needs write access and membership of the team "acme/releasers": let somebody who has that remove it and set it again"#);
    assert_snapshot!(answer(write(), Some(Known::NotYet("GitHub answered 502".into()))), @r#"unknown: whether octocat is in the team "acme/releasers" is not known yet: GitHub answered 502"#);
    assert_snapshot!(answer(write(), None), @r#"unknown: whether octocat is in the team "acme/releasers" is not known yet: nobody has asked GitHub"#);
    assert_snapshot!(answer(not_yet(), Some(Known::Yes(true))), @"unknown: what octocat may do here is not known yet: GitHub answered 502");
    assert_snapshot!(answer(not_yet(), Some(Known::Yes(false))), @r#"refused: it was set by octocat, who is not in the team "acme/releasers"; it needs write access and membership of the team "acme/releasers": let somebody who has that remove it and set it again"#);
}

#[test]
fn a_cohort_that_is_wrong_is_answered() {
    let wrong = "cohorts/level-1.json is not there; create it".to_owned();
    assert_snapshot!(answer(|_, it| it.cohort = Known::Yes(CohortFacts::Wrong(wrong))), @"refused: cohorts/level-1.json is not there; create it");
}

#[test]
fn a_cohort_that_is_too_large_is_refused_with_both_numbers() {
    assert_snapshot!(answer(|observation, _| observation.rules.cohort_limit = 1), @"refused: the cohort has 2 tenants, and at most 1 are allowed; use a smaller cohort, or raise `cohortLimit` of the service");
    let decision = decide_label(|observation, _| observation.rules.cohort_limit = 2);
    assert_eq!(state(&decision, 0), "due");
}

#[test]
fn a_cohort_that_could_not_be_read_waits() {
    let decision = decide_label(|_, it| it.cohort = Known::NotYet("GitHub answered 502".into()));
    assert_eq!((state(&decision, 0), why(&decision, 0).as_str()), ("unknown", "GitHub answered 502"));
    assert_eq!(decision.look_again, Some(minute(NOW + 1)));
}

#[test]
fn a_tenant_in_two_cohorts_is_released_once_for_the_first_that_may_have_it() {
    let mut observation = labelled();
    observation.labels.push(label(LEVEL_2, &["beta", "gamma"]));
    let decision = decide(&observation);
    assert_eq!(
        say(&decision),
        ["release alpha beta for cohort:github:path:level-1", "release gamma for cohort:github:path:level-2"]
    );
    assert_eq!(decision.cohorts[1].tenants, ["gamma"]);
    for set_by in [Known::NotYet("not read".into()), Known::Yes(person(Permission::Read))] {
        observation.labels[0].set_by = set_by;
        assert_eq!(say(&decide(&observation)), ["release beta gamma for cohort:github:path:level-2"]);
    }
}

#[test]
fn a_release_says_what_was_read() {
    let decision = decide(&labelled());
    let Action::Release { label, commit, images, tenants, revision } = &decision.actions[0] else { panic!() };
    assert_eq!((label.as_str(), commit.as_str()), (LEVEL_1, HEAD));
    assert_eq!(images["atlas"].to_string(), "ghcr.io/acme/atlas:e65a995abcd");
    assert_eq!((tenants.join(" "), revision.as_deref()), ("alpha beta".to_owned(), Some("c0ffee")));
}
