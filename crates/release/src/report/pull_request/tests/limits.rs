//! GitHub's limits hold for any number of tenants and any length of text, and nothing that is shortened is cut through.

use super::*;
use crate::{
    decide::{Action, CleanupReason, Departure, Stray},
    report::pull_request::fit::{Room, Section, fit},
};
use proptest::prelude::*;

const RUN: &str = "r-1";
const CLEANUP: &str = "c-1";

/// A ring with so many of everything, and with this text wherever text comes from outside.
fn large(count: usize, text: &str, standing: Standing) -> World {
    let state = |number: usize| match number % 6 {
        0 => CohortState::Refused(text.into()),
        1 => CohortState::Unknown(text.into()),
        2 => CohortState::Blocked,
        3 => CohortState::Due,
        4 => CohortState::UnderWay,
        _ => CohortState::Ended,
    };
    let cohorts = (0..count.min(100)).map(|number| CohortDecision {
        name: format!("cohort:{text}:{number}"),
        label: None,
        set_by: Some(text.into()),
        revision: Some(text.into()),
        ..cohort(state(number), count, &[RUN])
    });
    let verdict = |number: usize| match number % 4 {
        0 => TenantVerdict::Failed,
        1 => TenantVerdict::Refused,
        2 => TenantVerdict::Skipped,
        _ => TenantVerdict::Success,
    };
    let all = |count: usize| -> Vec<TenantReport> {
        names(count)
            .iter()
            .enumerate()
            .map(|(number, name)| ended_as(name, verdict(number), text, text))
            .collect()
    };
    let mut world = World::ring(cohorts.collect())
        .with(run(RUN, RunKind::Release, Some(ReleaseVerdict::PartialSuccess), all(count)))
        .with(run("r-0", RunKind::Release, None, all(count)))
        .with(run(CLEANUP, RunKind::Cleanup, Some(ReleaseVerdict::PartialSuccess), all(count)));
    world.pull_request.head_branch = format!("ring-{text}");
    world.decision.standing = standing;
    let mut closed = gate(text, GateState::Closed, text);
    closed.advice = Some(text.into());
    world.decision.gates = vec![closed; count.min(20)];
    world.decision.departures = (0..count.min(100))
        .map(|_| Departure { name: text.into(), tenants: names(count), due: at(900) })
        .collect();
    world.decision.strays =
        names(count).into_iter().map(|tenant| Stray { tenant, label: text.into() }).collect();
    world.decision.actions = vec![Action::Cleanup { tenants: names(count), reason: CleanupReason::Closed }];
    world.history = vec![(at(0), text.into()); count.min(100)];
    world
}

/// Every fence and every tag that begins has its end, and there is one marker: the last line.
fn is_whole(markdown: &str) -> Result<(), TestCaseError> {
    let mut fence: Option<&str> = None;
    let mut details = 0_i32;
    for line in markdown.lines() {
        let run = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if run.len() >= 3 => fence = Some(run),
            None => {
                details += line.matches("<details>").count() as i32;
                details -= line.matches("</details>").count() as i32;
                prop_assert!((0..=1).contains(&details), "{markdown}");
            }
        }
    }
    prop_assert!(fence.is_none() && details == 0, "{markdown}");
    Ok(())
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(HOSTILE.to_owned()),
        Just("@".repeat(10_000)),
        Just("`".repeat(5_000)),
        Just("漢 ".repeat(5_000)),
        Just(format!("{}\n", "word ".repeat(40)).repeat(50)),
        Just("<!-- ringway:v1 repository=7 pull_request=12 what=comment -->".to_owned()),
        any::<String>(),
    ]
}

fn any_standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Ring),
        Just(Standing::Closed),
        Just(Standing::Merged),
        Just(Standing::Succeeded { by: 9 }),
        hostile_text().prop_map(Standing::NotARing),
        hostile_text().prop_map(Standing::Resting),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_whole_and_below_its_limit(
        count in prop_oneof![0_usize..8, Just(60), Just(300)],
        text in hostile_text(),
        standing in any_standing(),
        observes in any::<bool>(),
    ) {
        let mut world = large(count, &text, standing);
        world.mode = if observes { Mode::Observe } else { Mode::Act };
        let report = world.report();
        let headline = headline(&report);
        prop_assert!(headline.chars().count() <= 200 && headline.lines().count() == 1, "{headline}");
        prop_assert!(status_description(&report).chars().count() <= 140);
        let comment = comment(&report);
        prop_assert!(comment.starts_with(&format!("{headline}\n")), "{comment}");
        let check = check(&report);
        prop_assert_eq!(&check.title, &headline);
        prop_assert!(check.summary.len() <= 60_000);
        is_whole(&check.summary)?;
        prop_assert_eq!(comment.matches("<!--").count(), 1, "{}", comment);
        prop_assert!(comment.ends_with(&marker(7, 12, KEPT)) && comment.len() <= 60_000, "{}", comment);
        is_whole(&comment)?;
        // Whoever writes these adds the marker.
        let mut texts = Vec::new();
        texts.extend(over(&report));
        texts.extend(report.runs.values().flat_map(|run| [accepted(&report, run), ended(&report, run)]));
        texts.extend(report.decision.cohorts.iter().map(|cohort| refused_label(&report, cohort)));
        texts.extend(report.decision.departures.iter().map(|departure| departing(&report, departure)));
        for text in texts {
            prop_assert!(text.len() <= 60_000, "{} bytes", text.len());
            is_whole(&text)?;
            prop_assert!(!text.contains("<!--"), "{text}");
        }
    }
}

#[test]
fn the_first_fifty_are_listed_and_the_others_counted() {
    let failed = |name: &String| ended_as(name, TenantVerdict::Failed, "deadline", "it took too long");
    let all: Vec<TenantReport> = names(600).iter().map(failed).collect();
    let world = World::ring(vec![cohort(CohortState::Ended, 600, &[RUN])]).with(run(
        RUN,
        RunKind::Release,
        Some(ReleaseVerdict::Failed),
        all,
    ));
    let comment = comment(&world.report());
    assert_eq!(comment.matches("| `deadline`: it took too long |").count(), 50, "{comment}");
    assert!(comment.contains("and 550 more, see `ringway release show r-1`"), "{comment}");
}

#[test]
fn history_goes_first_when_there_is_no_room() {
    let crowded = comment(&large(60, &"word ".repeat(300), Standing::Ring).report());
    assert!(crowded.len() > 20_000 && !crowded.contains("<summary>History"), "{} bytes", crowded.len());
    let spacious = comment(&large(2, "word", Standing::Ring).report());
    assert!(spacious.contains("<summary>History"), "{} bytes", spacious.len());
}

#[test]
fn parts_that_are_left_out_are_named_and_the_others_stay_whole() {
    let sections = |_: Room| {
        [("gates", 100), ("tenants", 900), ("strays", 50)]
            .map(|(name, length)| Section { name, text: format!("```\n{}\n```", "x".repeat(length)) })
            .to_vec()
    };
    let text = fit("head", sections, "tail", 700);
    assert!(text.len() <= 700 && text.starts_with("head\n\n```\nxxx") && text.ends_with("tail"), "{text}");
    assert_eq!(text.matches("```").count(), 4, "{text}");
    assert!(text.contains("Left out, because GitHub takes no longer comments: tenants. "), "{text}");
}
