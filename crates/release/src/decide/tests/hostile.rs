//! Names that somebody chose to hurt.

use super::*;
use crate::decide::Standing;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};

fn hostile() -> impl Strategy<Value = String> {
    let markdown = "](javascript:alert(1)) | `x` @everyone #1 <!-- --> <img src=x onerror=alert(1)>";
    prop_oneof![
        any::<String>(),
        any::<String>().prop_map(|text| format!("cohort:{text}")),
        any::<[String; 3]>().prop_map(|parts| format!("cohort:{}", parts.join(":"))),
        any::<String>().prop_map(|text| format!("ring-{text}")),
        Just(String::new()),
        Just(markdown.to_owned()),
        Just("cohort:github:path:$(reboot); rm -rf /".to_owned()),
        Just("cohort:github:path:../../etc/passwd\0".to_owned()),
        Just("\u{202e}ring-\u{7}\r\n".repeat(10)),
        Just("é".repeat(10_000)),
        Just(format!("cohort:{}", "a:".repeat(5_000))),
    ]
}

/// One line that a person can read.
fn readable(text: &str) -> bool {
    !text.chars().any(char::is_control) && text.len() < 3000
}

proptest! {
    #[test]
    fn names_of_any_kind_upset_nothing(
        names in proptest::collection::vec(hostile(), 0..4), branch in hostile(), base in hostile(),
        commit in hostile(), pattern in hostile(), login in hostile(), workflow in hostile()
    ) {
        let mut observation = labelled();
        observation.labels.extend(names.iter().map(|name| label(name, &["gamma"])));
        for facts in &mut observation.labels {
            facts.set_by = Known::Yes(Person { login: login.clone(), ..person(Permission::Read) });
        }
        observation.rules.build = Some(BuildRule { workflow, job: Some(branch.clone()) });
        observation.pull_request.head_branch = branch.clone();
        observation.pull_request.head_commit = commit;
        let decision = decide(&observation);
        for index in 0..decision.cohorts.len() {
            let why = why(&decision, index);
            prop_assert!(readable(&why), "{why}");
        }
        for gate in &decision.gates {
            prop_assert!(readable(&gate.found), "{gate:?}");
        }
        observation.pull_request.base_branch = base;
        observation.rules.branches = pattern;
        if let Standing::NotARing(why) = decide(&observation).standing {
            prop_assert!(readable(&why), "{why}");
        }
    }

    #[test]
    fn only_a_label_of_four_clean_parts_releases_anything(name in hostile()) {
        let mut observation = ring();
        observation.labels = vec![label(&name, &["alpha"])];
        let released = !decide(&observation).actions.is_empty();
        prop_assert!(released == CohortLabel::parse(&name).is_ok());
    }
}
