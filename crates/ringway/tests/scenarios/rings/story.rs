//! The developer guide of atlas-metastore's release pipeline, from the label to the tenants given back.

use super::{label, serving};
use crate::{
    harness::{Github, Tenant, until},
    observe::{fleet, overrides, sources},
};
use rustix::process::Signal;

/// Whether all pods of some tenants run this image.
fn run(tenants: &[Tenant], image: &str) -> bool {
    tenants.iter().all(|tenant| {
        let images = tenant.images("atlas");
        !images.is_empty() && images.iter().all(|running| running == image)
    })
}

#[test]
fn a_label_before_the_build_releases_to_six_tenants_when_the_build_is_done_and_a_close_takes_it_back() {
    let (tenants, names) = fleet("story", 6);
    let before = sources(&tenants);
    let github = Github::begin();
    github.cohort("internal-level-1", &names.split(',').collect::<Vec<_>>());
    let (ringway, server) = serving(&github, "");

    let pull = github.ring("ring-story");
    pull.start_build();
    pull.label(&label("internal-level-1"));
    pull.says(&["build"]);
    assert_eq!(overrides(&ringway), "", "nothing is released before the build has succeeded");

    pull.push_image();
    pull.finish_build("success");
    pull.says(&["Ring release accepted", "6 of 6"]);
    let first = pull.image();
    assert!(run(&tenants, &first), "what it says is so");

    pull.push("a fix");
    pull.build();
    let second = pull.image();
    assert_ne!(first, second);
    until("every tenant runs the fix", || run(&tenants, &second));

    pull.close();
    until("nothing is overridden any more", || overrides(&ringway).is_empty());
    until("every tenant has what it had before", || sources(&tenants) == before);
    pull.says(&["given back"]);

    let calls = github.calls();
    assert!(calls.content <= 3 * 20, "two releases and a cleanup: {calls:?}");
    assert_eq!(github.with(|github| github.oddities.clone()), Vec::<String>::new());
    let server = server.ended_by(Signal::INT).expect(0);
    assert!(!server.err.contains("\"level\":\"ERROR\""), "{}", server.err);
}
