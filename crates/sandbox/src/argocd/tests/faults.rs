//! A controller that stands still, restarts, or is slow.

use super::*;

#[test]
fn a_controller_that_stands_still_does_nothing_until_it_goes_on() {
    let mut fleet = Fleet::with(application("a", "minimal"));
    fault::stall(&mut fleet.model);
    fleet.set(&[parameter("image.tag", "1.1.0")]);
    fleet.states.clear();
    fleet.pass(600);
    assert_eq!(fleet.states.len(), 1, "nobody writes it");
    fault::go_on(&mut fleet.model);
    fleet.pass(10);
    assert!(fleet.image("atlas").ends_with(":1.1.0"));
    assert_eq!(sync_of(fleet.get("a")), "Synced");
}

#[test]
fn an_operation_goes_on_wherever_the_controller_restarts() {
    for steps in 0..40 {
        let mut fleet = Fleet::with(application("a", "minimal"));
        fleet.set(&[parameter("image.tag", "1.1.0")]);
        for _ in 0..steps {
            let next = fleet.model.next_event().unwrap();
            fleet.pass_until(next);
        }
        fault::restart(&mut fleet.model, Duration::from_secs(30));
        fleet.pass(10);
        // What was compared before an operation that ended meanwhile is compared again when it is time.
        fleet.pass(300);
        assert!(fleet.image("atlas").ends_with(":1.1.0"), "after {steps} steps");
        assert_eq!(fleet.phase(), "Succeeded", "after {steps} steps");
        assert_eq!(sync_of(fleet.get("a")), "Synced", "after {steps} steps");
    }
}

#[test]
fn a_slow_controller_takes_its_time() {
    let mut fleet = Fleet::with(application("a", "minimal"));
    fault::slow_down(&mut fleet.model, 100);
    fleet.set(&[parameter("image.tag", "1.1.0")]);
    fleet.pass(3);
    assert_ne!(fleet.get("a")["status"]["sync"]["comparedTo"]["source"], fleet.get("a")["spec"]["source"]);
    fleet.pass(120);
    assert!(fleet.image("atlas").ends_with(":1.1.0"));
}

#[test]
fn a_change_that_is_overlooked_is_seen_with_the_next_event_or_when_it_is_time() {
    let is_seen = |fleet: &Fleet| {
        let application = fleet.get("a");
        application["status"]["sync"]["comparedTo"]["source"] == application["spec"]["source"]
    };
    let mut fleet = Fleet::with(application("a", "minimal"));
    fault::overlook(&mut fleet.model, key("a"));
    fleet.set(&[parameter("image.tag", "1.1.0")]);
    fleet.pass(60);
    assert!(!is_seen(&fleet), "nobody told the controller");
    fleet.pass(200);
    assert!(is_seen(&fleet) && fleet.image("atlas").ends_with(":1.1.0"), "it compares now and then anyway");

    let mut fleet = Fleet::with(application("a", "minimal"));
    fault::overlook(&mut fleet.model, key("a"));
    fleet.set(&[parameter("image.tag", "2.0.0")]);
    fleet.pass(20);
    assert!(!is_seen(&fleet));
    fleet.change("a", |application| {
        application["metadata"]["annotations"]["argocd.argoproj.io/refresh"] = json!("normal");
    });
    fleet.pass(5);
    assert!(is_seen(&fleet) && fleet.image("atlas").ends_with(":2.0.0"));
    assert_eq!(fleet.get("a")["metadata"]["annotations"].get("argocd.argoproj.io/refresh"), None);
}
